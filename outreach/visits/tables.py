"""Storage of plan runs, their batches, visits and the history of every visit."""

from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, Index, text
from sqlmodel import Field, SQLModel

import outreach.campaigns.tables  # noqa: F401 - its keys point there, whoever imports it first
from outreach.db import CODE, EMPTY, words
from outreach.villages.tables import Zone


class RunState(StrEnum):
    """How far a plan run has come."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class BatchState(StrEnum):
    """How far a batch has come; only the claim in `batches` moves it on."""

    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"
    CANCELLED = "cancelled"


class Work(StrEnum):
    """How far the work on a visit has come."""

    PROPOSED = "proposed"
    AWAITING = "awaiting_confirmation"
    CONFIRMED = "confirmed"
    DONE = "done"
    APPROVED = "approved"
    SENT_BACK = "sent_back"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"
    UNREACHABLE = "unreachable"
    RETURNED = "returned"


class Result(StrEnum):
    """What a held visit brought."""

    NOT_MET = "not_met"
    REFUSED = "refused"
    ATTENDED = "attended"
    SIGNED_UP = "signed_up"
    PAID = "paid"


class Happening(StrEnum):
    """What kind of line the history of a visit holds."""

    PLANNED = "planned"
    ASKED = "asked"
    CONFIRMED = "confirmed"
    MOVED = "moved"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"
    UNREACHABLE = "unreachable"
    REPORTED = "reported"
    CORRECTED = "corrected"
    APPROVED = "approved"
    SENT_BACK = "sent_back"
    RETURNED = "returned"
    CALLED = "called"
    WISHED = "wished"
    LINK_RENEWED = "link_renewed"
    LINK_WITHDRAWN = "link_withdrawn"


class Channel(StrEnum):
    """By which way an answer came, or something was done to a visit."""

    PAGE = "page"
    LINK = "link"
    PHONE = "phone"
    WHATSAPP = "whatsapp"
    EMAIL = "email"
    IN_PERSON = "in_person"
    LETTER = "letter"
    SHEET = "sheet"
    PRODUCT = "product"


class Answer(StrEnum):
    """What a village says to the day it is asked for."""

    CAN = "can"
    ANOTHER_DAY = "another_day"
    NO = "no"


class SubmissionState(StrEnum):
    """How far a plan handed in for approval has come."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    SENT_BACK = "sent_back"
    WITHDRAWN = "withdrawn"


class Cause(StrEnum):
    """What makes part of a plan impossible, or adds to it."""

    TEAM_AWAY = "team_away"
    AREA_CLOSED = "area_closed"
    VILLAGE_CANCELS = "village_cancels"
    VILLAGE_ADDED = "village_added"
    GAPS = "gaps"


class ReplanState(StrEnum):
    """What became of a difference that was shown."""

    DRAFTED = "drafted"
    APPLIED = "applied"
    DISCARDED = "discarded"


#: Still to be held.
TO_COME = (Work.PROPOSED, Work.AWAITING, Work.CONFIRMED)
#: The session has been told about, and what happened stays as it happened; whether anything came
#: of it is another axis.
REPORTED = (Work.DONE, Work.APPROVED, Work.SENT_BACK)
#: A visit in one of these keeps its village and its team's slot.
ACTIVE = (*TO_COME, *REPORTED)


def _only(where: str) -> dict[str, Any]:
    """Let an index hold these rows alone."""
    return {"sqlite_where": text(where), "postgresql_where": text(where)}


def _with(*works: Work) -> dict[str, Any]:
    return _only("work IN (" + ", ".join(f"'{work.value}'" for work in works) + ")")


