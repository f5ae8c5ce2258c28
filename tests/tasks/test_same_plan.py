"""The same stage gets the same plan: on both databases, by one worker or many, and again later."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from sqlmodel import col

from outreach.db import make_engine, reading
from outreach.planning.assign import assign
from outreach.visits.batches import problem_of_batch
from outreach.visits.tables import Batch, BatchState, Visit
from tests.conftest import fresh_postgres
from tests.tasks.runner import Sweeper, ask_for_long_run, batches, is_over, worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import redis
    from sqlalchemy import Engine

pytestmark = [pytest.mark.redis, pytest.mark.postgres]

ROUNDS = 30


@contextmanager
def database(kind: str, number: int, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """Make an empty database of a kind."""
    if kind == "sqlite":
        file = folder / f"{number}.sqlite"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        yield f"sqlite:///{file}"
        return
    server = request.getfixturevalue("postgres_server")
    with fresh_postgres(server, request.getfixturevalue("postgres_template")) as url:
        yield url


def planned(url: str, workers: int, redis_url: str, folder: Path) -> list[tuple[object, ...]]:
    """Plan a whole stage by real workers; return what was planned, and that it can be again."""
    engine = make_engine(url)
    run = ask_for_long_run(engine, rounds=ROUNDS)
    sweeper = Sweeper(engine, redis_url)
    with ExitStack() as running:
        running.callback(engine.dispose)
        running.enter_context(closing(sweeper.app))
        for number in range(workers):
            home = folder / f"worker{number}"
            home.mkdir(exist_ok=True)
            running.enter_context(worker(url, redis_url, home))
        sweeper.until(lambda: is_over(engine, run))
        assert len(batches(engine)[BatchState.DONE]) == 12
        made_again(engine)
        return visits_of(engine)


def visits_of(engine: Engine, batch_id: int | None = None) -> list[tuple[object, ...]]:
    query = select(
        col(Visit.village_code),
        col(Visit.team_id),
        col(Visit.day),
        col(Visit.slot),
        col(Visit.starts_at),
        col(Visit.travel_minutes),
        col(Visit.return_minutes),
    ).order_by(col(Visit.village_code))
    if batch_id is not None:
        query = query.where(col(Visit.batch_id) == batch_id)
    with reading(engine) as db:
        return [tuple(row) for row in db.execute(query)]


def made_again(engine: Engine) -> None:
    """What is kept with a batch that is done gives the visits that were saved."""
    for batch_id in batches(engine)[BatchState.DONE][:3]:
        with reading(engine) as db:
            batch = db.get_one(Batch, batch_id)
            problem = problem_of_batch(db, batch_id)
        plan = assign(problem)
        assert plan.solver == batch.solver
        again = sorted(
            (
                one.code,
                one.team_id,
                one.day,
                one.slot,
                (one.starts_minute // 60, one.starts_minute % 60),
                one.travel_minutes,
                one.return_minutes,
            )
            for one in plan.visits
        )
        kept = [
            (*row[:4], (row[4].hour, row[4].minute), *row[5:])  # type: ignore[attr-defined]
            for row in visits_of(engine, batch_id)
        ]
        assert kept == again
        assert kept


def test_databases_and_workers_make_no_difference_and_a_batch_can_be_made_again(
    request: pytest.FixtureRequest, redis_url: str, queue: redis.Redis, tmp_path: Path
) -> None:
    found = []
    for number, (kind, workers) in enumerate([("sqlite", 1), ("postgres", 2)]):
        queue.flushall()
        with database(kind, number, request, tmp_path) as url:
            found.append(planned(url, workers, redis_url, tmp_path))
    assert len(found[0]) > 150
    assert found[0] == found[1]
