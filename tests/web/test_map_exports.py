"""The map as files: exactly what the person sees, with filter, sources and dates.

The reader's screens are English here, and the files Indonesian nonetheless.
"""

from __future__ import annotations

import json
import math
import sqlite3
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pyogrio
import pytest
import shapely

from outreach.children import children_seconds
from outreach.maps.artefacts import Store
from outreach.maps.qgis_styles import Classes
from outreach.maps.topology import encode_topology
from outreach.people.tables import Role
from outreach.progress.layers import COLUMNS as SUMS
from outreach.progress.layers import EPOCH, SHARES, Layer
from outreach.web.map_seen import COLUMNS, PARTS
from tests.web.test_manager import urls
from tests.web.world import FOREIGN_REGENCY, OWN_REGENCY, OWN_VILLAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from outreach.config import Settings
    from tests.web.conftest import Visitor

    type SignIn = Callable[[Role], Visitor]

WIB = ZoneInfo("Asia/Jakarta")
#: What the map makes of the sums it is told; shares stand in percent.
FIGURES: dict[Layer, Callable[[dict[str, int]], float | None]] = {
    Layer.SIGNUPS: lambda s: 1000 * s["signups"] / s["informal"],
    Layer.GAP: lambda s: s["informal"] - s["covered"] - s["signups"],
    Layer.PAID: lambda s: 100 * s["paid"] / s["told"] if s["told"] else None,
    Layer.CONFIRMED: lambda s: 100 * s["confirmed"] / s["coming"] if s["coming"] else None,
    Layer.SILENCE: lambda s: (
        (datetime.now(WIB).date() - EPOCH).days - s["last_day"] if s["last_day"] else None
    ),
}
SQUARE = shapely.box(110.75, -7.6, 110.87, -7.52)


@pytest.fixture
def drawn(settings: Settings) -> Iterator[None]:
    """The own regency and its districts have shapes; the foreign one's neighbour has none."""
    folder = settings.var_dir / "maps"
    before = Store(folder).manifest()
    codes = [f"{OWN_REGENCY}.0{n}" for n in range(1, 6)]
    strips = [shapely.box(110.75 + n / 40, -7.6, 110.775 + n / 40, -7.52) for n in range(5)]
    store = Store(folder)
    areas = encode_topology([OWN_REGENCY], [shapely.MultiPolygon([SQUARE])], [{"p": [110.8, -7.5]}])
    districts = encode_topology(codes, [shapely.MultiPolygon([s]) for s in strips], [{}] * 5)
    store.note(
        areas=store.keep("areas", ".json", areas),
        districts={"33": store.keep("districts-33", ".json", districts)},
    )
    yield
    store.note(**before)


def features(answer: Any, layer: str) -> list[dict[str, Any]]:
    every = json.loads(answer.data)["features"]
    return [one for one in every if one["properties"]["lapisan"] == layer]


@pytest.mark.usefixtures("drawn")
def test_geojson_holds_regions_and_villages_of_the_area(english: SignIn) -> None:
    answer = english(Role.MANAGER).get(f"/map/export.geojson?area={OWN_REGENCY}")
    assert answer.status_code == 200
    assert 'filename="peta-kota-surakarta-' in answer.headers["Content-Disposition"]
    regions, villages = features(answer, "wilayah"), features(answer, "desa")
    assert [one["properties"]["kode"] for one in regions] == [f"33.72.0{n}" for n in range(1, 6)]
    assert len(villages) == 54
    assert all(one["geometry"]["type"] == "MultiPolygon" for one in regions)
    own = next(one for one in villages if one["properties"]["kode"] == OWN_VILLAGE)
    assert (own["properties"]["status"], own["properties"]["pendaftaran"]) == ("Terjangkau", 9)
    reached = [one for one in villages if one["properties"]["status"] == "Terjangkau"]
    assert sum(one["properties"]["terjangkau"] for one in regions) == len(reached) == 1


@pytest.mark.usefixtures("drawn")
def test_geojson_tells_filter_sources_and_dates(english: SignIn) -> None:
    answer = english(Role.MANAGER).get(f"/map/export.geojson?area={OWN_REGENCY}&kind=kelurahan")
    about = json.loads(answer.data)["about"]
    assert about["wilayah"] == "Kota Surakarta (33.72)"
    assert about["kampanye"] == "Semua kampanye"
    assert about["jenis"] == "Kelurahan"
    (region, *_) = features(answer, "wilayah")
    told = {name.removeprefix("sumber_") for name in about if name.startswith("sumber_")}
    assert told == {name for name in region["properties"] if name.endswith("_perkiraan")}
    assert "2025" in about["sumber_pekerja_informal_perkiraan"]
    assert about["batas"].startswith("Batas perkiraan")


