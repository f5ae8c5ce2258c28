"""How much time a branch gets: ample, with 8 % to spare, or scarce, six tenths of what it needs."""

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


#: Sessions that the team-days hold, against those of the day-trips that the relaxation needs.
SHARES = {Room.AMPLE: 1.08, Room.SCARCE: 0.60}


def problem_of(cell: Cell, trips: float, room: Room, parameters: Parameters) -> Problem:
    """Give a cell teams and days for a share of its day-trips."""
    teams = max(1, round(len(cell.sites) / VILLAGES_A_TEAM))
    team_days = days_for(cell, SESSIONS * trips * SHARES[room], teams)
    return Problem(cell.sites, team_days, SEED, parameters)


def with_price(problem: Problem, day_price: float) -> Problem:
    """Return the same question, judged or solved with another price of a day."""
    return replace(problem, parameters=replace(problem.parameters, day_price=day_price))


def trips_needed(cell: Cell) -> float:
    """Day-trips of the relaxation, had the cell as many days of three sessions as it likes."""
    return least_trips(Problem(cell.sites, days_for(cell, SESSIONS, 1), SEED, Parameters(0.0)))


def days_for(cell: Cell, sessions: float, teams: int) -> tuple[TeamDay, ...]:
    """Working days of all teams until they hold so many sessions; a Friday holds two."""
    team_days: list[TeamDay] = []
    held = 0
    for day in free_days(ceil(sessions / teams / 2) + 1):
        today = [_team_day(team, day, cell) for team in range(1, teams + 1)]
        team_days += today
        held += sum(sessions_held(one, SESSION_MINUTES) for one in today)
        if held >= sessions:
            break
    return tuple(team_days)


def _team_day(team: int, day: date, cell: Cell) -> TeamDay:
    return TeamDay(team, day, cell.base, SESSIONS, STARTS_MINUTE, STARTS_MINUTE + DAY_MINUTES)


@cache
def free_days(count: int) -> Sequence[date]:
    """First working days from the start on."""
    return workdays(START, START + timedelta(days=2 * count + 60))[:count]
