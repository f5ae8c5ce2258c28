"""Closes every day (UTC) of the history with a digest that is chained to the day before.

A day holds the rows that were added after those of the day before it, up to the last one of its
own date: a row that comes late, or is written after its day was closed, belongs to the next. What
was closed is told by numbers of rows, never by dates, so that nothing can be slipped in between.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, func, select, text
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.history.tables import SealedDay
from outreach.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine
    from sqlmodel import Session

log = logging.getLogger(__name__)

#: The tables of the history and what of them is digested. A column that a later version adds does
#: not join these, or the digests made before would not agree any more; a new table may.
CHAINED: dict[str, tuple[str, ...]] = {
    "event": (
        "id", "at", "deed", "account_id", "role", "branch_id", "about", "regions", "numbers",
        "page",
    ),
    "ledger_change": ("id", "at", "added", "altered", "removed"),
    "visit_event": (
        "id", "visit_id", "village_code", "happening", "at", "account_id", "before", "after",
        "reason", "channel",
    ),
}  # fmt: skip
#: Numbers of PostgreSQL's advisory locks: migration 0008 lets every writer hold the first.
WRITING, SEALING = 8_000_001, 8_000_002
_ONE_DAY = timedelta(days=1)
_ROWS_AT_ONCE = 1000
#: Before the first closed day there is no number that somebody could give to a line.
_LOWEST = -(2**31)


def seal_days(engine: Engine, now: datetime) -> int:
    """Close the days that are over and return how many; none while somebody is writing.

    Whoever writes holds a lock until it is done, so that no row with a smaller number shows later.
    The first closing holds all that there was before.
    """
    with reading(engine) as db:
        if not _is_due(db, now):
            return 0
    with unit_of_work(engine) as db:
        ends = _ends(db, now) if _has_lock(db, WRITING) else {}
    sealed = 0
    for day, last in ends.items():
        with unit_of_work(engine) as db:
            if not _has_lock(db, SEALING) or not _seal(db, day, last, now):
                break  # another sweeper is at it
        sealed += 1
    return sealed


def _is_due(db: Session, now: datetime) -> bool:
    newest = db.scalar(select(func.max(col(SealedDay.day))))
    if newest and newest > _yesterday(now):
        log.error("no day of the history can be closed: %s is closed, and not over", newest)
    return newest is None or newest < _yesterday(now)


def stands_still(db: Session, now: datetime) -> bool:
    """Whether a day is closed that is not over, or two are over and nobody could close them.

    Where none was ever closed, the days begin with the oldest line.
    """
    newest = db.scalar(select(func.max(col(SealedDay.day)))) or _before_the_oldest_line(db)
    return newest is not None and not -_ONE_DAY <= newest - _yesterday(now) <= timedelta()


def _before_the_oldest_line(db: Session) -> date | None:
    oldest = [db.scalar(select(func.min(metadata.tables[name].c.at))) for name in CHAINED]
    begun = [at.astimezone(UTC).date() for at in oldest if at]
    return min(begun) - _ONE_DAY if begun else None


def _has_lock(db: Session, number: int) -> bool:
    """Take a lock until the unit of work ends; on SQLite nobody else writes meanwhile anyway."""
    if db.get_bind().dialect.name != "postgresql":
        return True
    asked = text("SELECT pg_try_advisory_xact_lock(:number)")
    return bool(db.scalar(asked, {"number": number}))


def _ends(db: Session, now: datetime) -> dict[date, dict[str, int]]:
    """Tell of every day to close the last row of each table."""
    newest = _newest(db)
    day = newest.day + _ONE_DAY if newest else _yesterday(now)
    last = dict(newest.last) if newest else {}
    found = {}
    while day <= _yesterday(now):
        last = {name: _last_of(db, name, day, last.get(name, 0)) for name in CHAINED}
        found[day] = last
        day += _ONE_DAY
    return found


def _newest(db: Session) -> SealedDay | None:
    return db.scalars(select(SealedDay).order_by(col(SealedDay.day).desc()).limit(1)).first()


def _yesterday(now: datetime) -> date:
    return now.astimezone(UTC).date() - _ONE_DAY


def _last_of(db: Session, name: str, day: date, before: int) -> int:
    table = metadata.tables[name].c
    ends = datetime.combine(day + _ONE_DAY, time(), UTC)
    newest = select(func.max(table.id)).where(table.id > before, table.at < ends)
    return db.scalar(newest) or before


def _seal(db: Session, day: date, last: dict[str, int], now: datetime) -> bool:
    """Write the digest of a day; not if it does not follow the newest one any more."""
    newest = _newest(db)
    if newest and newest.day + _ONE_DAY != day:
        return False
    first = newest.last if newest else {}
    last = {name: max(number, first.get(name, 0)) for name, number in last.items()}
    before = newest.digest if newest else ""
    digest, lines = _digest(db, day, before, first, last)
    db.add(SealedDay(day=day, last=last, lines=lines, digest=digest, sealed_at=now))
    # Kept by whoever keeps the log: against it even a chain that was made anew can be told.
    log.info("history of %s closed with %s lines, digest %s", day, lines, in_fours(digest))
    return True


def _digest(
    db: Session, day: date, before: str, first: dict[str, int], last: dict[str, int]
) -> tuple[str, int]:
    """Digest the rows between two days' ends, and count them."""
    made = hashlib.sha256(_line([before, day.isoformat(), last]))
    lines = 0
    for name, number in sorted(last.items()):
        for row in _rows(db, metadata.tables[name], first.get(name, _LOWEST), number):
            made.update(_line([name, *row]))
            lines += 1
    return made.hexdigest(), lines


