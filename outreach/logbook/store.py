"""Writes what a request brings in a few statements, in the caller's unit of work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlmodel import col

from outreach.db import insert_into
from outreach.logbook.quality import Fresh, judge
from outreach.logbook.record import content_of, result_of
from outreach.logbook.releasing import release_taken
from outreach.logbook.tables import (
    DisputedReport,
    HeldReport,
    ItemKind,
    SessionReport,
    SignUp,
    TakenItem,
)
from outreach.logbook.taking import Outcome
from outreach.visits.courses import write_courses

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlmodel import Session

    from outreach.logbook.sending import Sending
    from outreach.logbook.side_by_side import Change
    from outreach.logbook.taking import Dispute, Takings, Told
    from outreach.visits.tables import Visit


class OvertakenError(Exception):
    """Somebody else has just stored one of these ids for another visit: decide again."""


def write(db: Session, takings: Takings) -> None:
    """Write all that was decided.

    Raises
    ------
    OvertakenError
        If an id is there by now; then nothing of this may stay.
    """
    _delete_held(db, takings.no_longer_held)
    _insert_reports(db, takings)
    _insert_held(db, list(takings.held.values()), takings.now)
    _insert_disputes(db, takings.disputes, takings.now)
    _insert_repeats(db, takings)
    release_taken(db, takings)
    write_courses(db, list(takings.courses.values()), takings.now)


def _insert_new(db: Session, table: Any) -> Any:
    """Make an insert that steps aside where the row is there already, for the database at hand."""
    return insert_into(db, table.__table__).on_conflict_do_nothing()


def _insert_all(db: Session, table: Any, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    # One row after the other by one prepared statement: with all rows in one statement its text
    # differs from request to request, and reading that costs more than writing the rows.
    statement = _insert_new(db, table).execution_options(preserve_rowcount=True)
    done: Any = db.execute(statement, rows)
    if done.rowcount < len(rows):
        raise OvertakenError


def _insert_reports(db: Session, takings: Takings) -> None:
    judged = judge(
        db,
        [
            Fresh(
                told.report,
                visit,
                told.by,
                told.sending.skew_seconds,
                told.base_id,
                told.held_since,
            )
            for told, visit in takings.stored
        ],
        takings.now,
    )
    _insert_all(db, SessionReport, [_row(takings, *one, judged.flags) for one in takings.stored])
    marks = _marks(takings)
    _change_flags(db, judged.changes, [mark["base"] for mark in marks])
    _mark_corrected(db, marks)
    signups = [
        {"report_id": told.id, **row.model_dump()}
        for told, _ in takings.stored
        for row in told.report.details
    ]
    if signups:
        db.execute(insert(SignUp.__table__), signups)  # type: ignore[attr-defined]


def _change_flags(db: Session, changes: Mapping[str, Change], bases: Sequence[str]) -> None:
    """Give stored reports the signs that they have by what has come now, and only those."""
    if not changes:
        return
    # All rows that are written below, those corrected too, in the one order that all keep to
    # (`teamday.lock_teams`); `reviews.take_reviews` waits for these.
    query: Any = select(col(SessionReport.id), col(SessionReport.flags)).order_by(SessionReport.id)
    query = query.where(col(SessionReport.id).in_({*changes, *bases}))
    rows = []
    for report_id, flags in db.execute(query.with_for_update(key_share=True)).all():
        if report_id in changes:
            change = changes[report_id]
            kept = [flag for flag in flags if flag not in change.lost | change.gained]
            rows.append({"report": report_id, "now": [*kept, *sorted(change.gained)]})
    table = SessionReport.__table__  # type: ignore[attr-defined]
    statement = update(table).where(table.c.id == bindparam("report"))
    db.execute(statement.values(flags=bindparam("now")), rows)
    _read_anew(db, changes)


def _marks(takings: Takings) -> list[dict[str, str]]:
    """Pair the stored reports with what corrects them; those of this request know already."""
    new = {told.id for told, _ in takings.stored}
    marks = [
        {"base": told.base_id, "by": told.id}
        for told, _ in takings.stored
        if told.base_id is not None and told.base_id not in new
    ]
    return sorted(marks, key=lambda mark: mark["base"])


def _mark_corrected(db: Session, marks: Sequence[dict[str, str]]) -> None:
    if not marks:
        return
    table = SessionReport.__table__  # type: ignore[attr-defined]
    statement = update(table).where(table.c.id == bindparam("base"))
    db.execute(statement.values(corrected_by=bindparam("by")), marks)
    _read_anew(db, [mark["base"] for mark in marks])


def _read_anew(db: Session, report_ids: Iterable[str]) -> None:
    """Have objects read before show what was written past them."""
    for report_id in report_ids:
        seen = db.identity_map.get(db.identity_key(SessionReport, report_id))
        if seen is not None:
            db.expire(seen)


def _insert_held(db: Session, held: Sequence[Told], now: datetime) -> None:
    rows = [
        {
            "id": told.id,
            "waits_for": told.base_id,
            "visit_id": told.report.visit_id,
            "content": content_of(told.report),
            "fingerprint": told.fingerprint,
            "account_id": told.by.account_id,
            "received_at": now,
            **_way(told.sending),
        }
        for told in held
    ]
    _insert_all(db, HeldReport, rows)


def _delete_held(db: Session, ids: Sequence[str]) -> None:
    if ids:
        db.execute(delete(HeldReport).where(col(HeldReport.id).in_(ids)))


def _insert_disputes(db: Session, disputes: Sequence[Dispute], now: datetime) -> None:
    rows = [
        {
            "report_id": one.report_id,
            "visit_id": one.visit.id,
            "village_code": one.visit.village_code,
            "content": one.content,
            "fingerprint": one.fingerprint,
            "reason": one.reason,
            "account_id": one.account_id,
            "received_at": now,
            "ruled_why": "",
            "version": 1,
            **_way(one.sending),
        }
        for one in disputes
    ]
    if rows:
        # The same content may have come by another request at the same moment: one row is enough.
        db.execute(_insert_new(db, DisputedReport), rows)


def _insert_repeats(db: Session, takings: Takings) -> None:
    """Note under which id is stored what was told again under another."""
    rows = [
        {
            "id": told.id,
            "kind": ItemKind.REPORT,
            "visit_id": told.report.visit_id,
            "fingerprint": told.fingerprint,
            "outcome": Outcome.DUPLICATE.value,
            "reason": stored_as,
            "account_id": told.by.account_id,
            "received_at": takings.now,
        }
        for told, stored_as in takings.repeats
    ]
    if rows:
        db.execute(_insert_new(db, TakenItem), rows)


def _row(
    takings: Takings, told: Told, visit: Visit, flags: dict[str, list[str]]
) -> dict[str, object]:
    report = told.report
    forced = ["base_never_came"] if told.is_forced else []
    return {
        "id": told.id,
        "visit_id": report.visit_id,
        "village_code": visit.village_code,
        "zone": visit.zone,
        "result": result_of(report),
        "flags": [*flags[told.id], *forced],
        "corrects_id": told.base_id,
        "corrected_by": takings.known.reports[told.id].corrected_by,
        "reported_by": told.by.account_id,
        "received_at": takings.now,
        "fingerprint": told.fingerprint,
        **{name: getattr(report, name) for name in _AS_TOLD},
        **_way(told.sending),
    }


_AS_TOLD = (
    "held_on",
    "held_at",
    "place",
    "men",
    "women",
    "signups",
    "remarks",
    "paid",
    "minutes",
    "latitude",
    "longitude",
    "saved_at",
)


def _way(sending: Sending) -> dict[str, object]:
    return {
        "source": sending.source,
        "device_id": sending.device_id,
        "skew_seconds": sending.skew_seconds,
    }
