"""Visits that an edit of their stage has left outside its dates, its area or its kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, false, func, not_, or_, select
from sqlmodel import col

from outreach.campaigns.stages import area_of
from outreach.people.access import narrow, within
from outreach.villages.tables import Village
from outreach.visits.tables import TO_COME, Visit

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from outreach.campaigns.tables import Stage
    from outreach.people.access import Person


def lies_outside(db: Session, stage: Stage) -> ColumnElement[bool]:
    """Hold for the visits to come of a stage that it does not take in as it is described now.

    The query holds the tables `visit` and `village`.
    """
    other_kind = col(Village.kind).not_in(stage.kinds) if stage.kinds else false()
    return and_(
        col(Visit.stage_id) == stage.id,
        col(Visit.work).in_(TO_COME),
        or_(
            col(Visit.day) < stage.starts,
            col(Visit.day) > stage.ends,
            not_(within(Visit.village_code, area_of(db, stage))),
            other_kind,
        ),
    )


def count_outside(db: Session, person: Person, stage: Stage) -> int:
    """Count these visits, as far as the person may see them."""
    query = (
        select(func.count(col(Visit.id)))
        .join(Village, col(Village.code) == col(Visit.village_code))
        .where(lies_outside(db, stage))
    )
    return db.scalar(narrow(query, Visit.village_code, person)) or 0
