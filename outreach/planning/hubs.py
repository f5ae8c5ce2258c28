"""Which far villages make one expedition, and at which of them the team stays.

First a cover: the village with most others within two hours becomes a hub. Then the groups are
bettered as long as that saves anything: a better hub, a village given to a neighbour, a small group
shared out among others. What counts are the prices of `prices`, on days without a Friday or a
closed village; the days themselves are the matter of `expeditions`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from outreach.planning.network import SHORTEST_LEG_MINUTES
from outreach.planning.prices import TEAM_DAY_PRICE_S
from outreach.planning.travel import travel_matrix_minutes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from numpy.typing import NDArray

    from outreach.planning.model import Point, Site, TeamDay, TravelTable

# A team away for more than two working weeks asks for too much: families, clothes, fuel, cash.
LONGEST_STAY_WORKDAYS = 12

# Neither may feasts or a team's free weekdays stretch it: from the day out to the day back.
LONGEST_STAY_DAYS = 21

# Two of those days are Fridays, which hold a session less.
MOST_TRIPS = LONGEST_STAY_WORKDAYS - 1

# A hub is chosen for the villages within two hours; farther ones may join it later.
LONGEST_LEG_MINUTES = 120

# A group up to this size may be shared out among others; larger ones never gain by it.
SMALL_GROUP = 6

# A village is offered to so many hubs, the nearest first.
HUBS_TRIED = 6

# A small group is joined to so many others on trial, the nearest first.
NEIGHBOURS_TRIED = 3

# The groups are gone through so often at most; from the third time on little changes.
PASSES = 4

type Members = tuple[int, ...]
type Groups = dict[int, Members]


@dataclass(frozen=True, slots=True)
class Day:
    """An ordinary day of the teams: its length in minutes and most sessions."""

    minutes: int
    sessions: int


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Far villages by number, with the minutes between them and from the nearest base.

    Attributes
    ----------
    minutes
        Shape (sites, sites); the diagonal is the leg of a session in the hub village itself.
    access
        Minutes from the nearest base, one way.
    longest
        Most working days of a stay: few where teams work few weekdays.
    """

    sites: tuple[Site, ...]
    minutes: NDArray[np.int64]
    access: tuple[int, ...]
    day: Day
    rows: list[list[int]]
    longest: int = LONGEST_STAY_DAYS
    known: dict[tuple[int, Members], float] = field(default_factory=dict, repr=False)
    driven: dict[tuple[int, Members], tuple[int, int]] = field(default_factory=dict, repr=False)

    def fits_alone(self, hub: int, stop: int) -> bool:
        """Whether a day from the hub holds a session in the village."""
        return 2 * self.rows[hub][stop] + self.sites[stop].session_minutes <= self.day.minutes

    def cost_s(self, hub: int, members: Members) -> float:
        """Price of the expedition in seconds of travel; infinite for one that cannot be."""
        if not members:
            return 0.0
        key = hub, tuple(sorted(members))
        if key not in self.known:
            self.known[key] = self._cost_s(*key)
        return self.known[key]

    def _cost_s(self, hub: int, members: Members) -> float:
        if not all(self.fits_alone(hub, stop) for stop in members):
            return float("inf")
        trips, way = self.trips(hub, members)
        if trips > self.most_trips(hub):
            return float("inf")
        days = trips + self.days_on_the_way(hub)
        return days * TEAM_DAY_PRICE_S + 60.0 * (way + 2 * self.access[hub])

    def most_trips(self, hub: int) -> int:
        """Day-trips of a stay at most, one where no stay lasts long enough for the way."""
        return max(1, min(MOST_TRIPS, self.longest - self.days_on_the_way(hub)))

    def days_on_the_way(self, hub: int) -> int:
        """Working days to the hub and back."""
        return 2 * travel_days_needed(self.access[hub], self.day.minutes)

    def trips(self, hub: int, members: Iterable[int]) -> tuple[int, int]:
        """Day-trips that the villages take from the hub, and the minutes on the road in all.

        An estimate: every trip goes to the farthest village left and takes in what lies nearest
        to its way.
        """
        key = hub, tuple(sorted(members))
        if key not in self.driven:
            self.driven[key] = self._trips(*key)
        return self.driven[key]

    def _trips(self, hub: int, members: Members) -> tuple[int, int]:
        left = sorted(members, key=lambda stop: (self.rows[hub][stop], stop))
        trips = way = 0
        while left:
            trips, way = trips + 1, way + self._take_trip(hub, left)
        return trips, way

    def _take_trip(self, hub: int, left: list[int]) -> int:
        """Take one trip out of `left`, sorted by distance; return its minutes on the road."""
        tour = [left.pop()]
        way = 2 * self.rows[hub][tour[0]]
        free = self.day.minutes - way - self.sites[tour[0]].session_minutes
        while len(tour) < self.day.sessions and left:
            extra, stop, position = self._nearest_by(hub, tour, left)
            free -= extra + self.sites[stop].session_minutes
            if free < 0:
                break
            tour.insert(position, stop)
            left.remove(stop)
            way += extra
        return way

    def _nearest_by(
        self, hub: int, tour: Sequence[int], left: Sequence[int]
    ) -> tuple[int, int, int]:
        """Minutes that the village nearest to the way adds to it, the village, its place in it."""
        found = []
        for position, (here, there) in enumerate(pairwise([hub, *tour, hub])):
            to, back = self.rows[here], self.rows[there]
            # A leg is the same both ways; this is the innermost loop of all the verdict does.
            extra, stop = min([(to[stop] + back[stop], stop) for stop in left])
            found.append((extra - to[there], stop, position))
        return min(found)


