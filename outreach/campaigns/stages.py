"""Stages of a campaign: which villages of a branch, when, how many; drafted, opened, closed."""

from __future__ import annotations

from datetime import date  # noqa: TC003 - Pydantic reads it at run time
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import delete, update
from sqlmodel import col, select

from outreach.campaigns.access import branch_regencies, holds_branch, visible_branches
from outreach.campaigns.days import PlannedDay, check_stage_length
from outreach.campaigns.tables import Campaign, Omission, Ordering, Stage, StagePick, Status
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.access import Person, covers
from outreach.people.edits import change, locked, unique_name
from outreach.people.free_text import Name
from outreach.people.order import check_order
from outreach.people.tables import BranchRegency, Role
from outreach.villages.codes import Level, parse
from outreach.villages.tables import District, Regency, Village, VillageKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlmodel import Session


class StageIn(BaseModel):
    """A stage as a person describes it.

    No area codes mean the whole branch, no kinds mean every kind, no quota means all villages.
    """

    name: Name
    starts: PlannedDay
    ends: PlannedDay
    area_codes: list[str] = []
    kinds: list[VillageKind] = []
    ordering: Ordering = Ordering.SCORE
    quota: int | None = Field(default=None, gt=0, le=100_000)

    @field_validator("area_codes")
    @classmethod
    def _dotted(cls, codes: list[str]) -> list[str]:
        try:
            return sorted({parse(code) for code in codes})
        except Invalid as error:
            raise PydanticCustomError("not_a_region_code", "Not a region code") from error

    @field_validator("kinds")
    @classmethod
    def _once(cls, kinds: list[VillageKind]) -> list[VillageKind]:
        return sorted(set(kinds))

    @field_validator("ends")
    @classmethod
    def _ends_in_time(cls, ends: date, others: ValidationInfo) -> date:
        check_order(others.data.get("starts"), ends)
        check_stage_length(others.data.get("starts"), ends)
        return ends


def list_stages(db: Session, person: Person, campaign_id: int | None = None) -> list[Stage]:
    """Read the stages that the person may see, the latest first; of one campaign or of all."""
    query = select(Stage).where(col(Stage.branch_id).in_(visible_branches(db, person)))
    if campaign_id is not None:
        query = query.where(Stage.campaign_id == campaign_id)
    return list(db.exec(query.order_by(col(Stage.starts).desc(), col(Stage.id).desc())))


def open_stages_around(db: Session, person: Person, code: str) -> list[Stage]:
    """Read the open stages in whose area a village lies, the latest first, if the person sees them.

    Of the branch that serves the village alone: a nation has hundreds of others.
    """
    served = BranchRegency.regency_code == code[: Level.REGENCY]
    branches = set(db.exec(select(BranchRegency.branch_id).where(served)))
    query = select(Stage).where(
        col(Stage.branch_id).in_(branches.intersection(visible_branches(db, person))),
        Stage.status == Status.OPENED,
    )
    latest = db.exec(query.order_by(col(Stage.starts).desc(), col(Stage.id).desc()))
    return [stage for stage in latest if covers(area_of(db, stage), code)]


def stage_of(db: Session, person: Person, stage_id: int) -> Stage:
    """Read one stage.

    Raises
    ------
    NotFound
        If there is none, or its branch lies outside the person's area.
    """
    stage = db.get(Stage, stage_id)
    if stage is None or stage.branch_id not in visible_branches(db, person):
        raise NotFound(kind="Stage", id=stage_id)
    return stage


def area_of(db: Session, stage: Stage) -> tuple[str, ...]:
    """Region codes a stage covers: its own, or all regencies of its branch."""
    return tuple(sorted(stage.area_codes)) or branch_regencies(db, stage.branch_id)


def create_stage(
    db: Session,
    campaign_id: int,
    given: StageIn,
    *,
    by: Person,
    branch_id: int | None = None,
    follows: Stage | None = None,
    is_listed: bool = False,
) -> Stage:
    """Draft a stage for the person's own branch, or for `branch_id` within their area.

    With a stage it follows, what that one chose and did not reach comes first. One that
    `is_listed` takes only the villages that are put first in it.

    Raises
    ------
    NotFound
        If the branch or the campaign is missing or outside the person's area, or the campaign
        belongs to another branch.
    Invalid
        With every problem of the dates, the area and the name by field.
    Conflict
        If the campaign is closed.
    """
    branch = by.branch_id if branch_id is None else branch_id
    if branch is None:
        raise NotFound(kind="Branch")
    require_planner(db, branch, by)
    campaign = locked(db, Campaign, campaign_id)
    if campaign.branch_id not in (None, branch):
        raise NotFound(kind="Campaign", id=campaign_id)
    if campaign.status is Status.CLOSED:
        raise Conflict(problem="campaign_closed")
    _check(db, campaign, branch, given, by)
    follows_id = None if follows is None else follows.id
    stage = Stage(
        campaign_id=campaign_id,
        branch_id=branch,
        follows_id=follows_id,
        is_listed=is_listed,
        **given.model_dump(),
    )
    with unique_name(db):
        db.add(stage)
        db.flush()  # for its id, and to hear now whether the name is free
    return stage


