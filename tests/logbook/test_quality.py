"""What is unlikely about a report is named, on its side of each threshold, and never refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, update
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.logbook import beside
from outreach.logbook.quality import judge
from outreach.logbook.record import MANY_PEOPLE, read_report
from outreach.logbook.sending import Sending
from outreach.logbook.sync import take_in
from outreach.logbook.tables import SessionReport
from outreach.planning.travel import distance_m
from outreach.villages.tables import Village
from tests.field import NOW, Field
from tests.logbook.judged import (
    METRE,
    flags,
    flags_of_one,
    fresh_of,
    honest,
    point_of,
    village,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine


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
    away = sorted(distance_m(point_of(here), point_of(one)) for one in others)
    assert lonely == pytest.approx(2 * sum(away[:3]) / 3)
    change(place_is_approximate=True)
    assert allowed() == pytest.approx(lonely + beside.APPROXIMATE_M)


def test_a_village_alone_in_its_regency_is_never_far(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        db.execute(
            update(Village)
            .where(col(Village.code) != at.codes[0])
            .values(place_is_approximate=True)
        )
    assert flags_of_one(engine, at, latitude=5.0, longitude=96.0) == []


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
            fresh = [fresh_of(db, one, at.official) for one in reports]
            asked.clear()
            judge(db, fresh, NOW)
            return len(asked)

    where: dict[str, Any] = {"latitude": -7.5, "longitude": 110.8}
    one = count(honest(at, **where))
    assert count(*(honest(at, number % 6, **where) for number in range(100))) == one <= 4


def test_no_report_needs_no_statement(engine: Engine, at: Field) -> None:
    assert flags(engine, at) == []
