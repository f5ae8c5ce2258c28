"""Team-days that the bound may take for each other, and what a visit on them costs."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import date  # noqa: TC003 - dataclass fields are read at run time
from typing import TYPE_CHECKING

import numpy as np

from outreach.planning.model import Hours
from outreach.planning.network import SHORTEST_LEG_MINUTES, holds_prayers, sessions_held
from outreach.planning.prices import SLOT_PRICE_S
from outreach.planning.tours import LARGEST_KEPT_BYTES, MOST_STOPS, Frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from outreach.planning.model import Site, TeamDay
    from outreach.planning.network import Network
    from outreach.planning.prices import Prices

#: Above so many villages x days, days of one week stand together at the price of the earliest.
LARGEST_VILLAGE_DAYS = 60_000

ANY_TIME = Hours()


@dataclass(frozen=True, slots=True)
class DayClass:
    """Team-days of one frame that are priced and closed alike.

    Attributes
    ----------
    team_days
        Which ones, by team and day: at most so many trips.
    price_s
        Of using one.
    visit_s
        Of a visit to each site on one of them: its delay and what the site would give to avoid the
        day; infinite where it cannot be. Shape (sites,).
    """

    frame: Frame
    team_days: frozenset[tuple[int, date]]
    price_s: int
    visit_s: NDArray[np.float64]


def day_classes(
    network: Network, team_days: Sequence[TeamDay], prices: Prices, shortest_minutes: int
) -> list[DayClass]:
    """Group the team-days that can hold a session.

    `prices` are those of the network's sites; `shortest_minutes` is the shortest session of the
    whole problem, by which the bill prices team-days.

    Relaxed, so that a bound over the classes stays one: hours are the widest of all days where a
    table per day takes too much room; where villages x days are many, days of a week stand
    together, open when any of them is and at the least price of them. On a day with visits that
    stand, times are not looked at.

    Raises
    ------
    ValueError
        A team-day holds more than three sessions.
    """
    if any(one.sessions > MOST_STOPS for one in team_days):
        raise ValueError("no bound is known for days of more than three sessions")
    days = {one.day for one in team_days}
    by_week = len(network.sites) * len(days) > LARGEST_VILLAGE_DAYS
    pinned = _pinned(network.sites, team_days)
    hours = _hours_by_day(network.sites, sorted(days))
    if by_week or _is_too_large(len(network.sites), set(hours.values())):
        hours = dict.fromkeys(days, _widest(hours.values()))
    grouped: dict[tuple[object, ...], list[TeamDay]] = defaultdict(list)
    frames: dict[tuple[object, ...], Frame] = {}
    for one in sorted(team_days, key=lambda one: (one.day, one.team_id)):
        frame = _frame(network, one, shortest_minutes, hours[one.day])
        held = sessions_held(one, shortest_minutes)
        own = (one.team_id, one.day) if (one.team_id, one.day) in pinned else None
        if own:
            frame = replace(frame, sessions=MOST_STOPS, hours=None, is_bound=False)
        when = one.day.isocalendar()[:2] if by_week else one.day
        if frame.sessions:
            grouped[when, frame, held, own].append(one)
            frames[when, frame, held, own] = frame
    return [
        DayClass(
            frame=frames[key],
            team_days=frozenset((one.team_id, one.day) for one in those),
            price_s=sessions_held(those[0], shortest_minutes) * SLOT_PRICE_S,
            visit_s=_visit_s(network.sites, prices, those, pinned),
        )
        for key, those in grouped.items()
    ]


def free_stays(sites: Iterable[Site], team_days: Iterable[TeamDay]) -> set[str]:
    """Villages with a visit that stands where no class can hold it: the bound lets them be free."""
    site_list = list(sites)
    pinned = _pinned(site_list, team_days)
    return {
        site.code
        for site in site_list
        if site.pin is not None and (site.pin.team_id, site.pin.day) not in pinned
    }


def _pinned(sites: Iterable[Site], team_days: Iterable[TeamDay]) -> set[tuple[int, date]]:
    """Team-days with visits that stand, as far as a trip of three stops can hold them."""
    there = {(one.team_id, one.day) for one in team_days}
    pins = Counter((site.pin.team_id, site.pin.day) for site in sites if site.pin is not None)
    return {key for key, count in pins.items() if key in there and count <= MOST_STOPS}


def _frame(
    network: Network, team_day: TeamDay, shortest_minutes: int, hours: tuple[Hours, ...] | None
) -> Frame:
    # The number of sessions that hours hold is reckoned by the shortest leg of estimated ways.
    apart = ~np.eye(len(network.minutes), dtype=bool)
    is_usual = network.minutes[apart].min(initial=SHORTEST_LEG_MINUTES) >= SHORTEST_LEG_MINUTES
    return Frame(
        base=network.bases.index(team_day.base),
        sessions=sessions_held(team_day, shortest_minutes) if is_usual else team_day.sessions,
        starts_minute=team_day.starts_minute,
        ends_minute=team_day.ends_minute,
        is_friday=holds_prayers(team_day),
        hours=hours,
    )


def _hours_by_day(
    sites: Sequence[Site], days: Iterable[date]
) -> dict[date, tuple[Hours, ...] | None]:
    """Hours of the sites on each day, None where none has any."""
    found: dict[date, tuple[Hours, ...] | None] = {}
    for day in days:
        hours = tuple(site.hours_of(day) for site in sites)
        found[day] = None if all(one == ANY_TIME for one in hours) else hours
    return found


def _is_too_large(sites: int, hours: Iterable[object]) -> bool:
    return len(set(hours)) * 4 * sites**3 / 6 > LARGEST_KEPT_BYTES / 2


def _widest(hours: Iterable[tuple[Hours, ...] | None]) -> tuple[Hours, ...] | None:
    listed = list(hours)
    known = [one for one in listed if one is not None]
    if len(known) < len(listed) or not known:
        return None
    return tuple(
        Hours(min(one.opens_minute for one in of_site), max(one.closes_minute for one in of_site))
        for of_site in zip(*known, strict=True)
    )


def _visit_s(
    sites: Sequence[Site],
    prices: Prices,
    team_days: Sequence[TeamDay],
    pinned: set[tuple[int, date]],
) -> NDArray[np.float64]:
    """Least price of a visit on one of the days; a visit that stands has one on its own only."""
    distinct = {one.day: one for one in team_days}.values()
    prices_on = [
        [_price_on(site, one, prices.delay[number], prices.day_number, pinned) for one in distinct]
        for number, site in enumerate(sites)
    ]
    return np.array(prices_on, dtype=float).min(axis=1, initial=np.inf)


def _price_on(
    site: Site,
    one: TeamDay,
    delay_s: float,
    day_number: Mapping[date, int],
    pinned: set[tuple[int, date]],
) -> float:
    if site.pin is not None and (site.pin.team_id, site.pin.day) in pinned:
        can = (site.pin.team_id, site.pin.day) == (one.team_id, one.day)
    else:
        hours = site.hours_of(one.day)
        room = hours.closes_minute - hours.opens_minute >= site.session_minutes
        can = room and one.day not in site.closed_days
    soft_s = site.day_costs.get(one.day, 0) * 60
    return delay_s * day_number[one.day] + soft_s if can else np.inf
