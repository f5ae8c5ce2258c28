"""A worker tells that it lives from its own timer, and of the errors that its children logged."""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

import tasks.beats
from outreach.config import fingerprint
from outreach.db import reading, unit_of_work
from outreach.watch.beating import (
    BEAT_EVERY,
    PATIENCE_SECONDS,
    Process,
    beat,
    note_errors,
    read_beats,
)
from outreach.watch.logs import set_up, take_errors
from outreach.watch.tables import Heartbeat, ProcessKind
from tasks.app import app, make_app
from tests.conftest import free_port
from tests.visits.world import NOW
from tests.watch.conftest import as_before  # noqa: F401 - the log is as it was afterwards

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine


@dataclass
class Timer:
    """Stands for the timer in the worker's loop: acts when told, and knows who called it off."""

    acts: list[Callable[[], None]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def call_repeatedly(self, seconds: float, act: Callable[[], None]) -> Timer:
        self.acts.append(act)
        self.seconds.append(seconds)
        return self

    def cancel(self) -> None:
        self.acts.clear()


@dataclass
class Consumer:
    timer: Timer = field(default_factory=Timer)
    steps: list[Any] = field(default_factory=list)
    app: Any = field(default_factory=lambda: make_app("redis://127.0.0.1:1/0"))


def _lines(engine: Engine) -> Sequence[Heartbeat]:
    with reading(engine) as db:
        return read_beats(db)


@pytest.fixture
def at_database(engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SECRET_KEY", "of-the-tests-" * 3)
    monkeypatch.setattr(tasks.beats, "engine", lambda: engine)
    return engine


def test_the_step_is_one_of_the_workers() -> None:
    assert tasks.beats.Beats in app.steps["consumer"]


def test_a_worker_beats_at_once_and_while_it_has_the_queue(at_database: Engine) -> None:
    consumer = Consumer()
    step = tasks.beats.Beats(consumer)
    step.start(consumer)
    (first,) = _lines(at_database)
    assert (first.kind, first.host) == (ProcessKind.WORKER, os.uname().nodename)
    assert first.queues == "celery,planning,post,questions"
    assert first.key_fingerprint == fingerprint("of-the-tests-" * 3)
    assert consumer.timer.seconds == [BEAT_EVERY.total_seconds()]
    consumer.timer.acts[0]()
    (second,) = _lines(at_database)
    assert second.seen_at > first.seen_at
    step.stop(consumer)
    assert consumer.timer.acts == []
    step._leave()
    assert _lines(at_database) == []


def test_a_worker_tells_which_queues_it_serves(at_database: Engine) -> None:
    consumer = Consumer()
    consumer.app.amqp.queues.select(["planning", "celery"])
    tasks.beats.Beats(consumer).start(consumer)
    (line,) = _lines(at_database)
    assert line.queues == "celery,planning"


def test_a_worker_that_ends_waits_longer_for_a_writer_than_a_beat(at_database: Engine) -> None:
    consumer = Consumer()
    step = tasks.beats.Beats(consumer)
    step.start(consumer)
    (line,) = _lines(at_database)
    is_held = threading.Event()

    def hold() -> None:
        with unit_of_work(at_database) as db:
            note_errors(db, line.name, 1)
            is_held.set()
            time.sleep(PATIENCE_SECONDS + 1)

    holder = threading.Thread(target=hold)
    holder.start()
    is_held.wait(timeout=30)
    step._leave()
    holder.join()
    assert _lines(at_database) == []


def test_no_connection_is_left_for_children_to_inherit(at_database: Engine) -> None:
    consumer = Consumer()
    step = tasks.beats.Beats(consumer)
    step.start(consumer)
    pool: Any = step._engine.pool
    assert pool.checkedin() + pool.checkedout() == 0
    step._leave()


def test_a_database_that_is_away_stops_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody@127.0.0.1:{free_port()}/x")
    monkeypatch.setenv("SECRET_KEY", "of-the-tests-" * 3)
    consumer = Consumer()
    tasks.beats.Beats(consumer).start(consumer)
    assert consumer.timer.acts


def test_errors_of_a_child_are_told_with_its_worker(
    at_database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unit_of_work(at_database) as db:
        beat(db, Process(ProcessKind.WORKER, 4711, NOW), NOW, errors=1)
    monkeypatch.setattr(os, "getppid", lambda: 4711)
    set_up("json")
    logging.getLogger("tasks.somewhere").error("inherited from the worker itself")
    tasks.beats._begin_at_zero()
    tasks.beats._tell_errors()
    assert [line.errors for line in _lines(at_database)] == [1]
    for _ in range(2):
        logging.getLogger("tasks.somewhere").error("of the child's own")
    tasks.beats._tell_errors()
    assert [line.errors for line in _lines(at_database)] == [3]
    assert take_errors() == 0
