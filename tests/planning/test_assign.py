from __future__ import annotations

import math
import os
import random
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from outreach.planning.assign import assign
from outreach.planning.bill import bill_of
from outreach.planning.check import violations
from outreach.planning.model import Hours, Parameters, Pin, Problem, Reason, Remedy, Site, TeamDay
from outreach.planning.network import kinds_of, network_of
from outreach.planning.workdays import holidays_between, is_friday, overlaps_prayers
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
    from outreach.planning.model import Plan


@given(problems())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_plan_keeps_every_rule_and_answers_for_every_village(asked: Problem) -> None:
    plan = assign(asked)
    assert violations(asked, plan) == ()
    answered = [visit.code for visit in plan.visits] + [one.code for one in plan.unplaced]
    assert sorted(answered) == sorted(site.code for site in asked.sites)


@given(problems(pins=True))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_visit_that_stands_never_moves_and_alone_breaks_rules(asked: Problem) -> None:
    plan = assign(asked)
    visits = {one.code: one for one in plan.visits}
    pinned = {site.code: site.pin for site in asked.sites if site.pin is not None}
    for code, pin in pinned.items():
        one = visits[code]
        assert (one.team_id, one.day, one.starts_minute) == (
            pin.team_id,
            pin.day,
            pin.starts_minute,
        )
    held = {(pin.team_id, pin.day) for pin in pinned.values()}
    for broken in violations(asked, plan):
        assert (broken.team_id, broken.day) in held
        with_it = [
            one for one in plan.visits if (one.team_id, one.day) == (broken.team_id, broken.day)
        ]
        assert {one.code for one in with_it} <= pinned.keys()
    answered = [visit.code for visit in plan.visits] + [one.code for one in plan.unplaced]
    assert sorted(answered) == sorted(site.code for site in asked.sites)


@given(problems())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_same_question_has_the_same_answer(asked: Problem) -> None:
    assert assign(asked) == assign(asked)


@given(problems())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_reason_is_true(asked: Problem) -> None:
    of = {site.code: site for site in asked.sites}
    for unplaced in assign(asked).unplaced:
        alone = replace(asked, sites=(of[unplaced.code],))
        (again,) = assign(alone).unplaced or (None,)
        if unplaced.reason is Reason.NO_CAPACITY:
            # Alone it is visited; only a stay may be too long for the whole stage.
            assert again is None or (again.reason is unplaced.reason and is_far(alone))
        else:
            assert again is not None
            assert again.reason is unplaced.reason


def asked_in_full() -> Problem:
    """Build a question with everything: hours, soft days, a pin, a far village, two bases."""
    days = [*team_days(2, 8), *[replace(one, team_id=3) for one in team_days(1, 8, base=point(20))]]
    sites = scattered(40, seed=6)
    sites[3] = replace(sites[3], hours=Hours(540, 900), day_costs={days[0].day: 240})
    sites[4] = replace(sites[4], pin=Pin(1, days[4].day, 600))
    sites[5] = replace(sites[5], point=point(170, 40))
    return Problem(tuple(sites), tuple(days), 5, Parameters(rounds=(40, 900)))


def test_neither_the_order_of_the_question_nor_the_process_changes_the_plan() -> None:
    asked = asked_in_full()
    plan = assign(asked)
    draw = random.Random(1)
    shuffled = replace(
        asked,
        sites=tuple(draw.sample(asked.sites, len(asked.sites))),
        team_days=tuple(draw.sample(asked.team_days, len(asked.team_days))),
    )
    assert assign(shuffled) == plan
    code = (
        "from tests.planning.test_assign import asked_in_full\n"
        "from outreach.planning.assign import assign\n"
        "print(assign(asked_in_full()))"
    )
    for seed in ("1", "2"):
        told = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout.strip() == str(plan)


def test_what_was_planned_by_processor_time_is_planned_again_by_its_rounds() -> None:
    asked = replace(asked_in_full(), parameters=Parameters(cpu_seconds=0.6))
    told: list[tuple[int, int]] = []
    plan = assign(asked, lambda done, whole: told.append((done, whole)))
    assert all(rounds > 0 for rounds in plan.rounds)
    assert told == sorted(told)
    assert {whole for _, whole in told} == {100}
    again = assign(replace(asked, parameters=Parameters(rounds=plan.rounds)))
    assert again == plan


