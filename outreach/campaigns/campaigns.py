"""Campaigns: drafted, opened, closed; what a person may see of them."""

from __future__ import annotations

from datetime import date  # noqa: TC003 - Pydantic reads it at run time
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError
from sqlmodel import exists, select

from outreach.campaigns.access import SHAPERS, require_shaper, seen_by
from outreach.campaigns.days import PlannedDay, check_campaign_length
from outreach.campaigns.tables import Campaign, Ecosystem, Purpose, Stage, Status
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.edits import change, locked, unique_name
from outreach.people.free_text import Name, Remark
from outreach.people.order import check_order
from outreach.people.tables import Role
from outreach.planning.priority import Weights

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.people.access import Person


#: What the fields of the weights begin with, before the name of their part.
WEIGHT = "weight_"

Points = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class CampaignIn(BaseModel):
    """A campaign as a person describes it; a weight that is not told has its default."""

    name: Name
    purpose: Purpose
    ecosystem: Ecosystem
    theme: Remark = ""
    starts: PlannedDay
    ends: PlannedDay
    target_signups: int = Field(default=0, ge=0, le=100_000_000)
    weight_gap: Points | None = None
    weight_vulnerable: Points | None = None
    weight_access: Points | None = None
    weight_staleness: Points | None = None
    weight_promise: Points | None = None
    weight_sponsor_end: Points | None = None

    @field_validator("ends")
    @classmethod
    def _ends_in_time(cls, ends: date, others: ValidationInfo) -> date:
        check_order(others.data.get("starts"), ends)
        check_campaign_length(others.data.get("starts"), ends)
        return ends

    @model_validator(mode="after")
    def _weighs_something(self) -> Self:
        if not any((Weights().named() | self.weights()).values()):
            raise PydanticCustomError("no_weight", "every part of the score weighs nothing")
        return self

    def weights(self) -> dict[str, float]:
        """Points of the parts of a score that are told; the others have their defaults."""
        told = {part: getattr(self, f"{WEIGHT}{part}") for part in Weights().named()}
        return {part: points for part, points in told.items() if points is not None}

    def stored(self) -> dict[str, Any]:
        """Give the columns of a campaign their values."""
        facts = self.model_dump()
        plain = {name: value for name, value in facts.items() if not name.startswith(WEIGHT)}
        return plain | {"weights": self.weights()}


def list_campaigns(db: Session, person: Person) -> list[Campaign]:
    """Read the campaigns that the person may see, the latest first."""
    newest = (Campaign.starts.desc(), Campaign.id.desc())  # type: ignore[attr-defined, union-attr]
    return list(db.exec(select(Campaign).where(seen_by(db, person)).order_by(*newest)))


def campaign_of(db: Session, person: Person, campaign_id: int) -> Campaign:
    """Read one campaign.

    Raises
    ------
    NotFound
        If there is none, or it belongs to a branch that the person does not see.
    """
    found = select(Campaign).where(Campaign.id == campaign_id, seen_by(db, person))
    campaign = db.exec(found).one_or_none()
    if campaign is None:
        raise NotFound(kind="Campaign", id=campaign_id)
    return campaign


def create_campaign(
    db: Session, given: CampaignIn, *, by: Person, is_demo: bool = False
) -> Campaign:
    """Draft a campaign: of the coordinator's own branch, or a manager's for all branches.

    Raises
    ------
    Invalid
        If another campaign has the name.
    NotAllowed
        If the person is neither a manager nor the coordinator of a branch.
    """
    is_nobodys = by.role is Role.COORDINATOR and by.branch_id is None
    if by.role not in SHAPERS or is_nobodys:
        raise NotAllowed(role=by.role)
    branch_id = by.branch_id if by.role is Role.COORDINATOR else None
    campaign = Campaign(**given.stored(), branch_id=branch_id, is_demo=is_demo)
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
    campaign = _shaped(db, campaign_id, by)
    if campaign.status is Status.CLOSED:
        raise Conflict(problem="closed")
    _keep_stages_inside(db, campaign_id, given)
    with unique_name(db):
        change(campaign, given.stored(), version)
        db.flush()  # to hear now whether the name is free
    return campaign


def open_campaign(db: Session, campaign_id: int, version: int, *, by: Person) -> Campaign:
    """Open a drafted campaign: from now on its stages can be opened."""
    return _turn(db, campaign_id, version, by, Status.DRAFTED, Status.OPENED)


def close_campaign(db: Session, campaign_id: int, version: int, *, by: Person) -> Campaign:
    """Close an open campaign for good; every stage of it must be closed before."""
    # Taken first: who opens a stage takes the campaign too, and one of the two sees the other.
    _shaped(db, campaign_id, by)
    _refuse_open_stages(db, campaign_id)
    return _turn(db, campaign_id, version, by, Status.OPENED, Status.CLOSED)


def delete_campaign(db: Session, campaign_id: int, version: int, *, by: Person) -> str:
    """Remove a campaign that was never opened and has no stages; return its name.

    Raises
    ------
    Conflict
        If it was opened, has stages, or somebody else changed it.
    """
    # Taken first: who drafts a stage takes the campaign too.
    campaign = _shaped(db, campaign_id, by)
    if campaign.status is not Status.DRAFTED:
        raise Conflict(problem="wrong_status", status=campaign.status, needed=Status.DRAFTED)
    if db.scalar(select(exists().where(Stage.campaign_id == campaign_id))):  # type: ignore[arg-type]
        raise Conflict(problem="has_stages")
    change(campaign, {}, version)
    db.delete(campaign)
    db.flush()
    return campaign.name


def _turn(
    db: Session, campaign_id: int, version: int, by: Person, before: Status, after: Status
) -> Campaign:
    campaign = _shaped(db, campaign_id, by)
    if campaign.status is not before:
        raise Conflict(problem="wrong_status", status=campaign.status, needed=before)
    change(campaign, {"status": after}, version)
    return campaign


def _shaped(db: Session, campaign_id: int, by: Person) -> Campaign:
    """Take a campaign that the person may shape."""
    campaign = locked(db, Campaign, campaign_id)
    require_shaper(db, campaign, by)
    return campaign


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
