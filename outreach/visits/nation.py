"""Plans of all branches at once: asked for in one go, branch by branch, and watched together."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, select
from sqlmodel import col

from outreach.campaigns.access import holds_branch
from outreach.campaigns.campaigns import campaign_of
from outreach.campaigns.tables import Stage, Status
from outreach.db import written
from outreach.errors import Conflict, NotAllowed, NotFound
from outreach.history.recording import record
from outreach.history.tables import Deed
from outreach.people.access import covers
from outreach.people.tables import Branch, BranchRegency, Role, Team
from outreach.visits.runs import OPEN_BATCH, lock_branch, request_run
from outreach.visits.tables import Batch, BatchState, PlanRun, RunState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.people.access import Person

log = logging.getLogger(__name__)

#: Stands in the history for the command that asks.
PAGE = "outreach plan nation"


class Hindrance(StrEnum):
    """Why a branch is not planned together with the others."""

    NO_STAGE = "no_stage"
    STAGE_DRAFTED = "stage_drafted"
    NO_TEAMS = "no_teams"
    NO_FREE_DAY = "no_free_day"
    NOTHING_TO_VISIT = "nothing_to_visit"
    RUN_OPEN = "run_open"
    PLANNED_ALREADY = "planned_already"
    CALLED_OFF = "called_off"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class OfBranch:
    """What a branch has for a campaign: a stage to plan now, or why there is none."""

    branch_id: int
    branch: str
    stage_id: int | None = None
    hindrance: Hindrance | None = None


@dataclass(frozen=True, slots=True)
class Together:
    """How far the latest plan of each branch has come for a campaign, all branches summed up.

    `branches` that have a plan, `ready` of them; `closed` batches are done, given up or called
    off, and so are the villages `settled` in them. `dead_in` names branches with batches given up.
    """

    branches: int
    ready: int
    batches: int
    closed: int
    villages: int
    settled: int
    placed: int
    dead_in: tuple[str, ...]

    @property
    def is_over(self) -> bool:
        """Whether no plan is on any more."""
        return self.ready == self.branches


class Hindered(Exception):
    """The branch is left as it was."""

    def __init__(self, why: Hindrance) -> None:
        super().__init__(why.value)
        self.why = why


def branches_to_plan(db: Session, campaign_id: int, by: Person) -> list[OfBranch]:
    """Find the next stage to plan of every branch in the manager's area, the earliest first.

    It is the earliest open stage of the campaign that was never planned: whatever has a plan is
    left to its coordinator, so that asking again doubles and undoes nothing.

    Raises
    ------
    NotFound
        If there is no such campaign, or it is of a branch outside the manager's area.
    NotAllowed
        If the person is no manager.
    Conflict
        If the campaign is not open.
    """
    _require_manager(by)
    if (status := campaign_of(db, by, campaign_id).status) is not Status.OPENED:
        raise Conflict(problem="campaign_not_open", status=status)
    held = _branches_of(db, by)
    query = select(Stage).where(col(Stage.campaign_id) == campaign_id)
    stages: dict[int, list[Stage]] = defaultdict(list)
    for stage in db.scalars(query.order_by(col(Stage.starts), col(Stage.id))):
        stages[stage.branch_id].append(stage)
    runs, staffed = _latest_states(db, campaign_id), _with_teams(db)
    found = [
        (_next_of(branch_id, name, stages[branch_id], runs, staffed), stages[branch_id])
        for branch_id, name in held.items()
    ]
    found.sort(key=lambda one: _order(*one))
    return [one for one, _ in found]


def _order(one: OfBranch, stages: Sequence[Stage]) -> tuple[object, ...]:
    """Whoever sets out first is planned first."""
    starts = [stage.starts.isoformat() for stage in stages if stage.id == one.stage_id]
    return (one.stage_id is None, starts, one.branch)


def _next_of(
    branch_id: int,
    name: str,
    stages: Sequence[Stage],
    runs: Mapping[int, RunState],
    staffed: frozenset[int],
) -> OfBranch:
    opened = [stage for stage in stages if stage.status is Status.OPENED]
    fresh = next((stage.id for stage in opened if stage.id not in runs), None)
    if fresh is not None and branch_id in staffed:
        return OfBranch(branch_id, name, fresh)
    return OfBranch(branch_id, name, None, _hindrance(stages, opened, fresh, runs))


def _hindrance(
    stages: Sequence[Stage],
    opened: Sequence[Stage],
    fresh: int | None,
    runs: Mapping[int, RunState],
) -> Hindrance:
    if fresh is not None:
        return Hindrance.NO_TEAMS
    states = {runs[stage.id or 0] for stage in opened}
    for state, why in _OF_STATE.items():
        if state in states:
            return why
    is_drafted = any(stage.status is Status.DRAFTED for stage in stages)
    return Hindrance.STAGE_DRAFTED if is_drafted else Hindrance.NO_STAGE


_OF_STATE = {
    RunState.RUNNING: Hindrance.RUN_OPEN,
    RunState.CANCELLED: Hindrance.CALLED_OFF,
    RunState.DONE: Hindrance.PLANNED_ALREADY,
}


def plan_branch(
    engine: Engine, one: OfBranch, *, by: Person, now: datetime, request_id: str = ""
) -> Hindrance | None:
    """Ask for the plan of one branch in a unit of work of its own; tell what hindered it.

    Whatever goes wrong with one branch is noted, and keeps none of the others from its plan.
    """
    if one.stage_id is None:
        return one.hindrance
    stage_id = one.stage_id
    try:
        written(engine, lambda db: _begin(db, stage_id, by, now, request_id))
    except Hindered as hindered:
        return hindered.why
    except Exception as error:
        problem = error.facts.get("problem") if isinstance(error, Conflict) else None
        if why := _OF_CONFLICT.get(str(problem)):
            return why
        log.exception("branch %s is not planned", one.branch_id)
        return Hindrance.FAULT
    return None


#: What may have come between the looking and the asking.
_OF_CONFLICT = {"run_open": Hindrance.RUN_OPEN, "stage_not_open": Hindrance.NO_STAGE}


def _begin(db: Session, stage_id: int, by: Person, now: datetime, request_id: str) -> None:
    """Write the run, unless it would plan nothing: then nothing is written at all."""
    lock_branch(db, db.get_one(Stage, stage_id).branch_id)
    # Only now: whoever asked at the same moment may have been first.
    if state := _latest_states(db, stage_ids=[stage_id]).get(stage_id):
        raise Hindered(_OF_STATE[state])
    run = request_run(
        db, stage_id, by=by, now=now, request_id=request_id, require=_require_manager_of
    )
    questions = db.scalars(select(col(Batch.question)).where(col(Batch.run_id) == run.id)).all()
    if not questions:
        raise Hindered(Hindrance.NOTHING_TO_VISIT)
    if not any(asked["team_days"] for asked in questions):
        raise Hindered(Hindrance.NO_FREE_DAY)
    record(db, Deed.PLAN_STARTED, at=now, by=by.account_id, about=run.id, page=PAGE)


def together(db: Session, campaign_id: int, person: Person) -> Together:
    """Read how far the latest plan of each branch of the manager's area has come for a campaign.

    Raises
    ------
    NotFound
        As `branches_to_plan`.
    NotAllowed
        If the person is no manager.
    """
    _require_manager(person)
    campaign_of(db, person, campaign_id)
    names = _branches_of(db, person)
    rows = [row for row in db.execute(_sums(campaign_id)) if row.branch_id in names]
    dead_in = sorted({names[row.branch_id] for row in rows if row.dead})
    return Together(
        branches=len(rows),
        ready=sum(row.state is not RunState.RUNNING for row in rows),
        dead_in=tuple(dead_in),
        **{name: sum(getattr(row, name) or 0 for row in rows) for name in _SUMMED},
    )


_SUMMED = ("batches", "closed", "villages", "settled", "placed")


def _sums(campaign_id: int) -> Any:
    """Ask for the sums of the batches of each branch's latest run."""
    is_closed = col(Batch.state).not_in(OPEN_BATCH)
    of_campaign = col(Stage.campaign_id) == campaign_id
    return (
        select(
            col(PlanRun.branch_id),
            col(PlanRun.state),
            func.count(col(Batch.id)).label("batches"),
            func.sum(case((is_closed, 1), else_=0)).label("closed"),
            func.sum(col(Batch.villages)).label("villages"),
            func.sum(case((is_closed, col(Batch.villages)), else_=0)).label("settled"),
            func.sum(col(Batch.placed)).label("placed"),
            func.sum(case((col(Batch.state) == BatchState.DEAD, 1), else_=0)).label("dead"),
        )
        .join(Batch, col(Batch.run_id) == col(PlanRun.id), isouter=True)
        .where(col(PlanRun.id).in_(_latest_runs(PlanRun.branch_id, of_campaign)))
        .group_by(col(PlanRun.id), col(PlanRun.branch_id), col(PlanRun.state))
    )


