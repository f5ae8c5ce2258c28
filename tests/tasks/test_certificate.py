"""The bound of a plan through a real worker: worked out in the background, no visit touched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.visits.certificates import ask, bound_of, claim
from outreach.visits.tables import AskedBound, Batch, BatchState, PlanRun, RunState, Visit
from tasks.certificate import certify_one
from tests.tasks.runner import ask_for_long_run, sweeper, until, worker
from tests.visits.world import build_world, plan

if TYPE_CHECKING:
    from pathlib import Path

    import redis
    from sqlalchemy import Engine

    from outreach.visits.certificates import RunBound
    from tests.tasks.runner import Run

LEASE = timedelta(seconds=30)


def _ask(engine: Engine) -> int:
    world = build_world(engine)
    run_id = plan(engine, world)
    with unit_of_work(engine) as db:
        assert ask(db, run_id, by=world.coordinator, now=datetime.now(UTC)) == 1
        return db.scalars(select(col(AskedBound.id))).one() or 0


def _row(engine: Engine, number: int) -> AskedBound:
    with reading(engine) as db:
        return db.get_one(AskedBound, number)


@pytest.mark.redis
def test_the_sweeper_sends_it_and_a_worker_works_it_out(
    sqlite_engine: Engine, queue: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    url = sqlite_engine.url.render_as_string(hide_password=False)
    run = ask_for_long_run(sqlite_engine, rounds=20, target_size=50)
    with worker(url, redis_url, tmp_path), sweeper(url, redis_url, tmp_path / "sweeper.log"):
        until(lambda: _is_planned(sqlite_engine, run))
        before = _visits(sqlite_engine)
        with unit_of_work(sqlite_engine) as db:
            asked = ask(db, run.run_id, by=run.coordinator, now=datetime.now(UTC))
        until(lambda: not _told(sqlite_engine, run).is_open)
    told = _told(sqlite_engine, run)
    assert asked > 1
    assert told.villages == run.villages == 167
    assert 0 < told.bound_s <= told.cost_s
    assert (told.progress, told.failed, told.error) == (1.0, 0, "")
    assert _visits(sqlite_engine) == before


def _is_planned(engine: Engine, run: Run) -> bool:
    with reading(engine) as db:
        return db.get_one(PlanRun, run.run_id).state is RunState.DONE


def _told(engine: Engine, run: Run) -> RunBound:
    with reading(engine) as db:
        found = bound_of(db, run.coordinator, run.run_id)
    assert found is not None
    return found


def _visits(engine: Engine) -> list[tuple[object, ...]]:
    with reading(engine) as db:
        query = select(col(Visit.id), col(Visit.version), col(Visit.day), col(Visit.work))
        return [tuple(row) for row in db.execute(query.order_by(col(Visit.id)))]


def test_what_another_has_taken_or_nobody_asked_for_is_let_go(engine: Engine) -> None:
    number = _ask(engine)
    with unit_of_work(engine) as db:
        assert claim(db, number, datetime.now(UTC), LEASE)
    assert not certify_one(engine, number, LEASE)
    assert not certify_one(engine, 999_999, LEASE)


def test_an_error_is_noted_and_the_next_attempt_answers(engine: Engine) -> None:
    number = _ask(engine)
    with unit_of_work(engine) as db:
        question = dict(db.scalars(select(Batch)).one().question)
        db.execute(update(Batch).values(question={**question, "villages": ["99.99.99.2999"]}))
    assert not certify_one(engine, number, LEASE)
    row = _row(engine, number)
    assert (row.state, row.attempts) == (BatchState.READY, 1)
    assert row.error.startswith("KeyError")
    with unit_of_work(engine) as db:
        db.execute(update(Batch).values(question=question))
    assert certify_one(engine, number, LEASE)
    assert _row(engine, number).state is BatchState.DONE
