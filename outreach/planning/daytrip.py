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

    The hours of the villages are kept. With `not_before` none starts before its minute there: what
    a village was told is kept.

    Returns None when the team would not be back in time or a village closes before the session
    ends, unless `even_if_late`: then the visits come with the times they would have, and
    `check.violations_of_day` says what is wrong. Neither the number of sessions nor closed days
    are looked at here.
    """
    legs = legs_of_day(team_day, sites, measured)
    hours = [site.window_on(team_day.day) for site in sites]
    told = [0] * len(sites) if not_before is None else not_before
    starts = earliest_starts(
        legs,
        [site.session_minutes for site in sites],
        team_day.starts_minute,
        NO_END_MINUTE if even_if_late else team_day.ends_minute,
        is_friday(team_day.day),
        [max(one.opens_minute, minute) for one, minute in zip(hours, told, strict=True)],
        None if even_if_late else [one.closes_minute for one in hours],
    )
    return None if starts is None else _at(team_day, sites, legs, starts)


def standing_visits(
    team_day: TeamDay, sites: Sequence[Site], measured: TravelTable | None = None
) -> tuple[PlannedVisit, ...]:
    """Visits to sites of which each has a pin, at their pins even where that breaks a rule."""
    pins = sorted((pin.starts_minute, site.code) for site in sites if (pin := site.pin))
    of = {site.code: site for site in sites}
    ordered = [of[code] for _, code in pins]
    legs = legs_of_day(team_day, ordered, measured)
    return _at(team_day, ordered, legs, [start for start, _ in pins])


def visits_without_a_day(sites: Sequence[Site]) -> tuple[PlannedVisit, ...]:
    """Visits to sites with pins of one team on a day it does not work: nobody knows its way."""
    pins = sorted((pin.starts_minute, site.code, pin) for site in sites if (pin := site.pin))
    return tuple(
        PlannedVisit(code, pin.team_id, pin.day, slot, start, 0, 0)
        for slot, (start, code, pin) in enumerate(pins, start=1)
    )


def _at(
    team_day: TeamDay, sites: Sequence[Site], legs: Sequence[int], starts: Sequence[int]
) -> tuple[PlannedVisit, ...]:
    visits = [
        PlannedVisit(site.code, team_day.team_id, team_day.day, slot, start, leg, 0)
        for slot, (site, start, leg) in enumerate(zip(sites, starts, legs, strict=False), start=1)
    ]
    if visits:
        visits[-1] = replace(visits[-1], return_minutes=legs[-1])
    return tuple(visits)
