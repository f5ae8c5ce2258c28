"""The national path to the agency's goal: published points, published goals, what lies between."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from outreach.villages.source import TABLES, RegistryFault

if TYPE_CHECKING:
    from pathlib import Path

#: Days of a month in the mean, to tell a pace by the month.
DAYS_A_MONTH = 365.25 / 12


@dataclass(frozen=True, slots=True)
class Point:
    """How many workers were active participants on a day.

    `informal` counts those of them who are informal, if that was told. One that `is_derived` was
    worked out from published shares: an estimate.
    """

    as_of: date
    total: int
    source: str
    informal: int | None = None
    is_derived: bool = False


@dataclass(frozen=True, slots=True)
class Goal:
    """How many active participants there are to be on a day."""

    by: date
    total: int
    source: str


@dataclass(frozen=True, slots=True)
class NationalPath:
    """What was published, in order of the days."""

    points: tuple[Point, ...]
    goals: tuple[Goal, ...]

    def latest(self, today: date) -> Point | None:
        """Return the newest point known on a day."""
        return max(
            (point for point in self.points if point.as_of <= today),
            key=lambda point: point.as_of,
            default=None,
        )

    def next_goal(self, today: date) -> Goal | None:
        """Return the goal that is still to come; none after the last one."""
        return min(
            (goal for goal in self.goals if goal.by >= today),
            key=lambda goal: goal.by,
            default=None,
        )


@dataclass(frozen=True, slots=True)
class Way:
    """The straight way from the newest point to the next goal.

    Nobody has published where the nation stands since `start`: every figure of it is an estimate.
    """

    start: Point
    goal: Goal

    @property
    def missing(self) -> int:
        """Participants between the newest point and the goal; none once it is reached."""
        return max(0, self.goal.total - self.start.total)

    @property
    def a_month(self) -> float:
        """Participants that every month from the newest point on has to bring."""
        return self.missing / ((self.goal.by - self.start.as_of).days / DAYS_A_MONTH)

    def expected(self, day: date) -> float:
        """Participants there would be on a day, were every day to bring the same."""
        whole = (self.goal.by - self.start.as_of).days
        gone = min(max(0, (day - self.start.as_of).days), whole)
        return self.start.total + self.missing * gone / whole


def way_on(path: NationalPath, today: date) -> Way | None:
    """Tell the way that is to be gone; none without a goal to come or a point to start from."""
    start, goal = path.latest(today), path.next_goal(today)
    if start is None or goal is None or start.as_of >= goal.by:
        return None
    return Way(start, goal)


def pace_between(points: tuple[Point, ...]) -> float | None:
    """Tell the participants a month between the last two points; none with fewer than two."""
    if len(points) < 2:
        return None
    before, last = points[-2:]
    return (last.total - before.total) / ((last.as_of - before.as_of).days / DAYS_A_MONTH)


@cache
def read_path(file: Path | None = None) -> NationalPath:
    """Read the published points and goals.

    Raises
    ------
    RegistryFault
        If the file cannot be read, or holds a day twice or out of order.
    """
    named = file or TABLES / "path.toml"
    try:
        told = tomllib.loads(named.read_text(encoding="utf-8"))
        points = tuple(Point(**facts) for facts in told["points"])
        goals = tuple(Goal(**facts) for facts in told["goals"])
        _check([point.as_of for point in points])
        _check([goal.by for goal in goals])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RegistryFault(problem="figures_unreadable", file=named.name) from error
    return NationalPath(points, goals)


def _check(days: list[date]) -> None:
    if not all(type(day) is date for day in days) or days != sorted(set(days)):
        raise ValueError("the days must stand in order, each once")
