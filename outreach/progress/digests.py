"""The weekly digest as a person asks for it: their address, its confirmation, one now, its end.

An address counts only once a link, or the code in it, that was sent there has come back from the
account that gave it: nobody has figures sent to somebody else's mailbox.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy import delete, or_, select
from sqlmodel import col

from outreach.db import insert_into
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.access import NATION, Person, covers
from outreach.people.edits import change, locked
from outreach.people.emails import Email
from outreach.people.regions import RegionCode, refuse_unknown
from outreach.people.signs import code_of, derived_key, is_same, number_in
from outreach.people.tables import Account, Role
from outreach.progress.tables import Digest

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.villages.tables import Zone

READERS = (Role.COORDINATOR, Role.MANAGER)
#: The hour at which it goes out, by the clock of the place the person works in.
SENT_AT = time(6)
#: So long the link to an address may be opened.
LINK_LIVES = timedelta(days=3)
#: So long nothing more is sent by a button.
PAUSE = timedelta(minutes=10)
#: An address that nobody has confirmed by then is forgotten.
FORGOTTEN_AFTER = timedelta(days=30)
_SIGNATURE_BYTES = 10


class DigestIn(BaseModel):
    """A digest as it is asked for; without an area it tells of all that the person sees."""

    email: Annotated[Email, StringConstraints(min_length=1)]
    weekday: int = Field(default=1, ge=1, le=7)
    area: RegionCode | None = None


def may_read(person: Person, area: str) -> bool:
    """Whether a person is still told of an area: by role, and by what they see."""
    sees = covers(person.areas, area) if area else bool(person.areas)
    return person.role in READERS and sees


def digest_of(db: Session, person: Person) -> Digest | None:
    """Read the person's own digest; none if they have not asked for one."""
    return db.get(Digest, person.account_id)


def keep_digest(db: Session, given: DigestIn, version: int, *, by: Person, now: datetime) -> None:
    """Ask for a digest, or change the one that was read as *version*; zero is none.

    Another address has to be confirmed first: a link is sent to it.

    Raises
    ------
    NotAllowed
        If the person is neither coordinator nor manager.
    Invalid
        If the area is unknown or outside the person's own.
    Conflict
        If it was changed since.
    """
    told = _checked(db, given, by)
    if _add(db, told, by, now):
        return
    row = _own(db, by)
    old_email, old_weekday = row.email, row.weekday
    change(row, told, version)
    if row.email != old_email:
        row.asked_at, row.confirmed_at = now, None
        _start_anew(row, now)
    elif row.confirmed_at is not None and row.weekday != old_weekday:
        row.next_try_at = next_sending(row.weekday, by.zone, now)


def _checked(db: Session, given: DigestIn, by: Person) -> dict[str, object]:
    if by.role not in READERS:
        raise NotAllowed(role=by.role)
    area = given.area or NATION
    refuse_unknown(db, area=[area] if area else [])
    if not may_read(by, area):
        # A foreign region looks like one that does not exist.
        raise Invalid(problems={"area": ["unknown_region"]})
    return {"email": given.email, "weekday": given.weekday, "area": area}


def _add(db: Session, told: dict[str, object], by: Person, now: datetime) -> bool:
    """Add the person's digest unless there is one; say whether it was added."""
    row = {"account_id": by.account_id, "asked_at": now, "next_try_at": now}
    row |= {"attempts": 0, "error": "", "version": 1}
    statement = insert_into(db, Digest).values(**row, **told).on_conflict_do_nothing()
    return db.execute(statement.returning(col(Digest.account_id))).first() is not None


def _own(db: Session, by: Person) -> Digest:
    return locked(db, Digest, by.account_id)


def _start_anew(row: Digest, now: datetime) -> None:
    """Let the next letter go out at once; whoever is sending one settles nothing any more."""
    row.next_try_at, row.lease_until = now, None
    row.attempts, row.error = 0, ""


def send_link_again(db: Session, *, by: Person, now: datetime) -> None:
    """Send the link to the address once more; the one sent before ends.

    Raises
    ------
    NotFound
        If the person has no digest.
    Conflict
        If the address is confirmed, or the last link was asked for just now.
    """
    row = _own(db, by)
    if row.confirmed_at is not None:
        raise Conflict(problem="digest_confirmed")
    _require_pause(row.asked_at, now)
    row.asked_at = now
    _start_anew(row, now)


