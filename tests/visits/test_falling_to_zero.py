"""What a stage comes to leave at zero once it runs, and what is no omission at all."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from outreach.campaigns.omissions import (
    OmissionIn,
    explain,
    grounds_in,
    omitted,
)
from outreach.campaigns.stages import create_stage, delete_stage, update_stage
from outreach.campaigns.tables import GroundKind, Omission, Stage, Status
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict
from outreach.planning.check import Rule, Violation
from outreach.villages.tables import Village
from outreach.visits.approval import approve_plan
from outreach.visits.at_zero import left_at_zero
from outreach.visits.batches import UnsoundPlan, claim, due_batches, fail
from outreach.visits.closing import wind_up
from outreach.visits.lifecycle import cancel
from outreach.visits.listing import visits_of_stage
from outreach.visits.question import past_of
from outreach.visits.tables import PlanRun, Result, RunState, Visit, Work
from tests.visits.left_out import OTHERS, REASON, give_reason, grounds_left, short, submit
from tests.visits.world import (
    NOW,
    SERENGAN,
    TODAY,
    World,
    add_stage,
    ask_for_plan,
    build_world,
    plan,
    stage_in,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.visits.rows import VisitRow

__all__ = ["short"]


def _call_off(db: Session, world: World, visit: VisitRow) -> None:
    by = world.coordinator
    cancel(db, visit.id, version=visit.version, by=by, now=NOW, reason="Banjir")


def test_a_district_whose_last_visit_is_called_off_falls_to_zero(
    engine: Engine, short: World
) -> None:
    with unit_of_work(engine) as db:
        give_reason(db, short, [f"district:{code}" for code in OTHERS])
    submission = submit(engine, short)
    with unit_of_work(engine) as db:
        approve_plan(db, submission, by=short.manager, now=NOW)
        visits = visits_of_stage(db, short.coordinator, short.stage_id)
        for visit in visits[1:]:
            cancel(
                db, visit.id, version=visit.version, by=short.coordinator, now=NOW, reason="Batal"
            )
    assert f"district:{SERENGAN}" not in grounds_left(engine, short.stage_id)
    with unit_of_work(engine) as db:
        _call_off(db, short, visits_of_stage(db, short.coordinator, short.stage_id)[0])
    left = grounds_left(engine, short.stage_id)
    assert not left[f"district:{SERENGAN}"].is_explained
    assert all(left[f"district:{code}"].is_explained for code in OTHERS)


def test_a_district_for_which_no_day_is_left_falls_to_zero(engine: Engine, short: World) -> None:
    with unit_of_work(engine) as db:
        # Chosen, but the planner found no place for any village of it.
        for visit in db.scalars(select(Visit)):
            visit.work = Work.CANCELLED
    assert f"district:{SERENGAN}" in grounds_left(engine, short.stage_id)


def test_while_it_is_being_planned_a_stage_is_judged_by_what_it_has_chosen(
    engine: Engine, short: World
) -> None:
    ask_for_plan(engine, short)
    with reading(engine) as db:
        assert not db.scalars(select(Visit).where(col(Visit.work) == Work.PROPOSED)).all()
    assert sorted(grounds_left(engine, short.stage_id)) == [f"district:{code}" for code in OTHERS]


def test_what_waits_for_a_part_that_failed_is_not_called_left_out(
    engine: Engine, short: World
) -> None:
    run_id = ask_for_plan(engine, short)
    with unit_of_work(engine) as db:
        (batch_id,) = due_batches(db, NOW)
        held = claim(db, batch_id, NOW, timedelta(minutes=1))
        assert held is not None
        fail(db, held, UnsoundPlan([Violation(Rule.CLOSED_DAY)]), NOW)
        assert db.get_one(PlanRun, run_id).state is RunState.DONE
    left = grounds_left(engine, short.stage_id)
    waiting = [key for key, one in left.items() if one.awaits_plan]
    assert waiting == [f"district:{SERENGAN}"]
    assert sorted(left) == sorted([*waiting, *(f"district:{code}" for code in OTHERS)])
    assert _zero(engine, short.manager) == [(short.stage_id, OTHERS)]
    # Nor is it handed in unseen: the part is planned, or somebody says why not.
    with unit_of_work(engine) as db:
        give_reason(db, short, [f"district:{code}" for code in OTHERS])
        visit = db.scalars(select(Visit).limit(1)).one()
        visit.village_code, visit.work = f"{OTHERS[0]}.1001", Work.PROPOSED
    assert _zero(engine, short.manager) == []
    with pytest.raises(Conflict) as caught:
        submit(engine, short)
    assert caught.value.facts == {"problem": "parts_not_planned", "count": 1}
    with unit_of_work(engine) as db:
        give_reason(db, short, waiting)
    submit(engine, short)


def test_of_a_part_of_the_area_only_its_own_districts_are_told(
    engine: Engine, short: World
) -> None:
    with unit_of_work(engine) as db:
        ferry = update(Village).where(col(Village.code) == "33.72.02.1007").values(island=909)
        db.execute(ferry)
    grounds = tuple(grounds_left(engine, short.stage_id).values())
    with reading(engine) as db:
        stage = db.get_one(Stage, short.stage_id)
        for whole in (("",), ("33",), ("33.72",)):
            assert grounds_in(db, stage, grounds, whole) == grounds
        part = grounds_in(db, stage, grounds, ("33.72.01", "33.09"))
        assert [(one.kind, one.key) for one in part] == [(GroundKind.DISTRICT, "33.72.01")]
        assert grounds_in(db, stage, grounds, ("33.09",)) == ()


def _zero(engine: Engine, person: Person, *prefixes: str) -> list[tuple[int | None, list[str]]]:
    with reading(engine) as db:
        found = left_at_zero(db, person, prefixes or ("",), NOW)
        assert found.not_judged == 0
        return [(one.stage.id, [each.key for each in one.grounds]) for one in found.stages]


def test_open_stages_that_leave_something_at_zero_are_found_until_somebody_says_why(
    engine: Engine, short: World
) -> None:
    assert _zero(engine, short.manager) == [(short.stage_id, OTHERS)]
    assert _zero(engine, short.manager, "33.72.03") == [(short.stage_id, ["33.72.03"])]
    assert _zero(engine, short.manager, "33.09") == []
    assert _zero(engine, short.foreigner) == []
    with unit_of_work(engine) as db:
        give_reason(db, short, [f"district:{code}" for code in OTHERS])
    assert _zero(engine, short.manager) == []
    with unit_of_work(engine) as db:
        # What a village's own word or the sea does to an approved plan.
        for visit in db.scalars(select(Visit)):
            visit.work = Work.CANCELLED
    assert _zero(engine, short.manager) == [(short.stage_id, [SERENGAN])]
    with unit_of_work(engine) as db:
        db.get_one(Stage, short.stage_id).is_listed = True
    assert _zero(engine, short.manager) == []


def test_what_another_stage_of_the_campaign_visits_is_not_at_zero(
    engine: Engine, short: World
) -> None:
    with unit_of_work(engine) as db:
        area = stage_in("Tahap 2", area_codes=[OTHERS[0]], quota=1)
        second = add_stage(db, short.campaign_id, short.coordinator, area)
    plan(engine, short, stage_id=second, approved=False)
    assert _zero(engine, short.manager) == [(short.stage_id, OTHERS[1:])]
    with unit_of_work(engine) as db:
        # Met in vain, and its stage is over: nobody was reached there.
        for visit in db.scalars(select(Visit).where(col(Visit.stage_id) == second)):
            visit.work, visit.result = Work.APPROVED, Result.NOT_MET
        db.get_one(Stage, second).status = Status.CLOSED
    assert _zero(engine, short.manager) == [(short.stage_id, OTHERS)]


def test_a_drafted_stage_is_judged_by_what_it_would_choose(engine: Engine) -> None:
    world = build_world(engine, quota=1)
    left = grounds_left(engine, world.stage_id)
    assert len(left) == 4
    with unit_of_work(engine) as db:
        stage = db.get_one(Stage, world.stage_id)
        update_stage(db, world.stage_id, stage_in("Tahap 1"), stage.version, by=world.coordinator)
    assert grounds_left(engine, world.stage_id) == {}


def test_a_follow_up_list_leaves_nothing_out(engine: Engine, short: World) -> None:
    with unit_of_work(engine) as db:
        db.get_one(Stage, short.stage_id).is_listed = True
    assert grounds_left(engine, short.stage_id) == {}
    assert submit(engine, short)


def test_reasons_go_with_their_draft_and_hinder_no_closing(engine: Engine, short: World) -> None:
    with unit_of_work(engine) as db:
        give_reason(db, short, [f"district:{code}" for code in OTHERS])
        draft = create_stage(
            db, short.campaign_id, stage_in("Rancangan", quota=1), by=short.coordinator
        )
        grounds = [
            f"{one.kind.value}:{one.key}" for one in omitted(db, draft, past_of(db, draft), TODAY)
        ]
        given = OmissionIn(grounds=grounds, reason=REASON)
        explain(
            db,
            draft.id or 0,
            given,
            past_of(db, draft),
            by=short.coordinator,
            now=NOW,
            today=TODAY,
        )
        delete_stage(db, draft.id or 0, draft.version, by=short.coordinator)
        stage = db.get_one(Stage, short.stage_id)
        wind_up(db, short.stage_id, stage.version, by=short.coordinator, now=NOW)
        assert len(db.scalars(select(Omission)).all()) == 4
    with pytest.raises(Conflict), unit_of_work(engine) as db:
        give_reason(db, short, [f"district:{OTHERS[0]}"])
