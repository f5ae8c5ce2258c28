"""A plan that is upset: the difference first, least harm, confirmed visits one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlmodel import col, select

from outreach.campaigns.tables import Pick, Stage, StagePick, StageVillage
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.tables import Team, TeamLeave
from outreach.planning.check import Rule, violations_of_day
from outreach.villages.tables import ClosedPeriod, Closure
from outreach.visits.causes import (
    AfterCancelling,
    AreaClosed,
    Gaps,
    TeamAway,
    VillageAdded,
    VillageCancels,
)
from outreach.visits.lifecycle import ask, cancel, confirm, postpone
from outreach.visits.listing import day_trips, unplaced, visits_of_stage
from outreach.visits.replan import (
    apply_replan,
    difference_of,
    discard_replan,
    draft_replan,
    replans_of_stage,
    why_left_out,
)
from outreach.visits.tables import (
    ACTIVE,
    Happening,
    PlanRun,
    PlanSubmission,
    ReplanState,
    RunState,
    SubmissionState,
    Visit,
    VisitEvent,
    Work,
)
from outreach.visits.teamday import clock_time, day_minute, day_of_team, stops_of, visits_on
from tests.visits.world import NOW, SERENGAN, World, plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.visits.causes import Told
    from outreach.visits.replan import Difference
    from outreach.visits.rows import VisitRow

MONDAY, TUESDAY = date(2026, 11, 9), date(2026, 11, 10)


@pytest.fixture
def rows(engine: Engine, world: World) -> list[VisitRow]:
    """The visits of an approved plan, so that single ones may be asked for."""
    plan(engine, world)
    with unit_of_work(engine) as db:
        db.add(
            PlanSubmission(
                stage_id=world.stage_id,
                state=SubmissionState.APPROVED,
                submitted_by=world.coordinator.account_id,
                submitted_at=NOW,
            )
        )
    with reading(engine) as db:
        return visits_of_stage(db, world.coordinator, world.stage_id)


def _draft(engine: Engine, world: World, told: Told) -> Difference:
    with unit_of_work(engine) as db:
        made = draft_replan(db, world.stage_id, told, by=world.coordinator, now=NOW)
        return difference_of(db, world.coordinator, made.id or 0)


def _apply(engine: Engine, world: World, seen: Difference, *allowed: int) -> Difference:
    replan = seen.replan
    with unit_of_work(engine) as db:
        by = world.coordinator
        apply_replan(db, replan.id or 0, allowed, replan.version, by=by, now=NOW)
        return difference_of(db, by, replan.id or 0)


def _visits(engine: Engine, world: World) -> dict[int, VisitRow]:
    with reading(engine) as db:
        return {row.id: row for row in visits_of_stage(db, world.coordinator, world.stage_id)}


def _set(engine: Engine, world: World, row: VisitRow, *turns: Callable[..., Visit]) -> None:
    for turn in turns:
        with unit_of_work(engine) as db:
            version = db.get_one(Visit, row.id).version
            turn(db, row.id, version=version, by=world.coordinator, now=NOW)


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
    seen = _draft(engine, world, told)
    assert {one.visit_id for one in seen.changes} == hit
    assert _visits(engine, world) == {row.id: row for row in rows}
    with reading(engine) as db:
        assert db.exec(select(TeamLeave)).all() == []
    done = _apply(engine, world, seen)
    after = _visits(engine, world)
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
        _set(engine, world, row, ask)
    asked = _visits(engine, world)
    told = TeamAway(team_id=world.team_ids[0], first=MONDAY, last=MONDAY, why="Mobil rusak")
    seen = _draft(engine, world, told)
    hit = {one.visit_id for one in seen.changes}
    assert seen.promises == len(hit)
    _apply(engine, world, seen)
    after = _visits(engine, world)
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
        _set(engine, world, row, ask, confirm)
    told = TeamAway(team_id=ill, first=MONDAY, last=max(row.day for row in days[:3]), why="Sakit")
    seen = _draft(engine, world, told)
    assert {one.visit_id for one in seen.changes if one.was_confirmed} == {first.id, second.id}
    done = _apply(engine, world, seen, first.id)
    after = _visits(engine, world)
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


def test_a_flood_closes_a_district(engine: Engine, world: World, rows: list[VisitRow]) -> None:
    inside = [row for row in rows if row.village_code.startswith(SERENGAN)]
    first, last = min(row.day for row in inside), max(row.day for row in inside)
    told = AreaClosed(region_code=SERENGAN, first=first, last=first, why="Banjir")
    done = _apply(engine, world, _draft(engine, world, told))
    hit = {row.id for row in inside if row.day == first}
    assert {one.visit_id for one in done.changes} == hit
    after = _visits(engine, world)
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
    again = _draft(engine, world, told)
    assert again.changes == ()
    _apply(engine, world, again)
    with reading(engine) as db:
        assert len(db.exec(select(ClosedPeriod)).all()) == 1


def test_a_village_cancels_and_its_slot_is_filled(
    engine: Engine, world: World, rows: list[VisitRow]
) -> None:
    row, gone, waiting = rows[4], rows[2], rows[-1]
    by = world.coordinator
    with unit_of_work(engine) as db:
        cancel(db, gone.id, version=gone.version, by=by, now=NOW, reason="tidak mau")
        postpone(db, waiting.id, version=waiting.version, by=by, now=NOW, reason="panen")
    _set(engine, world, row, ask, confirm)
    seen = _draft(engine, world, VillageCancels(visit_id=row.id, why="Hajatan kepala desa"))
    (ended,), (filled,) = seen.ended, seen.moved
    assert (ended.visit_id, filled.village_code) == (row.id, waiting.village_code)
    assert filled.place is not None
    assert (filled.place.team_id, filled.place.day) == (row.team_id, row.day)
    _apply(engine, world, seen)
    after = _visits(engine, world)
    assert row.id not in after
    assert (after[waiting.id].day, after[waiting.id].work) == (row.day, Work.PROPOSED)
    assert gone.id not in after
    with reading(engine) as db:
        assert db.get_one(Visit, row.id).work is Work.POSTPONED


def test_a_village_that_cancels_may_get_another_day(
    engine: Engine, world: World, rows: list[VisitRow]
) -> None:
    row = rows[4]
    told = VillageCancels(visit_id=row.id, why="Hajatan", outcome=AfterCancelling.ANOTHER_DAY)
    done = _apply(engine, world, _draft(engine, world, told))
    (change,) = done.moved
    after = _visits(engine, world)
    assert change.place is not None
    assert after[row.id].day == change.place.day != row.day


def test_a_village_that_cancels_for_good_waits_for_no_day(
    engine: Engine, world: World, rows: list[VisitRow]
) -> None:
    row = rows[4]
    told = VillageCancels(visit_id=row.id, why="Tidak mau", outcome=AfterCancelling.CANCELLED)
    _apply(engine, world, _draft(engine, world, told))
    with reading(engine) as db:
        assert db.get_one(Visit, row.id).work is Work.CANCELLED


def test_what_closes_a_region_is_reason_enough(
    engine: Engine, world: World, rows: list[VisitRow]
) -> None:
    row = rows[0]
    told = AreaClosed(region_code=row.village_code, first=row.day, last=row.day)
    _apply(engine, world, _draft(engine, world, told))
    with reading(engine) as db:
        line = db.exec(
            select(VisitEvent)
            .where(VisitEvent.visit_id == row.id)
            .order_by(col(VisitEvent.id).desc())
        ).first()
        assert line is not None
        assert line.reason == "closed_flood"


def test_why_a_village_was_left_out_is_no_reason_to_add_it(
    engine: Engine, world: World, rows: list[VisitRow]
) -> None:
    gone = rows[3]
    key = (world.stage_id, gone.village_code)
    with unit_of_work(engine) as db:
        db.get_one(Visit, gone.id).work = Work.CANCELLED
        db.add(
            StagePick(
                stage_id=key[0],
                village_code=key[1],
                pick=Pick.LEFT_OUT,
                reason="Sudah ikut program lain",
            )
        )
    told = VillageAdded(village_code=gone.village_code, why="Kades minta ikut")
    seen = _draft(engine, world, told)
    with reading(engine) as db:
        assert why_left_out(db, seen) == "Sudah ikut program lain"
    done = _apply(engine, world, seen)
    with reading(engine) as db:
        pick = db.get_one(StagePick, key)
        assert (pick.pick, pick.reason) == (Pick.FIRST, "Kades minta ikut")
        assert why_left_out(db, done) is None


def test_a_village_is_added_and_stays_in_later_plans(
    engine: Engine, world: World, rows: list[VisitRow]
) -> None:
    gone = rows[3]
    with unit_of_work(engine) as db:
        db.delete(db.get_one(StageVillage, (world.stage_id, gone.village_code)))
        db.get_one(Visit, gone.id).work = Work.CANCELLED
    told = VillageAdded(village_code=gone.village_code.replace(".", ""), why="Permintaan camat")
    done = _apply(engine, world, _draft(engine, world, told))
    (change,) = done.moved
    assert (change.village_code, change.visit_id) == (gone.village_code, None)
    with reading(engine) as db:
        key = (world.stage_id, gone.village_code)
        assert db.get_one(StageVillage, key).rank > 1
        assert db.get_one(StagePick, key).pick is Pick.FIRST
        made = db.exec(
            select(Visit).where(
                Visit.village_code == gone.village_code, col(Visit.work).in_(ACTIVE)
            )
        ).one()
        assert change.place is not None
        assert (made.team_id, made.day) == (change.place.team_id, change.place.day)
        line = db.exec(select(VisitEvent).where(VisitEvent.visit_id == made.id)).one()
        assert (line.happening, line.reason) == (Happening.PLANNED, "Permintaan camat")
    with pytest.raises(Conflict) as refusal:
        _draft(engine, world, told)
    assert refusal.value.facts["problem"] == "village_has_visit"
    with pytest.raises(Invalid) as outside:
        _draft(engine, world, VillageAdded(village_code="33.09.01.2001"))
    assert outside.value.facts["problems"] == {"village_code": ["outside_branch"]}


def test_gaps_are_filled_with_what_waits(
    engine: Engine, world: World, rows: list[VisitRow]
) -> None:
    with unit_of_work(engine) as db:
        for row in rows[:4]:
            db.get_one(Visit, row.id).work = Work.POSTPONED
        db.get_one(Visit, rows[5].id).work = Work.CANCELLED
    done = _apply(engine, world, _draft(engine, world, Gaps()))
    assert {one.visit_id for one in done.moved} == {row.id for row in rows[:4]}
    with reading(engine) as db:
        assert _all_sound(db, world)
    assert rows[5].id not in _visits(engine, world)


def test_what_changed_meanwhile_is_not_overwritten(
    engine: Engine, world: World, rows: list[VisitRow]
) -> None:
    told = TeamAway(team_id=world.team_ids[0], first=MONDAY, last=TUESDAY, why="Sakit")
    seen = _draft(engine, world, told)
    changed = next(one for one in seen.changes if one.visit_id is not None)
    _set(engine, world, next(row for row in rows if row.id == changed.visit_id), ask)
    before = _visits(engine, world)
    with pytest.raises(Conflict) as refusal:
        _apply(engine, world, seen)
    assert refusal.value.facts == {
        "problem": "replan_stale",
        "villages": [changed.village_code],
    }
    assert _visits(engine, world) == before
    with reading(engine) as db:
        assert db.exec(select(TeamLeave)).all() == []
        (again,) = replans_of_stage(db, world.coordinator, world.stage_id)
    assert again.replan.state is ReplanState.DRAFTED
    _apply(engine, world, _draft(engine, world, told))


def test_a_draft_is_settled_once(engine: Engine, world: World, rows: list[VisitRow]) -> None:
    told = VillageCancels(visit_id=rows[0].id, why="Hajatan")
    seen = _draft(engine, world, told)
    with unit_of_work(engine) as db:
        by, number = world.coordinator, seen.replan.id or 0
        discard_replan(db, number, seen.replan.version, by=by, now=NOW)
    with pytest.raises(Conflict) as refusal:
        _apply(engine, world, seen)
    assert refusal.value.facts["problem"] == "replan_settled"
    assert rows[0].id in _visits(engine, world)


def test_only_the_branchs_coordinators_replan(
    engine: Engine, world: World, rows: list[VisitRow]
) -> None:
    told = VillageCancels(visit_id=rows[0].id, why="Hajatan")
    seen = _draft(engine, world, told)
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
        _apply(engine, world, seen)
    assert refusal.value.facts["problem"] == "being_planned"


def test_starts_stay_as_shown_when_only_some_confirmed_visits_move(
    engine: Engine, world: World, rows: list[VisitRow]
) -> None:
    ill = world.team_ids[0]
    hit = [row for row in rows if row.team_id == ill and row.day in (MONDAY, TUESDAY)]
    for row in hit:
        _set(engine, world, row, ask, confirm)
    with unit_of_work(engine) as db:  # room to share: a day of the other team is free again
        for row in rows:
            if row.team_id != ill and row.day == MONDAY:
                db.get_one(Visit, row.id).work = Work.CANCELLED
    told = TeamAway(team_id=ill, first=MONDAY, last=TUESDAY, why="Sakit")
    seen = _draft(engine, world, told)
    seats = [(one.place.team_id, one.place.day) for one in seen.moved if one.place]
    shared = next(seat for seat in seats if seats.count(seat) > 1)
    sharing = [
        one for one in seen.moved if one.place and (one.place.team_id, one.place.day) == shared
    ]
    first, *later = sorted(sharing, key=lambda one: one.place.position if one.place else 0)
    done = _apply(engine, world, seen, *(one.visit_id or 0 for one in later))
    after = _visits(engine, world)
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
