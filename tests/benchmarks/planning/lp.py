"""A linear bound of our own to hold the product's against: another algorithm, no code shared.

It knows one base, sessions of two hours, days from 08:00 to 17:00 and nothing else. All feasible
trips of three stops are listed once with their shortest way. With `v` the delay price of a trip's
villages, its reduced cost on the working day `d` is its own cost less the duals of its villages
plus `d v - dual(d)`; the least of that over all days is a concave function of `v` alone, read from
a table. So one pass over the trips prices all days at once.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import highspy
import numpy as np

from outreach.planning.prices import SLOT_PRICE_S, prices_of
from outreach.planning.travel import travel_matrix_minutes
from tests.benchmarks.planning.listed_trips import ROUNDING_S, Trips, short_trips, triples_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from outreach.planning.model import Plan, PlannedVisit, Problem

    Numbers = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: A trip is worth a column when it promises more than this; the bound counts what it leaves.
EPSILON_S = 1.0
COLUMNS_A_VILLAGE = 6
COLUMNS_A_CLASS = 12
CLOSE_ENOUGH = 1e-4


@dataclass(frozen=True, slots=True)
class Linear:
    """A bound in seconds of travel, how near the relaxation itself was, and its day-trips."""

    bound_s: float
    relaxed_s: float
    trips: float
    rounds: int
    seconds: float

    @property
    def is_close(self) -> bool:
        """Whether no more than a five-thousandth lies between the bound and the relaxation."""
        return self.relaxed_s - self.bound_s <= 2 * CLOSE_ENOUGH * self.relaxed_s


@dataclass(frozen=True, slots=True)
class DayClass:
    """Team-days of one working day and kind."""

    number: int
    is_friday: bool
    team_days: int

    @property
    def price_s(self) -> int:
        return SLOT_PRICE_S * (2 if self.is_friday else 3)


def linear_bound(
    problem: Problem,
    *,
    plan: Plan | None = None,
    cpu_seconds: float = 120.0,
    whole_trips: bool = False,
) -> Linear:
    """Bound the bill of every plan of a problem from below; valid whenever it stops.

    The trips of a `plan` shorten the search and change no bound. With `whole_trips` no plan has
    fewer than the next whole number of the day-trips that the villages need: where they are few
    that says much. The bound is then of plans that leave no village out.
    """
    least = whole_trips_needed(problem, cpu_seconds) if whole_trips else 0
    generation = _Generation(problem, least_trips=least)
    if plan is not None:
        generation.begin_with(plan)
    return generation.run(cpu_seconds)


def least_trips(problem: Problem, *, cpu_seconds: float = 60.0) -> float:
    """Day-trips of the relaxation with as many days of three sessions as it likes."""
    free = [DayClass(0, False, len(problem.sites))]
    return _Generation(problem, free).run(cpu_seconds).trips


def whole_trips_needed(problem: Problem, cpu_seconds: float) -> int:
    """Day-trips that no plan of all villages can do without, whatever the ways cost."""
    free = DayClass(0, False, len(problem.sites))
    bound_s = _Generation(problem, [free], minute_s=0.0).run(cpu_seconds).bound_s
    return ceil(bound_s / free.price_s - CLOSE_ENOUGH)


def day_classes(problem: Problem) -> list[DayClass]:
    """Classes of a problem's team-days; without a day price one day is like another."""
    known = classes_by_day(problem)
    counted = Counter(known[one.day] for one in problem.team_days)
    return [DayClass(*key, team_days) for key, team_days in sorted(counted.items())]


def classes_by_day(problem: Problem) -> dict[date, tuple[int, bool]]:
    """Working day that counts for the delay, and whether it is a Friday, of every day."""
    priced = problem.parameters.day_price > 0
    numbers = prices_of(problem).day_number
    return {day: (number if priced else 0, day.weekday() == 4) for day, number in numbers.items()}


