"""Small problems around Surakarta, varied by replacing one thing."""

from __future__ import annotations

import random
from datetime import date

from outreach.planning.model import Parameters, Point, Problem, Site, TeamDay
from outreach.planning.workdays import workdays

SURAKARTA = Point(-7.57, 110.82, "33.72", 1)
MONDAY = date(2027, 1, 11)
FRIDAY = date(2027, 1, 15)
EIGHT = 8 * 60
FIVE = 17 * 60


def point(north_km: float = 0.0, east_km: float = 0.0, island: int = 1) -> Point:
    """Build a point so many kilometres from Surakarta, in the countryside."""
    return Point(-7.57 + north_km / 111.2, 110.82 + east_km / 110.2, "33.11", island)


def site(number: int, at: Point | None = None, **changes: object) -> Site:
    facts: dict[str, object] = {"value": 50.0, **changes}
    code = f"33.11.{1 + number // 10:02d}.{2001 + number}"
    return Site(code, at or point(number % 7, number // 7), **facts)  # type: ignore[arg-type]


def team_day(team: int = 1, day: date = MONDAY, **changes: object) -> TeamDay:
    facts: dict[str, object] = {
        "base": SURAKARTA,
        "sessions": 3,
        "starts_minute": EIGHT,
        "ends_minute": FIVE,
        **changes,
    }
    return TeamDay(team, day, **facts)  # type: ignore[arg-type]


def team_days(teams: int, days: int, start: date = MONDAY, **changes: object) -> list[TeamDay]:
    free = workdays(start, date(start.year, 12, 31))[:days]
    return [team_day(team, day, **changes) for day in free for team in range(1, teams + 1)]


def scattered(count: int, seed: int = 1, wide_km: float = 12.0) -> list[Site]:
    draw = random.Random(seed)
    return [
        site(
            number,
            point(draw.gauss(0, wide_km), draw.gauss(0, wide_km)),
            value=draw.lognormvariate(4, 0.6),
        )
        for number in range(count)
    ]


def problem(sites: list[Site], days: list[TeamDay], rounds: int = 60, seed: int = 1) -> Problem:
    return Problem(tuple(sites), tuple(days), seed, Parameters(rounds=rounds))
