"""Reads one file of borders in a process of its own: a hostile file can only end this process.

Stands alone, without the rest of the product. The parent has put the upload under a name of its
own into the folder this process works in; what is found goes to the standard output: one line of
JSON (the rows, or what is wrong) and then the shapes as WKB in degrees, flat, valid, polygons only.

GDAL opens what it likes best, whatever a file is called: a document that lists other files or
addresses would be followed. So it is asked only for a GeoPackage or a shapefile, with every other
driver of the installed version switched off before it is loaded; GeoJSON never reaches it.
"""

from __future__ import annotations

import json
import math
import os
import re
import resource
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 30
FILE_BYTES = 256 * 1024 * 1024
MOST_ROWS = 100_000
MOST_POINTS = 4_000_000
MOST_COLUMNS = 200
_MOST_ENTRIES = 40
_MOST_UNPACKED_BYTES = 160 * 1024 * 1024
_MOST_TIMES_PACKED = 120
_MOST_LAYERS = 40
#: Grid of half the step the map's files are rounded to; equal borders stay equal upon it.
GRID_DEGREES = 0.0005
#: Roughly Indonesia: what lies outside of it is no region of ours.
INDONESIA = (94.0, -12.0, 142.0, 7.0)
_PARTS_OF_A_SHAPEFILE = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_ANY_CODE = re.compile(r"[0-9][0-9. ]{1,19}")
_KNOWN_CRS = re.compile(
    r"(urn:ogc:def:crs:)?(OGC:[0-9.]*:?CRS84|EPSG:[0-9.]*:?(?P<epsg>[0-9]{4,6}))", re.IGNORECASE
)


class Unusable(Exception):
    """The file cannot be used; the first argument is the problem's code, the rest are facts."""

    def __init__(self, problem: str, **facts: object) -> None:
        super().__init__(problem)
        self.told = {"problem": problem, **facts}


def kind_of(path: Path) -> str:
    """Tell by its first bytes what a file is, never by its name."""
    with path.open("rb") as file:
        start = file.read(4096)
    if not start.strip():
        raise Unusable("borders_empty")
    if start.startswith(b"SQLite format 3\0") and start[68:70] == b"GP":
        return "gpkg"
    if start.startswith(b"PK\x03\x04"):
        return "zip"
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return "geojson"
    raise Unusable("borders_unknown_file")


def read_geojson(path: Path) -> tuple[list[dict[str, Any]], Any, Any]:
    """Read features by JSON alone: their properties, their geometries and their system."""
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise Unusable("borders_damaged") from None
    if not isinstance(document, dict) or document.get("type") not in (
        "FeatureCollection",
        "Feature",
    ):
        raise Unusable("borders_not_features")
    features = document.get("features", []) if "features" in document else [document]
    if not isinstance(features, list):
        raise Unusable("borders_not_features")
    if len(features) > MOST_ROWS:
        raise Unusable("borders_too_many_rows", most=MOST_ROWS)
    rows, texts = [], []
    for feature in features:
        told = feature if isinstance(feature, dict) else {}
        properties = told.get("properties")
        rows.append(properties if isinstance(properties, dict) else {})
        texts.append(json.dumps(told.get("geometry")) if told.get("geometry") else None)
    shapes = shapely.from_geojson(np.array(texts, dtype=object), on_invalid="ignore")
    # What is there and cannot be read is not nothing: such a row is told of as broken.
    unread = shapely.is_missing(shapes) & np.array([text is not None for text in texts], bool)
    shapes[unread] = shapely.Point(math.nan, math.nan)
    return rows, shapes, _named_system(document.get("crs"))


def _named_system(told: Any) -> str | None:
    """Read the member `crs` of older GeoJSON; without it the standard says degrees of WGS 84."""
    if told is None:
        return "EPSG:4326"
    properties = told.get("properties") if isinstance(told, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    known = _KNOWN_CRS.fullmatch(name) if isinstance(name, str) else None
    if known is None:
        return None
    return f"EPSG:{known['epsg']}" if known["epsg"] else "EPSG:4326"


def unpack_shapefile(path: Path) -> Path:
    """Check a zip, then unpack the one shapefile in it under names of our own."""
    try:
        with zipfile.ZipFile(path) as packed:
            _check_zip(packed, path.stat().st_size)
            return _unpack(packed, path.parent)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError, RuntimeError):
        raise Unusable("borders_damaged") from None


def _check_zip(packed: zipfile.ZipFile, size: int) -> None:
    entries = packed.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > _MOST_ENTRIES or unpacked > _MOST_UNPACKED_BYTES:
        raise Unusable("borders_too_heavy")
    if unpacked > _MOST_TIMES_PACKED * max(size, 10_000):
        raise Unusable("borders_too_heavy")
    for entry in entries:
        name = entry.filename.replace("\\", "/")
        is_link = (entry.external_attr >> 28) == 0o12
        if name.startswith("/") or ":" in name or ".." in name.split("/") or is_link:
            raise Unusable("borders_unsafe_zip")
        if entry.flag_bits & 1:
            raise Unusable("borders_locked_zip")


