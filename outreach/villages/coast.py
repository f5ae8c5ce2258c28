"""Where the land is: Indonesia's coast and land borders, and the island a village stands on.

The line is Natural Earth 1:10m (public domain), read out of the data of the installed package
PyCristoforo, whose code is never imported. 264 land parts, about 19,600 points.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely

from outreach.errors import OutreachError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: One degree of latitude; Indonesia lies within 11 degrees of the equator, so a degree of
#: longitude is at most 2 % shorter and one figure serves both.
KM_PER_DEGREE = 111.2
#: A village drawn in the water this near to land belongs to that land: the line is a coarse one.
SHORE_KM = 5.0
#: Islets missing from the line: villages nearer than this to each other share one.
ISLET_KM = 3.0
#: Numbers below are land parts, numbers from here on are islets missing from the line.
FIRST_ISLET = 1_000
NOWHERE = -1

_PACKAGE = "pycristoforo"
_COUNTRY = '"ISO_A3": "IDN"'


class CoastMissing(OutreachError):
    """The package that carries the coast line is not installed, or carries it no more."""

    code = "coast_missing"
    status = 500


@lru_cache(maxsize=1)
def load_coast() -> shapely.MultiPolygon:
    """Read Indonesia's land as one valid multipolygon in degrees (lon, lat), largest part first.

    Raises CoastMissing when the package with the line is not installed.
    """
    country = json.loads(_country_line(_countries_file()))
    land = shapely.make_valid(shapely.from_geojson(json.dumps(country["geometry"])))
    parts = shapely.get_parts(land)
    parts = parts[shapely.get_dimensions(parts) == 2]
    return shapely.MultiPolygon(list(parts[np.argsort(-shapely.area(parts), kind="stable")]))


def _countries_file() -> Path:
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise CoastMissing(package=_PACKAGE)
    return Path(next(iter(spec.submodule_search_locations))) / "resources" / "countries.geojson"


def _country_line(path: Path) -> str:
    # One country stands on one line of 24 MB; the other 254 are never parsed.
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                if _COUNTRY in line[:200]:
                    return line.rstrip().rstrip(",")
    except OSError as reason:
        raise CoastMissing(package=_PACKAGE, path=path.name) from reason
    raise CoastMissing(package=_PACKAGE, country="IDN")


def islands_of(
    latitudes: NDArray[np.float64], longitudes: NDArray[np.float64]
) -> NDArray[np.int32]:
    """Give each village the number of its island; equal numbers need no sea crossing.

    Below 1,000: the part of the coast line (0 is the largest) the village stands on or lies within
    5 km of. From 1,000: an islet missing from the line, shared by villages chained less than 3 km
    apart and numbered by the place of its south-westernmost member, so that the number does not
    depend on the rest of the list. -1: a village without a place (nan).
    """
    islands = np.full(len(latitudes), NOWHERE, dtype=np.int32)
    placed = np.flatnonzero(np.isfinite(latitudes) & np.isfinite(longitudes))
    islands[placed] = _nearest_land(_points(latitudes[placed], longitudes[placed]))
    adrift = placed[islands[placed] == NOWHERE]
    islands[adrift] = _islets(latitudes[adrift], longitudes[adrift])
    return islands


def _points(latitudes: NDArray[np.float64], longitudes: NDArray[np.float64]) -> NDArray[np.object_]:
    return np.asarray(shapely.points(longitudes, latitudes), dtype=object)


def _nearest_land(points: NDArray[np.object_]) -> NDArray[np.int32]:
    parts = shapely.get_parts(load_coast())
    at, part = shapely.STRtree(parts).query_nearest(
        points, max_distance=SHORE_KM / KM_PER_DEGREE, all_matches=True
    )
    lowest = np.full(len(points), len(parts), dtype=np.int32)
    # Of several parts at one distance the larger one (the lower number) is taken, always.
    np.minimum.at(lowest, at, part.astype(np.int32))
    return np.where(lowest == len(parts), np.int32(NOWHERE), lowest)


def _islets(latitudes: NDArray[np.float64], longitudes: NDArray[np.float64]) -> NDArray[np.int32]:
    """Group the points by chains of neighbours; the smallest cell of 0.01 degree names a group."""
    points = _points(latitudes, longitudes)
    near, other = shapely.STRtree(points).query(
        points, predicate="dwithin", distance=ISLET_KM / KM_PER_DEGREE
    )
    rows = np.floor((latitudes + 12) * 100).astype(np.int32)
    columns = np.floor((longitudes - 94) * 100).astype(np.int32)
    name = FIRST_ISLET + rows * 5_000 + columns
    while True:
        lower = name.copy()
        np.minimum.at(lower, near, name[other])
        if np.array_equal(lower, name):
            return name
        name = lower
