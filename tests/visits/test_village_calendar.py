"""What a village's closed days do to plans, to their repetition, to previews and to moves."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.planning.assign import assign
from outreach.planning.check import violations
from outreach.villages.tables import ClosedPeriod, Closure, MarketDay, MarketRhythm
from outreach.visits.batches import claim, due_batches, load_problem
from outreach.visits.kept_calendar import calendar_of
from outreach.visits.move_warnings import warnings_of_move
from outreach.visits.moving import MoveIn
from outreach.visits.preview import preview
from outreach.visits.runs import retry_batch
from outreach.visits.tables import ACTIVE, Batch, BatchState, PlanRun, RunState, Visit
from tests.visits.world import (
    ENDS,
    LEASE,
    NOW,
    STARTS,
    TODAY,
    World,
    ask_for_plan,
    build_world,
    plan,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

SERENGAN = "33.72.02"
OPEN_DAY = date(2026, 11, 12)


def _close(engine: Engine, region: str, starts: date, ends: date) -> None:
    with unit_of_work(engine) as db:
        db.add(
            ClosedPeriod(
                region_code=region, starts=starts, ends=ends, closure=Closure.HARVEST, note="Panen"
            )
        )


def _days_in(engine: Engine, district: str) -> list[date]:
    with reading(engine) as db:
        rows = db.execute(
            select(col(Visit.village_code), col(Visit.day)).where(col(Visit.work).in_(ACTIVE))
        )
        return sorted(row.day for row in rows if row.village_code.startswith(district))


def test_no_visit_is_planned_on_a_closed_day(engine: Engine, world: World) -> None:
    _close(engine, SERENGAN, STARTS, date(2026, 11, 11))
    with unit_of_work(engine) as db:
        db.add(MarketDay(region_code="33.72", rhythm=MarketRhythm.FRIDAY))
    plan(engine, world)
    days = _days_in(engine, SERENGAN)
    everywhere = _days_in(engine, "33.72")
    assert days, "the villages are planned on the days that are left"
    assert min(days) >= OPEN_DAY
    assert min(everywhere) < OPEN_DAY
    assert not [day for day in everywhere if day.weekday() == 4]


def test_what_a_batch_was_asked_can_be_asked_again(engine: Engine, world: World) -> None:
    _close(engine, SERENGAN, STARTS, date(2026, 11, 11))
    ask_for_plan(engine, world)
    with unit_of_work(engine) as db:
        (batch_id,) = due_batches(db, NOW)
        held = claim(db, batch_id, NOW, LEASE)
    assert held is not None
    with reading(engine) as db:
        first = load_problem(db, held)
    _close(engine, "33.72", STARTS, ENDS)
    with reading(engine) as db:
        again = load_problem(db, held)
    assert again == first
    shut = {site.code for site in first.sites if site.closed_days}
    assert {code[:8] for code in shut} == {SERENGAN}
    assert violations(first, assign(first)) == ()


def test_a_batch_tried_anew_knows_what_has_closed_since(engine: Engine, world: World) -> None:
    run_id = ask_for_plan(engine, world)
    with unit_of_work(engine) as db:
        batch = db.scalars(select(Batch)).one()
        batch.state = BatchState.DEAD
        db.get_one(PlanRun, run_id).state = RunState.DONE
        batch_id = batch.id or 0
    _close(engine, SERENGAN, STARTS, STARTS)
    with unit_of_work(engine) as db:
        asked = retry_batch(db, batch_id, by=world.coordinator).question
    told = calendar_of(asked)
    assert {code[:8] for code in told} == {SERENGAN}
    assert {one.closed_days for one in told.values()} == {frozenset({STARTS})}
    assert len(asked["calendar"]) == 1, "villages of which the same is said share an entry"


def test_the_preview_counts_days_on_which_everything_is_closed_as_gone(engine: Engine) -> None:
    world = build_world(engine)
    with reading(engine) as db:
        before = preview(db, world.stage_id, world.coordinator, TODAY)
    _close(engine, "33.72", STARTS, date(2026, 11, 4))
    _close(engine, SERENGAN, date(2026, 11, 5), ENDS)
    with reading(engine) as db:
        after = preview(db, world.stage_id, world.coordinator, TODAY)
    assert after.team_days == before.team_days - 4
    assert before.out_of_reach == 0
    assert after.out_of_reach == 7, "Serengan's villages are closed on every day of the stage"


def test_a_move_to_a_closed_day_is_warned_of_with_the_reason(engine: Engine, world: World) -> None:
    plan(engine, world)
    with reading(engine) as db:
        visit = db.scalars(select(Visit).order_by(col(Visit.id)).limit(1)).one()
    to = MoveIn(team_id=visit.team_id, day=visit.day, slot=visit.slot)
    _close(engine, visit.village_code, visit.day, visit.day)
    with reading(engine) as db:
        found = warnings_of_move(db, visit.id or 0, to, by=world.coordinator, now=NOW)
    (warning,) = [one for one in found if one.code == "village_closed"]
    assert warning.facts["village_code"] == visit.village_code
    assert [(mark.closure, mark.note) for mark in warning.facts["marks"]] == [
        (Closure.HARVEST, "Panen")
    ]
