"""The sketch of an area: every village on it, in the sign of its state, north up."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import shapely

from outreach.maps.columns import Places
from outreach.maps.qgis_styles import STATE_SYMBOLS
from outreach.maps.sketch import LONG, sign, sketch

SVG = "{http://www.w3.org/2000/svg}"
COLOURS = [colour for colour, *_ in STATE_SYMBOLS]


def places(*points: tuple[float, float]) -> Places:
    codes = np.array([f"33.72.01.{1001 + n}" for n in range(len(points))])
    east, north = np.array(points, dtype=float).reshape(-1, 2).T
    return Places(codes, north, east, np.zeros(len(points), dtype=bool))


def starts(picture: str) -> dict[str, list[tuple[float, float]]]:
    """Where the signs of each colour, and the land, begin."""
    found: dict[str, list[tuple[float, float]]] = {}
    for path in ET.fromstring(picture).iter(f"{SVG}path"):
        begins = re.findall(r"M(-?[\d.]+) (-?[\d.]+)", path.get("d", ""))
        found[path.get("fill", "")] = [(float(x), float(y)) for x, y in begins]
    return found


def test_every_village_stands_in_the_sign_of_its_state_north_up() -> None:
    points = places((110.0, -7.0), (110.4, -7.0), (110.0, -7.2), (110.4, -7.2))
    drawn = starts(sketch([], points, np.array([0, 1, 2, 3], dtype=np.uint8)))
    (west, north), (east, _), (_, south), (last, low) = (drawn[one][0] for one in COLOURS)
    assert (west, south) < (east, south)
    assert north < south == low
    assert east == last == pytest.approx(LONG - west)


def test_borders_lie_around_their_villages_and_keep_their_holes() -> None:
    lake = shapely.box(110.1, -7.2, 110.2, -7.1)
    around = shapely.box(110.0, -7.3, 110.3, -7.0)
    land = shapely.MultiPolygon([(around.exterior.coords, [lake.exterior.coords])])
    picture = sketch([land, None], places((110.05, -7.05)), np.array([3], dtype=np.uint8))
    drawn = starts(picture)
    assert len(drawn["#f6f1da"]) == 2
    ((x, y),) = drawn[COLOURS[3]]
    box = ET.fromstring(picture).get("viewBox", "").split()
    assert 0 < x < float(box[2])
    assert 0 < y < float(box[3])


@pytest.mark.parametrize("points", [[(110.0, -7.0)], [(110.0, -7.0), (110.0, -7.5)]])
def test_one_village_and_a_straight_line_of_them_are_drawn(
    points: list[tuple[float, float]],
) -> None:
    picture = sketch([], places(*points), np.zeros(len(points), dtype=np.uint8))
    assert len(starts(picture)[COLOURS[0]]) == len(points)
    assert "nan" not in picture


def test_nothing_to_draw_is_no_picture() -> None:
    assert sketch([None], places(), np.array([], dtype=np.uint8)) == ""


def test_signs_differ_without_their_colours() -> None:
    shapes = {re.sub(r'fill="#\w+"', "", sign(state)) for state in range(4)}
    assert len(shapes) == 4
