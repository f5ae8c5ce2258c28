"""Problems of every shape, for properties that hold for all of them."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from outreach.planning.model import Hours, Parameters, Pin, Problem
from tests.planning.builders import MONDAY, SURAKARTA, point, site, team_days

if TYPE_CHECKING:
    from outreach.planning.model import Point, Site, TeamDay

DAYS = st.integers(0, 12).map(lambda number: MONDAY + timedelta(days=number))
CLOSED = st.frozensets(DAYS, max_size=9)
HOURS = st.builds(Hours, st.sampled_from((0, 480, 540, 780)), st.sampled_from((720, 900, 1440)))


@st.composite
def places(draw: st.DrawFn) -> Point:
    """Draw near and far places, some over sea, some unknown."""
    km = st.floats(-140, 140)
    at = point(draw(km), draw(km), draw(st.sampled_from((1, 1, 1, 2))))
    return replace(at, latitude=math.nan) if draw(st.integers(0, 19)) == 0 else at


@st.composite
def wishes(draw: st.DrawFn) -> dict[str, object]:
    """Draw what a village asks for: its hours, those of some days, days it would rather not."""
    return {
        "hours": draw(HOURS),
        "hours_on": draw(st.dictionaries(DAYS, HOURS, max_size=2)),
        "day_costs": draw(st.dictionaries(DAYS, st.integers(0, 600), max_size=4)),
    }


def with_pins(draw: st.DrawFn, sites: list[Site], days: list[TeamDay]) -> list[Site]:
    """Let some visits stand: most on a day of a team, some on none, some against the rules."""
    found = list(sites)
    for number, one in enumerate(sites):
        pinned = draw(st.integers(0, 5)) == 0 and not math.isnan(one.point.latitude)
        if pinned and days:
            on = draw(st.sampled_from(days))
            start = draw(st.sampled_from((485, 500, 560, 690, 810, 900)))
            day = draw(st.sampled_from((on.day, on.day, on.day, MONDAY + timedelta(days=6))))
            found[number] = replace(one, pin=Pin(on.team_id, day, start))
    return found


@st.composite
def problems(draw: st.DrawFn, *, pins: bool = False) -> Problem:
    """Draw small problems of every shape: hours, bases, sessions, closed days, no teams."""
    sites = [
        site(
            number,
            draw(places()),
            value=draw(st.floats(0, 5_000)),
            session_minutes=draw(st.sampled_from((45, 90, 120, 120, 240))),
            closed_days=draw(CLOSED) if draw(st.booleans()) else frozenset(),
            **(draw(wishes()) if draw(st.integers(0, 2)) == 0 else {}),
        )
        for number in range(draw(st.integers(0, 14)))
    ]
    days = []
    for team in range(1, draw(st.integers(0, 3)) + 1):
        base = draw(st.sampled_from((SURAKARTA, point(30, 30), point(5, 5, 2))))
        starts = draw(st.sampled_from((420, 480, 480, 600, 820)))
        days += team_days(
            1,
            draw(st.integers(0, 7)),
            base=base,
            sessions=draw(st.integers(1, 3)),
            starts_minute=starts,
            ends_minute=starts + draw(st.sampled_from((100, 240, 540, 540, 660))),
        )
        days = [replace(one, team_id=team) if one.team_id == 1 else one for one in days]
        days = list({(one.team_id, one.day): one for one in days}.values())
    parameters = Parameters(
        draw(st.sampled_from((0.0, 0.5, 1.0))),
        draw(st.integers(0, 30)),
        togetherness=draw(st.sampled_from((0.0, 0.0, 40.0))),
    )
    if pins:
        sites = with_pins(draw, sites, days)
    return Problem(tuple(sites), tuple(days), draw(st.integers(0, 2**40)), parameters)
