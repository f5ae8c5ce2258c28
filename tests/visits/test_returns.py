"""Work given back by village, team and lease; the free slot filled once, by what fits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from outreach.campaigns.tables import Stage, StageVillage, Status
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.logbook.sync import Outcome, take_in
from outreach.people.tables import TeamLeave
from outreach.villages.tables import Zone
from outreach.visits.listing import day_trips, history
from outreach.visits.question import ANSWER_MISSING, NEVER_ASKED, REPORT_MISSING
from outreach.visits.refilling import REFILLED, REST_AFTER_RETURN, is_refilled, refill
from outreach.visits.returns import (
    GIVES_BACK,
    REPORT_WITHIN,
    end_visit,
    return_visit,
    returned_work,
    run_out_leases,
)
from outreach.visits.tables import ACTIVE, Channel, Happening, PlanRun, Visit, VisitEvent, Work
from tests.field import told
from tests.visits.world import ENDS, NOW, TODAY, World, ask_for_plan, build_world, plan

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.visits.returns import GivenBack
    from outreach.visits.rows import VisitRow


@pytest.fixture
def row(engine: Engine) -> VisitRow:
    """A visit of a stage too short for all its villages, on a full day some days ahead."""
    world = build_world(engine, ends=ENDS - timedelta(days=3))
    plan(engine, world)
    with reading(engine) as db:
        trips = day_trips(db, world.coordinator, world.stage_id)
    whole = [one for one in trips if len(one.stops) == 3 and one.day > TODAY + timedelta(days=2)]
    return whole[0].stops[1]


@pytest.fixture
def world(engine: Engine, row: VisitRow) -> World:
    with reading(engine) as db:
        from outreach.people.access import person_of
        from outreach.people.tables import Account

        people = {one.login: person_of(db, one.id or 0) for one in db.scalars(select(Account))}
        stage = db.get_one(Stage, row.stage_id)
    given = {name: person for name, person in people.items() if person}
    official = replace(given["kades"], areas=(row.village_code,))
    return World(
        stage.branch_id,
        (row.team_id,),
        stage.campaign_id,
        row.stage_id,
        given["rini"],
        official,
        given["boyolali"],
        given["jateng"],
    )


def _set(engine: Engine, visit_id: int, **values: object) -> None:
    with unit_of_work(engine) as db:
        db.execute(update(Visit).where(col(Visit.id) == visit_id).values(**values))


def _give_back(engine: Engine, row: VisitRow, by: Person, reason: str = "panen") -> GivenBack:
    with unit_of_work(engine) as db:
        return return_visit(db, row.id, by=by, now=NOW, reason=reason)


def _pool(engine: Engine, row: VisitRow) -> list[str]:
    """Villages of the stage without a visit, the most valuable first."""
    with reading(engine) as db:
        active = select(col(Visit.village_code)).where(
            col(Visit.stage_id) == row.stage_id, col(Visit.work).in_(ACTIVE)
        )
        query = (
            select(col(StageVillage.village_code))
            .where(col(StageVillage.stage_id) == row.stage_id)
            .where(col(StageVillage.village_code).not_in(active))
            .order_by(col(StageVillage.rank))
        )
        return list(db.scalars(query))


def test_a_returned_visit_gives_its_slot_to_a_village_that_fits(
    engine: Engine, world: World, row: VisitRow
) -> None:
    pool = _pool(engine, row)
    assert pool
    with reading(engine) as db:
        trips = day_trips(db, world.coordinator, row.stage_id)
    (trip,) = [one for one in trips if row in one.stops]
    row = trip.stops[-1]  # in the middle nothing fits: the next village knows its time
    with unit_of_work(engine) as db:
        # Every village of the plan knows its time.
        db.execute(update(Visit).values(work=Work.AWAITING))
        before = {v.village_code: v.starts_at for v in db.scalars(select(Visit))}
    given = _give_back(engine, row, world.coordinator)
    assert given.visit.work is Work.RETURNED
    filled = given.filled
    assert filled is not None
    assert (filled.team_id, filled.day, filled.work) == (row.team_id, row.day, Work.PROPOSED)
    assert filled.village_code in pool
    with reading(engine) as db:
        lines = history(db, world.coordinator, filled.id or 0)
        assert [(line.happening, line.reason) for line in lines] == [(Happening.PLANNED, REFILLED)]
        assert is_refilled(db, filled.id or 0)
        assert not is_refilled(db, row.id)
        after = {
            v.village_code: v.starts_at
            for v in db.scalars(select(Visit).where(col(Visit.work).in_(ACTIVE)))
        }
    others = set(after) & set(before)
    assert {code: after[code] for code in others} == {code: before[code] for code in others}


def test_no_village_that_knows_its_time_makes_room(
    engine: Engine, world: World, row: VisitRow
) -> None:
    """In the middle of the day whatever comes in would push the next one."""
    with unit_of_work(engine) as db:
        proposed = refill_after_return(db, row, world)
        assert proposed is not None
        db.rollback()
    with unit_of_work(engine) as db:
        db.execute(update(Visit).values(work=Work.AWAITING))
        before = {v.id: v.starts_at for v in db.scalars(select(Visit))}
        refill_after_return(db, row, world)
        db.flush()
        db.expire_all()
        known = select(Visit).where(col(Visit.id).in_(before))
        assert {v.id: v.starts_at for v in db.scalars(known)} == before


def refill_after_return(db: Session, row: VisitRow, world: World) -> Visit | None:
    return return_visit(db, row.id, by=world.coordinator, now=NOW, reason="panen").filled


def test_the_most_valuable_comes_first(engine: Engine, world: World, row: VisitRow) -> None:
    """Every village of the pool before the one chosen was tried and did not fit."""
    given = _give_back(engine, row, world.coordinator)
    assert given.filled is not None
    chosen = given.filled.village_code
    with unit_of_work(engine) as db:
        db.delete(
            db.scalars(select(VisitEvent).where(col(VisitEvent.visit_id) == given.filled.id)).one()
        )
        db.flush()
        db.delete(db.get_one(Visit, given.filled.id))
        # The least valuable of all: now every other one that fits goes before.
        db.execute(
            update(StageVillage).where(col(StageVillage.village_code) == chosen).values(rank=10_000)
        )
    with unit_of_work(engine) as db:
        other = refill(db, row.stage_id, row.team_id, row.day, NOW)
    assert other is not None
    assert other.village_code != chosen


def test_a_village_that_gave_back_rests(engine: Engine, world: World, row: VisitRow) -> None:
    """Also when it is the only one left."""
    pool = _pool(engine, row)
    with unit_of_work(engine) as db:
        db.execute(
            StageVillage.__table__.delete().where(  # type: ignore[attr-defined]
                col(StageVillage.village_code).in_(pool)
            )
        )
    assert _give_back(engine, row, world.coordinator).filled is None
    with unit_of_work(engine) as db:
        db.execute(update(VisitEvent).values(at=NOW - REST_AFTER_RETURN - timedelta(days=1)))
        again = refill(db, row.stage_id, row.team_id, row.day, NOW)
    assert again is not None
    assert again.village_code == row.village_code


@pytest.mark.parametrize("happening", [Happening.CANCELLED, Happening.UNREACHABLE])
def test_what_people_gave_up_never_comes_back_by_itself(
    engine: Engine, world: World, row: VisitRow, happening: Happening
) -> None:
    pool = _pool(engine, row)
    with unit_of_work(engine) as db:
        db.execute(
            StageVillage.__table__.delete().where(  # type: ignore[attr-defined]
                col(StageVillage.village_code).in_(pool)
            )
        )
        by = world.coordinator
        given = end_visit(db, row.id, happening, by=by, now=NOW, reason="x")
        assert given.filled is None
        db.execute(update(VisitEvent).values(at=NOW - 2 * REST_AFTER_RETURN))
        assert refill(db, row.stage_id, row.team_id, row.day, NOW) is None


def test_every_end_before_the_session_fills_the_slot(
    engine: Engine, world: World, row: VisitRow
) -> None:
    for happening in sorted(GIVES_BACK):
        with unit_of_work(engine) as db:
            given = end_visit(db, row.id, happening, by=world.coordinator, now=NOW, reason="banjir")
            assert given.filled is not None, happening
            assert given.filled.village_code != row.village_code
            db.rollback()


def test_an_official_returns_what_they_were_asked_and_no_proposal(
    engine: Engine, world: World, row: VisitRow
) -> None:
    with pytest.raises(NotAllowed):
        _give_back(engine, row, world.official)
    _set(engine, row.id, work=Work.AWAITING)
    with pytest.raises(Invalid) as refusal:
        _give_back(engine, row, world.official, reason=" ")
    assert refusal.value.facts["problems"] == {"reason": ["missing"]}
    with pytest.raises(NotFound):
        _give_back(engine, row, world.foreigner)
    with pytest.raises(NotAllowed):
        _give_back(engine, row, world.manager)
    assert _give_back(engine, row, world.official).filled is not None


@pytest.mark.parametrize("why", ["today", "outside", "closed", "planning", "leave"])
def test_nothing_is_put_where_nobody_should_go(
    engine: Engine, world: World, row: VisitRow, why: str
) -> None:
    now = NOW
    with unit_of_work(engine) as db:
        stage = db.get_one(Stage, row.stage_id)
        if why == "today":
            now = datetime.combine(row.day, time(1), UTC)
        elif why == "outside":
            stage.ends = row.day - timedelta(days=1)
        elif why == "closed":
            stage.status = Status.CLOSED
        elif why == "leave":
            db.add(TeamLeave(team_id=row.team_id, starts=row.day, ends=row.day))
        else:
            run = db.scalars(select(PlanRun)).one().model_dump(exclude={"id", "state"})
            db.add(PlanRun(**run))
    with unit_of_work(engine) as db:
        given = return_visit(db, row.id, by=world.coordinator, now=now, reason="sakit")
    assert given.visit.work is Work.RETURNED
    assert given.filled is None


def test_two_returns_at_once_refill_once(engine: Engine, world: World, row: VisitRow) -> None:
    def act(_: int) -> str:
        try:
            return "filled" if _give_back(engine, row, world.coordinator).filled else "empty"
        except Conflict as error:
            return str(error.facts["problem"])

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(act, range(2))) == ["filled", "wrong_status"]
    with reading(engine) as db:
        query = select(VisitEvent).where(
            col(VisitEvent.reason) == REFILLED, col(VisitEvent.happening) == Happening.PLANNED
        )
        assert len(db.scalars(query).all()) == 1


def test_two_teams_that_return_at_once_never_get_the_same_village(
    engine: Engine, world: World, row: VisitRow
) -> None:
    with reading(engine) as db:
        trips = day_trips(db, world.coordinator, row.stage_id)
    other = next(
        one.stops[1]
        for one in trips
        if one.team_id != row.team_id and len(one.stops) == 3 and one.day > TODAY
    )
    with ThreadPoolExecutor(2) as pool:
        given = list(pool.map(lambda one: _give_back(engine, one, world.coordinator), (row, other)))
    filled = [one.filled.village_code for one in given if one.filled]
    assert len(filled) == 2
    assert len(set(filled)) == 2


ZONES = {Zone.WIB: 7, Zone.WITA: 8, Zone.WIT: 9}


@pytest.mark.parametrize("zone", list(Zone))
def test_a_lease_ends_by_the_clock_of_the_village(
    engine: Engine, world: World, row: VisitRow, zone: Zone
) -> None:
    _set(engine, row.id, work=Work.AWAITING, zone=zone, starts_at=time(9, 30))
    with unit_of_work(engine) as db:
        db.execute(update(Visit).where(col(Visit.id) != row.id).values(work=Work.CANCELLED))
    starts = datetime.combine(row.day, time(9 - ZONES[zone], 30), UTC)
    with unit_of_work(engine) as db:
        assert run_out_leases(db, starts - timedelta(minutes=1)) == []
        assert run_out_leases(db, starts) == [row.id]
        assert run_out_leases(db, starts) == []
    with reading(engine) as db:
        last = db.scalars(
            select(VisitEvent)
            .where(col(VisitEvent.visit_id) == row.id)
            .order_by(col(VisitEvent.id).desc())
        ).first()
    assert last is not None
    assert (last.happening, last.reason, last.account_id, last.channel) == (
        Happening.RETURNED,
        ANSWER_MISSING,
        None,
        Channel.PRODUCT,
    )


def test_leases_by_status(engine: Engine, world: World, row: VisitRow) -> None:
    """One visit in every status, on days that are long over."""
    with unit_of_work(engine) as db:
        visits = list(db.scalars(select(Visit).order_by(col(Visit.id))))
        for visit in visits[len(Work) :]:
            visit.work = Work.CANCELLED
        db.flush()
        for visit, work in zip(visits, Work, strict=False):
            visit.work = work
        by_work = {one.work: one.id or 0 for one in visits[: len(Work)]}
        last = max(one.day for one in visits[: len(Work)])
    soon, late = (
        datetime.combine(last + wait, time(12), UTC)
        for wait in (timedelta(hours=24), REPORT_WITHIN + timedelta(days=1))
    )
    with reading(engine) as db:
        confirmed_on = db.get_one(Visit, by_work[Work.CONFIRMED]).day
    is_early = confirmed_on + REPORT_WITHIN >= soon.date()
    assert is_early
    with unit_of_work(engine) as db:
        run_out_leases(db, soon)
    wanted = {by_work[Work.PROPOSED]: NEVER_ASKED, by_work[Work.AWAITING]: ANSWER_MISSING}
    assert _reasons(engine, list(by_work.values())) == wanted
    with unit_of_work(engine) as db:
        assert len(run_out_leases(db, late)) == 1
    wanted[by_work[Work.CONFIRMED]] = REPORT_MISSING
    assert _reasons(engine, list(by_work.values())) == wanted


def _reasons(engine: Engine, ids: list[int]) -> dict[int, str]:
    with reading(engine) as db:
        query = select(col(VisitEvent.visit_id), col(VisitEvent.reason)).where(
            col(VisitEvent.happening) == Happening.RETURNED, col(VisitEvent.visit_id).in_(ids)
        )
        return {row.visit_id: row.reason for row in db.execute(query)}


def test_two_sweepers_return_once(engine: Engine, world: World, row: VisitRow) -> None:
    _set(engine, row.id, work=Work.AWAITING)
    late = datetime.combine(ENDS + timedelta(days=1), time(0), UTC)

    def sweep(_: int) -> int:
        with unit_of_work(engine) as db:
            return len(run_out_leases(db, late))

    with reading(engine) as db:
        waiting = len(db.scalars(select(Visit).where(col(Visit.work).in_(ACTIVE))).all())
    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(sweep, range(2))) == waiting


def test_a_late_report_of_returned_work_counts(engine: Engine, world: World, row: VisitRow) -> None:
    _set(engine, row.id, work=Work.CONFIRMED)
    late = datetime.combine(row.day, time(8), UTC) + REPORT_WITHIN + timedelta(days=1)
    with unit_of_work(engine) as db:
        run_out_leases(db, late)
        assert db.get_one(Visit, row.id, populate_existing=True).work is Work.RETURNED
        report = told(row.id, held_on=row.day.isoformat())
        (answer,) = take_in(db, [report], world.official, late)
    assert answer.outcome is Outcome.ACCEPTED
    with reading(engine) as db:
        assert db.get_one(Visit, row.id).work is Work.DONE
        lines = returned_work(db, world.coordinator, late)
        assert row.id not in [one.visit.id for one in lines]
        assert lines


def test_the_desk_lists_what_came_back_until_it_is_planned_again(
    engine: Engine, world: World, row: VisitRow
) -> None:
    given = _give_back(engine, row, world.coordinator, reason="jalan putus")
    assert given.filled is not None
    with reading(engine) as db:
        (line,) = returned_work(db, world.coordinator, NOW)
        assert (line.visit.id, line.reason, line.who) == (row.id, "jalan putus", "Rini")
        assert line.filled is not None
        assert line.filled.id == given.filled.id
        assert returned_work(db, world.foreigner, NOW) == []
        assert returned_work(db, world.coordinator, NOW + timedelta(days=31)) == []
    _set(engine, row.id, work=Work.POSTPONED)
    with reading(engine) as db:
        assert returned_work(db, world.coordinator, NOW) == []
    _set(engine, row.id, work=Work.RETURNED)
    with unit_of_work(engine) as db:
        again = db.get_one(Visit, row.id).model_dump(exclude={"id", "day", "work"})
        db.add(Visit(**again, day=ENDS + timedelta(days=9), work=Work.PROPOSED))
    with reading(engine) as db:
        assert returned_work(db, world.coordinator, NOW) == []


def test_work_the_product_took_back_names_nobody(
    engine: Engine, world: World, row: VisitRow
) -> None:
    _set(engine, row.id, work=Work.AWAITING)
    late = datetime.combine(row.day, time(8), UTC)
    with unit_of_work(engine) as db:
        run_out_leases(db, late)
    with reading(engine) as db:
        lines = {one.visit.id: one for one in returned_work(db, world.coordinator, late)}
    assert (lines[row.id].who, lines[row.id].reason) == (None, ANSWER_MISSING)
    assert lines[row.id].filled is None


def test_a_plan_that_is_being_made_is_left_alone(
    engine: Engine, world: World, row: VisitRow
) -> None:
    _set(engine, row.id, work=Work.CONFIRMED)
    ask_for_plan(engine, world)
    assert _give_back(engine, row, world.coordinator).filled is None
