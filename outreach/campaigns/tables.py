"""Storage of campaigns, their stages and the villages chosen for each stage."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, Column, Index
from sqlmodel import Field, SQLModel

import outreach.people.tables  # noqa: F401 - its keys point there, whoever imports it first
from outreach.db import CODE, words
from outreach.planning.model import Reason, Remedy
from outreach.villages.tables import VillageKind


class Purpose(StrEnum):
    """What a campaign is for."""

    ACQUIRE = "acquire"
    DEEPEN = "deepen"
    KEEP = "keep"


class Ecosystem(StrEnum):
    """The field of work a campaign addresses."""

    VILLAGE = "village"
    MARKET = "market"
    E_COMMERCE = "e_commerce"
    SMALL_BUSINESS = "small_business"
    VULNERABLE = "vulnerable"


class Status(StrEnum):
    """How far a campaign or a stage has come."""

    DRAFTED = "drafted"
    OPENED = "opened"
    CLOSED = "closed"


class Ordering(StrEnum):
    """Which villages of a stage come first when not all can."""

    SCORE = "score"
    GAP = "gap"
    NEAREST = "nearest"
    CODE = "code"


class Pick(StrEnum):
    """What a coordinator decided by hand about a village, whatever its score."""

    FIRST = "first"
    LEFT_OUT = "left_out"


class Campaign(SQLModel, table=True):
    """An effort with a purpose, a theme, dates and a target of sign-ups.

    It belongs to a branch or, without one, is a campaign of managers for all branches. `weights`
    are the points of the parts of its villages' score, by the names of `planning.priority`; a part
    that is not told has its default.
    """

    __table_args__ = (
        CheckConstraint("starts <= ends", name="starts_before_it_ends"),
        CheckConstraint("target_signups >= 0", name="target_not_negative"),
    )
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    purpose: Purpose = Field(sa_type=words(Purpose))
    ecosystem: Ecosystem = Field(sa_type=words(Ecosystem))
    theme: str = ""
    branch_id: int | None = Field(default=None, foreign_key="branch.id", index=True)
    starts: date
    ends: date
    target_signups: int = 0
    weights: dict[str, float] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False, default=dict)
    )
    status: Status = Field(default=Status.DRAFTED, sa_type=words(Status))
    is_demo: bool = False
    version: int = 1


class Stage(SQLModel, table=True):
    """A dated wave (tahap) of a campaign over the villages of one branch.

    `quota` is the most villages it takes; none means all of its area. `area_codes` are prefixes
    of region codes within the branch. What the stage it follows chose and did not reach comes
    first. One that `is_listed` takes only villages that were put first in it by name.
    """

    __table_args__ = (
        CheckConstraint("starts <= ends", name="starts_before_it_ends"),
        CheckConstraint("quota IS NULL OR quota > 0", name="quota_positive"),
        Index("uq_stage_campaign_name", "campaign_id", "branch_id", "name", unique=True),
    )
    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="campaign.id")
    branch_id: int = Field(foreign_key="branch.id", index=True)
    name: str
    starts: date
    ends: date
    area_codes: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    kinds: list[VillageKind] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    ordering: Ordering = Field(default=Ordering.SCORE, sa_type=words(Ordering))
    quota: int | None = None
    follows_id: int | None = Field(default=None, foreign_key="stage.id", index=True)
    is_listed: bool = False
    status: Status = Field(default=Status.DRAFTED, sa_type=words(Status))
    version: int = 1


class StagePick(SQLModel, table=True):
    """A village that a coordinator put first in a stage, or left out of it, and why."""

    __tablename__ = "stage_pick"
    stage_id: int = Field(primary_key=True, foreign_key="stage.id")
    village_code: str = Field(
        primary_key=True, foreign_key="village.code", index=True, sa_type=CODE
    )
    pick: Pick = Field(sa_type=words(Pick))
    reason: str = ""


class StageVillage(SQLModel, table=True):
    """A village chosen for a stage: its rank, its score and, without a visit, why and the cure."""

    __tablename__ = "stage_village"
    stage_id: int = Field(primary_key=True, foreign_key="stage.id")
    village_code: str = Field(
        primary_key=True, foreign_key="village.code", index=True, sa_type=CODE
    )
    rank: int
    score: float
    parts: dict[str, float] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    reason: Reason | None = Field(default=None, sa_type=words(Reason))
    remedy: Remedy | None = Field(default=None, sa_type=words(Remedy))
    remedy_amount: int = 0


class GroundKind(StrEnum):
    """What a stage may not leave without any visit unless somebody says why."""

    DISTRICT = "district"
    ISLAND = "island"


class Omission(SQLModel, table=True):
    """Why a stage leaves a district or an island of its area without any village.

    `key` is the district's code or the island's number.
    """

    stage_id: int = Field(primary_key=True, foreign_key="stage.id")
    kind: GroundKind = Field(primary_key=True, sa_type=words(GroundKind))
    key: str = Field(primary_key=True, max_length=16)
    reason: str
    noted_by: int = Field(foreign_key="account.id")
    noted_at: datetime
