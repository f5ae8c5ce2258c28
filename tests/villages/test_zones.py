"""Indonesia has three clocks; each tells its own day and hour."""

from datetime import UTC, date, datetime, time

import pytest

from outreach.villages.tables import Zone

_LATE = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "clock", "day"),
    [
        (Zone.WIB, time(23, 30), date(2026, 12, 31)),
        (Zone.WITA, time(0, 30), date(2027, 1, 1)),
        (Zone.WIT, time(1, 30), date(2027, 1, 1)),
    ],
)
def test_a_moment_is_told_by_the_clock_and_the_day_of_its_place(
    zone: Zone, clock: time, day: date
) -> None:
    assert (zone.day(_LATE), zone.clock(_LATE).time()) == (day, clock)
    assert zone.moment(day, clock) == _LATE