def test_a_soft_day_is_avoided_as_long_as_it_costs_less() -> None:
    days = team_days(1, 2)
    sites = [site(n, point(2 + n), day_costs={MONDAY: 500}) for n in range(3)]
    cheap = assign(Problem(tuple(sites), tuple(days), 1, Parameters(0.0, 40)))
    assert {visit.day for visit in cheap.visits} == {days[1].day}
    alone = assign(Problem(tuple(sites), tuple(days[:1]), 1, Parameters(0.0, 40)))
    assert {visit.day for visit in alone.visits} == {MONDAY}
    assert bill_of(Problem(tuple(sites), tuple(days), 1), alone).soft_s == 3 * 500 * 60


def test_a_session_keeps_the_hours_of_its_village() -> None:
    morning, late = Hours(closes_minute=720), Hours(opens_minute=780)
    day = team_days(1, 1)
    sites = [site(0, hours=late), site(1, hours=morning), site(2, hours_on={MONDAY: Hours(840)})]
    asked = problem(sites, day)
    plan = assign(asked)
    assert violations(asked, plan) == ()
    starts = {visit.code: visit.starts_minute for visit in plan.visits}
    assert len(starts) == 2 or len(starts) == 3
    assert starts[sites[1].code] + 120 <= 720
    assert all(starts.get(one.code, 780) >= 780 for one in (sites[0], sites[2]))
    never = problem([site(0, hours=Hours(600, 700))], day)
    (one,) = assign(never).unplaced
    assert (one.reason, one.remedy) == (Reason.ALWAYS_CLOSED, Remedy.OPEN_A_DAY)


def test_villages_of_a_district_stay_together_where_it_costs_little() -> None:
    here = [site(n, point(6, n % 5)) for n in (0, 1, 12)]
    beside = [site(n, point(6, 6 + n % 5)) for n in (2, 10, 11)]
    asked = problem([*here, *beside], team_days(1, 2), rounds=120)
    together = replace(asked, parameters=replace(asked.parameters, togetherness=60.0))
    assert bill_of(together, assign(together)).apart_s == 0
    assert bill_of(together, assign(asked)).apart_s > 0


def test_a_far_village_is_visited_from_a_hub() -> None:
    sites = [*scattered(6, wide_km=4), site(20, point(190)), site(21, point(192, 4))]
    asked = problem(sites, team_days(1, 12))
    plan = assign(asked)
    assert violations(asked, plan) == ()
    assert plan.unplaced == ()
    (stay,) = plan.stays
    ways = sum(visit.travel_minutes + visit.return_minutes for visit in plan.visits)
    assert plan.travel_minutes == ways + 2 * stay.access_minutes


def is_far(asked: Problem) -> bool:
    """Whether no team-day reaches the only village of the problem."""
    ground = network_of(asked.sites, asked.team_days)
    return not any(ground.reaches(kind, 0) for kind in kinds_of(ground, asked.team_days).values())


def of_plan(plan: Plan) -> dict[str, tuple[int, date, int]]:
    return {visit.code: (visit.team_id, visit.day, visit.slot) for visit in plan.visits}


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_a_handful_of_near_villages_is_planned(count: int) -> None:
    plan = assign(problem(scattered(count, wide_km=3), team_days(1, 2)))
    assert len(plan.visits) == count
    assert plan.team_days_used == math.ceil(count / 3)
    assert plan.unplaced == ()


def test_forty_real_days_keep_sundays_holidays_and_prayers_free() -> None:
    asked = problem(scattered(150), team_days(2, 40, date(2027, 2, 22)))
    plan = assign(asked)
    assert len(plan.visits) == 150
    assert violations(asked, plan) == ()
    feasts = holidays_between(date(2027, 2, 22), date(2027, 6, 30))
    assert any(is_friday(visit.day) for visit in plan.visits)
    for visit in plan.visits:
        assert visit.day.weekday() != 6
        assert visit.day not in feasts
        assert not (is_friday(visit.day) and overlaps_prayers(visit.starts_minute, 120))


