"""Files of borders, honest and hostile, made on the spot."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import geopandas
import shapely

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: Two regencies side by side, and a third one apart.
SQUARES = {
    "33.11": shapely.box(110.0, -8.0, 110.5, -7.0),
    "33.72": shapely.box(110.5, -8.0, 111.0, -7.0),
    "34.03": shapely.box(111.0, -8.0, 111.5, -7.0),
    "34.71": shapely.box(111.5, -8.0, 112.0, -7.0),
}


def geojson(rows: Sequence[tuple[Any, Any]], **more: Any) -> bytes:
    """Write a collection with the column `kode`."""
    features = [
        {
            "type": "Feature",
            "properties": {"nama": "Nowhere", "kode": code},
            "geometry": shapely.geometry.mapping(shape) if hasattr(shape, "geom_type") else shape,
        }
        for code, shape in rows
    ]
    return json.dumps({"type": "FeatureCollection", "features": features, **more}).encode()


def table(rows: Mapping[str, shapely.Geometry], system: str | None = "EPSG:4326") -> Any:
    return geopandas.GeoDataFrame({"kode": list(rows)}, geometry=list(rows.values()), crs=system)


def package(folder: Path, frame: Any, layer: str = "batas") -> bytes:
    path = folder / "made.gpkg"
    frame.to_file(path, layer=layer, driver="GPKG")
    return path.read_bytes()


def shapefile(folder: Path, frame: Any) -> bytes:
    """Zip a shapefile in a folder of its own, as people do."""
    frame.to_file(folder / "batas.shp")
    return zipped({f"data/{p.name}": p.read_bytes() for p in folder.glob("batas.*")})


def zipped(files: dict[str, bytes], **attributes: int) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = attributes.get("mode", 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, content)
    return held.getvalue()
