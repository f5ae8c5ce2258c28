"""Pictures that come with a form whose sender lets go of them: kept, whatever its report becomes.

The phone's own page keeps a picture until its report is stored. ODK Collect forgets it with the
form, as soon as we have that: so the picture of a report that is held or disputed waits here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - dataclass fields are read at run time
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select, tuple_
from sqlmodel import col

from outreach.db import insert_into
from outreach.errors import Conflict
from outreach.logbook.evidence import MAY_SEE, Shown, picture_content
from outreach.logbook.releasing import picture_id, waiting_id
from outreach.logbook.sync import Answer, Outcome
from outreach.logbook.tables import (
    DisputedReport,
    Evidence,
    EvidenceKind,
    HeldReport,
    ItemKind,
    Ruling,
    SessionReport,
    TakenItem,
    WaitingPicture,
)
from outreach.people.access import covers, narrow
from outreach.people.edits import locked
from outreach.people.tables import Account
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlmodel import Session

    from outreach.logbook.pictures import Picture
    from outreach.people.access import Person


@dataclass(frozen=True, slots=True)
class FormPicture:
    """A picture of a form that was answered; `sha256` is of what was sent.

    `fingerprint` is that of the report in the form: what else was sent under its id has pictures
    of its own.
    """

    report_id: str
    visit_id: int
    fingerprint: str
    kind: EvidenceKind
    sha256: str


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A picture that waits with its report, to show, without its content."""

    id: str
    report_id: str
    fingerprint: str
    kind: EvidenceKind
    width: int
    height: int
    received_at: datetime
    sender: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a picture can stand: under which report, in which table."""

    table: type[Evidence | WaitingPicture]
    row: dict[str, str]


def look(db: Session, given: FormPicture, by: Person) -> Answer | None:
    """Answer without a look at the picture where that is not needed; None if it is wanted.

    One that came before is a duplicate, or held if it waits with its report. Another one of its
    kind is a conflict: a picture stays what it is. Whether its report is still there is for
    whoever holds the visit to say (`keep`): here it may be stored between two looks.
    """
    try:
        found = _place(db, given, by)
    except Conflict:
        return None
    return found if isinstance(found, Answer) else None


def keep(db: Session, given: FormPicture, picture: Picture, by: Person, now: datetime) -> Answer:
    """Keep a picture that was drawn anew: as evidence if its report counts, else beside it.

    The visit is held meanwhile, as whoever takes a report in or rules on one holds it: so no
    picture is put to wait for what has just been stored.

    Raises
    ------
    Conflict
        If the report is neither stored nor kept any more: the form is to be sent again.
    """
    visit = locked(db, Visit, given.visit_id)
    found = _place(db, given, by)
    if isinstance(found, Answer):
        return found
    row = found.row | {
        "visit_id": given.visit_id,
        "village_code": visit.village_code,
        "kind": given.kind,
        "media_type": picture.media_type,
        "width": picture.width,
        "height": picture.height,
        "content": picture.content,
        "sha256": given.sha256,
        "account_id": by.account_id,
        "received_at": now,
    }
    statement: Any = insert_into(db, found.table).values(**row).on_conflict_do_nothing()
    if db.execute(statement.returning(col(found.table.id))).first() is None:
        # A phone's page, which does not hold the visit, was quicker.
        return look(db, given, by) or _told(given, Outcome.CONFLICT, "picture_there")
    waits = found.table is WaitingPicture
    return _told(given, Outcome.HELD if waits else Outcome.ACCEPTED)


def _told(given: FormPicture, outcome: Outcome, reason: str = "") -> Answer:
    return Answer(picture_id(given.report_id, given.kind), outcome, reason)


def _place(db: Session, given: FormPicture, by: Person) -> Answer | _Place:
    """Find where the picture belongs, unless it is there, or another one is, or it has no place."""
    visit = db.get(Visit, given.visit_id)
    if visit is None or not covers(by.areas, visit.village_code):
        return _told(given, Outcome.REJECTED, "not_found")
    reports = _stored(db, given)
    if given.sha256 in {there.sha256 for there in reports}:
        return _told(given, Outcome.DUPLICATE)
    for there in reports:
        if there.counts:
            return _place_as_evidence(given, there.id, there.sha256)
    if _is_kept(db, given):
        return _place_to_wait(db, given)
    if _is_set_aside(db, given):
        return _told(given, Outcome.REJECTED, "report_set_aside")
    raise Conflict(problem="changed_meanwhile")


def _place_as_evidence(given: FormPicture, report_id: str, there: str | None) -> Answer | _Place:
    if there is not None:
        return _told(given, Outcome.CONFLICT, "picture_there")
    own = picture_id(report_id, given.kind)
    return _Place(Evidence, {"id": own, "report_id": report_id})


def _place_to_wait(db: Session, given: FormPicture) -> Answer | _Place:
    own = waiting_id(given.report_id, given.fingerprint, given.kind)
    query = select(col(WaitingPicture.sha256)).where(col(WaitingPicture.id) == own)
    there = db.scalars(query).first()
    if there is None:
        form = {"report_id": given.report_id, "fingerprint": given.fingerprint}
        return _Place(WaitingPicture, {"id": own, **form})
    if there == given.sha256:
        return _told(given, Outcome.HELD)
    return _told(given, Outcome.CONFLICT, "picture_there")


def _stored(db: Session, given: FormPicture) -> Sequence[Any]:
    """Tell of the reports stored from forms of this id what they have of the kind.

    One of them `counts` as this very form: the report of its own id if it says the same, else
    what a person took it as or what it was a repeat of.
    """
    report_id = col(SessionReport.id)
    taken = select(col(DisputedReport.taken_as)).where(_disputes(given, Ruling.TAKEN))
    repeat = select(col(TakenItem.reason)).where(
        col(TakenItem.id) == given.report_id,
        col(TakenItem.kind) == ItemKind.REPORT,
        col(TakenItem.fingerprint) == given.fingerprint,
    )
    own = report_id == given.report_id
    there = and_(col(Evidence.report_id) == report_id, col(Evidence.kind) == given.kind)
    counts = or_(~own, col(SessionReport.fingerprint) == given.fingerprint)
    query = (
        select(report_id, col(Evidence.sha256), counts.label("counts"))
        .select_from(SessionReport)
        .outerjoin(Evidence, there)
        .where(
            col(SessionReport.visit_id) == given.visit_id,
            or_(own, *(report_id.in_(one) for one in (taken, repeat))),
        )
        .order_by(own.desc(), col(SessionReport.received_at).desc(), report_id)
    )
    return db.execute(query).all()


def _disputes(given: FormPicture, ruling: Ruling | None) -> Any:
    return and_(
        col(DisputedReport.report_id) == given.report_id,
        col(DisputedReport.fingerprint) == given.fingerprint,
        col(DisputedReport.ruling).is_(None)
        if ruling is None
        else col(DisputedReport.ruling) == ruling,
    )


def _is_kept(db: Session, given: FormPicture) -> bool:
    """Whether the report is held or waits for a person's ruling, as this form tells it."""
    held = select(col(HeldReport.id)).where(
        col(HeldReport.id) == given.report_id, col(HeldReport.fingerprint) == given.fingerprint
    )
    disputed = select(col(DisputedReport.report_id)).where(_disputes(given, None))
    return db.execute(held.union_all(disputed)).first() is not None


