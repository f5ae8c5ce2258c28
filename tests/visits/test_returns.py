"""Work given back by village, team and lease; the free slot filled once, by what fits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from outreach.campaigns.tables import Stage, StageVillage, Status
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.tables import TeamLeave
from outreach.visits.listing import day_trips, history
from outreach.visits.refilling import REFILLED, REST_AFTER_RETURN, is_refilled, refill
from outreach.visits.returns import GIVES_BACK, end_visit, return_visit, returned_work
from outreach.visits.tables import ACTIVE, Happening, PlanRun, Visit, VisitEvent, Work
from tests.rewriting import unlock_history
from tests.visits.short_stage import give_back, row, set_values, world
from tests.visits.world import (
    ENDS,
    LATER,
    LATEST,
    NOW,
    TODAY,
    World,
    add_stage,
    ask_for_plan,
    stage_in,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.visits.rows import VisitRow

__all__ = ["row", "world"]


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
    given = give_back(engine, row, world.coordinator)
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
    given = give_back(engine, row, world.coordinator)
    assert given.filled is not None
    chosen = given.filled.village_code
    with unit_of_work(engine) as db:
        unlock_history(db)
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
    assert give_back(engine, row, world.coordinator).filled is None
    with unit_of_work(engine) as db:
        unlock_history(db)
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
        unlock_history(db)
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
        give_back(engine, row, world.official)
    set_values(engine, row.id, work=Work.AWAITING)
    with pytest.raises(Invalid) as refusal:
        give_back(engine, row, world.official, reason=" ")
    assert refusal.value.facts["problems"] == {"reason": ["missing"]}
    with pytest.raises(NotFound):
        give_back(engine, row, world.foreigner)
    with pytest.raises(NotAllowed):
        give_back(engine, row, world.manager)
    assert give_back(engine, row, world.official).filled is not None


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
            return "filled" if give_back(engine, row, world.coordinator).filled else "empty"
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
        given = list(pool.map(lambda one: give_back(engine, one, world.coordinator), (row, other)))
    filled = [one.filled.village_code for one in given if one.filled]
    assert len(filled) == 2
    assert len(set(filled)) == 2


def test_the_desk_lists_what_came_back_until_it_is_planned_again(
    engine: Engine, world: World, row: VisitRow
) -> None:
    given = give_back(engine, row, world.coordinator, reason="jalan putus")
    assert given.filled is not None
    with reading(engine) as db:
        (line,) = returned_work(db, world.coordinator, NOW)
        assert (line.visit.id, line.reason, line.who) == (row.id, "jalan putus", "Rini")
        assert line.filled is not None
        assert line.filled.id == given.filled.id
        assert returned_work(db, world.foreigner, NOW) == []
        assert returned_work(db, world.coordinator, NOW + timedelta(days=31)) == []
    set_values(engine, row.id, work=Work.POSTPONED)
    with reading(engine) as db:
        assert returned_work(db, world.coordinator, NOW) == []
    set_values(engine, row.id, work=Work.RETURNED)
    with unit_of_work(engine) as db:
        again = db.get_one(Visit, row.id).model_dump(exclude={"id", "day", "work"})
        db.add(Visit(**again, day=ENDS + timedelta(days=9), work=Work.PROPOSED))
    with reading(engine) as db:
        assert returned_work(db, world.coordinator, NOW) == []


def test_work_given_back_leaves_the_desk_when_another_stage_has_its_village(
    engine: Engine, world: World, row: VisitRow
) -> None:
    give_back(engine, row, world.coordinator)
    with unit_of_work(engine) as db:
        given = stage_in("Tahap 2", starts=LATER, ends=LATEST)
        other = add_stage(db, world.campaign_id, world.coordinator, given)
        assert [one.visit.id for one in returned_work(db, world.coordinator, NOW)] == [row.id]
        again = db.get_one(Visit, row.id).model_dump(exclude={"id", "stage_id", "day", "work"})
        visit = Visit(**again, stage_id=other, day=LATER, work=Work.PROPOSED)
        db.add(visit)
        db.flush()
        assert returned_work(db, world.coordinator, NOW) == []
        visit.work = Work.CANCELLED
        db.flush()
        assert [one.visit.id for one in returned_work(db, world.coordinator, NOW)] == [row.id]


def test_a_plan_that_is_being_made_is_left_alone(
    engine: Engine, world: World, row: VisitRow
) -> None:
    set_values(engine, row.id, work=Work.CONFIRMED)
    ask_for_plan(engine, world)
    assert give_back(engine, row, world.coordinator).filled is None
