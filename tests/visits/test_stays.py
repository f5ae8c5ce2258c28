"""Stays in the database: days at a hub start there, days of travel hold nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from outreach.campaigns.tables import Stage
from outreach.db import reading, unit_of_work
from outreach.errors import NotFound
from outreach.papers.contents import teams_of
from outreach.people import rota
from outreach.people.tables import Team
from outreach.planning.expeditions import way_minutes
from outreach.planning.workdays import Closed, ClosedKind
from outreach.villages.tables import Zone
from outreach.visits.board import read_board
from outreach.visits.fairness import fairness
from outreach.visits.listing import day_trips, summary_of_stage
from outreach.visits.openings import open_days
from outreach.visits.question import free_team_days
from outreach.visits.releasing import release_proposals
from outreach.visits.stays import stays_of_stage, team_days
from outreach.visits.tables import Batch, Stay, Visit, Work
from outreach.visits.teamday import day_of_team, why_team_stays
from tests.visits.away import AROUND, BACK, FIRST, HUB, OUT, SECOND, save_stay
from tests.visits.world import (
    ENDS,
    NOW,
    STARTS,
    TODAY,
    World,
    ask_for_plan,
    build_world,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Engine

    from outreach.planning.model import TeamDay


def of_first(world: World, days: Iterable[TeamDay]) -> dict[date, str]:
    """Where the days of the first team start."""
    return {one.day: one.base.region_code for one in days if one.team_id == world.team_ids[0]}


def test_days_of_a_stay_start_at_its_hub_and_days_of_travel_are_none(
    engine: Engine, away: World
) -> None:
    with reading(engine) as db:
        days = of_first(away, team_days(db, away.branch_id, STARTS, ENDS))
        plain = of_first(away, rota.team_days(db, away.branch_id, STARTS, ENDS))
        team = db.get_one(Team, away.team_ids[0])
        at_hub, at_home = day_of_team(db, team, FIRST), day_of_team(db, team, BACK + timedelta(1))
        board = read_board(db, away.branch_id, (), [(away.team_ids[0], SECOND)], ())
        closed = why_team_stays(db, team, OUT)
    assert plain.keys() - days.keys() == {OUT, BACK}
    assert {day for day, base in days.items() if base == HUB} == {FIRST, SECOND}
    assert (at_hub.base.region_code, at_home.base.region_code) == (HUB, plain[ENDS])
    assert board.day((away.team_ids[0], SECOND)).base.region_code == HUB
    assert [one.kind for one in closed] == [ClosedKind.STAY]


def test_a_day_at_the_hub_without_a_session_is_no_day_of_travel(
    engine: Engine, away: World
) -> None:
    """Off on Sunday, waiting on Saturday, and again at work on Monday, at the same hub."""
    saturday = STARTS + timedelta(days=4)
    sunday, monday, home = (saturday + timedelta(days=number) for number in (1, 2, 3))
    sessions = [day.isoformat() for day in (FIRST, SECOND, BACK, monday)]
    travel = [day.isoformat() for day in (OUT, saturday, home)]
    with unit_of_work(engine) as db:
        longer = {"ends": home, "session_days": sessions, "travel_days": travel}
        db.execute(update(Stay).values(**longer))
    with reading(engine) as db:
        team = db.get_one(Team, away.team_ids[0])
        told = {day: why_team_stays(db, team, day) for day in (saturday, sunday, monday, home)}
        (stay,) = stays_of_stage(db, away.coordinator, away.stage_id)
        board = read_board(db, away.branch_id, (), [(away.team_ids[0], sunday)], ())
        free = of_first(away, team_days(db, away.branch_id, STARTS, ENDS))
    at_hub = stay.hub_name
    assert told == {
        saturday: (Closed(ClosedKind.STAY_WAIT, at_hub),),
        sunday: (Closed(ClosedKind.SUNDAY), Closed(ClosedKind.STAY_REST, at_hub)),
        monday: (),
        home: (Closed(ClosedKind.STAY, at_hub),),
    }
    assert board.why_closed((away.team_ids[0], sunday)) == told[sunday]
    assert [day for day in (OUT, saturday, sunday, home) if stay.is_on_the_way(day)] == [OUT, home]
    assert monday in free
    assert not {saturday, sunday, home} & free.keys()


def test_nothing_finds_a_place_on_a_day_of_travel(engine: Engine, away: World) -> None:
    with reading(engine) as db:
        stage = db.get_one(Stage, away.stage_id)
        days = of_first(away, [one.team_day for one in open_days(db, stage, STARTS, ENDS)])
    assert not {OUT, BACK} & days.keys()
    assert days[FIRST] == HUB


def test_a_stay_of_proposals_gives_way_to_a_new_plan_and_one_that_is_told_of_does_not(
    engine: Engine, away: World
) -> None:
    with reading(engine) as db:
        stage = db.get_one(Stage, away.stage_id)
        assert {OUT, FIRST} <= of_first(away, free_team_days(db, stage, TODAY)).keys()
    with unit_of_work(engine) as db:
        asked = update(Visit).where(col(Visit.day) == SECOND).values(work=Work.AWAITING)
        db.execute(asked)
    with reading(engine) as db:
        stage = db.get_one(Stage, away.stage_id)
        free = of_first(away, free_team_days(db, stage, TODAY))
    assert not {OUT, FIRST, SECOND, BACK} & free.keys()
    assert BACK + timedelta(days=1) in free


def test_a_stay_ends_with_its_last_visit(engine: Engine, away: World) -> None:
    with unit_of_work(engine) as db:
        assert len(stays_of_stage(db, away.coordinator, away.stage_id)) == 1
        db.execute(update(Visit).where(col(Visit.day) == FIRST).values(work=Work.CANCELLED))
        assert len(stays_of_stage(db, away.coordinator, away.stage_id)) == 1
        release_proposals(db, away.stage_id, away.coordinator, NOW)
        assert not stays_of_stage(db, away.coordinator, away.stage_id)
        days = of_first(away, team_days(db, away.branch_id, STARTS, ENDS))
    assert days[FIRST] == days[OUT] != HUB


def test_visits_moved_out_of_a_stay_do_not_keep_it(engine: Engine, away: World) -> None:
    with unit_of_work(engine) as db:
        db.execute(update(Visit).values(team_id=away.team_ids[1]))
        assert not stays_of_stage(db, away.coordinator, away.stage_id)


def test_a_stay_that_has_lost_a_day_is_not_kept(engine: Engine) -> None:
    world = build_world(engine)
    ask_for_plan(engine, world)
    with unit_of_work(engine) as db:
        db.add(
            Visit(
                stage_id=world.stage_id,
                village_code="33.72.03.1001",
                team_id=world.team_ids[0],
                day=BACK,
                slot=1,
                starts_at=NOW.time(),
                zone=Zone.WIB,
                work=Work.CONFIRMED,
            )
        )
    save_stay(engine, world)
    with reading(engine) as db:
        assert not stays_of_stage(db, world.coordinator, world.stage_id)
        active = select(Visit).where(col(Visit.village_code).in_(AROUND))
        assert db.scalars(active).first() is None


def test_the_way_to_the_hub_counts_in_the_figures_of_the_batch(engine: Engine, away: World) -> None:
    with reading(engine) as db:
        batch, stay = db.scalars(select(Batch)).one(), db.scalars(select(Stay)).one()
    assert (batch.team_days, batch.travel_minutes) == (4, 2 * 300 + 80)
    assert (stay.starts, stay.ends) == (OUT, BACK)
    assert way_minutes([]) == 0


def test_the_way_to_the_hub_counts_in_the_figures_of_the_plan(engine: Engine, away: World) -> None:
    with reading(engine) as db:
        summary = summary_of_stage(db, away.coordinator, away.stage_id)
    # Two visits of 20 minutes out and back, and 300 minutes to the hub, out and back.
    assert (summary.team_days, summary.travel_minutes) == (4, 2 * 40 + 2 * 300)
    with unit_of_work(engine) as db:
        db.execute(update(Visit).values(work=Work.CANCELLED))
    with reading(engine) as db:
        summary = summary_of_stage(db, away.coordinator, away.stage_id)
    assert (summary.team_days, summary.travel_minutes) == (0, 0)


def test_the_way_to_the_hub_is_work_of_the_team(engine: Engine, away: World) -> None:
    def carried(first: date, last: date, stage_id: int | None = None) -> list[tuple[int, int]]:
        with reading(engine) as db:
            told = fairness(db, away.branch_id, first, last, stage_id=stage_id)
        return [(load.team_days, load.travel_minutes) for load in told.loads]

    assert carried(STARTS, ENDS, away.stage_id) == [(4, 680), (0, 0)]
    assert carried(STARTS, ENDS, away.stage_id + 1) == [(0, 0), (0, 0)]
    # Of a stay that reaches beyond the span, the way of the days within.
    assert carried(FIRST, BACK) == [(3, 380), (0, 0)]
    assert carried(SECOND, SECOND) == [(1, 40), (0, 0)]


def test_trips_papers_and_lists_name_the_hub(engine: Engine, away: World) -> None:
    with reading(engine) as db:
        trips = day_trips(db, away.coordinator, away.stage_id)
        (stay,) = stays_of_stage(db, away.coordinator, away.stage_id)
        team = teams_of(db, away.team_ids)[away.team_ids[0]]
        with pytest.raises(NotFound):
            stays_of_stage(db, away.foreigner, away.stage_id)
        assert stays_of_stage(db, away.manager, away.stage_id) == [stay]
    assert {(trip.base.region_code, trip.base_name, trip.is_stay) for trip in trips} == {
        (HUB, stay.hub_name, True)
    }
    assert (stay.travel_days, stay.session_days) == ((OUT, BACK), (FIRST, SECOND))
    assert team.base_on(FIRST) == stay.hub_name
    assert team.base_on(BACK + timedelta(days=1)) == team.base
