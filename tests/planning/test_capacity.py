from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from outreach.planning.assign import assign
from outreach.planning.capacity import team_days_needed, verdict
from outreach.planning.cures import CureKind, cures_of, with_more
from outreach.planning.filling import network_for
from outreach.planning.hubs import ordinary_day
from outreach.planning.network import SHORTEST_LEG_MINUTES, kinds_of
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
    from outreach.planning.model import Point, Problem, Site, TeamDay


@pytest.mark.parametrize(("seed", "teams", "days"), [(1, 2, 12), (2, 2, 26), (3, 3, 8), (4, 1, 9)])
def test_the_verdict_comes_close_to_the_plan(seed: int, teams: int, days: int) -> None:
    sites, slots = scattered(100, seed, 18), team_days(teams, days)
    placed = len(assign(problem(sites, slots, rounds=150)).visits)
    told = verdict(sites, slots)
    assert min(told.sessions_possible, 100) == pytest.approx(placed, rel=0.12)
    assert told.shortfall == max(0, 100 - told.sessions_possible)


def test_the_last_villages_wait_for_the_few_days_that_reach_them() -> None:
    there = point(200, 0)
    left = [site(n, point(200, n)) for n in range(30)]
    few = [
        replace(one, team_id=2, base=there) for one in team_days(1, 12) if one.day.weekday() == 2
    ]
    rare, alone = verdict(left, [*team_days(1, 12), *few]), verdict(left, few)
    assert rare.waits_for_few
    assert not alone.waits_for_few
    assert rare.last_day is not None


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
        hopeless = [one for one in beyond if not _may_be_visited_by_stay(one.code, asked)]
        assert told.out_of_reach == len(hopeless) + len(without_place(waiting))
        assert told.by_stay <= len(beyond) - len(hopeless)
        assert told.stay_team_days <= told.team_days


def _may_be_visited_by_stay(code: str, asked: Problem) -> bool:
    """Whether a village beyond a day's reach is open on some day and its session fits into one."""
    (village,) = (one for one in asked.sites if one.code == code)
    least = 2 * SHORTEST_LEG_MINUTES + village.session_minutes
    open_days = {one.day for one in asked.team_days} - village.closed_days
    network = network_for([village], asked.team_days)
    kinds = kinds_of(network, asked.team_days).values()
    is_far = not any(network.reaches(kind, 0) for kind in kinds)
    return is_far and least <= ordinary_day(asked.team_days).minutes and bool(open_days)


def test_a_stage_with_room_has_no_shortfall() -> None:
    told = verdict(scattered(10, wide_km=3), team_days(2, 6))
    assert (told.villages, told.out_of_reach, told.shortfall) == (10, 0, 0)
    assert told.team_days_needed == 4
    assert told.sessions_possible > 10
    # Two teams a day.
    assert told.last_day == MONDAY + timedelta(days=1)


def test_the_last_day_is_not_that_of_a_base_that_works_on_while_another_is_idle() -> None:
    slots = [
        replace(one, base=point(0, 20)) if one.team_id == 2 else one for one in team_days(2, 20)
    ]
    told = verdict(scattered(45, wide_km=3), slots)
    assert told.team_days_needed <= 18
    assert told.last_day is not None
    assert told.last_day <= sorted(one.day for one in slots)[told.team_days_needed + 2]


def test_the_last_day_comes_before_as_many_days_as_the_nearest_base_alone_would_take() -> None:
    """The other team holds three where that base holds one."""
    sites = [site(n, point(0, n / 5)) for n in range(3)]
    sites += [site(10 + n, point(0, 30 + n / 5)) for n in range(6)]
    slots = [
        replace(one, base=point(0, 31), sessions=1) if one.team_id == 2 else one
        for one in team_days(2, 8)
    ]
    told = verdict(sites, slots)
    # One day of the first team, six of the other.
    assert told.team_days_needed == 7
    # Three days of the first team and two of the other hold all nine.
    assert told.last_day == MONDAY + timedelta(days=2)


def test_fridays_hold_less() -> None:
    sites = [site(n) for n in range(6)]
    assert verdict(sites, [team_day(), team_day(2)]).sessions_possible == 6
    assert verdict(sites, [team_day(day=FRIDAY), team_day(2, FRIDAY)]).sessions_possible == 4


