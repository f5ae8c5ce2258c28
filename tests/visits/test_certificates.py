"""How far a plan is from the best: asked of a run, worked out of what stands, told only so far."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, NotAllowed, NotFound
from outreach.planning.bill import bill_of
from outreach.planning.check import violations
from outreach.visits.certificates import ask, bound_of, claim, due_bounds, fail, renew, save
from outreach.visits.certified import certificate_of, read_standing
from outreach.visits.tables import AskedBound, BatchState, Stay, Visit, Work
from tests.visits.world import LEASE, NOW, World, ask_for_plan, build_world, plan

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Engine

    from outreach.visits.certificates import RunBound
    from outreach.visits.certified import Standing


@pytest.fixture
def world(engine: Engine) -> World:
    return build_world(engine)


@pytest.fixture
def run_id(engine: Engine, world: World) -> int:
    return plan(engine, world)


def _ask(engine: Engine, world: World, run_id: int) -> int:
    with unit_of_work(engine) as db:
        return ask(db, run_id, by=world.coordinator, now=NOW)


def _told(engine: Engine, world: World, run_id: int) -> RunBound:
    with reading(engine) as db:
        found = bound_of(db, world.coordinator, run_id)
    assert found is not None
    return found


def _standing(engine: Engine, world: World, run_id: int) -> Standing:
    """Claim the only part of a run and read what is certified of it."""
    _ask(engine, world, run_id)
    with unit_of_work(engine) as db:
        held = claim(db, db.scalars(select(col(AskedBound.id))).one() or 0, NOW, LEASE)
        assert held is not None
        return read_standing(db, held)


def _work_off(engine: Engine) -> None:
    with unit_of_work(engine) as db:
        due = due_bounds(db, NOW)
    for number in due:
        with unit_of_work(engine) as db:
            held = claim(db, number, NOW, LEASE)
            assert held is not None
            told = certificate_of(read_standing(db, held), lambda _: None)
            assert save(db, held, told, NOW)


def _change(engine: Engine, code: str, **values: Any) -> None:
    with unit_of_work(engine) as db:
        db.execute(update(Visit).where(col(Visit.village_code) == code).values(**values))


def test_a_plan_is_held_against_its_bound(engine: Engine, world: World, run_id: int) -> None:
    with reading(engine) as db:
        assert bound_of(db, world.manager, run_id) is None
    assert _ask(engine, world, run_id) == 1
    waiting = _told(engine, world, run_id)
    assert waiting.is_open
    assert (waiting.progress, waiting.gap, waiting.finished_at) == (0.0, None, None)
    _work_off(engine)
    told = _told(engine, world, run_id)
    assert not told.is_open
    assert told.converged
    assert told.gap is not None
    assert 0 < told.gap < 0.05
    assert told.cost_s == pytest.approx(told.bound_s * (1 + told.gap))
    assert (told.villages, told.in_stays, told.elsewhere, told.ended) == (54, 0, 0, 0)
    assert (told.progress, told.finished_at, told.asked_by) == (1.0, NOW, "Rini")
    # What is told can be asked anew.
    assert _ask(engine, world, run_id) == 1
    assert _ask(engine, world, run_id) == 0
    anew = _told(engine, world, run_id)
    assert anew.is_open
    assert (anew.gap, anew.villages) == (None, 0)


def test_what_is_certified_is_the_plan_that_stands(
    engine: Engine, world: World, run_id: int
) -> None:
    standing = _standing(engine, world, run_id)
    assert not violations(standing.problem, standing.plan)
    with reading(engine) as db:
        minutes = select(col(Visit.travel_minutes) + col(Visit.return_minutes))
        travel = sum(db.scalars(minutes))
    assert standing.plan.travel_minutes == travel
    assert len(standing.plan.visits) + len(standing.plan.unplaced) == 54
    assert bill_of(standing.problem, standing.plan).travel_s == travel * 60


def test_villages_moved_away_or_ended_are_left_out_of_both_sides(
    engine: Engine, world: World, run_id: int
) -> None:
    before = _standing(engine, world, run_id)
    first, second = before.plan.visits[0].code, before.plan.visits[-1].code
    _change(engine, first, work=Work.CANCELLED)
    _change(engine, second, day=before.plan.visits[-1].day + timedelta(days=60))
    with unit_of_work(engine) as db:
        held = claim(db, 1, NOW + 2 * LEASE, LEASE)
        assert held is not None
        after = read_standing(db, held)
    assert (after.elsewhere, after.ended) == (1, 1)
    codes = {site.code for site in after.problem.sites}
    assert codes == {site.code for site in before.problem.sites} - {first, second}
    assert not {first, second} & {one.code for one in after.plan.visits + after.plan.unplaced}
    told = certificate_of(after, lambda _: None)
    assert (told["villages"], told["elsewhere"], told["ended"]) == (52, 1, 1)
    assert told["bound_s"] <= told["cost_s"]


def test_a_day_shared_with_a_foreign_village_is_not_certified(
    engine: Engine, world: World, run_id: int
) -> None:
    before = _standing(engine, world, run_id)
    day = before.plan.visits[0]
    shared = [one for one in before.plan.visits if (one.team_id, one.day) == (day.team_id, day.day)]
    _change(engine, shared[-1].code, village_code="33.09.01.2001")
    with unit_of_work(engine) as db:
        held = claim(db, 1, NOW + 2 * LEASE, LEASE)
        assert held is not None
        after = read_standing(db, held)
    assert after.elsewhere == len(shared) - 1
    assert not any(
        (one.team_id, one.day) == (day.team_id, day.day) for one in after.problem.team_days
    )


def test_what_belongs_to_a_stay_is_told_apart(engine: Engine, world: World, run_id: int) -> None:
    before = _standing(engine, world, run_id)
    last = before.plan.visits[-1]
    staying = [
        one.code for one in before.plan.visits if (one.team_id, one.day) == (last.team_id, last.day)
    ]
    with unit_of_work(engine) as db:
        stay = Stay(
            stage_id=world.stage_id,
            team_id=last.team_id,
            hub_village_code=last.code,
            starts=last.day,
            ends=last.day,
            session_days=[last.day.isoformat()],
            access_minutes=90,
        )
        db.add(stay)
        db.flush()
        for code in staying:
            db.execute(update(Visit).where(col(Visit.village_code) == code).values(stay_id=stay.id))
        held = claim(db, 1, NOW + 2 * LEASE, LEASE)
        assert held is not None
        after = read_standing(db, held)
    told = certificate_of(after, lambda _: None)
    assert (told["villages"], told["in_stays"]) == (54 - len(staying), len(staying))
    assert told["bound_s"] <= told["cost_s"]


def test_only_who_plans_asks_and_only_of_a_plan_that_is_ready(
    engine: Engine, world: World, run_id: int
) -> None:
    with unit_of_work(engine) as db:
        with pytest.raises(NotFound):
            ask(db, run_id, by=world.foreigner, now=NOW)
        with pytest.raises(NotFound):
            bound_of(db, world.foreigner, run_id)
        with pytest.raises(NotFound):
            ask(db, 999_999, by=world.coordinator, now=NOW)
        with pytest.raises(NotAllowed):
            ask(db, run_id, by=world.manager, now=NOW)
    later = ask_for_plan(engine, world)
    for number, problem in ((run_id, "planned_anew"), (later, "plan_not_ready")):
        with unit_of_work(engine) as db, pytest.raises(Conflict) as refused:
            ask(db, number, by=world.coordinator, now=NOW)
        assert refused.value.facts["problem"] == problem


def test_a_claim_ends_with_its_lease_and_the_late_answer_is_not_taken(
    engine: Engine, world: World, run_id: int
) -> None:
    _ask(engine, world, run_id)
    with unit_of_work(engine) as db:
        held = claim(db, 1, NOW, LEASE)
        assert held is not None
        assert claim(db, 1, NOW, LEASE) is None
        assert renew(db, held, 0.5, NOW, LEASE)
    assert _told(engine, world, run_id).progress == 0.5
    with unit_of_work(engine) as db:
        taken = claim(db, 1, NOW + 2 * LEASE, LEASE)
        assert taken == replace(held, fence=held.fence + 1, attempts=2)
        assert not renew(db, held, 0.9, NOW, LEASE)
        assert not save(db, held, {}, NOW)


def test_it_is_sent_when_due_and_dead_after_five_attempts(
    engine: Engine, world: World, run_id: int
) -> None:
    _ask(engine, world, run_id)
    now = NOW
    for _ in range(5):
        with unit_of_work(engine) as db:
            assert due_bounds(db, now) == [1]
            assert due_bounds(db, now) == []
            held = claim(db, 1, now, LEASE)
            assert held is not None
            fail(db, held, ValueError("no proof"), now)
        now += timedelta(minutes=1)
    with unit_of_work(engine) as db:
        assert due_bounds(db, now) == []
    told = _told(engine, world, run_id)
    assert (told.failed, told.error, told.is_open) == (1, "ValueError: no proof", False)
    assert _ask(engine, world, run_id) == 1
    assert _told(engine, world, run_id).failed == 0
    _fall_silent_in_the_last_attempt(engine, now)


def _fall_silent_in_the_last_attempt(engine: Engine, now: datetime) -> None:
    with unit_of_work(engine) as db:
        db.get_one(AskedBound, 1).attempts = 4
        db.flush()
        assert claim(db, 1, now, LEASE) is not None
    with unit_of_work(engine) as db:
        assert due_bounds(db, now + 2 * LEASE) == []
    with reading(engine) as db:
        row = db.get_one(AskedBound, 1)
        assert (row.state, row.error) == (BatchState.DEAD, "worker_lost")
