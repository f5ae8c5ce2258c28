"""Why a village gets no visit, and the cheapest thing that would help."""

from __future__ import annotations

from collections import defaultdict
from math import ceil, isfinite
from typing import TYPE_CHECKING

from outreach.planning.model import Reason, Remedy, Unplaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from outreach.planning.model import PlannedVisit, Site, TeamDay
    from outreach.planning.network import Kind, Network

# A day up to this much longer reaches the village; beyond it the team stays overnight.
LONGEST_EXTRA_MINUTES = 120

# So many working days more are a small extension of a stage; what needs more needs a team more.
EXTENSION_DAYS = 5


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
    found = []
    for stop, site in enumerate(network.sites):
        possible = [listed for kind, listed in days.items() if network.fits(kind, (stop,))]
        if not possible:
            found.append(Unplaced(site.code, Reason.TOO_FAR, _nearer(network, days, stop)))
        elif set().union(*possible) <= site.closed_days:
            found.append(Unplaced(site.code, Reason.ALWAYS_CLOSED, Remedy.OPEN_A_DAY))
    return found


def _nearer(network: Network, kinds: Iterable[Kind], stop: int) -> Remedy:
    session = network.sites[stop].session_minutes
    missing = min(session + sum(network.legs(kind, (stop,))) - kind.minutes for kind in kinds)
    return Remedy.LONGER_DAY if missing <= LONGEST_EXTRA_MINUTES else Remedy.OVERNIGHT_STAY


def without_capacity(
    sites: Sequence[Site], visits: Sequence[PlannedVisit], team_days: Sequence[TeamDay]
) -> list[Unplaced]:
    """Sites that the team-days did not hold, the most valuable offered the first remedy.

    At the pace of the plan, a few days more would hold the first of them and one team more the
    next; the rest is for another stage.
    """
    placed = {visit.code for visit in visits}
    left = sorted(
        (site for site in sites if site.code not in placed),
        key=lambda site: (-site.value, site.code),
    )
    days = len({team_day.day for team_day in team_days})
    teams = len({team_day.team_id for team_day in team_days})
    longer = ceil(EXTENSION_DAYS * len(visits) / days)
    joined = longer + ceil(len(visits) / teams)
    remedies = [Remedy.LONGER_STAGE] * longer + [Remedy.ADD_TEAM] * (joined - longer)
    remedies += [Remedy.NEXT_STAGE] * len(left)
    return [
        Unplaced(site.code, Reason.NO_CAPACITY, remedy)
        for site, remedy in zip(left, remedies, strict=False)
    ]
