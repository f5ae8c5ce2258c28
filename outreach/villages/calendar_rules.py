"""How the layers of the calendar count in a region: the defaults, and what people set instead.

The defaults stand with their sources in `data/villages/calendar.toml`. The rule for the smallest
region around a village decides; for one region, what was set stands above the default.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import time  # noqa: TC003 - dataclass fields are read at run time
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlmodel import col

from outreach.errors import OutreachError
from outreach.planning.model import MINUTES_A_DAY, Hours
from outreach.villages.areas import NATION, covers
from outreach.villages.codes import parents
from outreach.villages.source import TABLES
from outreach.villages.tables import CalendarLayer, CalendarRule, Closure, Effect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from sqlmodel import Session

    type Rules = Mapping[tuple[str, CalendarLayer], Rule]

#: The planner keeps the prayers of Friday by itself, everywhere.
FIXED = frozenset({CalendarLayer.FRIDAY})
#: Days on which the teams stay at home, as the branch's own area has it.
REST = frozenset({CalendarLayer.HOLIDAY, CalendarLayer.JOINT_LEAVE, CalendarLayer.SUNDAY})
WITH_MONTHS = frozenset({CalendarLayer.MONSOON})
WITH_WEEKDAYS = frozenset({CalendarLayer.OFFICE_HOURS})
WITH_HOURS = frozenset({CalendarLayer.OFFICE_HOURS, CalendarLayer.RAMADAN})
#: The layer of a noted period has the name of what closes.
OF_CLOSURE = {closure: CalendarLayer(closure.value) for closure in Closure}


class CalendarFault(OutreachError):
    """The defaults of the calendar are unreadable, or leave a layer without any."""

    code = "calendar_fault"
    status = 500


@dataclass(frozen=True, slots=True)
class Rule:
    """How a layer counts in a region.

    Attributes
    ----------
    region_code
        Prefix, empty for the nation.
    weight_minutes
        What a soft day is worth avoiding, in minutes of travel.
    months, weekdays
        Of the monsoon; of the office, ISO numbers.
    row_id
        Number of the stored rule; None of a default.
    """

    region_code: str
    layer: CalendarLayer
    effect: Effect
    weight_minutes: int = 0
    months: tuple[int, ...] = ()
    weekdays: tuple[int, ...] = ()
    opens: time | None = None
    closes: time | None = None
    source: str = ""
    note: str = ""
    row_id: int | None = None
    version: int = 0

    @property
    def hours(self) -> Hours | None:
        """Hours that sessions must keep; None where the rule tells none."""
        if self.opens is None and self.closes is None:
            return None
        return Hours(_minute(self.opens, 0), _minute(self.closes, MINUTES_A_DAY))


@dataclass(frozen=True, slots=True)
class Book:
    """Every rule, by region and layer, and the regions that have one."""

    rules: Rules
    regions: frozenset[str]

    def rule(self, layer: CalendarLayer, around: Iterable[str]) -> Rule:
        """Find the rule that decides, from the regions *around* a place, the nation first."""
        found = self.rules[NATION, layer]
        for region in around:
            found = self.rules.get((region, layer), found)
        return found

    def of_region(self, layer: CalendarLayer, code: str) -> Rule:
        """Find the rule that decides in a region."""
        return self.rule(layer, regions_around(code))

    def is_lifted(self, layer: CalendarLayer) -> bool:
        """Whether the layer does not close its days in some region."""
        return any(
            rule.effect is not Effect.HARD for (_, of), rule in self.rules.items() if of is layer
        )

    def keeps_rest(self, layer: CalendarLayer, areas: Sequence[str]) -> bool:
        """Whether the days of a layer are closed in all of the areas and in each of their parts."""
        return all(self.of_region(layer, area).effect is Effect.HARD for area in areas) and not any(
            rule.effect is not Effect.HARD and region != NATION and covers(areas, region)
            for (region, of), rule in self.rules.items()
            if of is layer
        )


def regions_around(code: str) -> tuple[str, ...]:
    """List the nation and the regions down to *code*, the widest first."""
    return (NATION, *reversed(parents(code)), code) if code else (NATION,)


def read_book(db: Session) -> Book:
    """Read the defaults and what people have set instead."""
    rows = db.scalars(select(CalendarRule).order_by(col(CalendarRule.id)))
    rules = {**defaults(), **{(row.region_code, row.layer): rule_of(row) for row in rows}}
    return Book(rules, frozenset(region for region, _ in rules))


def rule_of(row: CalendarRule) -> Rule:
    """Put a stored rule the way the calendar asks for it."""
    told = row.model_dump(exclude={"id", "months", "weekdays"})
    return Rule(**told, months=tuple(row.months), weekdays=tuple(row.weekdays), row_id=row.id)


@cache
def defaults() -> Rules:
    """Read the rules that hold until somebody sets others.

    Raises
    ------
    CalendarFault
        If they cannot be read, or a layer has none for the nation.
    """
    return read_defaults(TABLES / "calendar.toml")


def read_defaults(path: Path) -> Rules:
    """Read default rules from a file.

    Raises
    ------
    CalendarFault
        As `defaults`.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))["rule"]
        rules = [rule for one in told for rule in _of_regions(one)]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CalendarFault(problem="unreadable", file=path.name) from error
    book = {(rule.region_code, rule.layer): rule for rule in rules}
    missing = [layer for layer in CalendarLayer if (NATION, layer) not in book]
    if missing or len(book) < len(rules):
        raise CalendarFault(problem="missing_or_double", layers=missing)
    return book


def _of_regions(told: Mapping[str, Any]) -> list[Rule]:
    facts = {name: value for name, value in told.items() if name != "regions"}
    return [_RULE.validate_python({**facts, "region_code": code}) for code in told["regions"]]


_RULE = TypeAdapter(Rule)


def _minute(at: time | None, otherwise: int) -> int:
    return otherwise if at is None else at.hour * 60 + at.minute
