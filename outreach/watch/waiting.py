"""What waits in the background, how long, and what went wrong there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from outreach.campaigns.tables import Stage
from outreach.messages.tables import Medium, Message, MessageState
from outreach.people.tables import Branch
from outreach.progress.tables import AskedState, WhatIf
from outreach.visits.leased_rows import WORKER_LOST
from outreach.visits.tables import AskedBound, Batch, BatchState, PlanRun, RunState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

LATELY = timedelta(hours=1)
_LEASED = (Batch, WhatIf, AskedBound)
#: So many dead batches are named; all are counted.
MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the background has before it.

    Attributes
    ----------
    oldest_seconds
        How long the batch waits that waits longest; zero where none does. One whose worker went
        silent waits again.
    batches, questions
        How many stand in each state: packages of plans; what-ifs and bounds.
    leases_lost
        How many of them a worker left without a word within the last hour.
    leases_untaken
        How many of those nobody has taken up since: they wait for a worker, or were given up.
    messages
        How many messages wait to be sent, by medium.
    """

    oldest_seconds: float
    batches: Mapping[BatchState, int]
    questions: Mapping[BatchState, int]
    leases_lost: int
    leases_untaken: int
    messages: Mapping[Medium, int]


@dataclass(frozen=True, slots=True)
class DeadBatch:
    """A package of a plan that was given up, for whoever has to see that somebody retries it."""

    branch_id: int
    branch: str
    stage: str
    number: int
    finished_at: datetime | None


def read_waiting(db: Session, now: datetime) -> Waiting:
    """Read what waits over all branches."""
    return Waiting(
        oldest_seconds=_oldest_seconds(db, now),
        batches=_states(db, Batch),
        questions=_sum(_states(db, WhatIf), _states(db, AskedBound)),
        leases_lost=sum(_count(db, table, _is_lost(table, now)) for table in _LEASED),
        leases_untaken=sum(_count(db, table, _is_untaken(table, now)) for table in _LEASED),
        messages=_messages(db),
    )


def count_dead(db: Session) -> int:
    """Count the packages that were given up, of runs that nobody has planned anew."""
    return db.scalar(_dead(func.count())) or 0


def dead_batches(db: Session, most: int = MOST_NAMED) -> list[DeadBatch]:
    """List the packages that `count_dead` counts, the latest first."""
    columns = (
        col(Branch.id),
        col(Branch.name),
        col(Stage.name),
        col(Batch.number),
        col(Batch.finished_at),
    )
    query = _dead(*columns).order_by(col(Batch.finished_at).desc(), col(Batch.id))
    return [DeadBatch(*row) for row in db.execute(query.limit(most))]


def _dead(*columns: Any) -> Any:
    newer: Any = aliased(PlanRun)
    later = select(newer.id).where(
        newer.stage_id == col(PlanRun.stage_id), newer.id > col(PlanRun.id)
    )
    return (
        select(*columns)
        .select_from(Batch)
        .join(PlanRun, col(PlanRun.id) == col(Batch.run_id))
        .join(Stage, col(Stage.id) == col(PlanRun.stage_id))
        .join(Branch, col(Branch.id) == col(PlanRun.branch_id))
        .where(col(Batch.state) == BatchState.DEAD, ~later.exists())
    )


def _oldest_seconds(db: Session, now: datetime) -> float:
    waits = or_(
        col(Batch.state) == BatchState.READY,
        and_(col(Batch.state) == BatchState.RUNNING, col(Batch.lease_until) < now),
    )
    since = func.coalesce(col(Batch.retried_at), col(PlanRun.requested_at))
    query = (
        select(since)
        .join(PlanRun, col(PlanRun.id) == col(Batch.run_id))
        .where(waits, col(PlanRun.state) == RunState.RUNNING)
        .order_by(since)
        .limit(1)
    )
    oldest = db.scalars(query).first()
    return 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())


def _states(db: Session, table: Any) -> dict[BatchState, int]:
    counted = dict(db.execute(select(table.state, func.count()).group_by(table.state)).all())
    # What-ifs have a word of their own for each of the same states.
    by_word = {AskedState(state).value: count for state, count in counted.items()}
    return {state: by_word.get(state.value, 0) for state in BatchState}


def _sum(*parts: Mapping[BatchState, int]) -> dict[BatchState, int]:
    return {state: sum(part[state] for part in parts) for state in BatchState}


def _count(db: Session, table: Any, which: ColumnElement[bool]) -> int:
    return db.scalar(select(func.count()).select_from(table).where(which)) or 0


def _is_lost(table: Any, now: datetime) -> ColumnElement[bool]:
    """Say in SQL that a lease ran out lately, whether or not the row was taken up since."""
    return or_(table.lease_lost_at >= now - LATELY, _is_left(table, now))


def _is_untaken(table: Any, now: datetime) -> ColumnElement[bool]:
    """Say in SQL that nobody has taken up since what was left: it waits, or was its last try."""
    is_given_up = and_(
        table.state == BatchState.DEAD.value,
        table.error == WORKER_LOST,
        table.lease_lost_at >= now - LATELY,
    )
    return or_(_is_left(table, now), is_given_up)


def _is_left(table: Any, now: datetime) -> ColumnElement[bool]:
    return and_(
        table.state == BatchState.RUNNING.value,
        table.lease_until < now,
        table.lease_until >= now - LATELY,
    )


def _messages(db: Session) -> dict[Medium, int]:
    query = (
        select(col(Message.medium), func.count())
        .where(col(Message.state) == MessageState.WAITING)
        .group_by(col(Message.medium))
    )
    counted: dict[Medium, int] = dict(db.execute(query).all())
    return {medium: counted.get(medium, 0) for medium in Medium}
