"""Real Redis, real Celery workers, real kills: nothing is lost and nothing is there twice."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import redis
from sqlalchemy import func, select
from sqlmodel import col

from outreach.campaigns.tables import StageVillage
from outreach.db import reading, unit_of_work
from outreach.visits.listing import unplaced
from outreach.visits.runs import cancel_run, run_progress
from outreach.visits.tables import ACTIVE, Batch, BatchState, Happening, Visit, VisitEvent
from tests.tasks.runner import (
    Run,
    Sweeper,
    ask_for_long_run,
    batches,
    is_over,
    is_worked_off,
    worker,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine, Select

    from outreach.visits.runs import RunProgress

pytestmark = pytest.mark.redis


@pytest.fixture
def run(engine: Engine) -> Run:
    return ask_for_long_run(engine)


@pytest.fixture
def sweeper(engine: Engine, redis_url: str, queue: redis.Redis) -> Iterator[Sweeper]:
    made = Sweeper(engine, redis_url)
    yield made
    made.app.close()


def _progress(engine: Engine, run: Run) -> RunProgress:
    with reading(engine) as db:
        return run_progress(db, run.run_id, run.coordinator)


def _require_whole(engine: Engine, run: Run, villages: int) -> None:
    """Every village once: with one visit, or with one reason; the figures add up."""
    progress = _progress(engine, run)
    with reading(engine) as db:
        active = db.scalars(select(col(Visit.village_code)).where(col(Visit.work).in_(ACTIVE)))
        visited = Counter(active)
        slots = Counter(
            tuple(row)
            for row in db.execute(select(col(Visit.team_id), col(Visit.day), col(Visit.slot)))
        )
        events = db.scalar(select(func.count()).select_from(VisitEvent))
        left = [row for row in unplaced(db, run.coordinator, run.stage_id) if row.reason]
        chosen = set(db.scalars(select(col(StageVillage.village_code))))
    assert set(visited.values()) <= {1}
    assert set(slots.values()) <= {1}
    settled = set(visited) | {row.village_code for row in left}
    assert len(settled) == len(visited) + len(left) == progress.settled == villages
    assert settled <= chosen
    assert progress.placed == len(visited) == events


def _in_mid_run(engine: Engine, done: int = 2) -> bool:
    now = batches(engine)
    return len(now[BatchState.DONE]) >= done and bool(now[BatchState.RUNNING])


def test_a_run_is_planned_to_its_end(
    engine: Engine,
    run: Run,
    sweeper: Sweeper,
    database_url: str,
    redis_url: str,
    tmp_path: Path,
) -> None:
    with worker(database_url, redis_url, tmp_path) as running:
        sweeper.until(lambda: is_over(engine, run))
        log = running.log.read_text()
    assert "Traceback" not in log
    assert "ERROR" not in log
    assert run.villages == 167
    assert len(batches(engine)[BatchState.DONE]) == 12
    _require_whole(engine, run, run.villages)


def test_a_worker_killed_in_mid_run_loses_nothing_and_doubles_nothing(
    engine: Engine,
    run: Run,
    sweeper: Sweeper,
    queue: redis.Redis,
    database_url: str,
    redis_url: str,
    tmp_path: Path,
) -> None:
    with worker(database_url, redis_url, tmp_path) as first:
        sweeper.until(lambda: _in_mid_run(engine))
        first.kill_all()
    orphans = batches(engine)[BatchState.RUNNING]
    assert not is_over(engine, run)
    # What the dead worker had taken is gone from the queue, and the rest goes too.
    queue.flushall()
    with worker(database_url, redis_url, tmp_path) as second:
        done = len(batches(engine)[BatchState.DONE])
        sweeper.until(lambda: _in_mid_run(engine, done + 2))
        second.kill_children()
        sweeper.until(lambda: is_over(engine, run))
    assert len(batches(engine)[BatchState.DONE]) == 12
    _require_whole(engine, run, run.villages)
    with reading(engine) as db:
        fences = dict(db.execute(select(col(Batch.id), col(Batch.fence))).all())
    assert orphans
    assert all(fences[batch_id] >= 2 for batch_id in orphans)


def test_messages_that_come_many_times_change_nothing(
    engine: Engine,
    run: Run,
    sweeper: Sweeper,
    database_url: str,
    redis_url: str,
    tmp_path: Path,
) -> None:
    everything = [number for each in batches(engine).values() for number in each]
    for _ in range(5):
        for batch_id in everything:
            sweeper.send(batch_id)
    sweeper.send(999_999)
    with worker(database_url, redis_url, tmp_path):
        sweeper.until(lambda: is_over(engine, run))
        before = _progress(engine, run)
        for batch_id in everything:
            sweeper.send(batch_id)
        sweeper.until(lambda: _queue_is_empty(sweeper, redis_url))
    assert _progress(engine, run) == before
    assert {batch.attempts for batch in before.batches} == {1}
    _require_whole(engine, run, run.villages)


def _queue_is_empty(sweeper: Sweeper, redis_url: str) -> bool:
    with redis.Redis.from_url(redis_url) as client:
        return is_worked_off(client)


def test_a_poisoned_batch_dies_after_five_attempts_and_the_others_are_done(
    engine: Engine,
    run: Run,
    sweeper: Sweeper,
    database_url: str,
    redis_url: str,
    tmp_path: Path,
) -> None:
    with unit_of_work(engine) as db:
        batch = db.scalars(select(Batch).order_by(col(Batch.id)).limit(1)).one()
        codes = batch.question["villages"]
        batch.question = {**batch.question, "villages": [*codes, codes[0]]}
        poisoned, villages = batch.id, len(codes)
    with worker(database_url, redis_url, tmp_path):
        sweeper.until(lambda: is_over(engine, run))
    now = batches(engine)
    assert now[BatchState.DEAD] == [poisoned]
    assert len(now[BatchState.DONE]) == 11
    (dead,) = [one for one in _progress(engine, run).batches if one.id == poisoned]
    assert (dead.attempts, dead.placed) == (5, 0)
    assert dead.error == "ValueError: a village stands twice in the problem"
    _require_whole(engine, run, run.villages - villages)


def test_a_run_called_off_stops_its_workers_and_leaves_no_visit_behind(
    engine: Engine,
    run: Run,
    sweeper: Sweeper,
    database_url: str,
    redis_url: str,
    tmp_path: Path,
) -> None:
    with worker(database_url, redis_url, tmp_path) as at_work:
        sweeper.until(lambda: _in_mid_run(engine))
        with unit_of_work(engine) as db:
            assert db.scalar(_proposed()), "parts that are done have their visits by now"
            cancel_run(db, run.run_id, by=run.coordinator, now=datetime.now(UTC))
        sweeper.until(lambda: _queue_is_empty(sweeper, redis_url))
        at_work.process.terminate()
        at_work.process.wait(timeout=60)  # what was being thought about has been given up, too
    assert len(batches(engine)[BatchState.CANCELLED]) == 12
    told = _progress(engine, run)
    assert (told.placed, told.settled, told.team_days, told.travel_minutes) == (0, 0, 0, 0)
    with reading(engine) as db:
        assert not db.scalar(_proposed())
        lines = Counter(row.happening for row in db.scalars(select(VisitEvent)))
        assert lines[Happening.PLANNED] == lines[Happening.CANCELLED] > 0


def _proposed() -> Select[int]:
    return select(func.count()).select_from(Visit).where(col(Visit.work).in_(ACTIVE))
