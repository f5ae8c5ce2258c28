"""What-ifs through real workers and real kills: answered once, whoever dies; visits untouched."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from outreach.campaigns.tables import Stage
from outreach.db import reading, unit_of_work
from outreach.progress.tables import AskedState, WhatIf
from outreach.progress.what_if import WhatIfIn, ask, cancel, claim, try_again
from outreach.visits.tables import Visit
from tasks.app import make_app
from tasks.sweeper import suppose_once
from tasks.what_if import answer_one
from tests.tasks.runner import (
    PATIENCE_SECONDS,
    Run,
    ask_for_long_run,
    sweeper,
    until,
    worker,
)
from tests.visits.world import World, build_world, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import redis
    from sqlalchemy import Engine

    from outreach.people.access import Person

LEASE = timedelta(seconds=30)


@pytest.fixture
def run(engine: Engine) -> Run:
    """Choose the 167 villages of Sukoharjo for a stage; an answer takes some seconds."""
    return ask_for_long_run(engine)


@pytest.fixture
def supposing(engine: Engine, redis_url: str, queue: redis.Redis) -> Iterator[Supposing]:
    made = Supposing(engine, redis_url)
    yield made
    made.app.close()


class Supposing:
    """Sends what-ifs as the sweeper does, as long as a test waits for something."""

    def __init__(self, engine: Engine, redis_url: str) -> None:
        self.engine = engine
        self.app = make_app(redis_url)

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, "nothing happened any more"
            suppose_once(self.engine, datetime.now(UTC), self.send)
            time.sleep(0.02)

    def send(self, what_if_id: int) -> None:
        self.app.send_task("outreach.answer_what_if", [what_if_id])


def _ask(engine: Engine, stage_id: int, by: Person, extra_teams: int = 2) -> int:
    with unit_of_work(engine) as db:
        given = WhatIfIn(extra_teams=extra_teams)
        return ask(db, stage_id, given, by=by, now=datetime.now(UTC)).id or 0


def _world_of_now(engine: Engine) -> World:
    """Let the stage of the world last on: these tests go by the clock of the machine."""
    world = build_world(engine)
    plan(engine, world)
    with unit_of_work(engine) as db:
        db.get_one(Stage, world.stage_id).ends = datetime.now(UTC).date() + timedelta(days=30)
    return world


def _row(engine: Engine, number: int) -> WhatIf:
    with reading(engine) as db:
        return db.get_one(WhatIf, number)


def _visits(engine: Engine) -> int:
    with reading(engine) as db:
        return db.scalar(select(func.count()).select_from(Visit)) or 0


def _is_answered(engine: Engine, number: int) -> bool:
    return _row(engine, number).state is AskedState.DONE


def _require_answer(row: WhatIf) -> None:
    told: dict[str, Any] = row.answer
    assert told["villages"] == 167
    assert told["anew"]["visits"] > 100
    assert told["supposed"]["visits"] >= told["anew"]["visits"]
    assert row.steps_done == row.steps == 100
    assert row.finished_at is not None


@pytest.mark.redis
def test_a_worker_killed_in_mid_answer_loses_nothing(
    engine: Engine,
    run: Run,
    supposing: Supposing,
    queue: redis.Redis,
    database_url: str,
    redis_url: str,
    tmp_path: Path,
) -> None:
    number = _ask(engine, run.stage_id, run.coordinator)
    with worker(database_url, redis_url, tmp_path) as first:
        supposing.until(lambda: _row(engine, number).steps_done > 0)
        first.kill_all()
    assert _row(engine, number).state is AskedState.RUNNING
    # What the dead worker had taken is gone from the queue.
    queue.flushall()
    with worker(database_url, redis_url, tmp_path) as second:
        supposing.until(lambda: _row(engine, number).fence >= 2)
        supposing.until(lambda: _is_answered(engine, number))
        log = second.log.read_text()
    row = _row(engine, number)
    _require_answer(row)
    assert row.fence >= 2
    assert "Traceback" not in log
    assert _visits(engine) == 0


@pytest.mark.redis
def test_the_sweeper_itself_sends_a_question_to_a_worker(
    sqlite_engine: Engine, queue: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    world = _world_of_now(sqlite_engine)
    number = _ask(sqlite_engine, world.stage_id, world.coordinator)
    url = sqlite_engine.url.render_as_string(hide_password=False)
    with (
        worker(url, redis_url, tmp_path),
        sweeper(url, redis_url, tmp_path / "sweeper.log"),
    ):
        until(lambda: _is_answered(sqlite_engine, number))


def test_a_question_called_off_or_taken_by_another_is_let_go(engine: Engine) -> None:
    world = _world_of_now(engine)
    called_off, taken = (_ask(engine, world.stage_id, world.coordinator, teams) for teams in (1, 2))
    with unit_of_work(engine) as db:
        cancel(db, called_off, by=world.coordinator, now=datetime.now(UTC))
        assert claim(db, taken, datetime.now(UTC), LEASE)
    for number in (called_off, taken, 999_999):
        assert not answer_one(engine, number, LEASE)


def test_an_error_ends_in_death_with_one_way_back(engine: Engine) -> None:
    world = _world_of_now(engine)
    number = _ask(engine, world.stage_id, world.coordinator)
    with unit_of_work(engine) as db:
        # A base that is gone from the registry of this question.
        gone = WhatIfIn(extra_teams=1, base_code="33.72.99.2999")
        db.get_one(WhatIf, number).changes = gone.model_dump()
    for _ in range(5):
        assert not answer_one(engine, number, LEASE)
    row = _row(engine, number)
    assert (row.state, row.attempts) == (AskedState.DEAD, 5)
    assert row.error.startswith("NoResultFound")
    with unit_of_work(engine) as db:
        db.get_one(WhatIf, number).changes = WhatIfIn(extra_teams=1).model_dump()
        try_again(db, number, by=world.coordinator, now=datetime.now(UTC))
    assert answer_one(engine, number, LEASE)
    assert _row(engine, number).state is AskedState.DONE
