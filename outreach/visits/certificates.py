"""How far the plan of a run is at most from the best possible: asked for, worked out, told.

Asked for of a whole run and worked out part by part, for each part was planned by itself. No visit
is ever written.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - as above
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.stages import require_planner
from outreach.errors import Conflict
from outreach.people.tables import Account
from outreach.planning.certificate import gap_of
from outreach.visits.leased_rows import MOST_SENT, RESEND_AFTER, LeasedRows
from outreach.visits.runs import OPEN_BATCH, lock_run, run_of
from outreach.visits.tables import AskedBound, Batch, BatchState, PlanRun, RunState

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.visits.leased_rows import Claim


_BOUNDS = LeasedRows(AskedBound, BatchState)


@dataclass(frozen=True, slots=True)
class RunBound:
    """How far a run's plan is at most from the best, as far as it is known.

    Attributes
    ----------
    progress
        From 0 to 1, over all parts by their villages.
    is_open
        Some part is still being worked out.
    failed
        Parts given up after five attempts, the first of their errors in `error`.
    cost_s, bound_s
        Sums over the parts that are told, seconds of travel.
    gap
        None where nothing is told or nothing has to cost anything.
    villages
        How many are in it; not so those `in_stays`, those that stand `elsewhere` than on the days
        of their part, and those whose visit has `ended`.
    """

    asked_by: str
    asked_at: datetime
    finished_at: datetime | None
    progress: float
    is_open: bool
    failed: int
    error: str
    cost_s: float
    bound_s: float
    gap: float | None
    converged: bool
    villages: int
    in_stays: int
    elsewhere: int
    ended: int


def ask(db: Session, run_id: int, *, by: Person, now: datetime, request_id: str = "") -> int:
    """Ask how far the plan of a run is from the best, as it stands; how many parts were asked.

    Parts that wait already are not asked a second time; what was told before is forgotten.

    Raises
    ------
    NotFound
        If the run is missing or outside the person's area.
    NotAllowed
        If they do not plan.
    Conflict
        If the plan is not ready, or the stage has been planned anew since.
    """
    run_of(db, by, run_id)
    run = lock_run(db, run_id)
    require_planner(db, run.branch_id, by)
    _require_plan(db, run)
    asked = {row.batch_id: row for row in db.scalars(_of_run(run_id))}
    done = select(col(Batch.id)).where(
        col(Batch.run_id) == run_id, col(Batch.state) == BatchState.DONE
    )
    count = 0
    for batch_id in db.scalars(done.order_by(col(Batch.number))).all():
        row = asked.get(batch_id or 0) or AskedBound(
            batch_id=batch_id or 0, asked_by=by.account_id, asked_at=now
        )
        if row.id is None or row.state not in OPEN_BATCH:
            _begin_anew(row, by, now)
            row.request_id = request_id
            db.add(row)
            count += 1
    db.flush()  # before somebody else's claim looks for it
    return count


def _require_plan(db: Session, run: PlanRun) -> None:
    if run.state is RunState.RUNNING:
        raise Conflict(problem="plan_not_ready")
    later = select(col(PlanRun.id)).where(
        col(PlanRun.stage_id) == run.stage_id, col(PlanRun.id) > run.id
    )
    if db.scalars(later).first() is not None:
        raise Conflict(problem="planned_anew")


def _begin_anew(row: AskedBound, by: Person, now: datetime) -> None:
    row.state, row.attempts, row.progress, row.error, row.told = BatchState.READY, 0, 0.0, "", {}
    row.sent_at = row.finished_at = row.lease_until = None
    row.asked_by, row.asked_at = by.account_id, now


def bound_of(db: Session, person: Person, run_id: int) -> RunBound | None:
    """Read what is told of a run, None where nobody has asked.

    Raises
    ------
    NotFound
        If the run is missing or outside the person's area.
    """
    run_of(db, person, run_id)
    query: Any = (
        select(AskedBound, col(Batch.villages), col(Account.name))
        .join(Batch, col(Batch.id) == col(AskedBound.batch_id))
        .join(Account, col(Account.id) == col(AskedBound.asked_by))
        .where(col(Batch.run_id) == run_id)
        .order_by(col(AskedBound.asked_at).desc(), col(AskedBound.id))
    )
    rows = db.execute(query).all()
    if not rows:
        return None
    (last, _, asked_by), parts = rows[0], [row[0] for row in rows]
    dead = [one for one in parts if one.state is BatchState.DEAD]
    weight = sum(villages for _, villages, _ in rows) or 1
    return RunBound(
        asked_by=asked_by,
        asked_at=last.asked_at,
        finished_at=max((one.finished_at for one in parts if one.finished_at), default=None),
        progress=sum(one.progress * villages for one, villages, _ in rows) / weight,
        is_open=any(one.state in OPEN_BATCH for one in parts),
        failed=len(dead),
        error=dead[0].error if dead else "",
        **_sums([one.told for one in parts if one.state is BatchState.DONE]),
    )


def _sums(told: list[Mapping[str, Any]]) -> dict[str, Any]:
    cost_s = sum(one["cost_s"] for one in told)
    bound_s = sum(one["bound_s"] for one in told)
    counts = ("villages", "in_stays", "elsewhere", "ended")
    return {
        "cost_s": cost_s,
        "bound_s": bound_s,
        "gap": gap_of(cost_s, bound_s) if bound_s > 0 else None,
        "converged": all(one["converged"] for one in told),
        **{name: sum(one[name] for one in told) for name in counts},
    }


def claim(db: Session, bound_id: int, now: datetime, lease: timedelta) -> Claim | None:
    """Take a part to work out, as `LeasedRows.claim`."""
    return _BOUNDS.claim(db, bound_id, now, lease, progress=0.0)


def renew(db: Session, held: Claim, done: float, now: datetime, lease: timedelta) -> bool:
    """Extend the lease and tell how far it is, from 0 to 1; False tells to stop."""
    return _BOUNDS.write(db, held, lease_until=now + lease, progress=min(1.0, done))


def save(db: Session, held: Claim, told: dict[str, Any], now: datetime) -> bool:
    """Write what was worked out; False when it was claimed by somebody else."""
    return _BOUNDS.settle(db, held, now, told=told, progress=1.0)


def fail(db: Session, held: Claim, error: BaseException, now: datetime) -> None:
    """Note that an attempt failed, as `LeasedRows.fail`."""
    _BOUNDS.fail(db, held, error, now)


def due_bounds(
    db: Session, now: datetime, resend_after: timedelta = RESEND_AFTER, most: int = MOST_SENT
) -> list[int]:
    """Take the parts to send now, as `LeasedRows.due`."""
    return _BOUNDS.due(db, now, resend_after, most)


def _of_run(run_id: int) -> Any:
    return (
        select(AskedBound)
        .join(Batch, col(Batch.id) == col(AskedBound.batch_id))
        .where(col(Batch.run_id) == run_id)
        .with_for_update(of=AskedBound)
    )
