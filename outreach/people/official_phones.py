"""A coordinator's care for officials' phones: which there are, and taking one back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlmodel import col, select

from outreach.errors import NotFound
from outreach.people.devices import revoke
from outreach.people.officials import own_official
from outreach.people.tables import Device, Official

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from outreach.people.access import Person


def phones_of(db: Session, official: Official) -> list[Device]:
    """List the phones of an official, those that may speak first, then the newest."""
    query = (
        select(Device)
        .where(Device.account_id == official.account_id)
        .order_by(col(Device.revoked_at).is_not(None), col(Device.id).desc())
    )
    return list(db.exec(query))


def lose_phone(db: Session, device_id: int, *, by: Person, now: datetime) -> Official:
    """Take a phone back: from its next request on it opens nothing; tell whose it was.

    Raises
    ------
    NotFound
        If it is missing, or its official lies outside the person's area.
    """
    query = (
        select(Official.id)
        .join(Device, col(Device.account_id) == col(Official.account_id))
        .where(Device.id == device_id)
    )
    official_id = db.exec(query).first()
    if official_id is None:
        raise NotFound(kind="Device", id=device_id)
    official = own_official(db, official_id, by)
    revoke(db, device_id, now, by=by.account_id)
    return official
