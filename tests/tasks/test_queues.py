"""Queues by kind of work: none waits behind a flood of another; a worker serves what it is told."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.progress.tables import AskedState, WhatIf
from outreach.progress.what_if import WhatIfIn
from outreach.progress.what_if import ask as ask_what_if
from outreach.visits.certificates import ask as ask_bounds
from outreach.visits.leased_rows import MOST_SENT
from outreach.visits.tables import Batch, BatchState
from tasks.app import BEFORE_KINDS, CONFIGURATION, PLANNING, POST, QUESTIONS, QUEUE_OF, make_app
from tasks.sweeper import Queue, send_all
from tests.at_once import at_once
from tests.tasks.runner import (
    ask_for_long_run,
    batches,
    environment,
    is_over,
    is_worked_off,
    sweeper,
    until,
    worker,
)
from tests.visits.world import NOW, add_stage, ask_for_plan, build_world, plan, stage_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import redis
    from sqlalchemy import Engine


class Filled:
    """Queues that hold so many messages, and what the sweeper sends into each."""

    def __init__(self, **waiting: int) -> None:
        self.waiting = dict.fromkeys(CONFIGURATION["task_queues"], 0) | waiting
        self.sent: list[str] = []

    def sending(self, kind: str) -> Callable[[int], object]:
        return lambda _number: self.sent.append(kind)

    def queue(self, **instead: Callable[[int], object]) -> Queue:
        kinds = {kind: self.sending(kind) for kind in ("plan", "suppose", "certify")}
        return Queue(count_waiting=self.waiting.__getitem__, **{**kinds, **instead})


@pytest.fixture
def asked(engine: Engine) -> Engine:
    """A what-if, a plan to hold against the best possible, and a batch, all due."""
    world = build_world(engine, quota=10)
    run_id = plan(engine, world)
    with unit_of_work(engine) as db:
        assert ask_bounds(db, run_id, by=world.coordinator, now=NOW) == 1
        ask_what_if(db, world.stage_id, WhatIfIn(extra_teams=1), by=world.coordinator, now=NOW)
        later = stage_in("Tahap 2", starts=date(2026, 11, 16), ends=date(2026, 11, 21))
        second = add_stage(db, world.campaign_id, world.coordinator, later)
    ask_for_plan(engine, world, stage_id=second)
    return engine


def test_every_task_has_a_queue_of_its_own_kind() -> None:
    app = make_app("redis://127.0.0.1/0")
    app.loader.import_default_modules()
    ours = {name for name in app.tasks if name.startswith("outreach.")}
    assert ours == QUEUE_OF.keys()
    routed = {name: app.amqp.router.route({}, name)["queue"].name for name in ours}
    assert routed == QUEUE_OF
    assert set(app.amqp.queues.consume_from) == {PLANNING, QUESTIONS, POST, BEFORE_KINDS}


@pytest.mark.parametrize(
    ("full", "sent"),
    [
        ({}, ["plan", "suppose", "certify"]),
        ({PLANNING: MOST_SENT}, ["suppose", "certify"]),
        ({QUESTIONS: MOST_SENT}, ["plan"]),
        ({POST: MOST_SENT}, ["plan", "suppose", "certify"]),
        # Bounds, which nobody waits for, leave room for those who do.
        ({QUESTIONS: MOST_SENT // 2}, ["plan", "suppose"]),
    ],
)
def test_a_flood_of_one_kind_keeps_no_other_from_being_sent(
    asked: Engine, full: dict[str, int], sent: list[str]
) -> None:
    queues = Filled(**full)
    send_all(asked, queues.queue(), NOW)
    assert queues.sent == sent


def test_a_fault_of_one_kind_keeps_no_other_from_being_sent(asked: Engine) -> None:
    def fail(_number: int) -> None:
        raise RuntimeError

    queues = Filled()
    send_all(asked, queues.queue(plan=fail), NOW)
    assert queues.sent == ["suppose", "certify"]
    # What was noted as sent and was not is sent again after a pause.
    send_all(asked, queues.queue(), NOW + timedelta(minutes=1))
    assert "plan" in queues.sent


def test_two_sweepers_send_everything_once(asked: Engine) -> None:
    queues = Filled()
    at_once(*[lambda: send_all(asked, queues.queue(), NOW) for _ in range(2)])
    assert sorted(queues.sent) == ["certify", "plan", "suppose"]


@pytest.mark.redis
def test_a_worker_serves_the_queues_it_is_told_and_without_any_all(
    engine: Engine, database_url: str, redis_url: str, queue: redis.Redis, tmp_path: Path
) -> None:
    run = ask_for_long_run(engine, rounds=20, target_size=50)
    with unit_of_work(engine) as db:
        given = WhatIfIn(extra_teams=1)
        now = datetime.now(UTC)
        asked = ask_what_if(db, run.stage_id, given, by=run.coordinator, now=now).id or 0
    with sweeper(database_url, redis_url, tmp_path / "sweeper.log"):
        with worker(database_url, redis_url, tmp_path, queues=PLANNING):
            until(lambda: is_over(engine, run))
            until(lambda: queue.llen(QUESTIONS) > 0 and _has_none_in_hand(queue))
        assert _state(engine, asked) is AskedState.READY
        # A message that an earlier version left in its only queue is still worked off.
        with make_app(redis_url) as app:
            first = batches(engine)[BatchState.DONE][0]
            app.send_task("outreach.assign_batch", [first], queue=BEFORE_KINDS)
        assert queue.llen(BEFORE_KINDS) == 1
        with worker(database_url, redis_url, tmp_path):
            until(lambda: _state(engine, asked) is AskedState.DONE)
            until(lambda: _has_none_in_hand(queue))
    with worker(database_url, redis_url, tmp_path):
        until(lambda: is_worked_off(queue))
    assert len(batches(engine)[BatchState.DONE]) == len(_attempts(engine))
    assert set(_attempts(engine)) == {1}


def _has_none_in_hand(queue: redis.Redis) -> bool:
    """Whether all that was taken was acknowledged: what a killed worker holds waits for hours."""
    return int(queue.hlen("unacked")) == 0


def _state(engine: Engine, number: int) -> AskedState:
    with reading(engine) as db:
        return db.get_one(WhatIf, number).state


def _attempts(engine: Engine) -> list[int]:
    with reading(engine) as db:
        return list(db.scalars(select(col(Batch.attempts))))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL is not a database address."),
        ({"REDIS_URL": "nonsense"}, "REDIS_URL is not a Redis address."),
        ({"REDIS_URL": "http://127.0.0.1/"}, "REDIS_URL is not a Redis address."),
        ({"TASK_WORKERS": "many"}, "TASK_WORKERS must be a whole number."),
        ({"TASK_QUEUES": "plans"}, "TASK_QUEUES takes one or more of planning, questions, post,"),
        ({"SECRET_KEY": "abc"}, "SECRET_KEY is too short: at least 32 characters."),
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set: every machine"),
    ],
)
def test_a_worker_that_could_do_nothing_says_so_and_ends(
    tmp_path: Path, settings: dict[str, str], told: str
) -> None:
    ended = _started(tmp_path, {"LOCALE": "en", **settings})
    assert ended.returncode != 0
    assert told in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_queue_that_is_none_is_refused(tmp_path: Path) -> None:
    ended = _started(tmp_path, {}, "-Q", "planing")
    assert ended.returncode != 0
    assert "queue 'planing' isn't defined in the `task_queues` setting" in " ".join(
        ended.stderr.split()
    )


def _started(
    folder: Path, settings: dict[str, str], *options: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "celery", "--quiet", "--app=tasks.app", "worker", *options],
        env=environment("sqlite:////nowhere.sqlite", "redis://127.0.0.1:1/0", settings),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_worker_has_as_many_children_as_the_settings_say(tmp_path: Path) -> None:
    given = environment("sqlite:////nowhere.sqlite", "redis://127.0.0.1:1/0", {"TASK_WORKERS": "5"})
    program = "from tasks.app import app; print(app.conf.worker_concurrency)"
    command = [sys.executable, "-c", program]
    told = subprocess.run(
        command, env=given, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "5"
