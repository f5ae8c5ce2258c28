from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.planning.priority import Candidate, Order, Weights, score, shortlist

LEFT = Candidate("33.11.01.2001", gap=100, vulnerable=50, distance_m=30_000)
NEAR = Candidate("33.11.01.2002", gap=10, vulnerable=5, distance_m=1_000, days_since_visit=73)
LOST = Candidate("33.11.01.2003", gap=60, vulnerable=5, distance_m=math.nan, days_since_visit=0)
THREE = (LOST, NEAR, LEFT)

candidates = st.lists(
    st.builds(
        Candidate,
        st.integers(2001, 2999).map(lambda number: f"33.11.01.{number}"),
        st.floats(0, 1e6),
        st.floats(0, 1e6),
        st.floats(0, 1e6) | st.just(math.nan),
        st.none() | st.integers(-5, 5_000),
    ),
    unique_by=lambda one: one.code,
    max_size=12,
)


@given(candidates, st.sampled_from(Order), st.none() | st.integers(0, 15))
def test_a_score_is_the_sum_of_its_parts_and_stays_in_range(
    given_ones: list[Candidate], order: Order, quota: int | None
) -> None:
    for scored in shortlist(given_ones, order, quota):
        assert scored.score == pytest.approx(sum(scored.parts.values()))
        assert list(scored.parts) == ["gap", "vulnerable", "access", "staleness"]
        assert -1e-9 <= scored.score <= 100 + 1e-9
        assert all(part >= -1e-9 for part in scored.parts.values())


@given(candidates, st.sampled_from(Order), st.integers(0, 15))
def test_a_shortlist_has_no_doubles_and_does_not_depend_on_the_order_given(
    given_ones: list[Candidate], order: Order, quota: int
) -> None:
    listed = shortlist(given_ones, order, quota)
    assert len(listed) == min(quota, len(given_ones))
    assert len({one.code for one in listed}) == len(listed)
    backwards = shortlist(given_ones[::-1], order, quota)
    assert [one.code for one in listed] == [one.code for one in backwards]


@pytest.mark.parametrize(
    ("order", "first"),
    [
        (Order.SCORE, [LEFT, NEAR, LOST]),
        (Order.GAP, [LEFT, LOST, NEAR]),
        (Order.NEAREST, [NEAR, LEFT, LOST]),
        (Order.REGION, [LEFT, NEAR, LOST]),
    ],
)
def test_each_order_takes_what_it_says(order: Order, first: list[Candidate]) -> None:
    weights = Weights(gap=20)
    assert [one.code for one in shortlist(THREE, order, weights=weights)] == [
        one.code for one in first
    ]


def test_the_parts_say_why() -> None:
    lost, near, left = score(THREE)
    assert left.parts["gap"] == 45
    assert left.parts["access"] == 0
    assert left.parts["staleness"] == 15
    assert near.parts["staleness"] == pytest.approx(3)
    assert near.parts["access"] == pytest.approx(14.5)
    assert lost.parts["access"] == 0


def test_one_giant_does_not_flatten_the_rest() -> None:
    many = [Candidate(f"33.11.01.{2001 + i}", 100 + i, 10, 1_000) for i in range(60)]
    giant = Candidate("33.11.01.2999", 1e7, 10, 1_000)
    assert min(one.parts["gap"] for one in score([*many, giant])) > 20


def test_where_all_live_at_the_base_and_nobody_is_left_the_score_is_still_a_number() -> None:
    (only,) = score([Candidate("33.11.01.2001", 0, 0, 0, 0)])
    assert only.score == 15
    assert score([]) == ()


def test_a_rare_gap_counts_fully() -> None:
    many = [Candidate(f"33.11.01.{2001 + i}", 0, 0, 1_000, 0) for i in range(60)]
    scored = score([*many, Candidate("33.11.01.2999", 1, 0, 1_000, 0)])
    assert scored[-1].parts["gap"] == 45
    assert scored[0].parts["gap"] == 0


def test_a_negative_quota_or_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="quota"):
        shortlist(THREE, Order.SCORE, -1)
    for wrong in (-1.0, math.nan):
        with pytest.raises(ValueError, match="weight"):
            Weights(gap=wrong)
