"""Where a team's leave and its visits collide: noting leave moves nothing by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlmodel import col

from outreach.people.rota import leave_days
from outreach.people.tables import Team
from outreach.visits.listing import visits_between
from outreach.visits.stays import stays_between, with_lost_stays
from outreach.visits.tables import TO_COME

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.people.tables import TeamLeave
    from outreach.visits.rows import VisitRow


def visits_in_leave(db: Session, person: Person, leave: TeamLeave) -> list[VisitRow]:
    """List the visits still to come that a team's leave makes impossible, by day and slot.

    They lie in it, or later in a stay of which it takes a day.
    """
    stays = stays_between(db, leave.starts, leave.ends, col(Team.id) == leave.team_id)
    last = max([leave.ends, *(stay.ends for stay in stays)])
    rows = visits_between(db, person, leave.starts, last, team_id=leave.team_id)
    return [row for row in rows if row.work in TO_COME]


def without_team(db: Session, branch_id: int, rows: Iterable[VisitRow]) -> frozenset[int]:
    """Ids of visits still to come whose team is on leave on their day, or earlier in its stay."""
    coming = [row for row in rows if row.work in TO_COME]
    if not coming:
        return frozenset()
    days = [row.day for row in coming]
    stays = stays_between(db, min(days), max(days), col(Team.branch_id) == branch_id)
    first = min([*days, *(stay.starts for stay in stays)])
    away = with_lost_stays(leave_days(db, branch_id, first, max(days)), stays)
    return frozenset(row.id for row in coming if row.day in away.get(row.team_id, ()))
