"""Closes a stage with all that hangs on it: its plan run and what was only proposed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.stages import close_stage, stage_of
from outreach.visits.approval import withdraw_waiting
from outreach.visits.question import STAGE_CLOSED
from outreach.visits.releasing import release_proposals
from outreach.visits.runs import lock_branch, lock_run, stop_run
from outreach.visits.tables import PlanRun, RunState

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from outreach.campaigns.tables import Stage
    from outreach.people.access import Person


def wind_up(db: Session, stage_id: int, version: int, *, by: Person, now: datetime) -> Stage:
    """Close a stage for good: its run is called off, its proposals give their days back.

    What waits for approval is taken back.
    Visits that an official knows of stay and are reported as ever.

    Raises
    ------
    NotFound
        If the stage is missing or outside the person's area.
    NotAllowed
        If the person does not plan for its branch.
    Conflict
        If it is closed already, or somebody else changed it.
    """
    lock_branch(db, stage_of(db, by, stage_id).branch_id)
    query = select(col(PlanRun.id)).where(
        col(PlanRun.stage_id) == stage_id, col(PlanRun.state) == RunState.RUNNING
    )
    run_id = db.scalar(query)
    # Before the stage, as a worker that saves its plan takes them.
    run = None if run_id is None else lock_run(db, run_id)
    stage = close_stage(db, stage_id, version, by=by)
    withdraw_waiting(db, stage_id, by, now)
    if run is not None and run.state is RunState.RUNNING:
        stop_run(db, run, now)
    release_proposals(db, stage_id, by, now, reason=STAGE_CLOSED)
    return stage
