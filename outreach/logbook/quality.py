"""What is possible about a report but unlikely, for the coordinator to look at; never a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from outreach.logbook.beside import (
    Place,
    allowed_metres,
    places_of,
    stored_of,
    told_now,
)
from outreach.logbook.record import MANY_PEOPLE, Met, SessionReportIn
from outreach.logbook.side_by_side import SHORTEST_MINUTES, Change, hold_together
from outreach.planning.travel import distance_m

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.visits.tables import Visit

#: Ten minutes: a phone that was set by hand is off by less, and nothing else we read is so exact.
CLOCK_WRONG_SECONDS = 600
#: The hour of a session is read off a clock that was set by hand as well, so it may lie as far
#: ahead of ours before we ask whether the session had begun when it was told.
HOUR_AHEAD = timedelta(seconds=CLOCK_WRONG_SECONDS)
EARLIEST, LATEST = time(5), time(22)
#: Assumption: more than half a working day. Plans give a session two hours.
LONGEST_MINUTES = 300
#: Men, women and sign-ups all end in 0 or 5 by chance in one report of 125.
ROUND_TO = 5
#: What a correction cannot have answered if it tells no place and no clock of its own.
_REMAINS = {"far_from_village": "was_far_from_village", "clock_wrong": "clock_was_wrong"}


@dataclass(frozen=True, slots=True)
class Fresh:
    """A new report, who sent it with which clock, and the id of the report that it corrects.

    `came` is when it came, by our clock, if it has waited since; None is now.
    """

    report: SessionReportIn
    visit: Visit
    by: Person
    skew_seconds: int | None = None
    base_id: str | None = None
    came: datetime | None = None

    @property
    def id(self) -> str:
        """Its id, as the tables hold it."""
        return str(self.report.id)


@dataclass(frozen=True, slots=True)
class Judged:
    """What is unlikely about new reports, by id, and what changes by them for stored ones."""

    flags: dict[str, list[str]]
    changes: dict[str, Change]


def judge(db: Session, reports: Sequence[Fresh], now: datetime) -> Judged:
    """Name what is unlikely about each of a request's new reports.

    At most seven statements, however many reports there are; four if nothing is corrected. Ask
    before they are stored: they are compared with what is stored and with each other. A report
    comes after the one that it corrects. *now* is when the request came, by our clock: what
    corrects a report is judged by when it came itself, and what has waited since by when that was.
    What a person has ruled to take comes anew.
    """
    if not reports:
        return Judged({}, {})
    places = places_of(db, (one.visit.village_code for one in reports))
    allowed = _allowed(db, reports, places)
    gone = {one.base_id for one in reports if one.base_id is not None}
    corrected = stored_of(db, gone - {one.id for one in reports})
    sessions = [
        told_now(one.report, one.visit, places[one.visit.village_code], one.by)
        for one in reports
        if _is_held(one.report) and one.id not in gone
    ]
    held = [told for told, is_held in corrected if is_held]
    beside, changes = hold_together(db, sessions, held, gone)
    flags: dict[str, list[str]] = {}
    before = {told.id: told.flags for told, _is_held in corrected}
    for one in reports:
        code = one.visit.village_code
        flags[one.id] = [
            *_of_the_session(one.report, one.visit, places[code]),
            *_not_begun(one.report, one.visit, one.came or now),
            *_of_the_place(one.report, places[code], allowed.get(code)),
            *beside.get(one.id, ()),
            *_clock(one.skew_seconds),
            *_of_the_report_before(one, before.get(one.base_id or "", ())),
        ]
        before[one.id] = tuple(flags[one.id])
    return Judged(flags, changes)


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


def _not_begun(report: SessionReportIn, visit: Visit, came: datetime) -> Iterator[str]:
    """See whether it was told before its hour; a later day is refused at the door.

    That nobody will be met is known beforehand.
    """
    if _is_held(report) and visit.zone.moment(report.held_on, report.held_at) > came + HOUR_AHEAD:
        yield "not_begun"


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


def _of_the_report_before(one: Fresh, flags: Collection[str]) -> Iterator[str]:
    """Keep the signs of the report that this one corrects, where it does not answer them."""
    answered = {
        "far_from_village": one.report.latitude is not None,
        "clock_wrong": one.skew_seconds is not None,
    }
    for sign, remains in _REMAINS.items():
        if not answered[sign] and (sign in flags or remains in flags):
            yield remains


def _allowed(
    db: Session, reports: Sequence[Fresh], places: Mapping[str, Place]
) -> dict[str, float]:
    located = {one.visit.village_code for one in reports if one.report.latitude is not None}
    return allowed_metres(db, {code: places[code] for code in located}) if located else {}
