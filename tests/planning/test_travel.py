from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.planning.model import Access, Point, TravelTable
from outreach.planning.travel import (
    AIR,
    ASSUMPTIONS,
    BALI,
    BOAT,
    CITY,
    JAVA,
    KALIMANTAN,
    MALUKU,
    NUSA_TENGGARA,
    PAPUA,
    SULAWESI,
    SUMATRA,
    Pace,
    distance_m,
    distance_matrix_m,
    pace_of,
    travel_matrix_minutes,
    travel_minutes,
    way_between,
)

points = st.builds(
    Point,
    st.floats(-11, 6),
    st.floats(95, 141),
    st.sampled_from(("33.11", "33.72", "51.03", "53.12", "94.71")),
    st.integers(1, 3),
    st.sampled_from(Access),
    st.none() | st.integers(0, 200),
)


@pytest.mark.parametrize(
    ("code", "pace"),
    [
        ("33.11", JAVA),
        ("33.72.01.1001", CITY),
        ("11.01", SUMATRA),
        ("21.72", CITY),
        ("21.01", SUMATRA),
        ("51.03", BALI),
        ("52.01", NUSA_TENGGARA),
        ("53.12", NUSA_TENGGARA),
        ("61.06", KALIMANTAN),
        ("74.07", SULAWESI),
        ("81.01", MALUKU),
        ("95.03", PAPUA),
        ("00.00", PAPUA),
    ],
)
def test_the_pace_follows_the_region(code: str, pace: Pace) -> None:
    assert pace_of(code) == pace


def test_surakarta_to_klaten_is_twenty_nine_kilometres() -> None:
    surakarta, klaten = Point(-7.5666, 110.8283, "33.72", 1), Point(-7.7057, 110.6063, "33.10", 1)
    assert distance_m(surakarta, klaten) == pytest.approx(28_966, rel=0.01)


def test_a_leg_is_detour_over_speed_and_five_minutes() -> None:
    here = Point(-7.5, 110.5, "33.11", 1)
    there = Point(-7.5 + math.degrees(32_000 / 6_371_008.8), 110.5, "33.11", 1)
    assert travel_minutes(here, there) == 81 + 5  # 32 km x 1.35 at 32 km/h
    assert travel_minutes(here, here) == 5


def test_a_leg_between_two_regions_takes_the_mean_pace() -> None:
    country = Point(-7.5, 110.5, "33.11", 1), Point(-7.7, 110.5, "33.11", 1)
    mixed = Point(-7.5, 110.5, "33.72", 1), country[1]
    city = mixed[0], Point(-7.7, 110.5, "33.72", 1)
    assert travel_minutes(*country) < travel_minutes(*mixed) < travel_minutes(*city)


def test_another_island_means_a_boat() -> None:
    here = Point(-8.0, 115.0, "51.03", 1)
    there = Point(-8.0 + math.degrees(22_000 / 6_371_008.8), 115.0, "51.03", 2)
    assert travel_minutes(here, there) == 69 + 45 + 5  # 22 km x 1.15 at 22 km/h


@given(st.lists(points, min_size=1, max_size=6))
def test_the_matrix_holds_what_the_single_leg_says(places: list[Point]) -> None:
    minutes, metres = travel_matrix_minutes(places), distance_matrix_m(places)
    assert minutes.dtype == np.int64
    for i, here in enumerate(places):
        for j, there in enumerate(places):
            assert metres[i, j] == pytest.approx(distance_m(here, there), abs=0.01)
            assert minutes[i, j] == (0 if i == j else travel_minutes(here, there))


@pytest.mark.parametrize("latitude", [math.nan, math.inf])
def test_a_point_without_position_never_enters_a_matrix(latitude: float) -> None:
    with pytest.raises(ValueError, match="position"):
        travel_matrix_minutes([Point(latitude, 110.0, "33.11", 1)])


def test_no_points_give_an_empty_matrix() -> None:
    assert travel_matrix_minutes([]).shape == (0, 0)


def at(east_km: float, access: Access = Access.ROAD, **changes: object) -> Point:
    """Place a village on the equator of one island, some kilometres east of the first."""
    degrees = math.degrees(east_km * 1000 / 6_371_008.8)
    facts: dict[str, object] = {
        "latitude": 0.0,
        "longitude": 138.0 + degrees,
        "region_code": "94.05.02.2001",
        "island": 1,
        "access": access,
    }
    return Point(**(facts | changes))  # type: ignore[arg-type]


