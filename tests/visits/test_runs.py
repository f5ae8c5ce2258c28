"""A plan run: rows in are rows planned or explained; what an official knows of stays."""

from __future__ import annotations

import threading
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
from outreach.planning.assign import assign
from outreach.planning.model import Reason
from outreach.visits.batches import claim, due_batches, fail, load_problem, renew
from outreach.visits.lifecycle import ask, cancel, confirm
from outreach.visits.listing import (
    history,
    summary_of_stage,
    unplaced,
    visits_of_stage,
    visits_of_village,
)
from outreach.visits.rows import VisitFilters
from outreach.visits.runs import (
    cancel_run,
    latest_run,
    request_run,
    retry_batch,
    run_progress,
)
from outreach.visits.saving import save_plan
from outreach.visits.tables import (
    ACTIVE,
    Batch,
    BatchState,
    Happening,
    PlanRun,
    RunState,
    Visit,
    Work,
)
from tests.visits.world import (
    ENDS,
    LEASE,
    NOW,
    QUICK,
    SERENGAN,
    STARTS,
    World,
    account,
    add_stage,
    ask_for_plan,
    build_world,
    plan,
    stage_in,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine


def _told(engine: Engine, stage_id: int) -> list[tuple[object, ...]]:
    query = (
        select(Visit)
        .where(col(Visit.stage_id) == stage_id, col(Visit.work).in_(ACTIVE))
        .order_by(col(Visit.village_code))
    )
    with reading(engine) as db:
        return [
            (v.village_code, v.team_id, v.day, v.slot, v.starts_at, v.travel_minutes)
            for v in db.scalars(query)
        ]


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
        told.append(_told(each, world.stage_id))
    assert told[0] == told[1]
    assert len(told[0]) == 54
    plan(second, world, seed=7)
    assert _told(second, world.stage_id) == told[0]
    second.dispose()


def test_another_seed_may_plan_other_visits(engine: Engine, world: World) -> None:
    plan(engine, world, seed=7)
    before = _told(engine, world.stage_id)
    plan(engine, world, seed=8)
    assert _told(engine, world.stage_id) != before


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


def test_planning_anew_keeps_what_an_official_knows_of(engine: Engine, world: World) -> None:
    plan(engine, world, seed=1)
    with unit_of_work(engine) as db:
        rows = visits_of_stage(db, world.coordinator, world.stage_id)
        asked = [row for row in rows if row.day == rows[0].day]
        for row in asked:
            ask(db, row.id, version=row.version, by=world.coordinator, now=NOW)
    plan(engine, world, seed=2)
    with reading(engine) as db:
        now = {row.id: row for row in visits_of_stage(db, world.coordinator, world.stage_id)}
        villages = [row.village_code for row in now.values()]
        left = unplaced(db, world.coordinator, world.stage_id)
        replaced = select(Visit).where(
            col(Visit.stage_id) == world.stage_id, col(Visit.work) == Work.CANCELLED
        )
        old = db.scalars(replaced).all()
        asked_for = VisitFilters(work=Work.CANCELLED)
        assert visits_of_stage(db, world.coordinator, world.stage_id, asked_for) == []
        assert len(visits_of_village(db, world.coordinator, old[0].village_code)) <= 1
        lines = history(db, world.coordinator, old[0].id or 0)
    for row in asked:
        kept = now[row.id]
        assert (kept.day, kept.team_id, kept.slot, kept.work) == (
            row.day,
            row.team_id,
            row.slot,
            Work.AWAITING,
        )
    assert len(set(villages)) == len(villages)
    assert len(villages) + len(left) == 54
    # A day somebody was asked for gets no neighbours.
    taken = {(row.team_id, row.day) for row in asked}
    others = {
        (row.team_id, row.day) for key, row in now.items() if key not in {a.id for a in asked}
    }
    assert not taken & others
    assert len(old) == 54 - len(asked)
    assert [line.happening for line in lines] == [Happening.PLANNED, Happening.CANCELLED]
    assert lines[1].reason == "planned_anew"


def test_a_quota_counts_the_visits_that_stay(engine: Engine) -> None:
    world = build_world(engine, quota=10)
    plan(engine, world)
    with unit_of_work(engine) as db:
        row = visits_of_stage(db, world.coordinator, world.stage_id)[0]
        ask(db, row.id, version=row.version, by=world.coordinator, now=NOW)
    plan(engine, world)
    with reading(engine) as db:
        summary = summary_of_stage(db, world.coordinator, world.stage_id)
    assert (summary.villages, summary.unplaced) == (10, 0)
    assert summary.by_work == {Work.AWAITING: 1, Work.PROPOSED: 9}


def test_cancelling_leaves_no_later_visit(engine: Engine, world: World) -> None:
    run_id = ask_for_plan(engine, world)
    with unit_of_work(engine) as db:
        (batch_id,) = due_batches(db, NOW)
        held = claim(db, batch_id, NOW, LEASE)
    assert held is not None
    with unit_of_work(engine) as db:
        assert cancel_run(db, run_id, by=world.coordinator, now=NOW).state is RunState.CANCELLED
    with unit_of_work(engine) as db:
        assert not renew(db, held, NOW, LEASE)
        assert not save_plan(db, held, assign(load_problem(db, held)), NOW)
        assert claim(db, batch_id, NOW + 2 * LEASE, LEASE) is None
        assert due_batches(db, NOW + 2 * LEASE) == []
    assert _told(engine, world.stage_id) == []
    with pytest.raises(Conflict), unit_of_work(engine) as db:
        cancel_run(db, run_id, by=world.coordinator, now=NOW)
    # The stage can be planned again at once.
    plan(engine, world)
    assert len(_told(engine, world.stage_id)) == 54


def test_a_dead_batch_can_be_tried_again_until_the_stage_is_planned_anew(
    engine: Engine, world: World
) -> None:
    run_id = ask_for_plan(engine, world)
    with unit_of_work(engine) as db:
        (batch_id,) = due_batches(db, NOW)
    for attempt in range(5):
        with unit_of_work(engine) as db:
            held = claim(db, batch_id, NOW, LEASE)
            assert held is not None, attempt
            fail(db, held, ValueError("kaput"), NOW)
    with unit_of_work(engine) as db:
        assert claim(db, batch_id, NOW, LEASE) is None
        progress = run_progress(db, run_id, world.coordinator)
        assert (progress.state, progress.batches[0].state) == (RunState.DONE, BatchState.DEAD)
        assert progress.batches[0].error == "ValueError: kaput"
        assert (progress.settled, progress.placed) == (0, 0)
        with pytest.raises(NotFound):
            retry_batch(db, batch_id, by=world.foreigner)
        retry_batch(db, batch_id, by=world.coordinator)
    with unit_of_work(engine) as db:
        run = latest_run(db, world.coordinator, world.stage_id)
        assert run is not None
        assert run.state is RunState.RUNNING
        held = claim(db, batch_id, NOW, LEASE)
        assert held is not None
        assert held.attempts == 1
        assert held.fence == 6
        with pytest.raises(Conflict):
            retry_batch(db, batch_id, by=world.coordinator)
    with unit_of_work(engine) as db:
        batch = db.get_one(Batch, batch_id)
        batch.state = BatchState.DEAD
        db.get_one(PlanRun, run_id).state = RunState.DONE
    plan(engine, world)
    with pytest.raises(Conflict) as refusal, unit_of_work(engine) as db:
        retry_batch(db, batch_id, by=world.coordinator)
    assert refusal.value.facts["problem"] == "planned_anew"


def test_a_village_of_another_stage_of_the_campaign_is_left_to_it(
    engine: Engine, world: World
) -> None:
    with unit_of_work(engine) as db:
        first = add_stage(
            db, world.campaign_id, world.coordinator, stage_in("Tahap 0", area_codes=[SERENGAN])
        )
    plan(engine, world, stage_id=first)
    with unit_of_work(engine) as db:
        one, two = visits_of_stage(db, world.coordinator, first)[:2]
        cancel(db, one.id, version=one.version, by=world.coordinator, now=NOW, reason="banjir")
        confirm(db, two.id, version=two.version, by=world.coordinator, now=NOW)
    plan(engine, world)
    with reading(engine) as db:
        chosen = set(
            db.scalars(
                select(col(StageVillage.village_code)).where(
                    col(StageVillage.stage_id) == world.stage_id
                )
            )
        )
        left = unplaced(db, world.coordinator, first)
    # Seven villages of Serengan: six still have a visit there, one was called off.
    assert len(chosen) == 54 - 6
    assert one.village_code in chosen
    assert two.village_code not in chosen
    assert [(row.village_code, row.ended) for row in left] == [(one.village_code, Work.CANCELLED)]


def test_a_branch_plans_one_stage_at_a_time(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        second = add_stage(
            db, world.campaign_id, world.coordinator, stage_in("Tahap 0", area_codes=[SERENGAN])
        )
    run_id = ask_for_plan(engine, world, stage_id=second)
    with pytest.raises(Conflict) as refusal:
        ask_for_plan(engine, world)
    assert refusal.value.facts["stage_id"] == second
    with unit_of_work(engine) as db:
        cancel_run(db, run_id, by=world.coordinator, now=NOW)
    plan(engine, world)


def test_of_two_requests_at_the_same_time_one_is_refused(engine: Engine, world: World) -> None:
    answers: list[object] = []

    def ask_for_it() -> None:
        try:
            answers.append(ask_for_plan(engine, world))
        except Conflict as refusal:
            answers.append(refusal.facts["problem"])

    threads = [threading.Thread(target=ask_for_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, answers)) == ["1", "run_open", "run_open", "run_open"]


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


def test_a_run_that_is_not_on_takes_no_plan_even_if_a_batch_is_left_running(
    engine: Engine, world: World
) -> None:
    run_id = ask_for_plan(engine, world)
    with unit_of_work(engine) as db:
        (batch_id,) = due_batches(db, NOW)
        held = claim(db, batch_id, NOW, LEASE)
    assert held is not None
    with unit_of_work(engine) as db:
        db.get_one(PlanRun, run_id).state = RunState.CANCELLED
    with unit_of_work(engine) as db:
        assert not save_plan(db, held, assign(load_problem(db, held)), NOW)
    assert _told(engine, world.stage_id) == []
