"""Which day-trips to begin with: a linear programme over many of them, then rounded.

A solver that moves one village at a time settles where every single move loses. Where days are few
and ways long it matters which villages share a day at all: that is seen by weighing whole trips
against each other. Days have no price of their own here, a visit costs its delay on a mean day.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from outreach.planning.master import Column, Master, Worth
from outreach.planning.prices import SLOT_PRICE_S
from outreach.planning.solver import has_hours
from outreach.planning.tours import MOST_STOPS, Frame, Tours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from outreach.planning.network import Kind, Network
    from outreach.planning.prices import Prices
    from outreach.planning.slots import Slots
    from outreach.planning.solver import Found

    type Numbers = NDArray[np.int64]
    type Floats = NDArray[np.float64]

# So many trips of three stops are looked at for each kind of day at the most, and so many villages
# are company to the farthest of a trip, those on its way first.
MOST_TRIPS = 800_000
MOST_COMPANY = 80

# Ways of three stops may be a little shorter than of two of them: where regions of different speed
# meet, minutes keep no triangle. Fewer trips for want of this made plans 4 per cent dearer.
SHORTER_MINUTES = 30

# Where in the working days a visit lies in the mean, weighted by value.
MEAN_DAY_SHARE = 0.45

# Rounds of the programme: it takes 15 to 25, and ends when this near to its bound.
MOST_ROUNDS = 60
CONVERGED_SHARE = 1e-3

# New trips of a kind in a round, how often a village stands in them, and how many are looked at.
MOST_NEW_TRIPS = 250
MOST_NEW_OF_VILLAGE = 3
MOST_LOOKED_AT = 4_000

# So many trips that are not settled yet are settled before the programme is asked again.
SETTLED_AT_ONCE = 8
LEAST_GAIN = 1e-3
WHOLE = 0.999
NOTHING = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """Trips that a kind of day holds, shape (trips, 3), padded with the number of sites."""

    stops: Numbers
    minutes: Floats


def chosen_trips(
    network: Network, slots: Sequence[Slots], prices: Prices, may_go_on: Callable[[], bool]
) -> list[Found]:
    """Choose trips for the slots on which no visit stands, and villages without a pin.

    No village is in two trips and no slots hold more than there are; a village may be in none.

    Parameters
    ----------
    slots
        Slots without a day.
    may_go_on
        Asked before every round of the programme; without any, no trip is chosen.
    """
    numbers = [number for number, slot in enumerate(slots) if slot.team_id is None]
    free = np.array([stop for stop, site in enumerate(network.sites) if site.pin is None])
    if not numbers or not len(free):
        return []
    choice = _Choice(network, [slots[number] for number in numbers], prices, free)
    choice.learn(may_go_on)
    return [(numbers[one.number], one.stops) for one in choice.settled()]


def near_trips(network: Network, kind: Kind, free: Numbers) -> Numbers:
    """List the trips of up to three stops that may fit a day, each farthest stop with those near.

    Shape (trips, 3), ascending, padded with the number of sites.
    """
    none, places = len(network.sites), free + len(network.bases)
    out = network.minutes[kind.base, places]
    way = out[:, None] + network.minutes[np.ix_(places, places)] + out[None, :]
    session = np.array([network.sites[stop].session_minutes for stop in free])
    spent = way + session[:, None] + session[None, :] - SHORTER_MINUTES
    rank = np.lexsort((free, out)).argsort()
    found = [np.stack([free, np.full(len(free), none), np.full(len(free), none)], axis=1)]
    company = min(MOST_COMPANY, int((2 * MOST_TRIPS / len(free)) ** 0.5))
    for lead in range(len(free) if kind.sessions > 1 else 0):
        mates = np.flatnonzero((rank < rank[lead]) & (spent[lead] <= kind.minutes))
        mates = mates[np.argsort(way[lead, mates], kind="stable")]
        found.append(_with(free[lead], free[mates], np.full(len(mates), none)))
        if kind.sessions >= MOST_STOPS:
            some = mates[spent[lead, mates] + session.min() <= kind.minutes][:company]
            one, other = np.triu_indices(len(some), 1)
            found.append(_with(free[lead], free[some[one]], free[some[other]]))
    return np.sort(np.concatenate(found), axis=1)


def _with(lead: int, second: Numbers, third: Numbers) -> Numbers:
    return np.stack([np.full(len(second), lead), second, third], axis=1)


class _Choice:
    """A programme of villages and slots, and the trips it may ask for."""

    def __init__(
        self, network: Network, slots: Sequence[Slots], prices: Prices, free: Numbers
    ) -> None:
        self.counts = np.array([slot.count for slot in slots], dtype=float)
        self.left_out = prices.left_out / 60
        mean_day = MEAN_DAY_SHARE * max(prices.day_number.values())
        visit_minutes = np.append(prices.delay * mean_day / 60, 0.0)
        self.near = [_priced(network, slot.kind, free, visit_minutes) for slot in slots]
        self.master = Master(self.left_out, self.counts)
        self.columns: list[Column] = []
        self.taken = np.zeros(len(network.sites) + 1, dtype=bool)

    def learn(self, may_go_on: Callable[[], bool]) -> None:
        """Ask for trips that pay until the programme is nearly as good as it gets."""
        centre, best = None, -np.inf
        for _ in range(MOST_ROUNDS):
            if not may_go_on():
                return
            asked = self.master.solve()
            steady = asked if centre is None else _between(centre, asked)
            found, least = self._paying(steady)
            sure = np.minimum(steady.sites, self.left_out).sum()
            bound = float(sure + (self.counts * (steady.slots + least)).sum())
            if bound > best:
                centre, best = steady, bound
            added = self._add(found) or self._add(self._paying(asked)[0])
            is_near = asked.objective - best < CONVERGED_SHARE * asked.objective
            if not added or is_near:
                return

    def settled(self) -> list[Column]:
        """Round the programme: settle the trips it wants most, ask again, until it wants none."""
        settled: set[int] = set()
        while new := self._wanted(settled):
            settled.update(new)
            for number in new:
                self._bound(number, 1.0)
            for number, one in enumerate(self.columns):
                if number not in settled and self.taken[list(one.stops)].any():
                    self._bound(number, 0.0)
            self._add(self._paying(self.master.solve())[0])
        return [self.columns[number] for number in sorted(settled)]

    def _wanted(self, settled: set[int]) -> list[int]:
        """Take whole trips, and a few of the others, that have no village or slot twice."""
        self.master.solve()
        shares = np.array(self.master.programme.getSolution().col_value)[len(self.left_out) :]
        used = Counter(self.columns[number].number for number in settled)
        new: list[int] = []
        for number in np.argsort(-shares, kind="stable").tolist():
            if shares[number] <= NOTHING or (
                shares[number] < WHOLE and len(new) >= SETTLED_AT_ONCE
            ):
                break
            one = self.columns[number]
            has_room = used[one.number] < self.counts[one.number]
            if number not in settled and has_room and not self.taken[list(one.stops)].any():
                new.append(number)
                used[one.number] += 1
                self.taken[list(one.stops)] = True
        return new

    def _bound(self, number: int, share: float) -> None:
        column = len(self.left_out) + number
        self.master.programme.changeColBounds(column, share, share)

    def _add(self, columns: Sequence[Column]) -> int:
        new = [one for one in columns if (one.number, one.stops) not in self.master.known]
        self.columns += new
        return self.master.add(new)

    def _paying(self, worth: Worth) -> tuple[list[Column], Floats]:
        """Trips of free villages that pay at this worth, and each kind's least reduced cost."""
        gains = np.append(worth.sites, 0.0)
        gains[self.taken] = -np.inf
        found: list[Column] = []
        least = np.zeros(len(self.near))
        for number, near in enumerate(self.near):
            reduced = near.minutes - gains[near.stops].sum(axis=1) - worth.slots[number]
            paying = np.flatnonzero(reduced < -LEAST_GAIN)
            if len(paying) > MOST_LOOKED_AT:
                paying = paying[np.argpartition(reduced[paying], MOST_LOOKED_AT)[:MOST_LOOKED_AT]]
            paying = paying[np.argsort(reduced[paying], kind="stable")]
            least[number] = reduced[paying[0]] if len(paying) else 0.0
            found += _various(near, number, paying, len(self.left_out))
        return found, least


