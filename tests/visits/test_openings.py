"""Other days for a visit, and a village put between two visits that stand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from typing import TYPE_CHECKING

import pytest
from sqlmodel import col, select

from outreach.campaigns.choosing import sites_of
from outreach.campaigns.tables import Stage, StageVillage
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, NotFound
from outreach.people.tables import Team, TeamLeave
from outreach.planning.check import violations_of_day
from outreach.planning.insertion import places_on
from outreach.visits.lifecycle import Author, cancel, confirm
from outreach.visits.listing import day_trips, history, visit_row
from outreach.visits.openings import (
    add_visit,
    open_days,
    openings,
    place_visit,
)
from outreach.visits.tables import Happening, Visit, Work
from outreach.visits.teamday import day_of_team, stops_of, visits_on
from tests.visits.world import ENDS, NOW, TODAY, World, plan

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.planning.insertion import Place
    from outreach.visits.rows import DayTrip, VisitRow


@pytest.fixture
def trips(engine: Engine, world: World) -> list[DayTrip]:
    plan(engine, world)
    with reading(engine) as db:
        return day_trips(db, world.coordinator, world.stage_id)


def _author(world: World) -> Author:
    return Author(world.coordinator, NOW, "desa minta hari lain")


def _call_off(engine: Engine, world: World, row: VisitRow) -> None:
    with unit_of_work(engine) as db:
        cancel(db, row.id, version=row.version, by=world.coordinator, now=NOW, reason="banjir")


def _is_sound(db: Session, team_id: int, day: date) -> bool:
    """Whether a day as it is written down keeps every rule."""
    whole = day_of_team(db, db.get_one(Team, team_id), day)
    visits = visits_on(db, team_id, day)
    stops = stops_of(db, whole, [(one.slot, one) for one in visits])
    assert [stop.starts_at for stop in stops] == [one.starts_at for one in visits]
    sites = {stop.planned.code: stop.site for stop in stops}
    return violations_of_day(whole, [stop.planned for stop in stops], sites) == ()


def _places_in(db: Session, world: World, code: str, trip: DayTrip) -> tuple[Place, ...]:
    stage = db.get_one(Stage, world.stage_id)
    days = open_days(db, stage, trip.day, trip.day)
    (day,) = [one for one in days if one.team_day.team_id == trip.team_id]
    return places_on(sites_of(db, (code,), trip.day, trip.day)[0], day)


def test_other_days_are_offered_and_can_be_taken(
    engine: Engine, world: World, trips: list[DayTrip]
) -> None:
    row = trips[0].stops[0]
    with reading(engine) as db:
        assert len(openings(db, row.id, today=TODAY)) == 2  # the plan leaves two days with room
    _call_off(engine, world, next(one for one in trips if one.day != row.day).stops[0])
    with reading(engine) as db:
        found = openings(db, row.id, today=TODAY)
    assert len({place.day for place in found}) == len(found) == 3
    assert all(TODAY < place.day <= ENDS and place.day != row.day for place in found)
    for place in found:
        with unit_of_work(engine) as db:
            version = db.get_one(Visit, row.id).version
            moved = place_visit(db, row.id, place, _author(world), version)
            assert (moved.team_id, moved.day) == (place.team_id, place.day)
            assert (moved.slot, moved.starts_at) == (
                place.position,
                time(*divmod(place.starts_minute, 60)),
            )
            assert _is_sound(db, place.team_id, place.day)
            assert place.day not in {one.day for one in openings(db, row.id, today=TODAY, most=20)}


def test_a_visit_goes_between_two_others_and_the_history_keeps_it(
    engine: Engine, world: World, trips: list[DayTrip]
) -> None:
    trip = next(one for one in trips if len(one.stops) == 3)
    first, second, third = trip.stops
    row = next(one for one in trips if one.day != trip.day).stops[0]
    _call_off(engine, world, third)
    with unit_of_work(engine) as db:
        found = {one.position: one for one in _places_in(db, world, row.village_code, trip)}
        assert found[2].shifts == (second.village_code,)
        place_visit(db, row.id, found[2], _author(world))
        order = visits_on(db, trip.team_id, trip.day)
        assert [(one.id, one.slot) for one in order] == [(first.id, 1), (row.id, 2), (second.id, 3)]
        assert _is_sound(db, trip.team_id, trip.day)
    with reading(engine) as db:
        last = history(db, world.coordinator, second.id)[-1]
        assert visit_row(db, world.coordinator, first.id) == first
    assert (last.happening, last.before["slot"], last.after["slot"]) == (Happening.MOVED, 2, 3)
    assert last.before["starts_at"] < last.after["starts_at"]


def test_a_confirmed_start_stays_and_its_gap_is_filled(
    engine: Engine, world: World, trips: list[DayTrip]
) -> None:
    trip = next(one for one in trips if len(one.stops) == 3)
    first, second, third = trip.stops
    with unit_of_work(engine) as db:
        confirm(db, second.id, version=second.version, by=world.coordinator, now=NOW)
    _call_off(engine, world, first)
    with unit_of_work(engine) as db:
        waiting = db.get_one(StageVillage, (world.stage_id, first.village_code))
        found = _places_in(db, world, waiting.village_code, trip)
        assert [place.position for place in found] == [1]
        made = add_visit(db, world.stage_id, first.village_code, found[0], _author(world))
        assert (made.work, made.starts_at) == (Work.PROPOSED, first.starts_at)
        kept = db.get_one(Visit, second.id)
        assert (kept.starts_at, kept.work) == (second.starts_at, Work.CONFIRMED)
        assert [one.id for one in visits_on(db, trip.team_id, trip.day)] == [
            made.id,
            second.id,
            third.id,
        ]
        assert _is_sound(db, trip.team_id, trip.day)


def test_a_place_that_was_used_meanwhile_is_gone(
    engine: Engine, world: World, trips: list[DayTrip]
) -> None:
    row, other = trips[0].stops[0], trips[1].stops[0]
    with unit_of_work(engine) as db:
        place = openings(db, row.id, today=TODAY)[0]
        db.add(TeamLeave(team_id=place.team_id, starts=place.day, ends=place.day))
    with pytest.raises(Conflict) as refusal, unit_of_work(engine) as db:
        place_visit(db, row.id, place, _author(world))
    assert refusal.value.facts["problem"] == "opening_gone"
    with reading(engine) as db:
        assert visit_row(db, world.coordinator, row.id) == row
        place = openings(db, row.id, today=TODAY)[0]
    forged = replace(place, starts_minute=place.starts_minute + 1)
    with pytest.raises(Conflict), unit_of_work(engine) as db:
        place_visit(db, other.id, forged, _author(world))


def test_a_village_gets_one_visit_and_only_if_the_stage_has_it(
    engine: Engine, world: World, trips: list[DayTrip]
) -> None:
    row = trips[0].stops[0]
    _call_off(engine, world, row)
    with unit_of_work(engine) as db:
        found = openings(db, row.id, today=TODAY)
        add_visit(db, world.stage_id, row.village_code, found[0], _author(world))
    with reading(engine) as db:
        again = openings(db, row.id, today=TODAY)
    with pytest.raises(Conflict) as refusal, unit_of_work(engine) as db:
        add_visit(db, world.stage_id, row.village_code, again[0], _author(world))
    assert refusal.value.facts["problem"] == "village_has_visit"
    with pytest.raises(NotFound), unit_of_work(engine) as db:
        add_visit(db, world.stage_id, "33.09.01.2001", again[0], _author(world))
    with reading(engine) as db:
        active = select(Visit).where(
            Visit.village_code == row.village_code, col(Visit.work) == Work.PROPOSED
        )
        assert len(db.exec(active).all()) == 1


def test_nothing_is_offered_after_the_stage(
    engine: Engine, world: World, trips: list[DayTrip]
) -> None:
    with reading(engine) as db:
        assert openings(db, trips[0].stops[0].id, today=ENDS) == ()
