"""Finds the day-trips whose villages are worth more than the trip costs, over all feasible ones.

Every trip of every class of team-days is looked at, but most of them only in passing: where not
even the best class could make a whole stretch of trips pay, none of its classes is asked.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from outreach.planning.tours import Tours, kept_where_possible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from outreach.planning.dayclasses import DayClass
    from outreach.planning.network import Network
    from outreach.planning.tours import Floats

#: Pairs looked at in one stretch: what the processor's cache holds.
STRETCH = 1 << 14

#: A trip that pays less than this is not told of, minutes.
LEAST_GAIN = 1e-3

#: Relative error of a sum of a few single floats, with room to spare.
SINGLE_ERROR = 2.0**-21


@dataclass(frozen=True, slots=True)
class Found:
    """A trip that pays.

    Attributes
    ----------
    number
        Of the class of team-days.
    tour_minutes
        Its travel, with what legs between districts cost.
    reduced_minutes
        Its cost less the worth of its villages and of its team-day, < 0.
    """

    number: int
    stops: tuple[int, ...]
    tour_minutes: float
    reduced_minutes: float


@dataclass(frozen=True, slots=True)
class Bundle:
    """Classes asked together: an upper bound of what a trip is worth on any of them.

    Attributes
    ----------
    pairs
        Worth of each pair of companions, the price of the team-day taken off.
    firsts
        Worth of each site as first stop.
    parts
        The halves of the bundle; none when it is a single class.
    """

    numbers: tuple[int, ...]
    pairs: Floats
    firsts: Floats
    parts: tuple[Bundle, ...] = ()


class Pricer:
    """Looks for trips that pay, at whatever worth the villages are said to have."""

    def __init__(
        self, network: Network, classes: Sequence[DayClass], apart_minutes: float = 0.0
    ) -> None:
        self.sites = len(network.sites)
        self.classes = classes
        self.numbers_of: dict[Tours, list[int]] = defaultdict(list)
        self.tours = {
            frame: Tours(network, frame, apart_minutes)
            for frame in dict.fromkeys(one.frame for one in classes)
        }
        kept_where_possible(list(self.tours.values()))
        for number, one in enumerate(classes):
            self.numbers_of[self.tours[one.frame]].append(number)

    def search(
        self, worth_minutes: NDArray[np.float64], slot_minutes: NDArray[np.float64]
    ) -> tuple[list[Found], NDArray[np.float64]]:
        """Find the best paying trip of every class and first stop.

        Parameters
        ----------
        worth_minutes
            Of a visit to each site, shape (sites,).
        slot_minutes
            Of a team-day of each class, <= 0, shape (classes,).

        Returns
        -------
        The trips, and per class a lower bound of the reduced cost of its cheapest trip, at most
        0: valid whatever was found.
        """
        least = np.full(len(self.classes), -LEAST_GAIN)
        found: list[Found] = []
        for tours, numbers in self.numbers_of.items():
            bundle = self._bundle(tours, numbers, worth_minutes, slot_minutes)
            for one in _paying(tours, bundle, self.sites):
                found.append(one)
                least[one.number] = min(least[one.number], one.reduced_minutes)
        return found, least - self._error(worth_minutes)

    def _error(self, worth_minutes: NDArray[np.float64]) -> float:
        longest = 2_000 + max((one.price_s for one in self.classes), default=0) / 60
        return SINGLE_ERROR * (3 * float(np.abs(worth_minutes).max(initial=0)) + longest)

    def _bundle(
        self,
        tours: Tours,
        numbers: Sequence[int],
        worth_minutes: NDArray[np.float64],
        slot_minutes: NDArray[np.float64],
    ) -> Bundle:
        if len(numbers) > 1:
            middle = len(numbers) // 2
            halves = (numbers[:middle], numbers[middle:])
            parts = tuple(self._bundle(tours, half, worth_minutes, slot_minutes) for half in halves)
            pairs = np.maximum(parts[0].pairs, parts[1].pairs)
            firsts = np.maximum(parts[0].firsts, parts[1].firsts)
            return Bundle(tuple(numbers), pairs, firsts, parts)
        one = self.classes[numbers[0]]
        gain = (worth_minutes - one.visit_s / 60).astype(np.float32)
        # No stop after the last: worth nothing.
        gains = np.append(gain, np.float32(0))
        day = np.float32(one.price_s / 60 - slot_minutes[numbers[0]])
        pairs = gains[tours.listed.second] + gains[tours.listed.third] - day
        return Bundle(tuple(numbers), pairs, gain)


def _paying(tours: Tours, bundle: Bundle, sites: int) -> Iterator[Found]:
    """Best paying trip of every class of the bundle and every first stop."""
    room = np.empty(STRETCH, dtype=np.float32)
    for first in range(sites):
        least = tours.beginning_with(first)
        begins = int(tours.listed.begins[first])
        best: dict[int, tuple[float, int]] = {}
        for start in range(0, len(least), STRETCH):
            stretch = slice(start, min(start + STRETCH, len(least)))
            _look(bundle, first, begins, least, stretch, best, room)
        for number, (reduced, at) in best.items():
            yield Found(number, tours.stops_of(first, at), float(least[at]), reduced)


def _look(
    bundle: Bundle,
    first: int,
    begins: int,
    tours: Floats,
    stretch: slice,
    best: dict[int, tuple[float, int]],
    room: Floats,
) -> None:
    """Look through a stretch of the trips of one first stop, deeper where any of them may pay."""
    size = stretch.stop - stretch.start
    worth = bundle.pairs[begins + stretch.start : begins + stretch.stop]
    reduced = np.subtract(tours[stretch], worth, out=room[:size])
    at = int(reduced.argmin())
    value = float(reduced[at] - bundle.firsts[first])
    if not value < -LEAST_GAIN:
        return
    if bundle.parts:
        for part in bundle.parts:
            _look(part, first, begins, tours, stretch, best, room)
    elif value < best.get(bundle.numbers[0], (0.0, 0))[0]:
        best[bundle.numbers[0]] = (value, stretch.start + at)
