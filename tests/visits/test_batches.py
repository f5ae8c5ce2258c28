"""A batch: claimed by one at a time, committed once, given up after five attempts."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from outreach.campaigns.stages import close_stage
from outreach.campaigns.tables import Stage, StageVillage
from outreach.db import reading, unit_of_work
from outreach.people.tables import TeamLeave
from outreach.planning.assign import assign
from outreach.planning.model import Reason
from outreach.villages.tables import Zone
from outreach.visits.batches import (
    Claim,
    UnsoundPlan,
    claim,
    due_batches,
    fail,
    load_problem,
    renew,
)
from outreach.visits.leased_rows import error_text
from outreach.visits.runs import run_progress
from outreach.visits.saving import save_plan
from outreach.visits.tables import (
    Batch,
    BatchState,
    PlanRun,
    RunState,
    Visit,
    VisitEvent,
    Work,
)
from tests.visits.world import LEASE, NOW, World, ask_for_plan, plan

if TYPE_CHECKING:
    from sqlalchemy import Engine

LATER = NOW + LEASE + timedelta(seconds=1)


@pytest.fixture
def batch_id(engine: Engine, world: World) -> int:
    ask_for_plan(engine, world)
    with reading(engine) as db:
        return db.execute(select(col(Batch.id))).scalar_one() or 0


def _claim(engine: Engine, batch_id: int, now: datetime = NOW) -> Claim:
    with unit_of_work(engine) as db:
        held = claim(db, batch_id, now, LEASE)
    assert held is not None
    return held


def _save(engine: Engine, held: Claim, now: datetime = NOW) -> bool:
    with reading(engine) as db:
        problem = load_problem(db, held)
    answer = assign(problem)
    with unit_of_work(engine) as db:
        return save_plan(db, held, problem, answer, now)


def _visits(engine: Engine) -> int:
    with reading(engine) as db:
        count: int = db.execute(select(func.count()).select_from(Visit)).scalar_one()
    return count


def _state(engine: Engine, batch_id: int) -> tuple[BatchState, RunState]:
    with reading(engine) as db:
        batch = db.get_one(Batch, batch_id)
        return batch.state, db.get_one(PlanRun, batch.run_id).state


def test_only_one_of_many_gets_a_batch(engine: Engine, batch_id: int) -> None:
    got: list[Claim | None] = []

    def take() -> None:
        with unit_of_work(engine) as db:
            got.append(claim(db, batch_id, NOW, LEASE))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert [one for one in got if one] == [Claim(batch_id, 1, 1, 1)]


def test_a_batch_is_taken_over_when_its_lease_has_run_out_and_not_before(
    engine: Engine, batch_id: int
) -> None:
    _claim(engine, batch_id)
    with unit_of_work(engine) as db:
        assert claim(db, batch_id, NOW + LEASE, LEASE) is None
    assert _claim(engine, batch_id, LATER).fence == 2


def test_a_worker_that_renews_its_lease_keeps_the_batch(engine: Engine, batch_id: int) -> None:
    held = _claim(engine, batch_id)
    with unit_of_work(engine) as db:
        assert renew(db, held, NOW + LEASE / 2, LEASE)
        assert claim(db, batch_id, LATER, LEASE) is None
    second = _claim(engine, batch_id, NOW + 2 * LEASE)
    with unit_of_work(engine) as db:
        assert not renew(db, held, NOW + 2 * LEASE, LEASE)
        assert renew(db, second, NOW + 2 * LEASE, LEASE)


def test_a_late_worker_writes_nothing(engine: Engine, batch_id: int) -> None:
    late, current = _claim(engine, batch_id), _claim(engine, batch_id, LATER)
    assert not _save(engine, late)
    assert _visits(engine) == 0
    with unit_of_work(engine) as db:
        fail(db, late, ValueError("late"), NOW)
    assert _state(engine, batch_id) == (BatchState.RUNNING, RunState.RUNNING)
    assert _save(engine, current)
    assert not _save(engine, current)
    assert not _save(engine, late)
    assert _visits(engine) == 54
    assert _state(engine, batch_id) == (BatchState.DONE, RunState.DONE)


def test_a_saved_plan_has_a_line_of_history_for_every_visit(engine: Engine, batch_id: int) -> None:
    assert _save(engine, _claim(engine, batch_id))
    with reading(engine) as db:
        told = {
            row.visit_id: (row.village_code, row.after) for row in db.scalars(select(VisitEvent))
        }
        visits = db.scalars(select(Visit)).all()
        batch = db.get_one(Batch, batch_id)
    assert len(visits) == len(told) == batch.placed == 54
    for visit in visits:
        assert told[visit.id or 0] == (
            visit.village_code,
            {
                "team_id": visit.team_id,
                "day": visit.day.isoformat(),
                "slot": visit.slot,
                "starts_at": visit.starts_at.isoformat("minutes"),
            },
        )
    assert batch.solver.startswith("pyvrp")
    assert batch.rounds == 80


def test_a_day_given_away_meanwhile_leaves_its_villages_with_a_reason(
    engine: Engine, world: World, batch_id: int
) -> None:
    held = _claim(engine, batch_id)
    with reading(engine) as db:
        asked = load_problem(db, held)
    answer = assign(asked)
    trip = [
        v
        for v in answer.visits
        if (v.team_id, v.day) == (answer.visits[0].team_id, answer.visits[0].day)
    ]
    elsewhere = next(v.code for v in answer.visits if v not in trip)
    with unit_of_work(engine) as db:
        # By hand, somebody puts another village on that day while the batch is planned.
        taken = Visit(
            stage_id=world.stage_id,
            village_code=elsewhere,
            team_id=trip[0].team_id,
            day=trip[0].day,
            slot=3,
            starts_at=NOW.time().replace(tzinfo=None),
            zone=Zone.WIB,
            work=Work.CONFIRMED,
        )
        db.add(taken)
    with unit_of_work(engine) as db:
        assert save_plan(db, held, asked, answer, NOW)
    with reading(engine) as db:
        progress = run_progress(db, held.run_id, world.coordinator)
        refused = {
            row.village_code: row.reason
            for row in db.scalars(select(StageVillage).where(col(StageVillage.reason).is_not(None)))
        }
    assert refused == {v.code: Reason.NO_CAPACITY for v in trip} | {elsewhere: Reason.NO_CAPACITY}
    assert progress.placed == 54 - len(trip) - 1
    assert _visits(engine) == progress.placed + 1


def test_a_closed_stage_gets_no_visits(engine: Engine, world: World, batch_id: int) -> None:
    held = _claim(engine, batch_id)
    with unit_of_work(engine) as db:
        version = db.get_one(Stage, world.stage_id).version
        close_stage(db, world.stage_id, version, by=world.coordinator)
    assert not _save(engine, held)
    assert _visits(engine) == 0


def test_a_team_that_goes_on_leave_meanwhile_is_not_planned(
    engine: Engine, world: World, batch_id: int
) -> None:
    held = _claim(engine, batch_id)
    with unit_of_work(engine) as db:
        stage = db.get_one(Stage, world.stage_id)
        team = world.team_ids[0]
        db.add(TeamLeave(team_id=team, starts=stage.starts, ends=stage.ends))
    with reading(engine) as db:
        problem = load_problem(db, held)
    assert {one.team_id for one in problem.team_days} == {world.team_ids[1]}
    assert len(problem.sites) == 54


def test_after_five_failures_a_batch_is_dead_and_its_run_ends(
    engine: Engine, batch_id: int
) -> None:
    for attempt in range(1, 6):
        held = _claim(engine, batch_id)
        with unit_of_work(engine) as db:
            fail(db, held, RuntimeError(f"attempt {attempt}"), NOW)
        expected = BatchState.DEAD if attempt == 5 else BatchState.READY
        assert _state(engine, batch_id)[0] is expected
    assert _state(engine, batch_id)[1] is RunState.DONE
    with unit_of_work(engine) as db:
        assert due_batches(db, LATER) == []
        assert claim(db, batch_id, LATER, LEASE) is None


def test_a_plan_that_breaks_a_rule_is_never_saved(engine: Engine, batch_id: int) -> None:
    held = _claim(engine, batch_id)
    with reading(engine) as db:
        asked = load_problem(db, held)
    sound = assign(asked)
    first = sound.visits[0]
    broken = replace(sound, visits=(replace(first, starts_minute=0), *sound.visits[1:]))
    with pytest.raises(UnsoundPlan) as told, unit_of_work(engine) as db:
        save_plan(db, held, asked, broken, NOW)
    assert _visits(engine) == 0
    with unit_of_work(engine) as db:
        fail(db, held, told.value, NOW)
    assert _state(engine, batch_id) == (BatchState.DEAD, RunState.DONE)
    with reading(engine) as db:
        error = db.get_one(Batch, batch_id).error
    told_of = f"{first.code}, team {first.team_id}, {first.day}"
    assert error == f"UnsoundPlan: too_early, {told_of}"


def test_a_batch_that_kills_its_workers_is_buried(engine: Engine, batch_id: int) -> None:
    now = NOW
    for _ in range(5):
        with unit_of_work(engine) as db:
            assert due_batches(db, now) == [batch_id]
        _claim(engine, batch_id, now)
        now += LEASE + timedelta(seconds=1)
    with unit_of_work(engine) as db:
        # A message that comes late makes no sixth attempt of it.
        assert claim(db, batch_id, now, LEASE) is None
        assert due_batches(db, now) == []
    assert _state(engine, batch_id) == (BatchState.DEAD, RunState.DONE)
    with reading(engine) as db:
        assert db.get_one(Batch, batch_id).error == "worker_lost"


def test_a_batch_is_sent_again_only_after_a_pause(engine: Engine, batch_id: int) -> None:
    seconds = [timedelta(seconds=number) for number in (0, 1, 4, 5, 6, 10)]
    sent = []
    for wait in seconds:
        with unit_of_work(engine) as db:
            sent.append(due_batches(db, NOW + wait))
    assert sent == [[batch_id], [], [], [batch_id], [], [batch_id]]
    _claim(engine, batch_id, NOW + seconds[-1])
    with unit_of_work(engine) as db:
        assert due_batches(db, NOW + timedelta(seconds=20)) == []
        assert due_batches(db, NOW + timedelta(seconds=41)) == [batch_id]


def test_two_sweepers_at_once_send_nothing_twice(engine: Engine, batch_id: int) -> None:
    sent: list[int] = []

    def sweep() -> None:
        with unit_of_work(engine) as db:
            sent.extend(due_batches(db, NOW))

    threads = [threading.Thread(target=sweep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sent == [batch_id]


def test_the_question_is_read_in_the_same_order_every_time(engine: Engine, batch_id: int) -> None:
    held = _claim(engine, batch_id)
    with reading(engine) as db:
        first, second = load_problem(db, held), load_problem(db, held)
        asked = db.get_one(Batch, batch_id).question
    assert first == second
    assert [site.code for site in first.sites] == asked["villages"]
    assert len(first.team_days) == len(asked["team_days"]) == 22
    assert first.seed == replace(first).seed == 2


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("first\nsecond"), "ValueError: first"),
        (ValueError("call 081234567890"), "ValueError: call …"),
        (RuntimeError(), "RuntimeError: "),
        (ValueError("x" * 1000), "ValueError: " + "x" * 288),
    ],
)
def test_an_error_is_told_short_and_without_numbers_of_people(error: Exception, told: str) -> None:
    assert error_text(error) == told


def test_a_finished_run_leaves_nothing_to_send(engine: Engine, world: World) -> None:
    plan(engine, world)
    with unit_of_work(engine) as db:
        assert due_batches(db, LATER) == []


def test_days_that_passed_while_the_batch_waited_are_not_planned(
    engine: Engine, batch_id: int
) -> None:
    # Wednesday in UTC is Thursday already where the branch is: Friday can still be asked for.
    late = datetime(2026, 11, 4, 18, tzinfo=UTC)
    held = _claim(engine, batch_id, late)
    assert _save(engine, held, late)
    with reading(engine) as db:
        days = db.scalars(select(col(Visit.day)).distinct()).all()
    assert min(days) == date(2026, 11, 6)


def test_a_batch_whose_days_have_all_passed_explains_every_village(
    engine: Engine, batch_id: int
) -> None:
    late = datetime(2026, 12, 1, tzinfo=UTC)
    held = _claim(engine, batch_id, late)
    assert _save(engine, held, late)
    with reading(engine) as db:
        reasons = db.scalars(select(col(StageVillage.reason))).all()
    assert reasons == [Reason.NO_TEAM] * 54
    assert _visits(engine) == 0
