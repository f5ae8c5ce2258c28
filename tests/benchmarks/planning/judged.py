"""One judge for the plans of all methods: the product's rules and the product's bill."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outreach.planning.bill import bill_of
from outreach.planning.check import violations
from outreach.planning.daytrip import visits_of_day
from outreach.planning.model import Plan, Reason, Remedy, Unplaced
from outreach.planning.network import kinds_of, network_of
from outreach.planning.prices import prices_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from outreach.planning.model import PlannedVisit, Problem, TeamDay
    from outreach.planning.network import Kind, Network


@dataclass(frozen=True, slots=True)
class Judged:
    """What a plan costs and brings, by the price list of its question.

    Attributes
    ----------
    cost_s
        Travel, team-days and villages left out: what the plan costs whatever the dates.
    total_s
        That and the delay.
    reached
        Share of the value that is visited.
    mean_day
        Working day by which a sign-up comes in the mean, 1 for the first.
    refused
        Villages that the method had put into a day which cannot hold them, taken out here.
    """

    cost_s: float
    total_s: float
    travel_minutes: int
    team_days: int
    left: int
    reached: float
    mean_day: float
    refused: int = 0


class BrokenPlanError(AssertionError):
    """A plan breaks the rules: its figures mean nothing."""


def judge(problem: Problem, plan: Plan, refused: int = 0) -> Judged:
    """Check a plan by the rules and add up what it costs at the prices of the question.

    Raises
    ------
    BrokenPlanError
        With the rules it breaks.
    """
    if broken := violations(problem, plan):
        raise BrokenPlanError(broken[:3])
    bill = bill_of(problem, plan)
    value = {site.code: site.value for site in problem.sites}
    numbers = prices_of(problem).day_number
    reached = sum(value[visit.code] for visit in plan.visits)
    waited = sum(value[visit.code] * numbers[visit.day] for visit in plan.visits)
    return Judged(
        cost_s=bill.total_s - bill.delay_s,
        total_s=bill.total_s,
        travel_minutes=plan.travel_minutes,
        team_days=plan.team_days_used,
        left=len(plan.unplaced),
        reached=reached / sum(value.values()),
        mean_day=waited / reached if reached else 0.0,
        refused=refused,
    )


def plan_of_visits(problem: Problem, visits: Sequence[PlannedVisit]) -> Plan:
    """Write visits down as a plan; what they leave out had no room."""
    seen = {visit.code for visit in visits}
    return Plan(
        visits=tuple(visits),
        unplaced=tuple(
            Unplaced(site.code, Reason.NO_CAPACITY, Remedy.NEXT_STAGE)
            for site in problem.sites
            if site.code not in seen
        ),
        travel_minutes=sum(one.travel_minutes + one.return_minutes for one in visits),
        team_days_used=len({(one.team_id, one.day) for one in visits}),
        rounds=(0, 0),
        seed=problem.seed,
        solver="",
    )


def judge_visits(problem: Problem, visits: Sequence[PlannedVisit]) -> Judged:
    """Judge visits that a method has given their days itself."""
    return judge(problem, plan_of_visits(problem, visits))


type FridayTrip = tuple[bool, tuple[int, ...]]


def judge_trips(problem: Problem, trips: Iterable[FridayTrip]) -> Judged:
    """Judge a rival's trips, each for a Friday or not, in the best order of their value.

    Each is driven by its shortest way that keeps the rules; where there is none, its least
    valuable villages are refused until there is one.
    """
    network = network_of(problem.sites, problem.team_days)
    kinds = kinds_of(network, problem.team_days)
    free: dict[bool, list[tuple[TeamDay, Kind]]] = defaultdict(list)
    for team_day, kind in sorted(kinds.items(), key=lambda one: (one[0].day, one[0].team_id)):
        free[kind.is_friday].append((team_day, kind))
    visits: list[PlannedVisit] = []
    refused = 0
    for is_friday, stops in sorted(trips, key=lambda one: -_value(problem, one[1])):
        team_day, kind = free[is_friday].pop(0)
        kept = _kept(network, kind, stops)
        refused += len(stops) - len(kept)
        visits += visits_of_day(team_day, [problem.sites[stop] for stop in kept]) or ()
    return judge(problem, plan_of_visits(problem, visits), refused)


def _kept(network: Network, kind: Kind, stops: tuple[int, ...]) -> tuple[int, ...]:
    kept = sorted(stops, key=lambda stop: -network.sites[stop].value)
    while kept:
        if (order := network.best_order(kind, kept)) is not None:
            return order
        kept.pop()
    return ()


def _value(problem: Problem, stops: Iterable[int]) -> float:
    return sum(problem.sites[stop].value for stop in stops)
