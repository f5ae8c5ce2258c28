"""Closing a stage: nothing of it goes on planning, and its proposals give their days back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.tables import Stage, Status
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, NotAllowed, NotFound
from outreach.planning.assign import assign
from outreach.visits.batches import claim, due_batches, load_problem
from outreach.visits.closing import wind_up
from outreach.visits.lifecycle import ask
from outreach.visits.listing import history, unplaced, visits_of_stage
from outreach.visits.runs import retry_batch, run_progress
from outreach.visits.saving import save_plan
from outreach.visits.tables import Batch, BatchState, PlanRun, RunState, Visit, Work
from tests.visits.world import LEASE, NOW, World, add_stage, ask_for_plan, plan, stage_in

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.people.access import Person


def _close(engine: Engine, world: World, by: Person | None = None) -> None:
    with unit_of_work(engine) as db:
        version = db.get_one(Stage, world.stage_id).version
        wind_up(db, world.stage_id, version, by=by or world.coordinator, now=NOW)


def test_closing_calls_the_run_off_and_frees_the_branch_at_once(
    engine: Engine, world: World
) -> None:
    run_id = ask_for_plan(engine, world)
    with unit_of_work(engine) as db:
        (batch_id,) = due_batches(db, NOW)
        held = claim(db, batch_id, NOW, LEASE)
    assert held is not None
    _close(engine, world)
    with unit_of_work(engine) as db:
        asked = load_problem(db, held)
        assert not save_plan(db, held, asked, assign(asked), NOW)
        assert due_batches(db, NOW + timedelta(hours=1)) == []
        progress = run_progress(db, run_id, world.coordinator)
        assert progress.state is RunState.CANCELLED
        assert progress.by_state[BatchState.CANCELLED] == 1
        second = add_stage(db, world.campaign_id, world.coordinator, stage_in("Tahap 2"))
    plan(engine, world, stage_id=second)
    with reading(engine) as db:
        assert len(visits_of_stage(db, world.coordinator, second)) == 54


def test_closing_keeps_what_an_official_knows_of_and_cancels_the_rest(
    engine: Engine, world: World
) -> None:
    plan(engine, world)
    with unit_of_work(engine) as db:
        first, second, *_ = visits_of_stage(db, world.coordinator, world.stage_id)
        ask(db, first.id, version=first.version, by=world.coordinator, now=NOW)
    _close(engine, world)
    with reading(engine) as db:
        standing = visits_of_stage(db, world.coordinator, world.stage_id)
        assert [(row.id, row.work) for row in standing] == [(first.id, Work.AWAITING)]
        left = unplaced(db, world.coordinator, world.stage_id)
        # No person cancelled them: the page says that the stage was closed.
        assert [row.ended for row in left] == [None] * 53
        line = history(db, world.coordinator, second.id)[-1]
    assert (line.reason, line.after) == ("stage_closed", {"work": "cancelled"})


def test_a_refused_closing_changes_nothing(engine: Engine, world: World) -> None:
    run_id = ask_for_plan(engine, world)
    for person, refusal in ((world.foreigner, NotFound), (world.manager, NotAllowed)):
        with pytest.raises(refusal):
            _close(engine, world, person)
    with pytest.raises(Conflict), unit_of_work(engine) as db:
        wind_up(db, world.stage_id, 99, by=world.coordinator, now=NOW)
    with reading(engine) as db:
        assert db.get_one(PlanRun, run_id).state is RunState.RUNNING
        assert db.get_one(Stage, world.stage_id).status is Status.OPENED


def test_a_dead_batch_of_a_closed_stage_is_not_tried_again(engine: Engine, world: World) -> None:
    batch_id = _dead_batch(engine, world)
    _close(engine, world)
    with pytest.raises(Conflict) as refusal, unit_of_work(engine) as db:
        retry_batch(db, batch_id, by=world.coordinator, now=NOW)
    assert refusal.value.facts["problem"] == "stage_not_open"


def test_a_dead_batch_waits_while_the_branch_plans_another_stage(
    engine: Engine, world: World
) -> None:
    batch_id = _dead_batch(engine, world)
    with unit_of_work(engine) as db:
        second = add_stage(db, world.campaign_id, world.coordinator, stage_in("Tahap 2"))
    other = ask_for_plan(engine, world, stage_id=second)
    with pytest.raises(Conflict) as refusal, unit_of_work(engine) as db:
        retry_batch(db, batch_id, by=world.coordinator, now=NOW)
    assert refusal.value.facts["problem"] == "run_open"
    assert refusal.value.facts["run_id"] == other


def test_a_run_that_is_on_does_not_hinder_the_retry_of_its_own_batch(
    engine: Engine, world: World
) -> None:
    batch_id = _dead_batch(engine, world)
    with unit_of_work(engine) as db:
        db.get_one(PlanRun, db.get_one(Batch, batch_id).run_id).state = RunState.RUNNING
    with unit_of_work(engine) as db:
        assert retry_batch(db, batch_id, by=world.coordinator, now=NOW).state is BatchState.READY


def _dead_batch(engine: Engine, world: World) -> int:
    run_id = ask_for_plan(engine, world)
    with unit_of_work(engine) as db:
        batch = db.scalars(select(Batch)).one()
        batch.state = BatchState.DEAD
        db.get_one(PlanRun, run_id).state = RunState.DONE
        assert db.scalars(select(col(Visit.id))).first() is None
        assert batch.id is not None
        return batch.id
