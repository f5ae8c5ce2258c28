"""A batch from claim to commit: the rows hold the truth, the queue carries only numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, exists, or_, select, update
from sqlmodel import col

from outreach.campaigns.choosing import sites_of
from outreach.errors import NotFound
from outreach.people.rota import days_off, team_days
from outreach.planning.model import Parameters, Problem
from outreach.villages.calendar import ALWAYS
from outreach.visits.kept_calendar import calendar_of
from outreach.visits.measured_ways import kept_ways, places_of
from outreach.visits.question import local_day
from outreach.visits.runs import finish_if_settled, lock_run
from outreach.visits.tables import Batch, BatchState, PlanRun, RunState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from outreach.planning.check import Violation
    from outreach.planning.model import TeamDay

MOST_ATTEMPTS = 5

#: A batch that was sent waits this long before it is sent again.
RESEND_AFTER = timedelta(seconds=5)

#: No more batches than this wait in the queue at a time, however many are ready.
MOST_SENT = 64

LONGEST_ERROR = 300


class UnsoundPlan(Exception):
    """The planner's answer breaks rules: a fault of the product, which no new attempt mends."""

    def __init__(self, broken: Sequence[Violation]) -> None:
        first = broken[0]
        facts = first.code, first.team_id and f"team {first.team_id}", first.day
        told = ", ".join(str(fact) for fact in (first.rule.value, *facts) if fact)
        super().__init__(told if len(broken) == 1 else f"{told}, {len(broken)} in all")


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to commit a batch, until somebody else claims it with a higher fence."""

    batch_id: int
    run_id: int
    fence: int
    attempts: int


def claim(db: Session, batch_id: int, now: datetime, lease: timedelta) -> Claim | None:
    """Take a batch that is ready, or whose worker's lease has run out.

    None tells that there is nothing to do: done, taken, dead, called off, or no such batch.
    """
    taken = (
        update(Batch)
        .where(
            col(Batch.id) == batch_id,
            col(Batch.attempts) < MOST_ATTEMPTS,
            _is_due(now),
            _run_is_on(),
        )
        .values(
            state=BatchState.RUNNING,
            fence=col(Batch.fence) + 1,
            attempts=col(Batch.attempts) + 1,
            lease_lost_at=lost_lease(Batch, Batch.state == BatchState.RUNNING),
            lease_until=now + lease,
            started_at=now,
        )
        .returning(col(Batch.run_id), col(Batch.fence), col(Batch.attempts))
        .execution_options(synchronize_session=False)
    )
    row = db.execute(taken).first()
    return None if row is None else Claim(batch_id, *row)


def renew(db: Session, held: Claim, now: datetime, lease: timedelta) -> bool:
    """Extend the lease of a batch still being planned; False tells to stop planning it."""
    extended = (
        update(Batch)
        .where(_is_held(held), _run_is_on())
        .values(lease_until=now + lease)
        .returning(col(Batch.id))
        .execution_options(synchronize_session=False)
    )
    return db.execute(extended).first() is not None


def load_problem(db: Session, held: Claim) -> Problem:
    """Read the question of a batch, always in the same order.

    A team-day that the team does not work any more since the run was requested is left out, and
    so is one that had come when the batch was claimed: nobody can be asked for it any more.
    """
    batch = db.get_one(Batch, held.batch_id, populate_existing=True)
    run = db.get_one(PlanRun, held.run_id)
    # Kept when the plan was asked for, so that the same question can be put again.
    told = calendar_of(batch.question)
    sites = {
        site.code: told.get(site.code, ALWAYS).told_of(site)
        for site in sites_of(db, batch.question["villages"])
    }
    asked = tuple(sites[code] for code in batch.question["villages"])
    days = _team_days(db, run, batch)
    return Problem(
        sites=asked,
        team_days=days,
        travel=kept_ways(batch, places_of(asked, days)),
        seed=run.seed + batch.number,
        parameters=_parameters(run),
        rests=_rests(db, run, days),
    )


def _parameters(run: PlanRun) -> Parameters:
    # A run of an earlier version does not know all of them.
    known = {one.name for one in fields(Parameters)}
    return Parameters(**{name: value for name, value in run.parameters.items() if name in known})


def problem_of_batch(db: Session, batch_id: int) -> Problem:
    """Read the question of a batch as it was last put to the planner.

    Raises
    ------
    NotFound
        There is no such batch.
    """
    if (batch := db.get(Batch, batch_id)) is None:
        raise NotFound(kind="Batch", id=batch_id)
    return load_problem(db, Claim(batch_id, batch.run_id, batch.fence, batch.attempts))


def fail(db: Session, held: Claim, error: BaseException, now: datetime) -> None:
    """Note that an attempt failed: the batch is ready again, or dead after five attempts.

    After an unsound plan it is dead at once: the same question has the same answer.
    """
    run = lock_run(db, held.run_id)
    batch = lock_held(db, held)
    if batch is None or run.state is not RunState.RUNNING:
        return
    batch.error = error_text(error)
    batch.lease_until = None
    # The pause before the next attempt starts now, or five attempts last no second.
    batch.state, batch.sent_at = BatchState.READY, now
    if batch.attempts >= MOST_ATTEMPTS or isinstance(error, UnsoundPlan):
        batch.state, batch.finished_at = BatchState.DEAD, now
    db.flush()  # before the count of open batches
    finish_if_settled(db, run, now)


def due_batches(
    db: Session, now: datetime, resend_after: timedelta = RESEND_AFTER, most: int = MOST_SENT
) -> list[int]:
    """Take the batches to send now, `most` of them, and note that they are sent.

    Those beyond help are buried, whatever there is to send.

    Several sweepers may ask at once: where the database can, each passes over what another has
    in hand; and a batch sent twice is planned once.
    """
    _bury(db, now)
    waiting = (
        select(col(Batch.id), col(Batch.sent_at))
        .where(_is_due(now), _run_is_on(), col(Batch.attempts) < MOST_ATTEMPTS)
        .order_by(col(Batch.id))
        .limit(MOST_SENT)
        .with_for_update(skip_locked=True)
    )
    due = [
        row.id
        for row in db.execute(waiting)
        if row.sent_at is None or row.sent_at <= now - resend_after
    ][:most]
    db.execute(
        update(Batch)
        .where(col(Batch.id).in_(due))
        .values(sent_at=now)
        .execution_options(synchronize_session=False)
    )
    return due


def lock_held(db: Session, held: Claim) -> Batch | None:
    """Take the batch for this unit of work; None when somebody else has claimed it since."""
    query = select(Batch).where(_is_held(held)).with_for_update()
    return db.scalars(query.execution_options(populate_existing=True)).one_or_none()


def lost_lease(table: Any, was_running: Any) -> ColumnElement[datetime | None]:
    """Note, as a row is taken, when the lease of whoever held it ran out; else what was noted."""
    return case((was_running, table.lease_until), else_=table.lease_lost_at)


def error_text(error: BaseException) -> str:
    """Tell an error to the coordinator: its kind and first line, long numbers blotted out."""
    first = (str(error).splitlines() or [""])[0]
    return re.sub(r"\d{7,}", "…", f"{type(error).__name__}: {first}")[:LONGEST_ERROR]


def _bury(db: Session, now: datetime) -> None:
    """Declare batches dead whose last attempt ended without a word."""
    query = select(col(Batch.id), col(Batch.run_id)).where(
        col(Batch.attempts) >= MOST_ATTEMPTS,
        col(Batch.state) == BatchState.RUNNING,
        col(Batch.lease_until) < now,
    )
    for batch_id, run_id in db.execute(query).all():
        run = lock_run(db, run_id)
        db.execute(
            update(Batch)
            .where(
                col(Batch.id) == batch_id,
                col(Batch.state) == BatchState.RUNNING,
                col(Batch.lease_until) < now,
            )
            .values(
                state=BatchState.DEAD,
                finished_at=now,
                error="worker_lost",
                lease_lost_at=col(Batch.lease_until),
            )
            .execution_options(synchronize_session=False)
        )
        finish_if_settled(db, run, now)


def _team_days(db: Session, run: PlanRun, batch: Batch) -> tuple[TeamDay, ...]:
    # The moment of the claim is kept with the batch, so the same question can be put again.
    claimed_on = local_day(db, run.branch_id, batch.started_at or run.requested_at)
    wanted = ((team_id, date.fromisoformat(day)) for team_id, day in batch.question["team_days"])
    pairs = {(team_id, day) for team_id, day in wanted if day > claimed_on}
    if not pairs:
        return ()
    days = [day for _, day in pairs]
    listed = team_days(db, run.branch_id, min(days), max(days))
    return tuple(
        sorted(
            (one for one in listed if (one.team_id, one.day) in pairs),
            key=lambda one: (one.day, one.team_id),
        )
    )


def _rests(db: Session, run: PlanRun, days: Sequence[TeamDay]) -> dict[int, frozenset[date]]:
    """Days off of the teams from the first of the days to a week behind the last of them."""
    if not days:
        return {}
    return days_off(db, run.branch_id, days[0].day, days[-1].day + timedelta(weeks=1))


def _is_due(now: datetime) -> ColumnElement[bool]:
    return or_(
        col(Batch.state) == BatchState.READY,
        and_(col(Batch.state) == BatchState.RUNNING, col(Batch.lease_until) < now),
    )


def _is_held(held: Claim) -> ColumnElement[bool]:
    return and_(
        col(Batch.id) == held.batch_id,
        col(Batch.state) == BatchState.RUNNING,
        col(Batch.fence) == held.fence,
    )


def _run_is_on() -> ColumnElement[bool]:
    return exists().where(
        col(PlanRun.id) == col(Batch.run_id), col(PlanRun.state) == RunState.RUNNING
    )
