"""Makes evidence of pictures that have waited, as soon as their report counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from sqlalchemy import case, delete, select
from sqlmodel import col

from outreach.db import insert_into
from outreach.logbook.tables import Evidence, WaitingPicture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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


def waiting_id(report_id: str, fingerprint: str, kind: EvidenceKind) -> str:
    """Make the number of a picture that waits: one of a kind for each content of the report."""
    return str(uuid5(UUID(report_id), f"{kind.value} {fingerprint}"))


def release_taken(db: Session, takings: Takings) -> None:
    """Release the pictures of what has been held until now, and counts from now on.

    Whoever keeps a picture waiting holds the visit, as whoever takes its report in does: so what
    was not held before has none, and nothing is asked about it. What is disputed counts only as
    what a person takes it as.
    """
    counting = {(told.id, told.fingerprint): told.id for told, _ in takings.stored}
    counting |= {(told.id, told.fingerprint): other for told, other in takings.repeats}
    waited = set(takings.no_longer_held)
    release(db, {one: stored_as for one, stored_as in counting.items() if one[0] in waited})


def release(db: Session, counting: Mapping[tuple[str, str], str]) -> None:
    """Make evidence of the pictures that wait; *counting* says what each report is stored as.

    The id and the fingerprint of the report that a picture came with have the id of the stored
    one. Where that has a picture of the kind already, it stays, and the one that waited goes.
    """
    if not counting:
        return
    query = select(
        col(WaitingPicture.id),
        col(WaitingPicture.report_id),
        col(WaitingPicture.fingerprint),
        col(WaitingPicture.kind),
    ).where(col(WaitingPicture.report_id).in_({report_id for report_id, _ in counting}))
    query = query.order_by(col(WaitingPicture.received_at), col(WaitingPicture.id))
    found = [row for row in db.execute(query) if (row.report_id, row.fingerprint) in counting]
    if not found:
        return
    _copy(db, {row.id: _target(row, counting) for row in _first_of_each(found, counting)})
    over = [row.id for row in found]
    db.execute(delete(WaitingPicture).where(col(WaitingPicture.id).in_(over)))


def _target(row: Any, counting: Mapping[tuple[str, str], str]) -> tuple[str, str]:
    """Say as which evidence of which report a picture counts."""
    report_id = counting[row.report_id, row.fingerprint]
    return picture_id(report_id, row.kind), report_id


def _first_of_each(found: Sequence[Any], counting: Mapping[tuple[str, str], str]) -> list[Any]:
    """Choose where several count as the same: the one that came with the stored report itself."""
    chosen: dict[tuple[str, str], Any] = {}
    for row in found:
        target = _target(row, counting)
        if target not in chosen or row.report_id == target[1]:
            chosen[target] = row
    return list(chosen.values())


def _copy(db: Session, targets: Mapping[str, tuple[str, str]]) -> None:
    """Copy within the database what finds its place free."""
    waiting = col(WaitingPicture.id)
    ids = {picture: target[0] for picture, target in targets.items()}
    reports = {picture: target[1] for picture, target in targets.items()}
    columns = [col(getattr(WaitingPicture, name)) for name in _SAME]
    chosen = select(case(ids, value=waiting), case(reports, value=waiting), *columns)
    chosen = chosen.where(waiting.in_(ids))
    statement: Any = insert_into(db, Evidence).from_select(["id", "report_id", *_SAME], chosen)
    db.execute(statement.on_conflict_do_nothing())
