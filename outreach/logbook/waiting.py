"""Lists the corrections that wait for the report they correct, and until when they do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime  # noqa: TC003 - dataclass fields are read at run time
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlmodel import col

from outreach.logbook.overdue import LONGEST_WAIT
from outreach.logbook.tables import HeldReport, ReportSource
from outreach.people.access import narrow
from outreach.people.tables import Account
from outreach.villages.tables import District, Village, Zone
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.people.access import Person


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A correction that waits; `received_at` is since when."""

    id: str
    fingerprint: str
    visit_id: int
    village: str
    district: str
    day: date
    zone: Zone
    sender: str
    source: ReportSource
    received_at: datetime

    @property
    def until(self) -> datetime:
        """When it is taken in, or kept to be decided, though its report has not come."""
        return self.received_at + LONGEST_WAIT


def held_reports(db: Session, person: Person, most: int) -> list[HeldRow]:
    """List the corrections of the area that wait, the one that waits longest first."""
    columns: list[Any] = [
        col(HeldReport.id),
        col(HeldReport.fingerprint),
        col(HeldReport.visit_id),
        col(Village.name),
        col(District.name),
        col(Visit.day),
        col(Visit.zone),
        col(Account.name),
        col(HeldReport.source),
        col(HeldReport.received_at),
    ]
    query: Any = (
        select(*columns)
        .select_from(HeldReport)
        .join(Visit, col(Visit.id) == col(HeldReport.visit_id))
        .join(Village, col(Village.code) == col(Visit.village_code))
        .join(District, col(District.code) == col(Village.district_code))
        .join(Account, col(Account.id) == col(HeldReport.account_id))
        .order_by(col(HeldReport.received_at), col(HeldReport.id))
        .limit(most)
    )
    return [HeldRow(*row) for row in db.execute(narrow(query, Visit.village_code, person))]


def count_held(db: Session, person: Person) -> int:
    """Count the corrections of the area that wait."""
    query: Any = (
        select(func.count())
        .select_from(HeldReport)
        .join(Visit, col(Visit.id) == col(HeldReport.visit_id))
    )
    return int(db.scalars(narrow(query, Visit.village_code, person)).one())
