"""What a village's page tells of the way there, and of the score that would choose it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from outreach.campaigns.stages import open_stages_around
from outreach.people.tables import Role
from outreach.people.ways import is_overseas
from outreach.planning.model import Access
from outreach.planning.travel import AIR, BOAT
from outreach.villages.access import noted_access
from outreach.visits.shortlist import village_in_stage
from outreach.web.auth import person
from outreach.web.score_words import told_parts

if TYPE_CHECKING:
    from datetime import date

    from sqlmodel import Session

#: Those who see stages; an official sees the visits that come of them.
PLANNERS = (Role.COORDINATOR, Role.MANAGER)


def way_and_score(db: Session, code: str, today: date) -> dict[str, Any]:
    """Gather how the village is reached and, for those who see stages, why it is urgent."""
    noted = noted_access(db, code)
    derived = Access.BOAT if noted is None and is_overseas(db, code) else Access.ROAD
    access = noted.access if noted else derived
    usual = {Access.BOAT: BOAT.wait_minutes, Access.AIR: AIR.wait_minutes}.get(access)
    told = noted.wait_minutes if noted else None
    return {
        "access": access,
        "access_noted": noted,
        "wait_minutes": usual if told is None else told,
        "wait_is_assumed": told is None,
        "may_note_way": person().role in (Role.COORDINATOR, Role.ADMIN),
        "urgency": _urgency(db, code, today) if person().role in PLANNERS else None,
    }


def _urgency(db: Session, code: str, today: date) -> dict[str, Any] | None:
    """Explain the score in the latest open stage that may still choose the village."""
    for stage in open_stages_around(db, person(), code):
        if found := village_in_stage(db, stage, code, today):
            listed, points = found
            return {"stage": stage, "listed": listed, "parts": told_parts(listed, points)}
    return None
