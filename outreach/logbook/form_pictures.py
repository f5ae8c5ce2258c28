"""Pictures that come with a form whose sender lets go of them: kept, whatever its report becomes.

The phone's own page keeps a picture until its report is stored. ODK Collect forgets it with the
form, as soon as we have that: so the picture of a report that is held or disputed waits here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - dataclass fields are read at run time
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select
from sqlmodel import col

from outreach.db import insert_into
from outreach.errors import Conflict, NotFound
from outreach.logbook.evidence import MAY_SEE, Shown
from outreach.logbook.releasing import picture_id
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
    from collections.abc import Collection

    from sqlmodel import Session

    from outreach.logbook.pictures import Picture
    from outreach.people.access import Person


@dataclass(frozen=True, slots=True)
class FormPicture:
    """A picture of a form that was answered; `sha256` is of what was sent.

    `may_wait` where the report is held or disputed, and not where it is stored already.
    """

    report_id: str
    visit_id: int
    kind: EvidenceKind
    sha256: str
    may_wait: bool


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A picture that waits with its report, to show, without its content."""

    id: str
    report_id: str
    visit_id: int
    kind: EvidenceKind
    width: int
    height: int
    received_at: datetime
    sender: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a picture can stand: under which report, in which table."""

    table: type[Evidence | WaitingPicture]
    report_id: str


def look(db: Session, given: FormPicture, by: Person) -> Answer | None:
    """Answer without a look at the picture where that is not needed; None if it is wanted.

    One that came before is a duplicate, or held if it waits with its report. Another one of its
    kind is a conflict: a picture stays what it is.

    Raises
    ------
    Conflict
        If the report is neither stored nor kept any more: the form is to be sent again.
    """
    found = _place(db, given, by)
    return found if isinstance(found, Answer) else None


def keep(db: Session, given: FormPicture, picture: Picture, by: Person, now: datetime) -> Answer:
    """Keep a picture that was drawn anew: as evidence if its report counts, else beside it.

    The visit is held meanwhile, as whoever takes a report in or rules on one holds it: so no
    picture is put to wait for what has just been stored.

    Raises
    ------
    Conflict
        As `look` does.
    """
    visit = locked(db, Visit, given.visit_id)
    found = _place(db, given, by)
    if isinstance(found, Answer):
        return found
    row = {
        "id": picture_id(found.report_id, given.kind),
        "report_id": found.report_id,
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
    reports = _counting(db, given)
    if given.sha256 in reports.values():
        return _told(given, Outcome.DUPLICATE)
    for report_id, there in reports.items():
        if there is None:
            return _Place(Evidence, report_id)
    if given.may_wait and _is_kept(db, given):
        return _place_to_wait(db, given)
    if reports:
        return _told(given, Outcome.CONFLICT, "picture_there")
    if _is_set_aside(db, given):
        return _told(given, Outcome.REJECTED, "report_set_aside")
    raise Conflict(problem="changed_meanwhile")


def _place_to_wait(db: Session, given: FormPicture) -> Answer | _Place:
    query = select(col(WaitingPicture.sha256)).where(
        col(WaitingPicture.report_id) == given.report_id, col(WaitingPicture.kind) == given.kind
    )
    there = db.scalars(query).first()
    if there is None:
        return _Place(WaitingPicture, given.report_id)
    if there == given.sha256:
        return _told(given, Outcome.HELD)
    return _told(given, Outcome.CONFLICT, "picture_there")


def _counting(db: Session, given: FormPicture) -> dict[str, str | None]:
    """Tell of the reports that the form is stored as what they have of the kind, its own first.

    That is the report of its own id, what a person took it as, and what it was a repeat of.
    """
    own = col(SessionReport.id) == given.report_id
    taken = select(col(DisputedReport.taken_as)).where(_disputes(given, Ruling.TAKEN))
    repeat = select(col(TakenItem.reason)).where(
        col(TakenItem.id) == given.report_id, col(TakenItem.kind) == ItemKind.REPORT
    )
    there = and_(col(Evidence.report_id) == col(SessionReport.id), col(Evidence.kind) == given.kind)
    query = (
        select(col(SessionReport.id), col(Evidence.sha256))
        .select_from(SessionReport)
        .outerjoin(Evidence, there)
        .where(
            col(SessionReport.visit_id) == given.visit_id,
            or_(own, *(col(SessionReport.id).in_(one) for one in (taken, repeat))),
        )
        .order_by(own.desc(), col(SessionReport.received_at).desc(), col(SessionReport.id))
    )
    return {row[0]: row[1] for row in db.execute(query)}


def _disputes(given: FormPicture, ruling: Ruling | None) -> Any:
    return and_(
        col(DisputedReport.report_id) == given.report_id,
        col(DisputedReport.visit_id) == given.visit_id,
        col(DisputedReport.ruling).is_(None)
        if ruling is None
        else col(DisputedReport.ruling) == ruling,
    )


def _is_kept(db: Session, given: FormPicture) -> bool:
    """Whether the report is held, or waits for a person's ruling."""
    held = select(col(HeldReport.id)).where(
        col(HeldReport.id) == given.report_id, col(HeldReport.visit_id) == given.visit_id
    )
    disputed = select(col(DisputedReport.report_id)).where(_disputes(given, None))
    return db.execute(held.union_all(disputed)).first() is not None


def _is_set_aside(db: Session, given: FormPicture) -> bool:
    query = select(col(DisputedReport.id)).where(_disputes(given, Ruling.SET_ASIDE))
    return db.execute(query).first() is not None


def waiting_pictures(
    db: Session, person: Person, report_ids: Collection[str]
) -> dict[str, list[WaitingRow]]:
    """List the pictures that wait with these reports, by report; who reads counts sees none."""
    if person.role not in MAY_SEE or not report_ids:
        return {}
    columns: list[Any] = [
        col(Account.name) if name == "sender" else col(getattr(WaitingPicture, name))
        for name in WaitingRow.__slots__
    ]
    query: Any = (
        select(*columns)
        .join(Account, col(Account.id) == col(WaitingPicture.account_id))
        .where(col(WaitingPicture.report_id).in_(report_ids))
        .order_by(col(WaitingPicture.kind), col(WaitingPicture.id))
    )
    found: dict[str, list[WaitingRow]] = {}
    for row in db.execute(narrow(query, WaitingPicture.village_code, person)):
        found.setdefault(row.report_id, []).append(WaitingRow(*row))
    return found


def waiting_content(db: Session, person: Person, waiting_id: str) -> Shown:
    """Read a picture that waits with its report.

    Raises
    ------
    NotFound
        If there is none, or not any more, its village lies outside the person's area, or the
        person only reads what was counted.
    """
    if person.role not in MAY_SEE:
        raise NotFound(kind="WaitingPicture", id=waiting_id)
    query: Any = select(col(WaitingPicture.media_type), col(WaitingPicture.content))
    query = narrow(query, WaitingPicture.village_code, person)
    row = db.execute(query.where(col(WaitingPicture.id) == waiting_id)).first()
    if row is None:
        raise NotFound(kind="WaitingPicture", id=waiting_id)
    return Shown(row.media_type, row.content)
