"""Leases: who says nothing in time gives the day to another, and what may have been held waits."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, select, update
from sqlmodel import col

from outreach.campaigns.tables import Stage, StageVillage
from outreach.db import reading, unit_of_work
from outreach.logbook.sync import Outcome, take_in
from outreach.visits.approval import approve_plan, submit_plan
from outreach.visits.lifecycle import ask
from outreach.visits.listing import day_trips
from outreach.visits.moving import MoveIn, move_visit
from outreach.visits.question import GAVE_WAY, NEVER_ASKED, REPORT_MISSING, past_of
from outreach.visits.refilling import is_refilled, refill
from outreach.visits.returns import (
    ANSWER_BY,
    ANSWER_DAYS,
    ANSWER_WITHIN,
    REPORT_WITHIN,
    return_visit,
    returned_work,
    run_out_leases,
)
from outreach.visits.tables import ACTIVE, Happening, Visit, VisitEvent, Work
from outreach.visits.waiting import waiting_villages
from tasks.sweeper import tidy_once
from tests.field import told
from tests.visits.world import ENDS, NOW, TODAY, World, build_world, plan

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.visits.rows import DayTrip

WIB = ZoneInfo("Asia/Jakarta")


@pytest.fixture
def world(engine: Engine) -> World:
    """A stage too short for all its villages, planned, of which single visits may be asked for."""
    world = build_world(engine, ends=ENDS - timedelta(days=3))
    plan(engine, world)
    return world


@pytest.fixture
def trip(engine: Engine, world: World) -> DayTrip:
    """A full day, far enough ahead for a lease to run out before it."""
    with reading(engine) as db:
        trips = day_trips(db, world.coordinator, world.stage_id)
    return next(one for one in trips if len(one.stops) == 3 and one.day > TODAY + timedelta(days=3))


def _deadline(day: date) -> datetime:
    return datetime.combine(day - timedelta(days=ANSWER_DAYS), ANSWER_BY, WIB).astimezone(UTC)


def _ask(engine: Engine, world: World, visit_id: int, now: datetime = NOW) -> None:
    with unit_of_work(engine) as db:
        version = db.get_one(Visit, visit_id).version
        ask(db, visit_id, version=version, by=world.coordinator, now=now)


def _tidy(engine: Engine, now: datetime) -> None:
    tidy_once(engine, now, by_email=False)


def _visit(engine: Engine, visit_id: int) -> Visit:
    with reading(engine) as db:
        return db.get_one(Visit, visit_id)


def _why_returned(engine: Engine, visit_id: int) -> list[str]:
    with reading(engine) as db:
        query = select(col(VisitEvent.reason)).where(
            col(VisitEvent.visit_id) == visit_id, col(VisitEvent.happening) == Happening.RETURNED
        )
        return list(db.scalars(query))


def _on_day(engine: Engine, trip: DayTrip) -> dict[int, Visit]:
    with reading(engine) as db:
        query = select(Visit).where(
            col(Visit.team_id) == trip.team_id,
            col(Visit.day) == trip.day,
            col(Visit.work).in_(ACTIVE),
        )
        return {one.id or 0: one for one in db.scalars(query)}


def test_a_village_that_says_nothing_gives_its_day_to_another_that_can_still_be_asked(
    engine: Engine, world: World, trip: DayTrip
) -> None:
    silent = trip.stops[-1]
    _ask(engine, world, silent.id)
    deadline = _deadline(trip.day)
    _tidy(engine, deadline - timedelta(minutes=1))
    assert _visit(engine, silent.id).work is Work.AWAITING
    before = _on_day(engine, trip)
    _tidy(engine, deadline)
    assert _visit(engine, silent.id).work is Work.RETURNED
    assert _why_returned(engine, silent.id) == [GAVE_WAY]
    (filled,) = (one for key, one in _on_day(engine, trip).items() if key not in before)
    assert filled.work is Work.PROPOSED
    assert filled.village_code != silent.village_code
    with reading(engine) as db:
        assert is_refilled(db, filled.id or 0)
    _ask(engine, world, filled.id or 0, deadline + timedelta(hours=15))
    _tidy(engine, datetime.combine(trip.day, time(0), WIB).astimezone(UTC))
    assert _visit(engine, filled.id or 0).work is Work.AWAITING


def test_who_was_asked_late_keeps_the_day_until_its_session_would_begin(
    engine: Engine, world: World, trip: DayTrip
) -> None:
    deadline = _deadline(trip.day)
    in_time, late = trip.stops[1], trip.stops[2]
    _ask(engine, world, in_time.id, deadline - ANSWER_WITHIN)
    _ask(engine, world, late.id, deadline - ANSWER_WITHIN + timedelta(minutes=1))
    _tidy(engine, deadline + timedelta(hours=20))
    assert _visit(engine, in_time.id).work is Work.RETURNED
    assert _visit(engine, late.id).work is Work.AWAITING
    _tidy(engine, datetime.combine(trip.day, late.starts_at, WIB).astimezone(UTC))
    assert _visit(engine, late.id).work is Work.RETURNED


def test_a_proposal_and_a_yes_give_no_way(engine: Engine, world: World, trip: DayTrip) -> None:
    with unit_of_work(engine) as db:
        yes = trip.stops[0].id
        db.execute(update(Visit).where(col(Visit.id) == yes).values(work=Work.CONFIRMED))
    _tidy(engine, _deadline(trip.day) + timedelta(hours=20))
    works = {key: one.work for key, one in _on_day(engine, trip).items()}
    assert works == {
        trip.stops[0].id: Work.CONFIRMED,
        trip.stops[1].id: Work.PROPOSED,
        trip.stops[2].id: Work.PROPOSED,
    }


@pytest.mark.parametrize(
    ("reason", "is_free"), [(NEVER_ASKED, True), (GAVE_WAY, True), ("panen", False)]
)
def test_who_lost_a_day_for_no_fault_may_take_another_at_once(
    engine: Engine, world: World, trip: DayTrip, reason: str, is_free: bool
) -> None:
    lost, free = trip.stops[0], trip.stops[1]
    with unit_of_work(engine) as db:
        return_visit(db, lost.id, by=world.coordinator, now=NOW, reason=reason)
        # It is the only village that waits.
        db.execute(
            delete(StageVillage).where(
                col(StageVillage.village_code).not_in(
                    select(col(Visit.village_code)).where(col(Visit.work).in_(ACTIVE))
                ),
                col(StageVillage.village_code) != lost.village_code,
            )
        )
        db.execute(update(Visit).where(col(Visit.id) == free.id).values(work=Work.CANCELLED))
    place = (world.stage_id, trip.team_id, trip.day, NOW)
    with unit_of_work(engine) as db:
        assert refill(db, *place, but=lost.village_code) is None
        filled = refill(db, *place)
        assert (filled is not None and filled.village_code == lost.village_code) == is_free


def test_a_plan_that_waits_past_its_first_day_can_be_approved(engine: Engine) -> None:
    world = build_world(engine)
    plan(engine, world, approved=False)
    with unit_of_work(engine) as db:
        handed_in = submit_plan(db, world.stage_id, by=world.coordinator, now=NOW).id or 0
    later = NOW + timedelta(days=1, hours=8)
    _tidy(engine, later)
    with unit_of_work(engine) as db:
        gone = set(db.scalars(select(col(Visit.id)).where(col(Visit.work) == Work.RETURNED)))
        assert gone
        asked = approve_plan(db, handed_in, by=world.manager, now=later)
    with reading(engine) as db:
        assert set(asked) == set(db.scalars(select(col(Visit.id)))) - gone


def test_a_visit_that_lacks_its_report_waits_for_it_until_somebody_has_looked(
    engine: Engine, world: World, trip: DayTrip
) -> None:
    row = trip.stops[0]
    with unit_of_work(engine) as db:
        db.execute(update(Visit).where(col(Visit.id) == row.id).values(work=Work.CONFIRMED))
    late = datetime.combine(trip.day, time(8), UTC) + REPORT_WITHIN + timedelta(days=1)
    _tidy(engine, late)
    assert _why_returned(engine, row.id) == [REPORT_MISSING]
    much_later = late + timedelta(days=40)
    with reading(engine) as db:
        assert row.village_code not in _waiting(engine, world)
        assert row.village_code in past_of(db, db.get_one(Stage, world.stage_id)).kept
    with unit_of_work(engine) as db:
        report = told(row.id, held_on=row.day.isoformat())
        (answer,) = take_in(db, [report], world.coordinator, much_later)
        assert answer.outcome is Outcome.ACCEPTED
        db.rollback()
    with unit_of_work(engine) as db:
        stage = db.get_one(Stage, world.stage_id)
        stage.ends = late.date() + timedelta(days=9)
        to = MoveIn(team_id=row.team_id, day=late.date() + timedelta(days=2), slot=1)
        version = db.get_one(Visit, row.id).version
        move_visit(db, row.id, to, version=version, by=world.coordinator, now=late)
        return_visit(db, row.id, by=world.coordinator, now=late, reason="sakit")
    assert row.village_code in _waiting(engine, world)


def _waiting(engine: Engine, world: World) -> set[str]:
    with reading(engine) as db:
        return {one.village_code for one in waiting_villages(db, world.stage_id, 1000)}


def test_each_free_slot_names_the_visit_that_took_it(
    engine: Engine, world: World, trip: DayTrip
) -> None:
    taken = {}
    for row in trip.stops:
        with unit_of_work(engine) as db:
            given = return_visit(db, row.id, by=world.coordinator, now=NOW, reason="sakit")
            taken[row.id] = given.filled and given.filled.id
    assert len({one for one in taken.values() if one}) > 1
    with reading(engine) as db:
        lines = returned_work(db, world.coordinator, NOW)
    assert {one.visit.id: one.filled and one.filled.id for one in lines} == taken


def test_what_took_a_slot_and_was_given_back_too_leads_to_the_next(
    engine: Engine, world: World, trip: DayTrip
) -> None:
    first = trip.stops[-1].id
    visit_id: int | None = first
    for _ in range(2):
        with unit_of_work(engine) as db:
            assert visit_id is not None
            given = return_visit(db, visit_id, by=world.coordinator, now=NOW, reason="sakit")
            visit_id = given.filled.id if given.filled else None
    assert visit_id is not None
    with reading(engine) as db:
        lines = {one.visit.id: one.filled for one in returned_work(db, world.coordinator, NOW)}
    filler = lines[first]
    assert filler is not None
    assert filler.id == visit_id


def test_leases_that_ran_out_are_told_once(engine: Engine, world: World) -> None:
    late = datetime.combine(ENDS + timedelta(days=1), time(0), UTC)
    with unit_of_work(engine) as db:
        ended = run_out_leases(db, late)
        assert ended
        assert run_out_leases(db, late) == []