def test_villages_out_of_reach_are_counted_apart() -> None:
    nowhere = replace(site(0), point=replace(point(), latitude=math.nan))
    shut = site(2, closed_days=frozenset({MONDAY}))
    endless = site(4, point(300), session_minutes=1000)
    told = verdict([nowhere, endless, shut, site(3)], [team_day()])
    assert (told.villages, told.out_of_reach, told.shortfall) == (4, 3, 0)


def test_nothing_within_reach_leaves_nothing_to_hold() -> None:
    told = verdict([site(1, point(300), session_minutes=1000)], [team_day()])
    assert (told.out_of_reach, told.sessions_possible, told.shortfall) == (1, 0, 0)


def test_a_village_beyond_a_days_reach_is_short_of_days_as_long_as_there_are_too_few() -> None:
    far = site(1, point(300))
    short = verdict([far], team_days(1, 2))
    assert (short.by_stay, short.out_of_reach, short.shortfall) == (0, 0, 1)
    assert short.team_days_needed == 5
    enough = verdict([far], team_days(1, short.team_days_needed))
    assert (enough.by_stay, enough.stays, enough.shortfall) == (1, 1, 0)
    assert enough.stay_team_days == 5
    assert enough.last_day == MONDAY + timedelta(days=4)


@pytest.mark.parametrize(("seed", "teams", "days"), [(1, 2, 24), (2, 3, 20), (3, 1, 30)])
def test_stays_are_estimated_as_they_are_planned(seed: int, teams: int, days: int) -> None:
    sites, slots = _with_far_ones(seed), team_days(teams, days)
    plan = assign(problem(sites, slots, rounds=60))
    told = verdict(sites, slots)
    away = {(stay.team_id, day) for stay in plan.stays for day in stay.session_days}
    visited = [one for one in plan.visits if (one.team_id, one.day) in away]
    assert told.by_stay == len(visited) == 12
    assert told.stays == len(plan.stays)
    taken = sum(len(one.travel_days) + len(one.session_days) for one in plan.stays)
    assert told.stay_team_days == pytest.approx(taken, abs=2)
    assert told.shortfall == len(plan.unplaced) == 0
    assert told.team_days_needed == pytest.approx(plan.team_days_used, rel=0.15)


def test_ordinary_villages_have_the_days_that_no_stay_takes() -> None:
    sites, slots = _with_far_ones(1), team_days(2, 11)
    told = verdict(sites, slots)
    placed = len(assign(problem(sites, slots, rounds=60)).visits)
    assert told.shortfall > 0
    assert told.sessions_possible == pytest.approx(placed, rel=0.12)
    assert told.sessions_possible + told.shortfall == told.villages


def test_every_cure_finds_room_for_the_stays_as_well() -> None:
    sites, slots = _with_far_ones(2), team_days(2, 24)
    few, later = slots[:20], slots[20:]
    told = verdict(sites, few)
    cures = {one.kind: one for one in cures_of(told, sites, few, later)}
    longer = cures[CureKind.LONGER_STAGE]
    until = [one for one in slots if longer.until is not None and one.day <= longer.until]
    assert verdict(sites, until).shortfall == 0 < told.shortfall
    assert verdict(sites, until[:-2]).shortfall > 0
    more = with_more(few, teams=cures[CureKind.ADD_TEAMS].amount)
    cured = verdict(sites, more)
    assert (cured.shortfall, cured.by_stay) == (0, 12)


def _with_far_ones(seed: int) -> list[Site]:
    """Thirty villages around the base, and twelve together beyond a day's reach."""
    there = [
        replace(one, code=f"33.14.01.{2001 + number}", point=_moved(one.point, 250))
        for number, one in enumerate(scattered(12, seed, 6))
    ]
    return [*scattered(30, seed, 12), *there]


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


def _moved(at: Point, km: float = 70) -> Point:
    return replace(at, latitude=at.latitude + km / 111.2, longitude=at.longitude + km / 110.2)


def test_a_day_on_which_a_village_is_closed_does_not_hold_it() -> None:
    shut = [site(n, closed_days=frozenset({MONDAY})) for n in range(6)]
    assert verdict(shut, team_days(1, 2)).shortfall == 3
    assert verdict(shut, team_days(1, 3)).shortfall == 0