class PlanRun(SQLModel, table=True):
    """One request to plan a stage of a branch; holds what it takes to make the plan again.

    `request_id` stands in the log with all that was done for it, from the page to its batches.
    """

    __tablename__ = "plan_run"
    __table_args__ = (
        Index(
            "uq_plan_run_open",
            "stage_id",
            unique=True,
            **_only("state = 'running'"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    stage_id: int = Field(foreign_key="stage.id", index=True)
    branch_id: int = Field(foreign_key="branch.id", index=True)
    state: RunState = Field(default=RunState.RUNNING, sa_type=words(RunState))
    seed: int
    parameters: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    requested_by: int = Field(foreign_key="account.id")
    requested_at: datetime
    request_id: str = Field(default="", sa_column_kwargs=EMPTY)
    finished_at: datetime | None = None


class Batch(SQLModel, table=True):
    """One work package of a run: the truth about it; messages only carry its id.

    `question` holds the village codes and the team-days it may use; `fence` rises with every
    claim, so that a worker that was too slow cannot commit what another has taken over. `figures`
    hold what else is told of the plan: the parts of its bill, the shares of the teams, the rounds.
    `lease_lost_at` tells when a worker's lease ran out last, `retried_at` when a person last gave
    it new attempts.
    """

    __table_args__ = (
        Index("uq_batch_run_number", "run_id", "number", unique=True),
        CheckConstraint("attempts BETWEEN 0 AND 5", name="attempts"),
    )
    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="plan_run.id", index=True)
    number: int
    label: str
    state: BatchState = Field(default=BatchState.READY, sa_type=words(BatchState), index=True)
    question: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    villages: int
    fence: int = 0
    attempts: int = 0
    lease_until: datetime | None = None
    lease_lost_at: datetime | None = Field(default=None, index=True)
    sent_at: datetime | None = None
    retried_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str = ""
    placed: int = 0
    team_days: int = 0
    travel_minutes: int = 0
    rounds: int = 0
    solver: str = ""
    figures: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False, default=dict)
    )


class Stay(SQLModel, table=True):
    """An expedition: a team stays at a hub village and makes day-trips from there.

    `travel_days` and `session_days` are the team's working days of it, as ISO dates; `starts` and
    `ends` are the first and the last of them. It lasts as long as one of its visits stands.
    """

    __table_args__ = (
        CheckConstraint("starts <= ends", name="starts_before_it_ends"),
        CheckConstraint("access_minutes >= 0", name="access_minutes"),
    )
    id: int | None = Field(default=None, primary_key=True)
    stage_id: int = Field(foreign_key="stage.id", index=True)
    batch_id: int | None = Field(default=None, foreign_key="batch.id", index=True)
    team_id: int = Field(foreign_key="team.id", index=True)
    hub_village_code: str = Field(foreign_key="village.code", sa_type=CODE)
    starts: date
    ends: date
    travel_days: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    session_days: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    access_minutes: int


class AskedBound(SQLModel, table=True):
    """A batch's plan held against the best possible, worked out in the background.

    Claimed like a batch. `told` holds the figures of `planning.certificate`.
    """

    __tablename__ = "asked_bound"
    __table_args__ = (CheckConstraint("attempts BETWEEN 0 AND 5", name="attempts"),)
    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="batch.id", unique=True)
    state: BatchState = Field(default=BatchState.READY, sa_type=words(BatchState), index=True)
    fence: int = 0
    attempts: int = 0
    lease_until: datetime | None = None
    lease_lost_at: datetime | None = Field(default=None, index=True)
    sent_at: datetime | None = None
    progress: float = 0.0
    told: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    error: str = ""
    asked_by: int = Field(foreign_key="account.id")
    asked_at: datetime
    request_id: str = Field(default="", sa_column_kwargs=EMPTY)
    finished_at: datetime | None = None