def _is_set_aside(db: Session, given: FormPicture) -> bool:
    query = select(col(DisputedReport.id)).where(_disputes(given, Ruling.SET_ASIDE))
    return db.execute(query).first() is not None


def waiting_pictures(
    db: Session, person: Person, reports: Collection[tuple[str, str]]
) -> dict[tuple[str, str], list[WaitingRow]]:
    """List the pictures that wait with these reports, by id and fingerprint of the report.

    Who reads counts sees none.
    """
    if person.role not in MAY_SEE or not reports:
        return {}
    columns: list[Any] = [
        col(Account.name) if name == "sender" else col(getattr(WaitingPicture, name))
        for name in WaitingRow.__slots__
    ]
    query: Any = (
        select(*columns)
        .join(Account, col(Account.id) == col(WaitingPicture.account_id))
        .where(tuple_(col(WaitingPicture.report_id), col(WaitingPicture.fingerprint)).in_(reports))
        .order_by(col(WaitingPicture.kind), col(WaitingPicture.id))
    )
    found: dict[tuple[str, str], list[WaitingRow]] = {}
    for row in db.execute(narrow(query, WaitingPicture.village_code, person)):
        found.setdefault((row.report_id, row.fingerprint), []).append(WaitingRow(*row))
    return found


def waiting_content(db: Session, person: Person, waiting_id: str) -> Shown:
    """Read a picture that waits with its report.

    Raises
    ------
    NotFound
        If there is none, or not any more, its village lies outside the person's area, or the
        person only reads what was counted.
    """
    return picture_content(db, person, WaitingPicture, waiting_id)
