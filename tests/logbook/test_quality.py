"""What is unlikely about a report is named, on its side of each threshold, and never refused."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import event, update
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.logbook import beside, quality
from outreach.logbook.quality import flags_of
from outreach.logbook.record import MANY_PEOPLE, read_report
from outreach.logbook.sending import Sending
from outreach.logbook.sync import take_in
from outreach.logbook.tables import SessionReport
from outreach.people.tables import Team
from outreach.planning.model import Point
from outreach.planning.travel import EARTH_RADIUS_M, distance_m, travel_minutes
from outreach.villages.tables import Village
from outreach.visits.tables import Visit
from outreach.web.report_words import FLAG_WORDS
from tests.builders import load_small_registry
from tests.field import DAY, NOW, Field, make_field, told

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.people.access import Person

#: Degrees of latitude that are one metre.
METRE = 180 / (3.141592653589793 * EARTH_RADIUS_M)
HONEST = {"men": 21, "women": 22, "signups": 7, "minutes": 90}


@pytest.fixture
def at(engine: Engine) -> Field:
    load_small_registry(engine)
    with unit_of_work(engine) as db:
        return make_field(db)


def flags(
    engine: Engine,
    at: Field,
    *items: dict[str, Any],
    by: Person | None = None,
    skew: int | None = None,
) -> list[list[str]]:
    """The flags of reports that come in one request, in their order."""
    with reading(engine) as db:
        reports = [read_report(item) for item in items]
        pairs = [(one, db.get_one(Visit, one.visit_id)) for one in reports]
        found = flags_of(db, pairs, skew_seconds=skew, by=by or at.coordinator)
    assert {flag for several in found.values() for flag in several} <= FLAG_WORDS.keys()
    return [found[item["id"]] for item in items]


def honest(at: Field, number: int = 0, **other: Any) -> dict[str, Any]:
    """A report of one of the visits with nothing unlikely about it."""
    return told(at.visits[at.codes[number]], **{**HONEST, **other})


def flags_of_one(engine: Engine, at: Field, skew: int | None = None, **other: Any) -> list[str]:
    return flags(engine, at, honest(at, **other), skew=skew)[0]


def store(engine: Engine, by: Person, *items: dict[str, Any]) -> None:
    with unit_of_work(engine) as db:
        assert [one.outcome.value for one in take_in(db, items, by, NOW)] == ["accepted"] * len(
            items
        )


def village(engine: Engine, code: str) -> Village:
    with reading(engine) as db:
        return db.get_one(Village, code)


def test_an_honest_report_has_no_flag(engine: Engine, at: Field) -> None:
    assert flags_of_one(engine, at, skew=0) == []


@pytest.mark.parametrize(
    ("flag", "within", "beyond"),
    [
        ("more_signups_than_people", {"signups": 43}, {"signups": 44}),
        (
            "very_many_people",
            {"men": MANY_PEOPLE - 1, "women": 1},
            {"men": MANY_PEOPLE, "women": 1},
        ),
        (
            "round_numbers",
            {"men": 20, "women": 25, "signups": 6},
            {"men": 20, "women": 25, "signups": 5},
        ),
        (
            "round_numbers",
            {"men": 20, "women": 25, "signups": 0},
            {"men": 20, "women": 25, "signups": 10},
        ),
        ("short_session", {"minutes": 20}, {"minutes": 19}),
        ("long_session", {"minutes": 300}, {"minutes": 301}),
        ("other_day_than_planned", {}, {"held_on": "2026-11-17"}),
        ("at_night", {"held_at": "05:00"}, {"held_at": "04:59"}),
        ("at_night", {"held_at": "22:00"}, {"held_at": "22:01"}),
    ],
)
def test_a_report_is_flagged_beyond_its_threshold_only(
    engine: Engine, at: Field, flag: str, within: dict[str, Any], beyond: dict[str, Any]
) -> None:
    assert flags_of_one(engine, at, **within) == []
    assert flags_of_one(engine, at, **beyond) == [flag]


@pytest.mark.parametrize("skew", [600, -600, None])
def test_a_clock_that_is_ten_minutes_wrong_is_right_enough(
    engine: Engine, at: Field, skew: int | None
) -> None:
    assert flags_of_one(engine, at, skew=skew) == []


@pytest.mark.parametrize("skew", [601, -601, 2_000_000_000])
def test_a_clock_that_is_further_wrong_is_flagged(engine: Engine, at: Field, skew: int) -> None:
    assert flags_of_one(engine, at, skew=skew) == ["clock_wrong"]


def test_nothing_is_short_where_nobody_was_met(engine: Engine, at: Field) -> None:
    not_met: dict[str, Any] = {"met": "not_met", "men": 0, "women": 0, "signups": 0, "minutes": 5}
    assert flags_of_one(engine, at, **not_met) == []


def test_more_signups_than_the_estimate_leaves_uncovered_are_flagged(
    engine: Engine, at: Field
) -> None:
    with unit_of_work(engine) as db:
        db.execute(
            update(Village)
            .where(col(Village.code) == at.codes[0])
            .values(informal_workers=50, informal_covered=43)
        )
    assert flags_of_one(engine, at, signups=7) == []
    assert flags_of_one(engine, at, signups=8) == ["more_than_estimate"]


def test_a_phone_far_from_the_village_is_flagged_by_the_villages_own_measure(
    engine: Engine, at: Field
) -> None:
    here = village(engine, at.codes[0])
    with reading(engine) as db:
        places = beside.places_of(db, [at.codes[0]])
        allowed = beside.allowed_metres(db, places)[at.codes[0]]
    assert allowed == beside.LEAST_ALLOWED_M  # in a town, villages stand close together
    for metres, wanted in ((allowed - 150, []), (allowed + 150, ["far_from_village"])):
        where: dict[str, Any] = {
            "latitude": here.latitude + metres * METRE,
            "longitude": here.longitude,
        }
        assert flags_of_one(engine, at, **where) == wanted


def test_a_village_far_from_its_neighbours_or_with_a_rough_place_is_allowed_more(
    engine: Engine, at: Field
) -> None:
    def allowed() -> float:
        with reading(engine) as db:
            return beside.allowed_metres(db, beside.places_of(db, [at.codes[0]]))[at.codes[0]]

    def change(**values: object) -> None:
        with unit_of_work(engine) as db:
            db.execute(update(Village).where(col(Village.code) == at.codes[0]).values(**values))

    change(latitude=village(engine, at.codes[0]).latitude - 0.5)
    lonely = allowed()
    here = village(engine, at.codes[0])
    with reading(engine) as db:
        others = db.exec(select(Village).where(Village.code != at.codes[0])).all()
    away = sorted(distance_m(_point(here), _point(one)) for one in others)
    assert lonely == pytest.approx(2 * sum(away[:3]) / 3)
    change(place_is_approximate=True)
    assert allowed() == pytest.approx(lonely + beside.APPROXIMATE_M)


def _point(one: Village) -> Point:
    return Point(one.latitude, one.longitude, one.code, one.island)


def test_a_village_alone_in_its_regency_is_never_far(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        db.execute(
            update(Village)
            .where(col(Village.code) != at.codes[0])
            .values(place_is_approximate=True)
        )
    assert flags_of_one(engine, at, latitude=5.0, longitude=96.0) == []


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
    points = [_point(village(engine, code)) for code in at.codes[:2]]
    needs = -(-travel_minutes(*points) // quality.TIMES_FASTER) - quality.STARTS_WITHIN_MINUTES
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
        team = db.get_one(Team, at.team_id)
        other = Team(
            branch_id=team.branch_id,
            name="Tim B",
            base_village_code=team.base_village_code,
            weekdays=[1],
        )
        db.add(other)
        db.flush()
        db.get_one(Visit, at.visits[at.codes[1]]).team_id = other.id or 0
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
        team = db.get_one(Team, at.team_id)
        other = Team(
            branch_id=team.branch_id,
            name="Tim B",
            base_village_code=team.base_village_code,
            weekdays=[1],
        )
        db.add(other)
        db.flush()
        again = db.get_one(Visit, at.visits[at.codes[3]])
        again.team_id = other.id or 0
        day = again.day
    second = honest(at, 3, held_on=str(day))
    store(engine, at.official, honest(at))
    with unit_of_work(engine) as db:
        db.execute(update(SessionReport).values(reported_by=at.official.account_id))
    assert flags(engine, at, second, by=at.official) == [["copied_counts"]]
    assert flags(engine, at, second, by=at.coordinator) == [[]]


def test_flags_are_stored_with_the_report_and_refuse_nothing(engine: Engine, at: Field) -> None:
    strange = honest(
        at,
        men=1,
        women=0,
        signups=40,
        held_at="23:30",
        minutes=2,
        latitude=5.0,
        longitude=96.0,
        held_on="2026-11-17",
    )
    with unit_of_work(engine) as db:
        sending = Sending(skew_seconds=86_400)
        (answer,) = take_in(db, [strange], at.coordinator, NOW, sending=sending)
        assert answer.outcome.value == "accepted"
        stored = db.get_one(SessionReport, strange["id"])
        assert set(stored.flags) == {
            "more_signups_than_people",
            "short_session",
            "other_day_than_planned",
            "at_night",
            "far_from_village",
            "clock_wrong",
        }


def test_a_hundred_reports_take_as_few_statements_as_one(engine: Engine, at: Field) -> None:
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))

    def count(*items: dict[str, Any]) -> int:
        with reading(engine) as db:
            reports = [read_report(item) for item in items]
            pairs = [(one, db.get_one(Visit, one.visit_id)) for one in reports]
            asked.clear()
            flags_of(db, pairs, skew_seconds=None, by=at.official)
            return len(asked)

    where: dict[str, Any] = {"latitude": -7.5, "longitude": 110.8}
    one = count(honest(at, **where))
    assert count(*(honest(at, number % 6, **where) for number in range(100))) == one <= 4


def test_no_report_needs_no_statement(engine: Engine, at: Field) -> None:
    assert flags(engine, at) == []


moments = st.tuples(
    st.floats(-8, -6), st.floats(110, 112), st.integers(0, 23 * 60), st.integers(1, 240)
)


@given(moments, moments)
@example((-7.0, 111.0, 540, 30), (-7.01, 111.0, 540, 120))
def test_whether_a_journey_is_too_fast_does_not_depend_on_who_is_asked_about(
    one: tuple[float, float, int, int], other: tuple[float, float, int, int]
) -> None:
    first, second = (_told(number, *told) for number, told in enumerate((one, other)))
    assert quality._too_fast(first, second) == quality._too_fast(second, first)


@given(moments, st.integers(0, 12 * 60))
def test_whoever_has_more_time_is_never_suspected_sooner(
    one: tuple[float, float, int, int], waits: int
) -> None:
    first = _told(0, *one)
    late = first.starts + timedelta(minutes=one[3] + waits)
    sooner, later = (
        beside.Told(1, 1, None, late + more, 60, (1, 1, 1, None), Point(-7, 111, "33.72", 1), True)
        for more in (timedelta(0), timedelta(minutes=30))
    )
    if not quality._too_fast(first, sooner):
        assert not quality._too_fast(first, later)


def _told(number: int, north: float, east: float, starts: int, minutes: int) -> beside.Told:
    at = beside._starts(DAY, time(starts // 60, starts % 60), _WIB)
    where = Point(north, east, "33.72", 1)
    return beside.Told(number, 1, None, at, minutes, (1, 1, 1, None), where, True)


class _WIB:
    value = "Asia/Jakarta"
