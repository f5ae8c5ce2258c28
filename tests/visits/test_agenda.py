"""What the first page of the day is made of, on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.progress.stages import StageProgress, stage_progress
from outreach.visits.agenda import UnplacedLine, runs_to_watch, stages_with_unplaced
from outreach.visits.listing import visits_between
from outreach.visits.tables import Batch, BatchState, Visit, Work
from tests.visits.world import ENDS, STARTS, World, ask_for_plan, plan

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_runs_that_are_on_or_failed_are_watched_by_their_own_branch(
    engine: Engine, world: World
) -> None:
    run_id = ask_for_plan(engine, world)
    with reading(engine) as db:
        (line,) = runs_to_watch(db, world.coordinator)
        assert (line.run_id, line.stage_id, line.requested_by) == (run_id, world.stage_id, "Rini")
        assert (line.batches, line.done, line.dead) == (1, 0, 0)
        assert runs_to_watch(db, world.foreigner) == []
    with unit_of_work(engine) as db:
        batch = db.exec(select(Batch).where(Batch.run_id == run_id)).one()
        batch.state = BatchState.DEAD
    with reading(engine) as db:
        assert [one.dead for one in runs_to_watch(db, world.coordinator)] == [1]


def test_a_run_that_is_done_is_not_watched(engine: Engine, world: World) -> None:
    plan(engine, world)
    with reading(engine) as db:
        assert runs_to_watch(db, world.coordinator) == []


def test_villages_whose_visit_fell_away_are_counted(engine: Engine, world: World) -> None:
    plan(engine, world)
    with reading(engine) as db:
        assert stages_with_unplaced(db, world.coordinator) == []
    with unit_of_work(engine) as db:
        for visit in db.exec(select(Visit).order_by(col(Visit.id)).limit(3)):
            visit.work = Work.POSTPONED
    with reading(engine) as db:
        lines = stages_with_unplaced(db, world.coordinator)
        assert lines == [UnplacedLine(world.stage_id, "Tahap 1", 3)]
        assert stages_with_unplaced(db, world.foreigner) == []
        told = stage_progress(db, world.coordinator, [world.stage_id])
        assert told == {world.stage_id: StageProgress(villages=54, placed=51)}
        assert stage_progress(db, world.foreigner, [world.stage_id]) == {
            world.stage_id: StageProgress()
        }


def test_visits_of_some_days_stand_in_order_and_within_the_area(
    engine: Engine, world: World
) -> None:
    plan(engine, world)
    with unit_of_work(engine) as db:
        db.exec(select(Visit).order_by(col(Visit.id)).limit(1)).one().work = Work.CANCELLED
    with reading(engine) as db:
        rows = visits_between(db, world.coordinator, STARTS, ENDS)
        assert len(rows) == 53
        assert [(r.day, r.team_id, r.slot) for r in rows] == sorted(
            (r.day, r.team_id, r.slot) for r in rows
        )
        day = rows[10].day
        assert {r.day for r in visits_between(db, world.coordinator, day, day)} == {day}
        assert visits_between(db, world.foreigner, STARTS, ENDS) == []
