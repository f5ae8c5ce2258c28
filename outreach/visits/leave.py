"""Where a team's leave and its visits collide: noting leave moves nothing by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.people.rota import leave_days
from outreach.visits.listing import visits_between
from outreach.visits.tables import TO_COME

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.people.tables import TeamLeave
    from outreach.visits.rows import VisitRow


def visits_in_leave(db: Session, person: Person, leave: TeamLeave) -> list[VisitRow]:
    """List the visits still to come that lie in a team's leave, by day and slot."""
    rows = visits_between(db, person, leave.starts, leave.ends, team_id=leave.team_id)
    return [row for row in rows if row.work in TO_COME]


def without_team(db: Session, branch_id: int, rows: Iterable[VisitRow]) -> frozenset[int]:
    """Ids of those visits still to come whose team is on leave on their day."""
    coming = [row for row in rows if row.work in TO_COME]
    if not coming:
        return frozenset()
    days = [row.day for row in coming]
    away = leave_days(db, branch_id, min(days), max(days))
    return frozenset(row.id for row in coming if row.day in away.get(row.team_id, ()))
