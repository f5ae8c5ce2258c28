"""Asking a village and a day: yes, or every reason why not; and what the planner is told of it."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlmodel import col, delete, select

from outreach.db import reading, unit_of_work
from outreach.planning.feasts import Feast
from outreach.planning.model import Access, Hours
from outreach.planning.workdays import days_between
from outreach.villages.calendar import ask, closed_days, for_planner, rest_of, shut_days
from outreach.villages.marks import DayState, javanese_day, state_of
from outreach.villages.reached_by_sea import reached_by_sea
from outreach.villages.tables import (
    CalendarLayer,
    CalendarRule,
    ClosedPeriod,
    Closure,
    Effect,
    FeastDate,
    MarketDay,
    MarketEffect,
    MarketRhythm,
    Village,
    VillageAccess,
)
from tests.builders import load_small_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.villages.marks import Marks

#: Surakarta; Denpasar; Kepulauan Seribu: one village on Java's side, all others on islets.
LAWEYAN, SERENGAN, BALINESE = "33.72.01.1001", "33.72.02.1001", "51.71.01.1001"
IDUL_FITRI = date(2027, 3, 10)


@pytest.fixture
def db(engine: Engine) -> Iterator[Session]:
    load_small_registry(engine, ("33.72", "51.71", "31.01"))
    with unit_of_work(engine) as session:
        yield session


def marks(db: Session, code: str, day: date) -> dict[CalendarLayer, Any]:
    return {mark.layer: mark for mark in ask(db, [code], day, day)[code].get(day, ())}


def rule(region: str, layer: CalendarLayer, effect: Effect, **more: Any) -> CalendarRule:
    return CalendarRule(region_code=region, layer=layer, effect=effect, **more)


def test_a_plain_day_has_no_mark(db: Session) -> None:
    assert ask(db, [LAWEYAN], date(2026, 11, 3), date(2026, 11, 3)) == {LAWEYAN: {}}


def test_every_reason_of_idul_fitri_is_told_with_its_source(db: Session) -> None:
    found = marks(db, LAWEYAN, IDUL_FITRI)
    assert set(found) == {CalendarLayer.HOLIDAY, CalendarLayer.ISLAMIC_FEAST}
    feast = found[CalendarLayer.ISLAMIC_FEAST]
    assert (feast.closes, feast.feast, feast.note) == (True, Feast.IDUL_FITRI, "1448 H")
    assert feast.is_estimate
    assert "Umm al-Qura" in feast.source
    assert found[CalendarLayer.HOLIDAY].is_estimate
    in_bali = marks(db, BALINESE, IDUL_FITRI)
    assert set(in_bali) == {CalendarLayer.HOLIDAY}, "Bali keeps it as a public holiday alone"


def test_nyepi_and_galungan_close_bali(db: Session) -> None:
    nyepi, galungan = date(2027, 3, 8), date(2026, 6, 17)
    assert javanese_day(galungan) is MarketRhythm.KLIWON
    assert marks(db, BALINESE, nyepi)[CalendarLayer.NYEPI].closes
    assert marks(db, BALINESE, galungan)[CalendarLayer.GALUNGAN].region_code == "51"
    assert CalendarLayer.GALUNGAN not in marks(db, LAWEYAN, galungan)
    closed = closed_days(db, [BALINESE, LAWEYAN], galungan, galungan)
    assert list(closed) == [BALINESE]


def test_ramadan_is_soft_and_has_hours(db: Session) -> None:
    day = date(2027, 2, 10)
    mark = marks(db, LAWEYAN, day)[CalendarLayer.RAMADAN]
    assert (mark.closes, mark.weight_minutes, mark.hours) == (False, 30, Hours(480, 900))
    told = for_planner(db, [LAWEYAN, BALINESE], day, day)
    assert told[LAWEYAN].day_costs == {day: 30}
    assert told[LAWEYAN].hours_on == {day: Hours(480, 900)}
    assert BALINESE not in told


def test_an_announced_feast_moves_its_days_and_the_holiday(db: Session) -> None:
    announced = FeastDate(
        feast=Feast.IDUL_FITRI,
        year=2027,
        nth=1,
        starts=date(2027, 3, 11),
        ends=date(2027, 3, 12),
        source="Sidang isbat 8 Maret 2027",
    )
    db.add(announced)
    db.flush()
    before = marks(db, LAWEYAN, IDUL_FITRI)
    assert set(before) == {CalendarLayer.RAMADAN}, "Ramadan lasts a day longer"
    after = marks(db, LAWEYAN, date(2027, 3, 12))
    assert after[CalendarLayer.ISLAMIC_FEAST].source == "Sidang isbat 8 Maret 2027"
    assert not after[CalendarLayer.ISLAMIC_FEAST].is_estimate
    assert "Idulfitri" in after[CalendarLayer.HOLIDAY].note
    rest = rest_of(db, ["33.72"], date(2027, 3, 8), date(2027, 3, 15))
    assert IDUL_FITRI not in rest.holidays
    assert {date(2027, 3, 11), date(2027, 3, 12)} <= set(rest.holidays)


def test_friday_is_told_and_closes_nothing(db: Session) -> None:
    friday = date(2026, 11, 6)
    (mark,) = ask(db, [LAWEYAN], friday, friday)[LAWEYAN][friday]
    assert (mark.layer, mark.closes) == (CalendarLayer.FRIDAY, False)
    assert state_of([mark]) is DayState.OPEN
    assert for_planner(db, [LAWEYAN], friday, friday) == {}


def test_a_soft_layer_prices_its_days_and_an_off_one_is_silent(db: Session) -> None:
    monday = date(2026, 11, 2)
    db.add(
        ClosedPeriod(
            region_code="33.72", starts=monday, ends=monday, closure=Closure.HARVEST, note="Padi"
        )
    )
    db.add(rule("33.72", CalendarLayer.HARVEST, Effect.SOFT, weight_minutes=90))
    db.add(rule("33.72.02", CalendarLayer.HARVEST, Effect.OFF))
    db.flush()
    told = for_planner(db, [LAWEYAN, SERENGAN], monday, monday)
    assert told[LAWEYAN].day_costs == {monday: 90}
    assert told[LAWEYAN].closed_days == frozenset()
    assert SERENGAN not in told
    assert state_of(ask(db, [LAWEYAN], monday, monday)[LAWEYAN][monday]) is DayState.AVOIDED


def test_a_market_to_come_to_prices_the_other_days(db: Session) -> None:
    db.add(MarketDay(region_code=LAWEYAN, rhythm=MarketRhythm.KLIWON, effect=MarketEffect.COME))
    db.flush()
    first, last = date(2026, 11, 2), date(2026, 11, 6)
    told = for_planner(db, [LAWEYAN], first, last)[LAWEYAN]
    (kliwon,) = [d for d in days_between(first, last) if javanese_day(d) is MarketRhythm.KLIWON]
    assert set(told.day_costs) == set(days_between(first, last)) - {kliwon}
    assert set(told.day_costs.values()) == {30}


def test_hard_office_hours_bound_sessions_and_close_other_weekdays(db: Session) -> None:
    db.add(
        rule(
            "33.72",
            CalendarLayer.OFFICE_HOURS,
            Effect.HARD,
            weekdays=[1],
            opens=time(9),
            closes=time(14),
        )
    )
    db.flush()
    monday, tuesday = date(2027, 2, 15), date(2027, 2, 16)
    told = for_planner(db, [LAWEYAN], monday, tuesday)[LAWEYAN]
    assert told.closed_days == {tuesday}
    assert told.hours_on == {monday: Hours(540, 840)}, "both Ramadan's hours and the office's"


def test_rough_seas_weigh_on_islands_and_where_a_road_is_wet(db: Session) -> None:
    day = date(2027, 1, 12)
    islands = db.scalars(select(col(Village.code)).where(col(Village.regency_code) == "31.01"))
    seribu = islands.all()
    by_sea = reached_by_sea(db, [*seribu, LAWEYAN])
    assert by_sea
    assert by_sea < set(seribu)
    on_land = min(set(seribu) - by_sea)
    db.add(VillageAccess(village_code=on_land, access=Access.BOAT))
    db.add(VillageAccess(village_code=min(by_sea), access=Access.ROAD))
    db.flush()
    told = for_planner(db, [*seribu, LAWEYAN], day, day)
    assert told[on_land].day_costs == {day: 60}
    assert {min(by_sea), LAWEYAN}.isdisjoint(told)
    db.add(rule("33.72.01", CalendarLayer.MONSOON, Effect.SOFT, weight_minutes=15, months=[1]))
    db.flush()
    assert for_planner(db, [LAWEYAN, SERENGAN], day, day)[LAWEYAN].day_costs == {day: 15}
    assert SERENGAN not in for_planner(db, [LAWEYAN, SERENGAN], day, day)


def test_a_lifted_holiday_opens_the_teams_day_and_stays_closed_elsewhere(db: Session) -> None:
    day = date(2026, 12, 24)  # joint leave
    assert day in rest_of(db, ["33.72"], day, day).holidays
    assert for_planner(db, [LAWEYAN], day, day) == {}, "no team goes: no village is asked"
    db.add(rule("33.72.01", CalendarLayer.JOINT_LEAVE, Effect.OFF))
    db.flush()
    assert rest_of(db, ["33.72"], day, day).holidays == {}
    assert day in rest_of(db, ["33.11"], day, day).holidays
    told = for_planner(db, [LAWEYAN, SERENGAN], day, day)
    assert list(told) == [SERENGAN]
    assert told[SERENGAN].closed_days == {day}


def test_sundays_are_worked_where_a_rule_says_so(db: Session) -> None:
    sunday = date(2026, 11, 8)
    assert not rest_of(db, ["33.72"], sunday, sunday).works_sundays
    db.add(rule("33.72", CalendarLayer.SUNDAY, Effect.SOFT, weight_minutes=20))
    db.flush()
    assert rest_of(db, ["33.72"], sunday, sunday).works_sundays
    assert not rest_of(db, ["33.11"], sunday, sunday).works_sundays
    told = for_planner(db, [LAWEYAN, BALINESE], sunday, sunday)
    assert told[LAWEYAN].day_costs == {sunday: 20}
    assert told[BALINESE].closed_days == {sunday}


def test_visits_are_looked_for_on_holidays_and_not_on_sundays(db: Session) -> None:
    found = shut_days(db, [BALINESE], date(2026, 12, 24), date(2026, 12, 27))[BALINESE]
    assert sorted(day.day for day in found) == [24, 25]


LAYERS = st.sampled_from([one for one in CalendarLayer if one is not CalendarLayer.FRIDAY])
RULES = st.dictionaries(
    st.tuples(st.sampled_from(["", "33", "33.72", "33.72.01", LAWEYAN]), LAYERS),
    st.tuples(st.sampled_from(Effect), st.integers(1, 90)),
    max_size=8,
)


def _rules(told: dict[tuple[str, CalendarLayer], tuple[Effect, int]]) -> list[CalendarRule]:
    return [
        rule(
            region,
            layer,
            effect,
            weight_minutes=minutes,
            months=[3],
            weekdays=[1, 2, 3],
            opens=time(8),
            closes=time(11),
        )
        for (region, layer), (effect, minutes) in told.items()
    ]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(told=RULES, market=st.sampled_from(MarketRhythm), effect=st.sampled_from(MarketEffect))
def test_whoever_asks_and_the_planner_hear_the_same(
    db: Session, told: Any, market: MarketRhythm, effect: MarketEffect
) -> None:
    first, last = date(2027, 3, 1), date(2027, 3, 14)
    db.execute(delete(CalendarRule))
    db.execute(delete(MarketDay))
    db.add_all(_rules(told))
    db.add(MarketDay(region_code="33.72", rhythm=market, effect=effect))
    db.flush()
    codes = [LAWEYAN, SERENGAN]
    asked, planned = ask(db, codes, first, last), for_planner(db, codes, first, last)
    rest = rest_of(db, ["33.72"], first, last)
    for code in codes:
        for day in days_between(first, last):
            is_rest = day in rest.holidays or (day.weekday() == 6 and not rest.works_sundays)
            _agree(asked[code], planned.get(code), day, is_rest)


def _agree(asked: Marks, planned: Any, day: date, is_rest: bool) -> None:
    some = asked.get(day, ())
    is_closed = planned is not None and day in planned.closed_days
    says_no = state_of(some) is DayState.SHUT or not _hours_left(some)
    assert says_no or not is_closed, "never yes on a day that the planner closes"
    assert is_closed or is_rest or not says_no, "never no on a day that a plan may take"
    costs = 0 if planned is None else planned.day_costs.get(day, 0)
    if not (says_no or is_rest):
        assert costs == sum(mark.weight_minutes for mark in some)


def _hours_left(some: Any) -> bool:
    told = [mark.hours for mark in some if mark.hours]
    opens = max((one.opens_minute for one in told), default=0)
    return opens < min((one.closes_minute for one in told), default=1440)


@pytest.mark.parametrize("villages", [10, 54])
def test_as_many_statements_for_few_villages_as_for_many(
    sqlite_engine: Engine, villages: int
) -> None:
    load_small_registry(sqlite_engine)
    asked: list[str] = []
    with reading(sqlite_engine) as db:
        codes = db.scalars(select(col(Village.code)).limit(villages)).all()
        event.listen(sqlite_engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
        first = date(2027, 1, 1)
        found = for_planner(db, codes, first, first + timedelta(days=364))
    assert len(asked) <= 8
    assert len({id(one) for one in found.values()}) == 1, "villages share what they are told"
