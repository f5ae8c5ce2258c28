"""Reports that contradict a stored one: both are kept until a person says which holds."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime  # noqa: TC003 - dataclass fields are read at run time
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select
from sqlmodel import col

from outreach.campaigns.tables import Stage
from outreach.errors import Conflict, Invalid, NotFound
from outreach.logbook.listing import ReportRow, current_report, reports_of_village
from outreach.logbook.record import SessionReportIn, read_report
from outreach.logbook.releasing import release
from outreach.logbook.sending import Sending
from outreach.logbook.sync import Outcome, take_in
from outreach.logbook.tables import DisputedReport, ReportSource, Ruling
from outreach.people.access import Person, narrow
from outreach.people.edits import change, locked
from outreach.people.identity import holds_identity_number
from outreach.people.tables import Account, Team
from outreach.villages.tables import District, Village, Zone
from outreach.visits.lifecycle import MOVES, lost_place
from outreach.visits.tables import ACTIVE, Happening, Visit, Work

if TYPE_CHECKING:
    from sqlmodel import Session

LONGEST_WHY = 1000
#: More than anybody decides in a day; those that wait longest come first.
MOST_OPEN = 200


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """A report that contradicts a stored one; `reason` is the code of the contradiction."""

    id: int
    version: int
    report_id: str
    fingerprint: str
    visit_id: int
    reason: str
    village_code: str
    village: str
    district: str
    stage: str
    team: str
    day: date
    zone: Zone
    work: Work
    sender: str
    source: ReportSource
    received_at: datetime
    ruling: Ruling | None
    ruled_at: datetime | None
    ruled_by: int | None
    ruled_why: str
    taken_as: str | None


@dataclass(frozen=True, slots=True)
class Dispute:
    """Both reports side by side.

    `stored` is the report that counts for the visit, none if it has none; `told` what disputes
    it, as it was sent, none if it can no longer be read; `decider` who has decided. `hindrance`
    is a code of why it cannot be taken as the visit stands, empty if it can.
    """

    row: DisputeRow
    stored: ReportRow | None
    told: SessionReportIn | None
    decider: str | None
    hindrance: str


_COLUMNS: dict[str, Any] = {
    "village": Village.name,
    "district": District.name,
    "stage": Stage.name,
    "team": Team.name,
    "day": Visit.day,
    "zone": Visit.zone,
    "work": Visit.work,
    "sender": Account.name,
}


def open_disputes(db: Session, person: Person, most: int = MOST_OPEN) -> list[DisputeRow]:
    """List the disputes of the area that nobody has decided, the oldest first."""
    return _read(db, person, col(DisputedReport.ruling).is_(None), most=most)


def count_open(db: Session, person: Person) -> int:
    """Count the disputes of the area that nobody has decided."""
    query = select(func.count()).select_from(DisputedReport)
    query = narrow(query, DisputedReport.village_code, person)
    return db.scalars(query.where(col(DisputedReport.ruling).is_(None))).one()


def ruled_disputes(db: Session, person: Person, most: int) -> list[DisputeRow]:
    """List the disputes that were decided last."""
    latest = (col(DisputedReport.ruled_at).desc(), col(DisputedReport.id).desc())
    return _read(db, person, col(DisputedReport.ruling).is_not(None), most=most, order=latest)


def dispute_about(
    db: Session, person: Person, report_id: str, fingerprint: str
) -> DisputeRow | None:
    """Find the dispute that a report with just this content is kept as; None if there is none."""
    condition = and_(
        col(DisputedReport.report_id) == report_id, col(DisputedReport.fingerprint) == fingerprint
    )
    return next(iter(_read(db, person, condition)), None)


def dispute_of(db: Session, person: Person, dispute_id: int) -> Dispute:
    """Read one dispute with both reports.

    Raises
    ------
    NotFound
        If there is none, or its village lies outside the person's area.
    """
    found = _read(db, person, col(DisputedReport.id) == dispute_id)
    if not found:
        raise NotFound(kind="DisputedReport", id=dispute_id)
    row = found[0]
    content = db.scalars(
        select(col(DisputedReport.content)).where(col(DisputedReport.id) == dispute_id)
    ).one()
    decider = db.get(Account, row.ruled_by) if row.ruled_by else None
    name = decider.name if decider else None
    stored, told = _stored(db, person, row), _told(content)
    return Dispute(row, stored, told, name, _hindrance(db, row, stored, told))


def _hindrance(
    db: Session, row: DisputeRow, stored: ReportRow | None, told: SessionReportIn | None
) -> str:
    """Tell, as a code, why the visit takes neither a report nor a correction of its report."""
    if told is None:
        return "not_readable"
    move = MOVES.get((row.work, Happening.CORRECTED if stored else Happening.REPORTED))
    if move is None:
        return "wrong_status"
    if row.work in ACTIVE:
        return ""
    return lost_place(db, db.get_one(Visit, row.visit_id)) or ""


def rule(
    db: Session,
    dispute_id: int,
    ruling: Ruling,
    *,
    version: int,
    why: str,
    by: Person,
    now: datetime,
) -> None:
    """Decide a dispute: set the report aside, or take it as a correction of the stored one.

    What is taken comes in by the rules that every report comes in by, under a number of its own
    and in the name of whoever decides; the stored report stays, as corrected.

    Raises
    ------
    NotFound
        If the dispute is missing or outside the person's area.
    Conflict
        If somebody has decided it meanwhile (`changed_meanwhile`), or the report cannot be taken
        as the visit stands.
    Invalid
        If the reason is missing, too long or holds an identity number, or the report breaks a
        rule of today.
    """
    _check_why(why)
    row = dispute_of(db, by, dispute_id).row
    locked(db, Visit, row.visit_id)  # in this order, as reports take them
    dispute = locked(db, DisputedReport, dispute_id)
    given = {"ruling": ruling, "ruled_by": by.account_id, "ruled_at": now, "ruled_why": why.strip()}
    if dispute.ruling is not None or dispute.version != version:
        theirs = {"ruling": dispute.ruling}
        raise Conflict(problem="changed_meanwhile", yours={"ruling": ruling}, theirs=theirs)
    if ruling is Ruling.TAKEN:
        given["taken_as"] = _take(db, dispute, by, now)
    change(dispute, given, version)


def _take(db: Session, dispute: DisputedReport, by: Person, now: datetime) -> str:
    """Store what was told as the newest report of its visit and return its number."""
    stored = current_report(db, by, dispute.visit_id)
    told = dispute.content | {
        "id": str(uuid.uuid4()),
        "corrects_id": stored.id if stored else None,
    }
    sending = Sending(dispute.device_id, dispute.skew_seconds, dispute.source)
    (answer,) = take_in(db, [told], by, now, sending=sending, is_ruled=True)
    if answer.outcome is Outcome.REJECTED:
        raise Invalid(problems=answer.problems or {"ruling": [answer.reason]})
    if answer.outcome is not Outcome.ACCEPTED:
        raise Conflict(problem=answer.reason)
    # Pictures that came with it are evidence of what it is taken as.
    release(db, {(dispute.report_id, dispute.fingerprint): answer.id})
    return answer.id


def _check_why(why: str) -> None:
    if not why.strip():
        raise Invalid(problems={"why": ["missing"]})
    if len(why) > LONGEST_WHY:
        raise Invalid(problems={"why": ["too_long"]}, most=LONGEST_WHY)
    if holds_identity_number(why):
        raise Invalid(problems={"why": ["identity_number"]})


_OLDEST_FIRST = (col(DisputedReport.received_at), col(DisputedReport.id))


def _read(
    db: Session,
    person: Person,
    condition: Any,
    *,
    most: int | None = None,
    order: tuple[Any, ...] = _OLDEST_FIRST,
) -> list[DisputeRow]:
    names = DisputeRow.__slots__
    columns = [col(_COLUMNS.get(name) or getattr(DisputedReport, name)) for name in names]
    query: Any = (
        select(*columns)
        .select_from(DisputedReport)
        .join(Visit, col(Visit.id) == col(DisputedReport.visit_id))
        .join(Stage, col(Stage.id) == col(Visit.stage_id))
        .join(Team, col(Team.id) == col(Visit.team_id))
        .join(Village, col(Village.code) == col(DisputedReport.village_code))
        .join(District, col(District.code) == col(Village.district_code))
        .join(Account, col(Account.id) == col(DisputedReport.account_id))
        .where(condition)
        .order_by(*order)
        .limit(most)
    )
    narrowed = narrow(query, DisputedReport.village_code, person)
    return [DisputeRow(*row) for row in db.execute(narrowed)]


def _stored(db: Session, person: Person, row: DisputeRow) -> ReportRow | None:
    """Find the report that counts; once it is decided, the one that counted when it was."""
    current = current_report(db, person, row.visit_id)
    if row.taken_as is None:
        return current
    reports = reports_of_village(db, person, row.village_code)
    return next((one for one in reports if one.corrected_by == row.taken_as), None)


def _told(content: dict[str, Any]) -> SessionReportIn | None:
    try:
        return read_report(content)
    except Invalid:
        return None
