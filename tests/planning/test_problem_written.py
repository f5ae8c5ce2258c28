"""A problem written down as a file and read again is the same problem."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
from hypothesis import HealthCheck, assume, given, settings

from outreach.planning.assign import assign
from outreach.planning.model import Access, Hours, Pin, Point, Problem, TravelTable
from outreach.planning.problem_file import file_of, read_problem, row_point
from outreach.planning.travel import travel_minutes
from tests.planning.builders import FRIDAY, MONDAY, SURAKARTA, site, team_day
from tests.planning.strategies import problems

TUESDAY, WEEK = MONDAY + timedelta(days=1), timedelta(weeks=1)


@given(problems())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_problem_written_down_and_read_again_is_the_same(asked: Problem) -> None:
    hours = [each for one in asked.sites for each in (one.hours, *one.hours_on.values())]
    assume(all(one.opens_minute < one.closes_minute for one in hours))
    again = read_problem(file_of(asked).model_dump_json().encode())[0]
    days = sorted(asked.team_days, key=lambda one: (one.day, one.team_id))
    parameters = replace(asked.parameters, rounds=asked.parameters.rounds_of_steps)
    before = replace(asked, team_days=tuple(days), parameters=parameters)
    assert with_places(again) == with_places(before)


def with_places(problem: Problem) -> Problem:
    """Give what has no place one: not a number equals nothing, not even itself."""
    sites = (
        one if math.isfinite(one.point.latitude) else replace(one, point=row_point(0))
        for one in problem.sites
    )
    return replace(problem, sites=tuple(sites))


def test_hours_pins_soft_days_and_measured_ways_survive_being_written() -> None:
    places = (row_point(0), row_point(1))
    table = TravelTable(places, np.array([[0, 7], [7, 0]]), "stopwatch")
    whole = site(
        1,
        places[1],
        hours=Hours(480, 720),
        hours_on={FRIDAY: Hours(500, 1440)},
        day_costs={MONDAY: 30},
        closed_days=frozenset({TUESDAY}),
        pin=Pin(1, MONDAY, 540),
    )
    asked = Problem((whole,), (team_day(base=places[0]),), 7, travel=table)
    again, notes = read_problem(file_of(asked).model_dump_json().encode())
    assert replace(again, travel=None) == replace(asked, travel=None)
    assert again.travel is not None
    assert again.travel.minutes.tolist() == table.minutes.tolist()
    assert (again.travel.source, notes.shortened_pairs) == ("stopwatch", 0)


def test_how_a_place_is_reached_survives_too() -> None:
    by_boat = replace(site(1), point=replace(site(1).point, access=Access.BOAT, island=4))
    asked = Problem((by_boat,), (team_day(),), 7)
    assert read_problem(file_of(asked).model_dump_json().encode())[0] == asked


def test_days_off_survive_too() -> None:
    off = {1: frozenset({TUESDAY}), 2: frozenset()}
    days = team_day(), team_day(day=FRIDAY), team_day(2, sessions=1), team_day(1, MONDAY + WEEK)
    asked = Problem((site(1),), (*days, team_day(1, FRIDAY + WEEK, sessions=2)), 1, rests=off)
    again = read_problem(file_of(asked).model_dump_json().encode())[0]
    assert again.rests == {1: off[1]}
    assert again.away == {}


def test_days_of_stays_in_other_plans_survive_too() -> None:
    away = {1: frozenset({TUESDAY, TUESDAY + WEEK}), 2: frozenset({FRIDAY})}
    days = team_day(), team_day(day=FRIDAY, sessions=1), team_day(2)
    asked = Problem((site(1),), days, 1, away=away)
    assert read_problem(file_of(asked).model_dump_json().encode())[0].away == away


def test_ways_that_were_not_measured_are_written_as_they_are_estimated() -> None:
    near, far, nowhere = site(1), site(30), site(2, Point(math.nan, math.nan, "33.11", 1))
    table = TravelTable((SURAKARTA, near.point), np.array([[0, 7], [7, 0]]), "stopwatch")
    asked = Problem((near, far, nowhere), (team_day(),), 7, travel=table)
    again = read_problem(file_of(asked).model_dump_json().encode())[0]
    assert again.travel is not None
    assert again.travel.minutes[0, 1] == 7
    assert again.travel.minutes[0, 2] == travel_minutes(SURAKARTA, far.point)
    assert math.isnan(again.sites[2].point.latitude)
    visits = [(one.code, one.starts_minute) for one in assign(again).visits]
    assert visits == [(one.code, one.starts_minute) for one in assign(asked).visits]
