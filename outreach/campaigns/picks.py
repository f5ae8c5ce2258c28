"""What a coordinator decides by hand about the villages of a stage: first, or left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from outreach.campaigns.stages import area_of, editable_stage
from outreach.campaigns.tables import Pick, StagePick
from outreach.errors import Invalid
from outreach.people.access import covers
from outreach.people.free_text import Remark
from outreach.people.regions import VillageCode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlmodel import Session

    from outreach.campaigns.tables import Stage
    from outreach.people.access import Person


class PickIn(BaseModel):
    """A village, what is decided about it, and why; no pick leaves it to its score again."""

    code: VillageCode
    pick: Pick | None = None
    # Also when it is not given: leaving out needs one.
    reason: Remark = Field(default="", validate_default=True)

    @field_validator("reason")
    @classmethod
    def _why_left_out(cls, reason: str, told: ValidationInfo) -> str:
        if told.data.get("pick") is Pick.LEFT_OUT and not reason:
            raise PydanticCustomError("missing", "Say why")
        return reason


def decide(db: Session, stage_id: int, given: PickIn, *, by: Person) -> Stage:
    """Put a village first, leave it out, or leave it to its score again.

    The latest decision holds, whoever made it.

    Raises
    ------
    Conflict
        If the stage is closed.
    Invalid
        If the village lies outside the area of the stage.
    """
    stage = editable_stage(db, stage_id, by)
    if not covers(area_of(db, stage), given.code):
        raise Invalid(problems={"code": ["outside_stage"]})
    of_village = delete(StagePick).where(
        col(StagePick.stage_id) == stage_id, col(StagePick.village_code) == given.code
    )
    db.execute(of_village)
    if given.pick is not None:
        _write(db, stage_id, given)
    return stage


def _write(db: Session, stage_id: int, given: PickIn) -> None:
    row = {
        "stage_id": stage_id,
        "village_code": given.code,
        "pick": given.pick,
        "reason": given.reason,
    }
    try:
        with db.begin_nested():
            db.execute(insert(StagePick), row)
    except IntegrityError as error:
        raise Invalid(problems={"code": ["unknown_village"]}) from error


def put_first(db: Session, stage: Stage, codes: Iterable[str], reason: str) -> int:
    """Put many villages first in a stage for one reason; return how many.

    Raises
    ------
    Invalid
        If one of them lies outside the area of the stage, or is unknown.
    """
    area, wanted = area_of(db, stage), sorted(set(codes))
    if not all(covers(area, code) for code in wanted):
        raise Invalid(problems={"code": ["outside_stage"]})
    rows = [
        {"stage_id": stage.id, "village_code": code, "pick": Pick.FIRST, "reason": reason}
        for code in wanted
    ]
    try:
        with db.begin_nested():
            if rows:
                db.execute(insert(StagePick), rows)
    except IntegrityError as error:
        raise Invalid(problems={"code": ["unknown_village"]}) from error
    return len(rows)


def copy_picks(db: Session, from_stage: Stage, to_stage: Stage) -> None:
    """Decide for a new stage what was decided for another."""
    query = select(col(StagePick.village_code), col(StagePick.pick), col(StagePick.reason))
    rows: list[dict[str, Any]] = [
        {**row._mapping, "stage_id": to_stage.id}  # noqa: SLF001 - SQLAlchemy's public name
        for row in db.execute(query.where(col(StagePick.stage_id) == from_stage.id))
    ]
    if rows:
        db.execute(insert(StagePick), rows)