def _unpack(packed: zipfile.ZipFile, folder: Path) -> Path:
    shapes = [e for e in packed.infolist() if e.filename.lower().endswith(".shp")]
    shapes = [e for e in shapes if not e.filename.startswith("__MACOSX/")]
    if len(shapes) != 1:
        raise Unusable("borders_one_shapefile", found=len(shapes))
    stem = shapes[0].filename[:-4].lower()
    for entry in packed.infolist():
        ending = entry.filename[-4:].lower()
        if entry.filename[:-4].lower() == stem and ending in _PARTS_OF_A_SHAPEFILE:
            (folder / f"borders{ending}").write_bytes(packed.read(entry))
    return folder / "borders.shp"


def check_package(path: Path) -> None:
    """Refuse a GeoPackage whose layers are queries: those could call functions of their own.

    The tables that list the layers are tables too: a query in their place could show us one list
    and GDAL another.
    """
    try:
        with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as db:
            db.execute("PRAGMA trusted_schema = OFF")
            layers = {row[0].lower() for row in db.execute("SELECT table_name FROM gpkg_contents")}
            made = db.execute("SELECT lower(name), type, sql FROM sqlite_master").fetchall()
    except (sqlite3.Error, AttributeError):
        raise Unusable("borders_damaged") from None
    plain = {name for name, kind, sql in made if kind == "table" and "VIRTUAL" not in sql.upper()}
    shown = {name for name, kind, _ in made if kind in ("table", "view")}
    if (layers | {name for name in shown if name.startswith("gpkg_")}) - plain:
        raise Unusable("borders_not_tables")


def load_gdal(driver: str) -> Any:
    """Load GDAL with one driver alone; leave if another one is there nonetheless."""
    asked = [sys.executable, "-I", "-c", "import pyogrio; print(*pyogrio.list_drivers(), sep=',')"]
    every = subprocess.run(asked, capture_output=True, check=True, text=True)  # noqa: S603 - no input
    names = every.stdout.strip().split(",")
    # Rasters are never asked for; those that lead elsewhere go as well.
    others = [name for name in [*names, "VRT", "GTI", "WMS", "WMTS", "WCS"] if name != driver]
    os.environ["GDAL_SKIP"] = ",".join(others)
    os.environ["GDAL_HTTP_TIMEOUT"], os.environ["CPL_VSIL_CURL_ALLOWED_EXTENSIONS"] = "1", ".none"
    os.environ["OGR_SQLITE_LOAD_EXTENSIONS"] = ""
    import pyogrio  # noqa: PLC0415 - after its drivers were chosen

    left = set(pyogrio.list_drivers())
    if left != {driver}:
        raise Unusable("borders_unknown_file", drivers=sorted(left))
    return pyogrio


def read_layer(path: Path, driver: str, layer: str) -> tuple[list[dict[str, Any]], Any, Any]:
    """Read one layer of polygons by GDAL."""
    pyogrio = load_gdal(driver)

    try:
        name = _layer_of(pyogrio.list_layers(path).tolist(), layer)
        if pyogrio.read_info(path, layer=name)["features"] > MOST_ROWS:
            raise Unusable("borders_too_many_rows", most=MOST_ROWS)
        facts, _ids, wkb, columns = pyogrio.raw.read(path, layer=name, force_2d=True)
        shapes = shapely.from_wkb(wkb, on_invalid="ignore")
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, shapely.GEOSException):
        raise Unusable("borders_damaged") from None
    except (pyogrio.errors.FeatureError, pyogrio.errors.FieldError, UnicodeDecodeError):
        raise Unusable("borders_damaged") from None
    fields = list(facts["fields"])[:MOST_COLUMNS]
    rows: list[dict[str, Any]] = [{} for _ in shapes]
    for field, column in zip(fields, columns, strict=False):
        for row, value in zip(rows, column, strict=True):
            row[field] = value
    return rows, shapes, facts["crs"]


def _layer_of(layers: list[list[Any]], wanted: str) -> str:
    areas = [str(name) for name, kind in layers[:_MOST_LAYERS] if _may_hold_areas(kind)]
    found = [name for name in areas if wanted.casefold() in ("", name.casefold())]
    if len(found) != 1:
        problem = "borders_choose_layer" if areas else "borders_no_areas"
        raise Unusable(problem, layers=[name[:60] for name in areas])
    return found[0]


def _may_hold_areas(kind: object) -> bool:
    told = str(kind or "").replace(" ", "").casefold()
    return "polygon" in told or told.startswith(("unknown", "geometry"))


