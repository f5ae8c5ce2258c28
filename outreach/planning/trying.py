"""What would give villages without room a visit: every cure is tried on the plan that stands.

The most valuable village is asked first, and what one cure holds no other village is promised:
fifty villages are not offered the same three sessions.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from outreach.planning.model import Reason, Remedy, Unplaced
from outreach.planning.more_days import as_on, busiest_first, days_behind, weekdays_unused
from outreach.planning.network import kind_of, network_of
from outreach.planning.reasons import LONGEST_EXTRA_MINUTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from outreach.planning.model import PlannedVisit, Site, Stay, TeamDay, TravelTable
    from outreach.planning.network import Kind

# So many working days more are a small extension of a stage; what needs more needs a team more.
EXTENSION_DAYS = 5

# A branch can find this many teams; whoever would need more waits for the next stage.
MOST_EXTRA_TEAMS = 2

# The nearest villages are tried first: where these do not fit, a farther one hardly does.
NEAREST_TRIED = 8

# From the cheapest to the dearest for whoever has to bring it about. A word with the village costs
# nobody a working day; an evening costs one team an hour or two; days more cost all teams their
# ordinary pay; another weekday costs overtime and its days of rest; a team more has to be found,
# equipped and trained. What none of these holds waits for the next stage.
CURES_BY_PRICE = (
    Remedy.OPEN_A_DAY,
    Remedy.LONGER_DAY,
    Remedy.LONGER_STAGE,
    Remedy.ANOTHER_WEEKDAY,
    Remedy.ADD_TEAM,
)


def without_capacity(
    sites: Sequence[Site],
    visits: Sequence[PlannedVisit],
    team_days: Sequence[TeamDay],
    measured: TravelTable | None = None,
    stays: Sequence[Stay] = (),
) -> list[Unplaced]:
    """Say of the sites without a visit what would hold them, the most valuable asked first.

    The calendars of villages behind the last team-day are not known: there they count as open but
    for public holidays. Days of `stays` hold nobody else.
    """
    placed = {visit.code for visit in visits}
    left = [site for site in sites if site.code not in placed]
    if not left:
        return []
    found = _Trial(sites, visits, team_days, measured, stays).cured()
    left.sort(key=lambda site: (-site.value, site.code))
    nothing = (Remedy.NEXT_STAGE, 0)
    return [
        Unplaced(site.code, Reason.NO_CAPACITY, *found.get(site.code, nothing)) for site in left
    ]


class _Trial:
    """A plan that stands, and who waits beside it, the most valuable first."""

    def __init__(
        self,
        sites: Sequence[Site],
        visits: Sequence[PlannedVisit],
        team_days: Sequence[TeamDay],
        measured: TravelTable | None,
        stays: Sequence[Stay],
    ) -> None:
        self.network = network_of(sites, team_days, measured)
        self.kinds: dict[TeamDay, Kind] = {}
        self.team_days = sorted(team_days, key=lambda one: (one.day, one.team_id))
        self.shortest = min(site.session_minutes for site in sites)
        self.trips = self._standing(visits, stays)
        placed = {visit.code for visit in visits}
        waiting = [stop for stop, site in enumerate(sites) if site.code not in placed]
        self.waiting = sorted(waiting, key=lambda stop: (-sites[stop].value, sites[stop].code))
        self.found: dict[str, tuple[Remedy, int]] = {}
        self.more_minutes: dict[tuple[int, tuple[int, ...]], NDArray[np.int64]] = {}

    def cured(self) -> dict[str, tuple[Remedy, int]]:
        """Try cure after cure until nobody waits; remedy and amount by village."""
        tries: dict[Remedy, Callable[[], None]] = {
            Remedy.OPEN_A_DAY: self._open_a_day,
            Remedy.LONGER_DAY: self._longer_day,
            Remedy.LONGER_STAGE: self._longer_stage,
            Remedy.ANOTHER_WEEKDAY: self._another_weekday,
            Remedy.ADD_TEAM: self._add_team,
        }
        for remedy in CURES_BY_PRICE:
            if self.waiting:
                tries[remedy]()
        return self.found

    def _standing(
        self, visits: Iterable[PlannedVisit], stays: Iterable[Stay]
    ) -> dict[TeamDay, tuple[int, ...]]:
        """Day-trips of every team-day that starts at its own base, empty ones included."""
        stop_of = {site.code: stop for stop, site in enumerate(self.network.sites)}
        trips: dict[tuple[int, date], list[int]] = defaultdict(list)
        for visit in sorted(visits, key=lambda visit: (visit.day, visit.team_id, visit.slot)):
            trips[visit.team_id, visit.day].append(stop_of[visit.code])
        away = {
            (stay.team_id, day) for stay in stays for day in (*stay.travel_days, *stay.session_days)
        }
        return {
            one: tuple(trips[key])
            for one in self.team_days
            if (key := (one.team_id, one.day)) not in away
        }

    def _take(self, stop: int, remedy: Remedy, amount: int) -> None:
        self.found[self.network.sites[stop].code] = remedy, amount
        self.waiting.remove(stop)

    def _kind(self, team_day: TeamDay) -> Kind:
        if team_day not in self.kinds:
            self.kinds[team_day] = kind_of(self.network, team_day, self.shortest)
        return self.kinds[team_day]

    @cached_property
    def _gaps(self) -> list[TeamDay]:
        """Team-days that hold a session more."""
        return [one for one, held in self.trips.items() if len(held) < self._kind(one).sessions]

    def _into_gaps(
        self, stop: int, on: Callable[[date], bool]
    ) -> Iterator[tuple[TeamDay, Kind, tuple[int, ...]]]:
        """Days with room, those whose way grows least first, and the stops they then have."""
        more = [
            (int(self._more_minutes(kind, self.trips[one])[stop]), number, one, kind)
            for number, one in enumerate(self._gaps)
            if on(one.day) and len(self.trips[one]) < (kind := self._kind(one)).sessions
        ]
        for _, _, one, kind in sorted(more, key=lambda gap: gap[:2])[:NEAREST_TRIED]:
            yield one, kind, (*self.trips[one], stop)

    def _open_a_day(self) -> None:
        """Put villages into the room that is left on days on which they are closed."""
        for stop in list(self.waiting):
            closed = self.network.sites[stop].closed_days
            for one, kind, stops in self._into_gaps(stop, closed.__contains__):
                order = self.network.best_order(kind, stops, one.day)
                if order is not None:
                    self.trips[one] = order
                    self._take(stop, Remedy.OPEN_A_DAY, 0)
                    break

    def _longer_day(self) -> None:
        """Let the team of a day with room come back later."""
        for stop in list(self.waiting):
            closed = self.network.sites[stop].closed_days
            later = [
                (late, number, one)
                for number, (one, kind, stops) in enumerate(
                    self._into_gaps(stop, lambda day, closed=closed: day not in closed)  # type: ignore[misc]
                )
                for late in self._late(kind, stops, one.day)
            ]
            if later:
                late, _, one = min(later)
                # That day is spent: a second village would make it longer still.
                self._gaps.remove(one)
                self._take(stop, Remedy.LONGER_DAY, late)

    def _late(self, kind: Kind, stops: tuple[int, ...], day: date) -> Iterator[int]:
        """Minutes by which the team comes back later, if within reason."""
        longer = replace(kind, ends_minute=kind.ends_minute + LONGEST_EXTRA_MINUTES)
        order = self.network.best_order(longer, stops, day)
        starts = None if order is None else self.network.starts(longer, order, day)
        if order is not None and starts:
            session = self.network.sites[order[-1]].session_minutes
            back = starts[-1] + session + self.network.legs(longer, order)[-1]
            if back > kind.ends_minute:
                yield back - kind.ends_minute

    def _longer_stage(self) -> None:
        """Fill the working days behind the last one, one after the other."""
        for amount, day in enumerate(days_behind(self.team_days, EXTENSION_DAYS), start=1):
            for team_day in as_on(self.team_days, day):
                self._fill(team_day, Remedy.LONGER_STAGE, amount)

    def _another_weekday(self) -> None:
        """Fill the weekdays on which nobody works; a Sunday never is one."""
        for weekday, days in weekdays_unused(self.team_days).items():
            for team_day in (one for day in days for one in as_on(self.team_days, day)):
                self._fill(team_day, Remedy.ANOTHER_WEEKDAY, weekday + 1)

    def _add_team(self) -> None:
        """Send a team more for the whole stage, from the base where it holds most value."""
        for amount in range(1, MOST_EXTRA_TEAMS + 1):
            tried = [self._held_by(like) for like in self._one_of_each_base()]
            for stop in max(tried, key=self._value_of):
                self._take(stop, Remedy.ADD_TEAM, amount)

    def _held_by(self, team_id: int) -> list[int]:
        """Villages that a team which works like another would hold."""
        free, held = list(self.waiting), list[int]()
        for one in self.team_days:
            if one.team_id == team_id and free:
                trip = self._trip(one, free)
                held += trip
                free = [stop for stop in free if stop not in trip]
        return held

    def _one_of_each_base(self) -> list[int]:
        """Find the busiest team of every base."""
        base_of = {one.team_id: one.base for one in self.team_days}
        ordered = reversed(busiest_first(self.team_days))
        return sorted({base_of[team]: team for team in ordered}.values())

    def _value_of(self, stops: Iterable[int]) -> float:
        return sum(self.network.sites[stop].value for stop in stops)

    def _fill(self, team_day: TeamDay, remedy: Remedy, amount: int) -> None:
        for stop in self._trip(team_day, self.waiting):
            self._take(stop, remedy, amount)

    def _trip(self, team_day: TeamDay, waiting: Sequence[int]) -> tuple[int, ...]:
        """Day-trip of a new team-day: the most valuable village and its neighbours."""
        kind, day = self._kind(team_day), team_day.day
        free = [stop for stop in waiting if self.network.is_open(stop, day)]
        first = next((stop for stop in free if self.network.fits(kind, (stop,), day)), None)
        if first is None:
            return ()
        trip: tuple[int, ...] | None = (first,)
        stops: tuple[int, ...] = ()
        while trip is not None:
            stops = trip
            rest = [stop for stop in free if stop not in stops]
            trip = self._with_nearest(kind, stops, rest, day)
        return stops

    def _with_nearest(
        self, kind: Kind, stops: tuple[int, ...], free: Sequence[int], day: date
    ) -> tuple[int, ...] | None:
        if len(stops) >= kind.sessions or not free:
            return None
        more = self._more_minutes(kind, stops)[free]
        nearest = np.argsort(more, kind="stable")[:NEAREST_TRIED]
        tried = (self.network.best_order(kind, (*stops, free[at]), day) for at in nearest)
        return next((order for order in tried if order is not None), None)

    def _more_minutes(self, kind: Kind, stops: tuple[int, ...]) -> NDArray[np.int64]:
        """Minutes by which the way of a day-trip grows, for each site, at its best position."""
        if (kind.base, stops) not in self.more_minutes:
            way = [kind.base, *map(self.network.location, stops), kind.base]
            minutes, first = self.network.minutes, len(self.network.bases)
            more = [
                minutes[here, first:] + minutes[first:, there] - minutes[here, there]
                for here, there in pairwise(way)
            ]
            self.more_minutes[kind.base, stops] = np.min(more, axis=0)
        return self.more_minutes[kind.base, stops]
