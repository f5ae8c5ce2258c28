"""TopoJSON: regions that share a border share its points, so each border is sent once."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

type Ring = NDArray[np.int64]
type Rings = list[list[Ring]]

#: Steps of the grid all points are rounded to, in degrees: about 110 m.
STEP = 0.001


def encode_topology(
    codes: Sequence[str],
    shapes: Iterable[shapely.Geometry],
    properties: Sequence[dict[str, Any]],
) -> bytes:
    """Encode regions as one TopoJSON document with the object `a`; every border is stored once.

    Points are rounded to 0.001 degree; rings that shrink to nothing are left out, save that a
    region keeps a triangle about its largest ring. `properties` stand beside each region.
    """
    whole = [_rounded(shape) for shape in shapes]
    joints = _joints(ring for region in whole for polygon in region for ring in polygon)
    arcs = _Arcs(joints)
    geometries = [
        {
            "type": "MultiPolygon",
            "id": code,
            "properties": facts,
            "arcs": [[arcs.cut(ring) for ring in polygon] for polygon in region],
        }
        for code, region, facts in zip(codes, whole, properties, strict=True)
    ]
    return _document(geometries, arcs.stored)


def _document(geometries: list[dict[str, Any]], stored: list[Ring]) -> bytes:
    low = np.min([arc.min(axis=0) for arc in stored], axis=0) if stored else np.zeros(2, np.int64)
    deltas = [np.vstack([arc[:1] - low, np.diff(arc, axis=0)]).tolist() for arc in stored]
    document = {
        "type": "Topology",
        "transform": {
            "scale": [STEP, STEP],
            "translate": [round(v * STEP, 3) for v in low.tolist()],
        },
        "objects": {"a": {"type": "GeometryCollection", "geometries": geometries}},
        "arcs": deltas,
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _rounded(shape: shapely.Geometry) -> Rings:
    """Round a region to the grid, as polygons of rings; the outer ring comes first."""
    polygons = sorted(shapely.get_parts(shape), key=shapely.area, reverse=True)
    kept: Rings = []
    for polygon in polygons:
        rings = [_grid(ring) for ring in shapely.get_rings(polygon)]
        if len(rings[0]) >= 4:
            kept.append([rings[0], *(ring for ring in rings[1:] if len(ring) >= 4)])
    return kept or [[_least_triangle(polygons[0])]]


def _grid(ring: shapely.Geometry) -> Ring:
    points = np.round(shapely.get_coordinates(ring) / STEP).astype(np.int64)
    moved = np.r_[True, np.any(points[1:] != points[:-1], axis=1)]
    points = points[moved]
    return points if len(np.unique(points, axis=0)) >= 3 else points[:0]


def _least_triangle(polygon: shapely.Geometry) -> Ring:
    x, y = np.round(shapely.get_coordinates(polygon)[0] / STEP).astype(np.int64)
    return np.array([[x, y], [x + 1, y], [x, y + 1], [x, y]])


def _keys(points: Ring) -> NDArray[np.int64]:
    return points[:, 0] * 1_000_000 + points[:, 1]


def _joints(rings: Iterable[Ring]) -> set[int]:
    """Find the points where borders part: they have different neighbours in different rings."""
    points, before, after = [], [], []
    for ring in rings:
        keys = _keys(ring[:-1])
        points.append(keys)
        before.append(np.roll(keys, 1))
        after.append(np.roll(keys, -1))
    if not points:
        return set()
    at, one, other = (np.concatenate(part) for part in (points, before, after))
    sides = np.unique(np.column_stack([at, np.minimum(one, other), np.maximum(one, other)]), axis=0)
    found, times = np.unique(sides[:, 0], return_counts=True)
    return set(found[times > 1].tolist())


class _Arcs:
    """The arcs met so far; an arc met again, either way round, gets the number it has."""

    def __init__(self, joints: set[int]) -> None:
        self.stored: list[Ring] = []
        self._joints = np.array(sorted(joints), dtype=np.int64)
        self._numbers: dict[bytes, int] = {}

    def cut(self, ring: Ring) -> list[int]:
        """Cut a closed ring at its joints and answer the numbers of its arcs (TopoJSON style)."""
        keys = _keys(ring[:-1])
        cuts = np.flatnonzero(np.isin(keys, self._joints))
        # A ring without joints is turned to its least point, so that an enclave meets its hole.
        start = int(cuts[0]) if len(cuts) else int(np.argmin(keys))
        turned = np.roll(ring[:-1], -start, axis=0)
        closed = np.vstack([turned, turned[:1]])
        stops = [*(cuts - start).tolist(), len(turned)] if len(cuts) else [0, len(turned)]
        return [self._number(closed[a : b + 1]) for a, b in itertools.pairwise(stops)]

    def _number(self, arc: Ring) -> int:
        forward, backward = arc.tobytes(), arc[::-1].tobytes()
        if forward in self._numbers:
            return self._numbers[forward]
        if backward in self._numbers:
            return ~self._numbers[backward]
        self._numbers[forward] = len(self.stored)
        self.stored.append(arc)
        return len(self.stored) - 1
