"""How much time a branch gets: ample, with 8 % of the team-days to spare, or scarce, six tenths."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from math import ceil
from typing import TYPE_CHECKING

from outreach.planning.model import Parameters, Problem, TeamDay
from outreach.planning.network import sessions_held
from outreach.planning.workdays import workdays
from tests.benchmarks.planning.country import DAY_MINUTES, SESSION_MINUTES
from tests.benchmarks.planning.lp import least_trips

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.planning.country import Cell

START = date(2027, 1, 4)
STARTS_MINUTE = 8 * 60
VILLAGES_A_TEAM = 110
SESSIONS = 3
SEED = 1


class Room(StrEnum):
    """How much time there is."""

    AMPLE = "ample"
    SCARCE = "scarce"


#: Team-days, Fridays among them, against the day-trips of three sessions that the relaxation needs.
SHARES = {Room.AMPLE: 1.08, Room.SCARCE: 0.60}


def problem_of(cell: Cell, trips: float, room: Room, parameters: Parameters) -> Problem:
    """Give a cell teams and days for a share of its day-trips."""
    teams = max(1, round(len(cell.sites) / VILLAGES_A_TEAM))
    team_days = days_for(cell, ceil(trips * SHARES[room] / teams), teams)
    return Problem(cell.sites, team_days, SEED, parameters)


def with_price(problem: Problem, day_price: float) -> Problem:
    """Return the same question, judged or solved with another price of a day."""
    return replace(problem, parameters=replace(problem.parameters, day_price=day_price))


def trips_needed(cell: Cell) -> float:
    """Day-trips of the relaxation, had the cell as many days of three sessions as it likes."""
    return least_trips(Problem(cell.sites, days_for(cell, 1, 1), SEED, Parameters(0.0)))


def days_for(cell: Cell, days: int, teams: int) -> tuple[TeamDay, ...]:
    """So many working days of all teams; a Friday holds two sessions at the most."""
    return tuple(
        _team_day(team, day, cell) for day in free_days(days) for team in range(1, teams + 1)
    )


def days_that_hold(cell: Cell, sessions: float, teams: int) -> tuple[TeamDay, ...]:
    """Working days of all teams until they hold so many sessions; a Friday holds two."""
    days = held = 0
    while held < sessions:
        days += 1
        today = _team_day(1, free_days(days)[-1], cell)
        held += teams * sessions_held(today, SESSION_MINUTES)
    return days_for(cell, max(1, days), teams)


def _team_day(team: int, day: date, cell: Cell) -> TeamDay:
    return TeamDay(team, day, cell.base, SESSIONS, STARTS_MINUTE, STARTS_MINUTE + DAY_MINUTES)


@cache
def free_days(count: int) -> Sequence[date]:
    """First working days from the start on."""
    return workdays(START, START + timedelta(days=2 * count + 60))[:count]
