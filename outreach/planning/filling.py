"""Team-days filled with the villages they reach, greedily and fast: what estimates stand on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from outreach.planning.model import Hours
from outreach.planning.network import kinds_of, network_of
from outreach.planning.prices import DROP_TEAM_DAYS, DROP_TEAM_DAYS_PER_MEAN_VALUE
from outreach.planning.reasons import has_place, out_of_reach
from outreach.planning.workdays import PRAYERS_END_MINUTE, PRAYERS_START_MINUTE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from outreach.planning.model import Site, TeamDay
    from outreach.planning.network import Kind, Network

    Numbers = NDArray[np.int64]
    Mask = NDArray[np.bool_]

# How many the team-days hold is searched until it is known to this share of the villages.
SEARCHED_TO = 0.01

NEVER = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True)
class Fill:
    """How far the team-days go.

    Attributes
    ----------
    held
        Sites that they hold.
    used
        How many of them hold a site or belong to a stay.
    last
        Number of the last one that does, from 1, in the order of the days.
    left
        Sites that wait still.
    """

    held: int
    used: int
    last: int
    left: Mask


@dataclass(frozen=True, slots=True)
class Ground:
    """The sites within reach and the team-days in their order, as arrays.

    Attributes
    ----------
    days
        Kind of every team-day, by date and team.
    shut
        For each of them, which sites are closed; None when all are open.
    way
        Minutes between bases and sites.
    leg
        Minutes between sites.
    session
        Minutes of every session.
    nearest
        Number of the base that is nearest to each site, of those with a day that can hold it.
    worth
        What a session brings for its time, as the solver prices it.
    codes
        Codes of the sites.
    far
        Sites with a position that no team-day reaches from its base.
    taken
        Numbers of the days that belong to stays.
    """

    days: tuple[Kind, ...]
    shut: tuple[Mask | None, ...]
    way: Numbers
    leg: Numbers
    session: Numbers
    nearest: Numbers
    worth: NDArray[np.float64]
    codes: tuple[str, ...]
    far: tuple[Site, ...]
    taken: frozenset[int] = frozenset()

    @classmethod
    def of(
        cls, sites: Sequence[Site], team_days: Sequence[TeamDay], known: Network | None = None
    ) -> Ground | None:
        """Lay out what the team-days reach; None without a team-day or any position.

        `known` spares measuring the ways: a `network_for` more sites and team-days.
        """
        located = [site for site in sites if has_place(site)]
        if not located or not team_days:
            return None
        network = known or network_for(located, team_days)
        ordered = sorted(team_days, key=lambda one: (one.day, one.team_id))
        kinds = kinds_of(network, ordered)
        stops = {site.code: stop for stop, site in enumerate(network.sites)}
        places = len(network.bases) + np.array([stops[site.code] for site in located])
        way = network.minutes[: len(network.bases), places]
        session = np.array([site.session_minutes for site in located], dtype=np.int64)
        far = ~np.any([_alone(kind, way, session) for kind in set(kinds.values())], axis=0)
        beyond = tuple(site for site, is_far in zip(located, far, strict=True) if is_far)
        within = _within_reach(located, kinds, way, session)
        within &= ~_shut_by_hours(network, kinds, located)
        located = [site for site, reached in zip(located, within, strict=True) if reached]
        way, session, places = way[:, within], session[within], places[within]
        return cls(
            tuple(kinds.values()),
            tuple(map(_shut_on(located).get, (one.day for one in kinds))),
            way,
            network.minutes[np.ix_(places, places)],
            session,
            _nearest(way, session, set(kinds.values())),
            _worth(located, way[[kind.base for kind in kinds.values()]].mean(axis=0), session),
            tuple(site.code for site in located),
            beyond,
        )

    def without(self, taken: Collection[TeamDay], team_days: Iterable[TeamDay]) -> Ground:
        """Return the ground without the days that stays take."""
        ordered = sorted(team_days, key=lambda one: (one.day, one.team_id))
        numbers = frozenset(number for number, one in enumerate(ordered) if one in taken)
        return replace(self, taken=numbers)

    def fill_all(self) -> Fill:
        """Fill the days with all sites."""
        return self.fill(np.ones(len(self.session), dtype=np.bool_))

    def fill(self, waiting: Mask, until: int | None = None) -> Fill:
        """Fill the days, each from its own surroundings first, until no site waits.

        With `until` only so many of the first days are filled.
        """
        left = waiting.copy()
        within = range(len(self.days) if until is None else until)
        free = [number for number in within if number not in self.taken]
        used = {number for number in free if left.any() and self._own(number, left)} | self.taken
        for number in free:
            if left.any() and number not in used and self._any(number, left):
                used.add(number)
        held = int(waiting.sum() - left.sum())
        return Fill(held, len(used), 1 + max(used, default=-1), left)

    def needed(self, fill: Fill) -> tuple[int, int]:
        """Team-days for all that `fill` was for, and the number of the last of them.

        For what it left, the days come again in their order, every site open.
        """
        if not fill.left.any():
            return fill.used, fill.last
        left, more, passed = fill.left.copy(), 0, 0
        while left.any():
            number = passed % len(self.days)
            more += self._own(number, left, ever=True) or self._any(number, left, ever=True)
            passed += 1
        return len(self.days) + more, len(self.days) + passed

    def earliest(self, fill: Fill) -> int:
        """Tell the number of the last day when all sites, which `fill` holds, come early.

        The nearest base alone would still be at work when others have long had days to spare. Found
        by halving: with one day less somebody is left, though the greedy filling may happen to hold
        all with fewer still.
        """
        # Stays have their days already.
        low, high = max(self._least_days(), 1 + max(self.taken, default=-1)), fill.last
        every = np.ones(len(self.session), dtype=np.bool_)
        while low < high:
            tried = (low + high) // 2
            low, high = (tried + 1, high) if self.fill(every, tried).left.any() else (low, tried)
        return high

    def _least_days(self) -> int:
        """Count the first days without which there are fewer sessions than sites."""
        sessions = [
            0 if number in self.taken else kind.sessions for number, kind in enumerate(self.days)
        ]
        return 1 + int(np.searchsorted(np.cumsum(sessions), len(self.session)))

    def possible(self, fill: Fill) -> int:
        """How many sessions the days hold, when `fill` is how far they go for all sites."""
        every = len(self.session)
        if not fill.left.any():
            own, free = fill.used - len(self.taken), len(self.days) - len(self.taken)
            return max(every, every * free // max(1, own))
        # Not all can be held: a plan then takes what brings most for the time.
        best_first = np.argsort(-self.worth, kind="stable")
        best, low, high = fill.held, 0, every
        tried = max(1, fill.held)
        while high - low > max(1, SEARCHED_TO * every):
            waiting = np.zeros(every, dtype=np.bool_)
            waiting[best_first[:tried]] = True
            held = self.fill(waiting).held
            best = max(best, held)
            low, high = (tried, high) if held == tried else (low, tried)
            tried = (low + high) // 2
        return min(best, every - 1)

    def _own(self, number: int, left: Mask, *, ever: bool = False) -> bool:
        """Fill a day with what its base is the nearest to, the farthest first."""
        kind = self.days[number]
        mine = left & (self.nearest == kind.base)
        return self._fill_day(number, left, mine, -self.way[kind.base], ever=ever)

    def _any(self, number: int, left: Mask, *, ever: bool = False) -> bool:
        """Fill a day with whatever waits, first what costs least to take from a nearer base."""
        base = self.days[number].base
        return self._fill_day(
            number, left, left.copy(), self.way[base] - self.way.min(axis=0), ever=ever
        )

    def _fill_day(
        self, number: int, left: Mask, wanted: Mask, wish: Numbers, *, ever: bool
    ) -> bool:
        """Take the day's sites out of `left` and tell whether there are any."""
        kind, shut = self.days[number], self.shut[number]
        if shut is not None and not ever:
            wanted &= ~shut
        back = leg = self.way[kind.base]
        now, held = kind.starts_minute, 0
        while held < kind.sessions:
            start = _starts(kind, now + leg, self.session)
            fits = wanted & (start + self.session + back <= kind.ends_minute)
            if not fits.any():
                break
            chosen = int(np.where(fits, wish, NEVER).argmin())
            left[chosen] = wanted[chosen] = False
            now, leg, held = int(start[chosen] + self.session[chosen]), self.leg[chosen], held + 1
            # The nearest, but what lies far out on the way rather than what is near the base.
            wish = 2 * leg - back
        return held > 0


