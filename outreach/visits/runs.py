"""Plan runs: asked for, watched, called off, taken up again."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update
from sqlmodel import col

from outreach.campaigns.access import holds_branch
from outreach.campaigns.choosing import choose_villages, sites_of
from outreach.campaigns.stages import require_planner, stage_of
from outreach.campaigns.tables import Stage, StageVillage, Status
from outreach.errors import Conflict, NotFound
from outreach.people.edits import locked
from outreach.people.tables import Account, Branch
from outreach.planning.model import USUAL
from outreach.planning.packages import TARGET_SIZE, Package, split
from outreach.villages.tables import District
from outreach.visits.question import (
    CALLED_OFF,
    free_team_days,
    known_now,
    local_day,
    past_of,
    question_of,
)
from outreach.visits.releasing import release_proposals
from outreach.visits.tables import Batch, BatchState, PlanRun, RunState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.planning.model import Parameters

LABELLED_DISTRICTS = 3
OPEN_BATCH = (BatchState.READY, BatchState.RUNNING)


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One batch as the coordinator sees it."""

    id: int
    number: int
    label: str
    state: BatchState
    villages: int
    placed: int
    team_days: int
    travel_minutes: int
    attempts: int
    error: str
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a plan run has come.

    `by_state` counts batches; `settled` are the villages of batches that are done: each is
    `placed` or carries its reason.
    """

    run_id: int
    stage_id: int
    state: RunState
    seed: int
    requested_by: str
    requested_at: datetime
    finished_at: datetime | None
    by_state: Mapping[BatchState, int]
    villages: int
    settled: int
    placed: int
    team_days: int
    travel_minutes: int
    batches: tuple[BatchRow, ...]


def request_run(
    db: Session,
    stage_id: int,
    *,
    by: Person,
    now: datetime,
    seed: int | None = None,
    parameters: Parameters | None = None,
    target_size: int = TARGET_SIZE,
    request_id: str = "",
    require: Callable[[Session, int, Person], None] = require_planner,
) -> PlanRun:
    """Choose the villages of an open stage and write the run with its batches.

    Visits that are only proposed are replaced; everything an official knows of stays, with its
    day. Without a seed the number of the stage is the seed. `require` refuses who may not plan.

    Raises
    ------
    NotFound
        If the stage is missing or outside the person's area.
    Conflict
        If the stage is not open, or a run of its branch is on: then `by`, `since`, `run_id` and
        `stage_id` say whose.
    """
    branch_id = stage_of(db, by, stage_id).branch_id
    require(db, branch_id, by)
    lock_branch(db, branch_id)
    stage = locked(db, Stage, stage_id)
    if stage.status is not Status.OPENED:
        raise Conflict(problem="stage_not_open", status=stage.status)
    chosen = parameters or USUAL
    run = PlanRun(
        stage_id=stage_id,
        branch_id=branch_id,
        seed=stage_id if seed is None else seed,
        parameters={**asdict(chosen), "target_size": target_size},
        requested_by=by.account_id,
        requested_at=now,
        request_id=request_id,
    )
    _refuse_other_run(db, run)
    db.add(run)
    db.flush()  # for its id
    release_proposals(db, stage_id, by, now)
    _write_batches(db, stage, run, local_day(db, branch_id, now))
    finish_if_settled(db, run, now)
    return run


def cancel_run(db: Session, run_id: int, *, by: Person, now: datetime) -> bool:
    """Call a run off: it leaves no visit behind that no official knows of.

    Return whether its plan stands nevertheless: where only a part is being tried again, that of
    the others had ended before.

    Raises
    ------
    NotFound
        If the run is missing or outside the person's area.
    Conflict
        If it is not on any more.
    """
    run = _planners_run(db, run_id, by)
    if run.state is not RunState.RUNNING:
        raise Conflict(problem="run_not_on", state=run.state)
    had_ended = run.finished_at is not None
    stop_run(db, run, now)
    if not had_ended:
        release_proposals(db, run.stage_id, by, now, reason=CALLED_OFF)
        _forget_figures(db, run_id)
    return had_ended


def _forget_figures(db: Session, run_id: int) -> None:
    """Tell nothing as planned any more of what is taken back."""
    done = (col(Batch.run_id) == run_id, col(Batch.state) == BatchState.DONE)
    nothing = {"placed": 0, "team_days": 0, "travel_minutes": 0}
    db.execute(update(Batch).where(*done).values(state=BatchState.CANCELLED, **nothing))


def retry_batch(
    db: Session, batch_id: int, *, by: Person, now: datetime, request_id: str = ""
) -> Batch:
    """Give a dead batch five new attempts; its run is on again.

    Raises
    ------
    NotFound
        If the batch is missing or outside the person's area.
    Conflict
        If the batch is not dead, the stage has been planned anew since or is not open any more,
        or another run of its branch is on: then with the facts of `request_run`.
    """
    run_id = db.scalar(select(col(Batch.run_id)).where(col(Batch.id) == batch_id))
    if run_id is None:
        raise NotFound(kind="Batch", id=batch_id)
    lock_branch(db, run_of(db, by, run_id).branch_id)
    run = _planners_run(db, run_id, by)
    batch = locked(db, Batch, batch_id)
    later = select(col(PlanRun.id)).where(
        col(PlanRun.stage_id) == run.stage_id, col(PlanRun.id) > run.id
    )
    if batch.state is not BatchState.DEAD or run.state is RunState.CANCELLED:
        raise Conflict(problem="batch_not_dead", state=batch.state)
    if db.scalars(later).first() is not None:
        raise Conflict(problem="planned_anew")
    if (status := db.get_one(Stage, run.stage_id).status) is not Status.OPENED:
        raise Conflict(problem="stage_not_open", status=status)
    _refuse_other_run(db, run)
    batch.state, batch.attempts, batch.error = BatchState.READY, 0, ""
    # Whoever asks anew asks with what is known by now.
    batch.question = known_now(db, batch.question)
    batch.sent_at = batch.finished_at = batch.lease_until = None
    batch.retried_at, run.request_id = now, request_id
    # That it had ended once stays told: its plan stands, whatever becomes of this part.
    run.state = RunState.RUNNING
    db.flush()  # before somebody else's claim looks for it
    return batch


def run_of(db: Session, person: Person, run_id: int) -> PlanRun:
    """Read one run.

    Raises
    ------
    NotFound
        If it is missing, or any part of its branch lies outside the person's area: a run is of the
        whole branch, and so are its sums.
    """
    run = db.get(PlanRun, run_id)
    if run is None or not holds_branch(db, run.branch_id, person):
        raise NotFound(kind="PlanRun", id=run_id)
    return run


def latest_run(db: Session, person: Person, stage_id: int) -> PlanRun | None:
    """Read the latest run of a stage, if there was one that the person may see (`run_of`).

    Raises
    ------
    NotFound
        If the stage is missing or outside the person's area.
    """
    if not holds_branch(db, stage_of(db, person, stage_id).branch_id, person):
        return None
    query = select(PlanRun).where(col(PlanRun.stage_id) == stage_id)
    return db.scalars(query.order_by(col(PlanRun.id).desc()).limit(1)).first()


def run_progress(db: Session, run_id: int, person: Person) -> RunProgress:
    """Read how far a run has come.

    Raises
    ------
    NotFound
        As `run_of`.
    """
    run = run_of(db, person, run_id)
    columns: list[Any] = [col(getattr(Batch, name)) for name in BatchRow.__dataclass_fields__]
    query = select(*columns).where(col(Batch.run_id) == run_id).order_by(col(Batch.number))
    batches = tuple(BatchRow(*row) for row in db.execute(query))
    done = [batch for batch in batches if batch.state is BatchState.DONE]
    states = [batch.state for batch in batches]
    return RunProgress(
        run_id=run_id,
        stage_id=run.stage_id,
        state=run.state,
        seed=run.seed,
        requested_by=db.get_one(Account, run.requested_by).name,
        requested_at=run.requested_at,
        finished_at=run.finished_at,
        by_state={state: states.count(state) for state in BatchState},
        villages=sum(batch.villages for batch in batches),
        settled=sum(batch.villages for batch in done),
        placed=sum(batch.placed for batch in done),
        team_days=sum(batch.team_days for batch in done),
        travel_minutes=sum(batch.travel_minutes for batch in done),
        batches=batches,
    )


def lock_branch(db: Session, branch_id: int) -> None:
    """Take the branch's planning: who starts or ends a run waits here and sees the others'."""
    query = select(col(Branch.id)).where(col(Branch.id) == branch_id)
    db.execute(query.with_for_update(key_share=True))


def lock_run(db: Session, run_id: int) -> PlanRun:
    """Take the run for this unit of work; always before any of its batches."""
    query = select(PlanRun).where(col(PlanRun.id) == run_id)
    taken = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    run: PlanRun = db.scalars(taken).one()
    return run


def finish_if_settled(db: Session, run: PlanRun, now: datetime) -> None:
    """Finish a locked run of which no batch is waiting or running any more."""
    waiting = select(col(Batch.id)).where(
        col(Batch.run_id) == run.id, col(Batch.state).in_(OPEN_BATCH)
    )
    if run.state is RunState.RUNNING and db.scalars(waiting.limit(1)).first() is None:
        run.state, run.finished_at = RunState.DONE, now


def stop_run(db: Session, run: PlanRun, now: datetime) -> None:
    """Call a locked run off: its batches that are not done never write any visit."""
    run.state, run.finished_at = RunState.CANCELLED, now
    db.execute(
        update(Batch)
        .where(col(Batch.run_id) == run.id, col(Batch.state).in_(OPEN_BATCH))
        .values(state=BatchState.CANCELLED, finished_at=now, lease_until=None)
    )


def _planners_run(db: Session, run_id: int, by: Person) -> PlanRun:
    run_of(db, by, run_id)
    run = lock_run(db, run_id)
    require_planner(db, run.branch_id, by)
    return run


def _refuse_other_run(db: Session, run: PlanRun) -> None:
    """Refuse two plans of a branch at a time: they would share its days, and clash in stays."""
    query: Any = (
        select(
            col(PlanRun.id).label("run_id"),
            col(PlanRun.stage_id),
            col(Account.name).label("by"),
            col(PlanRun.requested_at).label("since"),
        )
        .join(Account, col(Account.id) == col(PlanRun.requested_by))
        .where(col(PlanRun.branch_id) == run.branch_id, col(PlanRun.state) == RunState.RUNNING)
    )
    if run.id is not None:
        query = query.where(col(PlanRun.id) != run.id)
    if other := db.execute(query).mappings().first():
        raise Conflict(problem="run_open", **other)


def _write_batches(db: Session, stage: Stage, run: PlanRun, today: date) -> None:
    past = past_of(db, stage)
    choose_villages(db, stage, past, today)
    waiting = select(col(StageVillage.village_code)).where(
        col(StageVillage.stage_id) == stage.id,
        col(StageVillage.village_code).not_in(past.kept),
    )
    sites = sites_of(db, db.scalars(waiting))
    size = run.parameters["target_size"]
    packages = split(sites, free_team_days(db, stage, today), size)
    rows = [
        {
            "run_id": run.id,
            "number": number,
            "label": label,
            "question": question_of(db, package),
            "villages": len(package.sites),
        }
        for number, (package, label) in enumerate(
            zip(packages, _labels(db, packages), strict=True), start=1
        )
    ]
    if rows:
        db.execute(insert(Batch), rows)


def _labels(db: Session, packages: Sequence[Package]) -> list[str]:
    """Name each package by its first districts."""
    codes = [code for package in packages for code in package.districts]
    query = select(col(District.code), col(District.name)).where(col(District.code).in_(codes))
    names = {row.code: row.name for row in db.execute(query)}
    labels = []
    for package in packages:
        first = ", ".join(names[code] for code in package.districts[:LABELLED_DISTRICTS])
        more = len(package.districts) - LABELLED_DISTRICTS
        labels.append(f"{first} +{more}" if more > 0 else first)
    return labels
