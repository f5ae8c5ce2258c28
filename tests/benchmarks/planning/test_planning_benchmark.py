"""The benchmark's own code on a dozen villages: it must not rot, nor flatter anybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np
import pytest

from outreach.planning.assign import assign
from outreach.planning.daytrip import visits_of_day
from outreach.planning.model import Parameters, Point, Problem, Site
from outreach.planning.prices import SLOT_PRICE_S, prices_of
from outreach.planning.travel import travel_matrix_minutes
from tests.benchmarks.planning import branch_goals, lp, maps, nation, repairs
from tests.benchmarks.planning.branch_rows import Proof, measure
from tests.benchmarks.planning.by_hand import BY_HAND, CAREFUL
from tests.benchmarks.planning.country import Cell
from tests.benchmarks.planning.judged import BrokenPlanError, judge, judge_trips, judge_visits
from tests.benchmarks.planning.listed_trips import ROUNDING_S, short_trips, triples_of
from tests.benchmarks.planning.lp import linear_bound
from tests.benchmarks.planning.rivals import ortools_trips, vroom_trips
from tests.benchmarks.planning.windows import Room, problem_of, trips_needed

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = Parameters(1.0, rounds=60)


def cell_of(villages: int, spread_degrees: float = 0.35) -> Cell:
    rng = np.random.default_rng(5)
    sites = tuple(
        Site(
            f"33.05.{number // 4 + 1:02}.{2001 + number}",
            Point(-7.6 + float(north), 109.6 + float(east), "33.05", 1),
            float(value),
        )
        for number, (north, east, value) in enumerate(
            zip(
                rng.uniform(-spread_degrees, spread_degrees, villages),
                rng.uniform(-spread_degrees, spread_degrees, villages),
                rng.integers(5, 90, villages),
                strict=True,
            )
        )
    )
    names = {site.code: f"Desa {len(sites) - number}" for number, site in enumerate(sites)}
    names |= {site.district: f"Kecamatan {site.district}" for site in sites}
    return Cell("33.05", Point(-7.6, 109.6, "33.05", 1), sites, names)


@pytest.fixture(scope="module")
def dozen() -> Cell:
    return cell_of(12)


@pytest.fixture(scope="module")
def scarce(dozen: Cell) -> Problem:
    return problem_of(dozen, trips_needed(dozen), Room.SCARCE, ROUNDS)


def test_the_window_holds_its_share_of_the_sessions_and_a_friday_two(dozen: Cell) -> None:
    ample = problem_of(dozen, 4.0, Room.AMPLE, ROUNDS)
    scarce = problem_of(dozen, 4.0, Room.SCARCE, ROUNDS)
    held = [sum(2 if one.day.weekday() == 4 else 3 for one in p.team_days) for p in (ample, scarce)]
    assert 4 * 3 * 1.08 <= held[0] < 4 * 3 * 1.08 + 3
    assert 4 * 3 * 0.60 <= held[1] < 4 * 3 * 0.60 + 3
    assert ample.team_days[0].day == date(2027, 1, 4)


def every_trip(problem: Problem) -> dict[tuple[date, frozenset[int]], int]:
    """Cheapest way of every trip that a day holds, by the product's own clock."""
    found: dict[tuple[date, frozenset[int]], int] = {}
    for team_day in problem.team_days:
        most = 2 if team_day.day.weekday() == 4 else 3
        for count in range(1, most + 1):
            for stops in combinations(range(len(problem.sites)), count):
                for order in permutations(stops):
                    visits = visits_of_day(team_day, [problem.sites[stop] for stop in order])
                    if visits is not None:
                        way = sum(one.travel_minutes + one.return_minutes for one in visits)
                        key = team_day.day, frozenset(stops)
                        found[key] = min(way, found.get(key, way))
    return found


