"""Reads the map's TopoJSON files back as shapes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    type Arcs = list[NDArray[np.float64]]


def read_topology(data: bytes) -> dict[str, shapely.MultiPolygon]:
    """Read the regions of a document that `topology.encode_topology` made, by code."""
    document = json.loads(data)
    if "objects" not in document:
        return {}
    arcs = _arcs(document)
    return {
        region["id"]: _area(region["arcs"], arcs)
        for region in document["objects"]["a"]["geometries"]
    }


def _arcs(document: dict[str, Any]) -> Arcs:
    scale, move = document["transform"]["scale"], document["transform"]["translate"]
    # Rounded once more, so that they are written as short as they are meant.
    return [np.round(np.cumsum(arc, axis=0) * scale + move, 3) for arc in document["arcs"]]


def _area(polygons: list[list[list[int]]], arcs: Arcs) -> shapely.MultiPolygon:
    rings = [[_ring(numbers, arcs) for numbers in polygon] for polygon in polygons]
    whole = shapely.MultiPolygon([(outer, holes) for outer, *holes in rings])
    # Rounding may make a narrow strait touch itself.
    valid = shapely.make_valid(whole, method="structure")
    parts = shapely.get_parts(shapely.get_parts(valid))
    return shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon"])


def _ring(numbers: list[int], arcs: Arcs) -> NDArray[np.float64]:
    parts = [arcs[number] if number >= 0 else arcs[~number][::-1] for number in numbers]
    return np.vstack([parts[0], *(part[1:] for part in parts[1:])])
