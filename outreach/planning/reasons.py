"""Why a village gets no visit, and the cheapest thing that would help."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING

from outreach.planning.model import Access, Reason, Remedy, Unplaced
from outreach.planning.travel import travel_minutes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from outreach.planning.model import Site, TeamDay
    from outreach.planning.network import Kind, Network

# A day up to this much longer reaches the village; beyond it the team stays overnight.
LONGEST_EXTRA_MINUTES = 120


def has_place(site: Site) -> bool:
    """Whether a position, be it approximate, is known."""
    return isfinite(site.point.latitude) and isfinite(site.point.longitude)


def without_place(sites: Iterable[Site]) -> list[Unplaced]:
    """Sites of which no position is known."""
    return [
        Unplaced(site.code, Reason.NO_PLACE, Remedy.LOCATE_VILLAGE)
        for site in sites
        if not has_place(site)
    ]


def without_team(sites: Iterable[Site]) -> list[Unplaced]:
    """Say of all sites that there is nobody to go."""
    return [Unplaced(site.code, Reason.NO_TEAM, Remedy.ADD_TEAM) for site in sites]


def out_of_reach(network: Network, kinds: Mapping[TeamDay, Kind]) -> list[Unplaced]:
    """Sites that no team-day could hold even alone: too far, or closed whenever it could."""
    days: dict[Kind, set[date]] = defaultdict(set)
    for team_day, kind in kinds.items():
        days[kind].add(team_day.day)
    teams = {(kind, one.team_id) for one, kind in kinds.items()}
    first_team = dict(sorted(teams, reverse=True))
    by_sea = _districts_reached_by_sea(network)
    found = []
    for stop, site in enumerate(network.sites):
        possible = [kind for kind in days if network.reaches(kind, stop)]
        if not possible:
            boat = _boat(network, days, stop) if site.district in by_sea else None
            cure = boat or _longer_day(network, first_team, stop) or (Remedy.OVERNIGHT_STAY,)
            found.append(Unplaced(site.code, Reason.TOO_FAR, *cure))
        elif not any(network.hosts(kind, stop, day) for kind in possible for day in days[kind]):
            found.append(Unplaced(site.code, Reason.ALWAYS_CLOSED, Remedy.OPEN_A_DAY))
    return found


def _longer_day(
    network: Network, team_of: Mapping[Kind, int], stop: int
) -> tuple[Remedy, int, int] | None:
    """Find the team whose day needs the shortest prolongation to reach the village."""
    session = network.sites[stop].session_minutes
    missing = []
    for kind, team_id in team_of.items():
        longer = replace(kind, ends_minute=kind.ends_minute + LONGEST_EXTRA_MINUTES)
        starts = network.starts(replace(longer, sessions=1), (stop,))
        if starts:
            back = starts[0] + session + network.legs(kind, (stop,))[-1]
            missing.append((back - kind.ends_minute, team_id))
    return (Remedy.LONGER_DAY, *min(missing)) if missing else None


def _boat(network: Network, kinds: Iterable[Kind], stop: int) -> tuple[Remedy, int] | None:
    """Find how many minutes a way over sea spares that then fits into some team's day."""
    site = network.sites[stop]
    if site.point.access is not Access.ROAD:
        return None
    by_boat = replace(site.point, access=Access.BOAT)
    saved = []
    for kind in kinds:
        road = network.legs(kind, (stop,))[0]
        sea = travel_minutes(network.bases[kind.base], by_boat)
        fits = 2 * sea + site.session_minutes <= kind.minutes and kind.sessions > 0
        if fits and not kind.is_friday and sea < road:
            saved.append(road - sea)
    return (Remedy.BOAT, max(saved)) if saved else None


def _districts_reached_by_sea(network: Network) -> frozenset[str]:
    """Districts that have a village which is reached by boat: only there a boat is offered.

    Where the coast lies is not known here; a shorter straight line alone would send boats into
    the highlands.
    """
    islands = {base.island for base in network.bases}
    return frozenset(
        site.district
        for site in network.sites
        if site.point.access is Access.BOAT or site.point.island not in islands
    )
