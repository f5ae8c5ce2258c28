"""Borders matched with the registry and drawn: by code, with every row accounted for."""

from __future__ import annotations

import shutil
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely

from outreach.children import children_seconds
from outreach.errors import Conflict, Invalid
from outreach.maps import borders, boundary_job
from outreach.maps.artefacts import Store
from outreach.maps.boundaries import match
from outreach.maps.boundary_keeping import (
    Borders,
    apply_draft,
    build,
    draft_of,
    drawing,
    forget,
    keep_draft,
    kept_borders,
)
from outreach.maps.boundary_reading import read_borders
from outreach.maps.shapes import Regions
from outreach.maps.topology_reading import read_topology
from outreach.villages.codes import Level
from tests.maps.border_files import SQUARES, geojson

if TYPE_CHECKING:
    from outreach.maps.boundaries import Report
    from outreach.maps.columns import Places

REAL = Path(__file__).parents[3] / "shared" / "data" / "boundaries"


@pytest.fixture
def registry(places: Places) -> dict[Level, list[str]]:
    return {level: sorted({code[:level] for code in places.codes.tolist()}) for level in Level}


@pytest.fixture
def store(built: Path, tmp_path: Path) -> Store:
    """A folder of maps of its own."""
    shutil.copytree(built, tmp_path / "maps")
    return Store(tmp_path / "maps")


def matched(
    content: bytes, places: Places, registry: dict[Level, list[str]], **more: str
) -> tuple[Report, Regions]:
    return match(read_borders(content), places, registry, **more)


def quiet(_step: str, _done: int, _of: int) -> None:
    pass


def bring_in(
    store: Store, rows: list[Any], places: Places, registry: Any, land: shapely.MultiPolygon
) -> Report:
    report, regions = matched(geojson(rows), places, registry)
    draft = keep_draft(store, Borders("Badan", date(2026, 8, 20), "batas.geojson", report), regions)
    apply_draft(store, draft.stamp, places, land, quiet)
    return report


def shown(store: Store) -> dict[str, shapely.MultiPolygon]:
    return read_topology((store.folder / store.manifest()["areas"]).read_bytes())


def test_every_row_is_accepted_or_refused(places: Places, registry: Any) -> None:
    west, east = shapely.box(110.5, -8, 110.75, -7), shapely.box(110.75, -8, 111.0, -7)
    rows = [
        (3311, SQUARES["33.11"]),
        ("33 72", west),
        ("33.72", east),
        ("99.01", SQUARES["34.03"]),
        ("Sleman", SQUARES["34.03"]),
        (None, SQUARES["34.03"]),
        ("34.03", None),
        ("34.71", shapely.box(2, 48, 3, 49)),
        ("34", SQUARES["34.03"]),
    ]
    report, regions = matched(geojson(rows), places, registry)
    assert (report.level, report.rows, report.accepted, report.matched) == (Level.REGENCY, 9, 3, 2)
    assert report.rows == report.accepted + len(report.refused)
    assert [(one.row, one.code, one.reason) for one in report.refused] == [
        (4, "99.01", "not_in_registry"),
        (5, "Sleman", "no_code"),
        (6, "", "no_code"),
        (7, "34.03", "no_area"),
        (8, "34.71", "outside"),
        (9, "34", "other_level"),
    ]
    assert report.twice == (("33.72", 2),)
    assert report.missing == ("34.03", "34.71")
    assert report.elsewhere == ()
    joined = dict(zip(regions.codes, regions.shapes, strict=True))["33.72"]
    assert shapely.equals(joined, SQUARES["33.72"])


def test_a_border_that_bears_another_regions_code_is_told_of(places: Places, registry: Any) -> None:
    swapped = {**SQUARES, "33.11": SQUARES["33.72"], "33.72": SQUARES["33.11"]}
    report, _ = matched(geojson(list(swapped.items())), places, registry)
    assert report.elsewhere == ("33.11", "33.72")


def test_the_column_with_most_regions_is_taken(places: Places, registry: Any) -> None:
    content = geojson(list(SQUARES.items())).replace(b'"nama": "Nowhere"', b'"prov": "33"')
    report, _ = matched(content, places, registry)
    assert (report.column, report.level) == ("kode", Level.REGENCY)
    report, _ = matched(content, places, registry, level="province")
    assert (report.column, report.level, report.matched) == ("prov", Level.PROVINCE, 1)