def _priced(network: Network, kind: Kind, free: Numbers, visit_minutes: Floats) -> Near:
    """Price the near trips that a day of the kind holds."""
    none = len(network.sites)
    is_timed = any(has_hours(site) for site in network.sites)
    hours = tuple(site.window_on(None) for site in network.sites) if is_timed else None
    sessions = min(kind.sessions, MOST_STOPS)
    frame = Frame(kind.base, sessions, kind.starts_minute, kind.ends_minute, kind.is_friday, hours)
    tours = Tours(network, frame, network.apart_minutes)
    stops = near_trips(network, kind, free)
    minutes = np.full(len(stops), np.inf)
    lengths = (stops < none).sum(axis=1)
    for length in range(1, sessions + 1):
        those = lengths == length
        minutes[those] = tours.least_of([stops[those, at] for at in range(length)])
    held = np.isfinite(minutes)
    visits = visit_minutes[stops[held]].sum(axis=1)
    return Near(stops[held], minutes[held] + visits + kind.sessions * SLOT_PRICE_S / 60)


def _between(one: Worth, other: Worth) -> Worth:
    """Take the mean of two worths: a programme that is asked so swings less."""
    return Worth(other.objective, (one.sites + other.sites) / 2, (one.slots + other.slots) / 2)


def _various(near: Near, number: int, paying: Numbers, none: int) -> Iterator[Column]:
    """Choose of the trips, the best first, those that have few villages in common."""
    times: Counter[int] = Counter()
    chosen = 0
    for at in paying.tolist():
        stops = tuple(stop for stop in near.stops[at].tolist() if stop < none)
        if chosen < MOST_NEW_TRIPS and max(times[stop] for stop in stops) < MOST_NEW_OF_VILLAGE:
            yield Column(number, stops, float(near.minutes[at]))
            times.update(stops)
            chosen += 1
