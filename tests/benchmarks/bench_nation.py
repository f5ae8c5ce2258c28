"""All branches of the country planned in one go, by the product as it runs, at growing sizes.

PostgreSQL, Redis, the sweeper and one Celery worker with one or two processes run as the Procfile
starts them; `outreach plan nation` asks for all plans and watches them to the end. Every regency is
a branch with a team for every 80 villages and 120 days' time, planned with the default effort.

`--villages=10000,20000` and `--workers=2` run a part: all of it takes two hours and a half on two
quiet cores. Seconds of the processor count all processes of their kind; memory is the proportional
set size, in which what processes share is shared out among them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import redis
from sqlalchemy import text

from outreach.cli.redis_server import configuration_for, find_redis_server, own_redis_url
from outreach.db import reading
from outreach.visits.nation import together
from tasks.app import PLANNING
from tests.benchmarks.databases import fresh_database
from tests.benchmarks.nation_world import make_country

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Engine

    from tests.benchmarks.nation_world import Country

SIZES = (10_000, 20_000, 40_000, 83_762)
WORKERS = (1, 2)
TABLES = ("batch", "visit", "visit_event", "stage_village", "stay")
SECONDS_BETWEEN_LOOKS = 0.25
LOOKS_BETWEEN_WEIGHINGS = 8
ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@dataclass
class Watched:
    """What was seen of the processes while they worked."""

    worker_mb: float = 0.0
    child_mb: float = 0.0
    queue: int = 0
    redis_mb: float = 0.0
    connections: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Told:
    """One line of the table."""

    villages: int
    workers: int
    wall_seconds: float
    asked_seconds: float
    cpu_seconds: dict[str, float]
    watched: Watched
    line: str

    @property
    def per_second(self) -> float:
        return self.villages / self.wall_seconds


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--villages", default=",".join(map(str, SIZES)))
    words.add_argument("--workers", default=",".join(map(str, WORKERS)))
    given = words.parse_args()
    told = [
        one
        for villages in map(int, given.villages.split(","))
        for workers in map(int, given.workers.split(","))
        if (one := _measured(villages, workers))
    ]
    for workers in dict.fromkeys(one.workers for one in told):
        _tell_growth([one for one in told if one.workers == workers])


def _measured(villages: int, workers: int) -> Told | None:
    try:
        with fresh_database("postgres") as engine, tempfile.TemporaryDirectory() as folder:
            country = make_country(engine, villages)
            # As the server would do by itself before long.
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("ANALYZE"))
            before = _rows_and_bytes(engine)
            told = _plan(engine, country, workers, Path(folder))
            _tell(told, country)
            _tell_tables(country, before, _rows_and_bytes(engine))
            return told
    except ModuleNotFoundError as error:
        print(f"skipped, {error.name} is not installed")
        return None


def _plan(engine: Engine, country: Country, workers: int, folder: Path) -> Told:
    with _product(engine, workers, folder) as (programs, environment, client):
        before = {name: _cpu_seconds(pid) for name, pid in programs.items()}
        begun = time.perf_counter()
        command = [str(BIN / "outreach"), "plan", "nation", "--campaign=Seluruh negeri"]
        with subprocess.Popen([*command, "--by=pusat"], env=environment, cwd=folder) as asking:
            try:
                watched, command_cpu = _watch(engine, asking, programs["worker"], client)
            finally:
                asking.terminate()
        wall = time.perf_counter() - begun
        cpu = {name: _cpu_seconds(pid) - before[name] for name, pid in programs.items()}
    if asking.returncode:
        raise AssertionError(f"the command ended with {asking.returncode}")
    with reading(engine) as db:
        done = together(db, country.campaign_id, country.manager)
        query = "SELECT extract(epoch FROM max(requested_at) - min(requested_at)) FROM plan_run"
        asked = float(db.execute(text(query)).scalar_one())
    if not done.is_over or done.dead_in or done.branches != country.branches:
        raise AssertionError(done)
    line = f"{done.placed} visits, {done.batches} packages, {country.branches} branches"
    cpu["command"] = command_cpu
    return Told(country.villages, workers, wall, asked, cpu, watched, line)


@contextmanager
def _product(
    engine: Engine, workers: int, folder: Path
) -> Iterator[tuple[dict[str, int], dict[str, str], redis.Redis]]:
    """Run Redis, a worker and the sweeper; name their process numbers and the server's."""
    url = own_redis_url()
    environment = {
        **os.environ,
        "DATABASE_URL": engine.url.render_as_string(hide_password=False),
        "REDIS_URL": url,
        "VAR_DIR": str(folder),
        "SECRET_KEY": "benchmark " * 4,
        "TASK_WORKERS": str(workers),
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
        "LOCALE": "en",
        "DEMO": "0",
    }
    (folder / "redis.conf").write_text(configuration_for(url, folder), encoding="utf-8")
    celery = [str(BIN / "celery"), "--quiet", "--app", "tasks.app", "worker"]
    commands = {
        "redis": [find_redis_server(), str(folder / "redis.conf")],
        "worker": [*celery, "--loglevel", "WARNING"],
        "sweeper": [str(BIN / "outreach"), "sweep"],
    }
    with ExitStack() as stack, redis.Redis.from_url(url) as client:
        programs = {
            name: stack.enter_context(_running(command, environment, folder))
            for name, command in commands.items()
        }
        _until_up(engine)
        programs["postgres"] = _postmaster(engine)
        yield programs, environment, client


