"""Writes reports and keeps the visit in step with them, in the caller's unit of work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite

from outreach.errors import Conflict
from outreach.logbook.record import content_of, fingerprint, result_of, unlikely
from outreach.logbook.tables import HeldReport, SessionReport, SignUp
from outreach.visits.lifecycle import mark_reported

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from outreach.logbook.record import SessionReportIn
    from outreach.logbook.sending import Sending
    from outreach.people.access import Person
    from outreach.visits.tables import Visit


def _insert_new(db: Session, table: Any) -> Any:
    """Make an insert that steps aside where the row is there already, for the database at hand."""
    make = postgresql.insert if db.get_bind().dialect.name == "postgresql" else sqlite.insert
    return make(table).on_conflict_do_nothing()


def hold(db: Session, report: SessionReportIn, by: Person, now: datetime, sending: Sending) -> None:
    """Keep a correction until the report it corrects has come."""
    row = {
        "id": str(report.id),
        "waits_for": str(report.corrects_id),
        "visit_id": report.visit_id,
        "content": content_of(report),
        "fingerprint": fingerprint(report),
        "account_id": by.account_id,
        "received_at": now,
        **_way(sending),
    }
    db.execute(_insert_new(db, HeldReport).values(**row))


def insert_report(
    db: Session, report: SessionReportIn, visit: Visit, by: Person, now: datetime, sending: Sending
) -> bool:
    """Store a new report with its sign-ups and mark the visit; false if somebody was quicker.

    Raises
    ------
    Conflict
        If the visit can take no report, has one, or the corrected one is not the current one.
    """
    base = _current(db, report) if report.corrects_id else None
    # A visit that refuses the report takes the stored row back with it, and nothing else.
    with db.begin_nested():
        stored = _insert(db, report, visit, by, now, sending)
        if stored and base is not None:
            base.corrected_by = str(report.id)
        if stored:
            mark_reported(
                db,
                report.visit_id,
                result_of(report),
                by=by,
                now=now,
                is_correction=base is not None,
            )
    return stored


def _insert(
    db: Session, report: SessionReportIn, visit: Visit, by: Person, now: datetime, sending: Sending
) -> bool:
    row = _row(report, visit, by, now, sending)
    statement = _insert_new(db, SessionReport).values(**row).returning(SessionReport.id)
    if db.execute(statement).first() is None:
        return False
    _insert_signups(db, report)
    return True


def _current(db: Session, report: SessionReportIn) -> SessionReport:
    """Find the report to correct; refuse another visit's, and one corrected already."""
    base = db.get_one(SessionReport, str(report.corrects_id))
    if base.visit_id != report.visit_id:
        raise Conflict(problem="corrects_another_visit")
    if base.corrected_by is not None:
        raise Conflict(problem="already_corrected", by=base.corrected_by)
    return base


def _row(
    report: SessionReportIn, visit: Visit, by: Person, now: datetime, sending: Sending
) -> dict[str, object]:
    return {
        "id": str(report.id),
        "visit_id": report.visit_id,
        "village_code": visit.village_code,
        "held_on": report.held_on,
        "held_at": report.held_at,
        "zone": visit.zone,
        "place": report.place,
        "men": report.men,
        "women": report.women,
        "signups": report.signups,
        "result": result_of(report),
        "remarks": report.remarks,
        "flags": unlikely(report, visit.day),
        "corrects_id": str(report.corrects_id) if report.corrects_id else None,
        "reported_by": by.account_id,
        "received_at": now,
        "fingerprint": fingerprint(report),
        "paid": report.paid,
        "minutes": report.minutes,
        "latitude": report.latitude,
        "longitude": report.longitude,
        "saved_at": report.saved_at,
        **_way(sending),
    }


def _way(sending: Sending) -> dict[str, object]:
    return {
        "source": sending.source,
        "device_id": sending.device_id,
        "skew_seconds": sending.skew_seconds,
    }


def _insert_signups(db: Session, report: SessionReportIn) -> None:
    rows = [{"report_id": str(report.id), **row.model_dump()} for row in report.details]
    if rows:
        db.execute(insert(SignUp), rows)
