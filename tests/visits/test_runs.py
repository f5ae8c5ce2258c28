"""A plan run: rows in are rows planned or explained; what an official knows of stays."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.stages import close_stage
from outreach.campaigns.tables import Ordering, Stage, StageVillage
from outreach.db import make_engine, reading, unit_of_work
from outreach.errors import Conflict, NotAllowed, NotFound
from outreach.migrations import upgrade
from outreach.people.tables import BranchRegency, Role
from outreach.planning.model import Reason
from outreach.visits.listing import (
    summary_of_stage,
    unplaced,
)
from outreach.visits.runs import (
    cancel_run,
    latest_run,
    request_run,
    run_progress,
)
from outreach.visits.tables import (
    Batch,
    RunState,
)
from tests.visits.world import (
    ENDS,
    NOW,
    QUICK,
    STARTS,
    World,
    account,
    active_visits,
    ask_for_plan,
    build_world,
    plan,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine


def test_every_village_is_planned_or_has_one_reason(engine: Engine) -> None:
    # Five days cannot hold 54 villages with two teams.
    world = build_world(engine, ends=STARTS + timedelta(days=4))
    run_id = plan(engine, world)
    with reading(engine) as db:
        progress = run_progress(db, run_id, world.coordinator)
        left = unplaced(db, world.coordinator, world.stage_id)
        summary = summary_of_stage(db, world.coordinator, world.stage_id)
    assert progress.state is RunState.DONE
    assert progress.villages == progress.settled == summary.villages == 54
    assert 0 < progress.placed < 54
    assert progress.placed + len(left) == 54
    assert {(row.reason, row.remedy is None) for row in left} == {(Reason.NO_CAPACITY, False)}
    assert summary.by_reason == {Reason.NO_CAPACITY: len(left)}
    assert progress.travel_minutes == summary.travel_minutes > 0
    assert progress.team_days == summary.team_days == 10


def test_without_a_team_every_village_says_so(engine: Engine) -> None:
    world = build_world(engine, starts=STARTS, ends=STARTS)
    with unit_of_work(engine) as db:
        stage = db.get_one(Stage, world.stage_id)
        # The eighth of November is a Sunday.
        stage.starts = stage.ends = date(2026, 11, 8)
    plan(engine, world)
    with reading(engine) as db:
        left = unplaced(db, world.coordinator, world.stage_id)
    assert [row.reason for row in left] == [Reason.NO_TEAM] * 54


def test_the_same_seed_plans_the_same_visits_on_every_database(
    engine: Engine, tmp_path: Path
) -> None:
    second = make_engine(f"sqlite:///{tmp_path / 'second.sqlite'}")
    upgrade(second)
    told = []
    for each in (engine, second):
        world = build_world(each)
        plan(each, world, seed=7)
        told.append(active_visits(each, world.stage_id))
    assert told[0] == told[1]
    assert len(told[0]) == 54
    plan(second, world, seed=7)
    assert active_visits(second, world.stage_id) == told[0]
    second.dispose()


def test_another_seed_may_plan_other_visits(engine: Engine, world: World) -> None:
    plan(engine, world, seed=7)
    before = active_visits(engine, world.stage_id)
    plan(engine, world, seed=8)
    assert active_visits(engine, world.stage_id) != before


def test_a_second_run_is_refused_and_says_whose_is_on(engine: Engine, world: World) -> None:
    run_id = ask_for_plan(engine, world)
    with pytest.raises(Conflict) as refusal:
        ask_for_plan(engine, world)
    facts = refusal.value.facts
    assert (facts["problem"], facts["by"], facts["run_id"]) == ("run_open", "Rini", run_id)
    assert facts["since"] == NOW


def test_a_stage_that_is_not_open_is_not_planned(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        stage = db.get_one(Stage, world.stage_id)
        close_stage(db, world.stage_id, stage.version, by=world.coordinator)
    with pytest.raises(Conflict) as refusal:
        ask_for_plan(engine, world)
    assert refusal.value.facts["problem"] == "stage_not_open"


def test_only_the_branchs_coordinator_plans(engine: Engine, world: World) -> None:
    for person, refusal in (
        (world.foreigner, NotFound),
        (world.official, NotFound),
        (world.manager, NotAllowed),
    ):
        with pytest.raises(refusal), unit_of_work(engine) as db:
            request_run(db, world.stage_id, by=person, now=NOW)
    run_id = ask_for_plan(engine, world)
    with reading(engine) as db:
        assert run_progress(db, run_id, world.manager).villages == 54
        with pytest.raises(NotFound):
            run_progress(db, run_id, world.foreigner)
    with pytest.raises(NotFound), unit_of_work(engine) as db:
        cancel_run(db, run_id, by=world.foreigner, now=NOW)


def test_a_run_is_told_only_to_whoever_sees_its_whole_branch(engine: Engine, world: World) -> None:
    run_id = ask_for_plan(engine, world)
    with unit_of_work(engine) as db:
        # The branch serves Boyolali as well now.
        db.get_one(BranchRegency, "33.09").branch_id = world.branch_id
        part = account(db, "solo", Role.MANAGER, "33.72")
    with reading(engine) as db:
        found = latest_run(db, world.manager, world.stage_id)
        assert found is not None
        assert found.id == run_id
        # Its sums are those of villages outside their area too.
        assert latest_run(db, part, world.stage_id) is None
        with pytest.raises(NotFound):
            run_progress(db, run_id, part)


def test_the_ordering_and_the_quota_decide_who_is_chosen(engine: Engine) -> None:
    world = build_world(engine, quota=3, ordering=Ordering.CODE)
    ask_for_plan(engine, world)
    with reading(engine) as db:
        rows = db.execute(
            select(col(StageVillage.village_code), col(StageVillage.rank)).order_by(
                col(StageVillage.rank)
            )
        ).all()
    assert [tuple(row) for row in rows] == [
        ("33.72.01.1001", 1),
        ("33.72.01.1002", 2),
        ("33.72.01.1003", 3),
    ]


def test_a_plan_starts_tomorrow_at_the_earliest(engine: Engine) -> None:
    world = build_world(engine, starts=date(2026, 10, 26))
    ask_for_plan(engine, world)
    with reading(engine) as db:
        question = db.scalars(select(col(Batch.question))).one()
    days = {day for _, day in question["team_days"]}
    assert (min(days), max(days)) == ("2026-11-03", ENDS.isoformat())
    assert QUICK.rounds == 40


def test_a_stage_without_villages_is_planned_at_once(engine: Engine) -> None:
    # Kota Surakarta has no desa.
    world = build_world(engine, kinds=["desa"])
    run_id = ask_for_plan(engine, world)
    with reading(engine) as db:
        progress = run_progress(db, run_id, world.coordinator)
    assert (progress.state, progress.finished_at, progress.batches) == (RunState.DONE, NOW, ())
