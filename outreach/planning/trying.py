"""What would give villages without room a visit: every cure is tried on the plan that stands.

A change (a team that works longer or on a Saturday, days more, a team more) is made alone, and then
the gaps are filled as the product fills them: all villages that wait ask for the room, the most
valuable first. Only those that get a visit then are told of it, and how many they are.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from outreach.planning.model import USUAL, Change, Reason, Remedy, Unplaced
from outreach.planning.more_days import (
    EXTENSION_DAYS,
    as_on,
    busiest_first,
    busiest_of_each_base,
    days_behind,
    weekdays_unused,
)
from outreach.planning.network import kind_of, network_of
from outreach.planning.prices import priced
from outreach.planning.reasons import LONGEST_EXTRA_MINUTES
from outreach.planning.rota import insert_left
from outreach.planning.slots import visit_prices
from outreach.planning.workdays import days_between

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from outreach.planning.model import PlannedVisit, Site, Stay, TeamDay, TravelTable
    from outreach.planning.network import Kind

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

    Behind the last team-day a village is closed as its site says, see `more_days.days_to_try`; no
    team works on a public holiday. Days of `stays` hold nobody else.
    """
    return list(with_changes(sites, visits, team_days, measured, stays, every=False)[0])


def with_changes(
    sites: Sequence[Site],
    visits: Sequence[PlannedVisit],
    team_days: Sequence[TeamDay],
    measured: TravelTable | None = None,
    stays: Sequence[Stay] = (),
    *,
    every: bool = True,
) -> tuple[list[Unplaced], tuple[Change, ...]]:
    """Tell as `without_capacity`, and which changes bring how many villages, most first.

    With `every` dearer changes are tried too where a cheaper one holds all: somebody may choose.
    """
    placed = {visit.code for visit in visits}
    left = [site for site in sites if site.code not in placed]
    if not left:
        return [], ()
    trial = _Trial(sites, visits, team_days, measured, stays, every)
    found, later = trial.cured(), Change(Remedy.NEXT_STAGE)
    left.sort(key=lambda site: (-site.value, site.code))
    changes = sorted(trial.tried, key=lambda one: -one.brings)
    return [_told(found.get(site.code, later), site.code) for site in left], tuple(changes)


def _told(change: Change, code: str) -> Unplaced:
    """Tell a village what would help it."""
    facts = (change.remedy, change.amount, change.team_id, change.day, change.brings)
    return Unplaced(code, Reason.NO_CAPACITY, *facts)


