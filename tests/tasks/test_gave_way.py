"""A worker that gave way to another saves what it thought out after all."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text
from sqlmodel import col

from outreach.db import reading
from outreach.visits.saving import save_plan
from outreach.visits.tables import Batch, BatchState, Visit
from tasks import assignment
from tests.tasks.runner import ask_for_long_run, batches

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

pytestmark = pytest.mark.postgres


@pytest.fixture
def engine(postgres_engine: Engine) -> Engine:
    return postgres_engine


@pytest.mark.parametrize("sqlstate", ["40P01", "40001"])
def test_no_attempt_is_lost_to_a_deadlock(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, sqlstate: str
) -> None:
    ask_for_long_run(engine, rounds=5, target_size=50)
    saved: list[bool] = []

    def save_and_give_way_once(db: Session, *told: Any) -> bool:
        saved.append(save_plan(db, *told))
        if len(saved) == 1:
            raising = f"RAISE EXCEPTION 'gave way' USING ERRCODE = '{sqlstate}'"
            db.execute(text(f"DO $$ BEGIN {raising}; END $$"))
        return saved[-1]

    monkeypatch.setattr(assignment, "save_plan", save_and_give_way_once)
    first = batches(engine)[BatchState.READY][0]
    assert assignment.plan_batch(engine, first, timedelta(minutes=5))
    assert saved == [True, True]
    with reading(engine) as db:
        batch = db.get_one(Batch, first)
        assert (batch.state, batch.attempts, batch.error) == (BatchState.DONE, 1, "")
        villages = db.scalars(select(col(Visit.village_code))).all()
    assert len(villages) == len(set(villages)) == batch.placed > 0
