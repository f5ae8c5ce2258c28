"""A village leaves a plan or comes into it: what fills its slot, and which day it may get."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlmodel import col, select

from outreach.campaigns.tables import Pick, StagePick, StageVillage
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid
from outreach.visits.causes import AfterCancelling, VillageAdded, VillageCancels
from outreach.visits.lifecycle import ask, cancel, confirm, postpone
from outreach.visits.replan import why_left_out
from outreach.visits.tables import ACTIVE, Happening, Visit, VisitEvent, Work
from tests.visits.upset import apply, draft, turn_to, visits_now
from tests.visits.world import NOW, World

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.visits.rows import VisitRow


def test_a_village_cancels_and_its_slot_is_filled(
    engine: Engine, world: World, rows: list[VisitRow]
) -> None:
    row, gone, waiting = rows[4], rows[2], rows[-1]
    by = world.coordinator
    with unit_of_work(engine) as db:
        cancel(db, gone.id, version=gone.version, by=by, now=NOW, reason="tidak mau")
        postpone(db, waiting.id, version=waiting.version, by=by, now=NOW, reason="panen")
    turn_to(engine, world, row, ask, confirm)
    seen = draft(engine, world, VillageCancels(visit_id=row.id, why="Hajatan kepala desa"))
    (ended,), (filled,) = seen.ended, seen.moved
    assert (ended.visit_id, filled.village_code) == (row.id, waiting.village_code)
    assert filled.place is not None
    assert (filled.place.team_id, filled.place.day) == (row.team_id, row.day)
    apply(engine, world, seen)
    after = visits_now(engine, world)
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
    done = apply(engine, world, draft(engine, world, told))
    (change,) = done.moved
    after = visits_now(engine, world)
    assert change.place is not None
    assert after[row.id].day == change.place.day != row.day


def test_a_village_that_cancels_for_good_waits_for_no_day(
    engine: Engine, world: World, rows: list[VisitRow]
) -> None:
    row = rows[4]
    told = VillageCancels(visit_id=row.id, why="Tidak mau", outcome=AfterCancelling.CANCELLED)
    apply(engine, world, draft(engine, world, told))
    with reading(engine) as db:
        assert db.get_one(Visit, row.id).work is Work.CANCELLED


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
    seen = draft(engine, world, told)
    with reading(engine) as db:
        assert why_left_out(db, seen) == "Sudah ikut program lain"
    done = apply(engine, world, seen)
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
    done = apply(engine, world, draft(engine, world, told))
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
        draft(engine, world, told)
    assert refusal.value.facts["problem"] == "village_has_visit"
    with pytest.raises(Invalid) as outside:
        draft(engine, world, VillageAdded(village_code="33.09.01.2001"))
    assert outside.value.facts["problems"] == {"village_code": ["outside_branch"]}
