"""Metres and minutes between places, by road and over sea.

The detours and speeds are assumptions, not measurements: they are round figures for rural roads
per island group, chosen once for all comparisons. Detour x great circle / speed, plus five minutes
for getting in and out of the vehicle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from outreach.planning.model import Point, TravelTable

EARTH_RADIUS_M = 6_371_008.8
OVERHEAD_MINUTES = 5.0
SEA_DETOUR = 1.15
SEA_SPEED_KM_H = 22.0
SEA_WAIT_MINUTES = 45.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How a road leg grows (`detour` x great circle) and how fast it is driven."""

    detour: float
    speed_km_h: float

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

    What was measured holds. Else a leg between two regions is driven at the mean of their paces;
    between two islands it is made by boat.
    """
    if measured is not None:
        rows = measured.number_of.get(here), measured.number_of.get(there)
        if rows[0] is not None and rows[1] is not None:
            return int(measured.minutes[rows])
    metres = distance_m(here, there)
    if here.island != there.island:
        minutes = metres * SEA_DETOUR * 60 / (SEA_SPEED_KM_H * 1000) + SEA_WAIT_MINUTES
    else:
        paces = pace_of(here.region_code), pace_of(there.region_code)
        minutes = metres * (paces[0].minutes_per_metre + paces[1].minutes_per_metre) / 2
    # Six decimals: the last bit of a sine must not decide about a minute.
    return math.ceil(round(minutes + OVERHEAD_MINUTES, 6))


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
    metres = distance_matrix_m(points)
    pace = np.array([pace_of(p.region_code).minutes_per_metre for p in points])
    island = np.array([p.island for p in points])
    road = metres * ((pace[:, None] + pace[None, :]) / 2)
    sea = metres * SEA_DETOUR * 60 / (SEA_SPEED_KM_H * 1000) + SEA_WAIT_MINUTES
    minutes = np.where(island[:, None] != island[None, :], sea, road) + OVERHEAD_MINUTES
    whole = np.ceil(np.round(minutes, 6)).astype(np.int64)
    if measured is not None:
        known = [number for number, point in enumerate(points) if point in measured.number_of]
        rows = [measured.number_of[points[number]] for number in known]
        whole[np.ix_(known, known)] = measured.minutes[np.ix_(rows, rows)]
    np.fill_diagonal(whole, 0)
    return whole