def _rows(db: Session, table: Table, after: int, until: int) -> Iterator[Any]:
    columns = [table.c[name] for name in CHAINED[table.name]]
    between = (table.c.id > after, table.c.id <= until)
    query = select(*columns).where(*between).order_by(table.c.id)
    yield from db.execute(query.execution_options(yield_per=_ROWS_AT_ONCE))


def _line(values: list[Any]) -> bytes:
    """Write values the same way on every database and machine."""
    told = json.dumps(values, default=_plain, sort_keys=True, separators=(",", ":"))
    return told.encode() + b"\n"


def _plain(value: object) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


def first_broken_day(db: Session) -> str:
    """Name the first closed day that its rows do not agree with, and empty if all do.

    A day that is missing shows at the day after it.
    """
    before, first, expected = "", dict[str, int](), None
    for sealed in db.scalars(select(SealedDay).order_by(col(SealedDay.day))):
        told = (sealed.digest, sealed.lines)
        is_next = expected in (None, sealed.day)
        known = sealed.last.keys() <= CHAINED.keys()
        if not (is_next and known):
            return sealed.day.isoformat()
        if _digest(db, sealed.day, before, first, sealed.last) != told:
            return sealed.day.isoformat()
        before, first, expected = sealed.digest, sealed.last, sealed.day + _ONE_DAY
    return ""


def newest_seal(db: Session) -> SealedDay | None:
    """Give the day that was closed last: its digest, kept elsewhere, is a proof of all before."""
    return _newest(db)


def was_closed_with(db: Session, digest: str) -> bool:
    """Whether a day was closed with this digest, which somebody kept elsewhere.

    Whoever may change everything can write another history, with other digests.
    """
    told = _ungrouped(digest)
    return db.scalar(select(col(SealedDay.day)).where(col(SealedDay.digest) == told)) is not None


def is_digest(told: str) -> bool:
    """Whether somebody wrote a digest, in whatever groups: a mistyped one tells of no change."""
    return re.fullmatch("[0-9a-f]{64}", _ungrouped(told)) is not None


def _ungrouped(digest: str) -> str:
    return digest.replace(":", "").strip().casefold()


def in_fours(digest: str) -> str:
    """Write a digest for people to compare; the log takes no long row of figures for a number."""
    return ":".join(digest[at : at + 4] for at in range(0, len(digest), 4))
