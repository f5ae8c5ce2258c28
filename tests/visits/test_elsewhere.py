"""A village that another stage of the campaign has gets no second visit, whatever asks for one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sqlalchemy import event, select
from sqlmodel import col

from outreach.campaigns.stages import open_stage
from outreach.campaigns.tables import Stage, StageVillage, Status
from outreach.db import ROWS_PER_STATEMENT, reading, unit_of_work
from outreach.errors import Conflict
from outreach.planning.assign import assign
from outreach.planning.daytrip import legs_of_day
from outreach.planning.model import Reason, Remedy, TravelTable
from outreach.villages.tables import Zone
from outreach.visits.agenda import stages_with_unplaced
from outreach.visits.causes import Gaps, VillageAdded, VillageCancels
from outreach.visits.elsewhere import has_gone, taken_elsewhere
from outreach.visits.forward import copy_forward, propose
from outreach.visits.lifecycle import postpone
from outreach.visits.listing import unplaced, visited_elsewhere, visits_of_stage
from outreach.visits.move_warnings import warnings_of_move
from outreach.visits.moving import MoveIn, move_visit
from outreach.visits.refilling import refill
from outreach.visits.saving import save_plan
from outreach.visits.tables import ACTIVE, Batch, Result, Stay, Visit, Work
from outreach.visits.teamday import day_minute
from outreach.visits.waiting import waiting_villages
from tests.visits.away import AROUND, save_stay
from tests.visits.upset import apply, draft
from tests.visits.world import (
    LATER,
    LATEST,
    NOW,
    SERENGAN,
    TODAY,
    World,
    ask_for_plan,
    claimed,
    plan,
    second_stage,
    stage_in,
    work_off,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.planning.model import PlannedVisit, Problem
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


@pytest.mark.parametrize("more", [0, 2 * ROWS_PER_STATEMENT])
def test_nobody_reads_the_visits_of_the_whole_campaign_for_a_few_villages(
    engine: Engine, world: World, lost: VisitRow, other_id: int, more: int
) -> None:
    codes = [lost.village_code, lost.village_code, *(f"{number:05}" for number in range(more))]
    with unit_of_work(engine) as db:
        stage, other = db.get_one(Stage, world.stage_id), db.get_one(Stage, other_id)
        told: list[Any] = []
        event.listen(engine, "before_cursor_execute", lambda *asked: told.append(asked[3]))
        assert taken_elsewhere(db, stage, codes) == {lost.village_code}
        assert taken_elsewhere(db, stage, ()) == frozenset()
        assert taken_elsewhere(db, other, codes[1:]) == frozenset()
        assert len(told) == 2 * (1 + more // ROWS_PER_STATEMENT)
        assert has_gone(db, world.stage_id, lost.village_code)
        assert not has_gone(db, other_id, lost.village_code)
    asked = [[*(one.values() if isinstance(one, dict) else one)] for one in told]
    assert all(set(codes).intersection(one) for one in asked)
    assert max(map(len, asked)) < ROWS_PER_STATEMENT + 50


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


def take(engine: Engine, world: World, other: int, *codes: str) -> None:
    """Give villages to the other stage, on days of its own."""
    with unit_of_work(engine) as db:
        for number, code in enumerate(codes):
            db.add(
                Visit(
                    stage_id=other,
                    village_code=code,
                    team_id=world.team_ids[0],
                    day=LATER + timedelta(days=number),
                    slot=1,
                    starts_at=NOW.time(),
                    zone=Zone.WIB,
                    work=Work.PROPOSED,
                )
            )


def test_a_plan_under_way_leaves_it_to_the_stage_that_was_quicker(
    engine: Engine, world: World
) -> None:
    other = second_stage(engine, world)
    ask_for_plan(engine, world)
    code = f"{SERENGAN}.1001"
    take(engine, world, other, code)
    work_off(engine)
    assert len(villages_of(engine, world.stage_id)) == 53
    assert code not in villages_of(engine, world.stage_id)
    with reading(engine) as db:
        (chosen,) = db.scalars(select(StageVillage).where(col(StageVillage.village_code) == code))
        # There was room for it: nothing is wrong with it when the other stage gives it up.
        assert (chosen.reason, chosen.remedy, chosen.remedy_amount) == (None, None, 0)


@pytest.mark.parametrize("lost", [(0,), (1,), (2,), (0, 1, 2)])
def test_the_others_of_its_day_are_driven_to_without_it(
    engine: Engine, world: World, lost: tuple[int, ...]
) -> None:
    other = second_stage(engine, world)
    ask_for_plan(engine, world)
    held, asked = claimed(engine)
    answer = assign(asked)
    days = groupby(sorted(answer.visits, key=_day_of), key=_day_of)
    key, trip = next((key, trip) for key, found in days if len(trip := list(found)) == 3)
    take(engine, world, other, *(trip[number].code for number in lost))
    with unit_of_work(engine) as db:
        assert save_plan(db, held, asked, answer, NOW)
    rest = [one for number, one in enumerate(trip) if number not in lost]
    sites = {site.code: site for site in asked.sites}
    whole = next(one for one in asked.team_days if (one.day, one.team_id) == key)
    legs = legs_of_day(whole, [sites[one.code] for one in rest])
    with reading(engine) as db:
        on_day = col(Visit.day) == key[0], col(Visit.team_id) == key[1]
        rows = db.scalars(select(Visit).where(*on_day).order_by(col(Visit.slot))).all()
        batch = db.get_one(Batch, held.row_id)
        ways = db.scalars(select(Visit).where(col(Visit.batch_id) == held.row_id)).all()
    assert [(one.village_code, one.slot) for one in rows] == [
        (one.code, slot) for slot, one in enumerate(rest, start=1)
    ]
    assert [one.travel_minutes for one in rows] == legs[:-1]
    assert [one.return_minutes for one in rows] == [0] * (len(rest) - 1) + legs[-1:]
    # The first starts as early as the team can be there.
    assert [day_minute(one.starts_at) for one in rows[:1]] == [
        whole.starts_minute + leg for leg in legs[:1]
    ]
    assert batch.travel_minutes == sum(one.travel_minutes + one.return_minutes for one in ways)
    assert batch.placed == len(ways) == 54 - len(lost)


def _day_of(visit: PlannedVisit) -> tuple[date, int]:
    return visit.day, visit.team_id


def test_whoever_does_not_fit_without_it_waits(engine: Engine, world: World) -> None:
    other = second_stage(engine, world)
    ask_for_plan(engine, world)
    held, loaded = claimed(engine)
    asked = _by_boat(loaded)
    answer = assign(asked)
    first, between, last = (one.code for one in answer.visits)
    assert between == asked.sites[1].code
    take(engine, world, other, between)
    with unit_of_work(engine) as db:
        assert save_plan(db, held, asked, answer, NOW)
    assert villages_of(engine, world.stage_id) == {first}
    with reading(engine) as db:
        waits = db.get_one(StageVillage, (world.stage_id, last))
        assert (waits.reason, waits.remedy) == (Reason.NO_CAPACITY, Remedy.LONGER_STAGE)


def _by_boat(asked: Problem) -> Problem:
    """Ask for one day and three villages; a boat goes to the second of them only."""
    places = (asked.team_days[0].base, *(site.point for site in asked.sites[:3]))
    minutes = np.array([[0, 60, 60, 60], [60, 0, 10, 700], [60, 10, 0, 10], [60, 700, 10, 0]])
    return replace(
        asked,
        sites=asked.sites[:3],
        team_days=asked.team_days[:1],
        travel=TravelTable(places, minutes, "by hand"),
    )


def test_a_stay_of_which_no_visit_is_left_is_none(engine: Engine, world: World) -> None:
    other = second_stage(engine, world)
    ask_for_plan(engine, world)
    take(engine, world, other, *AROUND)
    save_stay(engine, world)
    with reading(engine) as db:
        assert db.scalars(select(Stay)).all() == []
        batch = db.scalars(select(Batch)).one()
        assert (batch.placed, batch.team_days, batch.travel_minutes) == (0, 0, 0)


def test_a_stay_goes_on_with_the_visits_that_are_left(engine: Engine, world: World) -> None:
    other = second_stage(engine, world)
    ask_for_plan(engine, world)
    take(engine, world, other, AROUND[0])
    save_stay(engine, world)
    with reading(engine) as db:
        stay = db.scalars(select(Stay)).one()
        (visit,) = db.scalars(select(Visit).where(col(Visit.stage_id) == world.stage_id))
        assert (visit.village_code, visit.stay_id) == (AROUND[1], stay.id)
