"""The coast line is the right land, and islands are told apart the same way every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from outreach.villages import coast

if TYPE_CHECKING:
    from pathlib import Path

PLACES = {  # latitude, longitude
    "Surakarta": (-7.57, 110.82),
    "Banda Aceh": (5.55, 95.32),
    "Medan": (3.59, 98.67),
    "Surabaya": (-7.26, 112.75),
    "Sumenep, Madura": (-7.01, 113.86),
    "Pontianak": (-0.03, 109.33),
    "Tarakan": (3.31, 117.59),
    "Jayapura": (-2.59, 140.67),
    "Merauke": (-8.49, 140.40),
}


def island(*names: str) -> list[int]:
    latitudes, longitudes = np.array([PLACES[name] for name in names]).T
    return [int(number) for number in coast.islands_of(latitudes, longitudes)]


def test_the_land_is_indonesia_and_stops_at_its_land_borders() -> None:
    land = coast.load_coast()
    assert land.is_valid
    assert len(land.geoms) > 200
    inside = {"Surakarta": (110.82, -7.57), "Kupang": (123.6, -10.17), "Wamena": (138.95, -4.1)}
    outside = {
        "Kuching": (110.34, 1.55),
        "Kota Kinabalu, inland": (116.3, 5.6),
        "Dili": (125.58, -8.58),
        "Port Moresby side": (142.0, -6.0),
        "Java Sea": (111.0, -5.0),
    }
    assert [name for name, at in inside.items() if not land.contains(shapely.Point(at))] == []
    assert [name for name, at in outside.items() if land.contains(shapely.Point(at))] == []


def test_land_parts_are_numbered_from_the_largest() -> None:
    areas = shapely.area(shapely.get_parts(coast.load_coast()))
    assert np.all(np.diff(areas) <= 0)


def test_places_on_one_island_share_its_number() -> None:
    aceh, medan = island("Banda Aceh", "Medan")
    solo, surabaya = island("Surakarta", "Surabaya")
    jayapura, merauke = island("Jayapura", "Merauke")
    assert aceh == medan
    assert solo == surabaya
    assert jayapura == merauke


def test_a_strait_parts_two_islands() -> None:
    numbers = island("Surabaya", "Sumenep, Madura", "Medan", "Jayapura", "Pontianak", "Tarakan")
    assert len(set(numbers)) == len(numbers)


def test_a_village_drawn_in_the_shallows_belongs_to_the_land_beside_it() -> None:
    java = island("Surakarta")[0]
    north_of_semarang = coast.islands_of(np.array([-6.92]), np.array([110.42]))
    assert north_of_semarang.tolist() == [java]


def test_islets_missing_from_the_line_group_by_neighbours_whatever_the_rest_of_the_list() -> None:
    latitudes = np.array([-5.0, -5.02, -5.04, -5.5])  # steps of 2.2 km, then one of 51 km
    longitudes = np.array([111.0, 111.0, 111.0, 111.0])
    chained = coast.islands_of(latitudes, longitudes)
    assert chained[0] == chained[1] == chained[2] >= coast.FIRST_ISLET
    assert chained[3] >= coast.FIRST_ISLET
    assert chained[3] != chained[0]
    shuffled = np.array([3, 1, 2, 0])
    assert coast.islands_of(latitudes[shuffled], longitudes[shuffled]).tolist() == (
        chained[shuffled].tolist()
    )
    assert coast.islands_of(latitudes[:3], longitudes[:3]).tolist() == chained[:3].tolist()


def test_a_village_without_a_place_stands_nowhere() -> None:
    numbers = coast.islands_of(np.array([np.nan, -7.57]), np.array([110.8, 110.82]))
    assert numbers[0] == coast.NOWHERE
    assert numbers[1] != coast.NOWHERE


def test_no_villages_is_no_islands() -> None:
    assert coast.islands_of(np.array([]), np.array([])).tolist() == []


@pytest.mark.parametrize("text", [None, '{ "ISO_A3": "MYS" }\n'])
def test_a_missing_line_is_told_as_such(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "countries.geojson"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(coast.CoastMissing):
        coast._country_line(path)
