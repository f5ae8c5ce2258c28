"""A small made-up land for the maps: two provinces, four regencies, eight districts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from outreach.maps import assets, columns, shapes
from tests.maps.map_app import World, make_app, serving
from tests.maps.opened_map import Map

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

#: The five carriers of the reliability notes: each ran as code through some part of Folium.
HOSTILE = (
    "</script><script>window.harmed=1</script>",
    "${window.harmed=1}",
    "`+(window.harmed=1)+`",
    "<img src=x onerror=window.harmed=1>",
    "\\`;window.harmed=1;//\"'",
)
PROVINCES = {"33": "Jawa Tengah", "34": "Daerah Istimewa Yogyakarta"}
REGENCIES = {
    "33.11": "Kabupaten Sukoharjo",
    "33.72": "Kota Surakarta",
    "34.03": "Kabupaten Gunungkidul",
    "34.71": "Kota Yogyakarta",
}
_WEST, _SOUTH, _SIDE = 110.0, -8.0, 0.5
_PER_DISTRICT = 30


@pytest.fixture(scope="session")
def land() -> shapely.MultiPolygon:
    return shapely.MultiPolygon([shapely.box(_WEST, _SOUTH, _WEST + 2, _SOUTH + 1)])


@pytest.fixture(scope="session")
def places() -> columns.Places:
    rng = np.random.default_rng(11)
    codes, points = [], []
    for number, regency in enumerate(REGENCIES):
        for half in range(2):
            corner = (_WEST + number * _SIDE, _SOUTH + half * _SIDE)
            inside = rng.uniform(0.04, _SIDE - 0.04, (_PER_DISTRICT, 2)) + corner
            points.append(inside)
            codes += [f"{regency}.0{half + 1}.{2001 + k}" for k in range(_PER_DISTRICT)]
    at = np.vstack(points)
    rough = np.zeros(len(codes), dtype=bool)
    rough[5::40] = True
    return columns.Places(np.array(codes), at[:, 1], at[:, 0], rough)


@pytest.fixture
def progress(places: columns.Places) -> columns.Progress:
    states = np.zeros(len(places), dtype=np.uint8)
    states[0:10] = columns.PLANNED
    states[10:18] = columns.CONFIRMED
    states[60:115] = columns.REACHED  # nearly all of Kota Surakarta
    sign_ups = np.where(states == columns.REACHED, np.arange(len(places)), 0).astype(np.int64)
    return columns.Progress(states, sign_ups)


@pytest.fixture(scope="session")
def built(
    places: columns.Places,
    land: shapely.MultiPolygon,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The folder with shapes, scripts and styles of the made-up land."""
    folder = tmp_path_factory.mktemp("maps")
    shapes.build_shapes(places, land, folder)
    assets.build_assets(folder)
    return folder


@pytest.fixture
def world(built: Path, places: columns.Places, progress: columns.Progress) -> World:
    names = [f"Desa {code[-4:]}" for code in places.codes.tolist()]
    districts = {
        code: f"Kecamatan {code[-2:]} {REGENCIES[code[:5]].split()[-1]}"
        for code in np.unique(columns.parents(places.codes, columns.DISTRICT)).tolist()
    }
    regions = {**PROVINCES, **REGENCIES, **districts}
    return World(built, places, names, progress, regions)


@pytest.fixture
def hostile_world(world: World) -> World:
    """The same land, where names of every level carry code."""
    world.names = [HOSTILE[row % 5] + f" {row}" for row in range(len(world.names))]
    for number, code in enumerate(world.region_names):
        world.region_names[code] = HOSTILE[number % 5]
    assert json.dumps(world.region_names)
    return world


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="id-ID", timezone_id="Asia/Jakarta")
    yield context.new_page()
    context.close()


@pytest.fixture
def opened(world: World, page: Page) -> Iterator[Map]:
    with serving(make_app(world)) as base:
        yield Map(page, base)
