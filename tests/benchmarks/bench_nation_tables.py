"""What sweeper, workers and pages ask of a database with a million visits and 20,000 batches.

`--visits=100000` fills fewer, `--costs=FILE` writes as JSON what `bench_nation_needs` reckons with.
Each act is done twice, the second time is told, with its slowest statement. Also what a message
costs, a beat and a connection.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import event, text

from outreach.db import WORKER, make_engine, reading, unit_of_work
from outreach.logbook.overdue import force_overdue
from outreach.messages.announce import announce
from outreach.messages.remind import remind
from outreach.messages.sent_back import tell_sent_back
from outreach.planning.assign import assign
from outreach.planning.model import Parameters
from outreach.visits import batches
from outreach.visits.nation import branches_to_plan, together
from outreach.visits.returns import run_out_leases
from outreach.visits.runs import request_run
from outreach.visits.saving import save_plan
from outreach.watch.beating import beat_carefully, impatient_engine, this_process
from outreach.watch.tables import ProcessKind
from outreach.watch.waiting import read_waiting
from tests.benchmarks.databases import fresh_database
from tests.benchmarks.nation_scale import STAGES, fill
from tests.benchmarks.queue_costs import measure_queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from sqlmodel import Session

    from tests.benchmarks.nation_world import Country

LEASE = timedelta(seconds=30)
#: A statement this slow is told.
SLOW_SECONDS = 0.05


class Took(NamedTuple):
    """Seconds of an act, and those of them in which it waited for its statements."""

    all: float
    in_database: float


@dataclass
class Watch:
    """Times acts and the statements in them."""

    engine: Engine
    statements: list[tuple[float, str]] = field(default_factory=list)
    begun: float = 0.0

    def __post_init__(self) -> None:
        event.listen(self.engine, "before_cursor_execute", self._before)
        event.listen(self.engine, "after_cursor_execute", self._after)

    def _before(self, *_told: Any) -> None:
        self.begun = time.perf_counter()

    def _after(self, _connection: Any, _cursor: Any, statement: str, *_told: Any) -> None:
        self.statements.append((time.perf_counter() - self.begun, statement))

    def act(self, name: str, work: Callable[[Session], object], times: int = 2) -> Took:
        """Do something in units of work of its own; tell how long the last one took."""
        took = 0.0
        for _ in range(times):
            self.statements.clear()
            begun = time.perf_counter()
            with unit_of_work(self.engine) as db:
                work(db)
            took = time.perf_counter() - begun
        in_database = sum(seconds for seconds, _ in self.statements)
        print(
            f"{name:26} {1000 * took:8.1f} ms, {1000 * in_database:8.1f} ms of it in"
            f" {len(self.statements)} statements",
            flush=True,
        )
        seconds, slowest = max(self.statements, default=(0.0, ""))
        if seconds > SLOW_SECONDS:
            print(f"    {1000 * seconds:.0f} ms: {' '.join(slowest.split())[:200]}")
        return Took(took, in_database)


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--visits", type=int, default=1_000_000)
    words.add_argument("--costs", type=Path)
    given = words.parse_args()
    try:
        with fresh_database("postgres") as engine:
            country = fill(engine, given.visits // STAGES)
            _tell_sizes(engine)
            costs = _measure(engine, country)
    except ModuleNotFoundError as error:
        print(f"skipped, {error.name} is not installed")
        return
    if given.costs:
        given.costs.write_text(json.dumps(costs, indent=1), encoding="utf-8")


def _tell_sizes(engine: Engine) -> None:
    with reading(engine) as db:
        for name in ("stage", "plan_run", "batch", "visit", "visit_event"):
            query = f"SELECT count(*), pg_total_relation_size('{name}') / 1000000 FROM {name}"
            rows, megabytes = db.execute(text(query)).one()
            print(f"{name:14} {rows:9} rows, {megabytes} MB")


def _measure(engine: Engine, country: Country) -> dict[str, float]:
    watch, now = Watch(engine), datetime.now(UTC)
    costs = {"sweep": watch.act("sweep, nothing to send", lambda db: _due(db, now, 0)).all}
    # Later each time, so that all wait again.
    hours = iter(range(1, 100))
    full = watch.act(
        "sweep, up to 1,024", lambda db: _due(db, now + timedelta(hours=next(hours)), 1024)
    )
    costs["sweep_a_waiting_batch"] = max(0.0, full.all - costs["sweep"]) / country.branches
    costs["tidy"] = _measure_tidying(watch, now)
    watch.act("System page, metrics", lambda db: read_waiting(db, now))
    costs["watch"] = watch.act("progress of the nation", lambda db: _together(db, country)).all
    watch.act("branches to plan", lambda db: _to_plan(db, country))
    costs |= _measure_batch(watch, country, now)
    return costs | measure_queue() | {"connect": _connect_seconds(engine), "beat": _beat(engine)}


def _measure_tidying(watch: Watch, now: datetime) -> float:
    """Time what the sweeper does every ten seconds, while nothing is sent."""
    acts: dict[str, Callable[[Session], object]] = {
        "work run out": lambda db: run_out_leases(db, now),
        "news": lambda db: announce(db, now, by_email=True),
        "reminders": lambda db: remind(db, now, by_email=True),
        "reports sent back": lambda db: tell_sent_back(db, now, by_email=True),
        "late corrections": lambda db: force_overdue(db, now),
    }
    return sum(watch.act(f"tidy: {name}", work).all for name, work in acts.items())


def _measure_batch(watch: Watch, country: Country, now: datetime) -> dict[str, float]:
    """Plan a stage of the usual size anew, from the request to its visits."""
    stage_id = _make_ready(watch.engine, country)

    def ask(db: Session) -> None:
        db.execute(text("UPDATE plan_run SET state = 'done' WHERE state = 'running'"))
        told: dict[str, Any] = {"now": now, "parameters": QUICK, "require": _anybody}
        request_run(db, stage_id, by=country.manager, **told)

    asked = watch.act("ask for a branch", ask)
    with reading(watch.engine) as db:
        (batch_id,) = db.execute(text("SELECT max(id) FROM batch WHERE state = 'ready'")).one()
    held: list[Any] = []
    claimed = watch.act("claim", lambda db: held.append(_claim(db, batch_id, now)), 1)
    read = watch.act("read a question", lambda db: batches.load_problem(db, held[0]))
    renewed = watch.act("renew a lease", lambda db: batches.renew(db, held[0], now, LEASE))
    with reading(watch.engine) as db:
        problem = batches.load_problem(db, held[0])
    plan = assign(problem)
    saved = watch.act("save a plan", lambda db: save_plan(db, held[0], problem, plan, now), 1)
    print(f"    of {len(plan.visits)} visits")
    # What the worker does beside is in its seconds of thinking.
    return {
        "ask_a_branch": asked.all,
        "ask_a_branch_in_database": asked.in_database,
        "claim_and_read": claimed.in_database + read.in_database,
        "renew": renewed.in_database,
        "save_a_village": saved.in_database / max(1, len(problem.sites)),
    }


def _make_ready(engine: Engine, country: Country) -> int:
    """Let all runs be over and nobody have been met in the most usual of the last stages."""
    usual = (
        "SELECT stage_id FROM visit WHERE work = 'proposed' GROUP BY stage_id"
        f" ORDER BY abs(count(*) - {country.villages / country.branches}), stage_id LIMIT 1"
    )
    with unit_of_work(engine) as db:
        stage_id = int(db.execute(text(usual)).scalar_one())
        db.execute(text("UPDATE plan_run SET state = 'done'"))
        db.execute(text("UPDATE batch SET state = 'done'"))
        of_branch = (
            "SELECT id FROM stage WHERE branch_id ="
            f" (SELECT branch_id FROM stage WHERE id = {stage_id})"
        )
        db.execute(text(f"UPDATE visit SET result = 'not_met' WHERE stage_id IN ({of_branch})"))
    return stage_id


QUICK = Parameters(rounds=1)


def _anybody(*_told: object) -> None:
    pass


def _due(db: Session, now: datetime, most: int) -> object:
    return batches.due_batches(db, now, most=most)


def _claim(db: Session, batch_id: int, now: datetime) -> object:
    return batches.claim(db, batch_id, now, LEASE)


def _together(db: Session, country: Country) -> object:
    return together(db, country.campaign_id, country.manager)


def _to_plan(db: Session, country: Country) -> object:
    return branches_to_plan(db, country.campaign_id, country.manager)


def _beat(engine: Engine, times: int = 20) -> float:
    """Let a worker say that it lives, each time over a connection of its own."""
    own = impatient_engine(engine.url.render_as_string(hide_password=False))
    process = this_process(ProcessKind.WORKER, "k" * 40)
    begun = time.perf_counter()
    for _ in range(times):
        beat_carefully(own, process)
        own.dispose()
    took = (time.perf_counter() - begun) / times
    print(f"{'beat':26} {1000 * took:8.1f} ms")
    return took


def _connect_seconds(engine: Engine, times: int = 50) -> float:
    worker = make_engine(engine.url.render_as_string(hide_password=False), WORKER)
    begun = time.perf_counter()
    for _ in range(times):
        with unit_of_work(worker) as db:
            db.execute(text("SELECT 1"))
    took = (time.perf_counter() - begun) / times
    print(f"{'connect anew':26} {1000 * took:8.1f} ms")
    return took


if __name__ == "__main__":
    main()