def _latest_runs(each: Any, of_stages: Any) -> Any:
    """Ask for the newest run of each branch, or of each stage, among the stages meant."""
    return (
        select(func.max(col(PlanRun.id)))
        .join(Stage, col(Stage.id) == col(PlanRun.stage_id))
        .where(of_stages)
        .group_by(each)
    )


def _latest_states(
    db: Session, campaign_id: int | None = None, stage_ids: Iterable[int] = ()
) -> dict[int, RunState]:
    """Read how the latest run stands of each stage of a campaign, or of the stages named."""
    of_stages = (
        col(Stage.id).in_(stage_ids)
        if campaign_id is None
        else col(Stage.campaign_id) == campaign_id
    )
    query = select(col(PlanRun.stage_id), col(PlanRun.state))
    return dict(
        db.execute(
            query.where(col(PlanRun.id).in_(_latest_runs(PlanRun.stage_id, of_stages)))
        ).all()
    )


def _with_teams(db: Session) -> frozenset[int]:
    """Branches of which a team is active."""
    return frozenset(db.scalars(select(col(Team.branch_id)).where(col(Team.is_active)).distinct()))


def _branches_of(db: Session, person: Person) -> dict[int, str]:
    """Names of the branches that the person's area holds as a whole, by number."""
    served: dict[int, list[str]] = defaultdict(list)
    for row in db.execute(select(col(BranchRegency.branch_id), col(BranchRegency.regency_code))):
        served[row.branch_id].append(row.regency_code)
    rows = db.execute(select(col(Branch.id), col(Branch.name)).order_by(col(Branch.id)))
    return {
        row.id: row.name
        for row in rows
        if served[row.id] and all(covers(person.areas, code) for code in served[row.id])
    }


def _require_manager(by: Person) -> None:
    if by.role is not Role.MANAGER:
        raise NotAllowed(role=by.role)


def _require_manager_of(db: Session, branch_id: int, by: Person) -> None:
    _require_manager(by)
    if not holds_branch(db, branch_id, by):
        raise NotFound(kind="Branch", id=branch_id)
