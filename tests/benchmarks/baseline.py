"""What a coordinator's spreadsheet does: villages by district and name, day after day."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from outreach.planning.daytrip import visits_of_day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from outreach.planning.model import PlannedVisit, Site, TeamDay


def by_district_and_name(
    sites: Sequence[Site], team_days: Sequence[TeamDay], names: Mapping[str, str]
) -> list[PlannedVisit]:
    """Fill each team-day with the next villages of the list until one does not fit.

    `names` are those of villages and of districts, by their codes: the list is in the order of
    the alphabet, as a spreadsheet sorts it.

    A village that does not fit even alone into an empty day goes to the end of the list, so the
    list does not get stuck; the rules of hours and prayers are kept.
    """
    waiting = deque(sorted(sites, key=lambda site: (names[site.district], names[site.code])))
    visits: list[PlannedVisit] = []
    for team_day in sorted(team_days, key=lambda one: (one.day, one.team_id)):
        taken: list[Site] = []
        while waiting and _fits(team_day, [*taken, waiting[0]]):
            taken.append(waiting.popleft())
        visits += visits_of_day(team_day, taken) or ()
        if waiting and not taken:
            waiting.rotate(-1)
    return visits


def _fits(team_day: TeamDay, sites: Sequence[Site]) -> bool:
    if len(sites) > team_day.sessions or team_day.day in sites[-1].closed_days:
        return False
    return visits_of_day(team_day, sites) is not None
