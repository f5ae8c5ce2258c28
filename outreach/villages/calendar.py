"""Which days and hours a village can host a session, and every reason against the others.

Each layer of the calendar (`calendar_rules`) marks its days: it closes them, makes them worth
avoiding, narrows their hours, or is only told, as a market that brings people together on its day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass, field, replace
from datetime import date  # noqa: TC003 - as above
from itertools import batched
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import col

from outreach.planning.model import MINUTES_A_DAY, Hours
from outreach.planning.workdays import Holiday, days_between
from outreach.villages.areas import NATION
from outreach.villages.calendar_layers import Ground, Place, marks_at
from outreach.villages.calendar_rules import REST, Book, read_book
from outreach.villages.codes import Level, cut
from outreach.villages.feasts import feasts_between, holidays_of
from outreach.villages.marks import Mark, falls_on, is_market_day, javanese_day, layer_of, mark_of
from outreach.villages.reached_by_sea import reached_by_sea
from outreach.villages.tables import CalendarLayer, ClosedPeriod, Effect, MarketDay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sqlmodel import Session

    from outreach.planning.model import Site
    from outreach.villages.marks import Marks

__all__ = [
    "Mark",
    "falls_on",
    "is_market_day",
    "javanese_day",
    "layer_of",
    "mark_of",
]

#: Codes asked for in one statement.
CODES_AT_ONCE = 5000

#: Longest that the layers of one day may add up to.
MOST_MINUTES = MINUTES_A_DAY


@dataclass(frozen=True, slots=True)
class Availability:
    """What the planner is told of a village's days: nothing means that every day and hour is good.

    `day_costs` are minutes of travel that it is worth to avoid a day.
    """

    closed_days: frozenset[date] = frozenset()
    day_costs: Mapping[date, int] = field(default_factory=dict)
    hours_on: Mapping[date, Hours] = field(default_factory=dict)

    def told_of(self, site: Site) -> Site:
        """Tell a site its days."""
        return replace(
            site, closed_days=self.closed_days, day_costs=self.day_costs, hours_on=self.hours_on
        )


ALWAYS = Availability()


@dataclass(frozen=True, slots=True)
class Rest:
    """The days on which the teams of an area stay at home, and whether they work on Sundays."""

    holidays: Mapping[date, Holiday]
    works_sundays: bool


def ask(db: Session, codes: Iterable[str], first: date, last: date) -> dict[str, Marks]:
    """Ask villages for each day from *first* to *last*, both included: every mark, by day.

    A day without a mark that closes can hold a session. It answers whoever asks: the caller has
    taken the codes from what the person may see.
    """
    return _by_place(db, codes, first, last, lambda marks, _: marks)


def marks_of(db: Session, codes: Iterable[str], first: date, last: date) -> dict[str, Marks]:
    """Days that are special for a village by itself: closed ones, and markets to come to.

    Holidays and Sundays are not told; villages without any are left out.
    """
    found = _by_place(db, codes, first, last, lambda marks, _: _only(marks, _is_special))
    return {code: marks for code, marks in found.items() if marks}


def closed_days(db: Session, codes: Iterable[str], first: date, last: date) -> dict[str, Marks]:
    """Days on which a village can host no session, with every reason; others are left out.

    Days on which no team of the nation works are not told: it needs no village for that.
    """
    found = _by_place(db, codes, first, last, lambda marks, book: _only(marks, _closing_in(book)))
    return {code: marks for code, marks in found.items() if marks}


def shut_days(db: Session, codes: Iterable[str], first: date, last: date) -> dict[str, Marks]:
    """Days on which no visit should stand, with every reason: closed ones, and holidays.

    A Sunday is not told: who puts a visit there by hand has been warned and means it.
    """
    found = _by_place(db, codes, first, last, lambda marks, _: _only(marks, _shuts))
    return {code: marks for code, marks in found.items() if marks}


def closed_dates(
    db: Session, codes: Iterable[str], first: date, last: date
) -> dict[str, frozenset[date]]:
    """Days on which a village can host no session, for the planner; others are left out."""
    told = for_planner(db, codes, first, last)
    return {code: one.closed_days for code, one in told.items() if one.closed_days}


def why_closed(db: Session, code: str, day: date) -> tuple[Mark, ...]:
    """Every reason why a village can host no session on a day; empty when it can."""
    return closed_days(db, [code], day, day).get(code, {}).get(day, ())


def for_planner(
    db: Session, codes: Iterable[str], first: date, last: date
) -> dict[str, Availability]:
    """Tell closed days, prices of days and hours as the planner keeps them.

    Villages of which there is nothing to tell are left out.
    """
    found = _by_place(db, codes, first, last, _availability)
    return {code: told for code, told in found.items() if told != ALWAYS}


def rest_of(db: Session, areas: Sequence[str], first: date, last: date) -> Rest:
    """Holidays on which nobody works in any of the areas, and whether Sundays are worked.

    A layer that is lifted in a part of the areas opens its days for the teams; the villages in
    which it still counts stay closed by their own calendar.
    """
    if first > last:
        return Rest({}, works_sundays=False)
    book = read_book(db)
    kept = {layer for layer in REST if book.keeps_rest(layer, areas or (NATION,))}
    holidays = {
        day: holiday
        for day, holiday in holidays_of(db, first, last).items()
        if _layer_of_holiday(holiday) in kept
    }
    return Rest(holidays, CalendarLayer.SUNDAY not in kept)


def _layer_of_holiday(holiday: Holiday) -> CalendarLayer:
    return CalendarLayer.JOINT_LEAVE if holiday.is_joint_leave else CalendarLayer.HOLIDAY


def _by_place[T](
    db: Session,
    codes: Iterable[str],
    first: date,
    last: date,
    say: Callable[[Marks, Book], T],
) -> dict[str, T]:
    """Reckon once for all villages that share rules and notes: few have any of their own."""
    asked = sorted(set(codes))
    if first > last or not asked:
        return {}
    ground = _ground(db, {region for code in asked for region in _around(code)}, first, last)
    told = ground.book.regions | ground.rows.keys()
    sea = reached_by_sea(db, asked) if _has_monsoon(ground) else frozenset()
    kept: dict[tuple[tuple[str, ...], bool], T] = {}
    found: dict[str, T] = {}
    for code in asked:
        key = tuple(region for region in _around(code) if region in told), code in sea
        if key not in kept:
            kept[key] = say(marks_at(Place(ground, *key)), ground.book)
        found[code] = kept[key]
    return found


def _around(code: str) -> tuple[str, ...]:
    return (NATION, *(cut(code, level) for level in Level if level <= len(code)))


def _ground(db: Session, regions: set[str], first: date, last: date) -> Ground:
    return Ground(
        days=list(days_between(first, last)),
        book=read_book(db),
        holidays=holidays_of(db, first, last),
        feasts=feasts_between(db, first, last),
        rows=_by_region(db, regions),
    )


def _has_monsoon(ground: Ground) -> bool:
    months = {day.month for day in ground.days}
    return any(
        layer is CalendarLayer.MONSOON
        and rule.effect is not Effect.OFF
        and months & set(rule.months)
        for (_, layer), rule in ground.book.rules.items()
    )


def _by_region(db: Session, regions: set[str]) -> dict[str, list[ClosedPeriod | MarketDay]]:
    found: dict[str, list[ClosedPeriod | MarketDay]] = defaultdict(list)
    for part in batched(sorted(regions - {NATION}), CODES_AT_ONCE):
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


def _only(marks: Marks, keeps: Callable[[Mark], bool]) -> Marks:
    kept = {day: tuple(mark for mark in some if keeps(mark)) for day, some in marks.items()}
    return {day: some for day, some in kept.items() if some}


def _is_special(mark: Mark) -> bool:
    is_market = mark.rhythm is not None and not mark.weight_minutes
    return mark.layer not in REST and (mark.closes or is_market)


def _shuts(mark: Mark) -> bool:
    return mark.closes and mark.layer is not CalendarLayer.SUNDAY


def _closing_in(book: Book) -> Callable[[Mark], bool]:
    left_to_teams = _left_to_teams(book)
    return lambda mark: mark.closes and mark.layer not in left_to_teams


def _left_to_teams(book: Book) -> frozenset[CalendarLayer]:
    """Layers whose days no team works anywhere."""
    return frozenset(layer for layer in REST if not book.is_lifted(layer))


def _availability(marks: Marks, book: Book) -> Availability:
    left_to_teams = _left_to_teams(book)
    closed, costs, hours = set(), {}, {}
    for day, some in marks.items():
        told = [mark for mark in some if mark.layer not in left_to_teams]
        window = _window(told)
        if any(mark.closes for mark in told) or window.opens_minute >= window.closes_minute:
            closed.add(day)
            continue
        if cost := sum(mark.weight_minutes for mark in told):
            costs[day] = min(cost, MOST_MINUTES)
        if window != Hours():
            hours[day] = window
    return Availability(frozenset(closed), costs, hours)


def _window(marks: Sequence[Mark]) -> Hours:
    """Hours that all marks of a day leave."""
    told = [mark.hours for mark in marks if mark.hours is not None]
    return Hours(
        max((one.opens_minute for one in told), default=0),
        min((one.closes_minute for one in told), default=MINUTES_A_DAY),
    )
