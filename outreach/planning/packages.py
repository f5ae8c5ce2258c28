"""Splits a stage of one branch into work packages and shares out the team-days among them.

Why 400 villages: measured on real regencies against one piece, parts of 100 lose 0.3 to 1.6 % of
the cost, parts of 200 about 0.3 %, parts of 400 0.0 to 0.3 %, almost all of it in half-empty last
days. Memory sets no limit: 852 villages on 43 days take 200 MB, and the rounds of 400 are done
within half a minute, so progress is seen to move and little is lost when a worker dies.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from math import atan2, cos, pi, radians
from typing import TYPE_CHECKING

import numpy as np

from outreach.planning.blocks import DAYS_AT_HOME
from outreach.planning.capacity import team_days_needed
from outreach.planning.model import Point, Site, TeamDay
from outreach.planning.reasons import has_place
from outreach.planning.travel import travel_minutes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    type Waits = NDArray[np.float64]

TARGET_SIZE = 400
SMALLEST_SIZE = 150

# Long enough for the longest stay and its way, whatever the feasts.
STRETCH_DAYS = 28

# What a far village takes with its share of the way: 4,512 team-days for the 6,253 of the nation,
# planned by `expeditions` regency by regency.
FAR_VILLAGE_TEAM_DAYS = 0.72

# With fewer team-days a package cannot choose well which villages to take.
SMALLEST_TEAM_DAYS = 20

# A package waits so long for a team that has an hour more to it than to its nearest one. Measured
# with a base in every regency: at half a session teams pass each other on the road, and 600
# villages in two packages take 10 % more travel than in one; at six sessions 1.4 % more. Of 1,132
# villages in three packages none is left instead of 51, and in two thirds of the time they need
# 8 % more value is reached.
SESSIONS_PER_HOUR_AWAY = 6.0


@dataclass(frozen=True, slots=True)
class Package:
    """One batch: whole districts and the team-days that serve them and nothing else.

    Attributes
    ----------
    districts
        Dotted codes ``PP.RR.DD`` in the order of the sweep around the base.
    elsewhere
        Days by team, shortly before days of this package, on which another package may have the
        team on a stay: as days `away` of a problem they keep it at home for as long as it takes.
    """

    districts: tuple[str, ...]
    sites: tuple[Site, ...]
    team_days: tuple[TeamDay, ...]
    elsewhere: Mapping[int, frozenset[date]] = field(default_factory=dict)


def split(
    sites: Sequence[Site], team_days: Sequence[TeamDay], target_size: int = TARGET_SIZE
) -> tuple[Package, ...]:
    """Cut the sites into packages of about `target_size` and share out the team-days.

    Whole districts stay together, cut by angle around the base. No package is smaller than 150
    sites (or `target_size`, when that is less) unless it is the only one. Every site and every
    team-day is in exactly one package; each package gets team-days in proportion to its need,
    spread over the whole stage. Without sites there is no package. The order in which sites and
    team-days come in does not matter.

    Raises
    ------
    ValueError
        `target_size` is not positive.
    """
    if target_size < 1:
        raise ValueError("a package must have at least one village")
    if not sites:
        return ()
    ordered = sorted(sites, key=lambda site: site.code)
    days = sorted(team_days, key=lambda team_day: (team_day.day, team_day.team_id))
    count = pieces_for(len(ordered), len(days), target_size)
    away = count > 1 and far_sites(ordered, days) > 0
    if away:
        count = min(count, len({one.team_id for one in days}))
    pieces = merge_small(sweep(ordered, days, count), min(SMALLEST_SIZE, target_size))
    units = stretches(days) if away else [[one] for one in days]
    shares = share_out([[site for _, part in piece for site in part] for piece in pieces], units)
    return tuple(
        Package(
            tuple(code for code, _ in piece),
            tuple(site for _, part in piece for site in part),
            tuple(share),
            before,
        )
        for piece, share, before in zip(pieces, shares, days_elsewhere(shares), strict=True)
    )


type District = tuple[str, list[Site]]


def pieces_for(sites: int, team_days: int, target_size: int) -> int:
    """How many packages to aim at; at least one."""
    smallest = min(SMALLEST_SIZE, target_size)
    most = min(sites // smallest, team_days // SMALLEST_TEAM_DAYS)
    return max(1, min(round(sites / target_size), most))


def sweep(sites: Iterable[Site], team_days: Sequence[TeamDay], pieces: int) -> list[list[District]]:
    """Cut the districts, sorted by their angle around the base, into pieces of like size."""
    grouped: dict[str, list[Site]] = defaultdict(list)
    for site in sites:
        grouped[site.district].append(site)
    districts = around(grouped, team_days)
    total = sum(len(part) for _, part in districts)
    cut: dict[int, list[District]] = defaultdict(list)
    before = 0
    for code, part in districts:
        middle = before + len(part) / 2
        cut[int(middle * pieces / total)].append((code, part))
        before += len(part)
    return [cut[number] for number in sorted(cut)]


def around(grouped: dict[str, list[Site]], team_days: Sequence[TeamDay]) -> list[District]:
    """Districts by their angle around the mean base, from the widest empty sector on.

    Districts of which no village has a position come last, by code.
    """
    placed = {code: centre for code, part in grouped.items() if (centre := centre_of(part))}
    if not placed:
        return sorted(grouped.items())
    bases = [team_day.base for team_day in team_days] or list(placed.values())
    middle = _mean(bases)
    angles = sorted((_angle(middle, centre), code) for code, centre in placed.items())
    gaps = [(angle - angles[number - 1][0]) % (2 * pi) for number, (angle, _) in enumerate(angles)]
    start = gaps.index(max(gaps))
    codes = [code for _, code in angles[start:] + angles[:start]]
    codes += sorted(grouped.keys() - placed.keys())
    return [(code, grouped[code]) for code in codes]


def centre_of(sites: Iterable[Site]) -> Point | None:
    """Mean position of the sites that have one."""
    points = [site.point for site in sites if has_place(site)]
    return _mean(points) if points else None


def _mean(points: Sequence[Point]) -> Point:
    latitude = float(np.mean([point.latitude for point in points]))
    longitude = float(np.mean([point.longitude for point in points]))
    return Point(latitude, longitude, points[0].region_code, points[0].island)


def _angle(middle: Point, there: Point) -> float:
    east = (there.longitude - middle.longitude) * cos(radians(middle.latitude))
    return atan2(there.latitude - middle.latitude, east)


def merge_small(pieces: list[list[District]], smallest: int) -> list[list[District]]:
    """Join every piece that is too small with the smaller of its neighbours in the sweep."""
    merged = list(pieces)
    while len(merged) > 1:
        sizes = [sum(len(part) for _, part in piece) for piece in merged]
        number = sizes.index(min(sizes))
        if sizes[number] >= smallest:
            break
        neighbours = [other for other in (number - 1, number + 1) if 0 <= other < len(merged)]
        first, second = sorted((number, min(neighbours, key=lambda other: sizes[other])))
        merged[first : second + 1] = [merged[first] + merged[second]]
    return merged


def far_sites(sites: Iterable[Site], team_days: Sequence[TeamDay]) -> int:
    """Count the villages that lie too far from every base for a session on a day-trip."""
    bases = {one.base for one in team_days}
    longest = max((one.ends_minute - one.starts_minute for one in team_days), default=0)
    return sum(
        2 * min(travel_minutes(base, site.point) for base in bases) + site.session_minutes > longest
        for site in sites
        if bases and has_place(site)
    )


def stretches(team_days: Sequence[TeamDay]) -> list[list[TeamDay]]:
    """Cut the days of every team into stretches of four weeks, in order of their starts.

    A stay takes consecutive days of one team: it finds them only where they stay together.
    """
    found: dict[tuple[int, int], list[TeamDay]] = defaultdict(list)
    for one in team_days:
        since = (one.day - team_days[0].day).days
        found[since // STRETCH_DAYS, one.team_id].append(one)
    return [found[key] for key in sorted(found)]


def share_out(
    pieces: Sequence[Sequence[Site]], units: Sequence[Sequence[TeamDay]]
) -> list[list[TeamDay]]:
    """Give each unit of team-days, in order, to the piece that lags most behind its share.

    A unit is one team's. A piece that lies farther from the team's base than another waits longer
    for it, so that each team serves the pieces around its base.
    """
    team_days = [one for unit in units for one in unit]
    needs = np.array([max(1.0, _need(piece, team_days)) for piece in pieces])
    needs /= needs.sum()
    given = np.zeros(len(pieces))
    shares: list[list[TeamDay]] = [[] for _ in pieces]
    for unit, waits in zip(units, _away(units, pieces) if units else (), strict=True):
        sessions = sum(one.sessions for one in unit)
        lag = needs * (given.sum() + sessions) - given
        chosen = int(np.argmax(lag - waits))
        given[chosen] += sessions
        shares[chosen] += unit
    return shares


def days_elsewhere(shares: Sequence[Sequence[TeamDay]]) -> list[dict[int, frozenset[date]]]:
    """Find for each share the days by team behind which it is taken over from another share.

    Who comes back from a stay on such a day is at home for the first days of the share.
    """
    whose = {one: number for number, share in enumerate(shares) for one in share}
    found: list[dict[int, frozenset[date]]] = [{} for _ in shares]
    for before, after in pairwise(sorted(whose, key=lambda one: (one.team_id, one.day))):
        if before.team_id != after.team_id or whose[before] == whose[after]:
            continue
        if (after.day - before.day).days <= DAYS_AT_HOME:
            known = found[whose[after]]
            known[after.team_id] = known.get(after.team_id, frozenset()) | {before.day}
    return found


def _need(piece: Sequence[Site], team_days: Sequence[TeamDay]) -> float:
    """Estimate the team-days that a piece takes, stays included."""
    staying = FAR_VILLAGE_TEAM_DAYS * far_sites(piece, team_days)
    return team_days_needed(piece, team_days) + staying


def _away(units: Sequence[Sequence[TeamDay]], pieces: Sequence[Sequence[Site]]) -> Waits:
    """Sessions that each piece waits for each unit because another one is nearer to its base.

    What a piece waits in the mean is taken off: one that is far from every team waits for none.
    """
    centres = [centre_of(piece) for piece in pieces]
    bases = [unit[0].base for unit in units]
    farther = {base: _farther_minutes(base, centres) for base in set(bases)}
    minutes = np.array([farther[base] for base in bases])
    return (minutes - minutes.mean(axis=0)) / 60 * SESSIONS_PER_HOUR_AWAY


def _farther_minutes(base: Point, centres: Sequence[Point | None]) -> list[float]:
    """Minutes to each centre beyond those to the nearest; 0 where nobody knows the way."""
    minutes = [travel_minutes(base, centre) if centre else None for centre in centres]
    nearest = min((one for one in minutes if one is not None), default=0.0)
    return [0.0 if one is None else one - nearest for one in minutes]