def test_a_full_friday_holds_one_session_before_and_one_after_the_prayers() -> None:
    plan = assign(problem(scattered(6, wide_km=2), [team_day(day=FRIDAY)]))
    assert [visit.starts_minute < 690 for visit in plan.visits] == [True, False]
    assert Counter(one.reason for one in plan.unplaced) == {Reason.NO_CAPACITY: 4}


def test_a_stage_without_team_days_says_so() -> None:
    plan = assign(problem(scattered(2), []))
    assert {(one.reason, one.remedy) for one in plan.unplaced} == {
        (Reason.NO_TEAM, Remedy.ADD_TEAM)
    }
    assert plan.visits == ()


def test_each_reason_comes_with_its_remedy() -> None:
    nowhere = replace(site(0), point=replace(point(), longitude=math.nan))
    shut = site(1, closed_days=frozenset({MONDAY}))
    hour_more = site(2, point(75, 0))
    overnight = site(3, point(200, 0))
    near = site(4)
    days = [team_day(1), team_day(2)]
    plan = assign(problem([nowhere, shut, hour_more, overnight, near], days))
    assert {one.code: (one.reason, one.remedy) for one in plan.unplaced} == {
        nowhere.code: (Reason.NO_PLACE, Remedy.LOCATE_VILLAGE),
        shut.code: (Reason.ALWAYS_CLOSED, Remedy.OPEN_A_DAY),
        hour_more.code: (Reason.NO_CAPACITY, Remedy.LONGER_DAY),
        overnight.code: (Reason.NO_CAPACITY, Remedy.LONGER_STAGE),
    }
    assert list(of_plan(plan)) == [near.code]


def test_a_longer_day_for_a_far_village_names_the_team_and_has_been_tried() -> None:
    near, hour_more = site(1, value=100), site(2, point(75, 0))
    full = team_day(1, sessions=1)
    plan = assign(problem([near, hour_more], [full, team_day(2, sessions=1)]))
    (told,) = plan.unplaced
    assert (told.remedy, told.brings) == (Remedy.LONGER_DAY, 1)
    assert told.team_id in {1, 2}
    longer = [
        team_day(team, sessions=1, ends_minute=17 * 60 + told.amount * (team == told.team_id))
        for team in (1, 2)
    ]
    assert not assign(problem([near, hour_more], longer)).unplaced
    # However long it works, a team whose days are full has no room.
    (told,) = assign(problem([near, hour_more], [full])).unplaced
    assert told.remedy is not Remedy.LONGER_DAY


def test_villages_of_which_none_has_a_place_need_no_solver() -> None:
    nowhere = replace(site(0), point=replace(point(), latitude=math.nan))
    plan = assign(problem([nowhere], [team_day()]))
    assert (plan.rounds, len(plan.unplaced)) == ((0, 0), 1)


def test_hours_too_short_for_any_session_are_told_as_too_far() -> None:
    plan = assign(problem([site(0)], [team_day(ends_minute=500)]))
    assert [(one.reason, one.remedy) for one in plan.unplaced] == [
        (Reason.TOO_FAR, Remedy.LONGER_DAY)
    ]
    assert plan.rounds == (0, 0)


def test_when_capacity_is_scarce_the_valuable_villages_are_visited() -> None:
    sites = [site(n, value=1_000.0 if n % 4 == 0 else 1.0) for n in range(24)]
    plan = assign(problem(sites, [team_day(1), team_day(2)]))
    assert set(of_plan(plan)) == {one.code for one in sites if one.value > 1}


def test_what_is_left_gets_remedies_from_cheap_to_dear() -> None:
    asked = problem(scattered(60, wide_km=3), [team_day(1), team_day(2)])
    plan = assign(asked)
    value = {one.code: one.value for one in asked.sites}
    ranked = sorted(plan.unplaced, key=lambda one: -value[one.code])
    dearness = [Remedy.LONGER_STAGE, Remedy.ADD_TEAM, Remedy.NEXT_STAGE]
    order = [dearness.index(one.remedy) for one in ranked]
    assert len(order) == 54
    # A team more helps nobody whom a longer stage would not, but it can be chosen.
    assert set(order) == {0, 2}
    assert Remedy.ADD_TEAM in {one.remedy for one in plan.changes}
    assert order[0] == 0
    assert order[-1] == 2


