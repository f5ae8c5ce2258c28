"""Shapes drawn from points cover the land once, keep every region, and are sent without loss."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely

from outreach.maps import columns, shapes, topology
from outreach.maps.artefacts import Store
from outreach.villages.coast import load_coast
from tests.maps.nation import read_nation

if TYPE_CHECKING:
    from outreach.maps.columns import Places

_SHARED = Path(__file__).parents[3] / "shared" / "data"
BOUNDARIES = Path(os.environ.get("OUTREACH_TEST_BOUNDARIES", _SHARED / "boundaries"))


def read_topology(data: bytes) -> dict[str, shapely.MultiPolygon]:
    """Read TopoJSON back into shapes, as any reader of the format does."""
    document = json.loads(data)
    scale, shift = (np.array(document["transform"][key]) for key in ("scale", "translate"))
    arcs = [np.cumsum(arc, axis=0) * scale + shift for arc in document["arcs"]]

    def ring(numbers: list[int]) -> Any:
        parts = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in numbers]
        return np.vstack([parts[0], *(part[1:] for part in parts[1:])])

    return {
        region["id"]: shapely.MultiPolygon(
            [
                shapely.Polygon(ring(rings[0]), [ring(hole) for hole in rings[1:]])
                for rings in region["arcs"]
            ]
        )
        for region in document["objects"]["a"]["geometries"]
    }


def iou(one: Any, other: Any) -> float:
    return float(one.intersection(other).area / one.union(other).area)


def test_every_region_has_land_and_the_land_is_shared_out_once(
    places: Places, land: shapely.MultiPolygon
) -> None:
    regencies, districts = shapes.draw_regions(places, land)
    assert regencies.codes == ["33.11", "33.72", "34.03", "34.71"]
    assert len(districts.codes) == 8
    for level in (regencies, districts):
        assert shapely.coverage_is_valid(level.shapes)
        assert not shapely.is_empty(level.shapes).any()
        assert iou(shapely.union_all(level.shapes), land) > 0.98


def test_villages_lie_in_their_own_region(places: Places, land: shapely.MultiPolygon) -> None:
    _, districts = shapes.draw_regions(places, land)
    own = np.searchsorted(districts.codes, columns.parents(places.codes, columns.DISTRICT))
    at = shapely.points(places.longitudes, places.latitudes)
    inside = shapely.contains(districts.shapes[own], at)
    assert inside[~places.approximate].mean() > 0.98


def test_a_village_in_the_sea_gets_an_islet(land: shapely.MultiPolygon, places: Places) -> None:
    codes = np.array(["31.01.01.1001", "31.01.01.1002", "33.11.01.2001", "33.72.01.2001"])
    far = columns.Places(
        codes,
        np.array([-5.6, -5.61, -7.5, -7.5]),
        np.array([106.6, 106.61, 110.5, 111.5]),
        np.zeros(4, dtype=bool),
    )
    regencies, _ = shapes.draw_regions(far, land)
    islands = regencies.shapes[regencies.codes.index("31.01")]
    assert islands.contains(shapely.Point(106.6, -5.6))
    assert islands.area < 0.01


def test_a_district_known_only_roughly_is_drawn_too(land: shapely.MultiPolygon) -> None:
    codes = np.array(["33.11.01.2001", "33.11.02.2001", "33.72.01.2001"])
    rough = np.array([False, True, False])
    few = columns.Places(
        codes, np.array([-7.5, -7.3, -7.6]), np.array([110.4, 110.6, 111.5]), rough
    )
    _, districts = shapes.draw_regions(few, land)
    assert "33.11.02" in districts.codes


def test_districts_that_share_their_only_place_are_named(land: shapely.MultiPolygon) -> None:
    codes = np.array(["33.11.01.2001", "33.11.02.2001", "33.72.01.2001"])
    same = columns.Places(
        codes,
        np.array([-7.5, -7.5, -7.6]),
        np.array([110.4, 110.4, 111.5]),
        np.zeros(3, dtype=bool),
    )
    with pytest.raises(ValueError, match=r"33\.11\.02"):
        shapes.draw_regions(same, land)


def test_topology_comes_back_the_same_and_stores_each_border_once() -> None:
    whole = shapely.box(0, 0, 3, 2)
    enclave = shapely.box(0.4, 0.4, 0.8, 0.8)
    left = shapely.box(0, 0, 1, 2) - enclave
    right = shapely.Polygon([(1, 0), (3, 0), (3, 2), (1, 2), (1, 1)])
    left = shapely.Polygon([(0, 0), (1, 0), (1, 1), (1, 2), (0, 2)], [enclave.exterior.coords])
    data = topology.encode_topology(["a", "b", "c"], [left, right, enclave], [{}, {}, {}])
    back = read_topology(data)
    assert back["a"].equals(left)
    assert back["b"].equals(right)
    assert back["c"].equals(enclave)
    assert shapely.union_all(list(back.values())).equals(whole)
    # left's outside, the middle border, right's outside, the ring around the enclave
    assert len(json.loads(data)["arcs"]) == 4


def test_a_region_smaller_than_the_grid_stays_a_triangle() -> None:
    speck = shapely.box(110, -7, 110.0002, -6.9998)
    back = read_topology(topology.encode_topology(["x"], [speck], [{}]))
    assert back["x"].area > 0


def test_what_is_built_is_what_is_drawn(
    built: Path, places: Places, land: shapely.MultiPolygon
) -> None:
    store = Store(built)
    manifest = store.manifest()
    stored = store.open(manifest["areas"])
    assert stored is not None
    assert stored.immutable
    back = read_topology(stored.body)
    regencies, _ = shapes.draw_regions(places, land)
    for code, shape in zip(regencies.codes, regencies.shapes, strict=True):
        assert iou(back[code], shape) > 0.99
    assert set(manifest["districts"]) == {"33", "34"}
    labels = {
        region["id"]: region["properties"]["p"]
        for region in json.loads(stored.body)["objects"]["a"]["geometries"]
    }
    for code, at in labels.items():
        assert back[code].contains(shapely.Point(at))


def test_progress_is_told_step_by_step(
    places: Places, land: shapely.MultiPolygon, tmp_path: Path
) -> None:
    steps: list[tuple[str, int, int]] = []
    shapes.build_shapes(places, land, tmp_path, lambda *step: steps.append(step))
    assert [done for _, done, _ in steps] == [0, 1, 2, 3, 4, 5, 6]
    assert {of for _, _, of in steps} == {6}


@pytest.mark.skipif(not BOUNDARIES.is_dir(), reason="no true boundaries here to compare with")
def test_regencies_are_near_their_true_borders(tmp_path: Path) -> None:
    manifest = shapes.build_shapes(read_nation().places, load_coast(), tmp_path)
    areas = tmp_path / manifest["areas"]
    drawn = {code: shape.buffer(0) for code, shape in read_topology(areas.read_bytes()).items()}
    document = json.loads((BOUNDARIES / "regencies.geojson").read_text(encoding="utf-8"))
    true = {
        region["properties"]["code"]: shapely.make_valid(
            shapely.from_geojson(json.dumps(region["geometry"]))
        )
        for region in document["features"]
    }
    assert len(drawn) == len(true) == 514
    overlaps = [iou(drawn[code], shape) for code, shape in true.items()]
    assert np.median(overlaps) >= 0.85
    assert min(overlaps) > 0
    assert areas.with_name(areas.name + ".br").stat().st_size <= 65_000
    assert len(manifest["districts"]) == 38
