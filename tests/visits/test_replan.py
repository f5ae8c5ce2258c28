"""A plan that is upset: the difference first, least harm, confirmed visits one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlmodel import col, select

from outreach.campaigns.tables import Stage
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, NotAllowed, NotFound
from outreach.people.tables import Team, TeamLeave
from outreach.planning.check import Rule, violations_of_day
from outreach.villages.tables import ClosedPeriod, Closure
from outreach.visits.causes import AreaClosed, Gaps, TeamAway, VillageCancels
from outreach.visits.lifecycle import ask, confirm
from outreach.visits.listing import day_trips, unplaced
from outreach.visits.replan import apply_replan, discard_replan, draft_replan, replans_of_stage
from outreach.visits.tables import PlanRun, ReplanState, RunState, Visit, VisitEvent, Work
from outreach.visits.teamday import clock_time, day_minute, day_of_team, stops_of, visits_on
from tests.visits.upset import apply, draft, turn_to, visits_now
from tests.visits.world import NOW, SERENGAN, World

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.visits.rows import VisitRow

MONDAY, TUESDAY = date(2026, 11, 9), date(2026, 11, 10)


def _all_sound(db: Session, world: World) -> bool:
    """Whether every day of the stage, as it is written down, keeps every rule."""
    for trip in day_trips(db, world.coordinator, world.stage_id):
        whole = day_of_team(db, db.get_one(Team, trip.team_id), trip.day)
        visits = visits_on(db, trip.team_id, trip.day)
        stops = stops_of(db, whole, [(one.slot, one) for one in visits])
        written = [
            replace(
                stop.planned,
                starts_minute=day_minute(stop.visit.starts_at),
                travel_minutes=stop.visit.travel_minutes,
                return_minutes=stop.visit.return_minutes,
            )
            for stop in stops
        ]
        sites = {stop.planned.code: stop.site for stop in stops}
        found = violations_of_day(whole, written, sites)
        assert [one for one in found if one.rule is not Rule.SLOT_ORDER] == []
    return True


def test_a_team_falls_ill_and_only_its_visits_move(
    engine: Engine, world: World, rows: list[VisitRow]
) -> None:
    ill = world.team_ids[0]
    told = TeamAway(team_id=ill, first=MONDAY, last=TUESDAY, why="Tim sakit")
    hit = {row.id for row in rows if row.team_id == ill and row.day in (MONDAY, TUESDAY)}
    seen = draft(engine, world, told)
    assert {one.visit_id for one in seen.changes} == hit
    assert visits_now(engine, world) == {row.id: row for row in rows}
    with reading(engine) as db:
        assert db.exec(select(TeamLeave)).all() == []
    done = apply(engine, world, seen)
    after = visits_now(engine, world)
    for row in rows:
        if row.id not in hit:
            now = after[row.id]
            assert (now.team_id, now.day, now.work) == (row.team_id, row.day, row.work)
    for change in done.moved:
        assert change.place is not None
        moved = after[change.visit_id or 0]
        assert (moved.team_id, moved.day) == (change.place.team_id, change.place.day)
        assert moved.starts_at == clock_time(change.place.starts_minute)
        assert not (moved.team_id == ill and told.holds(moved.day))
    assert {one.visit_id for one in done.ended} == hit - set(after)
    assert len(done.moved) + len(done.ended) == len(hit)
    with reading(engine) as db:
        (leave,) = db.exec(select(TeamLeave)).all()
        assert (leave.team_id, leave.starts, leave.ends) == (ill, MONDAY, TUESDAY)
        assert _all_sound(db, world)
        left = {row.village_code: row for row in unplaced(db, world.coordinator, world.stage_id)}
        for change in done.ended:
            assert left[change.village_code].reason is change.reason
            assert left[change.village_code].ended is Work.POSTPONED
        events = db.exec(select(VisitEvent).where(col(VisitEvent.reason) == "Tim sakit")).all()
        assert {event.visit_id for event in events} >= hit
    travel = sum(row.travel_minutes + row.return_minutes for row in after.values())
    before = sum(row.travel_minutes + row.return_minutes for row in rows)
    assert travel - before == done.travel_after - done.travel_before


def test_whoever_knows_a_day_is_told_only_when_hit(
    engine: Engine, world: World, rows: list[VisitRow]
) -> None:
    for row in rows:
        turn_to(engine, world, row, ask)
    asked = visits_now(engine, world)
    told = TeamAway(team_id=world.team_ids[0], first=MONDAY, last=MONDAY, why="Mobil rusak")
    seen = draft(engine, world, told)
    hit = {one.visit_id for one in seen.changes}
    assert seen.promises == len(hit)
    apply(engine, world, seen)
    after = visits_now(engine, world)
    for row in asked.values():
        if row.id not in hit:
            now = after[row.id]
            assert (now.team_id, now.day, now.starts_at, now.work) == (
                row.team_id,
                row.day,
                row.starts_at,
                row.work,
            )
    assert all(after[one].work is Work.AWAITING for one in hit if one in after)


def test_confirmed_visits_stay_unless_they_are_allowed_one_by_one(
    engine: Engine, world: World, rows: list[VisitRow]
) -> None:
    ill = world.team_ids[1]
    days = [row for row in rows if row.team_id == ill and row.day >= MONDAY]
    first, second, third = days[:3]
    for row in (first, second):
        turn_to(engine, world, row, ask, confirm)
    told = TeamAway(team_id=ill, first=MONDAY, last=max(row.day for row in days[:3]), why="Sakit")
    seen = draft(engine, world, told)
    assert {one.visit_id for one in seen.changes if one.was_confirmed} == {first.id, second.id}
    done = apply(engine, world, seen, first.id)
    after = visits_now(engine, world)
    assert [one.visit_id for one in done.open_problems] == [second.id]
    kept = after[second.id]
    assert (kept.team_id, kept.day, kept.starts_at, kept.work) == (
        second.team_id,
        second.day,
        second.starts_at,
        Work.CONFIRMED,
    )
    assert first.id not in after or after[first.id].work is Work.AWAITING
    assert third.id not in after or (after[third.id].team_id, after[third.id].day) != (
        third.team_id,
        third.day,
    )


def test_the_road_is_told_as_it_becomes_with_every_tick_and_with_none(
    engine: Engine, world: World, rows: list[VisitRow]
) -> None:
    ill = world.team_ids[1]
    trip = [row for row in rows if row.team_id == ill and row.day == MONDAY]
    assert len(trip) > 1
    turn_to(engine, world, trip[-1], ask, confirm)
    told = TeamAway(team_id=ill, first=MONDAY, last=MONDAY, why="Sakit")
    seen = draft(engine, world, told)
    assert seen.travel_unticked != seen.travel_after
    apply(engine, world, seen)
    after = visits_now(engine, world)
    assert after[trip[-1].id].team_id == ill
    travel, before = (
        sum(row.travel_minutes + row.return_minutes for row in some)
        for some in (after.values(), rows)
    )
    assert travel - before == seen.travel_unticked - seen.travel_before


def test_a_flood_closes_a_district(engine: Engine, world: World, rows: list[VisitRow]) -> None:
    inside = [row for row in rows if row.village_code.startswith(SERENGAN)]
    first, last = min(row.day for row in inside), max(row.day for row in inside)
    told = AreaClosed(region_code=SERENGAN, first=first, last=first, why="Banjir")
    done = apply(engine, world, draft(engine, world, told))
    hit = {row.id for row in inside if row.day == first}
    assert {one.visit_id for one in done.changes} == hit
    after = visits_now(engine, world)
    assert all(after[one].day != first for one in hit if one in after)
    with reading(engine) as db:
        (period,) = db.exec(select(ClosedPeriod)).all()
        assert (period.region_code, period.closure, period.note) == (
            SERENGAN,
            Closure.FLOOD,
            "Banjir",
        )
        assert _all_sound(db, world)
    assert last >= first
    again = draft(engine, world, told)
    assert again.changes == ()
    apply(engine, world, again)
    with reading(engine) as db:
        assert len(db.exec(select(ClosedPeriod)).all()) == 1


def test_what_closes_a_region_is_reason_enough(
    engine: Engine, world: World, rows: list[VisitRow]
) -> None:
    row = rows[0]
    told = AreaClosed(region_code=row.village_code, first=row.day, last=row.day)
    apply(engine, world, draft(engine, world, told))
    with reading(engine) as db:
        line = db.exec(
            select(VisitEvent)
            .where(VisitEvent.visit_id == row.id)
            .order_by(col(VisitEvent.id).desc())
        ).first()
        assert line is not None
        assert line.reason == "closed_flood"


def test_gaps_are_filled_with_what_waits(
    engine: Engine, world: World, rows: list[VisitRow]
) -> None:
    with unit_of_work(engine) as db:
        for row in rows[:4]:
            db.get_one(Visit, row.id).work = Work.POSTPONED
        db.get_one(Visit, rows[5].id).work = Work.CANCELLED
    done = apply(engine, world, draft(engine, world, Gaps()))
    assert {one.visit_id for one in done.moved} == {row.id for row in rows[:4]}
    with reading(engine) as db:
        assert _all_sound(db, world)
    assert rows[5].id not in visits_now(engine, world)


def test_what_changed_meanwhile_is_not_overwritten(
    engine: Engine, world: World, rows: list[VisitRow]
) -> None:
    told = TeamAway(team_id=world.team_ids[0], first=MONDAY, last=TUESDAY, why="Sakit")
    seen = draft(engine, world, told)
    changed = next(one for one in seen.changes if one.visit_id is not None)
    turn_to(engine, world, next(row for row in rows if row.id == changed.visit_id), ask)
    before = visits_now(engine, world)
    with pytest.raises(Conflict) as refusal:
        apply(engine, world, seen)
    assert refusal.value.facts == {
        "problem": "replan_stale",
        "villages": [changed.village_code],
    }
    assert visits_now(engine, world) == before
    with reading(engine) as db:
        assert db.exec(select(TeamLeave)).all() == []
        (again,) = replans_of_stage(db, world.coordinator, world.stage_id)
    assert again.replan.state is ReplanState.DRAFTED
    apply(engine, world, draft(engine, world, told))


def test_a_draft_is_settled_once(engine: Engine, world: World, rows: list[VisitRow]) -> None:
    told = VillageCancels(visit_id=rows[0].id, why="Hajatan")
    seen = draft(engine, world, told)
    with unit_of_work(engine) as db:
        by, number = world.coordinator, seen.replan.id or 0
        discard_replan(db, number, seen.replan.version, by=by, now=NOW)
    with pytest.raises(Conflict) as refusal:
        apply(engine, world, seen)
    assert refusal.value.facts["problem"] == "replan_settled"
    assert rows[0].id in visits_now(engine, world)


def test_only_the_branchs_coordinators_replan(
    engine: Engine, world: World, rows: list[VisitRow]
) -> None:
    told = VillageCancels(visit_id=rows[0].id, why="Hajatan")
    seen = draft(engine, world, told)
    number, version = seen.replan.id or 0, seen.replan.version
    for person, error in (
        (world.foreigner, NotFound),
        (world.official, NotFound),
        (world.manager, NotAllowed),
    ):
        with pytest.raises(error), unit_of_work(engine) as db:
            draft_replan(db, world.stage_id, told, by=person, now=NOW)
        with pytest.raises(error), unit_of_work(engine) as db:
            apply_replan(db, number, (), version, by=person, now=NOW)
    with unit_of_work(engine) as db:
        stage = db.get_one(Stage, world.stage_id)
        going_on = PlanRun(
            stage_id=world.stage_id,
            branch_id=stage.branch_id,
            state=RunState.RUNNING,
            seed=1,
            requested_by=world.coordinator.account_id,
            requested_at=NOW,
        )
        db.add(going_on)
    with pytest.raises(Conflict) as refusal:
        apply(engine, world, seen)
    assert refusal.value.facts["problem"] == "being_planned"


def test_starts_stay_as_shown_when_only_some_confirmed_visits_move(
    engine: Engine, world: World, rows: list[VisitRow]
) -> None:
    ill = world.team_ids[0]
    hit = [row for row in rows if row.team_id == ill and row.day in (MONDAY, TUESDAY)]
    for row in hit:
        turn_to(engine, world, row, ask, confirm)
    with unit_of_work(engine) as db:  # room to share: a day of the other team is free again
        for row in rows:
            if row.team_id != ill and row.day == MONDAY:
                db.get_one(Visit, row.id).work = Work.CANCELLED
    told = TeamAway(team_id=ill, first=MONDAY, last=TUESDAY, why="Sakit")
    seen = draft(engine, world, told)
    seats = [(one.place.team_id, one.place.day) for one in seen.moved if one.place]
    shared = next(seat for seat in seats if seats.count(seat) > 1)
    sharing = [
        one for one in seen.moved if one.place and (one.place.team_id, one.place.day) == shared
    ]
    first, *later = sorted(sharing, key=lambda one: one.place.position if one.place else 0)
    done = apply(engine, world, seen, *(one.visit_id or 0 for one in later))
    after = visits_now(engine, world)
    assert first.visit_id in {one.visit_id for one in done.open_problems}
    for one in later:
        assert one.place is not None
        moved = after[one.visit_id or 0]
        assert (moved.day, moved.starts_at) == (
            one.place.day,
            clock_time(one.place.starts_minute),
        )
        assert moved.work is Work.AWAITING
    with reading(engine) as db:
        assert _all_sound(db, world)
