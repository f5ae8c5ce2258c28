"""Writes one GeoPackage in a process of its own, so that the web never loads GeoPandas."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

from outreach.maps.qgis_styles import Classes, Looks, region_style, village_style

_SYSTEM = "EPSG:4326"
#: Newer ones make QGIS warn that it may know only part of them.
_VERSION = "1.3"
_STYLES = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256),
  f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
  update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
)"""
_ABOUT = """
CREATE TABLE about (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, hal TEXT, isi TEXT)"""
_REGISTER = """
INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id)
VALUES (?, 'attributes', ?, ?, ?, 0)"""
_STYLE = """
INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column,
  styleName, styleQML, styleSLD, useAsDefault, description, owner)
VALUES ('', '', ?, 'geom', ?, ?, '', 1, ?, '')"""


def write(told: dict[str, Any], path: Path) -> None:
    """Write villages and regions, then what is told about them and how they are drawn."""
    about, looks = told["about"], _looks(told["looks"])
    described = "\n".join(f"{name}: {text}" for name, text in about.items())
    villages = dict(told["villages"])
    at = zip(villages.pop("bujur", []), villages.pop("lintang", []), strict=True)
    points = [shapely.Point(place) for place in at]
    shapes: list[shapely.Geometry | None] = [_multi(shape) for shape in told["shapes"]]
    for layer, columns, geometry in (
        ("wilayah", told["regions"], shapes),
        ("desa", villages, points),
    ):
        frame = gpd.GeoDataFrame(columns, geometry=geometry, crs=_SYSTEM)
        for classes in (looks.regions, looks.villages):
            if classes is not None and classes.column in frame:
                # Also where no row has a value: a column of numbers, not of texts.
                frame[classes.column] = frame[classes.column].astype(float)
        frame.to_file(
            path,
            layer=layer,
            driver="GPKG",
            engine="pyogrio",
            dataset_options={"VERSION": _VERSION},
            geometry_type="MultiPolygon" if layer == "wilayah" else "Point",
            layer_options={"DESCRIPTION": described, "SPATIAL_INDEX": "YES"},
            layer_metadata=about,
            dataset_metadata=about,
        )
    with sqlite3.connect(path) as db:
        _tell(db, about, described)
        _draw(db, looks)
    db.close()


def _multi(wkb: str | None) -> shapely.Geometry | None:
    shape = shapely.from_wkb(wkb) if wkb else None
    return shapely.multipolygons([shape]) if isinstance(shape, shapely.Polygon) else shape


def _tell(db: sqlite3.Connection, about: dict[str, str], described: str) -> None:
    db.execute(_ABOUT)
    db.executemany("INSERT INTO about (hal, isi) VALUES (?, ?)", list(about.items()))
    db.execute(_REGISTER, ("about", "about", described, _now()))


def _looks(told: dict[str, Any]) -> Looks:
    villages = told["villages"] and Classes(**told["villages"])
    return Looks(told["states"], Classes(**told["regions"]), villages)


def _draw(db: sqlite3.Connection, looks: Looks) -> None:
    db.execute(_STYLES)
    of_villages = looks.villages.column if looks.villages else "status"
    db.execute(_STYLE, ("desa", of_villages[:30], village_style(looks), of_villages))
    of_regions = looks.regions.column
    db.execute(_STYLE, ("wilayah", of_regions[:30], region_style(looks.regions), of_regions))
    db.execute(_REGISTER, ("layer_styles", "layer_styles", "", _now()))


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


if __name__ == "__main__":
    os.nice(10)  # whoever opens a page meanwhile comes first
    write(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