def test_nothing_of_another_area_goes_out(english: SignIn) -> None:
    for ending in ("geojson", "gpkg"):
        answer = english(Role.MANAGER).get(f"/map/export.{ending}?area={FOREIGN_REGENCY}")
        assert answer.status_code == 404
    around = english(Role.MANAGER).get("/map/export.geojson?area=33")
    assert {one["properties"]["kode"][:5] for one in features(around, "desa")} == {OWN_REGENCY}
    told = json.loads(around.data)["about"]["wilayah"]
    assert told == "Jawa Tengah (33), hanya bagian wilayah Anda"


def test_too_many_villages_for_a_text_are_left_out_and_that_is_told(
    english: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outreach.web.map_exports.MOST_POINTS", 53)
    answer = english(Role.MANAGER).get(f"/map/export.geojson?area={OWN_REGENCY}")
    assert features(answer, "desa") == []
    assert len(features(answer, "wilayah")) == 5
    assert json.loads(answer.data)["about"]["desa"].startswith(
        "Desa tidak disertakan: lebih dari 53"
    )


@pytest.mark.usefixtures("drawn")
def test_the_package_opens_with_its_styles(english: SignIn, tmp_path: Path) -> None:
    answer = english(Role.MANAGER).get(f"/map/export.gpkg?area={OWN_REGENCY}")
    assert answer.status_code == 200
    path = tmp_path / "read.gpkg"
    path.write_bytes(answer.data)
    villages = pyogrio.read_dataframe(path, layer="desa")
    regions = pyogrio.read_dataframe(path, layer="wilayah")
    assert (len(villages), len(regions), villages.crs.to_epsg()) == (54, 5, 4326)
    assert villages.set_index("kode").status[OWN_VILLAGE] == "Terjangkau"
    assert set(regions.geom_type) == {"MultiPolygon"}
    assert "Kota Surakarta" in pyogrio.read_info(path, layer="desa")["layer_metadata"]["wilayah"]
    about = pyogrio.read_dataframe(path, layer="about", read_geometry=False)
    assert dict(zip(about.hal, about.isi, strict=True))["wilayah"] == "Kota Surakarta (33.72)"
    assert drawn_by(path, "desa", "category", "value") == {
        "Belum direncanakan",
        "Direncanakan",
        "Terkonfirmasi",
        "Terjangkau",
    }
    assert len(drawn_by(path, "wilayah", "rule", "filter")) == 8
    with sqlite3.connect(path) as db:  # newer than this and QGIS warns
        assert db.execute("PRAGMA user_version").fetchone()[0] // 100 == 103
    db.close()


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("layer", FIGURES)
def test_the_files_show_the_layer_that_is_looked_at(
    english: SignIn, tmp_path: Path, layer: Layer
) -> None:
    query = f"area={OWN_REGENCY}&layer={layer.value}"
    manager = english(Role.MANAGER)
    path = tmp_path / "read.gpkg"
    path.write_bytes(manager.get(f"/map/export.gpkg?{query}").data)
    answer = manager.get(f"/map/export.geojson?{query}")
    sums = manager.get(urls(manager)["layer_districts"].format(code="33")).get_json()["rows"]
    told = [FIGURES[layer](dict(zip(SUMS, row, strict=True))) for row in sums.values()]
    column = COLUMNS[layer]
    rows = [one["properties"] for one in features(answer, "wilayah")]
    if layer in SHARES:  # which stand beside what they are made from
        part, of = (PARTS[name] for name in SHARES[layer])
        assert [row[column] for row in rows] == [
            pytest.approx(100 * row[part] / row[of], abs=1e-4) if row[of] else None for row in rows
        ]
    regions = [row[column] for row in rows]
    assert regions == [None if x is None else pytest.approx(x, abs=1e-4) for x in told]
    packed = pyogrio.read_dataframe(path, layer="wilayah")[column].tolist()
    assert [None if math.isnan(x) else x for x in packed] == regions
    assert len(features(answer, "desa")) == 54
    assert "." in json.loads(answer.data)["about"]["warna"]
    for name in ("desa", "wilayah"):
        rules = drawn_by(path, name, "rule", "filter")
        assert f'"{column}" IS NULL' in rules
        assert len(rules) == 8


def test_a_region_at_a_break_is_in_the_same_class_as_on_the_map() -> None:
    classes = Classes("x", (10, 25, 40, 55, 70, 85), [""] * 7, "more", "")
    with sqlite3.connect(":memory:") as db:
        db.execute("CREATE TABLE t (x REAL)")
        for value, number in ((0, 0), (9.99, 0), (10, 1), (40, 3), (85, 6), (100, 6), (None, 7)):
            db.execute("DELETE FROM t")
            db.execute("INSERT INTO t VALUES (?)", (value,))
            found = [
                place
                for place, told in enumerate(classes.filters())
                if db.execute(f"SELECT 1 FROM t WHERE {told}").fetchone()
            ]
            assert found == [number], value
    db.close()


@pytest.mark.usefixtures("drawn")
def test_the_files_show_the_weeks_that_are_looked_at(english: SignIn, tmp_path: Path) -> None:
    manager = english(Role.MANAGER)
    rows = manager.get(urls(manager)["layer_details"].format(code=OWN_REGENCY)).get_json()["rows"]
    day = EPOCH + timedelta(days=max(row[SUMS.index("last_day")] for row in rows))
    before, then = (day - timedelta(days=day.weekday() + 7 * n) for n in (1, 0))
    query = f"area={OWN_REGENCY}&week={before}&beside={then}"
    about = json.loads(manager.get(f"/map/export.geojson?{query}").data)["about"]
    path = tmp_path / "read.gpkg"
    path.write_bytes(manager.get(f"/map/export.gpkg?{query}").data)
    villages = pyogrio.read_dataframe(path, layer="desa").set_index("kode")
    regions = pyogrio.read_dataframe(path, layer="wilayah")
    assert villages.status[OWN_VILLAGE] == "Belum terjangkau saat itu"
    assert villages.status_pembanding[OWN_VILLAGE] == "Terjangkau saat itu"
    assert (regions.terjangkau.sum(), regions.terjangkau_pembanding.sum()) == (0, 1)
    assert "pendaftaran" not in regions, "which is of today"
    assert not any(name.startswith("sumber_") for name in about), "of columns that are not there"
    assert about["pekan"].startswith("Sampai ")
    assert about["alamat"].endswith(f"/map?{query}")
    assert drawn_by(path, "desa", "category", "value") == set(villages.status) | {
        "Terjangkau saat itu"
    }


@pytest.mark.parametrize("week", ["x", "2026-13-01", "20260907", "1999-01-01", "2026-09-07'--"])
def test_a_week_that_is_none_is_missing(english: SignIn, week: str) -> None:
    answer = english(Role.MANAGER).get(f"/map/export.geojson?area={OWN_REGENCY}&week={week}")
    assert answer.status_code == 404


def test_who_writes_the_package_knows_no_secret(english: SignIn, told_to_children: Path) -> None:
    taken = children_seconds()
    with pytest.raises(RuntimeError):
        english(Role.MANAGER).get(f"/map/export.gpkg?area={OWN_REGENCY}")
    assert "of-the-database" not in told_to_children.read_text(encoding="utf-8")
    assert children_seconds() > taken, "whoever asks for it pays for its writing"


def drawn_by(path: Path, layer: str, part: str, name: str) -> set[str | None]:
    """The values that a layer's default style tells apart; each has a symbol."""
    with sqlite3.connect(path) as db:
        rows = db.execute(
            "SELECT styleQML, f_geometry_column FROM layer_styles"
            " WHERE f_table_name = ? AND useAsDefault = 1",
            (layer,),
        ).fetchall()
        columns = {row[1] for row in db.execute(f"PRAGMA table_info({layer})")}
    db.close()
    ((qml, geometry),) = rows
    style = ET.fromstring(qml)
    assert geometry in columns
    assert {one.get("attr", "kode") for one in style.iter("renderer-v2")} <= columns
    symbols = {one.get("name") for one in style.iter("symbol")}
    assert {one.get("symbol") for one in style.iter(part)} == symbols
    return {one.get(name) for one in style.iter(part)}


def test_a_second_file_waits_for_the_first(english: SignIn) -> None:
    from outreach.web import map_exports

    with map_exports._alone():
        answer = english(Role.MANAGER).get(f"/map/export.gpkg?area={OWN_REGENCY}")
    assert answer.status_code == 409
    assert b"Another file is being made right now" in answer.data
    assert english(Role.MANAGER).get(f"/map/export.geojson?area={OWN_REGENCY}").status_code == 200


def test_the_page_leads_to_the_files_of_what_it_shows(english: SignIn) -> None:
    page = english(Role.MANAGER).get(f"/map/table?area={OWN_REGENCY}&kind=kelurahan").text
    assert "/map/export.gpkg?area=33.72&amp;layer=gap" in (
        english(Role.MANAGER).get(f"/map/table?area={OWN_REGENCY}&layer=gap").text
    )
    for ending in ("gpkg", "geojson"):
        assert f'href="/map/export.{ending}?kind=kelurahan&amp;area={OWN_REGENCY}"' in page
