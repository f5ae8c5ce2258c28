"""What each week brought: villages met for the first time, sessions, sign-ups, paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import String, case, cast, func, literal, select
from sqlmodel import col

from outreach.logbook.tables import SessionReport
from outreach.progress.scope import Scope, current_reports
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray
    from sqlmodel import Session

    from outreach.villages.codes import Level

DAYS_PER_WEEK = 7


@dataclass(frozen=True, slots=True)
class WeeklyCounts:
    """Counts of shape keys x weeks; `weeks` are Mondays, ascending and without a gap.

    `keys` are codes of regions (or numbers of teams or branches), ascending; a key has a row if
    any session counts for it in these weeks. `reached` counts villages that were met for the first
    time, by the day the session was held on; `paid` the sign-ups told to have paid by then.
    """

    keys: tuple[str, ...]
    weeks: tuple[date, ...]
    reached: NDArray[np.int64]
    sessions: NDArray[np.int64]
    signups: NDArray[np.int64]
    paid: NDArray[np.int64]


def monday_of(day: date) -> date:
    """Find the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def weekly(
    db: Session, scope: Scope, *, level: Level | None, first: date, last: date
) -> WeeklyCounts:
    """Count by week and region of *level*; without a level in one row, key "".

    Parameters
    ----------
    first, last
        Days in the first and the last week; both weeks are counted from Monday to Sunday.
    """
    village = col(Visit.village_code)
    key = func.substr(village, 1, int(level)) if level else literal("")
    span = _Span(first, last)
    brought = [tuple(row) for row in db.execute(_brought(scope, key, span))]
    met = [tuple(row) for row in db.execute(_met_by_region(scope, level, span))]
    found = span.counts(brought, met)
    return found if level else regroup(found, {"": ""}, ("",))


def weekly_by_team(db: Session, scope: Scope, *, first: date, last: date) -> WeeklyCounts:
    """Count by week and team; the keys are the teams' ids as text.

    A village counts as reached for the team, or the teams, that met it on its first day.
    """
    team = cast(col(Visit.team_id), String)
    span = _Span(first, last)
    brought = [tuple(row) for row in db.execute(_brought(scope, team, span))]
    met = [tuple(row) for row in db.execute(_met_by_team(scope, team, span))]
    return span.counts(brought, met)


def regroup(
    found: WeeklyCounts, groups: Mapping[str, str], keys: Iterable[str] = ()
) -> WeeklyCounts:
    """Add rows up by the group of their key; rows without a group are left out.

    Parameters
    ----------
    keys
        Groups that get a row even where nothing happened.
    """
    names = tuple(sorted({*keys, *(groups[key] for key in found.keys if key in groups)}))
    at = {name: row for row, name in enumerate(names)}
    old = np.array([row for row, key in enumerate(found.keys) if key in groups], dtype=np.int64)
    new = np.array([at[groups[key]] for key in found.keys if key in groups], dtype=np.int64)

    def add(counts: NDArray[np.int64]) -> NDArray[np.int64]:
        sums = np.zeros((len(names), len(found.weeks)), dtype=np.int64)
        np.add.at(sums, new, counts[old])
        return sums

    return WeeklyCounts(
        names,
        found.weeks,
        reached=add(found.reached),
        sessions=add(found.sessions),
        signups=add(found.signups),
        paid=add(found.paid),
    )


class _Span:
    """The weeks from one Monday to a Sunday, and where a day stands in them."""

    def __init__(self, first: date, last: date) -> None:
        self.start = monday_of(first)
        self.end = monday_of(last) + timedelta(days=DAYS_PER_WEEK - 1)
        count = max(0, (self.end - self.start).days + 1) // DAYS_PER_WEEK
        self.weeks = tuple(self.start + timedelta(weeks=number) for number in range(count))

    def week_of(self, day: Any) -> Any:
        """Write the number of a day's week, for the database to group by."""
        later = [(day < monday, number) for number, monday in enumerate(self.weeks[1:])]
        return case(*later, else_=len(self.weeks) - 1) if later else literal(0)

    def counts(self, brought: list[tuple[Any, ...]], met: list[tuple[Any, ...]]) -> WeeklyCounts:
        """Put rows of key, number of week and figures in order."""
        keys = tuple(sorted({row[0] for row in brought}))
        rows = {name: row for row, name in enumerate(keys)}

        def fill(found: list[tuple[Any, ...]], figure: int) -> NDArray[np.int64]:
            counts = np.zeros((len(keys), len(self.weeks)), dtype=np.int64)
            # Where nothing is grouped the database answers a row of nothing.
            found = [row for row in found if row[0] in rows]
            if found:
                at = [rows[row[0]] for row in found]
                week = [row[1] for row in found]
                np.add.at(counts, (at, week), [int(row[figure] or 0) for row in found])
            return counts

        return WeeklyCounts(
            keys,
            self.weeks,
            reached=fill(met, 2),
            sessions=fill(brought, 2),
            signups=fill(brought, 3),
            paid=fill(brought, 4),
        )


def _brought(scope: Scope, key: Any, span: _Span) -> Any:
    day = col(SessionReport.held_on)
    query = select(
        key.label("key"),
        span.week_of(day).label("week"),
        func.count(),
        func.sum(SessionReport.signups),
        func.sum(SessionReport.paid),
    ).select_from(Visit)
    days = day.between(span.start, span.end)
    return current_reports(query, scope).where(days).group_by("key", "week")


def _first_met(scope: Scope, span: _Span) -> Any:
    """Tell on which day each village met people for the first time, if it was in these weeks."""
    day = func.min(SessionReport.held_on)
    village: Any = col(Visit.village_code).label("village")
    query = select(village, day.label("day")).select_from(Visit)
    firsts = current_reports(query, scope).where(_met()).group_by("village")
    return firsts.having(day.between(span.start, span.end)).subquery()


def _met() -> Any:
    return col(SessionReport.men) + col(SessionReport.women) > 0


def _met_by_region(scope: Scope, level: Level | None, span: _Span) -> Any:
    first = _first_met(scope, span)
    key = func.substr(first.c.village, 1, int(level)) if level else literal("")
    week = span.week_of(first.c.day).label("week")
    return select(key.label("key"), week, func.count()).group_by("key", "week")


def _met_by_team(scope: Scope, team: Any, span: _Span) -> Any:
    first = _first_met(scope, span)
    villages = func.count(col(Visit.village_code).distinct())
    week = span.week_of(first.c.day).label("week")
    query = select(team.label("key"), week, villages).select_from(Visit)
    on_that_day = (first.c.village == col(Visit.village_code)) & (
        first.c.day == col(SessionReport.held_on)
    )
    counted = current_reports(query, scope).where(_met()).join(first, on_that_day)
    return counted.group_by("key", "week")
