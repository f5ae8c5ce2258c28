"""Planning once more: beside another run, another stage, or a batch that died."""

from __future__ import annotations

import threading
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.tables import StageVillage
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, NotFound
from outreach.planning.assign import assign
from outreach.visits.batches import claim, due_batches, fail, load_problem, renew
from outreach.visits.lifecycle import ask, cancel, confirm
from outreach.visits.listing import (
    history,
    summary_of_stage,
    unplaced,
    visited_elsewhere,
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
    Batch,
    BatchState,
    Happening,
    PlanRun,
    RunState,
    Visit,
    Work,
)
from tests.visits.world import (
    LEASE,
    NOW,
    QUICK,
    SERENGAN,
    World,
    active_visits,
    add_stage,
    ask_for_plan,
    build_world,
    plan,
    stage_in,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session


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
        assert not cancel_run(db, run_id, by=world.coordinator, now=NOW)
        assert db.get_one(PlanRun, run_id).state is RunState.CANCELLED
    with unit_of_work(engine) as db:
        assert not renew(db, held, NOW, LEASE)
        asked = load_problem(db, held)
        assert not save_plan(db, held, asked, assign(asked), NOW)
        assert claim(db, batch_id, NOW + 2 * LEASE, LEASE) is None
        assert due_batches(db, NOW + 2 * LEASE) == []
    assert active_visits(engine, world.stage_id) == []
    with pytest.raises(Conflict), unit_of_work(engine) as db:
        cancel_run(db, run_id, by=world.coordinator, now=NOW)
    # The stage can be planned again at once.
    plan(engine, world)
    assert len(active_visits(engine, world.stage_id)) == 54


@pytest.fixture
def parts(engine: Engine) -> World:
    """A stage that is long enough to be planned in parts."""
    return build_world(engine, ends=date(2026, 12, 19))


def test_called_off_between_its_parts_a_run_leaves_no_visit_and_tells_none(
    engine: Engine, parts: World
) -> None:
    run_id = _ask_in_parts(engine, parts)
    _save_parts(engine, 1)
    assert active_visits(engine, parts.stage_id)
    with unit_of_work(engine) as db:
        cancel_run(db, run_id, by=parts.coordinator, now=NOW)
        told = run_progress(db, run_id, parts.coordinator)
    assert [one.state for one in told.batches] == [BatchState.CANCELLED] * len(told.batches)
    assert (told.settled, told.placed, told.team_days, told.travel_minutes) == (0, 0, 0, 0)
    assert active_visits(engine, parts.stage_id) == []


def test_a_part_tried_again_and_called_off_leaves_the_plan_of_the_others(
    engine: Engine, parts: World
) -> None:
    run_id = _ask_in_parts(engine, parts)
    with unit_of_work(engine) as db:
        dead = _give_up_first(db)
    _save_parts(engine)
    planned = active_visits(engine, parts.stage_id)
    with unit_of_work(engine) as db:
        assert db.get_one(PlanRun, run_id).state is RunState.DONE
        retry_batch(db, dead, by=parts.coordinator, now=NOW)
        assert cancel_run(db, run_id, by=parts.coordinator, now=NOW)
        told = run_progress(db, run_id, parts.coordinator)
    assert active_visits(engine, parts.stage_id) == planned
    assert told.placed == len(planned) > 0


def test_a_part_tried_again_while_the_others_are_at_it_is_no_plan_yet(
    engine: Engine, parts: World
) -> None:
    run_id = _ask_in_parts(engine, parts)
    with unit_of_work(engine) as db:
        dead = _give_up_first(db)
        retry_batch(db, dead, by=parts.coordinator, now=NOW)
    _save_parts(engine, but=dead)
    assert active_visits(engine, parts.stage_id)
    with unit_of_work(engine) as db:
        assert not cancel_run(db, run_id, by=parts.coordinator, now=NOW)
    assert active_visits(engine, parts.stage_id) == []


def _ask_in_parts(engine: Engine, world: World) -> int:
    with unit_of_work(engine) as db:
        given: dict[str, Any] = {"by": world.coordinator, "now": NOW, "parameters": QUICK}
        run = request_run(db, world.stage_id, target_size=10, **given)
        assert len(_ready(db)) > 1
        return run.id or 0


def _ready(db: Session) -> list[int]:
    ready = select(col(Batch.id)).where(col(Batch.state) == BatchState.READY)
    return [number or 0 for number in db.scalars(ready.order_by(col(Batch.id)))]


def _give_up_first(db: Session) -> int:
    """Let the first part that waits be dead, as after its last try."""
    first = _ready(db)[0]
    db.get_one(Batch, first).state = BatchState.DEAD
    return first


def _save_parts(engine: Engine, most: int | None = None, but: int | None = None) -> None:
    """Plan the parts that are due, or some of them, as workers do."""
    with reading(engine) as db:
        ready = [one for one in _ready(db) if one != but]
    for batch_id in ready[:most]:
        with unit_of_work(engine) as db:
            held = claim(db, batch_id, NOW, LEASE)
            assert held is not None
            asked = load_problem(db, held)
            assert save_plan(db, held, asked, assign(asked), NOW)


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
            retry_batch(db, batch_id, by=world.foreigner, now=NOW)
        retry_batch(db, batch_id, by=world.coordinator, now=NOW)
    with unit_of_work(engine) as db:
        run = latest_run(db, world.coordinator, world.stage_id)
        assert run is not None
        assert run.state is RunState.RUNNING
        held = claim(db, batch_id, NOW, LEASE)
        assert held is not None
        assert held.attempts == 1
        assert held.fence == 6
        with pytest.raises(Conflict):
            retry_batch(db, batch_id, by=world.coordinator, now=NOW)
    with unit_of_work(engine) as db:
        batch = db.get_one(Batch, batch_id)
        batch.state = BatchState.DEAD
        db.get_one(PlanRun, run_id).state = RunState.DONE
    plan(engine, world)
    with pytest.raises(Conflict) as refusal, unit_of_work(engine) as db:
        retry_batch(db, batch_id, by=world.coordinator, now=NOW)
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
    with reading(engine) as db:
        left = unplaced(db, world.coordinator, first)
    plan(engine, world)
    with reading(engine) as db:
        chosen = set(
            db.scalars(
                select(col(StageVillage.village_code)).where(
                    col(StageVillage.stage_id) == world.stage_id
                )
            )
        )
        assert unplaced(db, world.coordinator, first) == []
        taken = visited_elsewhere(db, world.coordinator, first)
    # Seven villages of Serengan: six still have a visit there, one was called off.
    assert len(chosen) == 54 - 6
    assert one.village_code in chosen
    assert two.village_code not in chosen
    # It waited there until the other stage took it over.
    assert [(row.village_code, row.ended) for row in left] == [(one.village_code, Work.CANCELLED)]
    assert [(row.village_code, row.stage_id) for row in taken] == [
        (one.village_code, world.stage_id)
    ]


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
        asked = load_problem(db, held)
        assert not save_plan(db, held, asked, assign(asked), NOW)
    assert active_visits(engine, world.stage_id) == []
