"""What holds for every plan of every problem, held against rules and prices written anew."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from outreach.planning.assign import assign
from outreach.planning.bill import bill_of
from outreach.planning.certificate import certificate_of
from outreach.planning.check import violations
from outreach.planning.model import Hours, Parameters, Pin, Problem
from outreach.planning.plan_file import plan_file
from outreach.planning.problem_file import file_of
from tests.planning.builders import FRIDAY, MONDAY, point, scattered, site, team_day, team_days
from tests.planning.spoken_prices import best_bill, bill_in_words
from tests.planning.spoken_rules import broken
from tests.planning.strategies import problems

if TYPE_CHECKING:
    from outreach.planning.model import Plan, PlannedVisit, Site

TUESDAY = MONDAY + timedelta(days=1)


def modest(examples: int) -> settings:
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )


def can_be_written(asked: Problem) -> bool:
    """Hours that end before they begin close a day to the planner; a file refuses them."""
    hours = [each for one in asked.sites for each in (one.hours, *one.hours_on.values())]
    return all(one.opens_minute < one.closes_minute for one in hours)


def written(asked: Problem, plan: Plan) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two files as anybody else reads them."""
    problem = json.loads(file_of(asked).model_dump_json())
    return problem, json.loads(plan_file(asked, plan).model_dump_json())


@given(problems())
@modest(40)
def test_both_checkers_find_a_plan_sound(asked: Problem) -> None:
    assume(can_be_written(asked))
    plan = assign(asked)
    assert violations(asked, plan) == ()
    assert broken(*written(asked, plan)) == []


@given(problems(), st.randoms(use_true_random=False))
@modest(50)
def test_both_checkers_find_what_is_wrong_with_a_plan(asked: Problem, draw: random.Random) -> None:
    assume(can_be_written(asked))
    plan = assign(asked)
    assume(plan.visits)
    spoilt = spoil(asked, plan, draw)
    assert bool(violations(asked, spoilt)) == bool(broken(*written(asked, spoilt)))


def spoil(asked: Problem, plan: Plan, draw: random.Random) -> Plan:
    """Do to one visit what a hand could: another hour, another day, twice, not at all."""
    visits = list(plan.visits)
    number = draw.randrange(len(visits))
    visit = visits[number]
    other = draw.choice(asked.team_days)
    kind = draw.choice(("hour", "day", "twice", "gone", "way", "swap"))
    if kind == "hour":
        visits[number] = replace(visit, starts_minute=visit.starts_minute + draw.choice((-7, 9)))
    elif kind == "day":
        visits[number] = replace(visit, team_id=other.team_id, day=other.day)
    elif kind == "twice":
        visits.append(visit)
    elif kind == "gone":
        del visits[number]
    elif kind == "way":
        visits[number] = replace(visit, travel_minutes=visit.travel_minutes + 1)
    else:
        visits = _swapped(visits, number, draw.randrange(len(visits)))
    travel = sum(one.travel_minutes + one.return_minutes for one in visits)
    days = len({(one.team_id, one.day) for one in visits})
    return replace(plan, visits=tuple(visits), travel_minutes=travel, team_days_used=days)


def _swapped(visits: list[PlannedVisit], first: int, second: int) -> list[PlannedVisit]:
    codes = visits[first].code, visits[second].code
    visits[first] = replace(visits[first], code=codes[1])
    visits[second] = replace(visits[second], code=codes[0])
    return visits


@pytest.mark.parametrize("seed", range(6))
def test_both_checkers_and_both_bills_know_stays(seed: int) -> None:
    draw = random.Random(seed)
    far = [site(n, point(190 + draw.gauss(0, 9), draw.gauss(0, 9))) for n in range(6)]
    near = [site(20 + n, point(draw.gauss(0, 9), draw.gauss(0, 9))) for n in range(8)]
    days = tuple(team_days(2, 9, base=point(0, 0)))
    asked = Problem((*far, *near), days, seed, Parameters(rounds=40))
    plan = assign(asked)
    problem, told = written(asked, plan)
    assert plan.stays
    assert violations(asked, plan) == ()
    assert broken(problem, told) == []
    assert bill_of(asked, plan).total_s == pytest.approx(bill_in_words(problem, told), abs=1)
    on_the_way = replace(plan.stays[0], travel_days=plan.stays[0].session_days[:1])
    spoilt = replace(plan, stays=(on_the_way, *plan.stays[1:]))
    assert violations(asked, spoilt)
    assert broken(*written(asked, spoilt))


@given(problems(pins=True))
@modest(40)
def test_what_stands_is_never_moved_and_everybody_is_answered_once(asked: Problem) -> None:
    plan = assign(asked)
    placed = {one.code: (one.team_id, one.day, one.starts_minute) for one in plan.visits}
    for one in asked.sites:
        if one.pin is not None:
            assert placed[one.code] == (one.pin.team_id, one.pin.day, one.pin.starts_minute)
    answered = [*(one.code for one in plan.visits), *(one.code for one in plan.unplaced)]
    assert sorted(answered) == sorted(one.code for one in asked.sites)


