"""How far an official's own villages are: one row each, from one statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlmodel import col

from outreach.logbook.tables import SessionReport
from outreach.people.access import narrow
from outreach.progress.scope import current_reports, scope_for
from outreach.villages.tables import Village
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.people.access import Person

#: More villages than any official looks after.
MOST_VILLAGES = 100


@dataclass(frozen=True, slots=True)
class OwnVillage:
    """A village and what its current reports add up to; `paid` is none where nobody told it.

    `informal_workers` and `covered` are estimates.
    """

    code: str
    name: str
    informal_workers: int
    covered: int
    sessions: int
    people: int
    signups: int
    paid: int | None

    @property
    def reached(self) -> bool:
        """Whether a session met people."""
        return self.people > 0


def own_villages(db: Session, person: Person) -> list[OwnVillage]:
    """List the villages of an official by name."""
    brought = _brought(person).subquery()
    query: Any = (
        select(
            col(Village.code),
            col(Village.name),
            col(Village.informal_workers),
            col(Village.informal_covered),
            func.coalesce(brought.c.sessions, 0),
            func.coalesce(brought.c.people, 0),
            func.coalesce(brought.c.signups, 0),
            brought.c.paid,
        )
        .outerjoin(brought, brought.c.code == col(Village.code))
        .order_by(col(Village.name), col(Village.code))
        .limit(MOST_VILLAGES)
    )
    rows = db.execute(narrow(query, Village.code, person))
    return [OwnVillage(*row) for row in rows]


def _brought(person: Person) -> Any:
    """Add up the current reports of each village of the person."""
    query: Any = select(
        col(Visit.village_code).label("code"),
        func.count().label("sessions"),
        func.sum(col(SessionReport.men) + col(SessionReport.women)).label("people"),
        func.sum(SessionReport.signups).label("signups"),
        func.sum(SessionReport.paid).label("paid"),
    ).select_from(Visit)
    return current_reports(query, scope_for(person)).group_by(Visit.village_code)
