"""Every village stands somewhere sensible, and says so when that is only a guess."""

from __future__ import annotations

import numpy as np
import pytest

from outreach.villages.places import check_inside, fill_places, medians
from outreach.villages.source import RegistryFault

NONE = (np.nan, np.nan)


def test_a_village_without_a_place_gets_the_mean_of_its_districts() -> None:
    places = np.array([(-7.0, 110.0), NONE, (-7.2, 110.4), (-1.0, 100.0)])
    filled, beside = fill_places(["A", "A", "A", "B"], places, {})
    assert filled[1].tolist() == pytest.approx([-7.1, 110.2])
    assert np.array_equal(np.delete(filled, 1, 0), np.delete(places, 1, 0))
    assert beside[[0, 2, 3]].tolist() == [0, 2, 3]
    assert beside[1] in (0, 2)


def test_it_stands_on_the_land_of_the_nearest_located_neighbour() -> None:
    places = np.array([(-7.0, 110.0), (-7.1, 110.0), (-7.6, 110.0), NONE])
    _, beside = fill_places(["A"] * 4, places, {})
    assert beside[3] == 1


def test_where_no_neighbour_has_a_place_it_gets_the_districts() -> None:
    filled, beside = fill_places(
        ["A", "B"], np.array([NONE, (-1.0, 100.0)]), {"A": (-7.5, 110.5), "B": (0.0, 0.0)}
    )
    assert filled.tolist() == [[-7.5, 110.5], [-1.0, 100.0]]
    assert beside.tolist() == [0, 1]


def test_a_median_takes_no_notice_of_one_that_lies_far_off() -> None:
    places = np.array([(-7.0, 110.0), (-7.1, 110.1), (-7.2, 110.2), (-7.1, 23.5), NONE])
    assert medians(["A"] * 5, places)["A"] == pytest.approx((-7.1, 110.05))


def test_places_outside_indonesia_are_refused() -> None:
    check_inside(["A", "B"], np.array([(-7.0, 110.0), NONE]))
    with pytest.raises(RegistryFault) as caught:
        check_inside(["A", "B"], np.array([(-7.0, 110.0), (-5.3, 23.5)]))
    assert caught.value.facts == {"problem": "outside_indonesia", "regions": ["B"]}
