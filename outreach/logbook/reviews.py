"""The reports that wait for the coordinator, each in one line with what it is judged by."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time  # noqa: TC003 - dataclass fields are read at run time
from itertools import batched
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from outreach.campaigns.tables import Stage
from outreach.logbook.tables import (
    DisputedReport,
    Evidence,
    EvidenceKind,
    ReportSource,
    SessionReport,
)
from outreach.people.access import narrow
from outreach.people.tables import Account, Team
from outreach.villages.tables import District, Village, Zone
from outreach.visits.reviewing import take_reported
from outreach.visits.tables import Result, Visit, Work

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlmodel import Session

    from outreach.people.access import Person

# SQLite takes 32,766 values in one statement.
_PER_STATEMENT = 5000


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that belongs to a report, by its number."""

    id: str
    kind: EvidenceKind


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A reported visit that waits, with its current report.

    `uncovered` are the village's informal workers without cover, by the estimate; `people_before`
    and `signups_before` what the corrected report had told, if this one is a correction;
    `dispute_id` the latest report that contradicts it and that nobody has decided on.
    """

    visit_id: int
    version: int
    report_id: str
    village_code: str
    village: str
    district: str
    stage: str
    team: str
    held_on: date
    held_at: time
    zone: Zone
    men: int
    women: int
    signups: int
    paid: int | None
    minutes: int | None
    result: Result
    remarks: str
    flags: list[str]
    source: ReportSource
    reporter: str
    received_at: datetime
    informal_workers: int
    informal_covered: int
    people_before: int | None
    signups_before: int | None
    dispute_id: int | None
    pictures: tuple[Picture, ...] = ()

    @property
    def people(self) -> int:
        """Men and women who were there."""
        return self.men + self.women

    @property
    def uncovered(self) -> int:
        """Informal workers of the village without cover, by the estimate."""
        return self.informal_workers - self.informal_covered

    @property
    def has_signs(self) -> bool:
        """Whether somebody should look at it before it is approved."""
        return bool(self.flags) or self.dispute_id is not None


_BASE = aliased(SessionReport)
_DISPUTE = (
    select(func.max(col(DisputedReport.id)))
    .where(col(DisputedReport.visit_id) == col(Visit.id), col(DisputedReport.ruling).is_(None))
    .correlate(Visit)
    .scalar_subquery()
)
_COLUMNS: dict[str, Any] = {
    "visit_id": Visit.id,
    "version": Visit.version,
    "report_id": SessionReport.id,
    "village_code": Visit.village_code,
    "village": Village.name,
    "district": District.name,
    "stage": Stage.name,
    "team": Team.name,
    "reporter": Account.name,
    "informal_workers": Village.informal_workers,
    "informal_covered": Village.informal_covered,
    "people_before": _BASE.men + _BASE.women,
    "signups_before": _BASE.signups,
    "dispute_id": _DISPUTE,
}


def waiting_reviews(db: Session, person: Person, most: int) -> list[ReviewRow]:
    """List the reports that nobody has decided on, the oldest first, without their pictures."""
    return _read(db, _rows(person).limit(most))


def reviews_seen(db: Session, person: Person, seen: Mapping[int, int]) -> list[ReviewRow]:
    """List those of the visits that still wait as they were seen, the oldest first.

    *seen* holds the version with which each was shown, by visit. Pictures are left out.
    """
    rows = [
        row
        for part in batched(sorted(seen), _PER_STATEMENT)
        for row in _read(db, _rows(person).where(col(Visit.id).in_(part)))
    ]
    return [row for row in rows if row.version == seen[row.visit_id]]


def take_reviews(db: Session, person: Person, seen: Mapping[int, int]) -> list[ReviewRow]:
    """Read what `reviews_seen` does, and keep it as it is until the unit of work ends.

    Taken are the visits and then their current reports, in the order of `teamday.lock_teams`:
    who tells something else of a visit waits for the visit, and who marks its report by what a
    neighbour tells waits for the report. Read is by a statement after these, so that what they
    had to wait for is seen.

    Raises
    ------
    Invalid
        If there are more than `reviewing.MOST_AT_ONCE`.
    """
    visits = [one.id for one in take_reported(db, seen, person)]
    reports: Any = (
        select(col(SessionReport.id))
        .where(col(SessionReport.visit_id).in_(visits), col(SessionReport.corrected_by).is_(None))
        .order_by(col(SessionReport.id))
    )
    db.execute(reports.with_for_update(key_share=True))
    return reviews_seen(db, person, seen)


def _rows(person: Person) -> Any:
    columns = [_column(field.name) for field in fields(ReviewRow) if field.name != "pictures"]
    query: Any = (
        select(*columns)
        .select_from(Visit)
        .join(SessionReport, col(SessionReport.visit_id) == col(Visit.id))
        .outerjoin(_BASE, col(_BASE.id) == col(SessionReport.corrects_id))
        .join(Stage, col(Stage.id) == col(Visit.stage_id))
        .join(Team, col(Team.id) == col(Visit.team_id))
        .join(Village, col(Village.code) == col(Visit.village_code))
        .join(District, col(District.code) == col(Village.district_code))
        .join(Account, col(Account.id) == col(SessionReport.reported_by))
        .where(col(Visit.work) == Work.DONE, col(SessionReport.corrected_by).is_(None))
        .order_by(col(SessionReport.received_at), col(Visit.id))
    )
    return narrow(query, Visit.village_code, person)


def _column(name: str) -> Any:
    return _COLUMNS[name] if name in _COLUMNS else getattr(SessionReport, name)


def _read(db: Session, query: Any) -> list[ReviewRow]:
    return [ReviewRow(*row) for row in db.execute(query)]


def count_waiting(db: Session, person: Person) -> int:
    """Count the reported visits of the area that nobody has decided on."""
    query: Any = select(func.count()).select_from(Visit).where(col(Visit.work) == Work.DONE)
    return int(db.scalars(narrow(query, Visit.village_code, person)).one())


def with_pictures(db: Session, rows: Collection[ReviewRow]) -> list[ReviewRow]:
    """Add the pictures of each session, erased ones left out, to what its reader may see.

    Those of a report that was corrected are among them: the session is the same.
    """
    pictures: dict[int, list[Picture]] = defaultdict(list)
    for part in batched([row.visit_id for row in rows], _PER_STATEMENT):
        query = (
            select(col(Evidence.visit_id), col(Evidence.id), col(Evidence.kind))
            .where(col(Evidence.visit_id).in_(part), func.length(col(Evidence.content)) > 0)
            .order_by(col(Evidence.kind), col(Evidence.received_at).desc(), col(Evidence.id))
        )
        for visit_id, picture_id, kind in db.execute(query):
            pictures[visit_id].append(Picture(picture_id, kind))
    return [replace(row, pictures=tuple(pictures[row.visit_id])) for row in rows]
