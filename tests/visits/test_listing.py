"""What pages list, narrowed to the person, and what a plan is told to do beforehand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from outreach.db import reading, unit_of_work
from outreach.errors import NotFound
from outreach.people.tables import TeamLeave
from outreach.planning.workdays import ClosedKind
from outreach.visits.lifecycle import ask, confirm, postpone, turn
from outreach.visits.listing import (
    day_trips,
    history,
    next_visits,
    summary_of_stage,
    unplaced,
    visit_row,
    visits_of_stage,
)
from outreach.visits.preview import preview
from outreach.visits.rows import VisitFilters
from outreach.visits.tables import Happening, Result, Work
from tests.visits.world import (
    ENDS,
    NOW,
    SERENGAN,
    STARTS,
    TODAY,
    World,
    account,
    add_stage,
    build_world,
    plan,
    stage_in,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_day_trips_hold_every_visit_once_in_the_order_of_the_day(
    engine: Engine, world: World
) -> None:
    plan(engine, world)
    with reading(engine) as db:
        rows = visits_of_stage(db, world.coordinator, world.stage_id)
        trips = day_trips(db, world.coordinator, world.stage_id)
        summary = summary_of_stage(db, world.coordinator, world.stage_id)
    assert [stop for trip in trips for stop in trip.stops] == rows
    assert len(rows) == 54
    for trip in trips:
        assert [stop.slot for stop in trip.stops] == list(range(1, len(trip.stops) + 1))
        assert [stop.return_minutes == 0 for stop in trip.stops[:-1]] == [True] * (
            len(trip.stops) - 1
        )
        assert trip.travel_minutes == sum(s.travel_minutes for s in trip.stops) + (
            trip.stops[-1].return_minutes
        )
        assert (trip.base_name, trip.sessions_per_day) == ("Kadipiro", 3)
        assert trip.base.region_code == "33.72.05.1001"
    assert len({(trip.team_id, trip.day) for trip in trips}) == len(trips) == summary.team_days
    assert summary.travel_minutes == sum(trip.travel_minutes for trip in trips)
    assert (summary.first_day, summary.last_day) == (trips[0].day, trips[-1].day)
    assert rows[0].regency == "Kota Surakarta"


def test_filters_narrow_and_never_widen(engine: Engine, world: World) -> None:
    plan(engine, world)
    with reading(engine) as db:

        def listed(**filters: object) -> list[int]:
            found = visits_of_stage(
                db,
                world.coordinator,
                world.stage_id,
                VisitFilters(**filters),  # type: ignore[arg-type]
            )
            return [row.id for row in found]

        everything = visits_of_stage(db, world.coordinator, world.stage_id)
        day = everything[10].day
        assert listed(team_id=world.team_ids[0]) == [
            row.id for row in everything if row.team_id == world.team_ids[0]
        ]
        assert listed(day_from=day, day_to=day) == [row.id for row in everything if row.day == day]
        assert len(listed(area_code=SERENGAN)) == 7
        assert len(listed(area_code="33.72.02.1003")) == 1
        assert listed(work=Work.CONFIRMED) == []
        assert listed(area_code="33.7") == []


def test_everybody_sees_their_own_area_only(engine: Engine, world: World) -> None:
    plan(engine, world)
    with unit_of_work(engine) as db:
        nation = account(db, "pusat", world.manager.role, "")
        nobody = account(db, "nobody", world.manager.role)
    with reading(engine) as db:
        mine = visits_of_stage(db, world.coordinator, world.stage_id)
        for person in (world.manager, nation):
            assert visits_of_stage(db, person, world.stage_id) == mine
        for person in (world.foreigner, nobody, world.official):
            for act in (visits_of_stage, day_trips, unplaced, summary_of_stage):
                with pytest.raises(NotFound):
                    act(db, person, world.stage_id)
            with pytest.raises(NotFound):
                preview(db, world.stage_id, person, TODAY)
        for person in (world.foreigner, nobody):
            with pytest.raises(NotFound):
                history(db, person, mine[0].id)
            with pytest.raises(NotFound):
                visit_row(db, person, mine[0].id)
            assert next_visits(db, person, TODAY) == []


def test_an_official_sees_what_to_answer_hold_and_correct(engine: Engine, world: World) -> None:
    plan(engine, world)

    def own() -> list[tuple[str, Work]]:
        with reading(engine) as db:
            found = next_visits(db, world.official, TODAY + timedelta(days=60))
        return [(row.village_code, row.work) for row in found]

    assert own() == []
    with unit_of_work(engine) as db:
        rows = visits_of_stage(db, world.coordinator, world.stage_id)
        (mine,) = [row.id for row in rows if row.village_code == "33.72.01.1001"]
        other = next(row.id for row in rows if row.village_code == "33.72.01.1002")
        for visit_id in (mine, other):
            ask(db, visit_id, version=1, by=world.coordinator, now=NOW)
    assert own() == [("33.72.01.1001", Work.AWAITING)]
    with unit_of_work(engine) as db:
        confirm(db, mine, version=2, by=world.official, now=NOW)
    assert own() == [("33.72.01.1001", Work.CONFIRMED)]
    with unit_of_work(engine) as db:
        reported: dict[str, Any] = {"by": world.official, "now": NOW, "result": Result.ATTENDED}
        turn(db, mine, Happening.REPORTED, **reported)
    assert own() == []
    with unit_of_work(engine) as db:
        asked: dict[str, Any] = {"by": world.coordinator, "now": NOW, "reason": "jumlah?"}
        turn(db, mine, Happening.SENT_BACK, version=4, **asked)
    assert own() == [("33.72.01.1001", Work.SENT_BACK)]


def test_a_village_whose_visit_ended_is_listed_with_how(engine: Engine, world: World) -> None:
    plan(engine, world)
    with unit_of_work(engine) as db:
        row = visits_of_stage(db, world.coordinator, world.stage_id)[0]
        postpone(db, row.id, version=1, by=world.coordinator, now=NOW, reason="panen")
    with reading(engine) as db:
        left = unplaced(db, world.coordinator, world.stage_id)
        summary = summary_of_stage(db, world.coordinator, world.stage_id)
    assert [(one.village_code, one.reason, one.ended) for one in left] == [
        (row.village_code, None, Work.POSTPONED)
    ]
    assert (summary.villages, summary.unplaced) == (54, 1)


def test_a_preview_tells_what_the_run_then_does(engine: Engine) -> None:
    world = build_world(engine, ends=date(2026, 11, 9))
    with unit_of_work(engine) as db:
        team = world.team_ids[0]
        db.add(TeamLeave(team_id=team, starts=STARTS, ends=STARTS, reason="diklat"))
        first = add_stage(
            db,
            world.campaign_id,
            world.coordinator,
            stage_in("Tahap 0", area_codes=[SERENGAN], starts=ENDS, ends=ENDS),
        )
    plan(engine, world, stage_id=first)
    with reading(engine) as db:
        told = preview(db, world.stage_id, world.coordinator, TODAY)
        before = len(visits_of_stage(db, world.coordinator, world.stage_id))
    assert before == 0
    taken = 6  # two teams, one Saturday
    assert (told.villages_in_area, told.villages_elsewhere) == (54, taken)
    assert told.villages == 54 - taken
    # Six working days with two teams, one of them a day on leave.
    assert (told.team_days, told.fridays) == (11, 2)
    assert [(one.day, one.closed.kind, one.team) for one in told.days_left_out] == [
        (date(2026, 11, 8), ClosedKind.SUNDAY, None),
        (STARTS, ClosedKind.LEAVE, "Tim 1"),
    ]
    assert told.shortfall == told.villages - told.out_of_reach - told.sessions_possible > 0
    assert told.cures
    plan(engine, world)
    with reading(engine) as db:
        summary = summary_of_stage(db, world.coordinator, world.stage_id)
    assert summary.villages == told.villages
    assert abs(summary.unplaced - told.shortfall) <= 3


def test_a_preview_names_the_holidays(engine: Engine) -> None:
    world = build_world(engine, starts=date(2026, 12, 21), ends=date(2026, 12, 26))
    with reading(engine) as db:
        told = preview(db, world.stage_id, world.coordinator, TODAY)
    names = {one.day: one.closed.name for one in told.days_left_out}
    assert "Natal" in names[date(2026, 12, 25)]
