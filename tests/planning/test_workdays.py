from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.planning.workdays import (
    Closed,
    ClosedKind,
    Holiday,
    earliest_starts,
    holidays_between,
    most_sessions,
    overlaps_prayers,
    why_closed,
    workdays,
)

EIGHT, FIVE = 480, 1020


def test_holidays_carry_their_official_names_and_mark_estimates() -> None:
    found = holidays_between(date(2027, 3, 8), date(2027, 3, 12))
    assert found[date(2027, 3, 8)] == Holiday(date(2027, 3, 8), "Hari Suci Nyepi", False)
    assert found[date(2027, 3, 10)] == Holiday(date(2027, 3, 10), "Hari Raya Idulfitri", True)
    assert list(found) == sorted(found)


def test_joint_leave_closes_a_day_as_far_as_it_is_decreed() -> None:
    assert (
        "Cuti Bersama"
        in holidays_between(date(2027, 2, 5), date(2027, 2, 5))[date(2027, 2, 5)].name
    )
    names = [one.name for one in holidays_between(date(2028, 1, 1), date(2028, 12, 31)).values()]
    assert names
    assert not any("Cuti" in name for name in names)


def test_holidays_keep_to_both_ends_and_span_years() -> None:
    found = holidays_between(date(2026, 12, 25), date(2027, 1, 1))
    assert list(found) == [date(2026, 12, 25), date(2027, 1, 1)]
    assert holidays_between(date(2027, 1, 2), date(2027, 1, 4)) == {}
    assert holidays_between(date(2027, 1, 4), date(2027, 1, 2)) == {}


def test_the_year_2027_has_290_workdays_from_its_first_monday() -> None:
    days = workdays(date(2027, 1, 4), date(2027, 12, 31))
    assert len(days) == 290
    assert date(2027, 1, 5) not in days  # Isra Mikraj
    assert date(2027, 1, 4) in days


def test_no_workday_when_the_end_lies_before_the_start() -> None:
    assert workdays(date(2027, 1, 5), date(2027, 1, 4)) == ()


def test_an_overridden_holiday_opens_the_day() -> None:
    start, end = date(2027, 3, 8), date(2027, 3, 13)
    kept = holidays_between(start, end)
    assert workdays(start, end) == (date(2027, 3, 13),)
    del kept[date(2027, 3, 10)]
    assert workdays(start, end, holidays=kept) == (date(2027, 3, 10), date(2027, 3, 13))


def test_extra_closed_days_and_weekdays_are_honoured() -> None:
    start, end = date(2027, 1, 11), date(2027, 1, 17)
    feast = {date(2027, 1, 12): "Merti desa"}
    assert workdays(start, end, {0, 1, 2}, feast) == (date(2027, 1, 11), date(2027, 1, 13))


def test_every_reason_for_a_closed_day_is_told() -> None:
    sunday = date(2027, 3, 28)
    found = why_closed(sunday, extra_closed={sunday: "Pilkades"}, leave={sunday: "Cuti"})
    assert found == (
        Closed(ClosedKind.SUNDAY),
        Closed(ClosedKind.HOLIDAY, "Kebangkitan Yesus Kristus"),
        Closed(ClosedKind.EXTRA, "Pilkades"),
        Closed(ClosedKind.LEAVE, "Cuti"),
    )
    assert why_closed(date(2027, 1, 16), weekdays={0}) == (
        Closed(ClosedKind.NOT_A_WORKING_WEEKDAY),
    )
    assert why_closed(date(2027, 3, 10))[0].is_estimate
    assert why_closed(date(2027, 1, 11), extra_closed={}, leave={}, holidays={}) == ()


def test_a_sunday_stays_closed_even_when_listed_as_a_working_weekday() -> None:
    assert why_closed(date(2027, 1, 17), weekdays=range(7)) == (Closed(ClosedKind.SUNDAY),)


@given(
    st.dates(date(2026, 1, 1), date(2028, 6, 1)),
    st.integers(0, 60),
    st.sets(st.integers(0, 6)),
)
def test_workdays_are_exactly_the_days_without_a_reason(
    start: date, length: int, weekdays: set[int]
) -> None:
    end = start + timedelta(days=length)
    found = workdays(start, end, weekdays)
    for number in range(length + 1):
        day = start + timedelta(days=number)
        assert (day in found) == (not why_closed(day, weekdays=weekdays))
        assert not (day in found and day.weekday() == 6)


def test_a_friday_from_eight_to_five_holds_two_sessions_and_other_days_three() -> None:
    def held(*, is_friday: bool) -> int:
        return most_sessions(3, 120, 5, starts_minute=EIGHT, ends_minute=FIVE, is_friday=is_friday)

    assert held(is_friday=True) == 2
    assert held(is_friday=False) == 3


@pytest.mark.parametrize(
    ("session", "start", "end", "expected"),
    [
        (60, 480, 1020, 3),  # short sessions: three fit around the prayers
        (120, 420, 1080, 3),  # long day: two before, one after
        (120, 600, 1020, 1),  # a late start leaves the afternoon only
        (120, 480, 700, 1),  # a half day leaves the morning only
        (120, 690, 810, 0),  # nothing but the prayers
        (240, 480, 1020, 0),  # the session is longer than either half
    ],
)
def test_what_a_friday_holds_follows_from_the_hours(
    session: int, start: int, end: int, expected: int
) -> None:
    held = most_sessions(3, session, 5, starts_minute=start, ends_minute=end, is_friday=True)
    assert held == expected


@pytest.mark.parametrize(
    ("starts", "overlaps"), [(570, False), (571, True), (700, True), (809, True), (810, False)]
)
def test_prayers_are_touched_only_inside(starts: int, overlaps: bool) -> None:
    assert overlaps_prayers(starts, 120) is overlaps


def test_a_friday_session_that_would_overlap_waits_until_the_prayers_are_over() -> None:
    assert earliest_starts((90, 20, 90), (120, 120), EIGHT, FIVE, True) == (570, 810)
    assert earliest_starts((91, 20, 90), (120, 120), EIGHT, FIVE, True) is None
    assert earliest_starts((90, 20, 91), (120, 120), EIGHT, FIVE, True) is None
    assert earliest_starts((90, 20, 90), (120, 120), EIGHT, FIVE, False) == (570, 710)


def test_a_day_without_sessions_fits_any_hours() -> None:
    assert earliest_starts((), (), EIGHT, EIGHT, True) == ()


def test_the_way_back_counts_to_the_minute() -> None:
    assert earliest_starts((60, 60), (420,), EIGHT, FIVE, False) == (540,)
    assert earliest_starts((60, 61), (420,), EIGHT, FIVE, False) is None


@given(
    st.lists(st.tuples(st.integers(0, 150), st.integers(1, 240)), min_size=1, max_size=3),
    st.integers(0, 150),
    st.integers(300, 720),
    st.integers(0, 720),
    st.booleans(),
)
def test_starts_keep_every_rule_and_refusal_has_a_reason(
    stops: list[tuple[int, int]], back: int, starts: int, length: int, friday: bool
) -> None:
    legs = [leg for leg, _ in stops] + [back]
    sessions = [session for _, session in stops]
    found = earliest_starts(legs, sessions, starts, starts + length, friday)
    free = starts
    for leg, session, start in zip(legs, sessions, found or (), strict=False):
        assert start >= free + leg
        assert not (friday and overlaps_prayers(start, session))
        free = start + session
    if found is not None:
        assert free + back <= starts + length
    else:
        latest = sum(legs) + sum(sessions) + (120 + max(sessions) if friday else 0)
        assert latest > length
