"""A visit moved by hand: warned about, kept whole, and never silently when confirmed."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.stages import close_stage
from outreach.campaigns.tables import Stage
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.tables import Team, TeamLeave
from outreach.visits.lifecycle import ask, cancel, confirm, postpone, turn
from outreach.visits.listing import day_trips, history, visit_row
from outreach.visits.move_warnings import warnings_of_move
from outreach.visits.moving import MoveIn, move_visit
from outreach.visits.tables import Happening, Result, Visit, Work
from tests.visits.world import NOW, World, plan

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.visits.rows import DayTrip, VisitRow

#: A Saturday of the stage on which the plan of the world leaves both teams free.
FREE_DAY = date(2026, 11, 14)


@pytest.fixture
def trips(engine: Engine, world: World) -> list[DayTrip]:
    plan(engine, world)
    with reading(engine) as db:
        found = day_trips(db, world.coordinator, world.stage_id)
    assert FREE_DAY not in {trip.day for trip in found}
    return found


def _full(trips: list[DayTrip]) -> DayTrip:
    return next(trip for trip in trips if len(trip.stops) == 3)


def _move(engine: Engine, world: World, row: VisitRow, to: MoveIn, **more: object) -> VisitRow:
    with unit_of_work(engine) as db:
        by = world.coordinator
        move_visit(db, row.id, to, version=row.version, by=by, now=NOW, reason="hajatan")
    with reading(engine) as db:
        return visit_row(db, world.coordinator, row.id)


def _warned(engine: Engine, world: World, row: VisitRow, to: MoveIn) -> list[str]:
    with reading(engine) as db:
        found = warnings_of_move(db, row.id, to, by=world.coordinator, now=NOW)
    return [one.code for one in found]


def _refused(engine: Engine, world: World, row: VisitRow, to: MoveIn) -> dict[str, object]:
    with pytest.raises(Conflict) as refusal:
        _move(engine, world, row, to)
    return refusal.value.facts


def _to(team_id: int, day: date = FREE_DAY, slot: int = 1, **more: bool) -> MoveIn:
    return MoveIn(team_id=team_id, day=day, slot=slot, **more)


def test_a_move_sets_the_times_of_both_days_and_keeps_them_all(
    engine: Engine, world: World, trips: list[DayTrip]
) -> None:
    trip = _full(trips)
    first, second, third = trip.stops
    to = _to(world.team_ids[1])
    assert _warned(engine, world, first, to) == []
    moved = _move(engine, world, first, to)
    assert (moved.team_id, moved.day, moved.slot) == (world.team_ids[1], FREE_DAY, 1)
    assert moved.travel_minutes == moved.return_minutes == first.travel_minutes
    assert moved.starts_at == time(8, first.travel_minutes)
    assert (moved.work, moved.version) == (Work.PROPOSED, first.version + 1)
    with reading(engine) as db:
        left = [visit_row(db, world.coordinator, row.id) for row in (second, third)]
        lines = history(db, world.coordinator, first.id)
        shifted = history(db, world.coordinator, second.id)
    assert [row.slot for row in left] == [2, 3]
    assert left[0].starts_at < second.starts_at
    assert left[0].starts_at == time(8, left[0].travel_minutes)
    assert left[1].return_minutes == third.return_minutes
    assert [line.happening for line in lines] == [Happening.PLANNED, Happening.MOVED]
    assert lines[1].before["day"] == first.day.isoformat()
    assert lines[1].after["day"] == FREE_DAY.isoformat()
    assert (lines[1].who, lines[1].reason, lines[1].at) == ("Rini", "hajatan", NOW)
    assert shifted[-1].before["starts_at"] == second.starts_at.isoformat("minutes")
    assert shifted[-1].after["starts_at"] == left[0].starts_at.isoformat("minutes")


def test_a_taken_slot_is_refused_and_warned_of(
    engine: Engine, world: World, trips: list[DayTrip]
) -> None:
    one, other = trips[0].stops[0], trips[-1].stops[0]
    to = _to(other.team_id, other.day, other.slot)
    assert "slot_taken" in _warned(engine, world, one, to)
    facts = _refused(engine, world, one, to)
    assert (facts["problem"], facts["villages"]) == ("slot_taken", [other.village_code])
    with reading(engine) as db:
        assert visit_row(db, world.coordinator, one.id) == one


def test_a_confirmed_visit_moves_only_when_told_so_and_is_asked_again(
    engine: Engine, world: World, trips: list[DayTrip]
) -> None:
    row = trips[0].stops[0]
    with unit_of_work(engine) as db:
        confirm(db, row.id, version=row.version, by=world.coordinator, now=NOW)
        row = visit_row(db, world.coordinator, row.id)
    to = _to(world.team_ids[0])
    assert "confirmed" in _warned(engine, world, row, to)
    assert _refused(engine, world, row, to)["problem"] == "confirmed"
    moved = _move(engine, world, row, _to(world.team_ids[0], also_confirmed=True))
    assert (moved.day, moved.work) == (FREE_DAY, Work.AWAITING)


def test_who_was_asked_and_would_hear_of_another_time_is_named_before(
    engine: Engine, world: World, trips: list[DayTrip]
) -> None:
    trip = _full(trips)
    first, _, third = trip.stops
    back = _to(trip.team_id, trip.day, slot=1, insert=True)
    assert "told_would_move" not in _warned(engine, world, third, back)
    with unit_of_work(engine) as db:
        ask(db, first.id, version=first.version, by=world.coordinator, now=NOW)
    assert "told_would_move" in _warned(engine, world, third, back)
    assert "told_would_move" not in _warned(engine, world, third, _to(world.team_ids[0]))


def test_a_confirmed_neighbours_time_does_not_change_silently(
    engine: Engine, world: World, trips: list[DayTrip]
) -> None:
    trip = _full(trips)
    first, second, third = trip.stops
    with unit_of_work(engine) as db:
        confirm(db, second.id, version=second.version, by=world.coordinator, now=NOW)
    _move(engine, world, first, _to(world.team_ids[0]))
    with reading(engine) as db:
        kept = visit_row(db, world.coordinator, second.id)
        last = visit_row(db, world.coordinator, third.id)
    assert (kept.starts_at, kept.work) == (second.starts_at, Work.CONFIRMED)
    back = _to(trip.team_id, trip.day, slot=1, insert=True)
    assert "confirmed_would_move" in _warned(engine, world, last, back)
    facts = _refused(engine, world, last, back)
    assert facts == {"problem": "confirmed_would_move", "villages": [second.village_code]}
    _move(engine, world, last, back.model_copy(update={"also_confirmed": True}))
    with reading(engine) as db:
        pushed = visit_row(db, world.coordinator, second.id)
    assert pushed.work is Work.AWAITING
    assert pushed.starts_at > kept.starts_at


def test_what_was_reported_keeps_its_time(
    engine: Engine, world: World, trips: list[DayTrip]
) -> None:
    first, second, _ = _full(trips).stops
    with unit_of_work(engine) as db:
        reported: dict[str, Any] = {"by": world.coordinator, "now": NOW, "result": Result.SIGNED_UP}
        turn(db, second.id, Happening.REPORTED, **reported)
    _move(engine, world, first, _to(world.team_ids[0]))
    with reading(engine) as db:
        held = visit_row(db, world.coordinator, second.id)
    assert (held.starts_at, held.work) == (second.starts_at, Work.DONE)
    assert _refused(engine, world, held, _to(world.team_ids[1]))["problem"] == "wrong_status"


def test_a_postponed_visit_gets_a_new_day_unless_the_village_has_another(
    engine: Engine, world: World, trips: list[DayTrip]
) -> None:
    row = trips[0].stops[0]
    with unit_of_work(engine) as db:
        postpone(db, row.id, version=row.version, by=world.coordinator, now=NOW, reason="panen")
        row = visit_row(db, world.coordinator, row.id)
    moved = _move(engine, world, row, _to(world.team_ids[0]))
    assert (moved.work, moved.day) == (Work.PROPOSED, FREE_DAY)
    with unit_of_work(engine) as db:
        postpone(db, moved.id, version=moved.version, by=world.coordinator, now=NOW, reason="panen")
        again = visit_row(db, world.coordinator, moved.id)
    plan(engine, world)
    assert _refused(engine, world, again, _to(world.team_ids[0], slot=3))["problem"] == (
        "village_has_visit"
    )


def test_a_cancelled_visit_does_not_move(
    engine: Engine, world: World, trips: list[DayTrip]
) -> None:
    row = trips[0].stops[0]
    with unit_of_work(engine) as db:
        cancel(db, row.id, version=row.version, by=world.coordinator, now=NOW, reason="banjir")
        row = visit_row(db, world.coordinator, row.id)
    facts = _refused(engine, world, row, _to(world.team_ids[0]))
    assert facts["problem"] == "wrong_status"


@pytest.mark.parametrize(
    ("day", "codes"),
    [
        (date(2026, 11, 8), ["sunday"]),
        (date(2026, 12, 25), ["holiday", "outside_stage"]),
        (date(2026, 11, 30), ["outside_stage"]),
        (date(2026, 10, 30), ["outside_stage", "in_the_past"]),
    ],
)
def test_the_calendar_is_warned_of(
    engine: Engine, world: World, trips: list[DayTrip], day: date, codes: list[str]
) -> None:
    assert _warned(engine, world, trips[0].stops[0], _to(world.team_ids[0], day)) == codes


def test_leave_hours_and_the_number_of_sessions_are_warned_of(
    engine: Engine, world: World, trips: list[DayTrip]
) -> None:
    trip = _full(trips)
    row = trip.stops[0]
    with unit_of_work(engine) as db:
        db.add(
            TeamLeave(team_id=world.team_ids[0], starts=FREE_DAY, ends=FREE_DAY, reason="diklat")
        )
        short = db.get_one(Team, world.team_ids[1])
        short.day_ends = time(10)
    assert _warned(engine, world, row, _to(world.team_ids[0])) == ["leave"]
    assert _warned(engine, world, row, _to(world.team_ids[1])) == ["outside_hours"]
    with unit_of_work(engine) as db:
        team = db.get_one(Team, trip.team_id)
        team.sessions_per_day = 2
    assert "too_many_sessions" in _warned(engine, world, row, _to(trip.team_id, trip.day, row.slot))


def test_moves_that_cannot_be_are_refused(
    engine: Engine, world: World, trips: list[DayTrip]
) -> None:
    row = trips[0].stops[0]
    with pytest.raises(Invalid) as invalid:
        _move(engine, world, row, _to(world.team_ids[0], date(2026, 10, 30)))
    assert invalid.value.facts["problems"] == {"day": ["in_the_past"]}
    with pytest.raises(NotFound):
        _move(engine, world, row, _to(999))
    with reading(engine) as db:
        strangers = db.scalars(select(col(Team.id)).where(col(Team.branch_id) != world.branch_id))
        stranger = strangers.one()
    with pytest.raises(NotFound):
        _move(engine, world, row, _to(stranger or 0))
    for person, refusal in (
        (world.foreigner, NotFound),
        (world.manager, NotAllowed),
        (world.official, NotFound),
    ):
        with pytest.raises(refusal), unit_of_work(engine) as db:
            move_visit(db, row.id, _to(world.team_ids[0]), version=1, by=person, now=NOW)
    with unit_of_work(engine) as db:
        version = db.get_one(Stage, world.stage_id).version
        close_stage(db, world.stage_id, version, by=world.coordinator)
    assert _refused(engine, world, row, _to(world.team_ids[0]))["problem"] == "closed"


def test_a_stale_move_shows_both_places(engine: Engine, world: World, trips: list[DayTrip]) -> None:
    row = trips[0].stops[0]
    _move(engine, world, row, _to(world.team_ids[0]))
    facts = _refused(engine, world, row, _to(world.team_ids[1]))
    assert facts["problem"] == "changed_meanwhile"
    assert facts["yours"] == {"team_id": world.team_ids[1], "day": FREE_DAY, "slot": 1}
    assert facts["theirs"] == {"team_id": world.team_ids[0], "day": FREE_DAY, "slot": 1}


def test_a_friday_waits_for_the_prayers(engine: Engine, world: World, trips: list[DayTrip]) -> None:
    with unit_of_work(engine) as db:
        team = db.get_one(Team, world.team_ids[0])
        team.day_starts, team.day_ends = time(10), time(19)
        for visit in db.scalars(
            select(Visit).where(col(Visit.team_id) == team.id, col(Visit.day) == date(2026, 11, 13))
        ):
            visit.work = Work.CANCELLED
    row = trips[0].stops[0]
    friday = _to(world.team_ids[0], date(2026, 11, 13))
    assert _warned(engine, world, row, friday) == []
    assert _move(engine, world, row, friday).starts_at == time(13, 30)
    assert timedelta(minutes=row.session_minutes) == timedelta(hours=2)
