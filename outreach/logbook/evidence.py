"""Pictures that belong to reports: the photo of a session, the signature of the village head."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - dataclass fields are read at run time
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import and_, func, or_, select
from sqlmodel import col

from outreach.db import insert_into
from outreach.errors import NotFound
from outreach.logbook.sync import Answer, Outcome
from outreach.logbook.tables import (
    DisputedReport,
    Evidence,
    EvidenceKind,
    ItemKind,
    Ruling,
    SessionReport,
    TakenItem,
    WaitingPicture,
)
from outreach.people.access import covers, narrow
from outreach.people.tables import Account, Role

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.logbook.pictures import Picture
    from outreach.people.access import Person


#: Faces and a name in handwriting are for those who sent them and those who review the report.
MAY_SEE = frozenset({Role.OFFICIAL, Role.COORDINATOR})


class EvidenceIn(BaseModel):
    """What a phone tells about a picture; it makes the id when the picture is taken."""

    model_config = ConfigDict(frozen=True)
    id: UUID
    report_id: UUID
    kind: EvidenceKind


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """A picture to show, without its content."""

    id: str
    kind: EvidenceKind
    width: int
    height: int
    received_at: datetime
    sender: str


@dataclass(frozen=True, slots=True)
class Shown:
    """The picture itself."""

    media_type: str
    content: bytes


def digest_of(content: bytes) -> str:
    """Write what tells a picture that comes again from another one."""
    return hashlib.sha256(content).hexdigest()


def answer_before(db: Session, given: EvidenceIn, sha256: str | None, by: Person) -> Answer | None:
    """Answer without a look at the picture where that is not needed; None if it is.

    A picture stays what it is: a second one of its kind for the same report is a conflict. Who has
    a better one sends it with a correction. Without `sha256` one whose id is known is not told
    from a repeat: it is to be looked at.
    """
    evidence_id = str(given.id)
    report = _report(db, given)
    if report is None:
        return _without_report(db, given, by)
    if not covers(by.areas, report.village_code):
        return Answer(evidence_id, Outcome.REJECTED, "not_found")
    asked = (evidence_id, report.id, given.kind, sha256)
    # In one look: between two of them somebody else may store it, and it would seem another's.
    there = [tuple(row) for row in db.execute(_in_its_place(evidence_id, report.id, given.kind))]
    known = next((one for one in there if one[0] == evidence_id), None)
    if known is None:
        return Answer(evidence_id, Outcome.CONFLICT, "picture_there") if there else None
    if sha256 is None and known[:3] == asked[:3]:
        return None
    if known == asked:
        return Answer(evidence_id, Outcome.DUPLICATE)
    return Answer(evidence_id, Outcome.CONFLICT, "other_picture")


def _in_its_place(evidence_id: str, report_id: str, kind: EvidenceKind) -> Any:
    """Select what has a picture's id, and what its report has of its kind already."""
    return select(
        col(Evidence.id), col(Evidence.report_id), col(Evidence.kind), col(Evidence.sha256)
    ).where(
        or_(
            col(Evidence.id) == evidence_id,
            and_(col(Evidence.report_id) == report_id, col(Evidence.kind) == kind),
        )
    )


def _report(db: Session, given: EvidenceIn) -> SessionReport | None:
    """Read the report a picture belongs to; one that was disputed may be stored by another id."""
    report_id = str(given.report_id)
    if stored := db.get(SessionReport, report_id):
        return stored
    query = select(col(DisputedReport.taken_as)).where(
        col(DisputedReport.report_id) == report_id, col(DisputedReport.ruling) == Ruling.TAKEN
    )
    taken_as = db.scalars(query.order_by(col(DisputedReport.id).desc())).first()
    # Or it said what was stored already.
    repeat = select(col(TakenItem.reason)).where(
        col(TakenItem.id) == report_id, col(TakenItem.kind) == ItemKind.REPORT
    )
    stored_as = taken_as or db.scalars(repeat).first()
    return db.get(SessionReport, stored_as) if stored_as else None


def _without_report(db: Session, given: EvidenceIn, by: Person) -> Answer:
    """Ask the phone to keep a picture whose report is still on its way."""
    query = narrow(select(col(DisputedReport.id)), DisputedReport.village_code, by).where(
        col(DisputedReport.report_id) == str(given.report_id),
        col(DisputedReport.ruling) == Ruling.SET_ASIDE,
    )
    if db.execute(query).first() is not None:
        return Answer(str(given.id), Outcome.REJECTED, "report_set_aside")
    return Answer(str(given.id), Outcome.HELD, "waits_for_its_report")


def store_evidence(
    db: Session, given: EvidenceIn, sha256: str, picture: Picture, by: Person, now: datetime
) -> Answer:
    """Store a picture that was drawn anew; the same again changes nothing."""
    before = answer_before(db, given, sha256, by)
    if before is not None:
        return before
    report = cast("SessionReport", _report(db, given))  # else there was an answer before
    row = {
        "id": str(given.id),
        "report_id": report.id,
        "visit_id": report.visit_id,
        "village_code": report.village_code,
        "kind": given.kind,
        "media_type": picture.media_type,
        "width": picture.width,
        "height": picture.height,
        "content": picture.content,
        "sha256": sha256,
        "account_id": by.account_id,
        "received_at": now,
    }
    statement: Any = insert_into(db, Evidence).values(**row).on_conflict_do_nothing()
    if db.execute(statement.returning(Evidence.id)).first() is not None:
        return Answer(str(given.id), Outcome.ACCEPTED)
    # Somebody else was quicker, after we looked: only now does their row show.
    again = answer_before(db, given, sha256, by)
    return again or Answer(str(given.id), Outcome.CONFLICT, "picture_there")


def evidence_of_visit(db: Session, person: Person, visit_id: int) -> list[EvidenceRow]:
    """List the pictures of a visit that have not been erased, the newest first.

    Those of a report that was corrected are among them: the session is the same. Who only reads
    what was counted sees none.
    """
    if person.role not in MAY_SEE:
        return []
    query: Any = (
        select(
            col(Evidence.id),
            col(Evidence.kind),
            col(Evidence.width),
            col(Evidence.height),
            col(Evidence.received_at),
            col(Account.name),
        )
        .join(Account, col(Account.id) == col(Evidence.account_id))
        .where(col(Evidence.visit_id) == visit_id, func.length(col(Evidence.content)) > 0)
        .order_by(col(Evidence.kind), col(Evidence.received_at).desc(), col(Evidence.id))
    )
    rows = db.execute(narrow(query, Evidence.village_code, person))
    return [EvidenceRow(*row) for row in rows]


def evidence_content(db: Session, person: Person, evidence_id: str) -> Shown:
    """Read a picture.

    Raises
    ------
    NotFound
        If there is none, it has been erased, its village lies outside the person's area, or the
        person only reads what was counted.
    """
    return picture_content(db, person, Evidence, evidence_id)


def picture_content(
    db: Session, person: Person, table: type[Evidence | WaitingPicture], picture_id: str
) -> Shown:
    """Read a picture of either table, for who may see it.

    Raises
    ------
    NotFound
        If there is none, it has been erased, its village lies outside the person's area, or the
        person only reads what was counted.
    """
    query: Any = select(col(table.media_type), col(table.content)).where(
        col(table.id) == picture_id
    )
    row = db.execute(narrow(query, table.village_code, person)).first()
    if person.role not in MAY_SEE or row is None or not row.content:
        raise NotFound(kind=table.__name__, id=picture_id)
    return Shown(row.media_type, row.content)
