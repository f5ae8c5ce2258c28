"""A village that another stage of the campaign has gets no second visit, whatever asks for one."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.stages import open_stage
from outreach.campaigns.tables import Stage, StageVillage, Status
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict
from outreach.villages.tables import Zone
from outreach.visits.agenda import stages_with_unplaced
from outreach.visits.causes import Gaps, VillageAdded, VillageCancels
from outreach.visits.forward import copy_forward, propose
from outreach.visits.lifecycle import postpone
from outreach.visits.listing import unplaced, visited_elsewhere, visits_of_stage
from outreach.visits.move_warnings import warnings_of_move
from outreach.visits.moving import MoveIn, move_visit
from outreach.visits.refilling import refill
from outreach.visits.tables import ACTIVE, Result, Visit, Work
from outreach.visits.waiting import waiting_villages
from tests.visits.upset import apply, draft
from tests.visits.world import (
    LATER,
    LATEST,
    NOW,
    SERENGAN,
    TODAY,
    World,
    ask_for_plan,
    plan,
    second_stage,
    stage_in,
    work_off,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.visits.rows import VisitRow


@pytest.fixture
def lost(engine: Engine, world: World) -> VisitRow:
    """A visit of the planned stage that was postponed: its village waits."""
    plan(engine, world)
    with unit_of_work(engine) as db:
        rows = visits_of_stage(db, world.coordinator, world.stage_id)
        row = next(one for one in rows if one.village_code.startswith(SERENGAN))
        by = world.coordinator
        postpone(db, row.id, version=row.version, by=by, now=NOW, reason="Banjir")
    return row


@pytest.fixture
def other_id(engine: Engine, world: World, lost: VisitRow) -> int:
    """Another stage of the campaign, which has got that village by now."""
    stage_id = second_stage(engine, world)
    plan(engine, world, stage_id=stage_id)
    assert villages_of(engine, stage_id) == {lost.village_code}
    return stage_id


def villages_of(engine: Engine, stage_id: int) -> set[str]:
    with reading(engine) as db:
        query = select(col(Visit.village_code)).where(
            col(Visit.stage_id) == stage_id, col(Visit.work).in_(ACTIVE)
        )
        return set(db.scalars(query))


def test_it_waits_for_nothing_and_its_visit_is_named(
    engine: Engine, world: World, lost: VisitRow, other_id: int
) -> None:
    with reading(engine) as db:
        by = world.coordinator
        assert unplaced(db, by, world.stage_id) == []
        assert waiting_villages(db, world.stage_id, 100) == []
        assert stages_with_unplaced(db, by) == []
        (told,) = visited_elsewhere(db, by, world.stage_id)
        assert (told.village_code, told.stage_id) == (lost.village_code, other_id)
        assert visited_elsewhere(db, by, other_id) == []
    with unit_of_work(engine) as db:
        db.scalars(select(Visit).where(col(Visit.id) == told.id)).one().work = Work.CANCELLED
    with reading(engine) as db:
        # The other stage has given it up: it waits here again.
        assert [one.village_code for one in unplaced(db, by, world.stage_id)] == [lost.village_code]
        assert len(stages_with_unplaced(db, by)) == 2
        assert visited_elsewhere(db, by, world.stage_id) == []


def test_a_session_at_which_nobody_was_met_takes_no_village(
    engine: Engine, world: World, lost: VisitRow, other_id: int
) -> None:
    for result, left in ((Result.NOT_MET, [lost.village_code]), (Result.SIGNED_UP, [])):
        with unit_of_work(engine) as db:
            visit = db.scalars(select(Visit).where(col(Visit.stage_id) == other_id)).one()
            visit.work, visit.result = Work.DONE, result
            db.flush()
            waiting = waiting_villages(db, world.stage_id, 100)
        # While the other stage is open the visit stands in its plan, whatever came of it.
        assert [one.village_code for one in waiting] == []
        with unit_of_work(engine) as db:
            stage = db.get_one(Stage, other_id)
            stage.status = Status.CLOSED
            db.flush()
            waiting = waiting_villages(db, world.stage_id, 100)
            stage.status = Status.OPENED
        assert [one.village_code for one in waiting] == left


def test_filling_gaps_leaves_it_alone(engine: Engine, world: World, other_id: int) -> None:
    assert draft(engine, world, Gaps()).changes == ()


def test_a_difference_drafted_before_is_stale(engine: Engine, world: World, lost: VisitRow) -> None:
    seen = draft(engine, world, Gaps())
    assert [one.village_code for one in seen.moved] == [lost.village_code]
    other = second_stage(engine, world)
    plan(engine, world, stage_id=other)
    with pytest.raises(Conflict) as refusal:
        apply(engine, world, seen)
    assert refusal.value.facts["problem"] == "replan_stale"
    assert lost.village_code not in villages_of(engine, world.stage_id)


def test_no_freed_slot_takes_it(
    engine: Engine, world: World, lost: VisitRow, other_id: int
) -> None:
    with unit_of_work(engine) as db:
        # As if it had never had a visit: nothing but the other stage keeps it from the slot.
        db.scalars(select(Visit).where(col(Visit.id) == lost.id)).one().work = Work.RETURNED
        assert refill(db, world.stage_id, lost.team_id, lost.day, NOW) is None
        rows = visits_of_stage(db, world.coordinator, world.stage_id)
    cancelled = next(one for one in rows if one.day > TODAY)
    seen = draft(engine, world, VillageCancels(visit_id=cancelled.id, why="Hajatan"))
    assert seen.moved == []


def test_adding_it_is_refused(engine: Engine, world: World, lost: VisitRow, other_id: int) -> None:
    with pytest.raises(Conflict) as refusal:
        draft(engine, world, VillageAdded(village_code=lost.village_code))
    assert refusal.value.facts["problem"] == "village_elsewhere"


def test_its_old_visit_is_not_moved_back_into_the_plan(
    engine: Engine, world: World, lost: VisitRow, other_id: int
) -> None:
    by, to = world.coordinator, MoveIn(team_id=lost.team_id, day=lost.day, slot=lost.slot)
    with unit_of_work(engine) as db:
        version = db.get_one(Visit, lost.id).version
        warned = warnings_of_move(db, lost.id, to, by=by, now=NOW)
        assert "village_elsewhere" in {one.code for one in warned}
        with pytest.raises(Conflict) as refusal:
            move_visit(db, lost.id, to, version=version, by=by, now=NOW)
    assert refusal.value.facts["problem"] == "village_elsewhere"
    with unit_of_work(engine) as db:
        # One that stands is moved as ever, be it one of two.
        (visit,) = db.scalars(select(Visit).where(col(Visit.stage_id) == other_id))
        free = next(one for one in range(1, 4) if one != visit.slot)
        to = MoveIn(team_id=visit.team_id, day=visit.day, slot=free)
        assert "village_elsewhere" not in {
            one.code for one in warnings_of_move(db, visit.id or 0, to, by=by, now=NOW)
        }
        move_visit(db, visit.id or 0, to, version=visit.version, by=by, now=NOW)


def test_a_stage_that_follows_does_not_choose_it(
    engine: Engine, world: World, lost: VisitRow, other_id: int
) -> None:
    by = world.coordinator
    with unit_of_work(engine) as db:
        assert propose(db, world.stage_id, by, TODAY).left == 0
        given = stage_in("Tahap 3", starts=LATEST.replace(month=12, day=1), ends=date(2026, 12, 5))
        made = copy_forward(db, world.stage_id, given, by=by)
        open_stage(db, made.id or 0, made.version, by=by)
        third = made.id or 0
    plan(engine, world, stage_id=third)
    with reading(engine) as db:
        chosen = db.scalars(
            select(col(StageVillage.village_code)).where(col(StageVillage.stage_id) == third)
        )
        assert lost.village_code not in set(chosen)


def test_a_plan_under_way_leaves_it_to_the_stage_that_was_quicker(
    engine: Engine, world: World
) -> None:
    other = second_stage(engine, world)
    ask_for_plan(engine, world)
    code = f"{SERENGAN}.1001"
    with unit_of_work(engine) as db:
        db.add(
            Visit(
                stage_id=other,
                village_code=code,
                team_id=world.team_ids[0],
                day=LATER,
                slot=1,
                starts_at=NOW.time(),
                zone=Zone.WIB,
                work=Work.PROPOSED,
            )
        )
    work_off(engine)
    assert len(villages_of(engine, world.stage_id)) == 53
    assert code not in villages_of(engine, world.stage_id)
