"""Bounds and best plans of small problems found without the planner's own search.

Every day-trip is tried in every order and judged by `check` and `bill` alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, permutations
from math import inf
from typing import TYPE_CHECKING

import highspy
import numpy as np

from outreach.planning.bill import bill_of
from outreach.planning.check import violations_of_day
from outreach.planning.daytrip import visits_of_day
from outreach.planning.model import Plan
from outreach.planning.prices import prices_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from outreach.planning.model import Problem, TeamDay


@dataclass(frozen=True)
class Trips:
    """Cheapest way to visit each set of villages (by number) on each team-day, seconds."""

    problem: Problem
    cost_s: Mapping[tuple[int, frozenset[int]], float]

    @property
    def left_out_s(self) -> list[int]:
        return [int(one) for one in prices_of(self.problem).left_out]


def every_trip(problem: Problem) -> Trips:
    found: dict[tuple[int, frozenset[int]], float] = {}
    for number, team_day in enumerate(problem.team_days):
        for size in range(1, team_day.sessions + 1):
            for stops in combinations(range(len(problem.sites)), size):
                cost = min(_cost_s(problem, team_day, order) for order in permutations(stops))
                if cost < inf:
                    found[number, frozenset(stops)] = cost
    return Trips(problem, found)


def _cost_s(problem: Problem, team_day: TeamDay, order: Sequence[int]) -> float:
    sites = [problem.sites[stop] for stop in order]
    if any(one.pin and (one.pin.team_id, one.pin.day) != _key(team_day) for one in sites):
        return inf
    visits = visits_of_day(team_day, sites, measured=problem.travel)
    known = {one.code: one for one in sites}
    if visits is None or violations_of_day(team_day, visits, known, measured=problem.travel):
        return inf
    travel = sum(one.travel_minutes + one.return_minutes for one in visits)
    return bill_of(problem, Plan(visits, (), travel, 1, (0, 0), 0, "")).total_s


def _key(team_day: TeamDay) -> tuple[int, object]:
    return team_day.team_id, team_day.day


def best_s(trips: Trips) -> float:
    """Cost of the best plan: over all team-days in turn, the best for every set visited so far."""
    count = len(trips.problem.sites)
    least = {frozenset[int](): 0.0}
    for number in range(len(trips.problem.team_days)):
        here = [(stops, cost) for (at, stops), cost in trips.cost_s.items() if at == number]
        grown = dict(least)
        for visited, paid in least.items():
            for stops, cost in here:
                if not visited & stops:
                    whole = visited | stops
                    grown[whole] = min(grown.get(whole, inf), paid + cost)
        least = grown
    prices = trips.left_out_s
    return min(
        paid + sum(prices[one] for one in range(count) if one not in visited)
        for visited, paid in least.items()
    )


def linear_s(trips: Trips) -> float:
    """Cost of the cheapest mix of all trips, every village at least once: one linear programme."""
    model = highspy.Highs()  # type: ignore[no-untyped-call]
    model.setOptionValue("output_flag", False)
    sites, days = len(trips.problem.sites), len(trips.problem.team_days)
    nothing = np.array([])
    for _ in range(sites):
        model.addRow(1.0, highspy.kHighsInf, 0, nothing.astype(np.int32), nothing)
    for _ in range(days):
        model.addRow(-highspy.kHighsInf, 1.0, 0, nothing.astype(np.int32), nothing)
    for number, price in enumerate(trips.left_out_s):
        model.addCol(price, 0.0, highspy.kHighsInf, 1, np.array([number]), np.ones(1))
    for (day, stops), cost in trips.cost_s.items():
        rows = np.array([*sorted(stops), sites + day])
        model.addCol(cost, 0.0, highspy.kHighsInf, len(rows), rows, np.ones(len(rows)))
    model.run()
    return float(model.getInfo().objective_function_value)


def proved_s(trips: Trips, worth_s: Mapping[str, float]) -> Fraction:
    """What the worth of the villages proves, in exact fractions: no plan costs less.

    A plan pays for each village its worth or leaves it out, and on each team-day at least what its
    cheapest trip costs less than its villages are worth.
    """
    worth = [Fraction(worth_s[site.code]) for site in trips.problem.sites]
    total = sum(
        (min(one, Fraction(price)) for one, price in zip(worth, trips.left_out_s, strict=True)),
        Fraction(0),
    )
    for number in range(len(trips.problem.team_days)):
        over = [
            Fraction(cost) - sum(worth[stop] for stop in stops)
            for (at, stops), cost in trips.cost_s.items()
            if at == number
        ]
        total += min([*over, Fraction(0)])
    return total
