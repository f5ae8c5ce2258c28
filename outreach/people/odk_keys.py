"""Keys by which ODK Collect or KoboCollect speaks for an official: given, known, replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import update
from sqlmodel import col

from outreach.people.access import Person, person_of
from outreach.people.devices import device_of_token, digest_of, new_token
from outreach.people.edits import locked
from outreach.people.enrolment import account_for_phones, refuse_unfit
from outreach.people.officials import own_official
from outreach.people.tables import Device, DeviceKind, Official

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlmodel import Session


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a key speaks for, and as which device; out of office it opens nothing."""

    person: Person
    device_id: int
    last_seen_at: datetime | None
    out_of_office: bool


def give_key(db: Session, official_id: int, *, by: Person, now: datetime, today: date) -> str:
    """Make a key for an official of the area, and end the one they had: each has one at most.

    It is told this once and kept nowhere; who needs it again gets a new one.

    Raises
    ------
    NotFound
        If the official is missing, or outside the person's area.
    Conflict
        If they are not in office, or log in with an account that no phone may open.
    """
    own_official(db, official_id, by)
    official = locked(db, Official, official_id)
    refuse_unfit(db, [official], today)
    account_id = account_for_phones(db, official, now)
    _end_former(db, account_id, by, now)
    key = new_token()
    db.add(
        Device(
            account_id=account_id,
            kind=DeviceKind.ODK,
            token_hash=digest_of(key),
            enrolled_at=now,
        )
    )
    db.flush()
    return key


def _end_former(db: Session, account_id: int, by: Person, now: datetime) -> None:
    statement = update(Device).where(
        col(Device.account_id) == account_id,
        col(Device.kind) == DeviceKind.ODK,
        col(Device.revoked_at).is_(None),
    )
    db.execute(statement.values(revoked_at=now, revoked_by=by.account_id))


def holder_of_key(db: Session, key: str, now: datetime) -> Holder | None:
    """Tell whom a key speaks for; None for a wrong one, and for one that has been taken back."""
    known = device_of_token(db, key, now)
    if known is None or known.revoked or known.device.kind is not DeviceKind.ODK:
        return None
    person = person_of(db, known.device.account_id)
    if person is None:
        return None
    return Holder(person, known.device.id or 0, known.device.last_seen_at, known.out_of_office)
