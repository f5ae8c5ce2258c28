"""Files of borders, read: what is honest is taken over, what is hostile reads nothing of ours."""

from __future__ import annotations

import json
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely

from outreach.errors import Invalid
from outreach.maps.boundary_reading import read_borders
from tests.maps.border_files import SQUARES, geojson, package, shapefile, table, zipped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def problem(content: bytes, **more: str) -> dict[str, Any]:
    with pytest.raises(Invalid) as refused:
        read_borders(content, **more)
    return refused.value.facts


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file of the server that would be taken for borders, were it read."""
    path = tmp_path / "secret.geojson"
    path.write_bytes(geojson(list(SQUARES.items())))
    return path


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """A server next door, and what was asked of it."""
    paths: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", paths
    server.shutdown()
    server.server_close()


def hostile(target: str) -> dict[str, bytes]:
    layer = f'<OGRVRTLayer name="secret"><SrcDataSource>{target}</SrcDataSource></OGRVRTLayer>'
    vrt = f"<OGRVRTDataSource>{layer}</OGRVRTDataSource>"
    stream = {"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {target}"}
    return {
        "vrt": vrt.encode(),
        "gdalg": json.dumps(stream).encode(),
        "gdalg with features": json.dumps({**stream, "features": []}).encode(),
        "vrt in a zip": zipped({"batas.shp": vrt.encode(), "batas.prj": b"GEOGCS"}),
        "vrt after the mark of a package": b"SQLite format 3\0"
        + bytes(52)
        + b"GP10"
        + vrt.encode(),
    }


@pytest.mark.parametrize("kind", sorted(hostile("")))
def test_a_disguised_document_reads_no_other_file(kind: str, secret: Path) -> None:
    assert problem(hostile(str(secret))[kind])["problem"] in {
        "borders_unknown_file",
        "borders_not_features",
        "borders_damaged",
    }


@pytest.mark.parametrize("kind", sorted(hostile("")))
def test_a_disguised_document_makes_no_request(kind: str, asked: tuple[str, list[str]]) -> None:
    address, paths = asked
    problem(hostile(f"/vsicurl/{address}/a.geojson")[kind])
    assert paths == []


def test_a_package_that_shows_a_query_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "made.gpkg"
    path.write_bytes(package(tmp_path, table(SQUARES)))
    with sqlite3.connect(path) as db:
        db.execute("CREATE VIEW lured AS SELECT * FROM batas")
        db.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id)"
            " VALUES ('lured', 'features', 'lured', 4326)"
        )
    db.close()
    assert problem(path.read_bytes())["problem"] == "borders_not_tables"


@pytest.mark.parametrize(
    ("files", "mode", "code"),
    [
        ({"../../out.shp": b"x"}, 0o100644, "borders_unsafe_zip"),
        ({"/etc/out.shp": b"x"}, 0o100644, "borders_unsafe_zip"),
        ({"c:\\out.shp": b"x"}, 0o100644, "borders_unsafe_zip"),
        ({"batas.shp": b"/etc/passwd"}, 0o120777, "borders_unsafe_zip"),
        ({"batas.shp": bytes(60_000_000)}, 0o100644, "borders_too_heavy"),
        ({f"{n}.shp": b"x" for n in range(60)}, 0o100644, "borders_too_heavy"),
        ({"a.shp": b"x", "b.shp": b"x"}, 0o100644, "borders_one_shapefile"),
        ({"readme.txt": b"x"}, 0o100644, "borders_one_shapefile"),
    ],
)
def test_an_unsafe_zip_is_refused(files: dict[str, bytes], mode: int, code: str) -> None:
    assert problem(zipped(files, mode=mode))["problem"] == code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "borders_empty"),
        (b"  \n", "borders_empty"),
        (b"%PDF-1.7", "borders_unknown_file"),
        (b'{"type": "FeatureCollection", "features": [{"type"', "borders_damaged"),
        (b'{"a":' * 100_000, "borders_damaged"),
        (b'{"type": "Topology"}', "borders_not_features"),
        (b'{"type": "FeatureCollection", "features": {"a": 1}}', "borders_not_features"),
        (geojson([]), "borders_empty"),
        (b"SQLite format 3\0" + bytes(52) + b"GP10" + bytes(500), "borders_damaged"),
        (b"PK\x03\x04" + bytes(100), "borders_damaged"),
        (geojson([(None, SQUARES["33.72"])]), "borders_no_code_column"),
    ],
)
def test_a_file_that_is_none_is_refused(content: bytes, code: str) -> None:
    assert problem(content)["problem"] == code


def test_a_truncated_package_and_shapefile_are_refused(tmp_path: Path) -> None:
    whole = package(tmp_path, table(SQUARES))
    assert problem(whole[: len(whole) // 3])["problem"] == "borders_damaged"
    packed = shapefile(tmp_path, table(SQUARES))
    assert problem(packed[: len(packed) // 2])["problem"] == "borders_damaged"


def read_squares(content: bytes, **more: str) -> dict[str, shapely.Geometry]:
    told = read_borders(content, **more)
    (codes,) = told.columns.values()
    return dict(zip(codes, told.shapes.tolist(), strict=True))


def test_the_three_formats_tell_the_same(tmp_path: Path) -> None:
    told = [
        read_squares(geojson(list(SQUARES.items()))),
        read_squares(package(tmp_path, table(SQUARES))),
        read_squares(shapefile(tmp_path, table(SQUARES))),
    ]
    for squares in told:
        assert sorted(squares) == sorted(SQUARES)
        assert all(shapely.equals(squares[code], SQUARES[code]) for code in SQUARES)


def test_metres_are_brought_into_degrees(tmp_path: Path) -> None:
    metres = table(SQUARES).to_crs("EPSG:32749")
    for content in (package(tmp_path, metres), shapefile(tmp_path, metres)):
        squares = read_squares(content)
        for code, square in SQUARES.items():
            shared = shapely.intersection(squares[code], square).area
            assert shared / shapely.union(squares[code], square).area > 0.98


def test_geojson_of_an_older_kind_may_name_its_system() -> None:
    square = shapely.box(500_000, 9_160_000, 540_000, 9_200_000)
    named = {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32749"}}}
    found = read_squares(geojson([("33.72", square)], **named))["33.72"]
    assert shapely.bounds(found).tolist() == pytest.approx([111.0, -7.6, 111.36, -7.23], abs=0.01)


@pytest.mark.parametrize(
    "system",
    [
        {"type": "link", "properties": {"href": "http://127.0.0.1:9/crs"}},
        {"type": "name", "properties": {"name": "+proj=longlat +nadgrids=/etc/passwd"}},
        {"type": "name", "properties": {"name": "EPSG:999999"}},
        {"type": "name"},
    ],
)
def test_a_system_that_is_unknown_is_refused(system: dict[str, Any]) -> None:
    assert problem(geojson(list(SQUARES.items()), crs=system))["problem"] == "borders_no_system"


def test_a_file_without_a_system_is_refused(tmp_path: Path) -> None:
    bare = table(SQUARES, None)
    with pytest.warns(UserWarning, match="crs"):
        contents = package(tmp_path, bare), shapefile(tmp_path, bare)
    for content in contents:
        assert problem(content)["problem"] == "borders_no_system"


def test_coordinates_that_are_no_degrees_are_refused() -> None:
    square = shapely.box(500_000, 9_160_000, 540_000, 9_200_000)
    assert problem(geojson([("33.72", square)]))["problem"] == "borders_not_degrees"


def test_each_row_is_noted_for_what_is_wrong_with_it() -> None:
    bow = {
        "type": "Polygon",
        "coordinates": [[[110, -8], [111, -7], [111, -8], [110, -7], [110, -8]]],
    }
    huge = {"type": "Polygon", "coordinates": [[[1e308, 0], [1e309, 1], [1, 1], [1e308, 0]]]}
    high = shapely.force_3d(SQUARES["33.72"], 250.0)
    line = shapely.LineString([(110, -8), (111, -7)])
    rows = [("33.01", bow), ("33.02", huge), ("33.03", high), ("33.04", line), ("33.05", None)]
    far = shapely.box(2, 48, 3, 49)
    unclosed = {"type": "Polygon", "coordinates": [[[110, -8], [111, -8], [111, -7], [110, -7]]]}
    told = read_borders(geojson([*rows, ("33.06", far), ("33.07", unclosed)]))
    assert list(told.notes) == ["mended", "broken", "", "no_area", "no_area", "outside", "broken"]
    assert told.was_high
    assert not shapely.has_z(told.shapes).any()
    assert shapely.is_valid(told.shapes[0])
    assert told.shapes[0].area == pytest.approx(0.5, abs=0.01)


def test_borders_shared_by_neighbours_stay_the_same_on_both_sides() -> None:
    rough = np.column_stack(
        [110.5 + np.random.default_rng(1).uniform(-0.01, 0.01, 50), np.linspace(-8, -7, 50)]
    )
    west = shapely.Polygon([*rough.tolist(), (110, -7), (110, -8)])
    east = shapely.Polygon([*rough.tolist(), (111, -7), (111, -8)])
    squares = read_squares(geojson([("33.11", west), ("33.72", east)]))
    assert shapely.coverage_is_valid(list(squares.values()))


def test_the_layer_may_be_named_where_there_are_several(tmp_path: Path) -> None:
    package(tmp_path, table(SQUARES), "kabupaten")
    content = package(tmp_path, table({"33": SQUARES["33.11"]}), "provinsi")
    assert problem(content) | {"problems": 0, "limits": 0} == {
        "problem": "borders_choose_layer",
        "layers": ["kabupaten", "provinsi"],
        "problems": 0,
        "limits": 0,
    }
    assert list(read_squares(content, layer="Provinsi")) == ["33"]


def test_the_column_may_be_named() -> None:
    content = geojson([(3372, SQUARES["33.72"]), (33.1, SQUARES["33.11"])])
    assert list(read_squares(content, column="KODE")) == ["3372", "33.10"]
    facts = problem(content, column="kdkab")
    assert (facts["problem"], facts["columns"]) == ("borders_no_such_column", ["nama", "kode"])


def test_more_than_the_limit_is_not_even_read() -> None:
    assert problem(b"{" + bytes(33 * 1024 * 1024))["problem"] == "borders_too_large"
