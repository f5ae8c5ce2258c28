"""Makes evidence of pictures that have waited, as soon as their report counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from sqlalchemy import case, delete, select
from sqlmodel import col

from outreach.db import insert_into
from outreach.logbook.tables import DisputedReport, Evidence, WaitingPicture

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlmodel import Session

    from outreach.logbook.tables import EvidenceKind
    from outreach.logbook.taking import Takings

#: What evidence and a picture that waits have in common, save where they stand.
_SAME = (
    "visit_id", "village_code", "kind", "media_type", "width", "height", "content", "sha256",
    "account_id", "received_at",
)  # fmt: skip


def picture_id(report_id: str, kind: EvidenceKind) -> str:
    """Make the number of a picture of a form, which gives it none and has one of a kind."""
    return str(uuid5(UUID(report_id), kind.value))


def release_taken(db: Session, takings: Takings) -> None:
    """Release the pictures of what has been held or disputed until now, and counts from now on.

    Whoever keeps a picture waiting holds the visit, as whoever takes its report in does: so what
    was not known to wait before has none, and nothing is asked about it.
    """
    waited = {*takings.no_longer_held, *(report_id for report_id, _ in takings.known.disputed)}
    counting = {told.id: (told.id, told.report.visit_id) for told, _ in takings.stored}
    counting |= {told.id: (other, told.report.visit_id) for told, other in takings.repeats}
    release(db, {one: counting[one] for one in waited & counting.keys()})


def release(db: Session, counting: Mapping[str, tuple[str, int]]) -> None:
    """Make evidence of the pictures that wait; *counting* says what each report is stored as.

    Each id that a picture waits under has the id of the stored report and its visit. Where that
    report has a picture of the kind already, it stays, and the one that waited goes with the
    dispute that may still be open, else now.
    """
    if not counting:
        return
    query = select(
        col(WaitingPicture.id),
        col(WaitingPicture.report_id),
        col(WaitingPicture.visit_id),
        col(WaitingPicture.kind),
    ).where(col(WaitingPicture.report_id).in_(counting))
    query = query.order_by(col(WaitingPicture.received_at), col(WaitingPicture.id))
    found = [row for row in db.execute(query) if row.visit_id == counting[row.report_id][1]]
    if not found:
        return
    over = _copy(db, {row.id: _target(row, counting) for row in _first_of_each(found, counting)})
    left = {row.id: row.report_id for row in found if row.id not in over}
    disputed = _disputed(db, left.values())
    over |= {picture for picture, report_id in left.items() if report_id not in disputed}
    db.execute(delete(WaitingPicture).where(col(WaitingPicture.id).in_(over)))


def _target(row: Any, counting: Mapping[str, tuple[str, int]]) -> tuple[str, str]:
    """Say as which evidence of which report a picture counts."""
    report_id = counting[row.report_id][0]
    return picture_id(report_id, row.kind), report_id


def _first_of_each(found: Sequence[Any], counting: Mapping[str, tuple[str, int]]) -> list[Any]:
    """Choose where several count as the same: the one that came with the stored report itself."""
    chosen: dict[tuple[str, str], Any] = {}
    for row in found:
        target = _target(row, counting)
        if target not in chosen or row.report_id == target[1]:
            chosen[target] = row
    return list(chosen.values())


def _copy(db: Session, targets: Mapping[str, tuple[str, str]]) -> set[str]:
    """Copy within the database what finds its place free; return which that was."""
    waiting = col(WaitingPicture.id)
    ids = {picture: target[0] for picture, target in targets.items()}
    reports = {picture: target[1] for picture, target in targets.items()}
    columns = [col(getattr(WaitingPicture, name)) for name in _SAME]
    chosen = select(case(ids, value=waiting), case(reports, value=waiting), *columns)
    chosen = chosen.where(waiting.in_(ids))
    statement: Any = insert_into(db, Evidence).from_select(["id", "report_id", *_SAME], chosen)
    statement = statement.on_conflict_do_nothing().returning(col(Evidence.id))
    copied = set(db.scalars(statement))
    return {picture for picture, evidence_id in ids.items() if evidence_id in copied}


def _disputed(db: Session, report_ids: Collection[str]) -> set[str]:
    if not report_ids:
        return set()
    query = select(col(DisputedReport.report_id)).where(
        col(DisputedReport.report_id).in_(report_ids), col(DisputedReport.ruling).is_(None)
    )
    return set(db.scalars(query))
