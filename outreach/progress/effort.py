"""Team-days: those of the past weeks, those that are planned, and those to come by habit."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import and_, exists, func, select
from sqlmodel import col

from outreach.people.tables import Team
from outreach.planning.workdays import workdays
from outreach.progress.scope import Scope, visits_in
from outreach.progress.weeks import DAYS_PER_WEEK, monday_of
from outreach.visits.stays import is_in_stay
from outreach.visits.tables import Stay, Visit, Work

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    Numbers = NDArray[np.float64]

#: The day on which a target is made is looked for so far behind today.
FARTHEST_WEEKS = 104


@dataclass(frozen=True, slots=True)
class Period:
    """Days that are counted, both ends included, and the day on which they are looked at."""

    starts: date
    ends: date
    today: date

    @property
    def is_over(self) -> bool:
        """Whether nothing more can be brought in it."""
        return self.today > self.ends

    @property
    def gone(self) -> float:
        """Share of its working days before today; all of them once it is over."""
        whole = working_days(self.starts, self.ends)
        before = working_days(self.starts, min(self.today - timedelta(days=1), self.ends))
        return before / whole if whole else 1.0


@cache
def _workdays(year: int) -> tuple[date, ...]:
    return workdays(date(year, 1, 1), date(year, 12, 31))


def working_days(first: date, last: date) -> int:
    """Count the days, both included, on which the nation works: no Sunday, no holiday."""
    return sum(
        bisect_right(_workdays(year), last) - bisect_left(_workdays(year), first)
        for year in range(first.year, last.year + 1)
    )


@lru_cache
def spans_of(period: Period) -> tuple[tuple[date, date], ...]:
    """Cut what is to come into weeks, from today on; the period's end ends one of them."""
    spans: list[tuple[date, date]] = []
    first = period.today
    until = max(period.ends, period.today + timedelta(weeks=FARTHEST_WEEKS))
    while first <= until:
        last = monday_of(first) + timedelta(days=DAYS_PER_WEEK - 1)
        if first <= period.ends < last:
            last = period.ends
        spans.append((first, last))
        first = last + timedelta(days=1)
    return tuple(spans)


def team_days_of(db: Session, scope: Scope, first: date, today: date) -> dict[int, dict[date, int]]:
    """Count the team-days with a visit in scope by branch and day, planned ones included.

    So do the days on the way of a stay in which such a visit was planned, as on the board. A visit
    that fell out keeps its day: its team was to go. Proposals that gave way do not, and
    those that no manager has approved do not count yet: a draft moves no outlook.
    """
    last = today + timedelta(weeks=FARTHEST_WEEKS)
    query: Any = (
        select(col(Team.branch_id), col(Visit.day), func.count(col(Visit.team_id).distinct()))
        .join(Team, col(Team.id) == col(Visit.team_id))
        .where(_counts(scope), col(Visit.day).between(first, last))
        .group_by(col(Team.branch_id), col(Visit.day))
    )
    found: dict[int, Counter[date]] = defaultdict(Counter)
    for branch_id, day, count in db.execute(query):
        found[branch_id][day] = count
    for branch_id, day in _on_the_way(db, scope, first, last):
        found[branch_id][day] += 1
    return {branch_id: dict(days) for branch_id, days in found.items()}


def _counts(scope: Scope) -> ColumnElement[bool]:
    """Hold for the visits whose day is a team-day."""
    return and_(visits_in(scope), col(Visit.work).not_in((Work.PROPOSED, Work.CANCELLED)))


def _on_the_way(db: Session, scope: Scope, first: date, last: date) -> list[tuple[int, date]]:
    """Branch and day of each team-day on the way of a stay, if no visit is counted on it."""
    touching = (col(Stay.starts) <= last, col(Stay.ends) >= first)
    with_visit = exists().where(is_in_stay(), _counts(scope))
    stays: Any = (
        select(Stay, col(Team.branch_id))
        .join(Team, col(Team.id) == col(Stay.team_id))
        .where(*touching, with_visit)
    )
    days = {
        (stay.team_id, day): branch_id
        for stay, branch_id in db.execute(stays)
        for day in map(date.fromisoformat, stay.travel_days)
        if first <= day <= last
    }
    if not days:
        return []
    # Somebody may have put a visit into a day on the way by hand: it is counted already.
    put_there: Any = (
        select(col(Visit.team_id), col(Visit.day))
        .join(Stay, and_(col(Stay.team_id) == col(Visit.team_id), *touching))
        .where(_counts(scope), col(Visit.day).between(col(Stay.starts), col(Stay.ends)))
    )
    counted = {(row.team_id, row.day) for row in db.execute(put_there)}
    return [(branch_id, at[1]) for at, branch_id in days.items() if at not in counted]


def effort_of(
    by_branch: Mapping[int, Mapping[date, int]], first: date, period: Period
) -> tuple[Numbers, Numbers]:
    """Add up the team-days of the weeks from `first` to today's, and of those to come.

    Behind the last day that a branch has planned it goes on with as many team-days a working day
    as it has had since its first.
    """
    past = np.zeros((period.today - first).days // DAYS_PER_WEEK + 1)
    ahead = np.zeros(len(spans_of(period)))
    for days in by_branch.values():
        gone = {day: count for day, count in days.items() if day < period.today}
        for day, count in gone.items():
            past[(day - first).days // DAYS_PER_WEEK] += count
        begun = min(gone, default=period.today)
        worked = working_days(begun, period.today - timedelta(days=1))
        habit = sum(gone.values()) / worked if worked else 0.0
        ahead += _to_come(days, period, habit)
    return past, ahead


def _to_come(days: Mapping[date, int], period: Period, habit: float) -> Numbers:
    """Tell a branch's team-days in every week to come: planned, and by habit behind the plan."""
    spans = spans_of(period)
    told = np.zeros(len(spans))
    starts = [first for first, _ in spans]
    planned_until = max(days)
    for day, count in days.items():
        if day >= period.today:
            told[bisect_right(starts, day) - 1] += count
    if habit:
        for number, (first, last) in enumerate(spans):
            after = max(first, planned_until + timedelta(days=1))
            told[number] += habit * working_days(after, last) if after <= last else 0.0
    return told