def network_for(sites: Iterable[Site], team_days: Iterable[TeamDay]) -> Network:
    """Network of all sites that have a position, the bases in the same order whoever asks."""
    by_place = sorted(team_days, key=lambda one: (one.base.latitude, one.base.longitude))
    return network_of([site for site in sites if has_place(site)], by_place)


def _starts(kind: Kind, arrival: Numbers, session: Numbers) -> Numbers:
    """Start of each session after the arrival; none overlaps the prayers of a Friday."""
    if not kind.is_friday:
        return arrival
    cut = (arrival < PRAYERS_END_MINUTE) & (arrival + session > PRAYERS_START_MINUTE)
    return np.where(cut, PRAYERS_END_MINUTE, arrival)


def _alone(kind: Kind, way: Numbers, session: Numbers) -> Mask:
    """Which sites a day of this kind holds by themselves."""
    starts = _starts(kind, kind.starts_minute + way[kind.base], session)
    fits = starts + session + way[kind.base] <= kind.ends_minute
    return np.asarray(fits & (kind.sessions > 0), dtype=np.bool_)


def _within_reach(
    sites: Sequence[Site], kinds: Mapping[TeamDay, Kind], way: Numbers, session: Numbers
) -> Mask:
    """Which sites some team-day could hold alone, as `reasons.out_of_reach` has it."""
    days: dict[Kind, set[date]] = defaultdict(set)
    for team_day, kind in kinds.items():
        days[kind].add(team_day.day)
    alone = {kind: _alone(kind, way, session) for kind in days}
    within = np.any(list(alone.values()), axis=0)
    for stop, site in enumerate(sites):
        if site.closed_days and within[stop]:
            within[stop] = any(
                fits[stop] and not days[kind] <= site.closed_days for kind, fits in alone.items()
            )
    return np.asarray(within, dtype=np.bool_)