@given(points, points)
def test_a_leg_is_the_same_both_ways_and_never_shorter_than_its_overhead(
    here: Point, there: Point
) -> None:
    assert way_between(here, there) is way_between(there, here)
    assert travel_minutes(here, there) == travel_minutes(there, here) >= 5


def test_a_village_reached_by_boat_is_reached_by_boat_on_its_own_island_too() -> None:
    base = at(0, region_code="94.05.01.2001")
    assert way_between(base, at(22, Access.BOAT)) is Access.BOAT
    assert travel_minutes(base, at(22, Access.BOAT)) == 69 + 45 + 5


def test_the_boat_that_brought_the_team_goes_on_without_a_wait() -> None:
    ends = at(0, Access.BOAT), at(22, Access.BOAT)
    assert travel_minutes(*ends) == 69 + 5
    elsewhere = at(22, Access.BOAT, region_code="94.05.03.2001")
    assert travel_minutes(ends[0], elsewhere) == 69 + 45 + 5


def test_a_flight_is_quick_and_waits_long() -> None:
    base = at(0, region_code="94.05.01.2001")
    assert way_between(base, at(100, Access.AIR)) is Access.AIR
    assert travel_minutes(base, at(100, Access.AIR)) == 36 + 90 + 5  # 100 km x 1.2 at 200 km/h
    assert travel_minutes(base, at(100)) > 600


def test_villages_around_an_airstrip_have_local_ways() -> None:
    landed = at(0, Access.AIR), at(3, Access.AIR)
    assert way_between(*landed) is Access.ROAD
    assert travel_minutes(*landed) == travel_minutes(at(0), at(3))
    assert way_between(landed[0], at(3, Access.AIR, island=2)) is Access.AIR
    assert way_between(landed[0], at(3, Access.AIR, region_code="94.05.03.2001")) is Access.AIR


@pytest.mark.parametrize(("access", "usual"), [(Access.BOAT, 45), (Access.AIR, 90)])
def test_the_wait_that_is_known_takes_the_place_of_the_usual_one(
    access: Access, usual: int
) -> None:
    base = at(0, region_code="94.05.01.2001")
    waits = [travel_minutes(base, at(20, access, wait_minutes=wait)) for wait in (None, 0, 200)]
    assert [wait - waits[1] for wait in waits] == [usual, 0, 200]


def test_no_road_leg_waits_even_where_a_wait_is_told() -> None:
    assert travel_minutes(at(0), at(9, wait_minutes=60)) == travel_minutes(at(0), at(9))


def test_every_pace_stands_in_the_table_of_assumptions_with_its_source() -> None:
    listed = [one.pace for one in ASSUMPTIONS]
    assert set(listed) == {
        CITY, JAVA, SUMATRA, BALI, NUSA_TENGGARA, KALIMANTAN, SULAWESI, MALUKU, PAPUA, BOAT, AIR,
    }  # fmt: skip
    assert all(one.source for one in ASSUMPTIONS)
    assert len({one.key for one in ASSUMPTIONS}) == len(ASSUMPTIONS)


def test_what_was_measured_holds_and_the_rest_is_estimated() -> None:
    first, second, third = at(0), at(10), at(30)
    table = TravelTable((first, second), np.array([[0, 17], [17, 0]]), "a service")
    assert travel_minutes(first, second, table) == travel_minutes(second, first, table) == 17
    assert travel_minutes(first, third, table) == travel_minutes(first, third)
    places = [third, first, second]
    minutes = travel_matrix_minutes(places, table)
    assert minutes[1, 2] == minutes[2, 1] == 17
    assert minutes[0, 1] == travel_minutes(third, first)


def test_a_village_at_the_base_takes_the_overhead_measured_or_not() -> None:
    table = TravelTable((at(0), at(10)), np.array([[0, 17], [17, 0]]), "a service")
    assert travel_minutes(at(0), at(0), table) == 5
    assert travel_matrix_minutes([at(0), at(0), at(10)], table).tolist() == [
        [0, 5, 17],
        [5, 0, 17],
        [17, 17, 0],
    ]