@given(problems(pins=True), st.randoms(use_true_random=False))
@modest(20)
def test_the_same_question_in_any_order_has_the_same_answer(
    asked: Problem, draw: random.Random
) -> None:
    sites, days = list(asked.sites), list(asked.team_days)
    draw.shuffle(sites)
    draw.shuffle(days)
    assert assign(replace(asked, sites=tuple(sites), team_days=tuple(days))) == assign(asked)


def test_another_process_with_other_hashes_makes_the_same_plan() -> None:
    program = (
        "import sys; from outreach.planning.assign import assign;"
        "from outreach.planning.problem_file import read_problem;"
        "print(assign(read_problem(sys.stdin.buffer.read())[0]))"
    )
    asked = Problem(tuple(scattered(30)), tuple(team_days(2, 8)), 3, Parameters(rounds=60))
    question = file_of(asked).model_dump_json().encode()
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            input=question,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "99")
    }
    assert told == {f"{assign(asked)}\n".encode()}


@given(problems())
@modest(40)
def test_the_bill_is_what_the_documentation_says(asked: Problem) -> None:
    assume(can_be_written(asked))
    plan = assign(asked)
    expected = bill_in_words(*written(asked, plan))
    assert bill_of(asked, plan).total_s == pytest.approx(expected, abs=1.0)


def small_problem(draw: random.Random) -> Problem:
    """Up to six villages and three team-days: few enough to try every plan there is."""
    sites = [small_site(draw, number) for number in range(draw.randint(1, 6))]
    pairs = [(day, team) for day in (MONDAY, TUESDAY, FRIDAY) for team in (1, 2)]
    days = [team_day(team, day) for day, team in sorted(draw.sample(pairs, draw.randint(1, 3)))]
    parameters = Parameters(draw.choice((0.0, 0.5, 1.0)), togetherness=draw.choice((0.0, 45.0)))
    return Problem(tuple(sites), tuple(days), 1, parameters)


def small_site(draw: random.Random, number: int) -> Site:
    """Draw a village with a wish now and then; some stand in another district."""
    changes: dict[str, Any] = {"value": draw.choice((5.0, 40.0, 300.0))}
    wish = draw.randrange(8)
    if wish == 0:
        changes["closed_days"] = frozenset({draw.choice((MONDAY, FRIDAY))})
    elif wish == 1:
        changes["hours"] = draw.choice((Hours(480, 720), Hours(780, 1020)))
    elif wish == 2:
        changes["day_costs"] = {MONDAY: 90}
    at = point(draw.randint(-60, 60), draw.randint(-60, 60))
    return site(number + draw.choice((0, 10)) * (number + 1), at, **changes)


@pytest.mark.parametrize("seed", range(60))
def test_small_plans_are_as_good_as_trying_them_all(seed: int) -> None:
    asked = small_problem(random.Random(seed))
    plan = assign(asked)
    problem, told = written(asked, plan)
    best, bill = best_bill(problem), bill_in_words(problem, told)
    assert best - 1 <= bill <= best * 1.02 + 1


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_the_proven_bound_lies_below_every_plan_there_is(seed: int) -> None:
    asked = small_problem(random.Random(seed))
    plan = assign(asked)
    problem, _ = written(asked, plan)
    proven = certificate_of(asked, plan)
    assert proven["bound_s"] <= best_bill(problem) + 1
    assert proven["cost_s"] == pytest.approx(bill_of(asked, plan).total_s, abs=1)


def test_a_pinned_village_is_tried_where_it_stands_alone() -> None:
    pinned = replace(site(1), pin=Pin(1, TUESDAY, 600))
    asked = Problem(
        (pinned, site(2), site(3), site(4)),
        (team_day(1), team_day(1, TUESDAY)),
        1,
        Parameters(rounds=150),
    )
    plan = assign(asked)
    problem, told = written(asked, plan)
    assert {one.code: one.day for one in plan.visits}[pinned.code] == TUESDAY
    assert bill_in_words(problem, told) == pytest.approx(best_bill(problem), rel=0.02)


@pytest.mark.parametrize("joins", [True, False])
@pytest.mark.parametrize("seed", range(100, 120))
def test_a_team_or_a_day_more_never_brings_less(seed: int, joins: bool) -> None:
    asked = without_a_price_of_days(small_problem(random.Random(seed)))
    team, day = (9, asked.team_days[0].day) if joins else (1, MONDAY + timedelta(days=7))
    more = replace(asked, team_days=(*asked.team_days, team_day(team, day)))
    assert value(more, assign(more)) >= value(asked, assign(asked))


def without_a_price_of_days(asked: Problem) -> Problem:
    return replace(asked, parameters=replace(asked.parameters, day_price=0.0))


def value(asked: Problem, plan: Plan) -> float:
    worth = {one.code: one.value for one in asked.sites}
    return sum(worth[one.code] for one in plan.visits)
