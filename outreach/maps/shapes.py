"""Region shapes drawn from the villages themselves: each region is the land nearest to its own.

The cells of a Voronoi diagram of all villages are joined by district and cut by the coast; the
regencies are their districts joined. Approximate by nature, and said so on the map: against true
borders the median regency overlaps by 0.86 (intersection over union).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from outreach.maps.artefacts import Store
from outreach.maps.columns import DISTRICT, PROVINCE, REGENCY, parents
from outreach.maps.topology import encode_topology

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from outreach.maps.columns import Places

    type Shapes = NDArray[np.object_]
    type OnProgress = Callable[[str, int, int], None]

#: Radius of the disc of land given to a village that the coast line leaves in the sea, degrees.
ISLET_DEGREES = 0.012
REGENCY_TOLERANCE_DEGREES = 0.02
DISTRICT_TOLERANCE_DEGREES = 0.006
_MARGIN_DEGREES = 1.0
_STEPS = ("cells", "land", "districts", "regencies", "simplify", "write")


@dataclass(frozen=True, slots=True)
class Regions:
    """Regions of one level: codes in order, and one shape each."""

    codes: list[str]
    shapes: Shapes


def build_shapes(
    places: Places,
    coast: shapely.MultiPolygon,
    out_dir: Path,
    on_progress: OnProgress = lambda _step, _done, _of: None,
) -> dict[str, Any]:
    """Draw all regions, keep them as artefacts in *out_dir* and answer the manifest.

    `on_progress(step, done, of)` is called as each of six steps begins. The manifest names one
    file of regencies (`areas`) and one file of districts per province (`districts`). Borders that
    were brought in stay on the map until they are drawn anew too.
    """
    regencies, districts = draw_regions(places, coast, on_progress)
    on_progress("write", 5, len(_STEPS))
    store = Store(out_dir)
    kept = keep_regions(store, regencies, districts)
    on_progress("write", len(_STEPS), len(_STEPS))
    # Named twice: borders that were brought in take the first place, never the second.
    is_bare = not store.manifest().get("borders")
    store.note(**kept if is_bare else {}, derived=kept)
    return store.manifest()


def keep_regions(store: Store, regencies: Regions, districts: Regions) -> dict[str, Any]:
    """Keep the files of regencies and districts; answer the entries that name them."""
    labels = label_points(regencies.shapes)
    areas = encode_topology(regencies.codes, regencies.shapes, labels)
    return {
        "areas": store.keep("areas", ".json", areas, best=True),
        "districts": keep_districts(store, districts),
    }


def draw_regions(
    places: Places,
    coast: shapely.MultiPolygon,
    on_progress: OnProgress = lambda _step, _done, _of: None,
) -> tuple[Regions, Regions]:
    """Draw regencies and districts as two valid, simplified coverages in degrees."""
    districts = draw_districts(places, coast, on_progress)
    on_progress("regencies", 3, len(_STEPS))
    regencies = dissolve(parents(np.array(districts.codes), REGENCY), districts.shapes)
    on_progress("simplify", 4, len(_STEPS))
    return (
        Regions(regencies.codes, simplify(regencies.shapes, REGENCY_TOLERANCE_DEGREES)),
        Regions(districts.codes, simplify(districts.shapes, DISTRICT_TOLERANCE_DEGREES)),
    )


def draw_districts(
    places: Places,
    coast: shapely.MultiPolygon,
    on_progress: OnProgress = lambda _step, _done, _of: None,
) -> Regions:
    """Draw the districts as one valid coverage in degrees."""
    codes, points = anchors(places)
    on_progress("cells", 0, len(_STEPS))
    nearest = cells(points, coast)
    on_progress("land", 1, len(_STEPS))
    land = land_with_islets(coast, points)
    on_progress("districts", 2, len(_STEPS))
    whole = dissolve(parents(codes, DISTRICT), nearest)
    return Regions(whole.codes, clip(whole.shapes, land))


def anchors(places: Places) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """Choose the villages that draw: those with a true place, or all of a district without any."""
    districts = parents(places.codes, DISTRICT)
    sure = ~places.approximate
    orphaned = ~np.isin(districts, districts[sure])
    points = np.column_stack([places.longitudes, places.latitudes])
    chosen = np.flatnonzero(sure | orphaned)
    _, first = np.unique(points[chosen], axis=0, return_index=True)
    chosen = chosen[np.sort(first)]
    lost = sorted(set(districts.tolist()) - set(districts[chosen].tolist()))
    if lost:
        raise ValueError(f"districts whose every village lies on another's place: {lost}")
    return places.codes[chosen], points[chosen]


def cells(points: NDArray[np.float64], coast: shapely.Geometry) -> Shapes:
    """Cut the plane into the cells of *points*, as far as *coast* reaches and more."""
    west, south, east, north = shapely.total_bounds([coast, shapely.MultiPoint(points)]).tolist()
    frame = shapely.box(west, south, east, north).buffer(_MARGIN_DEGREES)
    cells = shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=frame, ordered=True)
    return shapely.get_parts(cells)


def land_with_islets(coast: shapely.MultiPolygon, points: NDArray[np.float64]) -> Shapes:
    """Give the parts of the land, with a disc for every point that the coast leaves at sea."""
    villages = np.asarray(shapely.points(points), dtype=object)
    ashore, _ = shapely.STRtree(shapely.get_parts(coast)).query(villages, predicate="intersects")
    at_sea = np.delete(villages, np.unique(ashore))
    discs = shapely.union_all(shapely.buffer(at_sea, ISLET_DEGREES, quad_segs=3))
    return shapely.get_parts(shapely.union(coast, discs))


def dissolve(parent: NDArray[np.str_], shapes: Shapes) -> Regions:
    """Join neighbouring runs of shapes that share a parent code."""
    codes, first = np.unique(parent, return_index=True)
    groups = np.split(shapes, first[1:])
    return Regions(
        codes.tolist(), np.array([shapely.coverage_union_all(group) for group in groups])
    )


def clip(shapes: Shapes, land: Shapes) -> Shapes:
    """Cut every shape by the land; a shape wholly on land keeps its exact corners."""
    shapely.prepare(land)
    region, part = shapely.STRtree(land).query(shapes, predicate="intersects")
    pieces = shapes[region].copy()
    cut = ~shapely.contains_properly(land[part], shapes[region])
    pieces[cut] = shapely.intersection(shapes[region[cut]], land[part[cut]])
    order = np.argsort(region, kind="stable")
    numbers, first = np.unique(region[order], return_index=True)
    if len(numbers) != len(shapes):
        raise ValueError(f"{len(shapes) - len(numbers)} regions without any land")
    return np.array([_polygons(group) for group in np.split(pieces[order], first[1:])])


def _polygons(pieces: Shapes) -> shapely.MultiPolygon:
    parts = shapely.get_parts(shapely.get_parts(pieces))
    return shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon"])


def simplify(shapes: Shapes, tolerance: float) -> Shapes:
    """Simplify a coverage, and leave out what has become too small to see."""
    simple = shapely.coverage_simplify(shapes, tolerance)
    return np.array([_without_crumbs(shape, tolerance * tolerance / 4) for shape in simple])


def _without_crumbs(shape: shapely.Geometry, least_area: float) -> shapely.MultiPolygon:
    parts = shapely.get_parts(shape)
    sizes = shapely.area(parts)
    return shapely.MultiPolygon(list(parts[(sizes >= least_area) | (sizes == sizes.max())]))


def label_points(shapes: Shapes) -> list[dict[str, Any]]:
    """Find, for each region, the middle of the largest circle within its largest part."""
    return [{"p": _middle(shape)} for shape in shapes]


def _middle(shape: shapely.Geometry) -> list[float]:
    parts = shapely.get_parts(shape)
    largest = parts[np.argmax(shapely.area(parts))]
    circle = shapely.maximum_inscribed_circle(largest, tolerance=0.01)
    x, y = shapely.get_coordinates(circle)[0].tolist()
    return [round(x, 3), round(y, 3)]


def keep_districts(store: Store, districts: Regions) -> dict[str, str]:
    """Keep one file per province, so that a drill loads little and borders within it are shared."""
    provinces, first = np.unique(parents(np.array(districts.codes), PROVINCE), return_index=True)
    stops = [*first.tolist(), len(districts.codes)]
    names = {}
    for province, a, b in zip(provinces.tolist(), stops, stops[1:], strict=False):
        shapes = districts.shapes[a:b]
        data = encode_topology(districts.codes[a:b], shapes, label_points(shapes))
        names[province] = store.keep(f"districts-{province}", ".json", data, best=True)
    return names
