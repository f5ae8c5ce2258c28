"""The planner is told of stays that stand in other stages, so that a team is home in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.planning.packages import Package
from outreach.planning.workdays import days_between
from outreach.visits.batches import claim, load_problem, problem_of_batch
from outreach.visits.question import known_now, question_of
from outreach.visits.saving import save_plan
from outreach.visits.tables import Batch, PlanRun, RunState, Stay, Visit, Work
from tests.visits.away import BACK, OUT, by_hand, staying
from tests.visits.world import LEASE, NOW, STARTS, World, add_stage, ask_for_plan, stage_in

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


def test_where_a_batch_takes_a_team_over_from_another_it_comes_home_first(
    engine: Engine, world: World
) -> None:
    ask_for_plan(engine, world)
    batch_id, team = latest_batch(engine), world.team_ids[0]
    before = STARTS - timedelta(days=1)
    with unit_of_work(engine) as db:
        batch = db.get_one(Batch, batch_id)
        asked = problem_of_batch(db, batch_id)
        part = Package((), asked.sites, asked.team_days, {team: frozenset({before})})
        batch.question = question_of(db, part)
        db.flush()
        assert problem_of_batch(db, batch_id).away == {team: frozenset({before})}
        # Whoever tries the batch again asks so too.
        assert known_now(db, batch.question)["away"] == {str(team): [before.isoformat()]}


def test_a_stay_beside_one_that_came_meanwhile_is_not_kept(engine: Engine, away: World) -> None:
    # It sets out the day after the other is back, over a Sunday.
    out, first, second, back = (BACK + timedelta(days=number) for number in (1, 3, 4, 5))
    batch_id = ask_beside(engine, away, out, back)
    with unit_of_work(engine) as db:
        plan, held = staying(db, away.team_ids[0]), claim(db, batch_id, NOW, LEASE)
        assert held is not None
        codes = ("33.72.01.1004", "33.72.01.1005")
        visits = zip(plan.visits, codes, (first, second), strict=True)
        stay = replace(plan.stays[0], travel_days=(out, back), session_days=(first, second))
        plan = replace(
            plan,
            visits=tuple(replace(one, code=code, day=day) for one, code, day in visits),
            stays=(stay,),
        )
        asked = replace(by_hand(load_problem(db, held), plan, codes), away={})
        assert save_plan(db, held, asked, plan, NOW)
        assert db.scalars(select(col(Stay.starts))).all() == [OUT]
        assert db.scalars(select(Visit).where(col(Visit.batch_id) == batch_id)).all() == []