def update_stage(db: Session, stage_id: int, given: StageIn, version: int, *, by: Person) -> Stage:
    """Change a stage that is not closed.

    Raises
    ------
    Conflict
        If it is closed, or somebody else changed it: `yours` and `theirs` hold both values.
    Invalid
        With every problem of the dates, the area and the name by field.
    """
    stage = editable_stage(db, stage_id, by)
    _check(db, locked(db, Campaign, stage.campaign_id), stage.branch_id, given, by)
    with unique_name(db):
        change(stage, given.model_dump(), version)
        db.flush()  # to hear now whether the name is free
    return stage


def open_stage(db: Session, stage_id: int, version: int, *, by: Person) -> Stage:
    """Open a drafted stage, so that it can be planned.

    Raises
    ------
    Conflict
        If it is not drafted, its campaign is not open, or somebody else changed it.
    """
    stage = editable_stage(db, stage_id, by)
    campaign = locked(db, Campaign, stage.campaign_id)
    if campaign.status is not Status.OPENED:
        raise Conflict(problem="campaign_not_open")
    if stage.status is not Status.DRAFTED:
        raise Conflict(problem="wrong_status", status=stage.status, needed=Status.DRAFTED)
    change(stage, {"status": Status.OPENED}, version)
    return stage


def close_stage(db: Session, stage_id: int, version: int, *, by: Person) -> Stage:
    """Close a stage for good: nothing of it is planned or edited any more.

    Raises
    ------
    Conflict
        If it is closed already, or somebody else changed it.
    """
    stage = editable_stage(db, stage_id, by)
    change(stage, {"status": Status.CLOSED}, version)
    return stage


def delete_stage(db: Session, stage_id: int, version: int, *, by: Person) -> tuple[str, int]:
    """Remove a stage that was never opened, hence never planned; return its name and campaign.

    Raises
    ------
    Conflict
        If it was opened, or somebody else changed it.
    """
    stage = editable_stage(db, stage_id, by)
    if stage.status is not Status.DRAFTED:
        raise Conflict(problem="wrong_status", status=stage.status, needed=Status.DRAFTED)
    change(stage, {}, version)
    for noted in (StagePick, Omission):
        db.execute(delete(noted).where(col(noted.stage_id) == stage_id))
    followers = update(Stage).where(col(Stage.follows_id) == stage_id)
    db.execute(followers.values(follows_id=None))
    db.delete(stage)
    db.flush()
    return stage.name, stage.campaign_id


def require_planner(db: Session, branch_id: int, by: Person) -> None:
    """Let only a coordinator whose area holds the whole branch plan for it.

    Raises
    ------
    NotFound
        If any part of the branch lies outside the person's area.
    NotAllowed
        If the person is no coordinator.
    """
    if not holds_branch(db, branch_id, by):
        raise NotFound(kind="Branch", id=branch_id)
    if by.role is not Role.COORDINATOR:
        raise NotAllowed(role=by.role)


def editable_stage(db: Session, stage_id: int, by: Person) -> Stage:
    """Take a stage that the person plans and that is not closed.

    Raises
    ------
    NotFound
        If there is none, or any part of its branch lies outside the person's area.
    NotAllowed
        If the person is no coordinator.
    Conflict
        If it is closed.
    """
    stage_of(db, by, stage_id)
    stage = locked(db, Stage, stage_id)
    require_planner(db, stage.branch_id, by)
    if stage.status is Status.CLOSED:
        raise Conflict(problem="closed")
    return stage


def _check(db: Session, campaign: Campaign, branch_id: int, given: StageIn, by: Person) -> None:
    problems: dict[str, list[str]] = {}
    if given.starts < campaign.starts:
        problems["starts"] = ["outside_campaign"]
    if given.ends > campaign.ends:
        problems["ends"] = ["outside_campaign"]
    if area := _area_problems(db, branch_id, given.area_codes, by):
        problems["area_codes"] = area
    if problems:
        raise Invalid(problems=problems)


def _area_problems(db: Session, branch_id: int, codes: Sequence[str], by: Person) -> list[str]:
    """Say what is wrong with an area; a region outside reads like one that does not exist."""
    served = branch_regencies(db, branch_id)
    inside = [code for code in codes if covers(served, code) and covers(by.areas, code)]
    if len(inside) < len(codes) or set(inside) - _existing(db, inside):
        return ["outside_branch"]
    return []


def _existing(db: Session, codes: Iterable[str]) -> set[str]:
    wanted = list(codes)
    return {
        code
        for kind in (Regency, District, Village)
        for code in db.exec(select(kind.code).where(col(kind.code).in_(wanted)))
    }
