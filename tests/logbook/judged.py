"""What the tests of signs do: ask what is unlikely about reports, and send honest ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from outreach.db import reading, unit_of_work
from outreach.logbook.quality import Fresh, judge
from outreach.logbook.record import SessionReportIn, read_report
from outreach.logbook.sync import take_in
from outreach.planning.model import Point
from outreach.planning.travel import EARTH_RADIUS_M
from outreach.villages.tables import Village
from outreach.visits.tables import Visit
from outreach.web.report_words import FLAG_WORDS
from tests.field import NOW, Field, told

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.people.access import Person

#: Degrees of latitude that are one metre.
METRE = 180 / (3.141592653589793 * EARTH_RADIUS_M)
HONEST = {"men": 21, "women": 22, "signups": 7, "minutes": 90}


def fresh_of(db: Session, report: SessionReportIn, by: Person, skew: int | None = None) -> Fresh:
    base = str(report.corrects_id) if report.corrects_id else None
    return Fresh(report, db.get_one(Visit, report.visit_id), by, skew, base)


def flags(
    engine: Engine,
    at: Field,
    *items: dict[str, Any],
    by: Person | None = None,
    skew: int | None = None,
    now: datetime = NOW,
) -> list[list[str]]:
    """The flags of reports that come in one request, in their order."""
    with reading(engine) as db:
        reports = [read_report(item) for item in items]
        fresh = [fresh_of(db, one, by or at.coordinator, skew) for one in reports]
        found = judge(db, fresh, now).flags
    assert {flag for several in found.values() for flag in several} <= FLAG_WORDS.keys()
    return [found[item["id"]] for item in items]


def honest(at: Field, number: int = 0, **other: Any) -> dict[str, Any]:
    """A report of one of the visits with nothing unlikely about it."""
    return told(at.visits[at.codes[number]], **{**HONEST, **other})


def flags_of_one(
    engine: Engine, at: Field, skew: int | None = None, now: datetime = NOW, **other: Any
) -> list[str]:
    return flags(engine, at, honest(at, **other), skew=skew, now=now)[0]


def store(engine: Engine, by: Person, *items: dict[str, Any]) -> None:
    with unit_of_work(engine) as db:
        assert [one.outcome.value for one in take_in(db, items, by, NOW)] == ["accepted"] * len(
            items
        )


def village(engine: Engine, code: str) -> Village:
    with reading(engine) as db:
        return db.get_one(Village, code)


def point_of(one: Village) -> Point:
    return Point(one.latitude, one.longitude, one.code, one.island)