def test_value_comes_early_when_the_day_is_priced() -> None:
    sites = scattered(40)
    value = {one.code: one.value for one in sites}

    def mean_day(day_price: float) -> float:
        asked = problem(sites, team_days(1, 18))
        plan = assign(replace(asked, parameters=Parameters(day_price, 200)))
        assert len(plan.visits) == 40
        late = sum(value[v.code] * (v.day - MONDAY).days for v in plan.visits)
        return late / sum(value.values())

    assert mean_day(1.0) < mean_day(0.0)


def test_villages_without_any_value_are_planned_all_the_same() -> None:
    sites = [replace(one, value=0.0) for one in scattered(12, wide_km=15)]
    plan = assign(problem(sites, team_days(1, 8)))
    assert len(plan.visits) == 12


def test_a_village_is_never_planned_on_its_closed_days() -> None:
    closed = frozenset({MONDAY, MONDAY + timedelta(days=1)})
    sites = [replace(one, closed_days=closed) for one in scattered(3, wide_km=3)]
    days = team_days(1, 3)
    plan = assign(problem(sites, days))
    assert {visit.day for visit in plan.visits} == {days[2].day}
    assert len(plan.visits) == 3


def test_many_villages_and_days_are_priced_by_the_week() -> None:
    market = frozenset(MONDAY + timedelta(days=number) for number in range(0, 300, 5))
    sites = [replace(one, closed_days=market) for one in scattered(130)]
    asked = problem(sites, team_days(1, 160), rounds=15)
    plan = assign(asked)
    assert violations(asked, plan) == ()
    assert len(plan.visits) == 130


def test_short_sessions_around_the_prayers_are_planned_by_the_hours() -> None:
    sites = [replace(one, session_minutes=90) for one in scattered(30, wide_km=10)]
    days = [one for one in team_days(4, 30) if is_friday(one.day)]
    asked = problem(sites, days)
    plan = assign(asked)
    assert violations(asked, plan) == ()
    assert len(plan.visits) == 30


def test_each_team_starts_from_its_own_base() -> None:
    far = point(120, 0)
    sites = [site(0, point(1, 1)), site(1, point(121, 1))]
    days = [team_day(1), team_day(2, base=far)]
    plan = assign(problem(sites, days))
    assert {visit.code: visit.team_id for visit in plan.visits} == {
        sites[0].code: 1,
        sites[1].code: 2,
    }


def test_teams_share_the_work() -> None:
    plan = assign(problem(scattered(60, wide_km=6), team_days(2, 12)))
    assert len(plan.visits) == 60
    counts = Counter(visit.team_id for visit in plan.visits)
    assert abs(counts[1] - counts[2]) <= 6


def test_progress_runs_to_the_end_and_an_exception_in_it_ends_the_planning() -> None:
    asked = problem(scattered(12), team_days(1, 4), rounds=80)
    told: list[tuple[int, int]] = []
    assign(asked, lambda done, rounds: told.append((done, rounds)))
    assert told == sorted(told)
    assert told[-1] == (160, 160)
    assert len(told) == 100

    def cancel(done: int, rounds: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        assign(asked, cancel)


def test_the_size_decides_the_rounds_when_nobody_does() -> None:
    asked = problem(scattered(3, wide_km=3), team_days(1, 2))
    plan = assign(replace(asked, parameters=Parameters()))
    assert plan.rounds == (309, 309)
    again = replace(asked, parameters=Parameters(rounds=plan.rounds), seed=plan.seed)
    assert assign(again) == plan
    assert plan.solver.startswith("pyvrp 0.14")


def test_no_village_and_no_team_is_an_empty_plan() -> None:
    empty: tuple[list[Site], list[TeamDay]] = ([], [])
    plan = assign(problem(*empty))
    assert (plan.visits, plan.unplaced, plan.travel_minutes) == ((), (), 0)
