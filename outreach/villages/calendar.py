"""Which days a village can host a session: harvests, feasts and floods, and its market.

A closed period, and a market that empties the hall, close the day for every village of their
region; a market that brings people together closes nothing and is only told.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import batched
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import col

from outreach.planning.workdays import days_between
from outreach.villages.codes import parents
from outreach.villages.tables import ClosedPeriod, Closure, MarketDay, MarketEffect, MarketRhythm

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlmodel import Session

    type Marks = Mapping[date, tuple[Mark, ...]]

WEEKDAYS = tuple(MarketRhythm)[:7]
#: The Javanese cycle in its order; 17 August 1945 was its first day.
CYCLE = tuple(MarketRhythm)[7:]
A_LEGI = date(1945, 8, 17)

NEVER_CLOSED: frozenset[date] = frozenset()

#: Codes asked for in one statement.
CODES_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Mark:
    """What makes a day special in a region: a closed period or a market.

    `closes` says whether no session can be held; exactly one of `closure` and `rhythm` is told.
    """

    region_code: str
    closes: bool
    note: str
    closure: Closure | None = None
    rhythm: MarketRhythm | None = None


def javanese_day(day: date) -> MarketRhythm:
    """Tell which of the five Javanese market days (pasaran) a day is."""
    return CYCLE[(day - A_LEGI).days % len(CYCLE)]


def mark_of(row: ClosedPeriod | MarketDay) -> Mark:
    """Tell what a closed period or a market makes of its days."""
    if isinstance(row, ClosedPeriod):
        return Mark(row.region_code, True, row.note, closure=row.closure)
    closes = row.effect is MarketEffect.AVOID
    return Mark(row.region_code, closes, row.note, rhythm=row.rhythm)


def falls_on(row: ClosedPeriod | MarketDay, day: date) -> bool:
    """Whether a day is one of a closed period, or one on which a market is held."""
    if isinstance(row, ClosedPeriod):
        return row.starts <= day <= row.ends
    return is_market_day(row.rhythm, day)


def is_market_day(rhythm: MarketRhythm, day: date) -> bool:
    """Whether a market of this rhythm is held on the day."""
    if rhythm in WEEKDAYS:
        return WEEKDAYS[day.weekday()] is rhythm
    return javanese_day(day) is rhythm


def marks_of(db: Session, codes: Iterable[str], first: date, last: date) -> dict[str, Marks]:
    """Every special day of the villages from *first* to *last*, both included.

    Villages without any are left out. It answers whoever asks: the caller has taken the codes
    from what the person may see.
    """
    asked = sorted(set(codes))
    around = {code: (*reversed(parents(code)), code) for code in asked}
    by_region = _by_region(db, {region for regions in around.values() for region in regions})
    days = list(days_between(first, last))
    dated = {region: _dated(rows, days) for region, rows in by_region.items()}
    found: dict[str, Marks] = {}
    for code in asked:
        special = [dated[region] for region in around[code] if dated.get(region)]
        if special:
            # Villages of one regency share its days; few have some of their own.
            found[code] = special[0] if len(special) == 1 else _merged(special)
    return found


def closed_days(db: Session, codes: Iterable[str], first: date, last: date) -> dict[str, Marks]:
    """Days on which a village can host no session, with every reason; others are left out."""
    kept: dict[int, Marks] = {}
    found = {}
    for code, marks in marks_of(db, codes, first, last).items():
        if id(marks) not in kept:
            kept[id(marks)] = _closing(marks)
        if kept[id(marks)]:
            found[code] = kept[id(marks)]
    return found


def closed_dates(
    db: Session, codes: Iterable[str], first: date, last: date
) -> dict[str, frozenset[date]]:
    """Days on which a village can host no session, for the planner; others are left out."""
    closed = closed_days(db, codes, first, last)
    shared = {id(marks): frozenset(marks) for marks in closed.values()}
    return {code: shared[id(marks)] for code, marks in closed.items()}


def why_closed(db: Session, code: str, day: date) -> tuple[Mark, ...]:
    """Every reason why a village can host no session on a day; empty when it can."""
    return closed_days(db, [code], day, day).get(code, {}).get(day, ())


def _closing(marks: Marks) -> Marks:
    closing = {day: tuple(mark for mark in some if mark.closes) for day, some in marks.items()}
    return {day: some for day, some in closing.items() if some}


def _by_region(db: Session, regions: set[str]) -> dict[str, list[ClosedPeriod | MarketDay]]:
    found: dict[str, list[ClosedPeriod | MarketDay]] = defaultdict(list)
    for part in batched(sorted(regions), CODES_AT_ONCE):
        rows: list[ClosedPeriod | MarketDay] = [*_periods(db, part), *_markets(db, part)]
        for row in rows:
            found[row.region_code].append(row)
    return found


def _periods(db: Session, regions: tuple[str, ...]) -> Iterator[ClosedPeriod]:
    query = select(ClosedPeriod).where(col(ClosedPeriod.region_code).in_(regions))
    yield from db.scalars(query.order_by(col(ClosedPeriod.starts), col(ClosedPeriod.id)))


def _markets(db: Session, regions: tuple[str, ...]) -> Iterator[MarketDay]:
    query = select(MarketDay).where(col(MarketDay.region_code).in_(regions))
    yield from db.scalars(query.order_by(col(MarketDay.id)))


def _dated(rows: list[ClosedPeriod | MarketDay], days: list[date]) -> Marks:
    found: dict[date, list[Mark]] = defaultdict(list)
    for row in rows:
        mark = mark_of(row)
        for day in days:
            if falls_on(row, day):
                found[day].append(mark)
    return {day: tuple(some) for day, some in found.items()}


def _merged(several: list[Marks]) -> Marks:
    found: dict[date, tuple[Mark, ...]] = {}
    for marks in several:
        for day, some in marks.items():
            found[day] = (*found.get(day, ()), *some)
    return found
