"""What is possible about a report but unlikely, for the coordinator to look at; never a refusal."""

from __future__ import annotations

from collections import defaultdict
from datetime import time, timedelta
from typing import TYPE_CHECKING

from outreach.logbook.beside import (
    COPIED_WITHIN,
    Place,
    Told,
    allowed_metres,
    places_of,
    told_before,
    told_now,
)
from outreach.logbook.record import MANY_PEOPLE, Met, SessionReportIn
from outreach.planning.travel import distance_m, travel_minutes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.visits.tables import Visit

#: Ten minutes: a phone that was set by hand is off by less, and nothing else we read is so exact.
CLOCK_WRONG_SECONDS = 600
EARLIEST, LATEST = time(5), time(22)
#: Assumption: in less nobody explains two programmes and signs anybody up.
SHORTEST_MINUTES = 20
#: Assumption: more than half a working day. Plans give a session two hours.
LONGEST_MINUTES = 300
#: Men, women and sign-ups all end in 0 or 5 by chance in one report of 125.
ROUND_TO = 5
#: Small sessions resemble each other by chance.
COPIED_FROM_PEOPLE = 15
#: The planner's minutes are those of an ordinary journey; nobody is more than twice as fast,
TIMES_FASTER = 2
#: and starts are told to the quarter of an hour.
STARTS_WITHIN_MINUTES = 15


def flags_of(
    db: Session,
    reports: Sequence[tuple[SessionReportIn, Visit]],
    *,
    skew_seconds: int | None,
    by: Person,
) -> dict[str, list[str]]:
    """Name what is unlikely about each of a request's new reports, by the id of the report.

    At most four statements, however many reports there are. Ask before they are stored: they
    are compared with what is stored and with each other.
    """
    if not reports:
        return {}
    places = places_of(db, (visit.village_code for _report, visit in reports))
    allowed = _allowed(db, reports, places)
    others = _others(db, reports, places, by)
    clock = _clock(skew_seconds)
    return {
        str(report.id): [
            *_of_the_session(report, visit, places[visit.village_code]),
            *_of_the_place(report, places[visit.village_code], allowed.get(visit.village_code)),
            *others[str(report.id)],
            *clock,
        ]
        for report, visit in reports
    }


def _of_the_session(report: SessionReportIn, visit: Visit, place: Place) -> Iterator[str]:
    """Look at a report by itself."""
    people = report.men + report.women
    minutes = report.minutes
    signs = {
        "more_signups_than_people": report.signups > people,
        "more_than_estimate": report.signups > place.uncovered,
        "very_many_people": people > MANY_PEOPLE,
        "round_numbers": _is_round(report),
        "short_session": minutes is not None and minutes < SHORTEST_MINUTES and _is_held(report),
        "long_session": minutes is not None and minutes > LONGEST_MINUTES,
        "other_day_than_planned": report.held_on != visit.day,
        "at_night": not EARLIEST <= report.held_at <= LATEST,
    }
    return (sign for sign, seen in signs.items() if seen)


def _is_held(report: SessionReportIn) -> bool:
    return report.met is Met.HELD


def _is_round(report: SessionReportIn) -> bool:
    told = (report.men, report.women, report.signups)
    return all(told) and not any(one % ROUND_TO for one in told)


def _of_the_place(report: SessionReportIn, place: Place, allowed: float | None) -> Iterator[str]:
    if report.latitude is None or report.longitude is None or allowed is None:
        return
    here = type(place.point)(report.latitude, report.longitude, "", place.point.island)
    if distance_m(here, place.point) > allowed:
        yield "far_from_village"


def _clock(skew_seconds: int | None) -> tuple[str, ...]:
    wrong = skew_seconds is not None and abs(skew_seconds) > CLOCK_WRONG_SECONDS
    return ("clock_wrong",) if wrong else ()


def _allowed(
    db: Session, reports: Sequence[tuple[SessionReportIn, Visit]], places: Mapping[str, Place]
) -> dict[str, float]:
    located = {visit.village_code for report, visit in reports if report.latitude is not None}
    return allowed_metres(db, {code: places[code] for code in located}) if located else {}


def _others(
    db: Session,
    reports: Sequence[tuple[SessionReportIn, Visit]],
    places: Mapping[str, Place],
    by: Person,
) -> dict[str, list[str]]:
    """Hold each report against other sessions of its team and of its reporter."""
    fresh = {
        str(report.id): told_now(report, visit, places[visit.village_code], by)
        for report, visit in reports
        if _is_held(report)
    }
    found: dict[str, list[str]] = {str(report.id): [] for report, _visit in reports}
    if not fresh:
        return found
    days = [one.starts.date() for one in fresh.values()]
    stored = told_before(db, days, (one.team_id for one in fresh.values()), by)
    beside = _Beside([*fresh.values(), *stored])
    for report_id, told in fresh.items():
        found[report_id] = [
            *(["impossible_travel"] if beside.is_too_fast(told) else []),
            *(["copied_counts"] if beside.is_copied(told) else []),
        ]
    return found


class _Beside:
    """Sessions by what they may share with another: their group's day, their group's counts."""

    def __init__(self, sessions: Iterable[Told]) -> None:
        self._of_day: dict[tuple[tuple[str, int], date], list[Told]] = defaultdict(list)
        self._of_counts: dict[tuple[tuple[str, int], object], list[Told]] = defaultdict(list)
        for one in sessions:
            for group in one.groups:
                self._of_day[group, one.starts.date()].append(one)
                self._of_counts[group, one.counts].append(one)

    def is_too_fast(self, told: Told) -> bool:
        """Whether nobody can have been at this session and at another of the same day."""
        day = told.starts.date()
        same = (one for group in told.groups for one in self._of_day[group, day])
        return any(one.visit_id != told.visit_id and _too_fast(told, one) for one in same)

    def is_copied(self, told: Told) -> bool:
        """Whether another visit of these weeks was told with the very same counts."""
        if told.counts[0] + told.counts[1] < COPIED_FROM_PEOPLE:
            return False
        same = (one for group in told.groups for one in self._of_counts[group, told.counts])
        return any(
            one.visit_id != told.visit_id and abs(one.starts - told.starts) <= COPIED_WITHIN
            for one in same
        )


def _too_fast(one: Told, other: Told) -> bool:
    if not (one.sure and other.sure):
        return False  # a place that may be off by 15 km tells nothing of speed
    # Of two that start at once the shorter one came first: whoever asks, the answer is the same.
    (first, ended), (second, _ended) = sorted(
        ((told, _ends(told)) for told in (one, other)), key=lambda pair: (pair[0].starts, pair[1])
    )
    had = (second.starts - ended).total_seconds() / 60 + STARTS_WITHIN_MINUTES
    return had < travel_minutes(first.point, second.point) / TIMES_FASTER


def _ends(told: Told) -> datetime:
    return told.starts + timedelta(minutes=told.minutes or SHORTEST_MINUTES)
