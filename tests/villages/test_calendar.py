"""Days on which villages are closed: periods, weekly markets, the Javanese cycle of five."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.villages.calendar import (
    closed_dates,
    closed_days,
    is_market_day,
    javanese_day,
    marks_of,
    why_closed,
)
from outreach.villages.tables import (
    ClosedPeriod,
    Closure,
    MarketDay,
    MarketEffect,
    MarketRhythm,
    Village,
)
from tests.builders import load_small_registry

if TYPE_CHECKING:
    from sqlalchemy import Engine

LAWEYAN, SERENGAN = "33.72.01.1001", "33.72.02.1001"
MONDAY = date(2026, 11, 2)
SUNDAY = date(2026, 11, 8)


@pytest.mark.parametrize(
    ("day", "pasaran"),
    [
        # Days that history has kept with both their names.
        (date(1945, 8, 17), MarketRhythm.LEGI),  # Jumat Legi: independence
        (date(1901, 6, 6), MarketRhythm.PON),  # Kamis Pon: Sukarno's birth
        (date(1921, 6, 8), MarketRhythm.KLIWON),  # Rabu Kliwon: Soeharto's birth
        (date(2006, 5, 27), MarketRhythm.WAGE),  # Sabtu Wage: earthquake of Yogyakarta
        (date(2024, 2, 14), MarketRhythm.LEGI),  # Rabu Legi: general election
    ],
)
def test_the_javanese_day_is_that_of_history(day: date, pasaran: MarketRhythm) -> None:
    assert javanese_day(day) is pasaran
    assert is_market_day(pasaran, day)


def test_the_cycle_runs_through_its_five_days_in_order() -> None:
    days = [javanese_day(date(1945, 8, 15) + timedelta(days=number)) for number in range(7)]
    assert [day.value for day in days] == [
        "wage", "kliwon", "legi", "pahing", "pon", "wage", "kliwon",
    ]  # fmt: skip


def test_a_weekday_market_is_held_on_its_weekday() -> None:
    held = [n for n in range(7) if is_market_day(MarketRhythm.SATURDAY, MONDAY + timedelta(n))]
    assert held == [5]


def _note(engine: Engine, *rows: Any) -> None:
    load_small_registry(engine, ("33.72", "33.09.01"))
    with unit_of_work(engine) as db:
        db.add_all(rows)


def _period(region: str, starts: date, ends: date, closure: Closure, note: str = "") -> Any:
    return ClosedPeriod(region_code=region, starts=starts, ends=ends, closure=closure, note=note)


def test_a_closed_period_closes_its_region_both_ends_included(engine: Engine) -> None:
    ends = MONDAY + timedelta(days=2)
    _note(engine, _period("33.72.01", MONDAY, ends, Closure.HARVEST, "Panen padi"))
    with reading(engine) as db:
        closed = closed_days(db, [LAWEYAN, SERENGAN], date(2026, 10, 1), SUNDAY)
        (why,) = why_closed(db, LAWEYAN, ends)
        after = why_closed(db, LAWEYAN, ends + timedelta(days=1))
    assert list(closed) == [LAWEYAN]
    assert sorted(closed[LAWEYAN]) == [MONDAY, MONDAY + timedelta(days=1), ends]
    assert (why.closure, why.note, why.region_code) == (Closure.HARVEST, "Panen padi", "33.72.01")
    assert after == ()


def test_a_region_of_like_digits_is_not_closed(engine: Engine) -> None:
    # 33.7 is no region; 33.72.01 must not close 33.72.011 or its like: whole codes only.
    _note(engine, _period("33.09.01", MONDAY, SUNDAY, Closure.FLOOD))
    with reading(engine) as db:
        assert closed_days(db, [LAWEYAN], MONDAY, SUNDAY) == {}
        assert list(closed_days(db, ["33.09.01.2001"], MONDAY, SUNDAY)) == ["33.09.01.2001"]


def test_a_market_to_avoid_closes_the_day_and_one_to_come_to_is_only_told(engine: Engine) -> None:
    _note(
        engine,
        MarketDay(region_code="33.72", rhythm=MarketRhythm.KLIWON, note="Pasar Gede"),
        MarketDay(region_code=LAWEYAN, rhythm=MarketRhythm.MONDAY, effect=MarketEffect.COME),
    )
    with reading(engine) as db:
        closed = closed_days(db, [LAWEYAN, SERENGAN], MONDAY, SUNDAY)
        marks = marks_of(db, [LAWEYAN, SERENGAN], MONDAY, SUNDAY)
    kliwon = [
        MONDAY + timedelta(n) for n in range(7) if javanese_day(MONDAY + timedelta(n)) == "kliwon"
    ]
    assert {code: sorted(days) for code, days in closed.items()} == {
        LAWEYAN: kliwon,
        SERENGAN: kliwon,
    }
    assert [mark.closes for mark in marks[LAWEYAN][MONDAY]] == [False]
    assert MONDAY not in marks[SERENGAN]


def test_every_reason_of_a_day_is_told_the_wider_region_first(engine: Engine) -> None:
    _note(
        engine,
        _period(LAWEYAN, MONDAY, MONDAY, Closure.FEAST, "Bersih desa"),
        _period("33.72", MONDAY, SUNDAY, Closure.ELECTION, "Pilkada"),
        MarketDay(region_code="33.72.01", rhythm=MarketRhythm.MONDAY),
    )
    with reading(engine) as db:
        why = why_closed(db, LAWEYAN, MONDAY)
        dates = closed_dates(db, [LAWEYAN, SERENGAN], MONDAY, SUNDAY)
    assert [mark.region_code for mark in why] == ["33.72", "33.72.01", LAWEYAN]
    assert [mark.closure or mark.rhythm for mark in why] == ["election", "monday", "feast"]
    assert len(dates[LAWEYAN]) == len(dates[SERENGAN]) == 7


def test_many_villages_are_asked_in_few_statements(sqlite_engine: Engine) -> None:
    _note(sqlite_engine, MarketDay(region_code="33.72", rhythm=MarketRhythm.PON))
    asked: list[str] = []
    event.listen(sqlite_engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    with reading(sqlite_engine) as db:
        codes = db.scalars(select(col(Village.code))).all()
        asked.clear()
        closed = closed_dates(db, codes, MONDAY, MONDAY + timedelta(days=59))
    assert len([one for one in asked if "SELECT" in one]) <= 8
    assert sum(code.startswith("33.72.") for code in closed) == 54
    assert {len(days) for days in closed.values()} == {12}