class Visit(SQLModel, table=True):
    """One village, one team, one local date and time within a stage."""

    __table_args__ = (
        Index(
            "uq_visit_stage_village",
            "stage_id",
            "village_code",
            unique=True,
            **_with(*ACTIVE),
        ),
        Index(
            "uq_visit_team_day_slot",
            "team_id",
            "day",
            "slot",
            unique=True,
            **_with(*ACTIVE),
        ),
        # Who looks every few seconds for what falls due does not read all that ever was.
        Index("ix_visit_unfinished", "work", "day", **_with(*TO_COME, Work.SENT_BACK)),
        CheckConstraint("slot BETWEEN 1 AND 3", name="slot"),
    )
    id: int | None = Field(default=None, primary_key=True)
    stage_id: int = Field(foreign_key="stage.id")
    run_id: int | None = Field(default=None, foreign_key="plan_run.id", index=True)
    batch_id: int | None = Field(default=None, foreign_key="batch.id", index=True)
    village_code: str = Field(foreign_key="village.code", index=True, sa_type=CODE)
    team_id: int = Field(foreign_key="team.id")
    day: date = Field(index=True)
    slot: int
    starts_at: time
    zone: Zone = Field(sa_type=words(Zone))
    session_minutes: int = 120
    travel_minutes: int = 0
    return_minutes: int = 0
    stay_id: int | None = Field(default=None, foreign_key="stay.id", index=True)
    work: Work = Field(default=Work.PROPOSED, sa_type=words(Work))
    result: Result | None = Field(default=None, sa_type=words(Result))
    version: int = 1


class VisitEvent(SQLModel, table=True):
    """One line of a visit's history: who, when, from, to, why; only ever added.

    The growing id is also the change number that the live map asks from.
    """

    __tablename__ = "visit_event"
    id: int | None = Field(default=None, primary_key=True)
    visit_id: int = Field(foreign_key="visit.id", index=True)
    village_code: str = Field(index=True, sa_type=CODE)
    happening: Happening = Field(sa_type=words(Happening))
    at: datetime = Field(index=True)
    account_id: int | None = Field(default=None, foreign_key="account.id")
    before: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    after: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    reason: str = ""
    channel: Channel = Field(default=Channel.PAGE, sa_type=words(Channel))


class ConfirmationLink(SQLModel, table=True):
    """A link by which a village answers without an account; a visit has one live link at most.

    The address is signed with the installation's key and never stored. A link belongs to the day
    and start that were offered: whoever moves the visit withdraws it.
    """

    __tablename__ = "confirmation_link"
    __table_args__ = (
        Index(
            "uq_confirmation_link_live",
            "visit_id",
            unique=True,
            **_only("withdrawn_at IS NULL AND answered_at IS NULL"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    visit_id: int = Field(foreign_key="visit.id", index=True)
    issued_at: datetime
    expires_at: datetime
    withdrawn_at: datetime | None = None
    answered_at: datetime | None = None
    answer: Answer | None = Field(default=None, sa_type=words(Answer))


class PlanSubmission(SQLModel, table=True):
    """A plan of a stage as it was handed in for approval; `places` keeps it as it was then.

    A stage has one waiting submission at most. The latest approved one is what the next is
    compared with.
    """

    __tablename__ = "plan_submission"
    __table_args__ = (
        Index(
            "uq_plan_submission_waiting",
            "stage_id",
            unique=True,
            **_only("state = 'submitted'"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    stage_id: int = Field(foreign_key="stage.id", index=True)
    state: SubmissionState = Field(
        default=SubmissionState.SUBMITTED, sa_type=words(SubmissionState)
    )
    places: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    note: str = ""
    submitted_by: int = Field(foreign_key="account.id")
    submitted_at: datetime
    decided_by: int | None = Field(default=None, foreign_key="account.id")
    decided_at: datetime | None = None
    reason: str = ""
    version: int = 1


class Replan(SQLModel, table=True):
    """A difference to a running plan: shown first, applied as a whole or discarded.

    `facts` tell the cause (team, days, region, visit, village); `changes` hold one entry per
    visit or village: from where, to where, or why nowhere, with the version it was based on.
    """

    id: int | None = Field(default=None, primary_key=True)
    stage_id: int = Field(foreign_key="stage.id", index=True)
    cause: Cause = Field(sa_type=words(Cause))
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    changes: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    state: ReplanState = Field(default=ReplanState.DRAFTED, sa_type=words(ReplanState))
    made_by: int = Field(foreign_key="account.id")
    made_at: datetime
    settled_at: datetime | None = None
    version: int = 1
