"""Who times the days of a plan again does so by the ways it was planned by; nobody is asked."""

from __future__ import annotations

from datetime import date  # noqa: TC003 - the annotation of a fixture's row
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.tables import Stage
from outreach.db import unit_of_work
from outreach.people.tables import Team
from outreach.planning.model import Access, TravelTable
from outreach.planning.travel import travel_minutes
from outreach.villages.tables import VillageAccess
from outreach.visits.batches import Claim, load_problem
from outreach.visits.board import Seat, read_board
from outreach.visits.day_ways import ways_of
from outreach.visits.lifecycle import Author
from outreach.visits.measured_ways import ToldWays, keep_ways, places_of, table_of
from outreach.visits.move_warnings import warnings_of_move
from outreach.visits.moving import MoveIn
from outreach.visits.openings import open_days, openings, place_visit
from outreach.visits.tables import Batch, Visit
from outreach.visits.teamday import day_minute, day_of_team, stops_of, visits_on
from tests.visits.world import ENDS, NOW, STARTS, TODAY, World, ask_for_plan, work_off

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

#: Far more than a way within the town takes by estimate.
MEASURED = 47


@pytest.fixture
def planned(engine: Engine, world: World) -> World:
    """Plan the stage by ways of which each takes the same."""
    ask_for_plan(engine, world)
    work_off(engine, _measure)
    return world


def _measure(db: Session, held: Claim) -> None:
    asked = load_problem(db, held)
    places = places_of(asked.sites, asked.team_days)
    minutes = np.full((len(places), len(places)), MEASURED)
    np.fill_diagonal(minutes, 0)
    keep_ways(db, held, TravelTable(places, minutes, "jalan"), ToldWays("jalan", None, NOW))
    assert load_problem(db, held).travel is not None


def _days(db: Session) -> list[tuple[int, date]]:
    return sorted({(one.team_id, one.day) for one in db.scalars(select(Visit))})


def test_a_day_that_is_timed_again_has_the_times_of_its_plan(
    engine: Engine, planned: World
) -> None:
    with unit_of_work(engine) as db:
        days = _days(db)
        board = read_board(db, planned.branch_id, (), days, ())
        for key in days:
            visits = visits_on(db, *key)
            whole = day_of_team(db, db.get_one(Team, key[0]), key[1])
            stops = stops_of(db, whole, [(one.slot, one) for one in visits])
            wanted = [(one.starts_at, one.travel_minutes, one.return_minutes) for one in visits]
            assert wanted == [
                (one.starts_at, one.planned.travel_minutes, one.planned.return_minutes)
                for one in stops
            ]
            seats = [Seat(one.slot, one.village_code, one, is_moved=False) for one in visits]
            timed = board.timed(key, seats)
            assert timed is not None
            assert [one.starts_minute for one in timed] == [
                day_minute(one.starts_at) for one in visits
            ]


def test_other_days_are_offered_by_the_ways_of_the_plan_and_nothing_warns_of_them(
    engine: Engine, planned: World
) -> None:
    with unit_of_work(engine) as db:
        by = Author(planned.coordinator, NOW, "hari lain")
        visits = list(db.scalars(select(Visit).order_by(col(Visit.village_code))))
        found = ((one, openings(db, one.id or 0, today=TODAY)) for one in visits)
        visit, places = next((one, places) for one, places in found if places)
        for place in places:
            # A session beside the base's own village takes the overhead alone.
            assert place.travel_minutes in {5, MEASURED}
        place = places[0]
        to = MoveIn(team_id=place.team_id, day=place.day, slot=place.position, insert=True)
        told = warnings_of_move(db, visit.id or 0, to, by=planned.coordinator, now=NOW)
        assert {one.code for one in told} <= {"told_would_move"}
        moved = place_visit(db, visit.id or 0, place, by)
        assert day_minute(moved.starts_at) == place.starts_minute


def test_a_way_noted_since_is_estimated_by_boat_and_the_others_hold(
    engine: Engine, planned: World
) -> None:
    with unit_of_work(engine) as db:
        stage = db.get_one(Stage, planned.stage_id)
        code = db.scalars(select(col(Visit.village_code)).order_by(col(Visit.id))).first()
        assert code is not None
        noted = VillageAccess(
            village_code=code, access=Access.BOAT, wait_minutes=90, source="Kantor cabang"
        )
        db.add(noted)
        db.flush()
        days = open_days(db, stage, STARTS, ENDS)
        sites = {stop.site.code: stop.site for day in days for stop in day.stops}
        base, travel = days[0].team_day.base, days[0].travel
        one, other = [sites[c] for c in sorted(sites) if c not in {code, base.region_code}][:2]
    assert travel_minutes(base, sites[code].point, travel) >= 90
    assert travel_minutes(one.point, other.point, travel) == MEASURED


def test_what_later_batches_kept_holds_and_a_plan_by_estimates_keeps_nothing(
    engine: Engine, planned: World
) -> None:
    with unit_of_work(engine) as db:
        batch = db.scalars(select(Batch)).first()
        assert batch is not None
        table = table_of(batch.question)
        assert table is not None
        later = Batch(**batch.model_dump(exclude={"id", "number"}), number=9)
        minutes = np.where(np.eye(len(table.places)), 0, MEASURED + 1)
        db.add(later)
        db.flush()
        held = Claim(later.id or 0, later.fence, later.attempts, later.run_id)
        told = ToldWays("jalan lain", None, NOW)
        keep_ways(db, held, TravelTable(table.places[:4], minutes[:4, :4], "jalan lain"), told)
        db.flush()
        both = ways_of(db, {planned.stage_id})
        assert both is not None
        assert both.places == table.places
        assert set(both.minutes[:4, :4].flat) == {0, MEASURED + 1}
        assert set(both.minutes[4:, 4:].flat) == {0, MEASURED}
        for one in db.scalars(select(Batch)):
            one.figures = {**one.figures, "travel": {**one.figures["travel"], "source": ""}}
        db.flush()
        assert ways_of(db, {planned.stage_id}) is None
        assert ways_of(db, ()) is None