def best_bill(problem: Problem) -> float:
    """Least bill of any plan with one team, by going through the days with every set served."""
    prices = prices_of(problem)
    every = every_trip(problem)
    best = {frozenset[int](): 0.0}
    for team_day in problem.team_days:
        held = 2 if team_day.day.weekday() == 4 else 3
        number = prices.day_number[team_day.day]
        after = dict(best)
        for (day, stops), way in every.items():
            if day != team_day.day:
                continue
            price = way * 60 + held * SLOT_PRICE_S + number * prices.delay[list(stops)].sum()
            for served, so_far in best.items():
                if served.isdisjoint(stops):
                    both = served | stops
                    after[both] = min(after.get(both, np.inf), so_far + price)
        best = after
    return min(
        cost + sum(int(price) for stop, price in enumerate(prices.left_out) if stop not in served)
        for served, cost in best.items()
    )


@pytest.mark.parametrize("room", list(Room))
def test_the_bound_is_below_the_best_plan_and_near_it(room: Room) -> None:
    cell = cell_of(7)
    problem = problem_of(cell, trips_needed(cell), room, ROUNDS)
    best, bound = best_bill(problem), linear_bound(problem)
    ours = judge(problem, assign(problem)).total_s
    assert bound.bound_s <= best + 1
    assert best <= ours + 1
    assert bound.bound_s >= 0.75 * best
    assert bound.is_close
    hurried = linear_bound(problem, plan=assign(problem), cpu_seconds=0.0)
    assert hurried.bound_s <= bound.bound_s + 1


@pytest.mark.parametrize("villages", [4, 7])
def test_half_a_trip_counts_as_a_whole_one(villages: int) -> None:
    cell = cell_of(villages, 0.02)
    ample = problem_of(cell, float(villages), Room.AMPLE, Parameters(0.0, rounds=60))
    best = best_bill(ample)
    loose, whole = linear_bound(ample).bound_s, linear_bound(ample, whole_trips=True).bound_s
    assert loose < 0.95 * best
    assert 0.98 * best < whole <= best + 1


def test_a_bound_cut_short_looks_at_every_trip(scarce: Problem) -> None:
    generation = lp._Generation(scarce)
    generation.begin_with(assign(scarce))
    generation.model.run()
    duals = np.array(generation.model.getSolution().row_dual)
    village, day = np.append(duals[: len(scarce.sites)], 0.0), duals[len(scarce.sites) : -1]
    every = generation._missing(village, day)
    promising, _ = generation._price(village, day)
    assert promising is not None
    assert promising < -60
    rounding = ROUNDING_S * sum(one.team_days for one in generation.classes)
    assert promising - 2 * rounding <= every <= promising


@pytest.mark.parametrize("spread_degrees", [0.2, 0.5])
def test_the_list_of_trips_is_the_one_that_the_clock_gives(spread_degrees: float) -> None:
    cell = cell_of(9, spread_degrees)
    problem = problem_of(cell, 6.0, Room.AMPLE, ROUNDS)
    minutes = travel_matrix_minutes([cell.base, *(site.point for site in cell.sites)])
    threes, ways = triples_of(minutes)
    of_three = {
        frozenset(map(int, trip)): int(way) for trip, way in zip(threes.T, ways, strict=True)
    }
    for is_friday in (False, True):
        listed = {frozenset(stops): way for stops, way in short_trips(minutes, is_friday=is_friday)}
        if not is_friday:
            listed |= of_three
        driven = {
            stops: way
            for (day, stops), way in every_trip(problem).items()
            if (day.weekday() == 4) is is_friday
        }
        assert listed == driven


def test_the_bound_knows_fridays_to_the_minute() -> None:
    """A village 90 minutes away can be visited on a Friday, one a minute farther cannot."""
    friday = date(2027, 1, 8)
    for leg, fits in ((90, True), (91, False)):
        cell = cell_of(1)
        problem = problem_of(cell, 1.0, Room.AMPLE, ROUNDS)
        only = replace(problem, team_days=(replace(problem.team_days[0], day=friday),))
        place = at_minutes(cell.base, leg)
        only = replace(only, sites=(replace(cell.sites[0], point=place),))
        visits = visits_of_day(only.team_days[0], only.sites)
        assert (visits is not None) is fits
        left_out = float(prices_of(only).left_out[0])
        assert (linear_bound(only).bound_s < left_out - 1) is fits


