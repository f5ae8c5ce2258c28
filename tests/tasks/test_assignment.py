"""One batch in this process: stopped when called off, told about when it fails."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.planning.assign import assign
from outreach.visits.runs import cancel_run
from outreach.visits.tables import Batch, BatchState, Visit
from tasks.assignment import plan_batch
from tests.tasks.runner import PATIENCE_SECONDS, ask_for_long_run, batches

if TYPE_CHECKING:
    import pytest
    from sqlalchemy import Engine

    from outreach.planning.model import Plan, Problem


def test_planning_stops_when_the_run_is_called_off(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    # So many rounds take minutes, unless somebody looks whether the answer is still wanted.
    run = ask_for_long_run(engine, rounds=100_000)
    first = batches(engine)[BatchState.READY][0]
    answers: list[bool] = []
    lease = timedelta(seconds=0.1)
    planner = threading.Thread(target=lambda: answers.append(plan_batch(engine, first, lease)))
    with caplog.at_level(logging.INFO, logger="tasks.leased"):
        planner.start()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not batches(engine)[BatchState.RUNNING]:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        with unit_of_work(engine) as db:
            cancel_run(db, run.run_id, by=run.coordinator, now=datetime.now(UTC))
        planner.join(PATIENCE_SECONDS)
    assert not planner.is_alive()
    assert answers == [False]
    assert caplog.messages == [f"batch {first} in attempt 1 was taken away"]
    with reading(engine) as db:
        assert db.scalars(select(col(Visit.id))).all() == []


def test_a_failure_is_written_down_and_the_batch_waits_for_another_try(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    ask_for_long_run(engine)
    first = batches(engine)[BatchState.READY][0]
    with unit_of_work(engine) as db:
        batch = db.get_one(Batch, first)
        batch.question = {**batch.question, "villages": ["33.11.01.9999"]}
    assert not plan_batch(engine, first, timedelta(seconds=30))
    with reading(engine) as db:
        batch = db.get_one(Batch, first)
    assert (batch.state, batch.attempts, batch.error) == (
        BatchState.READY,
        1,
        "KeyError: '33.11.01.9999'",
    )
    assert batch.sent_at is not None
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_plan_that_breaks_a_rule_is_told_and_not_saved(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_for_long_run(engine, rounds=20)
    first = batches(engine)[BatchState.READY][0]

    def spoilt(problem: Problem, _tell: object) -> Plan:
        plan = assign(problem)
        late = replace(plan.visits[0], starts_minute=plan.visits[0].starts_minute + 600)
        return replace(plan, visits=(late, *plan.visits[1:]))

    monkeypatch.setattr("tasks.assignment.assign", spoilt)
    assert not plan_batch(engine, first, timedelta(seconds=30))
    with reading(engine) as db:
        batch = db.get_one(Batch, first)
        assert db.scalars(select(col(Visit.id))).all() == []
    assert (batch.state, batch.attempts) == (BatchState.DEAD, 1)
    assert batch.error.startswith("UnsoundPlan: ")


def test_a_lease_much_shorter_than_the_planning_is_kept_alive(engine: Engine) -> None:
    ask_for_long_run(engine)
    first = batches(engine)[BatchState.READY][0]
    before = datetime.now(UTC)
    lease = timedelta(seconds=0.05)
    leases: set[datetime] = set()
    planner = threading.Thread(target=lambda: plan_batch(engine, first, lease))
    planner.start()
    while planner.is_alive():
        with reading(engine) as db:
            until = db.scalar(select(col(Batch.lease_until)).where(col(Batch.id) == first))
        leases |= {until} if until else set()
    assert len(leases) > 2
    assert max(leases) > before + lease
    assert batches(engine)[BatchState.DONE] == [first]
