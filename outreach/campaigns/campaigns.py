"""Campaigns: drafted, opened, closed; what a person may see of them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlmodel import exists, select

from outreach.campaigns.tables import Campaign, Ecosystem, Purpose, Stage, Status
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.edits import change, locked, unique_name
from outreach.people.free_text import Name, Remark
from outreach.people.tables import Role

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.people.access import Person


class CampaignIn(BaseModel):
    """A campaign as a person describes it."""

    name: Name
    purpose: Purpose
    ecosystem: Ecosystem
    theme: Remark = ""
    starts: date
    ends: date
    target_signups: int = Field(default=0, ge=0, le=100_000_000)

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.ends < self.starts:
            raise PydanticCustomError("ends_before_it_starts", "It ends before it starts")
        return self


def list_campaigns(db: Session) -> list[Campaign]:
    """Read all campaigns, the latest first; a campaign itself belongs to no region."""
    newest = (Campaign.starts.desc(), Campaign.id.desc())  # type: ignore[attr-defined, union-attr]
    return list(db.exec(select(Campaign).order_by(*newest)))


def campaign_of(db: Session, campaign_id: int) -> Campaign:
    """Read one campaign.

    Raises
    ------
    NotFound
        If there is none.
    """
    campaign = db.get(Campaign, campaign_id)
    if campaign is None:
        raise NotFound(kind="Campaign", id=campaign_id)
    return campaign


def create_campaign(
    db: Session, given: CampaignIn, *, by: Person, is_demo: bool = False
) -> Campaign:
    """Draft a campaign.

    Raises
    ------
    Invalid
        If another campaign has the name.
    """
    _require_planner(by)
    campaign = Campaign(**given.model_dump(), is_demo=is_demo)
    with unique_name(db):
        db.add(campaign)
        db.flush()  # for its id, and to hear now whether the name is free
    return campaign


def update_campaign(
    db: Session, campaign_id: int, given: CampaignIn, version: int, *, by: Person
) -> Campaign:
    """Change a campaign that is not closed; its dates must still hold all of its stages.

    Raises
    ------
    Conflict
        If it is closed, or somebody else changed it: `yours` and `theirs` hold both values.
    Invalid
        If a stage would lie outside the dates, or the name is taken.
    """
    _require_planner(by)
    campaign = locked(db, Campaign, campaign_id)
    if campaign.status is Status.CLOSED:
        raise Conflict(problem="closed")
    _keep_stages_inside(db, campaign_id, given)
    with unique_name(db):
        change(campaign, given.model_dump(), version)
        db.flush()  # to hear now whether the name is free
    return campaign


def open_campaign(db: Session, campaign_id: int, version: int, *, by: Person) -> Campaign:
    """Open a drafted campaign: from now on its stages can be opened."""
    return _turn(db, campaign_id, version, by, Status.DRAFTED, Status.OPENED)


def close_campaign(db: Session, campaign_id: int, version: int, *, by: Person) -> Campaign:
    """Close an open campaign for good; every stage of it must be closed before."""
    _require_planner(by)
    # Taken first: who opens a stage takes the campaign too, and one of the two sees the other.
    locked(db, Campaign, campaign_id)
    _refuse_open_stages(db, campaign_id)
    return _turn(db, campaign_id, version, by, Status.OPENED, Status.CLOSED)


def _turn(
    db: Session, campaign_id: int, version: int, by: Person, before: Status, after: Status
) -> Campaign:
    _require_planner(by)
    campaign = locked(db, Campaign, campaign_id)
    if campaign.status is not before:
        raise Conflict(problem="wrong_status", status=campaign.status, needed=before)
    change(campaign, {"status": after}, version)
    return campaign


def _require_planner(by: Person) -> None:
    # A campaign belongs to no branch: those who plan one and those who lead several shape it.
    if by.role not in (Role.COORDINATOR, Role.MANAGER):
        raise NotAllowed(role=by.role)


def _refuse_open_stages(db: Session, campaign_id: int) -> None:
    open_stage = exists().where(
        Stage.campaign_id == campaign_id,  # type: ignore[arg-type]
        Stage.status == Status.OPENED,  # type: ignore[arg-type]
    )
    if db.scalar(select(open_stage)):
        raise Conflict(problem="stages_open")


def _keep_stages_inside(db: Session, campaign_id: int, given: CampaignIn) -> None:
    stages = db.exec(select(Stage).where(Stage.campaign_id == campaign_id)).all()
    problems: dict[str, list[str]] = {}
    if any(stage.starts < given.starts for stage in stages):
        problems["starts"] = ["stage_outside"]
    if any(stage.ends > given.ends for stage in stages):
        problems["ends"] = ["stage_outside"]
    if problems:
        raise Invalid(problems=problems)
