"""Addresses of calendars: signed, without a login, and gone as soon as a new one is made."""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from typing import TYPE_CHECKING

from sqlmodel import Session, select

from outreach.db import insert_into
from outreach.errors import NotFound
from outreach.papers.tables import CalendarAddress, CalendarOwner
from outreach.people.access import require
from outreach.people.teams import own_team
from outreach.villages.tables import Village

if TYPE_CHECKING:
    from datetime import datetime

    from outreach.people.access import Person

#: Fifteen bytes: 120 bits in 24 signs. Nobody types it, and it stays for years.
_SIGNATURE_BYTES = 15
_TOKEN = re.compile(
    r"(?:t(?P<team>[1-9]\d{0,8})|v(?P<village>\d\d(?:\.\d\d){2}\.\d{4}))-[a-z2-7]{24}"
)


def key_of(secret: str) -> bytes:
    """Derive the key of the addresses, so that what signs cookies signs nothing else."""
    return hmac.digest(secret.encode(), b"outreach: addresses of calendars", "sha256")


def host_of(key: bytes) -> str:
    """Name this installation in its entries, the same wherever it is reached."""
    return f"{_signs(hmac.digest(key, b'host', 'sha256')[:10])}.outreach"


def token_of(db: Session, owner: CalendarOwner, of: str, key: bytes) -> str:
    """Write the token of a team's (by id) or a village's (by code) calendar as it holds now."""
    found = db.exec(
        select(CalendarAddress.number).where(
            CalendarAddress.owner == owner, CalendarAddress.key == of
        )
    ).first()
    message = f"{owner.value}:{of}:{found or 0}".encode()
    signature = hmac.digest(key, message, "sha256")[:_SIGNATURE_BYTES]
    return f"{owner.value[0]}{of}-{_signs(signature)}"


def find(db: Session, token: str, key: bytes) -> tuple[CalendarOwner, str]:
    """Tell whose calendar a token opens.

    Raises
    ------
    NotFound
        If it is none of ours, or a newer one took its place: both look the same.
    """
    read = _TOKEN.fullmatch(token)
    if read is None:
        raise NotFound(kind="Calendar")
    owner = CalendarOwner.TEAM if read["team"] else CalendarOwner.VILLAGE
    of = read["team"] or read["village"]
    if not hmac.compare_digest(token_of(db, owner, of, key), token):
        raise NotFound(kind="Calendar")
    return owner, of


def require_owner(db: Session, owner: CalendarOwner, of: str, by: Person) -> None:
    """Let only those see and renew an address who look after the team or the village.

    Raises
    ------
    NotFound
        If it is missing or outside the person's area.
    """
    if owner is CalendarOwner.TEAM:
        own_team(db, int(of), by)
        return
    require(by, of)
    if db.get(Village, of) is None:
        raise NotFound(kind="Village", code=of)


def renew(db: Session, owner: CalendarOwner, of: str, *, by: Person, now: datetime) -> None:
    """End the address of a calendar: whoever holds it sees nothing any more.

    Raises
    ------
    NotFound
        If the team or village is missing or outside the person's area.
    """
    require_owner(db, owner, of, by)
    told = {"number": 1, "renewed_at": now, "renewed_by": by.account_id}
    db.execute(
        insert_into(db, CalendarAddress)
        .values(owner=owner, key=of, **told)
        .on_conflict_do_update(
            index_elements=["owner", "key"],
            set_=told | {"number": CalendarAddress.number + 1},
        )
    )


def _signs(raw: bytes) -> str:
    return b32encode(raw).decode().rstrip("=").lower()
