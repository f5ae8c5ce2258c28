"""What a village's closed days do to plans, to their repetition, to previews and to moves."""

from __future__ import annotations

from collections import Counter
from datetime import date, time
from typing import TYPE_CHECKING, Any

from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.people.rota import team_days
from outreach.planning.assign import assign
from outreach.planning.check import violations
from outreach.planning.feasts import Feast
from outreach.planning.model import Hours
from outreach.villages.tables import (
    CalendarLayer,
    CalendarRule,
    ClosedPeriod,
    Closure,
    Effect,
    FeastDate,
    MarketDay,
    MarketRhythm,
)
from outreach.visits.batches import claim, due_batches, load_problem
from outreach.visits.closures import visits_on_closed_days
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


def _rule(layer: CalendarLayer, effect: Effect, **more: Any) -> CalendarRule:
    return CalendarRule(region_code="33.72", layer=layer, effect=effect, **more)


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


def test_a_question_of_an_older_version_is_read(engine: Engine, world: World) -> None:
    ask_for_plan(engine, world)
    with unit_of_work(engine) as db:
        (batch_id,) = due_batches(db, NOW)
        held = claim(db, batch_id, NOW, LEASE)
        batch = db.get_one(Batch, batch_id)
        code = batch.question["villages"][0]
        told = {name: value for name, value in batch.question.items() if name != "calendar"}
        batch.question = {**told, "closed": {code: [STARTS.isoformat()]}}
    assert held is not None
    with reading(engine) as db:
        sites = {site.code: site for site in load_problem(db, held).sites}
    assert sites.pop(code).closed_days == {STARTS}
    assert not any(site.closed_days for site in sites.values())


def test_soft_days_and_hours_reach_the_planner(engine: Engine, world: World) -> None:
    _close(engine, SERENGAN, STARTS, STARTS)
    with unit_of_work(engine) as db:
        db.add(_rule(CalendarLayer.HARVEST, Effect.SOFT, weight_minutes=75))
        hours = {"weekdays": [1, 2, 3, 4, 5, 6], "opens": time(9), "closes": time(15)}
        db.add(_rule(CalendarLayer.OFFICE_HOURS, Effect.HARD, **hours))
    ask_for_plan(engine, world)
    with unit_of_work(engine) as db:
        (batch_id,) = due_batches(db, NOW)
        held = claim(db, batch_id, NOW, LEASE)
        entries = db.get_one(Batch, batch_id).question["calendar"]
    assert held is not None
    assert len(entries) == 2, "Serengan's villages, and all others"
    with reading(engine) as db:
        problem = load_problem(db, held)
    assert {one.hours_of(OPEN_DAY) for one in problem.sites} == {Hours(540, 900)}
    soft = [one for one in problem.sites if one.code.startswith(SERENGAN)]
    assert {tuple(one.day_costs.items()) for one in soft} == {((STARTS, 75),)}
    made = assign(problem)
    assert violations(problem, made) == ()
    assert made.visits
    for visit in made.visits:
        assert visit.starts_minute >= 540
        assert visit.starts_minute + 120 <= 900


def test_a_plan_leaves_a_soft_day_alone_when_it_can(engine: Engine, world: World) -> None:
    plan(engine, world)
    taken = Counter(_days_in(engine, SERENGAN))
    busiest = max(taken, key=lambda day: taken[day])
    _close(engine, SERENGAN, busiest, busiest)
    with unit_of_work(engine) as db:
        db.add(_rule(CalendarLayer.HARVEST, Effect.SOFT, weight_minutes=600))
    plan(engine, world)
    days = _days_in(engine, SERENGAN)
    assert len(days) == taken.total(), "a soft day costs no village its visit"
    assert busiest not in days


def test_an_announced_feast_is_kept_by_teams_and_told_of_visits_on_it(
    engine: Engine, world: World
) -> None:
    plan(engine, world)
    with reading(engine) as db:
        visits = db.scalars(select(Visit).where(col(Visit.work).in_(ACTIVE))).all()
    day = visits[0].day
    with reading(engine) as db:
        assert visits_on_closed_days(db, world.coordinator, STARTS, ENDS) == []
        before = team_days(db, world.branch_id, STARTS, ENDS)
    with unit_of_work(engine) as db:
        db.add(
            FeastDate(feast=Feast.MAULID, year=day.year, nth=1, starts=day, ends=day, source="SKB")
        )
    with reading(engine) as db:
        hit = visits_on_closed_days(db, world.coordinator, STARTS, ENDS)
        after = team_days(db, world.branch_id, STARTS, ENDS)
    assert {row.day for row, _ in hit} == {day}
    assert len(hit) == len([one for one in visits if one.day == day])
    assert {one.day for one in before} - {one.day for one in after} == {day}


def test_a_batch_tried_anew_knows_what_has_closed_since(engine: Engine, world: World) -> None:
    run_id = ask_for_plan(engine, world)
    with unit_of_work(engine) as db:
        batch = db.scalars(select(Batch)).one()
        batch.state = BatchState.DEAD
        db.get_one(PlanRun, run_id).state = RunState.DONE
        batch_id = batch.id or 0
    _close(engine, SERENGAN, STARTS, STARTS)
    with unit_of_work(engine) as db:
        asked = retry_batch(db, batch_id, by=world.coordinator, now=NOW).question
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
