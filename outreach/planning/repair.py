"""New places for the visits that cannot stay where they are; nobody else's day changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date  # noqa: TC003 - dataclass fields are read by callers at run time
from math import ceil
from typing import TYPE_CHECKING

from outreach.planning.assign import is_far, with_cheaper_cure
from outreach.planning.expeditions import plan_stays
from outreach.planning.hub_gaps import with_gaps_filled
from outreach.planning.insertion import OpenDay, Place, cost_of, places_on, with_stop
from outreach.planning.model import (
    Pin,
    PlannedVisit,
    Problem,
    Reason,
    Remedy,
    Site,
    Unplaced,
)
from outreach.planning.network import kinds_of, network_of
from outreach.planning.reasons import has_place, out_of_reach, without_place, without_team
from outreach.planning.trying import without_capacity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from outreach.planning.insertion import DayStop
    from outreach.planning.model import TeamDay, TravelTable

# A village with one possibility left goes before any that has two.
NO_OTHER_MINUTES = 100_000


@dataclass(frozen=True, slots=True)
class Seeker:
    """A village that needs a place.

    Attributes
    ----------
    wanted_day
        The day it had: the nearer the new one, the better. None for a village that had none.
    is_told
        The village was promised a visit: it goes before all others when room is scarce.
    """

    site: Site
    wanted_day: date | None = None
    is_told: bool = False


@dataclass(frozen=True, slots=True)
class Repair:
    """The places found, in the order in which they have to be taken, and who is left.

    `days` are all days as they are then.
    """

    placed: tuple[tuple[str, Place], ...]
    left: tuple[Unplaced, ...]
    days: tuple[OpenDay, ...]


def repair(
    seekers: Sequence[Seeker],
    days: Sequence[OpenDay],
    away: Mapping[int, frozenset[date]] | None = None,
    rests: Mapping[int, frozenset[date]] | None = None,
) -> Repair:
    """Put every village where it fits best; those that stand keep their team and day.

    Nobody gets a stay of its own: who is only reached by one is told so. `away` are the days of the
    stays that stand, by team, and `rests` those off as in `Problem`.

    Two orders are tried: whoever would lose most by waiting first (regret), and the most
    valuable first. The one that holds more of what was promised, then more value, then less way
    is taken; the same question gives the same answer.
    """
    located = [one for one in seekers if has_place(one.site)]
    table = _Table(located, days)
    tried = [_insert_all(table.copy(), pick) for pick in (_most_regret, _most_valuable)]
    best = min(tried, key=lambda table: _badness(table, located))
    placed = tuple((located[number].site.code, place) for number, place in best.taken)
    done = {code for code, _ in placed}
    left = [one.site for one in seekers if one.site.code not in done]
    return Repair(placed, _reasons(left, days, away or {}, rests or {}), tuple(best.days))


class _Table:
    """What each village's best place on each day is, kept up while places are taken."""

    def __init__(self, seekers: Sequence[Seeker], days: Sequence[OpenDay]) -> None:
        self.seekers = seekers
        self.days = list(days)
        self.waiting = list(range(len(seekers)))
        self.taken: list[tuple[int, Place]] = []
        # Full days offer nothing, and most days of a plan are full.
        self.found: list[dict[int, tuple[int, Place]]] = [{} for _ in seekers]
        for number in range(len(self.days)):
            self._look(number)

    def copy(self) -> _Table:
        made = _Table(self.seekers, ())
        made.days = list(self.days)
        made.found = [dict(options) for options in self.found]
        return made

    def options(self, seeker: int) -> list[tuple[int, int]]:
        """List cost and day of every place open to a village, the cheapest first."""
        return sorted((cost, day) for day, (cost, _) in self.found[seeker].items())

    def take(self, seeker: int, day: int) -> None:
        """Give a village its place of a day and look at that day anew."""
        place = self.found[seeker][day][1]
        self.days[day] = with_stop(self.days[day], self.seekers[seeker].site, place, is_firm=True)
        self.taken.append((seeker, place))
        self.waiting.remove(seeker)
        self._look(day)

    def _look(self, day: int) -> None:
        open_day = self.days[day]
        full = len(open_day.stops) >= open_day.team_day.sessions
        for number in self.waiting:
            self.found[number].pop(day, None)
            seeker = self.seekers[number]
            places = () if full else places_on(seeker.site, open_day)
            if places:
                self.found[number][day] = (cost_of(places[0], seeker.wanted_day), places[0])


def _insert_all(table: _Table, pick: Callable[[_Table], int]) -> _Table:
    while table.waiting:
        seeker = pick(table)
        options = table.options(seeker)
        if options:
            table.take(seeker, options[0][1])
        else:
            table.waiting.remove(seeker)
    return table


