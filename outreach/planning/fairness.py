"""Fair shares: trips change teams so that hours and hardship come to all teams alike.

Teams of one base, with the same hours and sessions on a day, can take each other's trips without a
minute more on the road: sharing is free there. What it costs is that a team leaves a district it
knows, see `rota`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from outreach.planning.model import Access
from outreach.planning.rota import KNOWN_DISTRICT_MINUTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from outreach.planning.model import Plan, Problem, Site, TeamDay
    from outreach.planning.network import Kind, Network
    from outreach.planning.rota import Rota

# A day by boat or air is as hard as so many minutes more on the road: an assumption.
HARD_DAY_MINUTES = 120

# Whoever has nothing to exchange any more has seen all pairs this often at the most.
MOST_SWEEPS = 20


@dataclass(frozen=True, slots=True)
class Load:
    """What one team carries; `hard_days` are day-trips by boat or by air."""

    team_id: int
    team_days: int
    session_minutes: int
    travel_minutes: int
    hard_days: int

    @property
    def minutes(self) -> int:
        """Sessions, the road, and what a hard day weighs."""
        return self.session_minutes + self.travel_minutes + HARD_DAY_MINUTES * self.hard_days


@dataclass(frozen=True, slots=True)
class Fairness:
    """The loads of all teams that work, by team, and how far they lie apart.

    Attributes
    ----------
    spread_minutes
        From the lowest load to the highest.
    price_minutes
        How much more the plan costs than the same with a fairness of 0, in minutes of travel.
    """

    loads: tuple[Load, ...]
    spread_minutes: int
    price_minutes: int


def fairness_of(problem: Problem, plan: Plan, without: Plan | None = None) -> Fairness:
    """Tell what each team carries in a plan, and the price of it against the plan `without`."""
    sites = {site.code: site for site in problem.sites}
    islands = {(one.team_id, one.day): one.base.island for one in problem.team_days}
    trips: dict[int, dict[date, list[Site]]] = defaultdict(lambda: defaultdict(list))
    travel: dict[int, int] = defaultdict(int)
    for visit in plan.visits:
        trips[visit.team_id][visit.day].append(sites[visit.code])
        travel[visit.team_id] += visit.travel_minutes + visit.return_minutes
    for stay in plan.stays:
        travel[stay.team_id] += 2 * stay.access_minutes
    loads = tuple(
        _load(team, trips[team], travel[team], islands)
        for team in sorted({one.team_id for one in problem.team_days})
    )
    carried = [load.minutes for load in loads] or [0]
    price = 0 if without is None else plan.travel_minutes - without.travel_minutes
    return Fairness(loads, max(carried) - min(carried), price)


def _load(
    team_id: int,
    trips: Mapping[date, Sequence[Site]],
    travel_minutes: int,
    islands: Mapping[tuple[int, date], int],
) -> Load:
    return Load(
        team_id,
        team_days=len(trips),
        session_minutes=sum(site.session_minutes for trip in trips.values() for site in trip),
        travel_minutes=travel_minutes,
        hard_days=sum(is_hard(trip, islands.get((team_id, day))) for day, trip in trips.items()),
    )


def is_hard(sites: Iterable[Site], island: int | None) -> bool:
    """Whether a trip from an island goes by boat or by air."""
    return any(
        site.point.access is not Access.ROAD or (island is not None and site.point.island != island)
        for site in sites
    )


def share_fairly(
    network: Network,
    rota: Mapping[TeamDay, tuple[int, ...]],
    kinds: Mapping[TeamDay, Kind],
    fairness: float,
) -> Rota:
    """Let teams change their trips of a day where that brings their loads together.

    Only trips of one day and kind change places, and no trip with a visit that stands: travel
    stays as it is. A trip that leaves a team which knows its districts must bring the loads closer
    by `KNOWN_DISTRICT_MINUTES` / `fairness` minutes.
    """
    shared = dict(rota)
    groups: dict[tuple[date, Kind], list[TeamDay]] = defaultdict(list)
    for team_day, kind in sorted(kinds.items(), key=lambda item: _when(item[0])):
        if not any(network.sites[stop].pin for stop in shared.get(team_day, ())):
            groups[team_day.day, kind].append(team_day)
    carried = {one.team_id: 0 for one in kinds}
    for team_day, stops in shared.items():
        carried[team_day.team_id] += burden(network, kinds[team_day], stops)
    for _ in range(MOST_SWEEPS):
        pairs = [pair for group in groups.values() for pair in combinations(group, 2)]
        if not sum([_exchange(network, shared, kinds, carried, pair, fairness) for pair in pairs]):
            break
    return {team_day: stops for team_day, stops in shared.items() if stops}


def burden(network: Network, kind: Kind, stops: Sequence[int]) -> int:
    """Minutes of a trip: sessions, the road, and what a way by boat or air weighs."""
    sites = [network.sites[stop] for stop in stops]
    hard = is_hard(sites, network.bases[kind.base].island)
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
    known = {
        network.sites[stop].district
        for other, others in rota.items()
        if other.team_id == team_day.team_id and other.day != team_day.day
        for stop in others
    }
    return sum(network.sites[stop].district in known for stop in stops)


def _when(team_day: TeamDay) -> tuple[date, int]:
    return team_day.day, team_day.team_id