def at_minutes(base: Point, minutes: int) -> Point:
    """Place so far north that the way to it takes these minutes."""
    metres = (minutes - 5.5) * 32_000 / 60 / 1.35
    return replace(base, latitude=base.latitude + metres / 111_195.08)


def test_every_way_by_hand_keeps_the_rules_and_scarce_time_costs_villages(
    dozen: Cell, scarce: Problem
) -> None:
    judged = {way: judge_visits(scarce, go(scarce, dozen.names)) for way, go in BY_HAND.items()}
    assert all(0 < one.reached < 1 and one.left > 0 for one in judged.values())
    assert judge(scarce, assign(scarce)).reached >= judged[CAREFUL].reached


@pytest.mark.parametrize("days_priced", [0.0, 1.0])
def test_ortools_answers_in_a_process_of_its_own(scarce: Problem, days_priced: float) -> None:
    trips = ortools_trips(scarce, "PATH_CHEAPEST_ARC", days_priced, 0.2)
    theirs = judge_trips(scarce, trips)
    assert theirs.refused == 0
    assert theirs.reached > 0.4


@pytest.mark.parametrize("level", [0, 5])
def test_vroom_keeps_fridays_and_hours(scarce: Problem, level: int) -> None:
    theirs = judge_trips(scarce, vroom_trips(scarce, level, 0.2))
    assert theirs.refused == 0
    assert theirs.reached > 0.4


def test_a_trip_that_no_day_holds_is_refused_visibly(scarce: Problem) -> None:
    judged = judge_trips(scarce, [(True, (0, 1, 2))])
    assert judged.refused >= 1
    assert judged.left == len(scarce.sites) - 3 + judged.refused


def test_a_plan_that_breaks_a_rule_is_not_judged(scarce: Problem) -> None:
    plan = assign(scarce)
    early = replace(plan.visits[0], starts_minute=plan.visits[0].starts_minute - 30)
    with pytest.raises(BrokenPlanError):
        judge(scarce, replace(plan, visits=(early, *plan.visits[1:])))


def test_goals_are_judged_by_what_was_measured(dozen: Cell, tmp_path: Path) -> None:
    trips = trips_needed(dozen)
    rows = [measure(dozen, trips, room, 0.1, frozenset({1, 3}), "dozen") for room in Room]
    for row in rows:
        assert row.proof is not None
        assert row.proof.gap >= -1e-6
    goals = branch_goals.goals_of(rows, frozenset({1, 3}))
    assert len(goals) == 6
    assert goals[3].met
    dear = [replace(row, proof=Proof(1.2, 1.0)) for row in rows]
    assert not any(goal.met for goal in branch_goals.bound_goals(dear)[:2])
    assert maps.draw(rows[0], tmp_path).stat().st_size > 10_000


def test_a_cell_of_the_nation_is_planned_whole_beside_its_spreadsheet(dozen: Cell) -> None:
    one = nation.plan_cell(dozen)
    assert one.ours.left == one.sheet.left == 0
    assert one.ours.value == pytest.approx(sum(site.value for site in dozen.sites))
    assert one.cost_s >= nation.bound_cell(one) - 1
    assert nation.sheet_goal([one]).number == 4


def test_a_repair_without_an_event_changes_nothing(dozen: Cell) -> None:
    problem = problem_of(dozen, trips_needed(dozen), Room.AMPLE, ROUNDS)
    standing = assign(problem)
    days = sorted({one.day for one in problem.team_days})
    same = repairs.repaired(repairs.NOTHING, problem, standing, days[:2])
    assert (same.hit, same.confirmed_moved, same.others, same.lost) == (0, 0, 0.0, 0)
    closed = repairs.holiday(problem, standing, days)
    mended = repairs.repaired("a holiday", closed, standing, days[:2])
    assert mended.hit == sum(visit.day == days[3] for visit in standing.visits) > 0
    assert mended.confirmed_moved == 0
