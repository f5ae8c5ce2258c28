"""A batch from claim to commit: the rows hold the truth, the queue carries only numbers."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import exists, select
from sqlmodel import col

from outreach.campaigns.choosing import sites_of
from outreach.errors import NotFound
from outreach.people.rota import days_off, team_days
from outreach.planning.model import Parameters, Problem
from outreach.villages.calendar import ALWAYS
from outreach.visits.kept_calendar import calendar_of
from outreach.visits.leased_rows import MOST_SENT, RESEND_AFTER, LeasedRows
from outreach.visits.leased_rows import Claim as RowClaim
from outreach.visits.measured_ways import kept_ways, places_of
from outreach.visits.question import local_day
from outreach.visits.runs import finish_if_settled, lock_run
from outreach.visits.tables import Batch, BatchState, PlanRun, RunState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlmodel import Session

    from outreach.planning.check import Violation
    from outreach.planning.model import TeamDay

_RUN_IS_ON = exists().where(
    col(PlanRun.id) == col(Batch.run_id), col(PlanRun.state) == RunState.RUNNING
)
#: A plan of the nation has hundreds of batches; a coordinator's few do not wait behind them.
_WHO_ASKED = (
    select(col(PlanRun.requested_by)).where(col(PlanRun.id) == col(Batch.run_id)).scalar_subquery()
)
_BATCHES = LeasedRows(Batch, BatchState, only=_RUN_IS_ON, whose=_WHO_ASKED)


class UnsoundPlan(Exception):
    """The planner's answer breaks rules: a fault of the product, which no new attempt mends."""

    def __init__(self, broken: Sequence[Violation]) -> None:
        first = broken[0]
        facts = first.code, first.team_id and f"team {first.team_id}", first.day
        told = ", ".join(str(fact) for fact in (first.rule.value, *facts) if fact)
        super().__init__(told if len(broken) == 1 else f"{told}, {len(broken)} in all")


@dataclass(frozen=True, slots=True)
class Claim(RowClaim):
    """The right to commit a batch of a run."""

    run_id: int


def claim(db: Session, batch_id: int, now: datetime, lease: timedelta) -> Claim | None:
    """Take a batch to plan, as `LeasedRows.claim`."""
    held = _BATCHES.claim(db, batch_id, now, lease, started_at=now)
    if held is None:
        return None
    run_id = db.scalars(select(col(Batch.run_id)).where(col(Batch.id) == batch_id)).one()
    return Claim(batch_id, held.fence, held.attempts, run_id)


def renew(db: Session, held: Claim, now: datetime, lease: timedelta) -> bool:
    """Extend the lease of a batch still being planned; False tells to stop planning it."""
    return _BATCHES.write(db, held, lease_until=now + lease)


def load_problem(db: Session, held: Claim) -> Problem:
    """Read the question of a batch, always in the same order.

    A team-day that the team does not work any more since the run was requested is left out, and
    so is one that had come when the batch was claimed: nobody can be asked for it any more.
    """
    batch = db.get_one(Batch, held.row_id, populate_existing=True)
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
        away=_away(batch),
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
    return load_problem(db, Claim(batch_id, batch.fence, batch.attempts, batch.run_id))


def fail(db: Session, held: Claim, error: BaseException, now: datetime) -> None:
    """Note that an attempt failed, as `LeasedRows.fail`; the run may end by it.

    After an unsound plan the batch is dead at once: the same question has the same answer.
    """
    run = lock_run(db, held.run_id)
    _BATCHES.fail(db, held, error, now, is_hopeless=isinstance(error, UnsoundPlan))
    finish_if_settled(db, run, now)


def due_batches(
    db: Session, now: datetime, resend_after: timedelta = RESEND_AFTER, most: int = MOST_SENT
) -> list[int]:
    """Take the batches to send now, as `LeasedRows.due`; runs end whose last ones are buried."""
    lost = select(col(Batch.run_id)).where(_BATCHES.is_lost(now)).distinct()
    runs = [lock_run(db, run_id) for run_id in sorted(db.scalars(lost))]
    due = _BATCHES.due(db, now, resend_after, most)
    for run in runs:
        finish_if_settled(db, run, now)
    return due


def lock_held(db: Session, held: Claim) -> Batch | None:
    """Take the batch for this unit of work; None when somebody else has claimed it since."""
    query = select(Batch).where(_BATCHES.is_held(held)).with_for_update()
    return db.scalars(query.execution_options(populate_existing=True)).one_or_none()


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


def _away(batch: Batch) -> dict[int, frozenset[date]]:
    # Kept when the plan was asked for, as the calendar; an earlier version did not.
    told = batch.question.get("away", {})
    return {int(team): frozenset(map(date.fromisoformat, days)) for team, days in told.items()}


def _rests(db: Session, run: PlanRun, days: Sequence[TeamDay]) -> dict[int, frozenset[date]]:
    """Days off of the teams from the first of the days to a week behind the last of them."""
    if not days:
        return {}
    return days_off(db, run.branch_id, days[0].day, days[-1].day + timedelta(weeks=1))
