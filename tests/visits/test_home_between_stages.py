"""The planner is told of stays that stand in other stages, so that a team is home in between."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.planning.workdays import days_between
from outreach.visits.batches import problem_of_batch
from outreach.visits.question import known_now
from outreach.visits.tables import Batch, PlanRun, RunState, Visit, Work
from tests.visits.away import BACK, OUT
from tests.visits.world import World, add_stage, ask_for_plan, stage_in

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Engine


def latest_batch(engine: Engine) -> int:
    with reading(engine) as db:
        return max(one or 0 for one in db.scalars(select(col(Batch.id))))


def ask_beside(engine: Engine, world: World, starts: date, ends: date) -> int:
    """Ask for the plan of another stage between these days; return its batch."""
    with unit_of_work(engine) as db:
        db.execute(update(PlanRun).values(state=RunState.DONE))
        given = stage_in("Tahap 2", starts=starts, ends=ends)
        stage_id = add_stage(db, world.campaign_id, world.coordinator, given)
    ask_for_plan(engine, world, stage_id=stage_id)
    return latest_batch(engine)


def test_a_stay_of_another_stage_is_kept_with_the_question(engine: Engine, away: World) -> None:
    stayed = {away.team_ids[0]: frozenset(days_between(OUT, BACK))}
    batch_id = ask_beside(engine, away, BACK + timedelta(days=1), BACK + timedelta(days=20))
    with reading(engine) as db:
        asked = problem_of_batch(db, batch_id)
    assert asked.away == stayed
    assert min(one.day for one in asked.team_days) == BACK + timedelta(days=1)
    with unit_of_work(engine) as db:
        db.execute(update(Visit).values(work=Work.CANCELLED))
    with reading(engine) as db:
        # The same question can be put again; whoever asks anew is told what holds by now.
        assert problem_of_batch(db, batch_id).away == stayed
        assert known_now(db, db.get_one(Batch, batch_id).question)["away"] == {}


def test_a_stay_days_before_the_stage_does_not_matter(engine: Engine, away: World) -> None:
    batch_id = ask_beside(engine, away, BACK + timedelta(days=3), BACK + timedelta(days=20))
    with unit_of_work(engine) as db:
        assert problem_of_batch(db, batch_id).away == {}
        batch = db.get_one(Batch, batch_id)
        # What an earlier version asked does not speak of stays.
        batch.question = {key: told for key, told in batch.question.items() if key != "away"}
        db.flush()
        assert problem_of_batch(db, batch_id).away == {}


def test_what_the_stage_itself_keeps_counts_and_its_proposals_do_not(
    engine: Engine, away: World
) -> None:
    ask_for_plan(engine, away)
    with reading(engine) as db:
        assert problem_of_batch(db, latest_batch(engine)).away == {}


def test_what_a_village_was_told_of_counts(engine: Engine, away: World) -> None:
    with unit_of_work(engine) as db:
        db.execute(update(Visit).values(work=Work.AWAITING))
    ask_for_plan(engine, away)
    with reading(engine) as db:
        asked = problem_of_batch(db, latest_batch(engine))
    assert asked.away == {away.team_ids[0]: frozenset(days_between(OUT, BACK))}
