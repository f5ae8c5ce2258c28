from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from outreach.planning.assign import assign
from outreach.planning.capacity import Cure, CureKind, team_days_needed, verdict
from outreach.planning.model import Parameters, Problem, Reason
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
    assert len(told.cures) <= 3
    if told.last_day is not None:
        assert (told.last_day > max(one.day for one in asked.team_days)) == (told.shortfall > 0)
    assert all(cure.amount > 0 for cure in told.cures)
    if asked.team_days:
        far = {Reason.NO_PLACE, Reason.TOO_FAR, Reason.ALWAYS_CLOSED}
        unplaced = assign(replace(asked, parameters=Parameters(rounds=0))).unplaced
        assert told.out_of_reach == sum(one.reason in far for one in unplaced)


def test_a_stage_with_room_needs_no_cure() -> None:
    told = verdict(scattered(10, wide_km=3), team_days(2, 6))
    assert (told.villages, told.out_of_reach, told.shortfall, told.cures) == (10, 0, 0, ())
    assert told.team_days_needed == 4
    assert told.sessions_possible > 10
    # Two teams a day.
    assert told.last_day == MONDAY + timedelta(days=1)


def test_a_shortfall_comes_with_the_three_cheapest_cures() -> None:
    slots = team_days(2, 4, sessions=2)
    told = verdict([site(n) for n in range(20)], slots)
    assert told.sessions_possible == 16
    assert told.cures == (
        Cure(CureKind.MORE_SESSIONS, 1),
        Cure(CureKind.LONGER_STAGE, 1, date(2027, 1, 15)),
        Cure(CureKind.ADD_TEAMS, 1),
    )


def test_more_sessions_are_only_offered_where_they_suffice() -> None:
    kinds = {
        cure.kind
        for cure in verdict([site(n) for n in range(60)], team_days(2, 4, sessions=2)).cures
    }
    # Nor six teams more than two.
    assert kinds == {CureKind.LONGER_STAGE, CureKind.LOWER_QUOTA}


def test_a_cure_cures() -> None:
    sites, slots = scattered(80, wide_km=8), team_days(2, 8)
    told = verdict(sites, slots)
    cures = {cure.kind: cure for cure in told.cures}
    longer = cures[CureKind.LONGER_STAGE]
    more_days = team_days(2, 8 + longer.amount)
    assert more_days[-1].day == longer.until
    assert verdict(sites, more_days).shortfall <= 2
    more_teams = team_days(2 + cures[CureKind.ADD_TEAMS].amount, 8)
    assert verdict(sites, more_teams).shortfall <= 2
    assert verdict(sites[: 80 - cures[CureKind.LOWER_QUOTA].amount], slots).shortfall <= 2


def test_a_long_extension_comes_after_a_team_more_and_an_endless_one_not_at_all() -> None:
    many = [site(n) for n in range(80)]
    assert [cure.kind for cure in verdict(many, team_days(1, 14)).cures] == [
        CureKind.ADD_TEAMS,
        CureKind.LONGER_STAGE,
        CureKind.LOWER_QUOTA,
    ]
    endless = verdict([site(n, point(n % 20 / 4)) for n in range(1_000)], [team_day()])
    assert [cure.kind for cure in endless.cures] == [CureKind.LOWER_QUOTA]


def test_cures_beyond_reason_are_left_out() -> None:
    told = verdict([site(n) for n in range(80)], team_days(1, 6))
    # It would take four teams more than the one there is, or 22 days more than six.
    assert told.team_days_needed > 4 * told.team_days
    assert told.cures == (Cure(CureKind.LOWER_QUOTA, told.shortfall),)


def test_few_villages_are_left_to_a_later_stage_before_anything_is_paid_for() -> None:
    told = verdict([site(n) for n in range(95)], team_days(2, 16))
    assert told.shortfall == 3
    assert [cure.kind for cure in told.cures] == [
        CureKind.LOWER_QUOTA,
        CureKind.LONGER_STAGE,
        CureKind.ADD_TEAMS,
    ]


def test_a_team_that_only_works_on_sundays_cannot_be_extended() -> None:
    sunday = team_day(day=date(2027, 1, 17))
    sites = [site(n) for n in range(9)]
    kinds = [cure.kind for cure in verdict(sites, [sunday], [6]).cures]
    assert kinds == [CureKind.ADD_TEAMS, CureKind.LOWER_QUOTA]


def test_the_date_of_a_longer_stage_keeps_to_the_weekdays_worked() -> None:
    many = [site(n) for n in range(60)]
    tuesdays = [one for one in team_days(2, 40) if one.day.weekday() in {1, 6}][:8]
    (longer,) = [c for c in verdict(many, tuesdays).cures if c.kind is CureKind.LONGER_STAGE]
    assert longer.until is not None
    assert longer.until.weekday() == 1
    (longer,) = [c for c in verdict(many, tuesdays, [2]).cures if c.kind is CureKind.LONGER_STAGE]
    assert longer.until is not None
    assert longer.until.weekday() == 2


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
    assert (told.sessions_possible, told.shortfall, told.cures) == (0, 2, ())
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
