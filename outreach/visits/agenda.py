"""What is coming up and what is stuck in a person's area, for the first page of the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - dataclass fields are read at run time
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, select
from sqlmodel import col

from outreach.campaigns.access import visible_branches
from outreach.campaigns.tables import Stage, StageVillage, Status
from outreach.people.access import narrow
from outreach.people.tables import Account
from outreach.visits.elsewhere import is_elsewhere
from outreach.visits.tables import ACTIVE, Batch, BatchState, PlanRun, RunState, Visit

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.people.access import Person


@dataclass(frozen=True, slots=True)
class RunLine:
    """A plan run that is going on, or that left something undone."""

    run_id: int
    stage_id: int
    stage: str
    state: RunState
    requested_by: str
    requested_at: datetime
    batches: int
    done: int
    dead: int


@dataclass(frozen=True, slots=True)
class UnplacedLine:
    """An open stage with villages that have no visit."""

    stage_id: int
    stage: str
    villages: int


def runs_to_watch(db: Session, person: Person) -> list[RunLine]:
    """List runs that are going on, and the latest run of a stage where a batch failed."""
    latest = select(func.max(col(PlanRun.id))).group_by(col(PlanRun.stage_id))
    dead = func.sum(case((col(Batch.state) == BatchState.DEAD, 1), else_=0))
    done = func.sum(case((col(Batch.state) == BatchState.DONE, 1), else_=0))
    query = (
        select(
            col(PlanRun.id),
            col(PlanRun.stage_id),
            col(Stage.name),
            col(PlanRun.state),
            col(Account.name),
            col(PlanRun.requested_at),
            func.count(col(Batch.id)),
            func.coalesce(done, 0),
            func.coalesce(dead, 0),
        )
        .join(Stage, col(Stage.id) == col(PlanRun.stage_id))
        .join(Account, col(Account.id) == col(PlanRun.requested_by))
        .outerjoin(Batch, col(Batch.run_id) == col(PlanRun.id))
        .where(col(PlanRun.id).in_(latest), col(Stage.status) == Status.OPENED)
        .where(col(Stage.branch_id).in_(visible_branches(db, person)))
        .group_by(PlanRun.id, Stage.name, Account.name)  # type: ignore[arg-type]
        .order_by(col(PlanRun.id))
    )
    lines = [RunLine(*row) for row in db.execute(query)]
    return [line for line in lines if line.state is RunState.RUNNING or line.dead]


def stages_with_unplaced(db: Session, person: Person) -> list[UnplacedLine]:
    """List open stages in which chosen villages have no visit that stands, nor one elsewhere."""
    placed = (
        select(col(Visit.id))
        .where(col(Visit.stage_id) == col(StageVillage.stage_id))
        .where(col(Visit.village_code) == col(StageVillage.village_code))
        .where(col(Visit.work).in_(ACTIVE))
    )
    query: Any = (
        select(col(Stage.id), col(Stage.name), func.count())
        .join(StageVillage, col(StageVillage.stage_id) == col(Stage.id))
        .where(col(Stage.status) == Status.OPENED, ~placed.exists())
        .where(~is_elsewhere(col(StageVillage.stage_id), col(StageVillage.village_code)))
        .group_by(col(Stage.id), col(Stage.name))
        .order_by(col(Stage.id))
    )
    rows = db.execute(narrow(query, StageVillage.village_code, person))
    return [UnplacedLine(*row) for row in rows]
