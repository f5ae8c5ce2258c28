"""Plans one batch: take it, think with no transaction held, write the answer."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from outreach.config import read_settings
from outreach.db import reading, unit_of_work
from outreach.planning.assign import assign
from outreach.visits.batches import claim, fail, load_problem, renew
from outreach.visits.saving import save_plan
from tasks.app import app, engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from outreach.visits.batches import Claim

log = logging.getLogger(__name__)


class LostClaim(Exception):
    """The batch was called off, or given to another worker: whatever is planned is not wanted."""


@app.task(name="outreach.assign_batch")  # type: ignore[untyped-decorator]
def assign_batch(batch_id: int) -> None:
    """Plan one batch, as the queue asks for it."""
    plan_batch(engine(), batch_id, timedelta(seconds=read_settings().lease_seconds))


def plan_batch(bind: Engine, batch_id: int, lease: timedelta) -> bool:
    """Plan one batch; False when there was nothing to do or the answer came too late."""
    with unit_of_work(bind) as db:
        held = claim(db, batch_id, _now(), lease)
    if held is None:
        return False
    try:
        return _answer(bind, held, lease)
    except LostClaim:
        log.info("batch %s was taken away", batch_id)
    except Exception as error:
        log.exception("batch %s failed in attempt %s", batch_id, held.attempts)
        with unit_of_work(bind) as db:
            fail(db, held, error, _now())
    return False


def _answer(bind: Engine, held: Claim, lease: timedelta) -> bool:
    with reading(bind) as db:
        problem = load_problem(db, held)
    plan = assign(problem, _keeping_lease(bind, held, lease))
    with unit_of_work(bind) as db:
        return save_plan(db, held, plan, _now())


def _keeping_lease(bind: Engine, held: Claim, lease: timedelta) -> Callable[[int, int], None]:
    """Extend the lease while the planner reports progress, well before it runs out."""
    extend_at = _now() + lease / 3

    def tell(_done: int, _rounds: int) -> None:
        nonlocal extend_at
        now = _now()
        if now < extend_at:
            return
        with unit_of_work(bind) as db:
            if not renew(db, held, now, lease):
                raise LostClaim
        extend_at = now + lease / 3

    return tell


def _now() -> datetime:
    return datetime.now(UTC)
