"""Which page of ours opens for an official: a message must not lead to a locked door."""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, select
from sqlmodel import col

from outreach.db import ROWS_PER_STATEMENT
from outreach.people.passwords import NO_PASSWORD
from outreach.people.tables import Account, Device, DeviceKind, Official, Role

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlmodel import Session

#: Where officials report below the address of the web: with a phone of their own, or logged in.
PHONE_PATH, PLAIN_PATH = "/phone/", "/my"


def report_paths(db: Session, official_ids: Collection[int | None]) -> dict[int, str]:
    """Tell where officials report and correct, by number; for whom nothing opens is left out.

    The page of the phone opens for who has enrolled one that still speaks, the plain pages for
    who has a password.
    """
    found: dict[int, str] = {}
    numbers = sorted(one for one in set(official_ids) if one is not None)
    for part in batched(numbers, ROWS_PER_STATEMENT):
        for official_id, has_phone, password in db.execute(_query(part)):
            if has_phone:
                found[official_id] = PHONE_PATH
            elif password != NO_PASSWORD:
                found[official_id] = PLAIN_PATH
    return found


def _query(official_ids: Collection[int]) -> Any:
    has_phone = exists().where(
        col(Device.account_id) == col(Account.id),
        col(Device.kind) == DeviceKind.PAGE,
        col(Device.revoked_at).is_(None),
    )
    return (
        select(col(Official.id), has_phone, col(Account.password_hash))
        .join(Account, col(Account.id) == col(Official.account_id))
        .where(col(Official.id).in_(official_ids))
        .where(col(Account.is_active), col(Account.role) == Role.OFFICIAL)
    )