class _Trial:
    """A plan that stands, and who waits beside it, the most valuable first."""

    def __init__(
        self,
        sites: Sequence[Site],
        visits: Sequence[PlannedVisit],
        team_days: Sequence[TeamDay],
        measured: TravelTable | None,
        stays: Sequence[Stay],
        every: bool,
    ) -> None:
        self.every = every
        self.tried: list[Change] = []
        self.network = network_of(sites, team_days, measured)
        self.kinds: dict[TeamDay, Kind] = {}
        self.team_days = sorted(team_days, key=lambda one: (one.day, one.team_id))
        self.shortest = min(site.session_minutes for site in sites)
        self.trips = self._standing(visits, stays)
        placed = {visit.code for visit in visits}
        waiting = [stop for stop, site in enumerate(sites) if site.code not in placed]
        self.waiting = sorted(waiting, key=lambda stop: (-sites[stop].value, sites[stop].code))
        # Whoever asks for room when a change is made, and the day-trips that stand then.
        self.everybody, self.before = tuple(self.waiting), dict(self.trips)
        self.found: dict[str, Change] = {}
        self.away = {
            (stay.team_id, day)
            for stay in stays
            for stayed in [(*stay.travel_days, *stay.session_days)]
            for day in days_between(min(stayed), max(stayed))
        }
        self.more_minutes: dict[tuple[int, tuple[int, ...]], NDArray[np.int64]] = {}
        self.busy_minutes: dict[tuple[Kind, tuple[int, ...]], int] = {}

    def cured(self) -> dict[str, Change]:
        """Try cure after cure until nobody waits; what each village is offered."""
        tries: dict[Remedy, Callable[[], None]] = {
            Remedy.OPEN_A_DAY: self._open_a_day,
            Remedy.LONGER_DAY: self._longer_day,
            Remedy.LONGER_STAGE: self._longer_stage,
            Remedy.ANOTHER_WEEKDAY: self._another_weekday,
            Remedy.ADD_TEAM: self._add_team,
        }
        for remedy in CURES_BY_PRICE:
            if self.waiting or self.every:
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

    def _take(self, stop: int, change: Change) -> None:
        self.found[self.network.sites[stop].code] = change
        self.waiting.remove(stop)

    def _offer(self, change: Change, held: Collection[int]) -> None:
        """Offer a change to whoever it holds and is offered nothing cheaper."""
        if held:
            self.tried.append(replace(change, brings=len(held)))
        for stop in [one for one in self.waiting if one in held]:
            self._take(stop, self.tried[-1])

    def _held(self, changed: Mapping[TeamDay, tuple[int, ...]]) -> frozenset[int]:
        """Villages that get a visit when these team-days are there, with the stops they have."""
        rota = dict(changed)
        kinds = {one: kind for one in rota if (kind := self._kind(one)).sessions > 0}
        if not kinds:
            return frozenset()
        prices = priced(self.network.sites, [*self.team_days, *rota], USUAL.day_price)
        table = visit_prices(self.network, prices)
        filled = insert_left(self.network, rota, kinds, self.everybody, prices.day_number, table)
        return frozenset(stop for stops in filled.values() for stop in stops) & set(self.everybody)

    def _kind(self, team_day: TeamDay) -> Kind:
        if team_day not in self.kinds:
            self.kinds[team_day] = kind_of(self.network, team_day, self.shortest)
        return self.kinds[team_day]

    @cached_property
    def _gaps(self) -> list[TeamDay]:
        """Team-days that hold a session more."""
        return [one for one, held in self.trips.items() if len(held) < self._kind(one).sessions]

    def _into_gaps(
        self, stop: int, on: Callable[[date], bool], late_minutes: int = 0
    ) -> Iterator[tuple[TeamDay, Kind, tuple[int, ...]]]:
        """Days with room whose way grows least, then the least late, and the stops they then have.

        None on which the team would come back more than `late_minutes` late at the least.
        """
        session = self.network.sites[stop].session_minutes
        gaps = []
        for number, one in enumerate(self._gaps):
            kind, stops = self._kind(one), self.trips[one]
            if on(one.day) and len(stops) < kind.sessions:
                more = int(self._more_minutes(kind, stops)[stop])
                late = max(0, self._busy_minutes(kind, stops) + more + session - kind.minutes)
                if late <= late_minutes:
                    gaps.append((late, more, number, one, kind))
        nearest = sorted(gaps, key=lambda gap: gap[1:3])[:NEAREST_TRIED]
        least_late = sorted(gaps, key=lambda gap: gap[:3])[:1]
        for _, _, _, one, kind in dict.fromkeys([*nearest, *least_late]):
            yield one, kind, (*self.trips[one], stop)

    def _open_a_day(self) -> None:
        """Put villages into the room that is left on days on which they are closed."""
        for stop in list(self.waiting):
            closed = self.network.sites[stop].closed_days
            for one, kind, stops in self._into_gaps(stop, closed.__contains__):
                order = self.network.best_order(kind, stops, one.day)
                if order is not None:
                    self.trips[one] = order
                    opened = Change(Remedy.OPEN_A_DAY, 0, one.team_id, one.day, 1)
                    self._take(stop, opened)
                    break

    def _longer_day(self) -> None:
        """Let one team come back later on all its days: as the first village asks, or the last."""
        late: dict[int, list[int]] = defaultdict(list)
        for stop in self.waiting:
            if least := self._least_late(stop):
                late[least[2]].append(least[0])
        tried = [(team, some) for team, all_ in late.items() for some in {min(all_), max(all_)}]
        for team_id, minutes in sorted(tried):
            changed = {
                replace(one, ends_minute=one.ends_minute + minutes): self.before[one]
                for one in self.before
                if one.team_id == team_id
            }
            self._offer(Change(Remedy.LONGER_DAY, minutes, team_id), self._held(changed))

    def _least_late(self, stop: int) -> tuple[int, int, int] | None:
        """Minutes by which some team comes back later for a village, its number last."""
        closed = self.network.sites[stop].closed_days
        gaps = self._into_gaps(stop, lambda day: day not in closed, LONGEST_EXTRA_MINUTES)
        later = [
            (late, number, one.team_id)
            for number, (one, kind, stops) in enumerate(gaps)
            for late in self._late(kind, stops, one.day)
        ]
        return min(later, default=None)

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
        """Let all teams work on for one working day, for two, and so on."""
        more: dict[TeamDay, tuple[int, ...]] = {}
        for amount, day in enumerate(days_behind(self.team_days, EXTENSION_DAYS), start=1):
            if not (self.waiting or self.every):
                return
            more |= dict.fromkeys(as_on(self.team_days, day), ())
            self._offer(Change(Remedy.LONGER_STAGE, amount, day=day), self._held(more))

    def _another_weekday(self) -> None:
        """Let one team work on a weekday on which it is off, else all where all are; no Sunday."""
        off = self._by_weekday_off()
        nobody = weekdays_unused(self.team_days)
        for weekday in sorted(off, reverse=True):
            own = [one for one in self.team_days if one.team_id in off[weekday]]
            tried = [
                (team_id, self._held(dict.fromkeys(off[weekday][team_id], ())))
                for team_id in busiest_of_each_base(own)
            ]
            # Whichever brings most comes first; where one team does not suffice, all are tried.
            for team_id, held in sorted(tried, key=lambda one: (-self._value_of(one[1]), one[0])):
                self._offer(Change(Remedy.ANOTHER_WEEKDAY, weekday + 1, team_id), held)
            if weekday in nobody and (self.waiting or self.every):
                every = [one for days in off[weekday].values() for one in days]
                held = self._held(dict.fromkeys(every, ()))
                self._offer(Change(Remedy.ANOTHER_WEEKDAY, weekday + 1), held)

    def _by_weekday_off(self) -> dict[int, dict[int, list[TeamDay]]]:
        """Days each team would have on the weekdays on which it is off, none during a stay."""
        found: dict[int, dict[int, list[TeamDay]]] = defaultdict(dict)
        for team_id in busiest_first(self.team_days):
            own = [one for one in self.team_days if one.team_id == team_id]
            for weekday, days in weekdays_unused(own).items():
                there = [day for day in days if (team_id, day) not in self.away]
                found[weekday][team_id] = [one for day in there for one in as_on(own, day)]
        return found

    def _add_team(self) -> None:
        """Send a team more for the whole stage, from the base where it holds most value."""
        more: dict[TeamDay, tuple[int, ...]] = {}
        for amount in range(1, MOST_EXTRA_TEAMS + 1):
            if not (self.waiting or self.every):
                return
            teams = busiest_of_each_base(self.team_days)
            like = {team: more | self._like(team, -amount) for team in teams}
            held = {team: self._held(days) for team, days in like.items()}
            best = max(held, key=lambda team: (self._value_of(held[team]), -team))
            more = like[best]
            self._offer(Change(Remedy.ADD_TEAM, amount, best), held[best])

    def _like(self, team_id: int, number: int) -> dict[TeamDay, tuple[int, ...]]:
        """Empty days of a team to come that works as another does."""
        alike = (one for one in self.team_days if one.team_id == team_id)
        return {replace(one, team_id=number): () for one in alike}

    def _value_of(self, stops: Iterable[int]) -> float:
        return sum(self.network.sites[stop].value for stop in stops)

    def _busy_minutes(self, kind: Kind, stops: tuple[int, ...]) -> int:
        """Minutes of a day-trip: its way and its sessions."""
        if (kind, stops) not in self.busy_minutes:
            sessions = sum(self.network.sites[stop].session_minutes for stop in stops)
            self.busy_minutes[kind, stops] = sum(self.network.legs(kind, stops)) + sessions
        return self.busy_minutes[kind, stops]

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