def test_villages_are_joined_to_districts(places: Places, registry: Any) -> None:
    cells = [(code, shapely.Point(x, y).buffer(0.01)) for code, x, y in zip(
        places.codes[:60].tolist(), places.longitudes, places.latitudes, strict=False
    )]  # fmt: skip
    report, regions = matched(geojson(cells), places, registry)
    assert (report.level, report.is_joined, report.accepted) == (Level.DISTRICT, True, 60)
    assert regions.codes == ["33.11.01", "33.11.02"]


@pytest.mark.parametrize(
    ("rows", "problem", "reasons"),
    [
        ([("99.01", SQUARES["33.11"])], "borders_no_match", None),
        (
            [("33.11", shapely.box(2, 48, 3, 49)), ("33.72", SQUARES["33.72"].boundary)],
            "borders_nothing_left",
            ["no_area", "outside"],
        ),
    ],
)
def test_a_file_without_a_use_is_refused(
    rows: list[Any], problem: str, reasons: list[str] | None, places: Places, registry: Any
) -> None:
    with pytest.raises(Invalid) as refused:
        matched(geojson(rows), places, registry)
    assert refused.value.facts["problem"] == problem
    assert refused.value.facts.get("reasons") == reasons


def test_the_map_shows_the_borders_and_keeps_the_rest(
    store: Store, places: Places, registry: Any, land: shapely.MultiPolygon
) -> None:
    before = shown(store)
    slanted = shapely.Polygon([(110.5, -8), (111.1, -8), (111.0, -7), (110.6, -7)])
    bring_in(store, [("33.72", slanted)], places, registry, land)
    after = shown(store)
    assert sorted(after) == sorted(before)
    assert overlap(after["33.72"], slanted) > 0.99
    assert overlap(after["34.71"], before["34.71"]) > 0.99
    assert after["33.11"].area < before["33.11"].area
    (one,) = kept_borders(store)
    assert (one.source, one.as_of, one.report.matched) == ("Badan", date(2026, 8, 20), 1)
    assert store.manifest()["borders"][0]["missing"] == 3


def overlap(one: shapely.Geometry, other: shapely.Geometry) -> float:
    shared: float = shapely.intersection(one, other).area / shapely.union(one, other).area
    return shared


def test_a_new_build_keeps_them_and_forgetting_brings_back_the_derived_ones(
    store: Store, places: Places, registry: Any, land: shapely.MultiPolygon
) -> None:
    first = store.manifest()
    bring_in(store, list(SQUARES.items()), places, registry, land)
    brought_in = store.manifest()
    assert brought_in["areas"] != first["areas"]
    seen = []
    assert build(store, places, land, lambda *_step: seen.append(store.manifest()["areas"]))
    assert {*seen, store.manifest()["areas"]} == {brought_in["areas"]}, "never the others' shapes"
    assert forget(store)
    for name in ("areas", "districts"):
        assert store.manifest()[name] == first[name]
    assert kept_borders(store) == []
    assert not forget(store)
    assert not build(store, places, land, quiet)


def test_a_level_takes_the_place_of_itself_and_stands_beside_others(
    store: Store, places: Places, registry: Any, land: shapely.MultiPolygon
) -> None:
    bring_in(store, list(SQUARES.items()), places, registry, land)
    bring_in(store, [("33.11", SQUARES["33.11"])], places, registry, land)
    whole = shapely.box(110, -8, 111, -7)
    bring_in(store, [("33", whole)], places, registry, land)
    kept = [(one.level, one.report.matched) for one in kept_borders(store)]
    assert kept == [(Level.PROVINCE, 1), (Level.REGENCY, 1)]


def test_another_draft_is_not_put_on_the_map(
    store: Store, places: Places, registry: Any, land: shapely.MultiPolygon
) -> None:
    report, regions = matched(geojson(list(SQUARES.items())), places, registry)
    seen = keep_draft(store, Borders("Badan", date(2026, 8, 20), "a", report), regions)
    keep_draft(store, Borders("Other", date(2026, 8, 20), "b", report), regions)
    with pytest.raises(Conflict):
        apply_draft(store, seen.stamp, places, land, quiet)
    assert "borders" not in store.manifest()