def ground_of(
    sites: Sequence[Site],
    bases: Iterable[Point],
    day: Day,
    measured: TravelTable | None = None,
    longest: int = LONGEST_STAY_DAYS,
) -> Ground:
    """Measure the legs between far villages and from the bases to them; `longest` as in it."""
    origins = tuple(dict.fromkeys(bases))
    minutes = travel_matrix_minutes([*origins, *(site.point for site in sites)], measured)
    between = minutes[len(origins) :, len(origins) :].copy()
    np.fill_diagonal(between, SHORTEST_LEG_MINUTES)
    access = minutes[: len(origins), len(origins) :].min(axis=0)
    return Ground(tuple(sites), between, tuple(access.tolist()), day, between.tolist(), longest)


def ordinary_day(team_days: Sequence[TeamDay]) -> Day:
    """Length and sessions that most of the team-days have, the longer one of two as frequent."""
    lengths = [(one.ends_minute - one.starts_minute, one.sessions) for one in team_days]
    return Day(*max(set(lengths), key=lambda length: (lengths.count(length), length)))


def travel_days_needed(access_minutes: int, day_minutes: int) -> int:
    """Working days on the way to a hub, one way."""
    return ceil(access_minutes / day_minutes)


def groups_of(ground: Ground) -> list[tuple[int, Members]]:
    """Hubs with the villages visited from each, ordered by the code of the hub.

    A village that no day holds, not even from a hub next door, is in no group.
    """
    groups = cover(ground)
    for _ in range(PASSES):
        before = _total_s(ground, groups)
        groups = _with_better_hubs(ground, groups)
        groups = _with_villages_moved(ground, groups)
        groups = _with_small_ones_shared_out(ground, groups)
        if _total_s(ground, groups) >= before:
            break
    groups = _with_better_hubs(ground, groups)
    return sorted(groups.items(), key=lambda group: ground.sites[group[0]].code)


def rough_groups_of(ground: Ground, among: Sequence[int]) -> list[tuple[int, Members]]:
    """Return hubs and groups as `groups_of`, a few per cent dearer and many times faster.

    Only the villages *among* those of the ground are grouped, as if there were no others.
    """
    first = cover(ground, among)
    groups = _with_small_ones_shared_out(ground, _with_better_hubs(ground, first))
    return sorted(groups.items(), key=lambda group: ground.sites[group[0]].code)


def cover(ground: Ground, among: Sequence[int] | None = None) -> Groups:
    """Choose hubs greedily: most villages within two hours, then the nearest to a base, then code.

    Of more than a stay holds, the hub keeps the nearest. `among` is as in `rough_groups_of`.
    """
    session = np.array([site.session_minutes for site in ground.sites])
    near = ground.minutes <= LONGEST_LEG_MINUTES
    near &= 2 * ground.minutes + session[None, :] <= ground.day.minutes
    waiting = np.flatnonzero(near.diagonal())
    if among is not None:
        waiting = np.intersect1d(waiting, among)
    groups: Groups = {}
    while len(waiting):
        counts = near[np.ix_(waiting, waiting)].sum(axis=1)
        order = zip(-counts, waiting, strict=True)
        hub = min(
            (int(count), ground.access[stop], ground.sites[stop].code, int(stop))
            for count, stop in order
        )[3]
        groups[hub] = _nearest(ground, hub, waiting[near[hub, waiting]].tolist())
        waiting = np.setdiff1d(waiting, groups[hub])
    return groups


