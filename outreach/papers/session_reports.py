"""What minutes take from the reports of sessions: what came of it, and counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.logbook.tables import SessionReport, SignUp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlmodel import Session

VISITS_AT_ONCE = 500
COLUMNS = ("visit_id", "held_on", "held_at", "place", "men", "women", "signups", "result")
DETAILS = ("sector", "package", "payer", "workers")


def reports_of(db: Session, visit_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Read the current report of each visit: never a remark, never a name."""
    wanted = list(visit_ids)
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(wanted), VISITS_AT_ONCE):
        part = col(SessionReport.visit_id).in_(wanted[start : start + VISITS_AT_ONCE])
        current = part, col(SessionReport.corrected_by).is_(None)
        columns = (getattr(SessionReport, name) for name in COLUMNS)
        for row in db.execute(select(*columns).where(*current)):
            told = dict(zip(COLUMNS, row, strict=True)) | {"details": []}
            told["held_on"] = told["held_on"].isoformat()
            told["held_at"] = told["held_at"].isoformat("minutes")
            found[row.visit_id] = told
        _add_details(db, found, current)
    return found


def _add_details(db: Session, found: dict[int, dict[str, Any]], current: tuple[Any, ...]) -> None:
    query = (
        select(col(SessionReport.visit_id), *(getattr(SignUp, name) for name in DETAILS))
        .join(SignUp, col(SignUp.report_id) == col(SessionReport.id))
        .where(*current)
        .order_by(col(SignUp.sector), col(SignUp.package), col(SignUp.payer))
    )
    for visit_id, *told in db.execute(query):
        found[visit_id]["details"].append(dict(zip(DETAILS, told, strict=True)))
