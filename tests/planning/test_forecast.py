"""The range in which a campaign ends: honest on campaigns of known truth, and says when not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from outreach.planning.forecast import Forecast, TooThin, forecast
from tests.benchmarks.bench_outlook import CUTS, SHAPES, back_test, coverage, ours, weeks_drawn

if TYPE_CHECKING:
    from tests.benchmarks.bench_outlook import Outcome

STEADY = [20, 24, 18, 22, 21, 19, 23, 20]
SIX = [6.0] * len(STEADY)


def _told(
    counts: list[int], days: list[float], ahead: list[float], done: int = 0, most: int | None = None
) -> Forecast:
    told = forecast(counts, days, ahead, sessions=sum(counts), done=done, most=most)
    assert isinstance(told, Forecast)
    return told


@pytest.fixture(scope="module")
def outcomes() -> dict[tuple[str, float, str], list[Outcome]]:
    return back_test(ours, campaigns=60)


def test_the_range_holds_the_truth_as_often_as_it_says(
    outcomes: dict[tuple[str, float, str], list[Outcome]],
) -> None:
    everything = [one for cell in outcomes.values() for one in cell]
    assert 0.78 <= coverage(everything) <= 0.9
    assert len(everything) > 0.97 * 60 * len(SHAPES) * len(CUTS) * 2


@pytest.mark.parametrize("shape", SHAPES)
def test_no_shape_of_campaign_is_missed_often(
    outcomes: dict[tuple[str, float, str], list[Outcome]], shape: str
) -> None:
    cells = [one for (of, _, _), cell in outcomes.items() if of == shape for one in cell]
    # An honest range of four fifths; with 60 campaigns of a shape chance moves it by some points.
    assert 0.72 <= coverage(cells) <= 0.93


def test_the_range_narrows_as_the_end_comes_near(
    outcomes: dict[tuple[str, float, str], list[Outcome]],
) -> None:
    widths = [
        np.median([one.width for (_, at, _), cell in outcomes.items() if at == cut for one in cell])
        for cut in CUTS
    ]
    assert widths[0] > widths[1] > widths[2]
    assert widths[2] < 0.25


def test_weeks_drawn_as_they_are_promise_too_much() -> None:
    plain = back_test(weeks_drawn, campaigns=60)
    assert coverage(one for cell in plain.values() for one in cell) < 0.6


def test_a_steady_pace_goes_on() -> None:
    told = _told(STEADY, SIX, [6.0] * 8, done=sum(STEADY))
    assert told.middle[-1] == pytest.approx(2 * sum(STEADY), rel=0.08)
    assert told.low[-1] < told.middle[-1] < told.high[-1]
    assert told.pace * 6 == pytest.approx(21, rel=0.1)
    assert (np.diff(told.middle) >= 0).all()


def test_the_same_figures_give_the_same_range() -> None:
    one, other = (_told(STEADY, SIX, [6.0] * 8) for _ in range(2))
    assert (one.totals == other.totals).all()


def test_a_week_of_holidays_brings_nothing_and_says_nothing_of_the_pace() -> None:
    told = _told(STEADY, SIX, [6.0, 0.0, 6.0])
    assert told.middle[0] == told.middle[1] < told.middle[2]
    with_gap = _told([*STEADY[:4], 0, *STEADY[4:]], [*SIX[:4], 0.0, *SIX[4:]], [6.0])
    assert with_gap.pace == _told(STEADY, SIX, [6.0]).pace


def test_half_the_days_bring_about_half() -> None:
    whole, half = (_told(STEADY, SIX, [days] * 6).middle[-1] for days in (6.0, 3.0))
    assert half == pytest.approx(whole / 2, rel=0.05)


def test_recent_weeks_weigh_more() -> None:
    slower = _told([*STEADY, 10, 10, 10, 10], [6.0] * 12, [6.0])
    assert slower.pace * 6 < 14


def test_there_is_no_more_than_there_is() -> None:
    told = _told(STEADY, SIX, [6.0] * 30, done=160, most=200)
    assert told.high[-1] == told.middle[-1] == 200
    # Who has more already than was thought keeps it.
    assert _told(STEADY, SIX, [6.0], done=210, most=200).low[-1] == 210


def test_a_target_is_made_within_weeks_or_nobody_can_tell() -> None:
    told = _told(STEADY, SIX, [6.0] * 20, done=100)
    early, middle, late = told.weeks_until(100 + 21 * 8)
    assert early is not None
    assert middle is not None
    assert late is not None
    assert early <= middle <= late
    assert 6 <= middle <= 8
    assert told.weeks_until(10_000) == (None, None, None)
    assert told.weeks_until(100)[:2] == (0, 0)
    assert told.chance(101) > 0.99
    assert told.chance(10_000) == 0.0


@pytest.mark.parametrize(
    ("counts", "days", "sessions"),
    [
        ([20, 21, 22], [6.0] * 3, 63),
        ([20, 21, 22, 0, 0], [6.0, 6.0, 6.0, 0.0, 0.0], 63),
        ([1, 2, 1, 2], [6.0] * 4, 6),
        ([0, 0, 0, 0, 0], [6.0] * 5, 20),
    ],
)
def test_too_little_is_said_to_be_too_little(
    counts: list[int], days: list[float], sessions: int
) -> None:
    told = forecast(counts, days, [6.0] * 4, sessions=sessions)
    assert told == TooThin(weeks=sum(day > 0 for day in days), sessions=sessions)


def test_a_campaign_that_stood_still_and_one_that_starts_again_have_a_range() -> None:
    told = _told([20, 0, 0, 0, 0, 0, 15, 18], SIX, [6.0] * 6, done=53)
    assert 53 <= told.low[-1] < told.high[-1]
    assert np.isfinite(told.totals).all()


def test_no_week_ahead_leaves_what_is_done() -> None:
    told = _told(STEADY, SIX, [], done=167)
    assert told.low.shape == (0,)
