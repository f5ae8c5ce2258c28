"""Villages that another stage of the same campaign has: no stage gives them a second visit.

Whoever lists the villages that wait for a visit, or gives one to a village that has none, asks
here. A visit that stands beside one of another stage already is left as it is.
"""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from outreach.campaigns.stages import area_of
from outreach.campaigns.tables import Stage, Status
from outreach.db import ROWS_PER_STATEMENT
from outreach.errors import Conflict
from outreach.people.access import within
from outreach.visits.tables import ACTIVE, REPORTED, Result, Visit

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement
    from sqlmodel import Session


def was_held(visit: Any = Visit) -> ColumnElement[bool]:
    """Hold for a visit (a table of the query) at which a session was held: somebody was met."""
    result = func.coalesce(col(visit.result), "")
    return and_(col(visit.work).in_(REPORTED), result != Result.NOT_MET.value)


def of_other_stages(stage: Stage) -> ColumnElement[bool]:
    """Hold for visits (tables `visit` and `stage` of the query) by which others have a village.

    Another stage of the campaign has it when it has held a session there, or when it is open and
    has a visit in its plan.
    """
    same_campaign = col(Stage.campaign_id) == stage.campaign_id
    return and_(same_campaign, col(Stage.id) != stage.id, _takes(Stage, Visit))


def taken_elsewhere(
    db: Session, stage: Stage, codes: Collection[str] | None = None
) -> frozenset[str]:
    """Read which villages of its area other stages of the campaign have, or of these *codes*."""
    code = col(Visit.village_code)
    query = (
        select(code).join(Stage, col(Stage.id) == col(Visit.stage_id)).where(of_other_stages(stage))
    )
    if codes is None:
        # A campaign of the nation has a million visits, of which a branch wants a thousandth.
        return frozenset(db.scalars(query.where(within(code, area_of(db, stage)))))
    # A campaign of the whole country has tens of thousands of visits.
    parts = batched(sorted(set(codes)), ROWS_PER_STATEMENT)
    return frozenset(found for part in parts for found in db.scalars(query.where(code.in_(part))))


def is_elsewhere(stage_id: Any, village_code: Any) -> ColumnElement[bool]:
    """Hold where another stage of a stage's campaign has the village.

    Both are values, or columns of the query around it.
    """
    own, other, visit = aliased(Stage), aliased(Stage), aliased(Visit)
    return exists().where(
        col(own.id) == stage_id,
        col(other.campaign_id) == col(own.campaign_id),
        col(other.id) != col(own.id),
        col(visit.stage_id) == col(other.id),
        col(visit.village_code) == village_code,
        _takes(other, visit),
    )


def has_gone(db: Session, stage_id: int, code: str) -> bool:
    """Ask whether another stage of the campaign has this one village."""
    return db.scalar(select(is_elsewhere(stage_id, code))) is True


def refuse_if_elsewhere(db: Session, stage_id: int, code: str) -> None:
    """Refuse to give a village a visit that another stage of the campaign has.

    Raises
    ------
    Conflict
        `village_elsewhere`, with the village.
    """
    if has_gone(db, stage_id, code):
        raise Conflict(problem="village_elsewhere", villages=[code])


def _takes(stage: Any, visit: Any) -> ColumnElement[bool]:
    is_planned = and_(col(stage.status) == Status.OPENED, col(visit.work).in_(ACTIVE))
    return or_(was_held(visit), is_planned)
