"""Problems of every shape, for properties that hold for all of them."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from outreach.planning.model import Parameters, Problem
from tests.planning.builders import MONDAY, SURAKARTA, point, site, team_days

if TYPE_CHECKING:
    from outreach.planning.model import Point

CLOSED = st.frozensets(st.integers(0, 12).map(lambda n: MONDAY + timedelta(days=n)), max_size=9)


@st.composite
def places(draw: st.DrawFn) -> Point:
    """Draw near and far places, some over sea, some unknown."""
    km = st.floats(-140, 140)
    at = point(draw(km), draw(km), draw(st.sampled_from((1, 1, 1, 2))))
    return replace(at, latitude=math.nan) if draw(st.integers(0, 19)) == 0 else at


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Draw small problems of every shape: hours, bases, sessions, closed days, no teams."""
    sites = [
        site(
            number,
            draw(places()),
            value=draw(st.floats(0, 5_000)),
            session_minutes=draw(st.sampled_from((45, 90, 120, 120, 240))),
            closed_days=draw(CLOSED) if draw(st.booleans()) else frozenset(),
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
    parameters = Parameters(draw(st.sampled_from((0.0, 0.5, 1.0))), draw(st.integers(0, 30)))
    return Problem(tuple(sites), tuple(days), draw(st.integers(0, 2**40)), parameters)
