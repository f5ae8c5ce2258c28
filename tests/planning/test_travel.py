from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.planning.model import Point
from outreach.planning.travel import (
    BALI,
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
)

points = st.builds(
    Point,
    st.floats(-11, 6),
    st.floats(95, 141),
    st.sampled_from(("33.11", "33.72", "51.03", "53.12", "94.71")),
    st.integers(1, 3),
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
