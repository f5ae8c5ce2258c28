"""Fair shares: trips change teams so that hours and hardship come to all teams alike.

Teams of one base, with the same hours and sessions on a day, can take each other's trips without a
minute more on the road: sharing is free there. What it costs is that a team leaves a district it
knows, see `rota`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from outreach.planning.model import Access
from outreach.planning.rota import KNOWN_DISTRICT_MINUTES, by_day_and_team

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from outreach.planning.model import PlannedVisit, Point, Problem, Stay, TeamDay
    from outreach.planning.network import Kind, Network
    from outreach.planning.rota import Rota

# A day by boat or air is as hard as so many minutes more on the road: an assumption.
HARD_DAY_MINUTES = 120

# Whoever has nothing to exchange any more has seen all pairs this often at the most.
MOST_SWEEPS = 20


@dataclass(frozen=True, slots=True)
class Shares:
    """What each team carries in minutes, as the trips fell and as they were shared fairly.

    Stays and visits that stand are in both. `strangers` are villages whose team has no other trip
    in their district, and had one before. `handed` trips start at another base: `travel_minutes`
    more on the road, `cost_minutes` by the bill. `days` are the teams' working days, by which
    their loads are compared.
    """

    fallen: Mapping[int, int]
    shared: Mapping[int, int]
    strangers: int
    handed: int = 0
    travel_minutes: int = 0
    cost_minutes: int = 0
    days: Mapping[int, int] = field(default_factory=dict)


def is_hard(places: Iterable[Point], island: int | None) -> bool:
    """Whether a trip from an island goes by boat or by air."""
    return any(
        place.access is not Access.ROAD or (island is not None and place.island != island)
        for place in places
    )


def carried_by(
    problem: Problem, visits: Iterable[PlannedVisit], stays: Iterable[Stay]
) -> dict[int, int]:
    """Minutes that every team carries by these visits and stays, before any trip is shared.

    They weigh as in `burden`, seen from where the team is at home: on the way to a hub over sea and
    back as well.
    """
    carried = {one.team_id: 0 for one in problem.team_days}
    islands = {(one.team_id, one.day): one.base.island for one in problem.team_days}
    places = {site.code: site for site in problem.sites}
    trips: dict[tuple[int, date], list[PlannedVisit]] = defaultdict(list)
    for visit in visits:
        trips[visit.team_id, visit.day].append(visit)
    for (team_id, day), trip in trips.items():
        hard = is_hard((places[one.code].point for one in trip), islands.get((team_id, day)))
        carried[team_id] = carried.get(team_id, 0) + HARD_DAY_MINUTES * hard
        carried[team_id] += sum(
            places[one.code].session_minutes + one.travel_minutes + one.return_minutes
            for one in trip
        )
    for stay in stays:
        hard = is_hard([stay.hub], islands[stay.team_id, stay.session_days[0]])
        carried[stay.team_id] += 2 * (stay.access_minutes + HARD_DAY_MINUTES * hard)
    return carried


def beyond_due(problem: Problem, carried: Mapping[int, int], whole: int) -> dict[int, int]:
    """Minutes that teams carry beyond their share of a whole by their working days; below 0: less.

    Who works fewer days, because other stages have taken them or other parts of the run hold
    them, is due less.
    """
    days = Counter(one.team_id for one in problem.team_days)
    every = max(1, days.total())
    return {team: minutes - whole * days[team] // every for team, minutes in carried.items()}


def share_fairly(
    network: Network,
    rota: Mapping[TeamDay, tuple[int, ...]],
    kinds: Mapping[TeamDay, Kind],
    fairness: float,
    carried_before: Mapping[int, int] | None = None,
) -> Rota:
    """Let teams change their trips of a day where that brings their loads together.

    Only trips of one day and kind change places, and no trip with a visit that stands: travel
    stays as it is. A trip that leaves a team which knows its districts must bring the loads closer
    by `KNOWN_DISTRICT_MINUTES` / `fairness` minutes. `carried_before` is what the teams carry
    besides, see `carried_by`.
    """
    shared = dict(rota)
    groups: dict[tuple[date, Kind], list[TeamDay]] = defaultdict(list)
    for team_day, kind in sorted(kinds.items(), key=lambda item: by_day_and_team(item[0])):
        if not any(network.sites[stop].pin for stop in shared.get(team_day, ())):
            groups[team_day.day, kind].append(team_day)
    carried = loads_of(network, shared, kinds, carried_before)
    for _ in range(MOST_SWEEPS):
        pairs = [pair for group in groups.values() for pair in combinations(group, 2)]
        if not sum([_exchange(network, shared, kinds, carried, pair, fairness) for pair in pairs]):
            break
    return {team_day: stops for team_day, stops in shared.items() if stops}


def loads_of(
    network: Network,
    rota: Mapping[TeamDay, tuple[int, ...]],
    kinds: Mapping[TeamDay, Kind],
    carried_before: Mapping[int, int] | None = None,
) -> dict[int, int]:
    """Minutes that every team carries, see `burden`, besides what it carried before."""
    carried = {one.team_id: 0 for one in kinds} | dict(carried_before or {})
    for team_day, stops in rota.items():
        carried[team_day.team_id] += burden(network, kinds[team_day], stops)
    return carried


def shares_of(
    network: Network,
    fallen: Rota,
    shared: Rota,
    kinds: Mapping[TeamDay, Kind],
    carried_before: Mapping[int, int] | None = None,
) -> Shares:
    """Tell what sharing the trips has changed."""
    strangers = _known_stops(network, fallen) - _known_stops(network, shared)
    before, after = (loads_of(network, one, kinds, carried_before) for one in (fallen, shared))
    return Shares(before, after, len(strangers))


def _known_stops(network: Network, rota: Rota) -> set[int]:
    """Find the stops of which the team goes to the district on other days too."""
    return {
        stop
        for team_day, stops in rota.items()
        for known in [districts_besides(network, rota, team_day)]
        for stop in stops
        if network.sites[stop].district in known
    }


def burden(network: Network, kind: Kind, stops: Sequence[int]) -> int:
    """Minutes of a trip: sessions, the road, and what a way by boat or air weighs."""
    sites = [network.sites[stop] for stop in stops]
    hard = is_hard((site.point for site in sites), network.bases[kind.base].island)
    sessions = sum(site.session_minutes for site in sites)
    return sessions + sum(network.legs(kind, stops)) + HARD_DAY_MINUTES * hard


def _exchange(
    network: Network,
    rota: Rota,
    kinds: Mapping[TeamDay, Kind],
    carried: dict[int, int],
    pair: tuple[TeamDay, TeamDay],
    fairness: float,
) -> bool:
    """Let two teams change their trips if their loads come closer than it costs."""
    one, other = pair
    mine, theirs = rota.get(one, ()), rota.get(other, ())
    shift = burden(network, kinds[other], theirs) - burden(network, kinds[one], mine)
    before = abs(carried[one.team_id] - carried[other.team_id])
    after = abs(carried[one.team_id] - carried[other.team_id] + 2 * shift)
    if fairness * (before - after) <= 0:
        return False
    strange = _known(network, rota, one, mine) + _known(network, rota, other, theirs)
    if fairness * (before - after) <= KNOWN_DISTRICT_MINUTES * strange:
        return False
    rota[one], rota[other] = theirs, mine
    carried[one.team_id] += shift
    carried[other.team_id] -= shift
    return True


def _known(network: Network, rota: Rota, team_day: TeamDay, stops: Sequence[int]) -> int:
    """How many of the stops lie in districts to which the team goes on other days."""
    known = districts_besides(network, rota, team_day)
    return sum(network.sites[stop].district in known for stop in stops)


def districts_besides(network: Network, rota: Rota, team_day: TeamDay) -> set[str]:
    """Districts to which the team goes on its other days."""
    return {
        network.sites[stop].district
        for other, others in rota.items()
        if other.team_id == team_day.team_id and other.day != team_day.day
        for stop in others
    }
