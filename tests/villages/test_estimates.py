"""Estimates add up to the published figures to the last person, and parts stay parts."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.villages.estimates import NationalFigure, estimate, read_figures, spread
from outreach.villages.source import TABLES, RegistryFault
from outreach.villages.tables import Figure, VillageKind

if TYPE_CHECKING:
    from pathlib import Path

WEIGHTS = st.lists(st.integers(0, 6_000_000), min_size=1, max_size=60).filter(any)
TOTALS = st.integers(0, 300_000_000)


@given(TOTALS, WEIGHTS)
def test_shares_add_up_and_lie_within_one_of_the_exact_share(total: int, told: list[int]) -> None:
    weights = np.array(told, dtype=np.int64)
    shares = spread(total, weights)
    assert int(shares.sum()) == total
    assert all(
        abs(int(s) * sum(told) - w * total) < sum(told) for s, w in zip(shares, told, strict=True)
    )


@given(WEIGHTS, st.floats(0, 1))
def test_a_part_is_nowhere_larger_than_the_whole(told: list[int], share: float) -> None:
    weights = np.array(told, dtype=np.int64)
    assert (spread(int(sum(told) * share), weights) <= weights).all()


@pytest.mark.parametrize("told", [[], [0, 0], [3, -1]])
def test_nothing_can_be_spread_over_nothing(told: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        spread(5, np.array(told, dtype=np.int64))


def test_a_kelurahan_gets_twice_the_people_of_a_desa() -> None:
    kinds = [VillageKind.KELURAHAN, VillageKind.DESA, VillageKind.DESA, VillageKind.DESA_ADAT]
    figure = NationalFigure(60, date(2025, 3, 31), "test")
    figures = dict.fromkeys(Figure, figure) | {
        Figure.COVERED: NationalFigure(12, date(2025, 3, 31), "test"),
        Figure.VULNERABLE: NationalFigure(24, date(2025, 3, 31), "test"),
    }
    found = estimate(
        ["11.01", "11.01", "11.02", "11.02"], kinds, {"11.01": 300, "11.02": 300}, figures
    )
    assert found.population.tolist() == [200, 100, 150, 150]
    assert found.informal_workers.tolist() == [20, 10, 15, 15]
    assert found.informal_covered.tolist() == [4, 2, 3, 3]
    assert found.vulnerable_workers.tolist() == [8, 4, 6, 6]


def test_the_figures_are_the_published_ones_with_date_and_source() -> None:
    figures = read_figures()
    assert {figure: told.total for figure, told in figures.items()} == {
        Figure.POPULATION: 284_973_643,
        Figure.INFORMAL: 61_000_000,
        Figure.COVERED: 9_900_000,
        Figure.VULNERABLE: 25_550_000,
    }
    assert all(told.source and told.as_of >= date(2024, 12, 31) for told in figures.values())


@pytest.mark.parametrize(
    ("was", "becomes", "problem"),
    [
        ("61_000_000", "9_000_000", "figures_contradict"),
        ("25_550_000", "52_000_000", "figures_contradict"),
        ("[informal_covered]", "[something_else]", "figures_unreadable"),
        ("as_of = 2024-12-31", "", "figures_unreadable"),
        ("total = ", "total = = ", "figures_unreadable"),
    ],
)
def test_figures_that_cannot_be_right_are_refused(
    tmp_path: Path, was: str, becomes: str, problem: str
) -> None:
    path = tmp_path / "estimates.toml"
    path.write_text((TABLES / "estimates.toml").read_text(encoding="utf-8").replace(was, becomes))
    with pytest.raises(RegistryFault) as caught:
        read_figures(path)
    assert caught.value.facts["problem"] == problem
