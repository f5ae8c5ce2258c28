"""What is possible about a report but unlikely, for the coordinator to look at; never a refusal."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

from outreach.logbook.record import MANY_PEOPLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlmodel import Session

    from outreach.logbook.record import SessionReportIn
    from outreach.people.access import Person
    from outreach.visits.tables import Visit

#: Ten minutes: a phone that was set by hand is off by less, and nothing else we read is so exact.
CLOCK_WRONG_SECONDS = 600
EARLIEST, LATEST = time(5), time(22)


def flags_of(
    db: Session,
    reports: Sequence[tuple[SessionReportIn, Visit]],
    *,
    skew_seconds: int | None,
    by: Person,
) -> dict[str, list[str]]:
    """Name what is unlikely about each of a request's new reports, by the id of the report.

    A fixed number of statements, however many reports there are. Ask before they are stored:
    what is stored already is what they are compared with.
    """
    return {
        str(report.id): [*_alone(report, visit), *_clock(skew_seconds)] for report, visit in reports
    }


def _alone(report: SessionReportIn, visit: Visit) -> Iterator[str]:
    people = report.men + report.women
    signs = {
        "more_signups_than_people": report.signups > people,
        "very_many_people": people > MANY_PEOPLE,
        "other_day_than_planned": report.held_on != visit.day,
        "at_night": not EARLIEST <= report.held_at <= LATEST,
    }
    return (sign for sign, seen in signs.items() if seen)


def _clock(skew_seconds: int | None) -> Iterator[str]:
    if skew_seconds is not None and abs(skew_seconds) > CLOCK_WRONG_SECONDS:
        yield "clock_wrong"
