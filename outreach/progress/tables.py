"""Storage of what managers aim at, ask and keep: targets, sponsorships, what-ifs, views."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, Index, text
from sqlmodel import Field, SQLModel

from outreach.db import CODE, EMPTY, words
from outreach.logbook.tables import Package, Payer, Sector

_NATIONAL_SQL = text("branch_id IS NULL")


class Sponsorship(SQLModel, table=True):
    """Somebody who pays the contribution of some workers for a term, after which it ends.

    `region_code` is a prefix: a regency, a district or one village. `quota` counts workers; both
    ends of the term belong to it. `conversion_days` before the end visits are proposed, at which
    the workers are asked to go on by themselves.
    """

    __table_args__ = (
        CheckConstraint("starts <= ends", name="starts_before_it_ends"),
        CheckConstraint("quota > 0", name="quota_positive"),
        CheckConstraint("conversion_days > 0", name="conversion_days_positive"),
        Index(
            "uq_sponsorship_term",
            "region_code",
            "payer",
            "sponsor",
            "sector",
            "package",
            "starts",
            unique=True,
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    branch_id: int = Field(foreign_key="branch.id", index=True)
    region_code: str = Field(index=True, sa_type=CODE)
    payer: Payer = Field(sa_type=words(Payer))
    sponsor: str
    sector: Sector = Field(sa_type=words(Sector))
    package: Package = Field(sa_type=words(Package))
    quota: int
    starts: date
    ends: date
    conversion_days: int = 60
    note: str = ""
    source: str = ""
    is_demo: bool = False
    version: int = 1


class Target(SQLModel, table=True):
    """Sign-ups that a branch, or without one the nation, is to bring in a period; set by hand.

    Without a row the national target follows from the published path, a branch's from its share
    of the nation's gap.
    """

    __table_args__ = (
        CheckConstraint("starts <= ends", name="starts_before_it_ends"),
        CheckConstraint("signups > 0", name="signups_positive"),
        Index("uq_target_period", "branch_id", "starts", "ends", unique=True),
        Index(
            "uq_target_national",
            "starts",
            "ends",
            unique=True,
            sqlite_where=_NATIONAL_SQL,
            postgresql_where=_NATIONAL_SQL,
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    branch_id: int | None = Field(default=None, foreign_key="branch.id", index=True)
    starts: date
    ends: date
    signups: int
    source: str
    set_by: int = Field(foreign_key="account.id")
    set_at: datetime
    version: int = 1


class AskedState(StrEnum):
    """How far the answer to a what-if has come."""

    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"
    CANCELLED = "cancelled"


class WhatIf(SQLModel, table=True):
    """A question about a stage's plan, answered in the background beside the plan as it stands.

    `changes` are what is supposed, as `progress.what_if.WhatIfIn` names it. `answer` holds the
    figures of today's plan and of the supposed one. Claimed like a batch: `fence` rises with every
    claim, `steps_done` of `steps` tell how far it is.
    """

    __tablename__ = "what_if"
    __table_args__ = (
        CheckConstraint("attempts BETWEEN 0 AND 5", name="attempts"),
        CheckConstraint("steps_done BETWEEN 0 AND steps", name="steps_done"),
    )
    id: int | None = Field(default=None, primary_key=True)
    stage_id: int = Field(foreign_key="stage.id", index=True)
    branch_id: int = Field(foreign_key="branch.id", index=True)
    changes: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    seed: int
    state: AskedState = Field(default=AskedState.READY, sa_type=words(AskedState), index=True)
    fence: int = 0
    attempts: int = 0
    lease_until: datetime | None = None
    lease_lost_at: datetime | None = Field(default=None, index=True)
    sent_at: datetime | None = None
    retried_at: datetime | None = None
    steps: int = 1
    steps_done: int = 0
    answer: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    error: str = ""
    asked_by: int = Field(foreign_key="account.id", index=True)
    asked_at: datetime
    request_id: str = Field(default="", sa_column_kwargs=EMPTY)
    finished_at: datetime | None = None


class SavedView(SQLModel, table=True):
    """A page with its filters that a person goes back to by a name of their own.

    `address` is the path and query of a page of ours, of a map also the place it looks at; never
    a whole URL.
    """

    __tablename__ = "saved_view"
    __table_args__ = (Index("uq_saved_view_name", "account_id", "name", unique=True),)
    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    name: str
    address: str
    saved_at: datetime
    version: int = 1


class Digest(SQLModel, table=True):
    """The figures of the week, sent to a person by e-mail on one weekday until they end it.

    `weekday` is the ISO number, 1 for Monday to 7 for Sunday; `area` is a code prefix within the
    person's own area, or empty for all that they see. Nothing but a link goes out before the
    person has opened it; `asked_at` is when they last asked for a letter, and dates that link.
    `sent_for` is the last day it was sent or given up for. Without `next_try_at` nothing is to be
    sent until the person does something. `attempts` rises with every try, so that whoever was too
    slow cannot settle what another has taken over; until `lease_until` nobody else tries.
    """

    __table_args__ = (
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
    )
    account_id: int = Field(primary_key=True, foreign_key="account.id")
    email: str
    area: str = Field(default="", sa_type=CODE)
    weekday: int = 1
    asked_at: datetime
    confirmed_at: datetime | None = None
    sent_for: date | None = None
    sent_at: datetime | None = None
    attempts: int = 0
    next_try_at: datetime | None = Field(default=None, index=True)
    lease_until: datetime | None = None
    error: str = ""
    version: int = 1
