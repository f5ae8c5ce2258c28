from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.planning.priority import (
    Candidate,
    Order,
    Promise,
    Weights,
    full_marks_of,
    points_of,
    score,
    shortlist,
)

LEFT = Candidate("33.11.01.2001", gap=100, vulnerable=50, distance_m=30_000, travel_minutes=60)
NEAR = Candidate("33.11.01.2002", 10, 5, 1_000, 2, days_since_visit=73)
LOST = Candidate("33.11.01.2003", 60, 5, math.nan, math.nan, days_since_visit=0)
THREE = (LOST, NEAR, LEFT)
PARTS = ["gap", "vulnerable", "access", "staleness", "promise", "sponsor_end"]

candidates = st.lists(
    st.builds(
        Candidate,
        st.integers(2001, 2999).map(lambda number: f"33.11.01.{number}"),
        st.floats(0, 1e6),
        st.floats(0, 1e6),
        st.floats(0, 1e6) | st.just(math.nan),
        st.integers(0, 900).map(float) | st.just(math.nan),
        st.none() | st.integers(-5, 5_000),
        st.none() | st.sampled_from(Promise),
        st.none() | st.integers(0, 500),
    ),
    unique_by=lambda one: one.code,
    max_size=12,
)

points = st.integers(0, 100).map(float)
weightings = st.tuples(points, points, points, points, points, points).filter(any)


@given(candidates, st.sampled_from(Order), st.none() | st.integers(0, 15))
def test_a_score_is_the_sum_of_its_parts_and_stays_in_range(
    given_ones: list[Candidate], order: Order, quota: int | None
) -> None:
    for scored in shortlist(given_ones, order, quota):
        assert scored.score == pytest.approx(sum(scored.parts.values()))
        assert list(scored.parts) == PARTS
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
    weights = Weights(20, 25, 15, 15, 0, 0)
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
    many = [Candidate(f"33.11.01.{2001 + i}", 100 + i, 10, 1_000, 9) for i in range(60)]
    giant = Candidate("33.11.01.2999", 1e7, 10, 1_000, 9)
    assert min(one.parts["gap"] for one in score([*many, giant])) > 20


@given(candidates)
def test_a_part_is_full_from_the_amount_that_is_told_and_not_before(
    given_ones: list[Candidate],
) -> None:
    most, full = points_of(given_ones), full_marks_of(given_ones)
    for one, scored in zip(given_ones, score(given_ones), strict=True):
        for part, amount in (("gap", one.gap), ("vulnerable", one.vulnerable)):
            is_full = scored.parts[part] == pytest.approx(most[part])
            assert is_full if amount >= full[part] > 0 else True
            assert not is_full if amount < full[part] * 0.999 and most[part] else True


def test_where_all_live_at_the_base_and_nobody_is_left_the_score_is_still_a_number() -> None:
    (only,) = score([Candidate("33.11.01.2001", 0, 0, 0, 0, 0)])
    assert only.score == 15
    assert score([]) == ()


def test_a_rare_gap_counts_fully() -> None:
    many = [Candidate(f"33.11.01.{2001 + i}", 0, 0, 1_000, 9, 0) for i in range(60)]
    scored = score([*many, Candidate("33.11.01.2999", 1, 0, 1_000, 9, 0)])
    assert scored[-1].parts["gap"] == 45
    assert scored[0].parts["gap"] == 0


def test_a_negative_quota_or_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="quota"):
        shortlist(THREE, Order.SCORE, -1)
    for wrong in (-1.0, math.nan):
        with pytest.raises(ValueError, match="weight"):
            Weights(gap=wrong)


def test_weights_that_weigh_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Weights(0, 0, 0, 0, 0, 0)


@given(candidates, weightings)
def test_the_points_of_the_parts_add_up_to_the_weights_and_no_part_gives_more(
    given_ones: list[Candidate], weighting: tuple[float, ...]
) -> None:
    weights = Weights(*weighting)
    most = points_of(given_ones, weights)
    assert list(most) == PARTS
    assert sum(most.values()) == pytest.approx(sum(weighting))
    for scored in score(given_ones, weights):
        assert all(scored.parts[part] <= most[part] + 1e-9 for part in PARTS)


def test_what_nobody_was_promised_and_nobody_sponsors_leaves_its_points_to_the_others() -> None:
    most = points_of(THREE)
    assert most == {
        "gap": 45, "vulnerable": 25, "access": 15, "staleness": 15, "promise": 0, "sponsor_end": 0,
    }  # fmt: skip
    promised = replace(NEAR, promise=Promise.FELL_AWAY)
    assert points_of([promised, LEFT])["promise"] == pytest.approx(12 * 100 / 92)
    assert points_of([promised, LEFT])["sponsor_end"] == 0
    ending = replace(LEFT, days_to_sponsor_end=10)
    assert points_of([promised, ending]) == Weights().named()


def test_where_only_rare_parts_weigh_and_say_nothing_the_score_is_zero() -> None:
    only = Weights(0, 0, 0, 0, 5, 0)
    assert points_of(THREE, only)["promise"] == 5
    assert [one.score for one in score(THREE, only)] == [0, 0, 0]


@pytest.mark.parametrize(("days", "share"), [(None, 0), (0, 1), (91, 0.5), (182, 0), (400, 0)])
def test_a_sponsorship_counts_more_the_nearer_its_end(days: int | None, share: float) -> None:
    speaking = replace(NEAR, days_to_sponsor_end=0)
    one, _ = score([replace(LEFT, days_to_sponsor_end=days), speaking])
    assert one.parts["sponsor_end"] / points_of([speaking])["sponsor_end"] == pytest.approx(share)


@given(candidates, weightings, st.data())
def test_more_reason_to_go_never_puts_a_village_behind(
    given_ones: list[Candidate], weighting: tuple[float, ...], data: st.DataObject
) -> None:
    if not given_ones:
        return
    number = data.draw(st.integers(0, len(given_ones) - 1))
    one, weights = given_ones[number], Weights(*weighting)
    days = one.days_to_sponsor_end
    more = data.draw(
        st.sampled_from(
            [
                {"gap": one.gap * 2 + 1},
                {"vulnerable": one.vulnerable * 2 + 1},
                {"days_since_visit": None},
                {"promise": one.promise or Promise.CARRIED_OVER},
                {"days_to_sponsor_end": 30 if days is None else days // 2},
            ]
        )
    )
    changed = [*given_ones[:number], replace(one, **more), *given_ones[number + 1 :]]  # type: ignore[arg-type]
    before, after = score(given_ones, weights), score(changed, weights)
    # A part that somebody has at last takes its points back from the others: all scores change.
    if points_of(changed, weights) == points_of(given_ones, weights):
        assert after[number].score >= before[number].score - 1e-9
    stood_before = [n for n, other in enumerate(before) if before[number].score >= other.score]
    assert all(after[number].score >= after[n].score - 1e-9 for n in stood_before)


@given(candidates, weightings)
def test_a_score_does_not_depend_on_the_order_given(
    given_ones: list[Candidate], weighting: tuple[float, ...]
) -> None:
    weights = Weights(*weighting)
    forth = {one.code: one.score for one in score(given_ones, weights)}
    back = {one.code: one.score for one in score(given_ones[::-1], weights)}
    assert forth == pytest.approx(back)
