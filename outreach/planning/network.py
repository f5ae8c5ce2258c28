"""The ground a plan is made on: bases, sites and whole minutes between them, by number."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, permutations
from typing import TYPE_CHECKING

import numpy as np

from outreach.planning.travel import travel_matrix_minutes
from outreach.planning.workdays import (
    PRAYERS_END_MINUTE,
    PRAYERS_START_MINUTE,
    earliest_starts,
    is_friday,
    most_sessions,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from outreach.planning.model import Point, Site, TeamDay, TravelTable

# No two places are nearer than this: the overhead of a leg, see `travel`.
SHORTEST_LEG_MINUTES = 5


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """What one team-day can hold; team-days of one day and kind can stand in for each other.

    Attributes
    ----------
    base
        Number of the base in `Network.bases`.
    sessions
        Most sessions that fit, the hours and the prayers of Friday considered.
    is_friday
        The hours contain the prayers of a Friday.
    """

    base: int
    sessions: int
    starts_minute: int
    ends_minute: int
    is_friday: bool

    @property
    def minutes(self) -> int:
        """Length of the team's day."""
        return self.ends_minute - self.starts_minute


@dataclass(frozen=True, slots=True)
class Trip:
    """One day-trip: the numbers of the sites in `Network.sites`, in the order of the day.

    `team_id` is set when no other team may make it.
    """

    day: date
    kind: Kind
    stops: tuple[int, ...]
    team_id: int | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """Bases first, then sites, and the minutes between all of them.

    Attributes
    ----------
    minutes
        Shape (bases + sites, bases + sites).
    rows
        The same figures as plain lists: single look-ups are many times faster there.
    apart_minutes
        Price of a leg from a village into another district.
    """

    bases: tuple[Point, ...]
    sites: tuple[Site, ...]
    minutes: NDArray[np.int64]
    rows: list[list[int]]
    apart_minutes: float = 0.0

    def restricted(self, stops: Sequence[int]) -> Network:
        """Return the network of these sites alone, numbered anew in this order."""
        kept = [*range(len(self.bases)), *(self.location(stop) for stop in stops)]
        minutes = self.minutes[np.ix_(kept, kept)]
        sites = tuple(self.sites[stop] for stop in stops)
        return Network(self.bases, sites, minutes, minutes.tolist(), self.apart_minutes)

    def location(self, stop: int) -> int:
        """Row of the site numbered `stop`."""
        return len(self.bases) + stop

    def legs(self, kind: Kind, stops: Sequence[int]) -> list[int]:
        """Minutes of every leg of a trip, out and back included; none for an empty trip."""
        if not stops:
            return []
        way = [kind.base, *(self.location(stop) for stop in stops), kind.base]
        return [self.rows[here][there] for here, there in pairwise(way)]

    def way_minutes(self, kind: Kind, stops: Sequence[int]) -> float:
        """Minutes of all legs of a trip, with the price of those into another district."""
        way = float(sum(self.legs(kind, stops)))
        if self.apart_minutes:
            way += self.apart_minutes * legs_apart(self.sites[stop] for stop in stops)
        return way

    def starts(
        self, kind: Kind, stops: Sequence[int], day: date | None = None
    ) -> tuple[int, ...] | None:
        """Earliest starts of the sessions, None when the day cannot hold them in this order.

        Without a `day` the hours of the villages are those of all days.
        """
        if len(stops) > kind.sessions:
            return None
        sites = [self.sites[stop] for stop in stops]
        hours = [site.window_on(day) for site in sites]
        return earliest_starts(
            self.legs(kind, stops),
            [site.session_minutes for site in sites],
            kind.starts_minute,
            kind.ends_minute,
            kind.is_friday,
            [one.opens_minute for one in hours],
            [one.closes_minute for one in hours],
        )

    def fits(self, kind: Kind, stops: Sequence[int], day: date | None = None) -> bool:
        """Whether a day of this kind holds the stops in this order."""
        return self.starts(kind, stops, day) is not None

    def best_order(
        self, kind: Kind, stops: Sequence[int], day: date | None = None
    ) -> tuple[int, ...] | None:
        """Put the stops in the order of least travel, then of the earliest start that fits."""
        if len(stops) > kind.sessions:
            return None
        feasible = [order for order in permutations(stops) if self.fits(kind, order, day)]
        if not feasible:
            return None
        return min(
            feasible, key=lambda order: (self.way_minutes(kind, order), self.legs(kind, order))
        )

    def reaches(self, kind: Kind, stop: int) -> bool:
        """Whether a team gets there and back with one session, the village's hours aside."""
        session = (self.sites[stop].session_minutes,)
        starts = earliest_starts(
            self.legs(kind, (stop,)),
            session,
            kind.starts_minute,
            kind.ends_minute,
            kind.is_friday,
        )
        return kind.sessions > 0 and starts is not None

    def hosts(self, kind: Kind, stop: int, day: date) -> bool:
        """Whether the village can have a session on `day`, alone on a trip of this kind."""
        return self.is_open(stop, day) and self.fits(kind, (stop,), day)

    def is_open(self, stop: int, day: date) -> bool:
        """Whether the village hosts a session on `day`; one with a pin does on no other."""
        site = self.sites[stop]
        return site.pin.day == day if site.pin is not None else day not in site.closed_days

    def stands_with(self, stop: int, team_id: int) -> bool:
        """Whether the team may visit the village: a visit that stands is its own team's."""
        pin = self.sites[stop].pin
        return pin is None or pin.team_id == team_id


