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
from typing import TYPE_CHECKING

import highspy
import numpy as np

from outreach.planning.prices import SLOT_PRICE_S, prices_of
from outreach.planning.travel import travel_matrix_minutes
from tests.benchmarks.planning.country import DAY_MINUTES, SESSION_MINUTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from outreach.planning.model import Plan, PlannedVisit, Problem

    Numbers = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Fridays: the first session must end at 11:30, the second starts at 13:30 at the earliest.
BEFORE_PRAYERS_MINUTES = 210 - SESSION_MINUTES
AFTER_PRAYERS_MINUTES = DAY_MINUTES - 330 - SESSION_MINUTES
#: A trip is worth a column when it promises more than this; the bound counts what it leaves.
EPSILON_S = 1.0
#: The single precision of the pass is off by less than this.
ROUNDING_S = 1.0
STEPS = 4_096
CHUNK = 2_000_000
COLUMNS_A_VILLAGE = 6
COLUMNS_A_CLASS = 12
#: Above this many promising trips a round only collects columns and tells no bound.
MOST_PROMISING = 150_000
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
    problem: Problem, *, plan: Plan | None = None, cpu_seconds: float = 120.0
) -> Linear:
    """Bound the bill of every plan of a problem from below; valid whenever it stops.

    The trips of a `plan` shorten the search and change no bound.
    """
    generation = _Generation(problem)
    if plan is not None:
        generation.begin_with(plan)
    return generation.run(cpu_seconds)


def least_trips(problem: Problem, *, cpu_seconds: float = 60.0) -> float:
    """Day-trips of the relaxation with as many days of three sessions as it likes."""
    free = [DayClass(0, False, len(problem.sites))]
    return _Generation(problem, free).run(cpu_seconds).trips


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


