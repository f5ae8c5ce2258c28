"""Outlines of a few regions as paths of one SVG picture, for a page that needs no moving map.

Read from the artefacts of the moving map: the same borders, and no library to draw them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from math import cos, radians
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from outreach.maps.artefacts import Store

    type Point = tuple[float, float]
    type Rings = list[list[Point]]

#: Width of the picture's own grid: finer than a screen shows it, in whole numbers.
WIDTH = 1000
_KEPT_PROVINCES = 8


@dataclass(frozen=True, slots=True)
class Outlines:
    """Regions on one picture of `width` x `height`: path data by code, and a point within each."""

    width: int
    height: int
    paths: Mapping[str, str]
    middles: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Shape:
    rings: Rings
    middle: Point


def district_outlines(store: Store, codes: Iterable[str]) -> Outlines | None:
    """Draw districts side by side, north up; None where the shapes have not been built.

    A district that the shapes do not know is left out.
    """
    wanted = tuple(sorted(set(codes)))
    files = store.manifest().get("districts", {})
    shapes: dict[str, _Shape] = {}
    for province in sorted({code[:2] for code in wanted}):
        shapes.update(_province(store, files.get(province, "")))
    return _picture({code: shapes[code] for code in wanted if code in shapes})


def _province(store: Store, name: str) -> Mapping[str, _Shape]:
    return _read(str(store.folder), name) if name else {}


@lru_cache(maxsize=_KEPT_PROVINCES)
def _read(folder: str, name: str) -> Mapping[str, _Shape]:
    """Read the districts of a province; a name never changes its content, so it is read once."""
    try:
        document = json.loads((Path(folder) / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    if "objects" not in document:
        return {}
    arcs = _arcs(document)
    return {
        shape["id"]: _Shape(
            [_ring(arcs, ring) for polygon in shape["arcs"] for ring in polygon],
            tuple(shape["properties"]["p"]),
        )
        for shape in document["objects"]["a"]["geometries"]
    }


def _arcs(document: dict[str, Any]) -> list[list[Point]]:
    """Undo the deltas of a TopoJSON document: degrees."""
    (wide, high), (west, south) = (document["transform"][key] for key in ("scale", "translate"))
    arcs = []
    for deltas in document["arcs"]:
        x = y = 0
        points = []
        for right, up in deltas:
            x, y = x + right, y + up
            points.append((x * wide + west, y * high + south))
        arcs.append(points)
    return arcs


def _ring(arcs: list[list[Point]], numbers: list[int]) -> list[Point]:
    """Join the arcs of a ring; a number below zero is an arc walked backwards."""
    points: list[Point] = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        points += arc[1:] if points else arc
    return points


def _picture(shapes: Mapping[str, _Shape]) -> Outlines | None:
    every = [point for shape in shapes.values() for ring in shape.rings for point in ring]
    if not every:
        return None
    west, east = min(x for x, _ in every), max(x for x, _ in every)
    south, north = min(y for _, y in every), max(y for _, y in every)
    # Near the equator a degree is as wide as it is high; away from it, narrower.
    narrow = cos(radians((south + north) / 2))
    scale = WIDTH / max((east - west) * narrow, 1e-6)

    def place(x: float, y: float) -> tuple[int, int]:
        return round((x - west) * narrow * scale), round((north - y) * scale)

    def path(ring: list[Point]) -> str:
        return f"M{'L'.join('{} {}'.format(*place(x, y)) for x, y in ring)}Z"

    paths = {code: "".join(map(path, shape.rings)) for code, shape in shapes.items()}
    middles = {code: place(*shape.middle) for code, shape in shapes.items()}
    return Outlines(WIDTH, max(1, round((north - south) * scale)), paths, middles)