def _shut_by_hours(network: Network, kinds: Mapping[TeamDay, Kind], sites: Sequence[Site]) -> Mask:
    """Which sites keep hours that no team-day meets: the others are not looked at."""
    stops = {site.code: stop for stop, site in enumerate(network.sites)}
    bound = [stops[site.code] for site in sites if site.hours != Hours() or site.hours_on]
    refused = {one.code for one in out_of_reach(network.restricted(bound), kinds)}
    return np.array([site.code in refused for site in sites], dtype=np.bool_)


def _shut_on(sites: Sequence[Site]) -> dict[date, Mask]:
    """Which sites are closed, for every day on which some are."""
    days = set().union(*(site.closed_days for site in sites))
    return {
        day: np.array([day in site.closed_days for site in sites], dtype=np.bool_) for day in days
    }


def _nearest(way: Numbers, session: Numbers, kinds: Iterable[Kind]) -> Numbers:
    """Nearest base of each site, of those that have a day for it."""
    minutes = np.full(way.shape, NEVER)
    for kind in kinds:
        fits = _alone(kind, way, session)
        minutes[kind.base] = np.where(fits, way[kind.base], minutes[kind.base])
    return np.asarray(minutes.argmin(axis=0), dtype=np.int64)


def _worth(
    sites: Sequence[Site], way: NDArray[np.float64], session: Numbers
) -> NDArray[np.float64]:
    """Worth of each site per minute of session and of the mean team-day's way to it."""
    value = np.array([site.value for site in sites])
    mean = (float(value.mean()) if len(value) else 0.0) or 1.0
    worth = DROP_TEAM_DAYS + DROP_TEAM_DAYS_PER_MEAN_VALUE * value / mean
    return np.asarray(worth / (session + 2 * way), dtype=np.float64)
