"""What can still be brought in: what is missing, at most what the best pace brings."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.progress.denominators import denominators
from outreach.progress.recoverable import best_pace, recoverable
from outreach.progress.totals import Estimates
from outreach.villages.tables import EstimateSource, Figure

TODAY = date(2026, 11, 20)
IN_FOUR_WEEKS = date(2026, 12, 17)


@pytest.mark.parametrize(
    ("weeks", "pace"),
    [
        ([], 0),
        ([8], 2),
        ([0, 0, 40, 0, 0, 0], 10),
        ([4, 4, 4, 4, 0, 9], 4.25),
        ([1, 2, 3, 4, 5], 3.5),
    ],
)
def test_the_best_pace_is_that_of_four_weeks_in_a_row(weeks: list[int], pace: float) -> None:
    assert best_pace(weeks) == pace


def test_no_more_than_is_missing_and_no_more_than_the_pace_brings() -> None:
    weeks = [10, 10, 10, 10]
    assert recoverable(25, weeks, TODAY, IN_FOUR_WEEKS) == 25
    assert recoverable(100, weeks, TODAY, IN_FOUR_WEEKS) == 40
    assert recoverable(0, weeks, TODAY, IN_FOUR_WEEKS) == 0
    assert recoverable(100, [], TODAY, IN_FOUR_WEEKS) == 0
    assert recoverable(100, weeks, TODAY, date(2026, 11, 1)) == 0


@given(
    st.floats(-1e6, 1e6),
    st.lists(st.integers(0, 10_000), max_size=30),
    st.dates(date(2026, 1, 1), date(2028, 1, 1)),
)
def test_it_is_never_negative_nor_more_than_is_missing(
    missing: float, weeks: list[int], ends: date
) -> None:
    found = recoverable(missing, weeks, TODAY, ends)
    assert 0 <= found <= max(0, missing) + 0.5


def test_three_denominators_name_their_source_and_date() -> None:
    source = EstimateSource(
        figure=Figure.INFORMAL, national_total=61_000_000, as_of=date(2025, 3, 31), source="BPJS"
    )
    three = denominators(Estimates(2, 400, 100, 0), {Figure.INFORMAL: source})
    assert [one.figure for one in three] == [Figure.INFORMAL, Figure.VULNERABLE, Figure.COVERED]
    assert [one.rate(20) for one in three] == [0.05, None, 0.2]
    assert (three[0].source, three[0].as_of) == ("BPJS", date(2025, 3, 31))
    assert (three[1].source, three[1].as_of) == ("", None)
