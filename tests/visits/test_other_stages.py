"""Stages of a branch share its teams: what one of them means for the calendar of another."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.tables import Stage
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict
from outreach.people.tables import TeamLeave
from outreach.planning.assign import assign
from outreach.planning.workdays import days_between
from outreach.visits.causes import Gaps, TeamAway
from outreach.visits.move_warnings import warnings_of_move
from outreach.visits.moving import MoveIn
from outreach.visits.other_stages import Engagement, engaged_elsewhere
from outreach.visits.refilling import refill
from outreach.visits.saving import save_plan
from outreach.visits.tables import ACTIVE, PlanRun, RunState, Visit, Work
from tests.visits.away import BACK, FIRST, OUT
from tests.visits.upset import apply, draft
from tests.visits.world import (
    ENDS,
    NOW,
    SERENGAN,
    STARTS,
    World,
    ask_for_plan,
    claimed,
    plan,
    second_stage,
    work_off,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: A working day that both the usual stage and a later one have.
SHARED = date(2026, 11, 13)


@pytest.fixture
def gap(engine: Engine, world: World) -> Visit:
    """A visit to Serengan that was postponed: a slot is free, and a village waits."""
    plan(engine, world)
    with unit_of_work(engine) as db:
        chosen = col(Visit.village_code).startswith(SERENGAN), col(Visit.day) > STARTS
        visit = db.scalars(select(Visit).where(*chosen).order_by(col(Visit.id))).all()[-1]
        visit.work = Work.POSTPONED
        return visit


def test_a_plan_for_other_days_keeps_nothing_waiting(
    engine: Engine, world: World, gap: Visit
) -> None:
    run_id = ask_for_plan(engine, world, stage_id=second_stage(engine, world))
    seen = draft(engine, world, TeamAway(team_id=world.team_ids[0], first=ENDS, last=ENDS, why="x"))
    apply(engine, world, seen)
    with unit_of_work(engine) as db:
        assert db.get_one(PlanRun, run_id).state is RunState.RUNNING
        filled = refill(db, world.stage_id, gap.team_id, gap.day, NOW)
        assert filled is not None
        assert filled.village_code == gap.village_code
    # The plan that was under way leaves the village to the stage that was quicker.
    work_off(engine)
    with reading(engine) as db:
        (stands,) = db.scalars(
            select(Visit).where(
                col(Visit.village_code) == gap.village_code, col(Visit.work).in_(ACTIVE)
            )
        )
        assert stands.stage_id == world.stage_id


def test_a_plan_that_shares_days_keeps_changes_waiting_and_is_named(
    engine: Engine, world: World, gap: Visit
) -> None:
    second = second_stage(engine, world, SHARED)
    run_id = ask_for_plan(engine, world, stage_id=second)
    with pytest.raises(Conflict) as refusal:
        draft(engine, world, Gaps())
    facts = refusal.value.facts
    assert facts["problem"] == "neighbour_planned"
    assert (facts["stage"], facts["stage_id"], facts["run_id"]) == ("Tahap 2", second, run_id)
    assert (facts["by"], facts["since"]) == ("Rini", NOW)
    with unit_of_work(engine) as db:
        assert refill(db, world.stage_id, gap.team_id, gap.day, NOW) is None
    work_off(engine)
    draft(engine, world, Gaps())


def test_its_own_plan_is_told_as_its_own(engine: Engine, world: World, gap: Visit) -> None:
    run_id = ask_for_plan(engine, world)
    with pytest.raises(Conflict) as refusal:
        draft(engine, world, Gaps())
    told = refusal.value.facts
    assert (told["problem"], told["run_id"], told["by"]) == ("being_planned", run_id, "Rini")


def test_a_leave_that_is_noted_while_a_plan_is_made_is_kept_free(
    engine: Engine, world: World
) -> None:
    team_id, last = world.team_ids[0], STARTS + timedelta(days=2)

    ask_for_plan(engine, world)
    held, asked = claimed(engine)
    # The worker has read its question when somebody notes the leave.
    with unit_of_work(engine) as db:
        db.add(TeamLeave(team_id=team_id, starts=STARTS, ends=last, reason="Sakit"))
    made = assign(asked)
    hit = {one.code for one in made.visits if one.team_id == team_id and one.day <= last}
    assert hit
    with unit_of_work(engine) as db:
        assert save_plan(db, held, asked, made, NOW)
    with reading(engine) as db:
        stands = set(db.scalars(select(col(Visit.village_code)).where(col(Visit.work).in_(ACTIVE))))
        assert db.scalars(select(PlanRun)).one().finished_at is not None
    assert stands == {one.code for one in made.visits} - hit


def test_a_calendar_knows_what_a_team_does_for_another_stage(engine: Engine, away: World) -> None:
    second = second_stage(engine, away, STARTS)
    first_team, other_team = away.team_ids
    with unit_of_work(engine) as db:
        visit = db.scalars(select(Visit).where(col(Visit.day) == FIRST)).one()
        visit.work = Work.CONFIRMED
        facts = visit.model_dump(exclude={"id"})
        moved = {"village_code": "33.72.03.1001", "team_id": other_team, "stay_id": None}
        db.add(Visit(**{**facts, **moved}))
    with reading(engine) as db:
        by = away.coordinator
        own, other = db.get_one(Stage, away.stage_id), db.get_one(Stage, second)
        assert engaged_elsewhere(db, by, own, STARTS, ENDS) == {}
        told = engaged_elsewhere(db, by, other, STARTS, ENDS)
    hub = told[first_team, OUT][0].hub
    assert hub
    stay = Engagement(away.stage_id, "Tahap 1", is_stay=True, hub=hub)
    assert told == {
        **{(first_team, day): (stay,) for day in days_between(OUT, BACK)},
        (other_team, FIRST): (Engagement(away.stage_id, "Tahap 1"),),
    }
    with reading(engine) as db:
        clipped = engaged_elsewhere(db, by, other, BACK, ENDS)
        assert set(clipped) == {(first_team, BACK)}
        # Who does not see the hub is told that the team is away, not where.
        stranger = engaged_elsewhere(db, away.official, other, BACK, BACK)
    assert [one.is_stay for (one,) in stranger.values()] == [True]


def test_a_move_onto_such_a_day_is_warned_of(engine: Engine, away: World) -> None:
    second = second_stage(engine, away, STARTS)
    with unit_of_work(engine) as db:
        visit = db.scalars(select(Visit).where(col(Visit.day) == FIRST)).one()
        facts = visit.model_dump(exclude={"id"})
        changed = {"stage_id": second, "village_code": f"{SERENGAN}.1001", "stay_id": None}
        day = BACK + timedelta(days=1)
        ours = Visit(**{**facts, **changed, "day": day})
        db.add(ours)
        db.flush()
        number = ours.id or 0

    def warned(day: date) -> list[dict[str, object]]:
        to = MoveIn(team_id=away.team_ids[0], day=day, slot=2)
        with reading(engine) as db:
            found = warnings_of_move(db, number, to, by=away.coordinator, now=NOW)
        return [dict(one.facts) for one in found if one.code == "for_another_stage"]

    for day in (OUT, FIRST, BACK):
        (facts,) = warned(day)
        assert (facts["stage"], facts["is_stay"]) == ("Tahap 1", True)
    assert warned(BACK + timedelta(days=3)) == []
