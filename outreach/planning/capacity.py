"""The verdict before a run: what the teams can hold, and how many team-days it would take."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from outreach.planning.model import Hours
from outreach.planning.more_days import weekdays_of
from outreach.planning.network import kinds_of, network_of
from outreach.planning.prices import DROP_TEAM_DAYS, DROP_TEAM_DAYS_PER_MEAN_VALUE
from outreach.planning.reasons import has_place, out_of_reach
from outreach.planning.workdays import (
    PRAYERS_END_MINUTE,
    PRAYERS_START_MINUTE,
    workdays,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from outreach.planning.model import Site, TeamDay
    from outreach.planning.network import Kind, Network

    Numbers = NDArray[np.int64]
    Mask = NDArray[np.bool_]

# Nobody extends a stage beyond this; it also bounds the search for the date.
LONGEST_EXTENSION_DAYS = 300

# How many the team-days hold is searched until it is known to this share of the villages.
SEARCHED_TO = 0.01

NEVER = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a stage can hold. An estimate: the plan itself may come out a few per cent better.

    Attributes
    ----------
    out_of_reach
        Villages no team-day could hold: no position, too far, always closed.
    sessions_possible
        Sessions the team-days can hold at the pace of these villages; may exceed `villages`.
    team_days_needed
        Team-days it takes for all villages within reach.
    shortfall
        Villages within reach that would be left without a session.
    last_day
        When the last village would be reached at this pace, the days behind the last team-day
        included; None when that is beyond reason, or there is nothing to reach.
    """

    villages: int
    out_of_reach: int
    sessions_possible: int
    team_days: int
    team_days_needed: int
    shortfall: int
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Fill:
    """How far the team-days go.

    Attributes
    ----------
    held
        Sites that they hold.
    used
        How many of them hold a site.
    last
        Number of the last one that does, from 1, in the order of the days.
    left
        Sites that wait still.
    """

    held: int
    used: int
    last: int
    left: Mask


def verdict(sites: Sequence[Site], team_days: Sequence[TeamDay]) -> Verdict:
    """Estimate how many of the villages the team-days can hold.

    A fast greedy fill: each day starts at the farthest village that its base is the nearest to
    and goes on in the neighbourhood; days left empty then go where another base is nearer. It
    comes within about a tenth of the solver. A second for 1,500 villages.
    """
    waiting = [site for site in sites if site.pin is None]
    standing = len(sites) - len(waiting)
    ground = Ground.of(waiting, team_days)
    if ground is None:
        located = sum(map(has_place, waiting))
        nowhere = len(waiting) - located
        return Verdict(len(sites), nowhere, standing, len(team_days), 0, located)
    within = len(ground.session)
    fill = ground.fill(np.ones(within, dtype=np.bool_))
    needed, last = ground.needed(fill)
    possible = ground.possible(fill)
    return Verdict(
        villages=len(sites),
        out_of_reach=len(waiting) - within,
        sessions_possible=possible + standing,
        team_days=len(team_days),
        team_days_needed=needed,
        shortfall=max(0, within - possible),
        last_day=_last_day(team_days, last),
    )


def holds_all(
    sites: Sequence[Site], team_days: Sequence[TeamDay], known: Network | None = None
) -> bool:
    """Whether `verdict` would find no shortfall; `known` as in `Ground.of`."""
    ground = Ground.of(sites, team_days, known)
    if ground is None:
        return not any(map(has_place, sites))
    return not ground.fill(np.ones(len(ground.session), dtype=np.bool_)).left.any()


def team_days_used(
    sites: Sequence[Site], team_days: Sequence[TeamDay], known: Network | None = None
) -> int:
    """Estimate how many of the team-days hold a session; `known` as in `Ground.of`."""
    ground = Ground.of(sites, team_days, known)
    if ground is None:
        return 0
    return ground.fill(np.ones(len(ground.session), dtype=np.bool_)).used


def team_days_needed(sites: Sequence[Site], team_days: Sequence[TeamDay]) -> int:
    """Estimate how many team-days like these it takes for all sites that they can reach."""
    ground = Ground.of(sites, team_days)
    if ground is None:
        return 0
    fill = ground.fill(np.ones(len(ground.session), dtype=np.bool_))
    return ground.needed(fill)[0]


def _last_day(team_days: Sequence[TeamDay], needed: int) -> date | None:
    """Day of the team-day with this number, within these or behind them."""
    if not needed:
        return None
    if needed <= len(team_days):
        return sorted(one.day for one in team_days)[needed - 1]
    days_now = len({one.day for one in team_days})
    longer = ceil((needed - len(team_days)) * days_now / len(team_days))
    known = weekdays_of(one.day for one in team_days)
    if longer > LONGEST_EXTENSION_DAYS or not known:
        return None
    first = max(one.day for one in team_days) + timedelta(days=1)
    # One weekday in seven, twice over for the holidays, always reaches far enough.
    return workdays(first, first + timedelta(days=14 * longer + 60), known)[longer - 1]


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
    """

    days: tuple[Kind, ...]
    shut: tuple[Mask | None, ...]
    way: Numbers
    leg: Numbers
    session: Numbers
    nearest: Numbers
    worth: NDArray[np.float64]

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
        )

    def fill(self, waiting: Mask) -> Fill:
        """Fill the days, each from its own surroundings first, until no site waits."""
        left = waiting.copy()
        used = {
            number for number in range(len(self.days)) if left.any() and self._own(number, left)
        }
        for number in range(len(self.days)):
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

    def possible(self, fill: Fill) -> int:
        """How many sessions the days hold, when `fill` is how far they go for all sites."""
        every = len(self.session)
        if not fill.left.any():
            return max(every, every * len(self.days) // max(1, fill.used))
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
