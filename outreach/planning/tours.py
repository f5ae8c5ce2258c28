"""Every feasible day-trip of up to three stops, and the least travel it takes.

A trip that keeps all rules of a day costs the least travel of its orders that do; one that no
order keeps costs infinity. Trips are listed by their stop of the smallest number.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from outreach.planning.workdays import PRAYERS_END_MINUTE, PRAYERS_START_MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from outreach.planning.model import Hours
    from outreach.planning.network import Network

    Floats = NDArray[np.float32]
    Numbers = NDArray[np.intp]
    Stops = Sequence[Numbers | int]

#: More stops than this on a day are not listed: their number grows with the fourth power.
MOST_STOPS = 3

#: Tables beyond this are not kept but made again whenever they are read.
LARGEST_KEPT_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Frame:
    """What a team's day asks of its trip.

    Attributes
    ----------
    base
        Number of the base in `Network.bases`.
    sessions
        Most stops, 1 to 3.
    hours
        Of each site, None where none has any.
    is_bound
        Times are looked at; not so on a day with visits that stand, whatever time they have.
    """

    base: int
    sessions: int
    starts_minute: int
    ends_minute: int
    is_friday: bool
    hours: tuple[Hours, ...] | None = None
    is_bound: bool = True

    @property
    def cares_for_order(self) -> bool:
        """Whether a trip may be feasible one way round and not the other."""
        return self.is_bound and (self.is_friday or self.hours is not None)


@dataclass(frozen=True, slots=True)
class Companions:
    """What a stop may be followed by: pairs of stops of larger numbers, sorted by the first.

    The number after the last site means no stop, so that shorter trips stand in the same list.
    """

    second: Numbers
    third: Numbers
    begins: Numbers

    def beyond(self, first: int) -> slice:
        """Pairs of which both numbers are larger than `first`."""
        return slice(int(self.begins[first]), len(self.second))


def companions(sites: int, sessions: int) -> Companions:
    """List the companions for trips of up to `sessions` stops (1 to 3)."""
    none = sites
    if sessions == MOST_STOPS:
        second, third = np.triu_indices(none + 1, 1)
    elif sessions == MOST_STOPS - 1:
        second, third = np.arange(none), np.full(none, none)
    else:
        second, third = np.arange(0), np.arange(0)
    second, third = np.append(second, none), np.append(third, none)
    return Companions(second, third, np.searchsorted(second, np.arange(sites), side="right"))


class Tours:
    """Least travel of every trip of one frame, in minutes; infinite where the day cannot hold it.

    Parameters
    ----------
    apart_minutes
        What a leg from one district into another costs beside its travel.
    """

    def __init__(self, network: Network, frame: Frame, apart_minutes: float) -> None:
        self.network = network
        self.frame = frame
        self.apart_minutes = apart_minutes
        self.listed = companions(len(network.sites), frame.sessions)
        self._kept: list[Floats] | None = None

    @property
    def bytes(self) -> int:
        """Size of the whole table."""
        pairs = len(self.listed.second) - self.listed.begins
        return 4 * int(pairs.sum())

    def keep(self) -> None:
        """Make the table now and keep it."""
        self._kept = [self._tours_from(first) for first in range(len(self.network.sites))]

    def beginning_with(self, first: int) -> Floats:
        """Trips whose smallest stop is `first`, one per pair of `listed.beyond(first)`."""
        return self._tours_from(first) if self._kept is None else self._kept[first]

    def least_minutes(self, stops: Sequence[int]) -> float:
        """Least travel of one trip of up to three stops; infinite where the day cannot hold it."""
        if len(stops) > self.frame.sessions:
            return np.inf
        return float(self.least_of([np.array([stop]) for stop in stops])[0])

    def stops_of(self, first: int, number: int) -> tuple[int, ...]:
        """Give the stops of a trip by its number among those beginning with `first`."""
        at = self.listed.begins[first] + number
        pair = (int(self.listed.second[at]), int(self.listed.third[at]))
        return (first, *(stop for stop in pair if stop < len(self.network.sites)))

    def _tours_from(self, first: int) -> Floats:
        beyond = self.listed.beyond(first)
        second, third = self.listed.second[beyond], self.listed.third[beyond]
        none = len(self.network.sites)
        tours = np.empty(len(second), dtype=np.float32)
        stops: tuple[Stops, ...] = ((first, second, third), (first, second), (first,))
        lengths = (third < none, (third == none) & (second < none), second == none)
        for of_length, those in zip(stops, lengths, strict=True):
            if those.any():
                chosen = [one if isinstance(one, int) else one[those] for one in of_length]
                tours[those] = self.least_of(chosen)
        return tours

    def least_of(self, stops: Stops) -> Floats:
        """Least travel of many trips; `stops` are all first stops, all second ones and so on."""
        best, *others = (self._travel(order) for order in self._orders(stops))
        for other in others:
            best = np.minimum(best, other)
        return best

    def _orders(self, stops: Stops) -> Iterator[Stops]:
        # Travel is the same in both directions: without times half of the orders tell all.
        for order in permutations(range(len(stops))):
            if self.frame.cares_for_order or order[0] <= order[-1]:
                yield [stops[number] for number in order]

    def _travel(self, order: Stops) -> Floats:
        """Minutes of the trips in this order, what legs into another district cost included."""
        base = self.frame.base
        here: Numbers | int = base
        cost: Floats = np.zeros(1, dtype=np.float32)
        now: Floats = np.array(self.frame.starts_minute, dtype=np.float32)
        for number, stop in enumerate(order):
            there = stop + len(self.network.bases)
            leg = self._minutes[here, there]
            now = self._ended(now + leg, stop)
            cost = cost + leg + (self._apart(order[number - 1], stop) if number else 0)
            here = there
        back = self._minutes[here, base]
        late = self.frame.is_bound & (now + back > self.frame.ends_minute)
        return np.where(late, np.float32(np.inf), cost + back).astype(np.float32)

    def _ended(self, now: Floats, stop: Numbers | int) -> Floats:
        """Minute at which a session ends when the team is there at `now`; infinite if never."""
        session = self._sessions[stop]
        if not self.frame.is_bound:
            return now
        if self.frame.hours is not None:
            now = np.maximum(now, self._hours[0][stop])
        if self.frame.is_friday:
            hit = (now < PRAYERS_END_MINUTE) & (now + session > PRAYERS_START_MINUTE)
            now = np.where(hit, np.float32(PRAYERS_END_MINUTE), now)
        if self.frame.hours is None:
            return now + session
        ends = now + session
        return np.where(ends > self._hours[1][stop], np.float32(np.inf), ends)

    def _apart(self, here: Numbers | int, there: Numbers | int) -> Floats | float:
        if not self.apart_minutes:
            return 0.0
        apart: Floats = (self._districts[here] != self._districts[there]).astype(np.float32)
        return apart * np.float32(self.apart_minutes)

    @cached_property
    def _minutes(self) -> Floats:
        return self.network.minutes.astype(np.float32)

    @cached_property
    def _sessions(self) -> Floats:
        return np.array([site.session_minutes for site in self.network.sites], dtype=np.float32)

    @cached_property
    def _hours(self) -> tuple[Floats, Floats]:
        hours = self.frame.hours or ()
        return (
            np.array([one.opens_minute for one in hours], dtype=np.float32),
            np.array([one.closes_minute for one in hours], dtype=np.float32),
        )

    @cached_property
    def _districts(self) -> Numbers:
        names = [site.district for site in self.network.sites]
        return np.unique(names, return_inverse=True)[1]


def kept_where_possible(tours: Sequence[Tours], room_bytes: int = LARGEST_KEPT_BYTES) -> None:
    """Keep as many of the tables as fit into `room_bytes`, the smallest first."""
    for one in sorted(tours, key=lambda table: table.bytes):
        room_bytes -= one.bytes
        if room_bytes >= 0:
            one.keep()
