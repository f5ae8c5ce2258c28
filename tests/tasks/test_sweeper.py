"""The sweeper: sends what waits, outlives a broker that is down, ends when told to."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import redis

from outreach.db import reading, unit_of_work
from outreach.visits.batches import claim
from outreach.visits.leased_rows import MOST_SENT
from outreach.watch.beating import read_beats
from tasks.app import CONFIGURATION, PLANNING, QUESTIONS, count_waiting, make_app
from tasks.assignment import plan_batch
from tasks.sweeper import sweep_once
from tests.conftest import free_port
from tests.tasks.runner import PATIENCE_SECONDS, environment, sweeper, until
from tests.visits.world import NOW, ask_for_plan, build_world

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine


def test_what_is_sent_is_committed_before(engine: Engine) -> None:
    ask_for_plan(engine, build_world(engine))
    claimed = []

    def work_at_once(batch_id: int) -> None:
        # A worker quicker than the sweeper must find the batch, and must not wait for a lock.
        claimed.append(plan_batch(engine, batch_id, timedelta(seconds=30)))

    assert sweep_once(engine, NOW, work_at_once) == 1
    assert claimed == [True]
    assert sweep_once(engine, NOW + timedelta(seconds=60), work_at_once) == 0


def test_a_batch_that_could_not_be_sent_is_sent_later(engine: Engine) -> None:
    ask_for_plan(engine, build_world(engine))
    sent: list[int] = []

    def refuse(_batch_id: int) -> None:
        raise redis.ConnectionError

    with pytest.raises(redis.ConnectionError):
        sweep_once(engine, NOW, refuse)
    assert sweep_once(engine, NOW + timedelta(seconds=6), sent.append) == 1
    assert len(sent) == 1


def test_an_unknown_batch_is_nothing_to_do(sqlite_engine: Engine) -> None:
    assert not plan_batch(sqlite_engine, 1, timedelta(seconds=1))


def test_a_batch_taken_by_another_worker_is_let_go(sqlite_engine: Engine) -> None:
    ask_for_plan(sqlite_engine, build_world(sqlite_engine))
    sent: list[int] = []
    sweep_once(sqlite_engine, NOW, sent.append)
    with unit_of_work(sqlite_engine) as db:
        assert claim(db, sent[0], datetime.now(UTC), timedelta(minutes=1))
    assert not plan_batch(sqlite_engine, sent[0], timedelta(seconds=30))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"SECRET_KEY": "abc"}, "SECRET_KEY is too short: at least 32 characters."),
        (
            {"SECRET_KEY": ""},
            "SECRET_KEY is not set: every machine of an installation shares one.",
        ),
        (
            {"SECRET_KEY": "", "DATABASE_URL": "", "VAR_DIR": "/proc"},
            "VAR_DIR names a folder that cannot be used: ",
        ),
    ],
)
def test_a_sweeper_without_a_good_key_says_so_and_ends(
    tmp_path: Path, given: dict[str, str], told: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "from outreach.cli import main; main()", "sweep"],
        env=environment(
            f"sqlite:///{tmp_path / 'no.sqlite'}",
            "redis://127.0.0.1:1/0",
            {"LOCALE": "en", **given},
        ),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert ended.stderr.startswith(f"Error: {told}")


@pytest.mark.redis
def test_the_sweeper_outlives_a_dead_broker_and_ends_when_told(
    sqlite_engine: Engine, redis_url: str, tmp_path: Path
) -> None:
    ask_for_plan(sqlite_engine, build_world(sqlite_engine))
    url = sqlite_engine.url.render_as_string(hide_password=False)
    log = tmp_path / "dead.log"
    with sweeper(url, f"redis://127.0.0.1:{free_port()}/0", log) as dead:
        until(lambda: "messages wait" in log.read_text())
        assert dead.poll() is None
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        with sweeper(url, redis_url, tmp_path / "alive.log"):
            until(lambda: client.llen(PLANNING) == 1)
        (message,) = client.lrange(PLANNING, 0, -1)
        client.flushall()
    # Redis carries a number and nothing about anybody.
    assert b"outreach.assign_batch" in message
    assert b"Surakarta" not in message


@pytest.mark.redis
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_sweeper_that_is_told_to_end_is_not_missed(
    sqlite_engine: Engine, redis_url: str, tmp_path: Path, ending: signal.Signals
) -> None:
    def beats() -> int:
        with reading(sqlite_engine) as db:
            return len(read_beats(db))

    url = sqlite_engine.url.render_as_string(hide_password=False)
    with sweeper(url, redis_url, tmp_path / "sweeper.log") as process:
        until(lambda: beats() == 1)
        process.send_signal(ending)
        assert process.wait(PATIENCE_SECONDS) == 0
    assert beats() == 0


def test_the_app_is_set_up_to_lose_nothing(redis_url: str) -> None:
    settings = make_app(redis_url).conf
    for name, value in CONFIGURATION.items():
        assert settings[name] == value
    waits = CONFIGURATION["broker_transport_options"]["visibility_timeout"]
    assert waits > 2 * CONFIGURATION["task_time_limit"]


@pytest.mark.redis
def test_while_the_workers_are_away_the_queue_does_not_grow(
    sqlite_engine: Engine, redis_url: str
) -> None:
    ask_for_plan(sqlite_engine, build_world(sqlite_engine))
    app = make_app(redis_url)
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        assert count_waiting(PLANNING, app) == 0
        for minute in range(3 * MOST_SENT):
            now = NOW + timedelta(minutes=minute)
            sweep_once(
                sqlite_engine,
                now,
                lambda batch_id: app.send_task("outreach.assign_batch", [batch_id]),
                waiting=count_waiting(PLANNING, app),
            )
        assert client.llen(PLANNING) == count_waiting(PLANNING, app) == MOST_SENT
        assert count_waiting(QUESTIONS, app) == 0
        # A Redis that lost everything is filled again.
        client.flushall()
        sent: list[int] = []
        later = NOW + timedelta(days=1)
        waiting = count_waiting(PLANNING, app)
        assert sweep_once(sqlite_engine, later, sent.append, waiting=waiting) == 1
