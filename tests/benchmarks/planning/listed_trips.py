"""All day-trips of up to three stops, listed once and priced for all days in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks.planning.country import DAY_MINUTES, SESSION_MINUTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Fridays: the first session must end at 11:30, the second starts at 13:30 at the earliest.
BEFORE_PRAYERS_MINUTES = 210 - SESSION_MINUTES
AFTER_PRAYERS_MINUTES = DAY_MINUTES - 330 - SESSION_MINUTES
#: The single precision of the pass is off by less than this.
ROUNDING_S = 1.0
STEPS = 4_096
CHUNK = 2_000_000
#: Above this many promising trips a round only collects columns and tells no bound.
MOST_PROMISING = 150_000


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


@dataclass(frozen=True, slots=True)
class Trips:
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
    minute_s: float

    @classmethod
    def of(
        cls,
        threes: NDArray[np.int16],
        ways: NDArray[np.int16],
        shorter: Iterator[tuple[tuple[int, ...], int]],
        price: Floats,
        minute_s: float,
    ) -> Trips:
        rest = list(shorter)
        filled = np.full((3, len(rest)), -1, np.int16)
        for number, (trip, _) in enumerate(rest):
            filled[: len(trip), number] = trip
        stops = np.concatenate([threes, filled], axis=1)
        minutes = np.concatenate([ways, np.array([way for _, way in rest], np.int16)])
        single = price.astype(np.float32)
        delay = single[stops[0]] + single[stops[1]] + single[stops[2]]
        step_s = max(float(delay.max(initial=0.0)), 1.0) / (STEPS - 1)
        return cls(stops, minutes, delay, (delay / step_s).astype(np.int16), step_s, minute_s)

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
            low = table[self.step[part]] + np.float32(self.minute_s) * self.minutes[part]
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
            ways = np.float32(self.minute_s) * self.minutes[part]
            cost = ways + np.float32(number) * self.delay[part]
            for stops in self.stops[:, part]:
                cost -= duals[stops]
            least = min(least, float(cost.min(initial=np.inf)))
        return least + price_s + start

    def reduced(
        self, rows: Numbers, village: Floats, price_s: int, lines: Sequence[tuple[int, float]]
    ) -> Floats:
        """Reduced cost of these trips on every line: shape (rows, lines)."""
        own = (
            self.minute_s * self.minutes[rows] + price_s - village[self.stops[:, rows]].sum(axis=0)
        )
        numbers, starts = np.array(lines, dtype=float).T
        delays: Floats = self.delay[rows].astype(float)
        every: Floats = own[:, None] + delays[:, None] * numbers[None, :] + starts[None, :]
        return every
