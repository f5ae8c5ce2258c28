"""What each week brought: villages met for the first time, sessions, sign-ups, paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import String, cast, func, literal, select
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
    if level is None:
        found = weekly_by(db, scope, literal(""), first=first, last=last)
        return regroup(found, dict.fromkeys(found.keys, ""), ("",))
    key = func.substr(col(Visit.village_code), 1, int(level))
    return weekly_by(db, scope, key, first=first, last=last)


def weekly_by_team(db: Session, scope: Scope, *, first: date, last: date) -> WeeklyCounts:
    """Count by week and team; the keys are the teams' ids as text.

    A village counts as reached for the team, or the teams, that met it on its first day.
    """
    return weekly_by(db, scope, cast(col(Visit.team_id), String), first=first, last=last)


def weekly_by(db: Session, scope: Scope, key: Any, *, first: date, last: date) -> WeeklyCounts:
    """Count by week and by *key*, a text made of the columns of a visit."""
    start, end = monday_of(first), monday_of(last) + timedelta(days=DAYS_PER_WEEK - 1)
    brought = [tuple(row) for row in db.execute(_brought(scope, key, start, end))]
    met = [tuple(row) for row in db.execute(_met_first(scope, key, start, end))]
    keys = tuple(sorted({row[0] for row in brought}))
    span = max(0, (end - start).days + 1) // DAYS_PER_WEEK
    weeks = tuple(start + timedelta(weeks=number) for number in range(span))
    shape = _Shape({name: row for row, name in enumerate(keys)}, start, len(weeks))
    return WeeklyCounts(
        keys,
        weeks,
        reached=shape.fill(met, 2),
        sessions=shape.fill(brought, 2),
        signups=shape.fill(brought, 3),
        paid=shape.fill(brought, 4),
    )


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


@dataclass(frozen=True, slots=True)
class _Shape:
    """Where a key and a day stand in the counts."""

    rows: dict[str, int]
    start: date
    weeks: int

    def fill(self, found: list[tuple[Any, ...]], figure: int) -> NDArray[np.int64]:
        """Add up one figure of rows of key, day and figures."""
        counts = np.zeros((len(self.rows), self.weeks), dtype=np.int64)
        if found:
            at = [self.rows[row[0]] for row in found]
            week = [(row[1] - self.start).days // DAYS_PER_WEEK for row in found]
            np.add.at(counts, (at, week), [int(row[figure] or 0) for row in found])
        return counts


def _brought(scope: Scope, key: Any, start: date, end: date) -> Any:
    query = select(
        key.label("key"),
        col(SessionReport.held_on),
        func.count(),
        func.sum(SessionReport.signups),
        func.sum(SessionReport.paid),
    ).select_from(Visit)
    days = col(SessionReport.held_on).between(start, end)
    return current_reports(query, scope).where(days).group_by("key", SessionReport.held_on)


def _met_first(scope: Scope, key: Any, start: date, end: date) -> Any:
    """Count the villages that met people for the first time, by key and day."""
    met = col(SessionReport.men) + col(SessionReport.women) > 0
    day = func.min(SessionReport.held_on)
    village: Any = col(Visit.village_code).label("village")
    firsts = select(village, day.label("day")).select_from(Visit)
    firsts = current_reports(firsts, scope).where(met).group_by("village")
    first = firsts.having(day.between(start, end)).subquery()
    query = current_reports(
        select(
            key.label("key"),
            col(SessionReport.held_on),
            func.count(col(Visit.village_code).distinct()),
        ).select_from(Visit),
        scope,
    ).where(met)
    return query.join(
        first,
        (first.c.village == col(Visit.village_code)) & (first.c.day == col(SessionReport.held_on)),
    ).group_by("key", SessionReport.held_on)
