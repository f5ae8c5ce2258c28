"""Which digests are due, who sends each, and what became of it: once a week, whoever else looks.

Taken as messages are: every try counts up, and whoever comes late settles nothing. Whatever could
not go out at once, because workers or the mail server were away, goes out once, by day; where the
next weekly one is less than a day away, that one stands for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import or_, select
from sqlmodel import col

from outreach.messages.outbox import (
    MOST_DUE,
    MOST_LOST,
    QUIET_FROM,
    QUIET_UNTIL,
    RESEND_AFTER,
    wait_after,
)
from outreach.people.access import Person, person_of
from outreach.progress.digests import latest_day, may_read, next_morning, next_sending
from outreach.progress.tables import Digest
from outreach.villages.tables import Zone

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlmodel import Session

#: After so many tries, which go on for more than a day, it is given up until the next week.
MOST_TRIES = 20
#: Longer than a worker may take for one, so that who has not come back by then has died.
LEASE = timedelta(minutes=3)
#: Whoever asked for a letter longer ago does not wait for it at night.
JUST_ASKED = timedelta(hours=1)
#: Closer than this, the next digest stands for one that was missed.
TOO_CLOSE = timedelta(days=1)
#: A link that waited longer is dated anew, so that it opens for as long as it says.
RENEW_LINK_AFTER = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class TakenDigest:
    """The right to settle one try, and what is to be sent to whom.

    `key` stays the same however often one letter is tried. Until the address is confirmed a link
    to it is all that is sent.
    """

    person: Person
    email: str
    area: str
    weekday: int
    asked_at: datetime
    is_confirmed: bool
    key: str
    attempts: int
    lease_until: datetime


def due_digests(db: Session, now: datetime, most: int = MOST_DUE) -> list[int]:
    """List the accounts whose letter's time has come; others list them a minute later at most."""
    lease = col(Digest.lease_until)
    query = (
        select(Digest)
        .where(col(Digest.next_try_at) <= now, or_(lease.is_(None), lease <= now))
        .order_by(col(Digest.next_try_at), col(Digest.account_id))
        .limit(most)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return [row.account_id for row in db.scalars(query).all() if _is_for_now(db, row, now)]


def _is_for_now(db: Session, row: Digest, now: datetime) -> bool:
    """Put off what cannot go out now, and say whether this one can."""
    zone = _zone(person_of(db, row.account_id))
    if _is_lost(row):
        _give_up(row, "worker_lost", zone, now)
        return False
    if _is_put_off(row, zone, now):
        return False
    row.next_try_at = now + RESEND_AFTER
    return True


def _is_lost(row: Digest) -> bool:
    """Whether the workers that took it died of it: a failure gives the lease back."""
    return row.lease_until is not None and row.attempts >= MOST_LOST


def _is_put_off(row: Digest, zone: Zone, now: datetime) -> bool:
    """Put off what came to nothing for long: to the morning, or to the next weekly one."""
    if now - row.asked_at <= JUST_ASKED:
        return False
    following = next_sending(row.weekday, zone, now)
    if row.confirmed_at is not None and following - now < TOO_CLOSE:
        _settle(row, zone, now)
        return True
    if QUIET_UNTIL <= zone.clock(now).time() < QUIET_FROM:
        return False
    row.next_try_at = next_morning(zone, now)
    return True


def take_digest(db: Session, account_id: int, now: datetime) -> TakenDigest | None:
    """Take one letter to send it; none if it is settled, being sent, or may not be sent."""
    row = db.get(Digest, account_id, with_for_update=True, populate_existing=True)
    if row is None or not _is_free(row, now):
        return None
    person = person_of(db, account_id)
    if person is None or not may_read(person, row.area):
        _give_up(row, "account_closed" if person is None else "area_lost", _zone(person), now)
        return None
    if _is_put_off(row, person.zone, now):
        return None
    if row.confirmed_at is None and now - row.asked_at > RENEW_LINK_AFTER:
        row.asked_at = now
    row.attempts += 1
    row.lease_until = lease = now + LEASE
    return TakenDigest(
        person,
        row.email,
        row.area,
        row.weekday,
        row.asked_at,
        row.confirmed_at is not None,
        _key(row, person, now),
        row.attempts,
        lease,
    )


def _is_free(row: Digest, now: datetime) -> bool:
    is_due = row.next_try_at is not None and row.next_try_at <= now + RESEND_AFTER
    is_held = row.lease_until is not None and row.lease_until > now
    return is_due and not is_held and not _is_lost(row)


def _key(row: Digest, person: Person, now: datetime) -> str:
    """Name the letter: by its day and by the one sent before, which a try again leaves alone."""
    if row.confirmed_at is None:
        return f"digest-address-{row.account_id}-{int(row.asked_at.timestamp())}"
    day = latest_day(row.weekday, person.zone, now)
    before = int((row.sent_at or row.confirmed_at).timestamp())
    return f"digest-{row.account_id}-{day:%Y%m%d}-{before}"


def digest_sent(db: Session, taken: TakenDigest, now: datetime) -> None:
    """Note that a letter has gone out."""
    row = _held(db, taken)
    if row is None:
        return
    row.error = ""
    if taken.is_confirmed:
        row.sent_at = now
    _settle(row, taken.person.zone, now)


def digest_failed(
    db: Session, taken: TakenDigest, code: str, now: datetime, *, is_final: bool, spread: float
) -> None:
    """Note that a try has failed: until the next one, or for this week.

    `spread`, from 0 to 1, draws the tries apart that failed at the same moment.
    """
    row = _held(db, taken)
    if row is None:
        return
    if is_final or row.attempts >= MOST_TRIES:
        _give_up(row, code, taken.person.zone, now)
        return
    row.error, row.lease_until = code, None
    row.next_try_at = now + wait_after(row.attempts, spread)


def _held(db: Session, taken: TakenDigest) -> Digest | None:
    """Read the row if the try is still ours: nobody took it over, and nothing was asked anew."""
    account_id = taken.person.account_id
    row = db.get(Digest, account_id, with_for_update=True, populate_existing=True)
    is_ours = row is not None and (row.attempts, row.lease_until) == (
        taken.attempts,
        taken.lease_until,
    )
    return row if is_ours else None


def _give_up(row: Digest, code: str, zone: Zone, now: datetime) -> None:
    row.error = code
    _settle(row, zone, now)


def _settle(row: Digest, zone: Zone, now: datetime) -> None:
    """Wait for the next week, or without a confirmed address for the person."""
    row.attempts, row.lease_until, row.next_try_at = 0, None, None
    if row.confirmed_at is not None:
        row.sent_for = latest_day(row.weekday, zone, now)
        row.next_try_at = next_sending(row.weekday, zone, now)


def _zone(person: Person | None) -> Zone:
    return person.zone if person else Zone.WIB


def given_up_for(row: Digest) -> date | None:
    """Tell the day whose digest was given up; none if the last one went out or is still tried."""
    return row.sent_for if row.error and not row.attempts else None
