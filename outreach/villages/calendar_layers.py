"""Each layer of the calendar, day by day, for villages that share the same rules and notes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outreach.planning.feasts import Feast
from outreach.planning.workdays import FRIDAY, SUNDAY, days_between
from outreach.villages.areas import NATION
from outreach.villages.calendar_rules import defaults
from outreach.villages.codes import Level
from outreach.villages.marks import Mark, falls_on, layer_of, mark_of, soft_minutes
from outreach.villages.tables import CalendarLayer, ClosedPeriod, Effect, MarketDay, MarketEffect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from outreach.planning.workdays import Holiday
    from outreach.villages.calendar_rules import Book, Rule
    from outreach.villages.feasts import KnownFeast
    from outreach.villages.marks import Marks

    type Dated = Iterator[tuple[date, Mark]]

#: Feasts that are no layer of their own.
LAYER_OF = {
    Feast.RAMADAN: CalendarLayer.RAMADAN,
    Feast.NYEPI: CalendarLayer.NYEPI,
    Feast.GALUNGAN: CalendarLayer.GALUNGAN,
    Feast.KUNINGAN: CalendarLayer.GALUNGAN,
}


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of a span of days in all regions."""

    days: Sequence[date]
    book: Book
    holidays: Mapping[date, Holiday]
    feasts: Sequence[KnownFeast]
    rows: Mapping[str, Sequence[ClosedPeriod | MarketDay]]


@dataclass(frozen=True, slots=True)
class Place:
    """Villages for which the calendar says the same.

    `around` are the regions with a rule or a note, the widest first.
    """

    ground: Ground
    around: tuple[str, ...]
    is_by_sea: bool

    def rule(self, layer: CalendarLayer) -> Rule:
        """Find the rule that decides here."""
        return self.ground.book.rule(layer, self.around)

    def rows(self) -> Iterator[ClosedPeriod | MarketDay]:
        """List what is noted here, the widest region first."""
        for region in self.around:
            yield from self.ground.rows.get(region, ())


def marks_at(place: Place) -> Marks:
    """Every mark of every day in a place, by day; of one day the widest region's first."""
    found: dict[date, list[Mark]] = defaultdict(list)
    for layer in (_rest, _feasts, _fridays, _noted, _missed_markets, _monsoon, _office):
        for day, mark in layer(place):
            found[day].append(mark)
    return {
        day: tuple(sorted(some, key=lambda mark: len(mark.region_code)))
        for day, some in sorted(found.items())
    }


def _by_rule(rule: Rule, note: str = "", *, is_estimate: bool = False) -> Mark:
    closes = rule.effect is Effect.HARD
    return Mark(
        rule.region_code,
        rule.layer,
        closes,
        note,
        soft_minutes(rule),
        is_estimate=is_estimate,
        source=rule.source,
    )


def _counts(rule: Rule) -> bool:
    return rule.effect is not Effect.OFF


def _rest(place: Place) -> Dated:
    for day, holiday in place.ground.holidays.items():
        rule = place.rule(
            CalendarLayer.JOINT_LEAVE if holiday.is_joint_leave else CalendarLayer.HOLIDAY
        )
        if _counts(rule):
            yield day, _by_rule(rule, holiday.name, is_estimate=holiday.is_estimate)
    sunday = place.rule(CalendarLayer.SUNDAY)
    if _counts(sunday):
        mark = _by_rule(sunday)
        yield from ((day, mark) for day in place.ground.days if day.weekday() == SUNDAY)


def _feasts(place: Place) -> Dated:
    first, last = place.ground.days[0], place.ground.days[-1]
    for feast in place.ground.feasts:
        rule = place.rule(LAYER_OF.get(feast.computed.feast, CalendarLayer.ISLAMIC_FEAST))
        if _counts(rule):
            mark = _of_feast(feast, rule)
            for day in days_between(max(first, feast.starts), min(last, feast.ends)):
                yield day, mark


def _of_feast(feast: KnownFeast, rule: Rule) -> Mark:
    return Mark(
        rule.region_code,
        rule.layer,
        rule.effect is Effect.HARD,
        f"{feast.computed.hijri_year} H" if feast.computed.hijri_year else "",
        soft_minutes(rule),
        rule.hours if rule.effect is Effect.SOFT else None,
        feast=feast.computed.feast,
        is_estimate=feast.is_estimate,
        source=_date_source(feast, rule),
    )


def _date_source(feast: KnownFeast, rule: Rule) -> str:
    """Say who tells the days; where a person has set the rule, their words stay."""
    if feast.is_listed and rule.row_id is None:
        return defaults()[NATION, CalendarLayer.HOLIDAY].source
    return feast.source or rule.source


def _fridays(place: Place) -> Dated:
    rule = place.rule(CalendarLayer.FRIDAY)
    mark = Mark(rule.region_code, CalendarLayer.FRIDAY, closes=False, source=rule.source)
    yield from ((day, mark) for day in place.ground.days if day.weekday() == FRIDAY)


def _noted(place: Place) -> Dated:
    for row in place.rows():
        rule = place.rule(layer_of(row))
        if _counts(rule):
            mark = mark_of(row, rule)
            yield from ((day, mark) for day in place.ground.days if falls_on(row, day))


def _missed_markets(place: Place) -> Dated:
    """Weigh the days without a market where people are to be met on one."""
    rule = place.rule(CalendarLayer.MARKET)
    markets = [row for row in place.rows() if isinstance(row, MarketDay)]
    wanted = [row for row in markets if row.effect is MarketEffect.COME]
    if not (wanted and _counts(rule) and rule.weight_minutes):
        return
    mark = Mark(
        wanted[0].region_code,
        CalendarLayer.MARKET,
        closes=False,
        weight_minutes=rule.weight_minutes,
        rhythm=wanted[0].rhythm,
        is_missed=True,
        source=rule.source,
    )
    for day in place.ground.days:
        if not any(falls_on(row, day) for row in wanted):
            yield day, mark


def _monsoon(place: Place) -> Dated:
    rule = place.rule(CalendarLayer.MONSOON)
    # Who makes a rule for a district or a village means its road, be it wet or over water.
    is_meant = place.is_by_sea or len(rule.region_code) >= Level.DISTRICT
    if is_meant and _counts(rule):
        mark = _by_rule(rule)
        yield from ((day, mark) for day in place.ground.days if day.month in rule.months)


def _office(place: Place) -> Dated:
    rule = place.rule(CalendarLayer.OFFICE_HOURS)
    if not _counts(rule):
        return
    shut = _by_rule(rule)
    is_hard = rule.effect is Effect.HARD
    open_then = Mark(
        rule.region_code, rule.layer, closes=False, hours=rule.hours, source=rule.source
    )
    for day in place.ground.days:
        if day.isoweekday() not in rule.weekdays:
            yield day, shut
        elif is_hard and rule.hours is not None:
            yield day, open_then
