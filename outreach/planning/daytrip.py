"""One team's day: the villages in their order, with their times."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from outreach.planning.model import PlannedVisit
from outreach.planning.travel import travel_minutes
from outreach.planning.workdays import earliest_starts, is_friday

if TYPE_CHECKING:
    from collections.abc import Sequence

    from outreach.planning.model import Site, TeamDay, TravelTable

# Long enough for any day-trip to end: two days.
NO_END_MINUTE = 2 * 24 * 60


def legs_of_day(
    team_day: TeamDay, sites: Sequence[Site], measured: TravelTable | None = None
) -> list[int]:
    """Minutes of every leg from the base through the sites and back; none without sites."""
    if not sites:
        return []
    way = [team_day.base, *(site.point for site in sites), team_day.base]
    return [travel_minutes(here, there, measured) for here, there in pairwise(way)]


def visits_of_day(
    team_day: TeamDay,
    sites: Sequence[Site],
    *,
    even_if_late: bool = False,
    not_before: Sequence[int] | None = None,
    measured: TravelTable | None = None,
) -> tuple[PlannedVisit, ...] | None:
    """Visits to the sites in the order given, each as early as it can be.

    With `not_before` none starts before its minute there: what a village was told is kept.

    Returns None when the team would not be back in time, unless `even_if_late`: then the visits
    come with the times they would have, and `check.violations_of_day` says what is wrong. Neither
    the number of sessions nor closed days are looked at here.
    """
    legs = legs_of_day(team_day, sites, measured)
    ends_minute = NO_END_MINUTE if even_if_late else team_day.ends_minute
    starts = earliest_starts(
        legs,
        [site.session_minutes for site in sites],
        team_day.starts_minute,
        ends_minute,
        is_friday(team_day.day),
        not_before,
    )
    if starts is None:
        return None
    visits = [
        PlannedVisit(site.code, team_day.team_id, team_day.day, slot, start, leg, 0)
        for slot, (site, start, leg) in enumerate(zip(sites, starts, legs, strict=False), start=1)
    ]
    if visits:
        visits[-1] = replace(visits[-1], return_minutes=legs[-1])
    return tuple(visits)
