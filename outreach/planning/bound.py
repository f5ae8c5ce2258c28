"""How little the best possible plan could cost at the least: a proof by linear programming.

The planner's own objective (`bill`) over all feasible day-trips of up to three stops: every village
in at least one trip or left out at its price, no more trips than team-days. Its linear relaxation
is solved by column generation. In every round each village is said to have a worth, and each class
of team-days is asked for its cheapest trip at that worth; what those trips leave over is a lower
bound whatever the worth was (Lagrange), so that the search may stop at any time.

What is relaxed, so that the bound stays one: a village may be visited in part and more than once;
what `dayclasses` says of hours, weeks and visits that stand; fairness, which the bill does not
price.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from math import isfinite, log
from time import process_time
from typing import TYPE_CHECKING

import numpy as np

from outreach.planning.dayclasses import day_classes, free_stays
from outreach.planning.master import Column, Master, Worth
from outreach.planning.network import network_of
from outreach.planning.prices import prices_of
from outreach.planning.pricing import Found, Pricer
from outreach.planning.reasons import has_place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from outreach.planning.dayclasses import DayClass
    from outreach.planning.model import Plan, Problem
    from outreach.planning.network import Network
    from outreach.planning.prices import Prices

#: Rounds after which the search ends in any case; it takes 10 to 60 of them.
MOST_ROUNDS = 400

#: Nearer than this to what the programme says, the bound is as good as exact.
CONVERGED_SHARE = 1e-4

#: How much of the worth that gave the best bound goes into the next question: it swings less.
STEADINESS = 0.6

#: New trips of a class per round, and how often a village may stand in them.
MOST_NEW_TRIPS = 60
MOST_NEW_OF_VILLAGE = 2


@dataclass(frozen=True, slots=True)
class Bound:
    """No plan of the problem costs less than `total_s`.

    Attributes
    ----------
    total_s
        Seconds of travel, as in `bill`.
    rounds, columns
        Rounds done, trips the programme knew in the end.
    converged
        The bound is within a ten-thousandth of the best that this kind of proof can give.
    worth_s
        The witness: what a visit to each village is worth. Any day-trip costs at least the worth
        of its villages, or the difference stands in the bound.
    """

    total_s: float
    rounds: int
    converged: bool
    columns: int
    worth_s: Mapping[str, float]


def lower_bound(
    problem: Problem,
    *,
    prices: Prices | None = None,
    plan: Plan | None = None,
    rounds: int = MOST_ROUNDS,
    cpu_seconds: float | None = None,
    is_over: Callable[[], bool] | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> Bound:
    """Prove what a plan of the problem costs at the least; the same question gives the same bound.

    Parameters
    ----------
    prices
        Of the problem's sites, where they are those of a larger problem.
    plan
        A plan of the problem: its trips make the search shorter and change no bound.
    rounds, cpu_seconds, is_over
        Where the search ends though it has not converged: the bound holds all the same. `is_over`
        is asked after every round.
    on_progress
        Called after every round with how far it is, from 0 to 1; what it raises comes out here.

    Raises
    ------
    ValueError
        A team-day holds more than three sessions.
    """
    ends = None if cpu_seconds is None else process_time() + cpu_seconds

    def is_enough() -> bool:
        is_spent = ends is not None and process_time() > ends
        return is_spent or (is_over is not None and is_over())

    known = prices or prices_of(problem)
    left_out = known.left_out.astype(float)
    free = free_stays(problem.sites, problem.team_days)
    numbered = list(enumerate(problem.sites))
    kept = [number for number, site in numbered if has_place(site) and site.code not in free]
    fixed_s = float(sum(left_out[number] for number, site in numbered if not has_place(site)))
    if not kept or not problem.team_days:
        return Bound(fixed_s + float(left_out[kept].sum()), 0, True, 0, {})
    search = _search_of(problem, kept, known)
    if plan is not None:
        search.begin_with(_trips_of(problem, kept, plan))
    done, converged = search.run(rounds, is_enough, on_progress)
    worth = zip(kept, (search.centre.sites * 60).tolist(), strict=True)
    worth_s = {problem.sites[number].code: seconds for number, seconds in worth}
    return Bound(fixed_s + search.best * 60, done, converged, len(search.master.known), worth_s)


def _trips_of(
    problem: Problem, kept: Sequence[int], plan: Plan
) -> dict[tuple[int, date], tuple[int, ...]]:
    """List the stops of every team-day of the plan, in ascending order."""
    number_of = {problem.sites[at].code: number for number, at in enumerate(kept)}
    trips: dict[tuple[int, date], list[int]] = defaultdict(list)
    for visit in plan.visits:
        if visit.code in number_of:
            trips[visit.team_id, visit.day].append(number_of[visit.code])
    return {key: tuple(sorted(stops)) for key, stops in trips.items()}


def _search_of(problem: Problem, kept: Sequence[int], prices: Prices) -> Search:
    sites = [problem.sites[number] for number in kept]
    network = network_of(sites, problem.team_days, problem.travel)
    shortest = min(site.session_minutes for site in problem.sites)
    own = prices.restricted(kept)
    classes = day_classes(network, problem.team_days, own, shortest)
    apart = problem.parameters.togetherness
    return Search(network, classes, own.left_out / 60, apart)


class Search:
    """Column generation: the programme asks for trips until no trip pays any more."""

    def __init__(
        self,
        network: Network,
        classes: Sequence[DayClass],
        left_out_minutes: NDArray[np.float64],
        apart_minutes: float,
    ) -> None:
        self.classes = classes
        self.left_out = left_out_minutes
        self.counts = np.array([len(one.team_days) for one in classes], dtype=float)
        self.pricer = Pricer(network, classes, apart_minutes)
        self.master = Master(left_out_minutes, self.counts)
        self.best = 0.0
        self.centre = Worth(0.0, np.zeros(len(left_out_minutes)), np.zeros(len(classes)))

    def begin_with(self, trips: Mapping[tuple[int, date], tuple[int, ...]]) -> None:
        """Tell the programme of trips by team and day; those that no class can hold are left."""
        number_of = {key: at for at, one in enumerate(self.classes) for key in one.team_days}
        known = []
        for key, stops in trips.items():
            if (number := number_of.get(key)) is not None:
                tours = self.pricer.tours[self.classes[number].frame]
                known.append(self._column(Found(number, stops, tours.least_minutes(stops), 0.0)))
        held = [one for one in known if isfinite(one.minutes)]
        self.master.add(held)
        self.centre = replace(self.centre, sites=self._shared_out(held))

    def _shared_out(self, columns: Sequence[Column]) -> NDArray[np.float64]:
        """Share the cost of every trip out among its villages: a first guess of their worth."""
        worth = self.left_out.copy()
        for one in columns:
            stops = list(one.stops)
            paid = self.classes[one.number].visit_s[stops] / 60
            worth[stops] = paid + (one.minutes - paid.sum()) / len(stops)
        return worth

    def run(
        self,
        rounds: int,
        is_enough: Callable[[], bool],
        on_progress: Callable[[float], None] | None,
    ) -> tuple[int, bool]:
        """Search until converged or out of rounds or time; tell the rounds and which it was."""
        # A first guess, where there is one, is asked before the programme knows anything.
        steadiness = 1.0 if self.centre.sites.any() else 0.0
        for done in range(1, rounds + 1):
            asked = self.master.solve()
            found = self._ask(asked, steadiness)
            pays = self._reduced(found, asked) < -CONVERGED_SHARE
            added = self.master.add(self._columns(_various(found)))
            if on_progress is not None:
                on_progress(_share_done(asked.objective, self.best))
            if asked.objective - self.best <= CONVERGED_SHARE * abs(asked.objective):
                return done, True
            if not added and not steadiness:
                return done, True
            # Where the steadied worth led to no trip that pays, the programme's own is asked.
            is_near = self.best > asked.objective / 2
            steadiness = STEADINESS if pays and is_near else 0.0
            if is_enough():
                return done, False
        return rounds, False

    def _ask(self, asked: Worth, steadiness: float) -> list[Found]:
        """Ask for trips at the programme's worth, steadied by the best one so far."""
        sites = steadiness * self.centre.sites + (1 - steadiness) * asked.sites
        slots = steadiness * self.centre.slots + (1 - steadiness) * asked.slots
        found, least = self.pricer.search(sites, slots)
        cheapest = np.minimum(slots + least, 0.0)
        bound = float(np.minimum(sites, self.left_out).sum() + (self.counts * cheapest).sum())
        if bound > self.best or not self.centre.sites.any():
            self.best = max(bound, self.best)
            self.centre = Worth(bound, sites, cheapest)
        return found

    def _reduced(self, found: Sequence[Found], asked: Worth) -> float:
        """Least reduced cost of the found trips at the programme's own worth."""
        costs = (
            column.minutes - asked.sites[list(column.stops)].sum() - asked.slots[column.number]
            for column in self._columns(found)
        )
        return min(costs, default=0.0)

    def _columns(self, found: Sequence[Found]) -> list[Column]:
        return [self._column(one) for one in found]

    def _column(self, found: Found) -> Column:
        one = self.classes[found.number]
        paid_s = one.price_s + one.visit_s[list(found.stops)].sum()
        return Column(found.number, found.stops, found.tour_minutes + paid_s / 60)


def _various(found: Sequence[Found]) -> list[Found]:
    """Choose of each class the trips that pay most and have few villages in common."""
    chosen: list[Found] = []
    times: Counter[tuple[int, int]] = Counter()
    trips: Counter[int] = Counter()
    for one in sorted(found, key=lambda one: (one.reduced_minutes, one.number, one.stops)):
        places = [(one.number, stop) for stop in one.stops]
        often = max(times[place] for place in places)
        if often < MOST_NEW_OF_VILLAGE and trips[one.number] < MOST_NEW_TRIPS:
            chosen.append(one)
            times.update(places)
            trips[one.number] += 1
    return chosen


def _share_done(objective: float, bound: float) -> float:
    """How far a search is whose bound stands so far below its objective, from 0 to 1."""
    apart = (objective - bound) / max(abs(objective), 1.0)
    return min(1.0, max(0.0, log(max(apart, CONVERGED_SHARE)) / log(CONVERGED_SHARE)))
