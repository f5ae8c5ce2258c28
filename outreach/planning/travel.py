"""Metres and minutes between places, by road, by boat and by air.

All figures are assumptions, not measurements, chosen once for all comparisons; `ASSUMPTIONS` lists
them for people. A leg takes detour x great circle / speed, plus five minutes for getting in and
out, plus the wait at a crossing or an airstrip. It is the same in both directions.

Mixed ways break the triangle inequality: where a leg waits for a boat, the way round over a third
place may be shorter, and so may one over a place with a quicker pace. Nothing may rely on a leg
being the shortest way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from outreach.planning.model import Access

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from outreach.planning.model import Point, TravelTable

EARTH_RADIUS_M = 6_371_008.8
OVERHEAD_MINUTES = 5.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How a leg grows (`detour` x great circle), how fast it goes, how long one waits for it."""

    detour: float
    speed_km_h: float
    wait_minutes: float = 0.0

    @property
    def minutes_per_metre(self) -> float:
        """Minutes for one metre of great circle."""
        return self.detour * 60.0 / (self.speed_km_h * 1000.0)


CITY = Pace(1.35, 22.0)
SUMATRA = Pace(1.4, 34.0)
JAVA = Pace(1.35, 32.0)
BALI = Pace(1.4, 30.0)
NUSA_TENGGARA = Pace(1.45, 28.0)
KALIMANTAN = Pace(1.5, 28.0)
SULAWESI = Pace(1.45, 30.0)
MALUKU = Pace(1.6, 24.0)
PAPUA = Pace(1.8, 16.0)

# 22 km/h are 12 knots: a ferry or a laden wooden boat; a speedboat is twice as fast where there
# is one. River legs go the same way: the channel winds, but nobody waits for the sea.
BOAT = Pace(1.15, 22.0, wait_minutes=45.0)

# A Cessna Caravan, the aircraft of the highland airstrips, cruises at 280 km/h (fleet page of
# Mission Aviation Fellowship, Papua New Guinea); climb, circuit and valleys leave about 200.
AIR = Pace(1.2, 200.0, wait_minutes=90.0)


@dataclass(frozen=True, slots=True)
class Assumption:
    """One line of the table of assumptions: whose pace it is, and what it stands on."""

    key: str
    pace: Pace
    source: str


ROUND_FIGURE = "round figure for rural roads, not measured"

ASSUMPTIONS = (
    Assumption("city", CITY, "round figure for city traffic, not measured"),
    Assumption("java", JAVA, ROUND_FIGURE),
    Assumption("sumatra", SUMATRA, ROUND_FIGURE),
    Assumption("bali", BALI, ROUND_FIGURE),
    Assumption("nusa_tenggara", NUSA_TENGGARA, ROUND_FIGURE),
    Assumption("kalimantan", KALIMANTAN, ROUND_FIGURE),
    Assumption("sulawesi", SULAWESI, ROUND_FIGURE),
    Assumption("maluku", MALUKU, ROUND_FIGURE),
    Assumption("papua", PAPUA, ROUND_FIGURE),
    Assumption("boat", BOAT, "12 knots, a ferry or a laden wooden boat; the wait is assumed"),
    Assumption(
        "air",
        AIR,
        "Cessna Caravan, cruise 280 km/h (Mission Aviation Fellowship, Papua New Guinea), less"
        " climb and valleys; the wait is assumed",
    ),
)

DISTRICT_LENGTH = len("PP.RR.DD")

# By the first digit of the province code; 5x is split, because Bali's roads are better.
ISLAND_GROUPS = {
    "1": SUMATRA,
    "2": SUMATRA,
    "3": JAVA,
    "6": KALIMANTAN,
    "7": SULAWESI,
    "8": MALUKU,
    "9": PAPUA,
}


def pace_of(region_code: str) -> Pace:
    """Pace of travel in the region `region_code` (dotted, at least ``PP.RR``).

    A kota (regency number 71 and above) has city traffic on every island. A code of no known
    island group gets the pace of Papua, the slowest.
    """
    if region_code[3:5] >= "71":
        return CITY
    if region_code.startswith("51"):
        return BALI
    if region_code.startswith("5"):
        return NUSA_TENGGARA
    return ISLAND_GROUPS.get(region_code[:1], PAPUA)


def distance_m(here: Point, there: Point) -> float:
    """Great-circle metres between two points (haversine on the mean earth radius)."""
    lat1, lat2 = math.radians(here.latitude), math.radians(there.latitude)
    half_north = math.sin((lat2 - lat1) / 2)
    half_east = math.sin(math.radians(there.longitude - here.longitude) / 2)
    chord = half_north**2 + math.cos(lat1) * math.cos(lat2) * half_east**2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(chord)))


def travel_minutes(here: Point, there: Point, measured: TravelTable | None = None) -> int:
    """Whole minutes, rounded up, from one point to another; the same in both directions.

    What was measured holds. Else `way_between` decides how the leg is made.
    """
    if measured is not None:
        rows = measured.number_of.get(here), measured.number_of.get(there)
        if rows[0] is not None and rows[1] is not None and rows[0] != rows[1]:
            return int(measured.minutes[rows])
    metres = distance_m(here, there)
    match way_between(here, there):
        case Access.AIR:
            minutes = metres * AIR.minutes_per_metre + _wait(here, there, Access.AIR)
        case Access.BOAT:
            minutes = metres * BOAT.minutes_per_metre + _wait(here, there, Access.BOAT)
        case Access.ROAD:
            paces = pace_of(here.region_code), pace_of(there.region_code)
            minutes = metres * (paces[0].minutes_per_metre + paces[1].minutes_per_metre) / 2
    # Six decimals: the last bit of a sine must not decide about a minute.
    return math.ceil(round(minutes + OVERHEAD_MINUTES, 6))


