"""Visits that an edit of their stage has left outside its dates, area, kinds or list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, false, func, not_, or_, select
from sqlmodel import col

from outreach.campaigns.stages import area_of
from outreach.campaigns.tables import Pick, StagePick
from outreach.people.access import narrow, within
from outreach.villages.tables import Village
from outreach.visits.tables import TO_COME, Visit

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select
    from sqlmodel import Session

    from outreach.campaigns.tables import Stage
    from outreach.people.access import Person


def lies_outside(db: Session, stage: Stage) -> ColumnElement[bool]:
    """Hold for the visits to come of a stage that it does not take in as it is described now.

    The query holds the tables `visit` and `village`.
    """
    other_kind = col(Village.kind).not_in(stage.kinds) if stage.kinds else false()
    off_list = col(Visit.village_code).not_in(_listed(stage)) if stage.is_listed else false()
    return and_(
        col(Visit.stage_id) == stage.id,
        col(Visit.work).in_(TO_COME),
        or_(
            col(Visit.day) < stage.starts,
            col(Visit.day) > stage.ends,
            not_(within(Visit.village_code, area_of(db, stage))),
            other_kind,
            off_list,
        ),
    )


def _listed(stage: Stage) -> Select[Any]:
    """Villages that a listed stage takes: those put first in it."""
    return select(col(StagePick.village_code)).where(
        col(StagePick.stage_id) == stage.id, col(StagePick.pick) == Pick.FIRST
    )


def count_outside(db: Session, person: Person, stage: Stage) -> int:
    """Count these visits, as far as the person may see them."""
    query = (
        select(func.count(col(Visit.id)))
        .join(Village, col(Village.code) == col(Visit.village_code))
        .where(lies_outside(db, stage))
    )
    return db.scalar(narrow(query, Visit.village_code, person)) or 0
