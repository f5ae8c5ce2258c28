"""On a slow or busy machine the answer comes late; only what never would come is ended."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from outreach.db import reading, unit_of_work
from outreach.visits.leased_rows import MOST_ATTEMPTS, WORKER_LOST
from outreach.visits.tables import Batch, BatchState
from tasks.app import CONFIGURATION, PLANNING, QUESTIONS, QUEUE_OF, make_app
from tasks.leased import LostClaim, keeping
from tests.tasks.runner import Sweeper, ask_for_long_run, is_over, worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import redis
    from sqlalchemy import Engine
    from sqlmodel import Session

MODULE = "tests.tasks.slow_planner"
HOUR_SECONDS = 3600
#: One that is meant to run out does so soon; one that must not does not on a busy machine.
LEASES = {"slowly": 1, "never": 60, "deaf": 1}


def _planned(engine: Engine, redis_url: str, folder: Path, manner: str, attempts: int = 0) -> Batch:
    """Plan a run of one part through a real worker that thinks in some manner."""
    run = ask_for_long_run(engine, rounds=5, target_size=200)
    with unit_of_work(engine) as db:
        db.execute(update(Batch).values(attempts=attempts))
    url = engine.url.render_as_string(hide_password=False)
    sweeper = Sweeper(engine, redis_url)
    with worker(url, redis_url, folder, MODULE, PLANNER=manner, LEASE_SECONDS=str(LEASES[manner])):
        sweeper.until(lambda: is_over(engine, run))
    sweeper.app.close()
    with reading(engine) as db:
        return db.scalars(select(Batch)).one()


@pytest.mark.redis
def test_a_planner_that_thinks_longer_than_its_lease_is_left_to_think(
    sqlite_engine: Engine, queue: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    batch = _planned(sqlite_engine, redis_url, tmp_path, "slowly")
    # Were its lease to run out, another would take it, and each of the five come too late.
    assert (batch.state, batch.error) == (BatchState.DONE, "")
    assert batch.placed > 0


@pytest.mark.redis
def test_what_never_ends_is_ended_and_called_what_it_is(
    sqlite_engine: Engine, queue: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    batch = _planned(sqlite_engine, redis_url, tmp_path, "never", MOST_ATTEMPTS - 1)
    assert (batch.state, batch.attempts) == (BatchState.DEAD, MOST_ATTEMPTS)
    assert batch.error.startswith("SoftTimeLimitExceeded")


@pytest.mark.redis
def test_who_hangs_and_hears_nothing_is_killed_and_its_lease_with_it(
    sqlite_engine: Engine, queue: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    batch = _planned(sqlite_engine, redis_url, tmp_path, "deaf", MOST_ATTEMPTS - 1)
    assert (batch.state, batch.error) == (BatchState.DEAD, WORKER_LOST)
    assert batch.lease_lost_at is not None


def test_what_thinks_has_an_hour_and_no_message_comes_back_before_it(redis_url: str) -> None:
    app = make_app(redis_url)
    app.loader.import_default_modules()
    waits = CONFIGURATION["broker_transport_options"]["visibility_timeout"]
    for name, queue in QUEUE_OF.items():
        limits = CONFIGURATION["task_annotations"].get(name, {})
        assert bool(limits) is (queue in {PLANNING, QUESTIONS})
        assert limits.get("soft_time_limit", HOUR_SECONDS) >= HOUR_SECONDS
        assert waits > 2 * limits.get("time_limit", CONFIGURATION["task_time_limit"])


class _Renewing:
    """Renews as a database that is away, or a claim that is lost, at some of its tries."""

    def __init__(self, *answers: bool | Exception) -> None:
        self.answers: Iterator[bool | Exception] = iter(answers)
        self.told: list[float] = []

    def __call__(self, _db: Session, done: float, _now: datetime) -> bool:
        self.told.append(done)
        answer = next(self.answers, True)
        if isinstance(answer, Exception):
            raise answer
        return answer


def _keep(engine: Engine, renewing: _Renewing, times: int) -> None:
    with keeping(engine, timedelta(milliseconds=1), renewing) as tell:
        while len(renewing.told) < times:
            is_kept = any(one.name == "lease" for one in threading.enumerate())
            tell(0.5)
            assert is_kept, "nobody renews, and the work has not heard of it"


def test_a_database_that_is_away_for_a_while_costs_no_claim(sqlite_engine: Engine) -> None:
    away = OperationalError("", None, Exception("away"))
    renewing = _Renewing(away, away)
    _keep(sqlite_engine, renewing, 4)
    assert renewing.told[-1] == 0.5


def test_who_has_lost_its_claim_hears_it_and_renews_no_more(sqlite_engine: Engine) -> None:
    renewing = _Renewing(True, False)
    with pytest.raises(LostClaim):
        _keep(sqlite_engine, renewing, 10)
    assert len(renewing.told) == 2


def test_who_cannot_renew_for_any_other_reason_hears_it_too(
    sqlite_engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    renewing = _Renewing(True, ZeroDivisionError("a fault of ours"))
    with pytest.raises(LostClaim):
        _keep(sqlite_engine, renewing, 10)
    assert len(renewing.told) == 2
    (told,) = [one for one in caplog.records if one.name == "tasks.leased"]
    assert told.levelno == logging.ERROR
    assert told.exc_info is not None