def way_between(here: Point, there: Point) -> Access:
    """How a team goes from one place to another; the same in both directions.

    By air where either is reached so, by boat where either is, or where the islands differ, else
    by road at the mean of the two paces. Within a district and an island, places with an airstrip
    have local ways between them.
    """
    if Access.AIR in (here.access, there.access) and not _near_airstrip(here, there):
        return Access.AIR
    if here.island != there.island or Access.BOAT in (here.access, there.access):
        return Access.BOAT
    return Access.ROAD


def _near_airstrip(here: Point, there: Point) -> bool:
    """Whether a team that has landed goes on by local ways."""
    return here.access == there.access and here.island == there.island and _neighbours(here, there)


def _neighbours(here: Point, there: Point) -> bool:
    return here.region_code[:DISTRICT_LENGTH] == there.region_code[:DISTRICT_LENGTH]


def _wait(here: Point, there: Point, way: Access) -> float:
    """Minutes at the crossing or the airstrip: the longer wait of the two ends.

    Within a district, between places reached by boat, the boat that brought the team goes on.
    """
    if way is Access.BOAT and here.access == there.access == way and _neighbours(here, there):
        return 0.0
    usual = AIR.wait_minutes if way is Access.AIR else BOAT.wait_minutes
    told = [end.wait_minutes for end in (here, there) if end.wait_minutes is not None]
    return float(max(told)) if told else usual


def distance_matrix_m(points: Sequence[Point]) -> NDArray[np.float64]:
    """Great-circle metres between all points: shape (n, n), symmetric, zero diagonal."""
    latitude = np.radians([p.latitude for p in points])
    longitude = np.radians([p.longitude for p in points])
    half_north = np.sin((latitude[:, None] - latitude[None, :]) / 2)
    half_east = np.sin((longitude[:, None] - longitude[None, :]) / 2)
    cosines = np.cos(latitude)[:, None] * np.cos(latitude)[None, :]
    chord = half_north**2 + cosines * half_east**2
    metres: NDArray[np.float64] = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(chord, 1.0)))
    return metres


def travel_matrix_minutes(
    points: Sequence[Point], measured: TravelTable | None = None
) -> NDArray[np.int64]:
    """Whole minutes between all points as `travel_minutes` gives them, zero on the diagonal.

    Raises
    ------
    ValueError
        A point has no finite position: it would poison every sum it enters.
    """
    if not all(math.isfinite(p.latitude) and math.isfinite(p.longitude) for p in points):
        raise ValueError("every point of a travel matrix needs a position")
    metres, ways = distance_matrix_m(points), _ways(points)
    pace = np.array([pace_of(p.region_code).minutes_per_metre for p in points])
    minutes = metres * ((pace[:, None] + pace[None, :]) / 2)
    for made, leg in ((ways.boat, BOAT), (ways.air, AIR)):
        minutes = np.where(made, metres * leg.minutes_per_metre + ways.wait(leg), minutes)
    whole: NDArray[np.int64] = np.ceil(np.round(minutes + OVERHEAD_MINUTES, 6)).astype(np.int64)
    if measured is not None:
        known = [number for number, point in enumerate(points) if point in measured.number_of]
        rows = [measured.number_of[points[number]] for number in known]
        told = measured.minutes[np.ix_(rows, rows)]
        # A place has no leg to itself in a table; a team that stays there gets out and in again.
        at_once = np.equal.outer(rows, rows)
        whole[np.ix_(known, known)] = np.where(at_once, math.ceil(OVERHEAD_MINUTES), told)
    np.fill_diagonal(whole, 0)
    return whole


@dataclass(frozen=True, slots=True)
class _Ways:
    """Which legs are made by boat, which by air, what each waits; arrays (n, n), symmetric.

    `told_wait` is NaN where neither end tells one; `goes_on` marks the legs of a boat that
    brought the team.
    """

    boat: NDArray[np.bool_]
    air: NDArray[np.bool_]
    told_wait: NDArray[np.float64]
    goes_on: NDArray[np.bool_]

    def wait(self, pace: Pace) -> NDArray[np.float64]:
        """Minutes that each leg waits, were it made so."""
        waits: NDArray[np.float64] = np.nan_to_num(self.told_wait, nan=pace.wait_minutes)
        waits[self.goes_on & self.boat] = 0.0
        return waits


def _ways(points: Sequence[Point]) -> _Ways:
    """Say for all legs at once what `way_between` and `_wait` say for one."""
    island = np.array([p.island for p in points])
    district = np.unique([p.region_code[:DISTRICT_LENGTH] for p in points], return_inverse=True)[1]
    by_boat = np.array([p.access is Access.BOAT for p in points], dtype=bool)
    by_air = np.array([p.access is Access.AIR for p in points], dtype=bool)
    told = np.array([math.nan if p.wait_minutes is None else p.wait_minutes for p in points])
    apart = island[:, None] != island[None, :]
    near = district[:, None] == district[None, :]
    landed = by_air[:, None] & by_air[None, :] & near & ~apart
    air = (by_air[:, None] | by_air[None, :]) & ~landed
    return _Ways(
        boat=~air & (apart | by_boat[:, None] | by_boat[None, :]),
        air=air,
        told_wait=np.fmax(told[:, None], told[None, :]),
        goes_on=by_boat[:, None] & by_boat[None, :] & near,
    )
