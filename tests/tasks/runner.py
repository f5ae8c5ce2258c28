"""A long run over a real regency, and a real Celery worker in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from sqlalchemy import func, select
from sqlmodel import col

from outreach.campaigns.campaigns import create_campaign, open_campaign
from outreach.db import reading, unit_of_work
from outreach.people.tables import Role
from outreach.planning.model import Parameters
from outreach.visits.runs import request_run
from outreach.visits.tables import Batch, BatchState, PlanRun, RunState
from tasks.app import CONFIGURATION, make_app
from tasks.sweeper import sweep_once
from tests.builders import load_small_registry
from tests.processes import running
from tests.visits.world import account, add_stage, branch, campaign_in, stage_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import redis
    from sqlalchemy import Engine

    from outreach.people.access import Person

ROOT = Path(__file__).parents[2]
LEASE_SECONDS = 2

# Long enough that the slowest machine ends sooner; nothing waits for it to pass.
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Run:
    """A run of many small batches that has been asked for and not begun."""

    run_id: int
    stage_id: int
    coordinator: Person
    villages: int


def ask_for_long_run(engine: Engine, rounds: int = 500, target_size: int = 10) -> Run:
    """Twelve batches over the 167 villages of Sukoharjo; each takes a worker a good while."""
    now = datetime.now(UTC)
    starts = now.date() + timedelta(days=2)
    ends = starts + timedelta(days=80)
    with unit_of_work(engine) as db:
        load_small_registry(db, ("33.11",))
        branch_id, _ = branch(db, "Sukoharjo", "33.11", "33.11.06.1001", 5)
        coordinator = account(db, "siti", Role.COORDINATOR, branch_id=branch_id)
        given = campaign_in(starts=date(2026, 1, 1), ends=ends)
        campaign = create_campaign(db, given, by=coordinator)
        assert campaign.id is not None
        open_campaign(db, campaign.id, campaign.version, by=coordinator)
        stage_id = add_stage(db, campaign.id, coordinator, stage_in(starts=starts, ends=ends))
    with unit_of_work(engine) as db:
        run = request_run(
            db,
            stage_id,
            by=coordinator,
            now=now,
            parameters=Parameters(rounds=rounds),
            target_size=target_size,
        )
        assert run.id is not None
        villages = db.scalar(select(func.sum(col(Batch.villages))))
    assert villages is not None
    return Run(run.id, stage_id, coordinator, villages)


def batches(engine: Engine) -> dict[BatchState, list[int]]:
    """Numbers of the batches by state."""
    with reading(engine) as db:
        rows = db.execute(select(col(Batch.state), col(Batch.id))).all()
    return {state: [number for each, number in rows if each is state] for state in BatchState}


def is_over(engine: Engine, run: Run) -> bool:
    with reading(engine) as db:
        return db.get_one(PlanRun, run.run_id).state is not RunState.RUNNING


class Sweeper:
    """Sweeps as the real one does, as long as a test waits for something."""

    def __init__(self, engine: Engine, redis_url: str) -> None:
        self.engine = engine
        self.app = make_app(redis_url)
        self.sent: list[int] = []

    def send(self, batch_id: int) -> None:
        self.app.send_task("outreach.assign_batch", [batch_id])
        self.sent.append(batch_id)

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"nothing happened any more: {batches(self.engine)}")
            sweep_once(self.engine, datetime.now(UTC), self.send, timedelta(seconds=0.5))
            time.sleep(0.02)


class Worker:
    """One `celery worker` with two children in a process group of its own."""

    def __init__(
        self,
        database_url: str,
        redis_url: str,
        folder: Path,
        *include: str,
        queues: str = "",
        **settings: str,
    ) -> None:
        told = {"LEASE_SECONDS": str(LEASE_SECONDS), "TASK_QUEUES": queues}
        settings = told | settings
        self.log = folder / f"worker{queues}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "celery",
                    "--app=tasks.app",
                    "worker",
                    "--concurrency=2",
                    "--loglevel=WARNING",
                    *(f"--include={module}" for module in include),
                ],
                env=environment(database_url, redis_url, settings),
                cwd=folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill_all(self) -> None:
        """Kill -9 the parent and all of its children."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=30)

    def kill_children(self) -> None:
        """Kill -9 the children alone, as a machine short of memory does."""
        for child in psutil.Process(self.process.pid).children():
            child.kill()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.kill_all()


@contextmanager
def worker(
    database_url: str,
    redis_url: str,
    folder: Path,
    *include: str,
    queues: str = "",
    **settings: str,
) -> Iterator[Worker]:
    """Run a worker, which loads the modules to *include* beside the product's own.

    It serves the *queues* named, with commas between them, or all.
    """
    started = Worker(database_url, redis_url, folder, *include, queues=queues, **settings)
    try:
        yield started
    finally:
        started.stop()


@contextmanager
def sweeper(
    database_url: str, redis_url: str, log: Path, *, before: str = "", **settings: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `outreach sweep`, with some Python *before* it; it must end well when told to."""
    program = f"{before}\nfrom outreach.cli import main\nmain()"
    command = (sys.executable, "-c", program, "sweep")
    with running(command, environment(database_url, redis_url, settings), log) as process:
        yield process
    assert process.returncode == 0


def environment(database_url: str, redis_url: str, settings: dict[str, str]) -> dict[str, str]:
    """What our processes are told by the tests."""
    return {
        **os.environ,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": "of-the-tests-" * 3,
        "PYTHONPATH": str(ROOT),
        **settings,
    }


def is_worked_off(client: redis.Redis) -> bool:
    """Whether no message waits in any queue, and no worker has one in hand."""
    waiting = sum(int(client.llen(name)) for name in CONFIGURATION["task_queues"])
    return waiting + int(client.hlen("unacked")) == 0


def until(condition: Callable[[], bool]) -> None:
    """Wait for what other processes do."""
    __tracebackhide__ = True  # who waited is what one asks
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "nothing happened any more"
        time.sleep(0.05)
