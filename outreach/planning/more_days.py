"""Team-days that a stage does not have: behind its end, or on weekdays nobody works on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from outreach.planning.workdays import MONDAY_TO_SATURDAY, SUNDAY, workdays

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date

    from outreach.planning.model import TeamDay


def weekdays_of(days: Iterable[date]) -> frozenset[int]:
    """Weekdays that are worked on, Monday = 0; in less than a week all but the Sunday count."""
    known = set(days)
    if (max(known) - min(known)).days < 6:
        return frozenset(MONDAY_TO_SATURDAY)
    return frozenset(day.weekday() for day in known) - {SUNDAY}


# So many working days more are a small extension of a stage; what needs more needs a team more.
EXTENSION_DAYS = 5


def days_to_try(days: Collection[date]) -> frozenset[date]:
    """Working days beside these that cures are tried on: behind the last, on other weekdays."""
    if not days:
        return frozenset()
    behind = _working_behind(days, EXTENSION_DAYS)
    return frozenset(behind).union(*_by_weekday_unused(days).values())


def days_behind(team_days: Sequence[TeamDay], count: int) -> tuple[date, ...]:
    """First working days behind the last one, public holidays left out."""
    return _working_behind([one.day for one in team_days], count)


def _working_behind(days: Collection[date], count: int) -> tuple[date, ...]:
    # One weekday in seven, twice over for the holidays, always reaches far enough.
    until = max(days) + timedelta(days=14 * count + 60)
    return workdays(max(days) + timedelta(days=1), until, weekdays_of(days))[:count]


def weekdays_unused(team_days: Sequence[TeamDay]) -> dict[int, tuple[date, ...]]:
    """Days between the first and the last by weekday, of those on which nobody works; no Sunday."""
    return _by_weekday_unused([one.day for one in team_days])


def _by_weekday_unused(days: Collection[date]) -> dict[int, tuple[date, ...]]:
    unused = MONDAY_TO_SATURDAY - {day.weekday() for day in days}
    return {one: workdays(min(days), max(days), {one}) for one in sorted(unused, reverse=True)}


def as_on(team_days: Sequence[TeamDay], day: date) -> list[TeamDay]:
    """Put every team that works on such a weekday on a day as it last did; all if none does."""
    alike = [one for one in team_days if one.day.weekday() == day.weekday()]
    last = {one.team_id: one for one in sorted(alike or team_days, key=lambda one: one.day)}
    return [replace(one, day=day) for _, one in sorted(last.items())]


def busiest_of_each_base(team_days: Sequence[TeamDay]) -> list[int]:
    """Find the busiest team of every base, by number."""
    base_of = {one.team_id: one.base for one in team_days}
    ordered = reversed(busiest_first(team_days))
    return sorted({base_of[team]: team for team in ordered}.values())


def busiest_first(team_days: Iterable[TeamDay]) -> list[int]:
    """Teams by the number of their days, the busiest and then the first number first."""
    days: dict[int, int] = defaultdict(int)
    for one in team_days:
        days[one.team_id] += 1
    return sorted(days, key=lambda team: (-days[team], team))