class _Generation:
    """The relaxation that grows: a row per village and class of days, a column per trip and class.

    Trips of one and two stops are written as three by a village -1 that costs nothing.
    """

    def __init__(
        self,
        problem: Problem,
        classes: Sequence[DayClass] | None = None,
        *,
        minute_s: float = 60.0,
        least_trips: int = 0,
    ) -> None:
        points = [problem.team_days[0].base, *(site.point for site in problem.sites)]
        minutes = travel_matrix_minutes(points)
        prices = prices_of(problem)
        self.problem = problem
        self.villages = len(problem.sites)
        self.minute_s, self.least_trips = minute_s, least_trips
        self.left_out = prices.left_out.astype(float)
        # The last entry is the village that a shorter trip lacks.
        self.delay = np.append(prices.delay, 0.0)
        self.classes = list(classes) if classes is not None else day_classes(problem)
        self.normal = [n for n, one in enumerate(self.classes) if not one.is_friday]
        self.friday = [n for n, one in enumerate(self.classes) if one.is_friday]
        threes, ways = triples_of(minutes)
        self.any_day = Trips.of(
            threes, ways, short_trips(minutes, is_friday=False), self.delay, minute_s
        )
        self.on_friday = Trips.of(
            threes[:, :0], ways[:0], short_trips(minutes, is_friday=True), self.delay, minute_s
        )
        self.known: set[tuple[int, tuple[int, ...]]] = set()
        self.model = self._model()

    def _model(self) -> highspy.Highs:
        model = highspy.Highs()  # type: ignore[no-untyped-call]
        model.setOptionValue("output_flag", False)
        model.setOptionValue("threads", 1)
        nothing = np.array([], np.int32), np.array([])
        for _ in range(self.villages):
            model.addRow(1.0, highspy.kHighsInf, 0, *nothing)
        for one in self.classes:
            model.addRow(-highspy.kHighsInf, float(one.team_days), 0, *nothing)
        model.addRow(float(self.least_trips), highspy.kHighsInf, 0, *nothing)
        for village in range(self.villages):
            rows = np.array([village], np.int32)
            model.addCol(float(self.left_out[village]), 0.0, highspy.kHighsInf, 1, rows, np.ones(1))
        # Until enough trips are known, one that is dearer than any counts for those that lack.
        rows = np.array([self.villages + len(self.classes)], np.int32)
        model.addCol(float(self.left_out.sum()), 0.0, highspy.kHighsInf, 1, rows, np.ones(1))
        return model

    def begin_with(self, plan: Plan) -> None:
        """Know the trips of a plan from the start."""
        stop_of = {site.code: stop for stop, site in enumerate(self.problem.sites)}
        number_of = {(one.number, one.is_friday): number for number, one in enumerate(self.classes)}
        known = classes_by_day(self.problem)
        trips: dict[tuple[int, date], list[PlannedVisit]] = defaultdict(list)
        for visit in plan.visits:
            trips[visit.team_id, visit.day].append(visit)
        for (_, day), visits in trips.items():
            minutes = sum(one.travel_minutes + one.return_minutes for one in visits)
            stops = tuple(sorted(stop_of[one.code] for one in visits))
            self._add(stops, minutes, number_of[known[day]])

    def run(self, cpu_seconds: float) -> Linear:
        """Add columns until none promises anything, or the time is over."""
        began, rounds, bound = time.process_time(), 0, 0.0
        while True:
            self.model.run()
            relaxed = self.model.getInfo().objective_function_value
            duals = np.array(self.model.getSolution().row_dual)
            village = np.append(duals[: self.villages], 0.0)
            # A trip is worth its team-day, and one more towards the trips that are needed.
            day = duals[self.villages : -1] + duals[-1]
            missing, added = self._price(village, day)
            rounds += 1
            if missing is not None:
                bound = max(bound, relaxed + missing)
            used = time.process_time() - began
            if not added or relaxed - bound <= CLOSE_ENOUGH * relaxed:
                break
            if used > cpu_seconds:
                bound = max(bound, relaxed + self._missing(village, day))
                break
        chosen = np.array(self.model.getSolution().col_value)[self.villages + 1 :]
        return Linear(bound, relaxed, float(chosen.sum()), rounds, used)

    def _kinds(self) -> Iterator[tuple[Trips, list[int]]]:
        """Trips of a kind of day, and the numbers of their classes."""
        kinds = (self.any_day, self.normal), (self.on_friday, self.friday)
        yield from ((trips, numbers) for trips, numbers in kinds if numbers)

    def _missing(self, village: Floats, day: Floats) -> float:
        """By how much the bound lies below the relaxation, every trip looked at; 0 or less."""
        missing = 0.0
        for trips, numbers in self._kinds():
            for number in numbers:
                one = self.classes[number]
                least = trips.least(village, one.price_s, (one.number, -day[number]))
                missing += min(0.0, least - ROUNDING_S) * min(one.team_days, self.villages)
        return missing

    def _price(self, village: Floats, day: Floats) -> tuple[float | None, int]:
        """Add columns; answer by how much the bound lies below the relaxation, if it is known."""
        missing: float | None = 0.0
        added = 0
        for trips, numbers in self._kinds():
            lines = [(self.classes[n].number, -day[n]) for n in numbers]
            price = self.classes[numbers[0]].price_s
            promising, is_all = trips.promising(village, price, lines)
            reduced = trips.reduced(promising, village, price, lines)
            if not is_all:
                missing = None
            elif missing is not None and len(promising):
                counts = [min(self.classes[n].team_days, self.villages) for n in numbers]
                missing += float(np.minimum(reduced.min(axis=0), 0.0) @ counts)
            added += self._grow(trips, promising, reduced, numbers)
        return missing, added

    def _grow(self, trips: Trips, rows: Numbers, reduced: Floats, numbers: Sequence[int]) -> int:
        """Add the best columns, some for every village and every class."""
        if not len(rows):
            return 0
        wanted = np.zeros(self.villages + 1, np.int64)
        before = len(self.known)
        best = reduced.min(axis=1)
        for at in np.argsort(best, kind="stable")[:50_000]:
            if best[at] > -EPSILON_S:
                break
            stops = trips.stops[:, rows[at]]
            if (wanted[stops[stops >= 0]] < COLUMNS_A_VILLAGE).any():
                wanted[stops] += 1
                self._add_row(trips, int(rows[at]), numbers[int(reduced[at].argmin())])
        for column, number in enumerate(numbers):
            for at in np.argsort(reduced[:, column], kind="stable")[:COLUMNS_A_CLASS]:
                if reduced[at, column] < -EPSILON_S:
                    self._add_row(trips, int(rows[at]), number)
        return len(self.known) - before

    def _add_row(self, trips: Trips, row: int, number: int) -> None:
        stops = tuple(int(stop) for stop in trips.stops[:, row] if stop >= 0)
        self._add(stops, int(trips.minutes[row]), number)

    def _add(self, stops: tuple[int, ...], minutes: int, number: int) -> None:
        if (number, stops) in self.known:
            return
        self.known.add((number, stops))
        one = self.classes[number]
        cost = (
            self.minute_s * minutes
            + one.price_s
            + one.number * float(self.delay[list(stops)].sum())
        )
        last = self.villages + len(self.classes)
        rows = np.array([*stops, self.villages + number, last], np.int32)
        self.model.addCol(cost, 0.0, highspy.kHighsInf, len(rows), rows, np.ones(len(rows)))
