"""What was planned in the world of the web's tests: runs, sheets, changes, letters."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from outreach.papers.choosing import Wanted
from outreach.papers.issuing import make_papers
from outreach.papers.tables import PaperKind
from outreach.people.access import Person
from outreach.people.tables import Role
from outreach.sheets.tables import SheetKind, Upload
from outreach.visits.snapshot import places_of_stage
from outreach.visits.tables import (
    Batch,
    BatchState,
    Cause,
    PlanRun,
    PlanSubmission,
    Replan,
    RunState,
    SubmissionState,
)

if TYPE_CHECKING:
    from sqlmodel import Session

    from tests.web.world import World


def finished_run(db: Session, ids: dict[str, Any], account_id: int) -> dict[str, Any]:
    """A plan run that ended with a part that failed."""
    then = datetime(2026, 11, 5, 3, tzinfo=UTC)
    run = PlanRun(
        stage_id=ids["stage_id"],
        branch_id=ids["branch_id"],
        state=RunState.DONE,
        seed=1,
        parameters={"day_price": 0.5, "rounds": 40, "target_size": 100},
        requested_by=account_id,
        requested_at=then,
        finished_at=then,
    )
    db.add(run)
    db.flush()
    batch = Batch(
        run_id=run.id or 0,
        number=1,
        label="Laweyan",
        state=BatchState.DEAD,
        question={"villages": [ids["code"]], "team_days": []},
        villages=1,
        attempts=5,
        error="ValueError: the planner found no way",
    )
    db.add(batch)
    db.flush()
    return {"run_id": run.id, "batch_id": batch.id}


def approved_plan(db: Session, ids: dict[str, Any], world: World) -> int:
    """Have had the plan of the stage approved, so that single visits of it may be asked for."""
    then = datetime(2026, 11, 1, 3, tzinfo=UTC)
    submission = PlanSubmission(
        stage_id=ids["stage_id"],
        state=SubmissionState.APPROVED,
        places=[place.told() for place in places_of_stage(db, ids["stage_id"])],
        submitted_by=world.accounts[Role.COORDINATOR][0],
        submitted_at=then,
        decided_by=world.accounts[Role.MANAGER][0],
        decided_at=then,
    )
    db.add(submission)
    db.flush()
    return submission.id or 0


def read_sheet(db: Session, ids: dict[str, Any], account_id: int) -> int:
    """A sheet of the plan that was read and changes nothing."""
    made = Upload(
        kind=SheetKind.PLAN,
        branch_id=ids["branch_id"],
        stage_id=ids["stage_id"],
        file_name="rencana.xlsx",
        uploaded_by=account_id,
        uploaded_at=datetime(2026, 11, 5, 4, tzinfo=UTC),
    )
    db.add(made)
    db.flush()
    return made.id or 0


def drafted_replan(db: Session, ids: dict[str, Any], account_id: int) -> int:
    """Draft what would change if the village of the visit cancelled."""
    replan = Replan(
        stage_id=ids["stage_id"],
        cause=Cause.VILLAGE_CANCELS,
        facts={
            "told": {"visit_id": ids["visit_id"], "why": "Hajatan", "another_day": False},
            "travel_before": 60,
            "travel_after": 0,
            "elsewhere": 0,
        },
        made_by=account_id,
        made_at=datetime(2026, 11, 1, 4, tzinfo=UTC),
    )
    db.add(replan)
    db.flush()
    return replan.id or 0


def assignment_letter(db: Session, ids: dict[str, Any], account_id: int) -> int:
    """Make the assignment letter of the branch's team."""
    everywhere = Person(account_id, "Siti", Role.COORDINATOR, ("",))
    then = datetime(2026, 11, 6, 3, tzinfo=UTC)
    return make_papers(
        db, ids["stage_id"], Wanted((PaperKind.ASSIGNMENT_LETTER,)), by=everywhere, now=then
    )[0]