@contextmanager
def _running(command: Sequence[str], environment: dict[str, str], folder: Path) -> Iterator[int]:
    with (folder / f"{Path(command[0]).name}.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


def _until_up(engine: Engine) -> None:
    """Wait until a worker and a sweeper have left their lines."""
    for _ in range(1200):
        with reading(engine) as db:
            if db.execute(text("SELECT count(*) FROM heartbeat")).scalar_one() == 2:
                return
        time.sleep(0.1)
    raise TimeoutError


def _postmaster(engine: Engine) -> int:
    with reading(engine) as db:
        backend = db.execute(text("SELECT pg_backend_pid()")).scalar_one()
        return psutil.Process(backend).ppid()


def _watch(
    engine: Engine, asking: subprocess.Popen[bytes], worker: int, client: redis.Redis
) -> tuple[Watched, float]:
    """Look at the processes until the command has ended; tell also its seconds of processor."""
    seen, cpu, looks = Watched(), 0.0, 0
    query = text(
        "SELECT application_name, count(*) FROM pg_stat_activity"
        " WHERE application_name LIKE 'outreach %' GROUP BY 1"
    )
    while asking.poll() is None:
        cpu = max(cpu, _cpu_seconds(asking.pid))
        with reading(engine) as db:
            seen.connections |= Counter({row[0]: row[1] for row in db.execute(query)})
        seen.queue = max(seen.queue, int(client.llen(PLANNING)))
        if looks % LOOKS_BETWEEN_WEIGHINGS == 0:  # weighing a process holds it up
            _weigh(seen, worker, client)
        looks += 1
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return seen, cpu


def _weigh(seen: Watched, worker: int, client: redis.Redis) -> None:
    children = [_pss_mb(child.pid) for child in psutil.Process(worker).children(recursive=True)]
    seen.worker_mb = max(seen.worker_mb, _pss_mb(worker) + sum(children))
    seen.child_mb = max(seen.child_mb, *children, 0.0)
    memory: Any = client.info("memory")
    seen.redis_mb = max(seen.redis_mb, memory["used_memory"] / 1e6)


def _pss_mb(pid: int) -> float:
    try:
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return next(float(line.split()[1]) for line in told.splitlines() if "Pss:" in line) / 1e3


def _cpu_seconds(pid: int) -> float:
    """Add up the seconds of a process, of those it started, and of those of them that ended."""
    try:
        process = psutil.Process(pid)
        tree = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    total = 0.0
    for one in tree:
        try:
            total += sum(one.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue  # by now its parent counts it
    return total


def _rows_and_bytes(engine: Engine) -> dict[str, tuple[int, int]]:
    query = "SELECT (SELECT count(*) FROM {0}), pg_total_relation_size('{0}')"
    with reading(engine) as db:
        rows = {name: db.execute(text(query.format(name))).one() for name in TABLES}
        return {name: (row[0], row[1]) for name, row in rows.items()}


def _tell(told: Told, country: Country) -> None:
    cpu, seen = told.cpu_seconds, told.watched
    print(
        f"\n{told.villages} villages, {country.teams} teams, {told.workers} worker process(es):"
        f" {told.line}"
    )
    print(
        f"  {told.wall_seconds:.0f} s in all, {told.per_second:.1f} villages/s;"
        f" the last branch was asked for after {told.asked_seconds:.0f} s"
    )
    shares = ", ".join(f"{name} {1000 * s / told.villages:.2f}" for name, s in cpu.items())
    print(f"  processor: {sum(cpu.values()):.0f} s; ms a village: {shares}")
    print(
        f"  memory: a worker process {seen.child_mb:.0f} MB, the worker with all of its"
        f" {seen.worker_mb:.0f} MB; Redis {seen.redis_mb:.1f} MB, {seen.queue} messages at most"
    )
    shown = ", ".join(f"{name} {most}" for name, most in sorted(seen.connections.items()))
    print(f"  connections to PostgreSQL at once, at most: {shown}", flush=True)


def _tell_tables(
    country: Country, before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]
) -> None:
    for name in TABLES:
        rows, size = (after[name][part] - before[name][part] for part in (0, 1))
        print(
            f"  table {name:14} {rows:7} rows, {rows / country.villages:.3f} a village,"
            f" {size / country.villages:.0f} bytes a village"
        )


def _tell_growth(told: Sequence[Told]) -> None:
    """Print how seconds and memory grow from each size to the next."""
    for less, more in pairwise(told):
        times = more.villages / less.villages
        print(
            f"{less.villages} -> {more.villages} villages ({times:.2f} x), {less.workers} worker"
            f" process(es): seconds {more.wall_seconds / less.wall_seconds:.2f} x,"
            f" processor {_sum(more) / _sum(less):.2f} x,"
            f" memory of a worker process {more.watched.child_mb / less.watched.child_mb:.2f} x,"
            f" of Redis {more.watched.redis_mb / less.watched.redis_mb:.2f} x"
        )


def _sum(told: Told) -> float:
    return sum(told.cpu_seconds.values())


if __name__ == "__main__":
    main()