def legs_apart(trip: Iterable[Site]) -> int:
    """Count the legs of a day-trip that go from one district into another."""
    return sum(here.district != there.district for here, there in pairwise(trip))


def network_of(
    sites: Sequence[Site],
    team_days: Sequence[TeamDay],
    measured: TravelTable | None = None,
    apart_minutes: float = 0.0,
) -> Network:
    """Give numbers to the distinct bases and the sites, and measure all legs."""
    bases = tuple(dict.fromkeys(team_day.base for team_day in team_days))
    minutes = travel_matrix_minutes([*bases, *(site.point for site in sites)], measured)
    return Network(bases, tuple(sites), minutes, minutes.tolist(), apart_minutes)


def kind_of(network: Network, team_day: TeamDay, shortest_session_minutes: int) -> Kind:
    """Kind of a team-day; `shortest_session_minutes` bounds how many sessions its hours hold."""
    return Kind(
        base=network.bases.index(team_day.base),
        sessions=sessions_held(team_day, shortest_session_minutes),
        starts_minute=team_day.starts_minute,
        ends_minute=team_day.ends_minute,
        is_friday=holds_prayers(team_day),
    )


def holds_prayers(team_day: TeamDay) -> bool:
    """Whether the hours of a team-day contain the prayers of a Friday."""
    return (
        is_friday(team_day.day)
        and team_day.starts_minute < PRAYERS_END_MINUTE
        and team_day.ends_minute > PRAYERS_START_MINUTE
    )


def sessions_held(team_day: TeamDay, shortest_session_minutes: int) -> int:
    """Most sessions of a team-day that its hours, and the prayers of a Friday, leave room for."""
    return most_sessions(
        team_day.sessions,
        shortest_session_minutes,
        SHORTEST_LEG_MINUTES,
        starts_minute=team_day.starts_minute,
        ends_minute=team_day.ends_minute,
        is_friday=holds_prayers(team_day),
    )


def kinds_of(network: Network, team_days: Iterable[TeamDay]) -> dict[TeamDay, Kind]:
    """Kind of every team-day; how many sessions it holds is bounded by the shortest one."""
    shortest = min((site.session_minutes for site in network.sites), default=1)
    return {team_day: kind_of(network, team_day, shortest) for team_day in team_days}
