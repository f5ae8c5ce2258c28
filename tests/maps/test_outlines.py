"""Districts as one picture, out of the artefacts of the moving map."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import shapely

from outreach.maps.artefacts import Store
from outreach.maps.outlines import WIDTH, district_outlines
from outreach.maps.topology import encode_topology

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WEST, EAST = shapely.box(110, -0.1, 110.1, 0), shapely.box(110.1, -0.1, 110.2, 0)
#: Two parts: an island lies to the north of the east.
ISLAND = shapely.MultiPolygon([EAST, shapely.box(110.15, 0.05, 110.2, 0.1)])


def keep(store: Store, shapes: Mapping[str, shapely.Geometry], province: str = "33") -> None:
    middles = [
        {"p": shapely.get_coordinates(shapely.centroid(shape))[0].tolist()}
        for shape in shapes.values()
    ]
    body = encode_topology(list(shapes), shapes.values(), middles)
    known = store.manifest().get("districts", {})
    name = store.keep(f"districts-{province}", ".json", body)
    store.note(districts={**known, province: name})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def polygons(path: str) -> list[shapely.Polygon]:
    rings = [re.findall(r"(-?\d+) (-?\d+)", ring) for ring in path.split("Z") if ring]
    return [shapely.Polygon([(int(x), int(y)) for x, y in ring]) for ring in rings]


def test_neighbours_stand_side_by_side_north_up(store: Store) -> None:
    keep(store, {"33.72.01": WEST, "33.72.02": ISLAND})
    drawn = district_outlines(store, ["33.72.01", "33.72.02"])
    assert drawn is not None
    # Two tenths of a degree each way at the equator.
    assert (drawn.width, drawn.height) == (WIDTH, 1000)
    # As polygons: a border that one of the two walks backwards must not cross itself.
    (west,) = polygons(drawn.paths["33.72.01"])
    assert west.equals(shapely.box(0, 500, 500, 1000))
    east, island = polygons(drawn.paths["33.72.02"])
    assert east.equals(shapely.box(500, 500, 1000, 1000))
    assert island.equals(shapely.box(750, 0, 1000, 250))
    assert drawn.middles["33.72.01"] == (250, 750)


def test_only_what_is_asked_for_is_drawn_and_fills_the_picture(store: Store) -> None:
    keep(store, {"33.72.01": WEST, "33.72.02": EAST})
    drawn = district_outlines(store, ["33.72.02", "33.72.99"])
    assert drawn is not None
    assert list(drawn.paths) == ["33.72.02"]
    (whole,) = polygons(drawn.paths["33.72.02"])
    assert whole.equals(shapely.box(0, 0, 1000, 1000))


def test_a_branch_may_lie_in_two_provinces(store: Store) -> None:
    keep(store, {"33.72.01": WEST})
    keep(store, {"34.04.01": EAST}, "34")
    drawn = district_outlines(store, ["33.72.01", "34.04.01"])
    assert drawn is not None
    assert set(drawn.paths) == {"33.72.01", "34.04.01"}


def test_without_shapes_there_is_no_picture(store: Store) -> None:
    assert district_outlines(store, ["33.72.01"]) is None
    store.note(districts={"33": store.keep("districts-33", ".json", b"{}")})
    assert district_outlines(store, ["33.72.01"]) is None
    store.note(districts={"33": "districts-33-gone.json"})
    assert district_outlines(store, ["33.72.01"]) is None


def test_far_from_the_equator_a_degree_is_narrower(store: Store) -> None:
    keep(store, {"91.01.01": shapely.box(140, -60.1, 140.2, -60)}, "91")
    drawn = district_outlines(store, ["91.01.01"])
    assert drawn is not None
    assert drawn.height == pytest.approx(1000, abs=20)
    (whole,) = polygons(drawn.paths["91.01.01"])
    assert whole.bounds == (0, 0, WIDTH, drawn.height)
