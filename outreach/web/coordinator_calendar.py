"""Lays visits out as a week (team by day) and as a month (day by day)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from babel.dates import format_date

from outreach.planning.workdays import SUNDAY
from outreach.villages.feasts import holidays_of
from outreach.web.coordinator_pages import pages
from outreach.web.database import reading_db
from outreach.web.i18n import language

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from outreach.visits.rows import VisitRow


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a calendar; `holiday` is empty on all others."""

    day: date
    in_stage: bool
    holiday: str
    visits: tuple[VisitRow, ...]

    @property
    def is_free(self) -> bool:
        """Whether nobody works on it."""
        return bool(self.holiday) or self.day.weekday() == SUNDAY

    @property
    def by_team(self) -> list[tuple[str, list[VisitRow]]]:
        """The visits of each team, in order of the teams' names."""
        teams: dict[str, list[VisitRow]] = defaultdict(list)
        for visit in self.visits:
            teams[visit.team].append(visit)
        return sorted(teams.items())


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days from a Monday on, and for each team its visits on each of them."""

    monday: date
    days: tuple[Day, ...]
    teams: tuple[tuple[str, tuple[tuple[VisitRow, ...], ...]], ...]

    @property
    def sunday(self) -> date:
        """Last day of the week."""
        return self.monday + timedelta(days=6)


def monday_of(day: date) -> date:
    """Return the Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def lay_out_week(
    visits: Iterable[VisitRow], teams: Sequence[str], monday: date, first: date, last: date
) -> Week:
    """Lay out one week of a stage that runs from `first` to `last`."""
    days = _days(visits, monday, 7, first, last)
    rows = tuple(
        (team, tuple(tuple(v for v in day.visits if v.team == team) for day in days))
        for team in teams
    )
    return Week(monday, days, rows)


def lay_out_month(
    visits: Iterable[VisitRow], month: date, first: date, last: date
) -> list[tuple[Day, ...]]:
    """Lay out the weeks that a month touches, Monday first."""
    monday = monday_of(month.replace(day=1))
    after = next_month(month)
    count = (monday_of(after - timedelta(days=1)) - monday).days + 7
    days = _days(visits, monday, count, first, last)
    return [days[start : start + 7] for start in range(0, count, 7)]


def next_month(month: date) -> date:
    """First day of the month after."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def _days(
    visits: Iterable[VisitRow], start: date, count: int, first: date, last: date
) -> tuple[Day, ...]:
    held: dict[date, list[VisitRow]] = defaultdict(list)
    for visit in visits:
        held[visit.day].append(visit)
    end = start + timedelta(days=count - 1)
    with reading_db() as db:
        holidays = holidays_of(db, start, end)
    days = (start + timedelta(days=number) for number in range(count))
    return tuple(
        Day(
            day,
            first <= day <= last,
            holidays[day].name if day in holidays else "",
            tuple(sorted(held[day], key=lambda visit: (visit.team, visit.slot))),
        )
        for day in days
    )


@pages.app_template_filter()
def weekday(day: date) -> str:
    """Write a short weekday: `Jum`."""
    return format_date(day, "EEE", locale=language())


@pages.app_template_filter()
def day_and_month(day: date) -> str:
    """Write a day without its year: `8 Jan`."""
    return format_date(day, "d MMM", locale=language())


@pages.app_template_filter()
def month_name(day: date) -> str:
    """Write a month with its year: `Januari 2027`."""
    return format_date(day, "LLLL y", locale=language())
