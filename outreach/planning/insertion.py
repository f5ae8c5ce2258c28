"""Where one more village fits into days that stand, without moving what must not move."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date  # noqa: TC003 - dataclass fields are read by callers at run time
from typing import TYPE_CHECKING

from outreach.planning.daytrip import legs_of_day, visits_of_day
from outreach.planning.model import Site, TeamDay, TravelTable  # noqa: TC001 - as above
from outreach.planning.reasons import has_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# A day earlier or later than wanted weighs as much as so many minutes on the road: an
# assumption, small enough that a detour of an hour is not driven to save a day or two.
DAY_AWAY_MINUTES = 10

# Another session's start that changes weighs as much: somebody may have to be told.
SHIFT_MINUTES = 30


@dataclass(frozen=True, slots=True)
class DayStop:
    """A session that stands on a day.

    Attributes
    ----------
    is_firm
        The start never changes: the village has confirmed it, or the session was held.
    is_told
        The village knows the start: it changes only when the road leaves no other way.
    """

    site: Site
    starts_minute: int
    is_firm: bool
    is_told: bool = False

    @property
    def not_before_minute(self) -> int:
        """Minute before which the session does not start, even when the team is there."""
        return self.starts_minute if self.is_firm or self.is_told else 0


@dataclass(frozen=True, slots=True)
class OpenDay:
    """A team's working day and the sessions that stand on it, in their order.

    Without `travel` all legs are estimated.
    """

    team_day: TeamDay
    stops: tuple[DayStop, ...] = ()
    travel: TravelTable | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """One way to put a village into a day.

    Attributes
    ----------
    position
        Slot of the session once all of the day are numbered anew: 1 for the first.
    travel_minutes
        From the stop before (the base for the first) to the village.
    extra_minutes
        By how much the whole way of the day grows.
    shifts
        Codes of the villages of the day whose start would change; never a firm one.
    soft_minutes
        What it would be worth to the village to have another day.
    """

    team_id: int
    day: date
    position: int
    starts_minute: int
    travel_minutes: int
    extra_minutes: int
    shifts: tuple[str, ...] = ()
    soft_minutes: int = 0


def places(
    site: Site, days: Iterable[OpenDay], *, most: int, wanted_day: date | None = None
) -> tuple[Place, ...]:
    """Find where a village fits: at most one place a date, the cheapest first.

    A place costs the minutes it adds to the way, those that the village would give for another
    day, ten for every day away from `wanted_day` and thirty for every start of others that
    changes. No firm session changes its start, nobody is late, no day holds more than it may, and
    the village is open.
    """
    by_date: dict[date, list[Place]] = defaultdict(list)
    for open_day in days:
        for place in places_on(site, open_day):
            by_date[place.day].append(place)
    best = [min(found, key=lambda one: _order(one, wanted_day)) for found in by_date.values()]
    return tuple(sorted(best, key=lambda one: _order(one, wanted_day))[:most])


def places_on(site: Site, open_day: OpenDay) -> tuple[Place, ...]:
    """Find every position of one day at which a village fits, the cheapest first."""
    if not _may_hold(site, open_day):
        return ()
    return tuple(sorted(_positions(site, open_day), key=lambda one: _order(one, None)))


def place_at(site: Site, open_day: OpenDay, starts_minute: int) -> Place | None:
    """Find the place of a village at a start that somebody was shown; None when it is gone.

    It holds too when a session that was to come before it on that day stays away.
    """
    if not _may_hold(site, open_day):
        return None
    position = 1 + sum(stop.starts_minute < starts_minute for stop in open_day.stops)
    place = _place_in(site, open_day, position, starts_minute)
    return place if place is not None and place.starts_minute == starts_minute else None


def with_stop(open_day: OpenDay, site: Site, place: Place, *, is_firm: bool = False) -> OpenDay:
    """Return the day with the village put at its place, and everyone's start as it is then.

    With `is_firm` the new session does not move either when more is put into the day.
    """
    ordered = _ordered(open_day, site, place.position)
    planned = visits_of_day(
        open_day.team_day,
        [stop.site for stop in ordered],
        not_before=[stop.not_before_minute for stop in ordered],
        measured=open_day.travel,
    )
    return OpenDay(
        open_day.team_day,
        tuple(
            DayStop(
                stop.site,
                visit.starts_minute,
                stop.is_firm or (is_firm and visit.slot == place.position),
                stop.is_told and visit.slot != place.position,
            )
            for stop, visit in zip(ordered, planned or (), strict=True)
        ),
        open_day.travel,
    )


def cost_of(place: Place, wanted_day: date | None = None) -> int:
    """Weigh a place in minutes: the way, the day, how far away it is, the starts that change."""
    away = 0 if wanted_day is None else abs((place.day - wanted_day).days)
    told = DAY_AWAY_MINUTES * away + SHIFT_MINUTES * len(place.shifts)
    return place.extra_minutes + place.soft_minutes + told


def way_minutes(open_day: OpenDay) -> int:
    """Minutes on the road of a day, from the base and back."""
    sites = [stop.site for stop in open_day.stops]
    return sum(legs_of_day(open_day.team_day, sites, open_day.travel))


def _order(place: Place, wanted_day: date | None) -> tuple[int, date, int, int]:
    return cost_of(place, wanted_day), place.day, place.team_id, place.position


def _may_hold(site: Site, open_day: OpenDay) -> bool:
    """Whether the day has room and is open for all its villages, the hours not looked at."""
    day = open_day.team_day.day
    return (
        has_place(site)
        and len(open_day.stops) < open_day.team_day.sessions
        and day not in site.closed_days
        and all(
            stop.site.code != site.code and day not in stop.site.closed_days
            for stop in open_day.stops
        )
    )


def _positions(site: Site, open_day: OpenDay) -> Iterator[Place]:
    for position in range(1, len(open_day.stops) + 2):
        place = _place_in(site, open_day, position)
        if place is not None:
            yield place


def _place_in(
    site: Site, open_day: OpenDay, position: int, not_before_minute: int = 0
) -> Place | None:
    """Put the village at a position; None when somebody is late or a firm start would change."""
    team_day = open_day.team_day
    ordered = _ordered(open_day, site, position, not_before_minute)
    planned = visits_of_day(
        team_day,
        [stop.site for stop in ordered],
        not_before=[stop.not_before_minute for stop in ordered],
        measured=open_day.travel,
    )
    if planned is None:
        return None
    shifted = _shifted(ordered, [visit.starts_minute for visit in planned], position)
    if any(stop.is_firm for stop in shifted):
        return None
    mine = planned[position - 1]
    way = sum(visit.travel_minutes + visit.return_minutes for visit in planned)
    return Place(
        team_id=team_day.team_id,
        day=team_day.day,
        position=position,
        starts_minute=mine.starts_minute,
        travel_minutes=mine.travel_minutes,
        extra_minutes=way - way_minutes(open_day),
        shifts=tuple(stop.site.code for stop in shifted),
        soft_minutes=site.day_costs.get(team_day.day, 0),
    )


def _ordered(
    open_day: OpenDay, site: Site, position: int, not_before_minute: int = 0
) -> list[DayStop]:
    stops = list(open_day.stops)
    stops.insert(position - 1, DayStop(site, not_before_minute, is_firm=False, is_told=True))
    return stops


def _shifted(ordered: Sequence[DayStop], starts: Sequence[int], position: int) -> list[DayStop]:
    """List the stops of the day, the new one left out, that would start at another time."""
    return [
        stop
        for number, (stop, starts_minute) in enumerate(zip(ordered, starts, strict=True), start=1)
        if number != position and stop.starts_minute != starts_minute
    ]
