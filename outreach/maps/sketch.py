"""A sketch of an area as one SVG picture for a page of paper: borders, and villages by state."""

from __future__ import annotations

from math import cos, radians
from typing import TYPE_CHECKING

import numpy as np
import shapely

from outreach.maps.qgis_styles import STATE_SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from outreach.maps.columns import Places

#: The longer side of the picture, and the least of the shorter one, in its own units.
LONG, SHORT = 1000, 350
_MARGIN = 24
#: With more villages than these their signs are drawn small and bare, with many more smaller still,
#: so that they do not hide each other and the land.
_FEW, _MANY = 400, 3000
_SMALLEST, _SMALL, _LARGE = 2, 3, 9
_OUTLINE = "#5b6b7a"
_SIGNS = {
    "circle": "M{x} {y}m-{r} 0a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0Z",
    "diamond": "M{x} {y}m0 -{r}l{r} {r}l-{r} {r}l-{r} -{r}Z",
    "square": "M{x} {y}m-{r} -{r}h{d}v{d}h-{d}Z",
    # Its inner circle runs the other way round and so stays bare.
    "ring": "M{x} {y}m0 -{r}a{r} {r} 0 1 0 0 {d}a{r} {r} 0 1 0 0 -{d}Z"
    "m0 {i}a{h} {h} 0 1 1 0 {r}a{h} {h} 0 1 1 0 -{r}Z",
}


class _Grid:
    """Puts degrees onto the picture, north up, as wide as the land is at its latitude."""

    def __init__(self, west: float, south: float, east: float, north: float) -> None:
        self._west, self._north = west, north
        self._narrow = cos(radians((south + north) / 2))
        wide, high = max((east - west) * self._narrow, 1e-6), max(north - south, 1e-6)
        self._scale = (LONG - 2 * _MARGIN) / max(wide, high)
        self.width, self.height = (
            max(SHORT, round(side * self._scale) + 2 * _MARGIN) for side in (wide, high)
        )
        self._left = (self.width - wide * self._scale) / 2
        self._top = (self.height - high * self._scale) / 2

    def place(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Put longitudes and latitudes, one pair a row, onto the picture."""
        right = (points[:, 0] - self._west) * self._narrow * self._scale + self._left
        down = (self._north - points[:, 1]) * self._scale + self._top
        return np.round(np.column_stack([right, down]), 1)


def sketch(
    shapes: Iterable[shapely.Geometry | None], places: Places, states: NDArray[np.uint8]
) -> str:
    """Draw the regions of an area and its villages; without shapes the villages alone.

    Returns
    -------
    SVG; empty where there is nothing to draw.
    """
    known = [shape for shape in shapes if shape is not None]
    points = np.column_stack([places.longitudes, places.latitudes])
    if not len(points) and not known:
        return ""
    grid = _Grid(*shapely.total_bounds([*known, shapely.MultiPoint(points)]).tolist())
    drawn = [_region(shape, grid) for shape in known]
    radius = _LARGE if len(points) <= _FEW else _SMALL if len(points) <= _MANY else _SMALLEST
    placed = grid.place(points)
    drawn += [
        _villages(placed[states == state], colour, sign, radius)
        for state, (colour, sign, _size) in enumerate(STATE_SYMBOLS)
    ]
    size = f'viewBox="0 0 {grid.width} {grid.height}" width="{grid.width}" height="{grid.height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(drawn)}</svg>'


def sign(state: int) -> str:
    """Draw the sign of a state alone, for a legend."""
    colour, shape, _size = STATE_SYMBOLS[state]
    drawn = _villages(np.array([[12.0, 12.0]]), colour, shape, _LARGE)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{drawn}</svg>'


def _region(shape: shapely.Geometry, grid: _Grid) -> str:
    rings = [ring for part in shapely.get_parts(shape) for ring in (part.exterior, *part.interiors)]
    paths = [grid.place(shapely.get_coordinates(ring)) for ring in rings]
    told = "".join(f"M{'L'.join(f'{x:g} {y:g}' for x, y in path.tolist())}Z" for path in paths)
    return f'<path d="{told}" fill="#f6f1da" stroke="{_OUTLINE}" stroke-width="1.5"/>'


def _villages(points: NDArray[np.float64], colour: str, shape: str, radius: int) -> str:
    if not len(points):
        return ""
    inner = {"h": f"{radius / 2:g}", "i": f"{radius / 2:g}"}
    told = "".join(
        _SIGNS[shape].format(x=f"{x:g}", y=f"{y:g}", r=radius, d=2 * radius, **inner)
        for x, y in points.tolist()
    )
    edge = ' stroke="#ffffff" stroke-width="1"' if radius > _SMALL else ""
    return f'<path d="{told}" fill="{colour}"{edge}/>'
