from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from outreach.planning.assign import assign
from outreach.planning.capacity import network_for, team_days_needed, verdict
from outreach.planning.network import kinds_of
from outreach.planning.reasons import out_of_reach, without_place
from tests.planning.builders import (
    FRIDAY,
    MONDAY,
    point,
    problem,
    scattered,
    site,
    team_day,
    team_days,
)
from tests.planning.strategies import problems

if TYPE_CHECKING:
    from outreach.planning.model import Point, Problem, TeamDay


@pytest.mark.parametrize(("seed", "teams", "days"), [(1, 2, 12), (2, 2, 26), (3, 3, 8), (4, 1, 9)])
def test_the_verdict_comes_close_to_the_plan(seed: int, teams: int, days: int) -> None:
    sites, slots = scattered(100, seed, 18), team_days(teams, days)
    placed = len(assign(problem(sites, slots, rounds=150)).visits)
    told = verdict(sites, slots)
    assert min(told.sessions_possible, 100) == pytest.approx(placed, rel=0.12)
    assert told.shortfall == max(0, 100 - told.sessions_possible)


@given(problems())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_verdict_always_comes_and_adds_up(asked: Problem) -> None:
    told = verdict(asked.sites, asked.team_days)
    within = told.villages - told.out_of_reach
    assert told.villages == len(asked.sites)
    assert told.shortfall == max(0, within - told.sessions_possible)
    assert (told.team_days_needed > told.team_days) == (told.shortfall > 0) or not asked.team_days
    if told.last_day is not None:
        assert (told.last_day > max(one.day for one in asked.team_days)) == (told.shortfall > 0)
    if asked.team_days:
        waiting = [one for one in asked.sites if one.pin is None]
        network = network_for(waiting, asked.team_days)
        beyond = out_of_reach(network, kinds_of(network, asked.team_days))
        assert told.out_of_reach == len(beyond) + len(without_place(waiting))


def test_a_stage_with_room_has_no_shortfall() -> None:
    told = verdict(scattered(10, wide_km=3), team_days(2, 6))
    assert (told.villages, told.out_of_reach, told.shortfall) == (10, 0, 0)
    assert told.team_days_needed == 4
    assert told.sessions_possible > 10
    # Two teams a day.
    assert told.last_day == MONDAY + timedelta(days=1)


def test_fridays_hold_less() -> None:
    sites = [site(n) for n in range(6)]
    assert verdict(sites, [team_day(), team_day(2)]).sessions_possible == 6
    assert verdict(sites, [team_day(day=FRIDAY), team_day(2, FRIDAY)]).sessions_possible == 4


def test_villages_out_of_reach_are_counted_apart() -> None:
    nowhere = replace(site(0), point=replace(point(), latitude=math.nan))
    shut = site(2, closed_days=frozenset({MONDAY}))
    told = verdict([nowhere, site(1, point(300)), shut, site(3)], [team_day()])
    assert (told.villages, told.out_of_reach, told.shortfall) == (4, 3, 0)


def test_nothing_within_reach_leaves_nothing_to_hold() -> None:
    told = verdict([site(1, point(300))], [team_day()])
    assert (told.out_of_reach, told.sessions_possible, told.shortfall) == (1, 0, 0)


def test_without_team_days_everything_falls_short_and_nothing_is_promised() -> None:
    told = verdict([site(0), site(1)], [])
    assert (told.sessions_possible, told.shortfall) == (0, 2)
    assert verdict([], team_days(1, 1)).villages == 0


def test_the_need_of_no_site_or_no_team_is_nothing() -> None:
    assert team_days_needed([], [team_day()]) == 0
    assert team_days_needed([site(0)], []) == 0
    assert team_days_needed([site(0, point(300))], [team_day()]) == 0
    assert team_days_needed([site(n) for n in range(4)], [team_day()]) == 2


def test_two_bases_are_each_filled_from_nearby() -> None:
    far = point(150, 0)
    sites = [site(n, point(n)) for n in range(3)] + [site(3 + n, point(150 + n)) for n in range(3)]
    days = [team_day(1), team_day(2, base=far)]
    assert verdict(sites, days).sessions_possible == 6


def test_no_team_day_is_counted_that_holds_nothing() -> None:
    # The team in the south is too far from everything.
    days = [
        *team_days(1, 9),
        *(replace(one, team_id=2) for one in team_days(1, 9, base=point(-90))),
    ]
    told = verdict([site(n, point(60 + n)) for n in range(6)], days)
    assert (told.team_days_needed, told.shortfall) == (len(_used(days)), 0)


def _used(days: list[TeamDay]) -> set[tuple[int, date]]:
    plan = assign(problem([site(n, point(60 + n)) for n in range(6)], days))
    assert len(plan.visits) == 6
    return {(visit.team_id, visit.day) for visit in plan.visits}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_village_is_left_to_the_base_that_is_nearest(seed: int) -> None:
    far = point(70, 70)
    near = scattered(30, seed, 8)
    there = [
        replace(one, code=f"33.14.01.{number:04d}", point=_moved(one.point))
        for number, one in enumerate(scattered(30, seed + 10, 8), start=2001)
    ]
    days = [*team_days(3, 12), *(replace(one, team_id=9) for one in team_days(1, 40, base=far))]
    needed = assign(problem(near + there, days, rounds=150)).team_days_used
    assert verdict(near + there, days).team_days_needed == pytest.approx(needed, rel=0.1)


def _moved(at: Point) -> Point:
    return replace(at, latitude=at.latitude + 70 / 111.2, longitude=at.longitude + 70 / 110.2)


def test_a_day_on_which_a_village_is_closed_does_not_hold_it() -> None:
    shut = [site(n, closed_days=frozenset({MONDAY})) for n in range(6)]
    assert verdict(shut, team_days(1, 2)).shortfall == 3
    assert verdict(shut, team_days(1, 3)).shortfall == 0