def _most_regret(table: _Table) -> int:
    """Choose who would lose most if its best place were gone."""

    def regret(number: int) -> tuple[int, bool, float, str]:
        costs = [cost for cost, _ in table.options(number)[:2]]
        second = costs[1] if len(costs) > 1 else NO_OTHER_MINUTES
        lost = second - costs[0] if costs else -1
        seeker = table.seekers[number]
        return lost, seeker.is_told, seeker.site.value, seeker.site.code

    return max(table.waiting, key=regret)


def _most_valuable(table: _Table) -> int:
    """Choose who was promised a visit, and of those the most valuable."""

    def worth(number: int) -> tuple[bool, float, str]:
        seeker = table.seekers[number]
        return seeker.is_told, seeker.site.value, seeker.site.code

    return max(table.waiting, key=worth)


def _badness(table: _Table, seekers: Sequence[Seeker]) -> tuple[int, float, int]:
    promised = sum(seekers[number].is_told for number, _ in table.taken)
    value = sum(seekers[number].site.value for number, _ in table.taken)
    cost = sum(cost_of(place, seekers[number].wanted_day) for number, place in table.taken)
    return -promised, -ceil(value * 1000), cost


def _reasons(
    left: Sequence[Site],
    days: Sequence[OpenDay],
    away: Mapping[int, frozenset[date]],
    rests: Mapping[int, frozenset[date]],
) -> tuple[Unplaced, ...]:
    """Say of each village left why, and what would help: tried beside the visits that stand."""
    located = [site for site in left if has_place(site)]
    whole = [one.team_day for one in days]
    travel = next((one.travel for one in days), None)
    found = without_place(left)
    if located and not whole:
        found += without_team(located)
    elif located:
        found += _beyond_reach(located, days, travel, away, rests)
    told = {one.code for one in found}
    if within := [site for site in located if site.code not in told]:
        visits = [visit for one in days for visit in _visits(one)]
        sites = {stop.site.code: _as_told(stop, one) for one in days for stop in one.stops}
        sites = {code: site for code, site in sites.items() if has_place(site)}
        asked = [*sites.values(), *(site for site in within if site.code not in sites)]
        visits = [visit for visit in visits if visit.code in sites]
        found += without_capacity(asked, visits, whole, travel)
    return tuple(sorted(found, key=lambda one: one.code))


def _is_at_home(one: TeamDay, away: Mapping[int, frozenset[date]]) -> bool:
    return one.day not in away.get(one.team_id, ())


def _beyond_reach(
    sites: Sequence[Site],
    days: Sequence[OpenDay],
    travel: TravelTable | None,
    away: Mapping[int, frozenset[date]],
    rests: Mapping[int, frozenset[date]],
) -> list[Unplaced]:
    """Tell which sites no team reaches from its base, and whether a new stay would be found.

    That is tried on the days that nobody uses: planning the stage again would make the stay.
    """
    at_home = [one for one in days if _is_at_home(one.team_day, away)]
    if not at_home:
        return []
    team_days = [one.team_day for one in at_home]
    network = network_of(sites, team_days, travel)
    refused = {one.code: one for one in out_of_reach(network, kinds_of(network, team_days))}
    far = [site for site in sites if is_far(refused.get(site.code))]
    free = tuple(one.team_day for one in at_home if not one.stops)
    tried = _stays_tried(Problem(tuple(far), free, 0, travel=travel, rests=rests, away=away))
    found = [one for one in refused.values() if not is_far(one)]
    return [*found, *(with_cheaper_cure(one, refused[one.code]) for one in tried)]


def _stays_tried(problem: Problem) -> Iterator[Unplaced]:
    """Say of each site whether a stay would be found for it; without a free day there is none."""
    if not problem.team_days:
        for site in problem.sites:
            yield Unplaced(site.code, Reason.NO_CAPACITY, Remedy.LONGER_STAGE)
        return
    answer = with_gaps_filled(problem, problem.sites, plan_stays(problem, problem.sites))
    yield from answer.unplaced
    for visit in answer.visits:
        yield Unplaced(visit.code, Reason.TOO_FAR, Remedy.OVERNIGHT_STAY)


def _as_told(stop: DayStop, open_day: OpenDay) -> Site:
    """Pin a village that knows its start: no cure moves it."""
    if not stop.not_before_minute:
        return stop.site
    day = open_day.team_day
    return replace(stop.site, pin=Pin(day.team_id, day.day, stop.starts_minute))


def _visits(open_day: OpenDay) -> Iterator[PlannedVisit]:
    """Sessions of a day as visits; their ways do not matter to who asks for room."""
    team_id, day = open_day.team_day.team_id, open_day.team_day.day
    for slot, stop in enumerate(open_day.stops, start=1):
        yield PlannedVisit(stop.site.code, team_id, day, slot, stop.starts_minute, 0, 0)