def send_now(db: Session, *, by: Person, now: datetime) -> None:
    """Send one digest now, beside the weekly ones.

    Raises
    ------
    NotFound
        If the person has no digest.
    Conflict
        If the address is not confirmed, or one was sent or asked for just now.
    """
    row = _own(db, by)
    if row.confirmed_at is None:
        raise Conflict(problem="digest_unconfirmed")
    if row.next_try_at is not None and row.next_try_at <= now:
        raise Conflict(problem="digest_under_way")
    _require_pause(row.sent_at, now)
    row.asked_at = now
    if row.attempts:  # it is being tried again anyway: sooner then
        row.next_try_at = now
    else:
        _start_anew(row, now)


def _require_pause(last: datetime | None, now: datetime) -> None:
    if last is not None and now - last < PAUSE:
        raise Conflict(problem="digest_too_soon", minutes=int(PAUSE.total_seconds() // 60))


def end_digest(db: Session, *, by: Person) -> None:
    """End the person's digest; the address is forgotten with it. Once more changes nothing."""
    db.execute(delete(Digest).where(col(Digest.account_id) == by.account_id))


def forget_digests(db: Session, now: datetime) -> None:
    """Forget the addresses that nobody confirmed, and of accounts that are closed or do other work.

    They could not end it themselves.
    """
    gone = col(Account.is_active).is_(False) | col(Account.role).not_in(READERS)
    accounts = select(col(Account.id)).where(gone)
    unconfirmed = col(Digest.confirmed_at).is_(None) & (
        col(Digest.asked_at) < now - FORGOTTEN_AFTER
    )
    statement = delete(Digest).where(or_(unconfirmed, col(Digest.account_id).in_(accounts)))
    db.execute(statement.execution_options(synchronize_session=False))


def key_of(secret: str) -> bytes:
    """Derive the key that signs the links to addresses, and nothing else."""
    return derived_key(secret, b"outreach: addresses of digests")


def code_of_address(account_id: int, email: str, asked_at: datetime, key: bytes) -> str:
    """Write the code that comes back from an address; it is never stored."""
    told = f"{account_id}.{asked_at.timestamp():.6f}.{email}"
    return code_of(account_id, told, key, _SIGNATURE_BYTES)


def ending_code(account_id: int, email: str, key: bytes) -> str:
    """Write the code with which whoever reads the letters at an address ends them."""
    return code_of(account_id, f"end.{account_id}.{email}", key, _SIGNATURE_BYTES)


def end_by_code(db: Session, code: str, key: bytes) -> None:
    """End the digest whose letters hold the code; a code of no digest changes nothing."""
    row = db.get(Digest, number_in(code, _SIGNATURE_BYTES), with_for_update=True)
    if row is not None and is_same(ending_code(row.account_id, row.email, key), code):
        db.delete(row)
        db.flush()


def require_own_code(code: str, by: Person) -> None:
    """Let through only what looks like a code of the person's own account.

    Raises
    ------
    NotFound
        If it names another account, or none.
    """
    if number_in(code, _SIGNATURE_BYTES) != by.account_id:
        raise NotFound(kind="Digest")


def confirm_address(db: Session, code: str, key: bytes, *, by: Person, now: datetime) -> None:
    """Confirm the address with the code that was sent to it; once more changes nothing.

    Raises
    ------
    NotFound
        If the code is another account's, or none.
    Conflict
        If it is over, or of an address that was given up since.
    """
    require_own_code(code, by)
    row = db.get(Digest, by.account_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise Conflict(problem="digest_link_over")
    ours = code_of_address(by.account_id, row.email, row.asked_at, key)
    if not is_same(ours, code) or now - row.asked_at > LINK_LIVES:
        raise Conflict(problem="digest_link_over")
    if row.confirmed_at is None:
        row.confirmed_at = now
        _start_anew(row, now)
        row.next_try_at = next_sending(row.weekday, by.zone, now)


def next_sending(weekday: int, zone: Zone, after: datetime) -> datetime:
    """Find the next moment to send at, later than *after*; a letter sent now stands for it."""
    earliest = after + PAUSE
    day = zone.day(earliest)
    day += timedelta(days=(weekday - day.isoweekday()) % 7)
    moment = _moment(day, zone)
    return moment if moment > earliest else _moment(day + timedelta(days=7), zone)


def latest_day(weekday: int, zone: Zone, now: datetime) -> date:
    """Find the latest day, today included, that a digest fell due on."""
    day = zone.day(now)
    day -= timedelta(days=(day.isoweekday() - weekday) % 7)
    return day if _moment(day, zone) <= now else day - timedelta(days=7)


def next_morning(zone: Zone, now: datetime) -> datetime:
    """Find the moment at which the next day of work begins."""
    day = zone.day(now)
    moment = _moment(day, zone)
    return moment if moment > now else _moment(day + timedelta(days=1), zone)


def _moment(day: date, zone: Zone) -> datetime:
    return zone.moment(day, SENT_AT).astimezone(UTC)