def test_two_never_draw_at_once(
    store: Store, places: Places, registry: Any, land: shapely.MultiPolygon
) -> None:
    report, regions = matched(geojson(list(SQUARES.items())), places, registry)
    draft = keep_draft(store, Borders("Badan", date(2026, 8, 20), "a", report), regions)
    before = store.manifest()
    with drawing(store), pytest.raises(Conflict):
        apply_draft(store, draft.stamp, places, land, quiet)
    with drawing(store), pytest.raises(Conflict):
        build(store, places, land, quiet)
    assert draft_of(store) == draft
    assert store.manifest() == before


def test_who_draws_knows_no_secret(
    store: Store, places: Places, registry: Any, request: pytest.FixtureRequest
) -> None:
    report, regions = matched(geojson(list(SQUARES.items())), places, registry)
    draft = keep_draft(store, Borders("Badan", date(2026, 8, 20), "a", report), regions)
    told: Path = request.getfixturevalue("told_to_children")  # the file was read as ever
    boundary_job.start(store, draft.stamp, places)
    process_ended(told)
    assert "PROJ_NETWORK=OFF" in told.read_text(encoding="utf-8")
    assert "of-the-database" not in told.read_text(encoding="utf-8")


def process_ended(told: Path) -> None:
    until = time.monotonic() + 20
    while not (told.is_file() and told.read_text(encoding="utf-8").endswith("end\n")):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_drawing_that_fails_leaves_the_map_and_says_so(
    store: Store, places: Places, registry: Any
) -> None:
    before = store.manifest()
    with pytest.raises(SystemExit):
        _die(store)
    told = boundary_job.standing(store)
    assert told is not None
    assert told.failed
    assert store.manifest() == before


def _die(store: Store) -> None:
    """Be asked for a draft that is not there, as when it was discarded meanwhile."""
    try:
        boundary_job.main(str(store.folder), "0" * 16)
    except (Conflict, FileNotFoundError):
        raise SystemExit(1) from None


def test_districts_keep_to_known_borders_of_every_level(
    places: Places, land: shapely.MultiPolygon
) -> None:
    province = Regions(["33"], np.array([shapely.box(110, -8.1, 111.05, -7)]))
    regency = Regions(["33.72"], np.array([shapely.box(110.45, -8, 111.0, -7)]))
    district = Regions(["33.72.01"], np.array([shapely.box(110.45, -8, 111.0, -7.7)]))
    known: dict[int, Regions] = {
        Level.PROVINCE: province,
        Level.REGENCY: regency,
        Level.DISTRICT: district,
    }
    drawn = borders.draw_within(places, land, known)
    shapes = dict(zip(drawn.codes, drawn.shapes, strict=True))
    assert sorted(shapes) == sorted({code[:8] for code in places.codes.tolist()})
    assert shapely.coverage_is_valid(drawn.shapes)
    assert overlap(shapes["33.72.01"], district.shapes[0]) > 0.999
    assert overlap(shapes["33.72.02"], shapely.box(110.45, -7.7, 111.0, -7)) > 0.999
    own = shapely.union_all([shapes[code] for code in shapes if code.startswith("33")])
    assert overlap(own, province.shapes[0]) > 0.999


def test_a_district_whose_villages_lie_outside_its_border_still_has_land(
    places: Places, land: shapely.MultiPolygon
) -> None:
    # All of the regency's northern district lies beyond this border.
    south = Regions(["33.72"], np.array([shapely.box(110.5, -8, 111.0, -7.55)]))
    drawn = borders.draw_within(places, land, {Level.REGENCY: south})
    shapes = dict(zip(drawn.codes, drawn.shapes, strict=True))
    assert shapes["33.72.02"].area > 0
    assert shapely.coverage_is_valid(drawn.shapes)


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the true boundaries of ../shared/data")
def test_true_boundaries_of_the_nation_are_read_whole() -> None:
    taken = children_seconds()
    told = read_borders((REAL / "regencies.geojson").read_bytes())
    assert children_seconds() > taken, "whoever sends it pays for its reading"
    assert set(told.notes) == {""}
    assert len(set(told.columns["code"])) == 514
    villages = read_borders((REAL / "villages_33.72_33.11_81.71.gpkg").read_bytes())
    assert len(villages.shapes) == 271