def triples_of(minutes: Numbers) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Every feasible trip of three stops: shape (3, trips) and the minutes of its shortest way."""
    most = DAY_MINUTES - 3 * SESSION_MINUTES
    small = np.minimum(minutes, 10_000).astype(np.int16)
    out, between = small[0, 1:], small[1:, 1:]
    stops, ways = [], []
    for first in range(len(out) - 2):
        rest = slice(first + 1, None)
        leg, back, inner = between[first, rest], out[rest], between[rest, rest]
        ends_there = out[first] + leg[:, None] + inner + back[None, :]
        ends_here = out[first] + leg[None, :] + inner + back[:, None]
        through = back[:, None] + leg[:, None] + leg[None, :] + back[None, :]
        way = np.minimum(np.minimum(ends_there, ends_here), through)
        second, third = np.nonzero(np.triu(way <= most, 1))
        start = np.full(len(second), first)
        stops.append(np.stack([start, second + first + 1, third + first + 1]).astype(np.int16))
        ways.append(way[second, third])
    if not stops:
        return np.zeros((3, 0), np.int16), np.zeros(0, np.int16)
    return np.concatenate(stops, axis=1), np.concatenate(ways)


def short_trips(minutes: Numbers, *, is_friday: bool) -> Iterator[tuple[tuple[int, ...], int]]:
    """Every feasible trip of one or two stops and its minutes."""
    out, between = minutes[0, 1:], minutes[1:, 1:]
    alone = 2 * out <= DAY_MINUTES - SESSION_MINUTES
    if is_friday:
        alone &= (out <= BEFORE_PRAYERS_MINUTES) | (out <= AFTER_PRAYERS_MINUTES)
    way = out[:, None] + between + out[None, :]
    both = way <= DAY_MINUTES - 2 * SESSION_MINUTES
    if is_friday:
        there = (out[:, None] <= BEFORE_PRAYERS_MINUTES) & (out[None, :] <= AFTER_PRAYERS_MINUTES)
        both &= there | there.T
    yield from (((int(one),), int(2 * out[one])) for one in np.flatnonzero(alone))
    for one, other in np.argwhere(np.triu(both, 1)):
        yield (int(one), int(other)), int(way[one, other])


class _Generation:
    """The relaxation that grows: a row per village and class of days, a column per trip and class.

    Trips of one and two stops are written as three by a village -1 that costs nothing.
    """

    def __init__(self, problem: Problem, classes: Sequence[DayClass] | None = None) -> None:
        points = [problem.team_days[0].base, *(site.point for site in problem.sites)]
        minutes = travel_matrix_minutes(points)
        prices = prices_of(problem)
        self.problem = problem
        self.villages = len(problem.sites)
        self.left_out = prices.left_out.astype(float)
        # The last entry is the village that a shorter trip lacks.
        self.delay = np.append(prices.delay, 0.0)
        self.classes = list(classes) if classes is not None else day_classes(problem)
        self.normal = [n for n, one in enumerate(self.classes) if not one.is_friday]
        self.friday = [n for n, one in enumerate(self.classes) if one.is_friday]
        threes, ways = triples_of(minutes)
        self.any_day = _Trips.of(threes, ways, short_trips(minutes, is_friday=False), self.delay)
        self.on_friday = _Trips.of(
            threes[:, :0], ways[:0], short_trips(minutes, is_friday=True), self.delay
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
        for village in range(self.villages):
            rows = np.array([village], np.int32)
            model.addCol(float(self.left_out[village]), 0.0, highspy.kHighsInf, 1, rows, np.ones(1))
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
            missing, added = self._price(village, duals[self.villages :])
            rounds += 1
            if missing is not None:
                bound = max(bound, relaxed + missing)
            used = time.process_time() - began
            if not added or relaxed - bound <= CLOSE_ENOUGH * relaxed:
                break
            if used > cpu_seconds:
                bound = max(bound, relaxed + self._missing(village, duals[self.villages :]))
                break
        chosen = np.array(self.model.getSolution().col_value)[self.villages :]
        return Linear(bound, relaxed, float(chosen.sum()), rounds, used)

    def _kinds(self) -> Iterator[tuple[_Trips, list[int]]]:
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

    def _grow(self, trips: _Trips, rows: Numbers, reduced: Floats, numbers: Sequence[int]) -> int:
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

    def _add_row(self, trips: _Trips, row: int, number: int) -> None:
        stops = tuple(int(stop) for stop in trips.stops[:, row] if stop >= 0)
        self._add(stops, int(trips.minutes[row]), number)

    def _add(self, stops: tuple[int, ...], minutes: int, number: int) -> None:
        if (number, stops) in self.known:
            return
        self.known.add((number, stops))
        one = self.classes[number]
        cost = 60.0 * minutes + one.price_s + one.number * float(self.delay[list(stops)].sum())
        rows = np.array([*stops, self.villages + number], np.int32)
        self.model.addCol(cost, 0.0, highspy.kHighsInf, len(rows), rows, np.ones(len(rows)))


@dataclass(frozen=True, slots=True)
class _Trips:
    """All trips that a kind of day holds.

    Attributes
    ----------
    stops
        Shape (3, trips); -1 where a trip has fewer.
    step
        Number of the table's step that `delay` lies above.
    """

    stops: NDArray[np.int16]
    minutes: NDArray[np.int16]
    delay: NDArray[np.float32]
    step: NDArray[np.int16]
    step_s: float

    @classmethod
    def of(
        cls,
        threes: NDArray[np.int16],
        ways: NDArray[np.int16],
        shorter: Iterator[tuple[tuple[int, ...], int]],
        price: Floats,
    ) -> _Trips:
        rest = list(shorter)
        filled = np.full((3, len(rest)), -1, np.int16)
        for number, (trip, _) in enumerate(rest):
            filled[: len(trip), number] = trip
        stops = np.concatenate([threes, filled], axis=1)
        minutes = np.concatenate([ways, np.array([way for _, way in rest], np.int16)])
        single = price.astype(np.float32)
        delay = single[stops[0]] + single[stops[1]] + single[stops[2]]
        step_s = max(float(delay.max(initial=0.0)), 1.0) / (STEPS - 1)
        return cls(stops, minutes, delay, (delay / step_s).astype(np.int16), step_s)

    def promising(
        self, village: Floats, price_s: int, lines: Sequence[tuple[int, float]]
    ) -> tuple[Numbers, bool]:
        """Rows of trips whose reduced cost may be negative on some day, and whether these are all.

        Where there are too many it gives the most promising.
        """
        edges = np.arange(STEPS) * self.step_s * (1 - 1e-6)
        least = np.min([number * edges + start for number, start in lines], axis=0)
        table = (least + price_s).astype(np.float32)
        duals = village.astype(np.float32)
        found, lows = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
        for first in range(0, len(self.minutes), CHUNK):
            part = slice(first, first + CHUNK)
            low = table[self.step[part]] + np.float32(60) * self.minutes[part]
            for stops in self.stops[:, part]:
                low -= duals[stops]
            rows = np.flatnonzero(low < ROUNDING_S)
            found.append(rows + first)
            lows.append(low[rows])
        every = np.concatenate(found)
        if len(every) <= MOST_PROMISING:
            return every, True
        return every[np.argpartition(np.concatenate(lows), MOST_PROMISING)[:MOST_PROMISING]], False

    def least(self, village: Floats, price_s: int, line: tuple[int, float]) -> float:
        """Least reduced cost of all trips on one line, give or take a second."""
        number, start = line
        duals = village.astype(np.float32)
        least = np.inf
        for first in range(0, len(self.minutes), CHUNK):
            part = slice(first, first + CHUNK)
            cost = np.float32(60) * self.minutes[part] + np.float32(number) * self.delay[part]
            for stops in self.stops[:, part]:
                cost -= duals[stops]
            least = min(least, float(cost.min(initial=np.inf)))
        return least + price_s + start

    def reduced(
        self, rows: Numbers, village: Floats, price_s: int, lines: Sequence[tuple[int, float]]
    ) -> Floats:
        """Reduced cost of these trips on every line: shape (rows, lines)."""
        own = 60.0 * self.minutes[rows] + price_s - village[self.stops[:, rows]].sum(axis=0)
        numbers, starts = np.array(lines, dtype=float).T
        delays: Floats = self.delay[rows].astype(float)
        every: Floats = own[:, None] + delays[:, None] * numbers[None, :] + starts[None, :]
        return every
