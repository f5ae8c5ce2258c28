"""Which days and hours can hold a visit, and why the others cannot.

Times are minutes after local midnight. The rule of Friday: no session overlaps the prayers from
11:30 to 13:30; travel during that time is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

import holidays
from holidays.constants import GOVERNMENT, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

FRIDAY = 4
SUNDAY = 6
MONDAY_TO_SATURDAY = frozenset(range(6))
PRAYERS_START_MINUTE = 11 * 60 + 30
PRAYERS_END_MINUTE = 13 * 60 + 30

# How the calendar marks a feast whose date hangs on the sighting of the moon.
ESTIMATE_MARKS = ("(perkiraan)", "(estimated)")
#: How the list of holidays writes a name, and how Kamus Besar Bahasa Indonesia and our pages do.
SPELT = {"Idul Fitri": "Idulfitri", "Idul Adha": "Iduladha"}


@dataclass(frozen=True, slots=True)
class Holiday:
    """A public holiday or a day of joint leave.

    Attributes
    ----------
    is_estimate
        The date hangs on the moon or a decree still to come; the name carries no mark.
    is_joint_leave
        The day is joint leave (cuti bersama) and no public holiday.
    """

    day: date
    name: str
    is_estimate: bool
    is_joint_leave: bool = False


class ClosedKind(StrEnum):
    """What closes a day."""

    SUNDAY = "sunday"
    NOT_A_WORKING_WEEKDAY = "not_a_working_weekday"
    HOLIDAY = "holiday"
    EXTRA = "extra"  # closed by the branch itself: a feast, a village election
    LEAVE = "leave"  # the team or a member is on leave
    STAY = "stay"  # the team is on its way to a hub or back
    STAY_WAIT = "stay_wait"  # a working day at the hub, between those with sessions, holds none
    STAY_REST = "stay_rest"  # a day off that falls into a stay


@dataclass(frozen=True, slots=True)
class Closed:
    """One reason why a day holds no visit, with the name people know it by (may be empty)."""

    kind: ClosedKind
    name: str = ""
    is_estimate: bool = False


def holidays_between(start: date, end: date) -> dict[date, Holiday]:
    """Public holidays and joint leave of Indonesia from `start` to `end`, both included.

    Names are the official Indonesian ones in the spelling of `SPELT`, two on one day joined by
    ``"; "``. Source: the
    `holidays` package, categories public and government (cuti bersama, as far as decreed).
    """
    return {
        day: holiday
        for year in range(start.year, end.year + 1)
        for day, holiday in _of_year(year).items()
        if start <= day <= end
    }


@lru_cache(maxsize=64)
def _of_year(year: int) -> Mapping[date, Holiday]:
    public, both = _listed(year, PUBLIC), _listed(year, PUBLIC, GOVERNMENT)
    return {day: _holiday(day, both[day], day not in public) for day in sorted(both)}


def _listed(year: int, *categories: str) -> Mapping[date, str]:
    # Only the year asked for is listed, so nothing is added when somebody looks a day up.
    return holidays.country_holidays(
        "ID", years=year, expand=False, language="id", categories=categories
    )


def _holiday(day: date, listed: str, is_joint_leave: bool) -> Holiday:
    name = listed
    for mark in ESTIMATE_MARKS:
        name = name.replace(mark, "")
    is_estimate = name != listed
    for in_two_words, in_one in SPELT.items():
        name = name.replace(in_two_words, in_one)
    return Holiday(day, " ".join(name.split()), is_estimate, is_joint_leave)


def days_between(start: date, end: date) -> Iterator[date]:
    """Every day from `start` to `end`, both included; none when `end` lies before `start`."""
    for number in range((end - start).days + 1):
        yield start + timedelta(days=number)


def workdays(
    start: date,
    end: date,
    weekdays: Collection[int] = MONDAY_TO_SATURDAY,
    extra_closed: Mapping[date, str] | None = None,
    holidays: Mapping[date, Holiday] | None = None,
    sundays_too: bool = False,
) -> tuple[date, ...]:
    """Return the days from `start` to `end`, both included, on which a team may work.

    Parameters
    ----------
    weekdays
        Working weekdays, Monday = 0; a Sunday is none, whatever stands here, save `sundays_too`.
    extra_closed
        Days the branch closes itself, with the name of the occasion.
    holidays
        Holidays to keep; None looks them up. Give a changed copy to override an estimate.
    """
    kept = holidays_between(start, end) if holidays is None else holidays
    return tuple(
        day
        for day in days_between(start, end)
        if not why_closed(
            day,
            weekdays=weekdays,
            extra_closed=extra_closed,
            holidays=kept,
            sundays_too=sundays_too,
        )
    )


def why_closed(
    day: date,
    *,
    weekdays: Collection[int] = MONDAY_TO_SATURDAY,
    extra_closed: Mapping[date, str] | None = None,
    holidays: Mapping[date, Holiday] | None = None,
    leave: Mapping[date, str] | None = None,
    sundays_too: bool = False,
) -> tuple[Closed, ...]:
    """Every reason why `day` holds no visit; empty when it does.

    `holidays` None looks them up; `leave` maps a team's days of leave to a name; with
    `sundays_too` a Sunday is a weekday like the others.
    """
    kept = holidays_between(day, day) if holidays is None else holidays
    reasons = list(_weekday_reasons(day, weekdays, sundays_too))
    if (holiday := kept.get(day)) is not None:
        reasons.append(Closed(ClosedKind.HOLIDAY, holiday.name, holiday.is_estimate))
    if extra_closed is not None and day in extra_closed:
        reasons.append(Closed(ClosedKind.EXTRA, extra_closed[day]))
    if leave is not None and day in leave:
        reasons.append(Closed(ClosedKind.LEAVE, leave[day]))
    return tuple(reasons)


def _weekday_reasons(day: date, weekdays: Collection[int], sundays_too: bool) -> Iterator[Closed]:
    if day.weekday() == SUNDAY and not sundays_too:
        yield Closed(ClosedKind.SUNDAY)
    elif day.weekday() not in weekdays:
        yield Closed(ClosedKind.NOT_A_WORKING_WEEKDAY)


def is_friday(day: date) -> bool:
    """Whether the prayers of Friday cut `day` in two."""
    return day.weekday() == FRIDAY


def overlaps_prayers(starts_minute: int, session_minutes: int) -> bool:
    """Whether a session touches 11:30 to 13:30; ending at 11:30 or starting at 13:30 does not."""
    return (
        starts_minute < PRAYERS_END_MINUTE
        and starts_minute + session_minutes > PRAYERS_START_MINUTE
    )


def earliest_starts(
    leg_minutes: Sequence[int],
    session_minutes: Sequence[int],
    starts_minute: int,
    ends_minute: int,
    is_friday: bool,
    not_before: Sequence[int] | None = None,
    closes: Sequence[int] | None = None,
) -> tuple[int, ...] | None:
    """Earliest start of each session of one day-trip, or None when it does not fit the hours.

    Parameters
    ----------
    leg_minutes
        Travel from the base to the first village, between the villages, back to the base: one
        more than there are sessions. With no session, anything fits.
    starts_minute, ends_minute
        When the team leaves the base and when it must be back.
    not_before
        Minute before which each session does not start; None binds none.
    closes
        Minute at which each session must have ended; None binds none.
    """
    now = starts_minute
    starts: list[int] = []
    for number, (leg, session) in enumerate(zip(leg_minutes, session_minutes, strict=False)):
        now += leg
        if not_before is not None:
            now = max(now, not_before[number])
        if is_friday and overlaps_prayers(now, session):
            now = PRAYERS_END_MINUTE
        starts.append(now)
        now += session
        if closes is not None and now > closes[number]:
            return None
    if starts and now + leg_minutes[-1] > ends_minute:
        return None
    return tuple(starts)


def most_sessions(
    sessions: int,
    session_minutes: int,
    leg_minutes: int,
    *,
    starts_minute: int,
    ends_minute: int,
    is_friday: bool,
) -> int:
    """How many sessions of one length fit a day when every leg takes `leg_minutes`; 0 at least.

    With the hours 08:00 to 17:00 and two hours a session this gives three, and two on a Friday:
    one before the prayers and one after.
    """
    for count in range(sessions, 0, -1):
        legs = (leg_minutes,) * (count + 1)
        lengths = (session_minutes,) * count
        if earliest_starts(legs, lengths, starts_minute, ends_minute, is_friday) is not None:
            return count
    return 0
