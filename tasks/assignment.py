"""Plans one batch: take it, think with no transaction held, write the answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from outreach.config import read_settings
from outreach.db import reading, unit_of_work, written
from outreach.planning.assign import assign
from outreach.visits.batches import claim, fail, load_problem, renew
from outreach.visits.leased_rows import MOST_ATTEMPTS
from outreach.visits.measured_ways import ask_ways, keep_ways, places_of, service_at
from outreach.visits.saving import save_plan
from outreach.visits.tables import PlanRun
from tasks.app import app, engine
from tasks.leased import attempt, keeping, moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.planning.model import Problem
    from outreach.villages.roads import RoadService
    from outreach.visits.batches import Claim
    from outreach.visits.measured_ways import ToldWays


@app.task(name="outreach.assign_batch")  # type: ignore[untyped-decorator]
def assign_batch(batch_id: int) -> None:
    """Plan one batch, as the queue asks for it."""
    plan_batch(engine(), batch_id, timedelta(seconds=read_settings().lease_seconds))


def plan_batch(bind: Engine, batch_id: int, lease: timedelta) -> bool:
    """Plan one batch; False when there was nothing to do or the answer came too late."""
    with unit_of_work(bind) as db:
        held = claim(db, batch_id, moment(), lease)
        asked_by = db.get_one(PlanRun, held.run_id).request_id if held else ""
    if held is None:
        return False
    return attempt(
        bind,
        f"batch {batch_id} in attempt {held.attempts}",
        lambda: _answer(bind, held, lease),
        lambda db, error, now: fail(db, held, error, now),
        request_id=asked_by,
    )


def _answer(bind: Engine, held: Claim, lease: timedelta) -> bool:
    with reading(bind) as db:
        problem = load_problem(db, held)
    # Well before the lease runs out.
    with keeping(bind, lease / 3, lambda db, _done, now: renew(db, held, now, lease)) as tell:
        service = service_at(read_settings().routing_url)
        problem, ways = measured(problem, service, tell, is_last=held.attempts >= MOST_ATTEMPTS)
        plan = assign(problem, lambda done, rounds: tell(done / max(1, rounds)))

        def save(db: Session) -> bool:
            is_saved = save_plan(db, held, problem, plan, moment())
            if is_saved and ways is not None:
                keep_ways(db, held, problem.travel, ways)
            return is_saved

        # Minutes of thought are not thrown away because two met at the same rows.
        return written(bind, save)


def measured(
    problem: Problem,
    service: RoadService | None,
    tell: Callable[[float], None],
    *,
    is_last: bool = False,
) -> tuple[Problem, ToldWays | None]:
    """Measure the ways of a problem if there is a service and no table was kept with it."""
    if service is None or problem.travel is not None:
        return problem, None
    places = places_of(problem.sites, problem.team_days)
    table, ways = ask_ways(places, service, moment(), lambda: tell(0.0), is_last=is_last)
    return replace(problem, travel=table), ways