def _nearest(ground: Ground, hub: int, members: Iterable[int]) -> Members:
    """Keep as many of the villages as a stay holds, the nearest to the hub."""
    ordered = tuple(sorted(members, key=lambda stop: (stop != hub, ground.rows[hub][stop], stop)))
    low, high = 1, len(ordered)
    while low < high:
        middle = (low + high + 1) // 2
        fits = ground.trips(hub, ordered[:middle])[0] <= ground.most_trips(hub)
        low, high = (middle, high) if fits else (low, middle - 1)
    return ordered[:low]


def _total_s(ground: Ground, groups: Groups) -> float:
    return sum(ground.cost_s(hub, members) for hub, members in groups.items())


def _with_better_hubs(ground: Ground, groups: Groups) -> Groups:
    """Let every group stay where it is cheapest."""
    bettered = {}
    for hub, members in groups.items():
        options = (hub, *sorted(members))
        bettered[min(options, key=lambda one: ground.cost_s(one, members))] = members
    return bettered


def _with_villages_moved(ground: Ground, groups: Groups) -> Groups:
    """Give villages to a neighbouring group where that saves something."""
    moved = dict(groups)
    for hub in sorted(groups):
        # The hub stays with its group, so that no two groups ever have the same one.
        for stop in sorted(set(moved[hub]) - {hub}):
            _move(ground, moved, hub, stop)
    return moved


def _move(ground: Ground, groups: Groups, hub: int, stop: int) -> None:
    rest = tuple(one for one in groups[hub] if one != stop)
    saved = ground.cost_s(hub, groups[hub]) - ground.cost_s(hub, rest)
    extra, target = _cheapest(ground, groups, stop, {hub})
    if extra < saved:
        groups[hub] = rest
        groups[target] = (*groups[target], stop)


def _cheapest(ground: Ground, groups: Groups, stop: int, but: Collection[int]) -> tuple[float, int]:
    """Least extra cost of a village in another group, and the hub of that group."""
    open_hubs = [hub for hub in groups if hub not in but]
    nearest = sorted(open_hubs, key=lambda hub: (ground.rows[hub][stop], hub))[:HUBS_TRIED]
    extras = (
        (
            ground.cost_s(hub, (*groups[hub], stop)) - ground.cost_s(hub, groups[hub]),
            hub,
        )
        for hub in nearest
        if ground.fits_alone(hub, stop)
    )
    return min(extras, default=(float("inf"), -1))


def _with_small_ones_shared_out(ground: Ground, groups: Groups) -> Groups:
    """Share small groups out among the others, or join them to one, where that saves a way."""
    shared = dict(groups)
    for hub in sorted(groups, key=lambda hub: (len(groups[hub]), hub)):
        if hub in shared and len(shared[hub]) <= SMALL_GROUP:
            shared = _shared_out(ground, shared, hub) or _merged(ground, shared, hub) or shared
    return shared


def _merged(ground: Ground, groups: Groups, hub: int) -> Groups | None:
    """Return the groups with this one joined to a neighbour, at whatever hub serves both best."""
    others = sorted(
        (other for other in groups if other != hub), key=lambda one: _near(ground, hub, one)
    )
    options = []
    for other in others[:NEIGHBOURS_TRIED]:
        joined = (*groups[other], *groups[hub])
        best = min(sorted(joined), key=lambda one: ground.cost_s(one, joined))
        apart = ground.cost_s(other, groups[other]) + ground.cost_s(hub, groups[hub])
        options.append((ground.cost_s(best, joined) - apart, best, other, joined))
    extra, best, other, joined = min(options, default=(0.0, -1, -1, ()))
    if extra >= 0:
        return None
    left = {one: members for one, members in groups.items() if one not in {hub, other}}
    return {**left, best: joined}


def _near(ground: Ground, hub: int, other: int) -> tuple[int, int]:
    return ground.rows[hub][other], other


def _shared_out(ground: Ground, groups: Groups, hub: int) -> Groups | None:
    """Return the groups without this one, None when that costs more than it saves."""
    left = {other: members for other, members in groups.items() if other != hub}
    extras = 0.0
    for stop in sorted(groups[hub]):
        extra, target = _cheapest(ground, left, stop, ())
        extras += extra
        if extras >= ground.cost_s(hub, groups[hub]):
            return None
        left[target] = (*left[target], stop)
    return left