def into_degrees(shapes: Any, system: Any) -> Any:
    """Bring flat shapes into degrees of WGS 84; refuse what says no place on Earth."""
    try:
        known = CRS.from_user_input(system) if system else None
    except CRSError:
        known = None
    if known is None or not (known.is_geographic or known.is_projected):
        raise Unusable("borders_no_system")
    flat = shapely.force_2d(shapes)
    points = shapely.get_coordinates(flat)
    if len(points) > MOST_POINTS:
        raise Unusable("borders_too_many_points", most=MOST_POINTS)
    if known.to_epsg() != 4326:
        try:
            turn = Transformer.from_crs(known, "EPSG:4326", always_xy=True)
        except ProjError:
            raise Unusable("borders_no_system") from None
        points = np.column_stack(turn.transform(points[:, 0], points[:, 1]))
    usual = (np.abs(points[:, 0]) <= 180) & (np.abs(points[:, 1]) <= 90)
    if len(points) and usual.mean() < 0.5:
        raise Unusable("borders_not_degrees")
    return shapely.set_coordinates(flat, points)


def areas_of(shapes: Any) -> tuple[Any, list[str]]:
    """Make each shape a valid area on the grid; tell of each what was found or done."""
    numbers = shapely.get_coordinates(shapes, return_index=True)
    broken = np.zeros(len(shapes), dtype=bool)
    broken[numbers[1][~np.isfinite(numbers[0]).all(axis=1)]] = True
    shapes = np.where(broken, None, shapes)
    valid = shapely.is_valid(shapes) | shapely.is_missing(shapes)
    made = shapely.make_valid(shapes, method="structure", keep_collapsed=False)
    rounded = shapely.make_valid(
        shapely.set_precision(made, GRID_DEGREES, mode="pointwise"), method="structure"
    )
    kept = [_polygons(small) or _polygons(fine) for small, fine in zip(rounded, made, strict=True)]
    notes = [
        _note(shape, is_broken=bool(b), was_valid=bool(v))
        for shape, b, v in zip(kept, broken, valid, strict=True)
    ]
    return kept, notes


def _polygons(shape: Any) -> Any:
    if shape is None:
        return None
    parts = shapely.get_parts(shapely.get_parts(shape))
    areas = [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
    return shapely.MultiPolygon(areas) if areas else None


def _note(shape: Any, *, is_broken: bool, was_valid: bool) -> str:
    if is_broken:
        return "broken"
    if shape is None:
        return "no_area"
    west, south, east, north = INDONESIA
    left, low, right, high = shape.bounds
    if left < west or low < south or right > east or high > north:
        return "outside"
    return "" if was_valid else "mended"


def text_of(value: Any) -> str:
    """Write a property as text; a number as it would be typed."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, float) or hasattr(value, "is_integer"):
        if not math.isfinite(value):
            return ""
        # A dotted code kept as a number has lost its last nought.
        return str(int(value)) if value == int(value) else f"{value:.2f}"
    return str(value).strip()[:60]


def code_columns(rows: list[dict[str, Any]], wanted: str) -> dict[str, list[str]]:
    """Give the columns that may hold codes, or the one named."""
    names = list(dict.fromkeys(name for row in rows for name in list(row)[:MOST_COLUMNS]))
    if wanted:
        found = [name for name in names if name.casefold() == wanted.casefold()]
        if not found:
            raise Unusable("borders_no_such_column", columns=[n[:60] for n in names[:40]])
        return {found[0]: [text_of(row.get(found[0])) for row in rows]}
    told = {}
    for name in names[:MOST_COLUMNS]:
        values = [text_of(row.get(name)) for row in rows]
        if sum(bool(_ANY_CODE.fullmatch(value)) for value in values) * 2 > len(values):
            told[name] = values
    if not told:
        raise Unusable("borders_no_code_column", columns=[n[:60] for n in names[:40]])
    return told


def read(path: Path, column: str, layer: str) -> tuple[dict[str, Any], list[bytes]]:
    """Read the file that is there."""
    kind = kind_of(path)
    if kind == "geojson":
        rows, shapes, system = read_geojson(path)
    elif kind == "gpkg":
        check_package(path)
        rows, shapes, system = read_layer(path, "GPKG", layer)
    else:
        rows, shapes, system = read_layer(unpack_shapefile(path), "ESRI Shapefile", "")
    if not rows:
        raise Unusable("borders_empty")

    was_high = bool(shapely.has_z(shapes).any()) if kind == "geojson" else False
    kept, notes = areas_of(into_degrees(shapes, system))
    told = {"columns": code_columns(rows, column), "notes": notes, "was_high": was_high}
    return told, [shapely.to_wkb(shape) if shape is not None else b"" for shape in kept]


def cut_off() -> None:
    """Take the network away where the system lets us, and bound memory, time and files."""
    with suppress(OSError, AttributeError):
        os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))


def main(given: str, column: str, layer: str) -> None:
    """Read, and tell."""
    try:
        told, shapes = read(Path(given), column, layer)
    except Unusable as error:
        told, shapes = error.told, []
    except MemoryError:
        told, shapes = {"problem": "borders_too_heavy"}, []
    if "problem" not in told:
        told["lengths"] = [len(shape) for shape in shapes]
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + b"".join(shapes))


if __name__ == "__main__":
    cut_off()
    main(*sys.argv[1:4])
