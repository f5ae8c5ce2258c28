"""Gives the days of visits back that nobody outside the branch has been told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update
from sqlmodel import col

from outreach.campaigns.tables import Stage
from outreach.visits.question import PLANNED_ANEW, REPLACEABLE
from outreach.visits.tables import Happening, Visit, VisitEvent, Work
from outreach.visits.teamday import lock_teams

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from outreach.people.access import Person


def release_proposals(
    db: Session, stage_id: int, by: Person, now: datetime, reason: str = PLANNED_ANEW
) -> int:
    """Cancel the visits of a stage that nobody has been told of, with a line of history each."""
    lock_teams(db, db.get_one(Stage, stage_id).branch_id)
    proposals = (col(Visit.stage_id) == stage_id, col(Visit.work).in_(REPLACEABLE))
    # In order of their numbers: an update takes them as they come.
    db.execute(
        select(col(Visit.id))
        .where(*proposals)
        .order_by(col(Visit.id))
        .with_for_update(key_share=True)
    )
    released = (
        update(Visit)
        .where(*proposals)
        .values(work=Work.CANCELLED, version=col(Visit.version) + 1)
        .returning(col(Visit.id), col(Visit.village_code))
        .execution_options(synchronize_session=False)
    )
    rows = sorted(tuple(row) for row in db.execute(released))
    events = [
        {
            "visit_id": visit_id,
            "village_code": village_code,
            "happening": Happening.CANCELLED,
            "at": now,
            "account_id": by.account_id,
            "before": {"work": Work.PROPOSED.value},
            "after": {"work": Work.CANCELLED.value},
            "reason": reason,
        }
        for visit_id, village_code in rows
    ]
    if events:
        db.execute(insert(VisitEvent), events)
    return len(events)
