"""The phones that speak for officials: whose a token is, when it last spoke, taking it back.

A phone holds a random token and we hold only its digest, so a stolen database opens nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, update
from sqlmodel import col, select

from outreach.people.tables import Account, Device, Enrolment, Official, Role
from outreach.people.terms import serves

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

#: A phone that speaks often is noted this often at most: whoever looks needs no seconds.
NOTED_EVERY = timedelta(minutes=1)
#: More unsent reports, and a clock further off (31 years), than any phone has: what is told beyond
#: is cut, so that the difference of two such clocks is still a whole number of the databases.
_MOST_UNSENT = 100_000
_MOST_SKEW = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Known:
    """A phone whose token we gave; one that may not speak any more is `revoked`.

    One whose official is not in office may not speak either, until the office tells otherwise:
    what it has not sent yet may then be sent without a new code.
    """

    device: Device
    account: Account
    revoked: bool
    out_of_office: bool

    @property
    def speaks(self) -> bool:
        """Whether it may read and send."""
        return not (self.revoked or self.out_of_office)


def new_token() -> str:
    """Make a token of 256 random bits."""
    return secrets.token_urlsafe(32)


def digest_of(token: str) -> str:
    """Write what is kept of a token; with so many random bits a plain digest is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def device_of_token(db: Session, token: str, now: datetime) -> Known | None:
    """Tell which phone a token is, and whether it may still speak; None if it is none of ours.

    Only an official can have a phone: an account of another role, or a closed one, is not opened
    by a token, whatever stands in the table.
    """
    query = (
        select(Device, Account, Official)
        .join(Account, col(Account.id) == Device.account_id)
        .join(Official, col(Official.account_id) == Device.account_id, isouter=True)
        .where(Device.token_hash == digest_of(token))
    )
    found = db.exec(query).first()
    if found is None:
        return None
    device, account, official = found
    may_speak = account.is_active and account.role is Role.OFFICIAL
    revoked = device.revoked_at is not None or not may_speak
    return Known(device, account, revoked, official is not None and not serves(official, now))


def is_due(last_seen_at: datetime | None, now: datetime) -> bool:
    """Tell whether it is time to note again that a phone spoke."""
    return last_seen_at is None or now - last_seen_at >= NOTED_EVERY


def touch(
    db: Session,
    device_id: int,
    now: datetime,
    *,
    unsent: int | None = None,
    skew_seconds: int | None = None,
    behind_pin: bool | None = None,
) -> None:
    """Note that a phone spoke, what it still holds, how far its clock is ahead, if it has a PIN.

    Writes once a minute at most, unless what it holds has changed or its clock was set: what is
    not told stays as it was.
    """
    told = _told(unsent, skew_seconds)
    if behind_pin is not None:
        told["behind_pin"] = behind_pin
    seen = col(Device.last_seen_at)
    new = [_is_new(name, value) for name, value in told.items()]
    statement = (
        update(Device)
        .where(
            col(Device.id) == device_id,
            or_(seen.is_(None), seen <= now - NOTED_EVERY, *new),
        )
        .values(last_seen_at=now, **told)
        .execution_options(synchronize_session=False)
    )
    db.execute(statement)


def _is_new(name: str, value: int) -> ColumnElement[bool]:
    column = col(getattr(Device, name))
    if name == "skew_seconds":  # the way to us takes a second or ten more each time
        return or_(column.is_(None), func.abs(column - value) >= NOTED_EVERY.seconds)
    return column.is_distinct_from(value)


def _told(unsent: int | None, skew_seconds: int | None) -> dict[str, int]:
    told = {}
    if unsent is not None:
        told["unsent"] = min(max(unsent, 0), _MOST_UNSENT)
    if skew_seconds is not None:
        told["skew_seconds"] = min(max(skew_seconds, -_MOST_SKEW), _MOST_SKEW)
    return told


def log_out_device(db: Session, device_id: int, account_id: int, now: datetime) -> None:
    """Take back the phone on which its own official logs out."""
    _revoke(db, now, account_id, col(Device.id) == device_id, col(Device.account_id) == account_id)


def revoke(db: Session, device_id: int, now: datetime, *, by: int | None) -> bool:
    """Take a phone back; tell whether it still spoke."""
    return _revoke(db, now, by, col(Device.id) == device_id) == 1


def cut_off(
    db: Session,
    now: datetime,
    *,
    account_id: int | None = None,
    official_id: int | None = None,
    by: int | None,
) -> None:
    """Take back all phones of an account or an official, and the codes that would bring new ones.

    Give one of the two: the other is found by the official's account.
    """
    whose = Official.account_id == account_id if account_id else Official.id == official_id
    accounts = select(Official.account_id).where(whose)
    mine = (
        col(Device.account_id) == account_id if account_id else col(Device.account_id).in_(accounts)
    )
    _revoke(db, now, by, mine)
    officials = select(Official.id).where(whose)
    statement = update(Enrolment).where(
        col(Enrolment.official_id).in_(officials),
        col(Enrolment.used_at).is_(None),
        col(Enrolment.withdrawn_at).is_(None),
    )
    db.execute(statement.values(withdrawn_at=now))


def _revoke(db: Session, now: datetime, by: int | None, *which: Any) -> int:
    db.flush()
    statement = update(Device).where(col(Device.revoked_at).is_(None), *which)
    done: Any = db.execute(statement.values(revoked_at=now, revoked_by=by))
    return int(done.rowcount)
