"""What makes a day special in a region, and the market days of week and Javanese cycle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from outreach.villages.calendar_rules import OF_CLOSURE
from outreach.villages.tables import (
    CalendarLayer,
    ClosedPeriod,
    Closure,
    Effect,
    MarketDay,
    MarketEffect,
    MarketRhythm,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from outreach.planning.feasts import Feast
    from outreach.planning.model import Hours
    from outreach.villages.calendar_rules import Rule

    type Marks = Mapping[date, tuple[Mark, ...]]

WEEKDAYS = tuple(MarketRhythm)[:7]
#: The Javanese cycle in its order; 17 August 1945 was its first day.
CYCLE = tuple(MarketRhythm)[7:]
A_LEGI = date(1945, 8, 17)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a layer of the calendar says of a day in a region.

    Attributes
    ----------
    region_code
        The region for which it was noted, or for which the rule is; empty for the nation.
    closes
        No session can be held.
    weight_minutes
        What it is worth avoiding the day, in minutes of travel; 0 where it closes or is only told.
    hours
        Hours that a session must keep on the day.
    closure, rhythm, feast
        What it is, where the layer holds several.
    is_missed
        The day is not the one on which the market is held that people should be met on.
    """

    region_code: str
    layer: CalendarLayer
    closes: bool
    note: str = ""
    weight_minutes: int = 0
    hours: Hours | None = None
    closure: Closure | None = None
    rhythm: MarketRhythm | None = None
    feast: Feast | None = None
    is_missed: bool = False
    is_estimate: bool = False
    source: str = ""


class DayState(StrEnum):
    """Whether a village can host a session on a day."""

    OPEN = "open"
    HOURS = "hours"
    AVOIDED = "avoided"
    SHUT = "shut"


def state_of(marks: Iterable[Mark]) -> DayState:
    """Sum up the marks of a day."""
    told = list(marks)
    if any(mark.closes for mark in told):
        return DayState.SHUT
    if any(mark.weight_minutes for mark in told):
        return DayState.AVOIDED
    return DayState.HOURS if any(mark.hours for mark in told) else DayState.OPEN


def javanese_day(day: date) -> MarketRhythm:
    """Tell which of the five Javanese market days (pasaran) a day is."""
    return CYCLE[(day - A_LEGI).days % len(CYCLE)]


def is_market_day(rhythm: MarketRhythm, day: date) -> bool:
    """Whether a market of this rhythm is held on the day."""
    if rhythm in WEEKDAYS:
        return WEEKDAYS[day.weekday()] is rhythm
    return javanese_day(day) is rhythm


def falls_on(row: ClosedPeriod | MarketDay, day: date) -> bool:
    """Whether a day is one of a closed period, or one on which a market is held."""
    if isinstance(row, ClosedPeriod):
        return row.starts <= day <= row.ends
    return is_market_day(row.rhythm, day)


def layer_of(row: ClosedPeriod | MarketDay) -> CalendarLayer:
    """Tell the layer of a closed period or a market."""
    return OF_CLOSURE[row.closure] if isinstance(row, ClosedPeriod) else CalendarLayer.MARKET


def mark_of(row: ClosedPeriod | MarketDay, rule: Rule) -> Mark:
    """Tell what a closed period or a market makes of its days, by the rule that decides."""
    if isinstance(row, ClosedPeriod):
        return Mark(
            row.region_code,
            layer_of(row),
            rule.effect is Effect.HARD,
            row.note,
            soft_minutes(rule),
            closure=row.closure,
            source=row.source or rule.source,
        )
    is_avoided = row.effect is MarketEffect.AVOID
    return Mark(
        row.region_code,
        CalendarLayer.MARKET,
        is_avoided and rule.effect is Effect.HARD,
        row.note,
        soft_minutes(rule) if is_avoided else 0,
        rhythm=row.rhythm,
        source=rule.source,
    )


def soft_minutes(rule: Rule) -> int:
    """Minutes of travel that a day of the rule is worth avoiding; 0 unless it is soft."""
    return rule.weight_minutes if rule.effect is Effect.SOFT else 0
