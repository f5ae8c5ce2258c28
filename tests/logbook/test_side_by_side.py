"""Sessions that can hardly both be as they are told are named, whoever is asked about."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import update

from outreach.db import unit_of_work
from outreach.logbook import beside, side_by_side
from outreach.logbook.sync import take_in
from outreach.logbook.tables import SessionReport
from outreach.people.tables import Team
from outreach.planning.model import Point
from outreach.planning.travel import travel_minutes
from outreach.villages.tables import Village, Zone
from outreach.visits.tables import Visit
from tests import builders
from tests.field import DAY, NOW, Field
from tests.logbook.judged import (
    flags,
    honest,
    point_of,
    store,
    village,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session


def another_team(db: Session, at: Field) -> int:
    branch_id = db.get_one(Team, at.team_id).branch_id
    return builders.team(db, branch_id, name="Tim B").id or 0


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


@pytest.mark.parametrize("stored_before", [True, False])
def test_two_sessions_between_which_nobody_can_travel_are_flagged(
    engine: Engine, at: Field, stored_before: bool
) -> None:
    """The second village lies 55 km off: about 100 minutes, and nobody is twice as fast."""
    with unit_of_work(engine) as db:
        far = db.get_one(Village, at.codes[1])
        far.latitude -= 0.5
    points = [point_of(village(engine, code)) for code in at.codes[:2]]
    needs = (
        -(-travel_minutes(points[0], points[1]) // side_by_side.TIMES_FASTER)
        - side_by_side.STARTS_WITHIN_MINUTES
    )
    assert needs > 10
    first = honest(at, 0, held_at="09:00", minutes=60, men=19)
    for late, wanted in ((needs, []), (needs - 1, ["impossible_travel"])):
        second = honest(at, 1, held_at=_time(600 + late))
        if stored_before:
            with unit_of_work(engine) as db:
                take_in(db, [first], at.coordinator, NOW)
            assert flags(engine, at, second) == [wanted]
        else:
            assert flags(engine, at, first, second) == [wanted, wanted]


def test_an_hour_told_to_the_quarter_does_not_make_neighbours_suspicious(
    engine: Engine, at: Field
) -> None:
    first, second = honest(at, 0, minutes=60, men=19), honest(at, 1, held_at="10:00", minutes=60)
    assert flags(engine, at, first, second) == [[], []]
    overlapping = {**second, "held_at": "09:30"}
    assert flags(engine, at, first, overlapping) == [["impossible_travel"]] * 2


def test_sessions_of_another_team_or_another_day_are_no_journey(engine: Engine, at: Field) -> None:
    first = honest(at, 0, men=19)
    next_day = honest(at, 3)
    assert flags(engine, at, first, {**next_day, "held_on": "2026-11-19"}) == [[], []]
    with unit_of_work(engine) as db:
        other_id = another_team(db, at)
        db.get_one(Visit, at.visits[at.codes[1]]).team_id = other_id
    assert flags(engine, at, first, honest(at, 1)) == [[], []]


def test_a_place_that_is_only_rough_tells_nothing_of_speed(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        db.get_one(Village, at.codes[1]).place_is_approximate = True
    first, second = honest(at, 0, men=19), honest(at, 1)
    assert flags(engine, at, first, second) == [[], []]
    here = village(engine, at.codes[1])
    located = {**second, "latitude": here.latitude, "longitude": here.longitude}
    assert flags(engine, at, first, located) == [["impossible_travel"]] * 2


def copied(at: Field, days: int = 1, **other: Any) -> dict[str, Any]:
    """A report of another visit of the team, some days after the first."""
    return honest(at, 3, held_on=str(DAY + timedelta(days)), **other)


def on(engine: Engine, visit_id: int, day: date) -> None:
    with unit_of_work(engine) as db:
        db.get_one(Visit, visit_id).day = day


@pytest.mark.parametrize("back", [30, 31])
def test_the_same_counts_within_a_month_are_flagged(engine: Engine, at: Field, back: int) -> None:
    day = DAY - timedelta(back)
    on(engine, at.visits[at.codes[3]], day)
    store(engine, at.coordinator, honest(at, 3, held_on=str(day), paid=3))
    same, other_paid = honest(at, paid=3), honest(at, paid=2)
    wanted: list[str] = ["copied_counts"] if back == 30 else []
    assert flags(engine, at, same, by=at.coordinator) == [wanted]
    assert flags(engine, at, other_paid, by=at.coordinator) == [[]]


def test_small_sessions_may_resemble_each_other(engine: Engine, at: Field) -> None:
    small, large = {"men": 7, "women": 7, "signups": 2}, {"men": 7, "women": 8, "signups": 2}
    assert flags(engine, at, honest(at, **small), copied(at, **small)) == [[], []]
    assert flags(engine, at, honest(at, **large), copied(at, **large)) == [["copied_counts"]] * 2


def test_a_correction_is_no_copy_of_what_it_corrects(engine: Engine, at: Field) -> None:
    first = honest(at)
    store(engine, at.official, first)
    assert flags(engine, at, honest(at, corrects_id=first["id"], remarks="Hujan")) == [[]]


def test_an_official_copies_from_himself_though_the_teams_differ(engine: Engine, at: Field) -> None:
    """A coordinator who types in what many tell does not."""
    with unit_of_work(engine) as db:
        other_id = another_team(db, at)
        again = db.get_one(Visit, at.visits[at.codes[3]])
        again.team_id = other_id
        day = again.day
    second = honest(at, 3, held_on=str(day))
    store(engine, at.official, honest(at))
    with unit_of_work(engine) as db:
        db.execute(update(SessionReport).values(reported_by=at.official.account_id))
    assert flags(engine, at, second, by=at.official) == [["copied_counts"]]
    assert flags(engine, at, second, by=at.coordinator) == [[]]


moments = st.tuples(
    st.floats(-8, -6), st.floats(110, 112), st.integers(0, 23 * 60), st.integers(1, 240)
)


@given(moments, moments)
@example((-7.0, 111.0, 540, 30), (-7.01, 111.0, 540, 120))
def test_whether_a_journey_is_too_fast_does_not_depend_on_who_is_asked_about(
    one: tuple[float, float, int, int], other: tuple[float, float, int, int]
) -> None:
    first, second = (_told(number, *told) for number, told in enumerate((one, other)))
    assert side_by_side.too_fast(first, second) == side_by_side.too_fast(second, first)


@given(moments, st.integers(0, 12 * 60))
def test_whoever_has_more_time_is_never_suspected_sooner(
    one: tuple[float, float, int, int], waits: int
) -> None:
    first = _told(0, *one)
    late = first.starts + timedelta(minutes=one[3] + waits)
    sooner, later = (
        _session(1, late + more, 60, Point(-7, 111, "33.72", 1))
        for more in (timedelta(0), timedelta(minutes=30))
    )
    if not side_by_side.too_fast(first, sooner):
        assert not side_by_side.too_fast(first, later)


def _told(number: int, north: float, east: float, starts: int, minutes: int) -> beside.Told:
    at = Zone.WIB.moment(DAY, time(starts // 60, starts % 60))
    where = Point(north, east, "33.72", 1)
    return _session(number, at, minutes, where)


def _session(number: int, starts: datetime, minutes: int, where: Point) -> beside.Told:
    return beside.Told(str(number), number, 1, None, starts, minutes, (1, 1, 1), None, where, True)
