"""What the map shows, as GeoJSON or as a GeoPackage for a desktop's map program.

The GeoPackage is written by a process of its own: GDAL and GeoPandas take a second to load and
much memory, and the web is to go on answering meanwhile.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from outreach.children import run_child
from outreach.maps.apart import ENVIRONMENT
from outreach.maps.topology_reading import read_topology
from outreach.villages.codes import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from outreach.maps.artefacts import Store
    from outreach.maps.qgis_styles import Looks

_SECONDS = 120
_FEATURES_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Exported:
    """Rows as they are written: each layer's columns by name, and one shape for every region.

    `villages` have the columns `lintang` and `bujur`; `about` tells filter, sources and dates.
    """

    about: Mapping[str, str]
    looks: Looks
    villages: Mapping[str, Sequence[Any]]
    regions: Mapping[str, Sequence[Any]]
    shapes: Sequence[shapely.Geometry | None]


def shapes_of(store: Store, codes: Sequence[str], level: Level) -> list[shapely.Geometry | None]:
    """Read the shapes of regencies or districts as the map draws them."""
    manifest = store.manifest()
    if level is Level.DISTRICT:
        names = [manifest.get("districts", {}).get(one) for one in sorted({c[:2] for c in codes})]
    else:
        names = [manifest.get("areas")]
    known: dict[str, shapely.Geometry] = {}
    for name in filter(None, names):
        known |= read_topology((store.folder / name).read_bytes())
    return [known.get(code) for code in codes]


def geojson_parts(exported: Exported) -> Iterator[bytes]:
    """Write one GeoJSON document, piece by piece: the regions, then the villages as points."""
    about = json.dumps(dict(exported.about), ensure_ascii=False)
    yield f'{{"type":"FeatureCollection","about":{about},"features":['.encode()
    comma = ""
    held: list[str] = []
    for feature in (*_region_features(exported), *_village_features(exported)):
        held.append(comma + feature)
        comma = ",\n"
        if len(held) >= _FEATURES_AT_ONCE:
            yield "".join(held).encode()
            held.clear()
    yield ("".join(held) + "]}").encode()


def _region_features(exported: Exported) -> Iterator[str]:
    for row, shape in zip(_rows(exported.regions), exported.shapes, strict=True):
        geometry = "null" if shape is None else shapely.to_geojson(shape)
        yield _feature({"lapisan": "wilayah", **row}, geometry)


def _village_features(exported: Exported) -> Iterator[str]:
    for row in _rows(exported.villages):
        point = f'{{"type":"Point","coordinates":[{row.pop("bujur")},{row.pop("lintang")}]}}'
        yield _feature({"lapisan": "desa", **row}, point)


def _feature(properties: dict[str, Any], geometry: str) -> str:
    told = json.dumps(properties, ensure_ascii=False, separators=(",", ":"))
    return f'{{"type":"Feature","properties":{told},"geometry":{geometry}}}'


def _rows(columns: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    names = list(columns)
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(names, values, strict=True))


def package(exported: Exported) -> bytes:
    """Write a GeoPackage: villages, regions, a table about it, styles for QGIS.

    Raises
    ------
    RuntimeError
        If the process that writes it ends without it.
    """
    with tempfile.TemporaryDirectory(prefix="export-") as folder:
        given, made = Path(folder) / "given.json", Path(folder) / "made.gpkg"
        told = {
            "about": dict(exported.about),
            "looks": asdict(exported.looks),
            "villages": {name: list(values) for name, values in exported.villages.items()},
            "regions": {name: list(values) for name, values in exported.regions.items()},
            "shapes": [shapely.to_wkb(s, hex=True) if s else None for s in exported.shapes],
        }
        given.write_text(json.dumps(told), encoding="utf-8")
        command = [sys.executable, "-m", "outreach.maps.export_process", str(given), str(made)]
        done = run_child(command, env=ENVIRONMENT, timeout_seconds=_SECONDS)
        if done.returncode != 0 or not made.is_file():
            raise RuntimeError(done.stderr.decode(errors="replace")[-2000:])
        return made.read_bytes()
