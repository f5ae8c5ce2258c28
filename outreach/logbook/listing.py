"""Lists reports for pages: narrowed to the person's area, with the names people know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time  # noqa: TC003 - as above
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.errors import NotFound
from outreach.logbook.record import receipt_of
from outreach.logbook.tables import (
    Package,
    Payer,
    ReportSource,
    Sector,
    SessionReport,
    SignUp,
)
from outreach.people.access import narrow
from outreach.people.tables import Account
from outreach.villages.tables import Village, Zone
from outreach.visits.tables import Result, Visit, Work

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlmodel import Session

    from outreach.people.access import Person


@dataclass(frozen=True, slots=True)
class Detail:
    """How many workers of one sector took one package paid by one payer."""

    sector: Sector
    package: Package
    payer: Payer
    workers: int


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A stored report; it counts as long as `corrected_by` is empty."""

    id: str
    visit_id: int
    village_code: str
    village: str
    held_on: date
    held_at: time
    zone: Zone
    place: str
    men: int
    women: int
    signups: int
    result: Result
    remarks: str
    flags: list[str]
    corrects_id: str | None
    corrected_by: str | None
    reporter: str
    received_at: datetime
    fingerprint: str
    paid: int | None
    minutes: int | None
    latitude: float | None
    longitude: float | None
    source: ReportSource
    saved_at: datetime | None
    skew_seconds: int | None
    work: Work
    details: Sequence[Detail] = ()

    @property
    def people(self) -> int:
        """Men and women who were there."""
        return self.men + self.women

    @property
    def receipt(self) -> str:
        """Short code made of the stored content, to read out on the phone."""
        return receipt_of(self.fingerprint)


_JOINED: dict[str, Any] = {"village": Village.name, "reporter": Account.name, "work": Visit.work}


def report_of(db: Session, person: Person, report_id: str) -> ReportRow:
    """Read one report with its details.

    Raises
    ------
    NotFound
        If there is none, or its village lies outside the person's area.
    """
    found = _read(db, _rows(person).where(col(SessionReport.id) == report_id))
    if not found:
        raise NotFound(kind="SessionReport", id=report_id)
    return found[0]


def current_report(db: Session, person: Person, visit_id: int) -> ReportRow | None:
    """Read the report of a visit that counts; none if nothing was reported."""
    current = col(SessionReport.corrected_by).is_(None)
    found = _read(db, _rows(person).where(col(SessionReport.visit_id) == visit_id, current))
    return found[0] if found else None


def current_reports(db: Session, visit_ids: Collection[int]) -> dict[int, ReportRow]:
    """Read the reports of these visits that count, for a caller who may see them."""
    current = col(SessionReport.corrected_by).is_(None)
    query = _all_rows().where(col(SessionReport.visit_id).in_(visit_ids), current)
    return {one.visit_id: one for one in _read(db, query)}


def recent_reports(db: Session, person: Person, limit: int = 30) -> list[ReportRow]:
    """List the reports of the area that count, the newest first."""
    query = _rows(person).where(col(SessionReport.corrected_by).is_(None))
    return _read(db, query.limit(limit))


def reports_since(db: Session, person: Person, first: date, *, limit: int) -> list[ReportRow]:
    """List the reports of sessions held since a day, the corrected ones too, the newest first."""
    query = _rows(person).where(col(SessionReport.held_on) >= first)
    return _read(db, query.limit(limit))


def reports_of_village(db: Session, person: Person, code: str) -> list[ReportRow]:
    """List every report of a village, the corrected ones too, the newest first."""
    return _read(db, _rows(person).where(col(SessionReport.village_code) == code))


def _rows(person: Person) -> Any:
    return narrow(_all_rows(), SessionReport.village_code, person)


def _all_rows() -> Any:
    own = [field.name for field in fields(ReportRow) if field.name != "details"]
    columns: list[Any] = [
        col(_JOINED.get(name) or getattr(SessionReport, name)).label(name) for name in own
    ]
    return (
        select(*columns)
        .select_from(SessionReport)
        .join(Visit, col(Visit.id) == col(SessionReport.visit_id))
        .join(Village, col(Village.code) == col(SessionReport.village_code))
        .join(Account, col(Account.id) == col(SessionReport.reported_by))
        .order_by(col(SessionReport.received_at).desc(), col(SessionReport.id))
    )


def _read(db: Session, query: Any) -> list[ReportRow]:
    rows = [ReportRow(*row) for row in db.execute(query)]
    details: dict[str, list[Detail]] = defaultdict(list)
    wanted = col(SignUp.report_id).in_([row.id for row in rows])
    for signup in db.scalars(select(SignUp).where(wanted).order_by(col(SignUp.workers).desc())):
        detail = Detail(signup.sector, signup.package, signup.payer, signup.workers)
        details[signup.report_id].append(detail)
    return [replace(row, details=tuple(details[row.id])) for row in rows]
