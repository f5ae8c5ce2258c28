"""Region shapes within true borders: what was brought in stands, the rest is drawn into it.

Borders may come for provinces, regencies or districts, and for some of them only. A finer level
wins over a coarser one. The districts of a region whose border is known are the land nearest to
their villages within that border; regions without any known border keep the derived shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import brotli
import numpy as np
import shapely

from outreach.maps.columns import DISTRICT, PROVINCE, REGENCY, parents
from outreach.maps.shapes import (
    DISTRICT_TOLERANCE_DEGREES,
    REGENCY_TOLERANCE_DEGREES,
    Regions,
    anchors,
    cells,
    dissolve,
    draw_districts,
    simplify,
)
from outreach.maps.topology import encode_topology

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from outreach.maps.columns import Places
    from outreach.maps.shapes import OnProgress, Shapes

#: Enclosed gaps narrower than this are closed: files are often simplified region by region.
GAP_DEGREES = 0.02
LEVELS = (DISTRICT, REGENCY, PROVINCE)
STEPS = ("cells", "land", "districts", "borders", "clean", "regencies", "simplify", "write")
#: The file of regencies is loaded by every first visit; simplified until it is no larger.
MOST_BYTES = 70_000
#: About what the point of a region's name adds to the packed file.
_LABEL_BYTES = 6
_COARSEST_DEGREES = 0.1


def draw_within(
    places: Places,
    coast: shapely.MultiPolygon,
    borders: Mapping[int, Regions],
    on_progress: OnProgress = lambda _step, _done, _of: None,
) -> Regions:
    """Draw all districts so that they keep to the known *borders*, by level.

    A district whose border leaves it no land at all is left out.
    """
    derived = draw_districts(places, coast, lambda step, n, _: on_progress(step, n, len(STEPS)))
    on_progress("borders", 3, len(STEPS))
    known = {level: _clean(regions) for level, regions in borders.items() if regions.codes}
    shapes = dict(zip(derived.codes, derived.shapes, strict=True))
    inside = _by_frame(shapes, known)
    loose = inside.pop("", [])
    drawn = _fill(places, _frames(known, inside))
    drawn |= dict(zip(loose, _without([shapes[c] for c in loose], known.values()), strict=True))
    on_progress("clean", 4, len(STEPS))
    kept = sorted(code for code, shape in drawn.items() if shape is not None)
    return _clean(Regions(kept, np.array([drawn[code] for code in kept], dtype=object)))


def join(districts: Regions, on_progress: OnProgress) -> tuple[Regions, Regions]:
    """Join districts to regencies and simplify both, the regencies as far as their size asks."""
    on_progress("regencies", 5, len(STEPS))
    whole = dissolve(parents(np.array(districts.codes), REGENCY), districts.shapes)
    on_progress("simplify", 6, len(STEPS))
    regencies = _small_enough(whole)
    return regencies, Regions(
        districts.codes, simplify(districts.shapes, DISTRICT_TOLERANCE_DEGREES)
    )


def _small_enough(whole: Regions) -> Regions:
    """Simplify until the file is small enough, and never beyond what is still a map."""
    tolerance = REGENCY_TOLERANCE_DEGREES
    while True:
        shapes = simplify(whole.shapes, tolerance)
        packed = brotli.compress(encode_topology(whole.codes, shapes, [{}] * len(shapes)))
        if len(packed) + _LABEL_BYTES * len(shapes) <= MOST_BYTES or tolerance > _COARSEST_DEGREES:
            return Regions(whole.codes, shapes)
        tolerance *= 1.25


def _clean(regions: Regions) -> Regions:
    """Make a valid coverage: no overlaps, no cracks, every border the same on both sides."""
    clean = shapely.coverage_clean(  # type: ignore[attr-defined]
        regions.shapes, gap_width=GAP_DEGREES
    )
    return Regions(regions.codes, np.array([_areas(shape) for shape in clean], dtype=object))


def _areas(shape: shapely.Geometry) -> shapely.MultiPolygon | None:
    parts = shapely.get_parts(shapely.get_parts(shape))
    areas = [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
    return shapely.MultiPolygon(areas) if areas else None


def _by_frame(districts: Iterable[str], known: Mapping[int, Regions]) -> dict[str, list[str]]:
    codes = {level: set(regions.codes) for level, regions in known.items()}
    inside: dict[str, list[str]] = {}
    for district in districts:
        inside.setdefault(_frame_of(district, codes), []).append(district)
    return inside


def _frame_of(code: str, known: Mapping[int, set[str]]) -> str:
    """Find the finest known region that a district lies in, by its code; "" if there is none."""
    return next((code[:n] for n in LEVELS if code[:n] in known.get(n, ())), "")


def _frames(
    known: Mapping[int, Regions], inside: Mapping[str, list[str]]
) -> list[tuple[list[str], shapely.Geometry | None]]:
    """Pair each known region, less the finer known ones, with the districts to draw into it."""
    frames: list[tuple[list[str], shapely.Geometry | None]] = []
    finer: list[Regions] = []
    for level in LEVELS:
        if level not in known:
            continue
        left = _without(known[level].shapes, finer)
        named = zip(known[level].codes, left, strict=True)
        frames += [(inside[code], shape) for code, shape in named if code in inside]
        finer.append(known[level])
    return frames


def _without(
    shapes: Iterable[shapely.Geometry], others: Iterable[Regions]
) -> list[shapely.Geometry | None]:
    """Take from every shape what other regions cover."""
    taken = [shape for regions in others for shape in regions.shapes if shape is not None]
    tree = shapely.STRtree(taken)
    left: list[shapely.Geometry | None] = []
    for shape in shapes:
        near = [taken[at] for at in tree.query(shape, predicate="intersects").tolist()]
        left.append(_areas(shapely.difference(shape, shapely.union_all(near))) if near else shape)
    return left


def _fill(
    places: Places, frames: Iterable[tuple[list[str], shapely.Geometry | None]]
) -> dict[str, shapely.Geometry | None]:
    """Draw the districts of every frame into it: each is the land nearest to its villages."""
    codes, points = anchors(places)
    districts = parents(codes, DISTRICT)
    drawn: dict[str, shapely.Geometry | None] = {}
    for members, frame in frames:
        if frame is None or len(members) == 1:
            drawn |= dict.fromkeys(members, frame)
            continue
        # Sorted codes: the villages of a frame's districts are found by their runs.
        rows = np.flatnonzero(np.isin(districts, members))
        drawn |= _share_out(districts[rows], points[rows], frame)
    return drawn


def _share_out(
    districts: NDArray[np.str_], points: NDArray[np.float64], frame: shapely.Geometry
) -> dict[str, shapely.Geometry | None]:
    drawn = _cut(districts, points, frame)
    lost = [code for code, shape in drawn.items() if shape is None]
    if not lost:
        return drawn
    # The places of all their villages lie outside the border: each is put where it is nearest.
    middles = [shapely.MultiPoint(points[districts == code]).centroid for code in lost]
    ashore = shapely.get_coordinates(shapely.shortest_line(middles, frame))[1::2]
    stay = ~np.isin(districts, lost)
    codes = np.concatenate([districts[stay], lost])
    at, first = np.unique(np.vstack([points[stay], ashore]), axis=0, return_index=True)
    order = np.argsort(codes[first], kind="stable")
    return dict.fromkeys(lost) | _cut(codes[first][order], at[order], frame)


def _cut(
    districts: NDArray[np.str_], points: NDArray[np.float64], frame: shapely.Geometry
) -> dict[str, shapely.Geometry | None]:
    whole = dissolve(districts, cells(points, frame))
    cut: Shapes = shapely.intersection(whole.shapes, frame)
    return dict(zip(whole.codes, (_areas(shape) for shape in cut), strict=True))
