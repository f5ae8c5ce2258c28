"""Closed periods and market days: whose they are, what is refused, two people at once."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotFound
from outreach.people.access import Person
from outreach.people.closures import (
    ClosedPeriodIn,
    MarketDayIn,
    add_market,
    add_period,
    closed_periods,
    market_days,
    may_edit,
    own_noted,
    remove_noted,
    update_noted,
)
from outreach.people.tables import Role
from outreach.villages.tables import ClosedPeriod, Closure, MarketDay, MarketRhythm
from tests.builders import load_small_registry

if TYPE_CHECKING:
    from sqlalchemy import Engine

RINI = Person(1, "Rini", Role.COORDINATOR, ("33.72",))
ELSE = Person(2, "Budi", Role.COORDINATOR, ("33.09",))
MONDAY = date(2026, 11, 2)


def period(region: str = "33.72.01", **told: Any) -> ClosedPeriodIn:
    usual = {"region_code": region, "starts": MONDAY, "ends": MONDAY, "closure": "harvest"}
    return ClosedPeriodIn.model_validate(usual | told)


def market(region: str = "33.72.01", rhythm: str = "pon", **told: Any) -> MarketDayIn:
    return MarketDayIn.model_validate({"region_code": region, "rhythm": rhythm} | told)


@pytest.fixture
def surakarta(engine: Engine) -> Engine:
    load_small_registry(engine, ("33.72", "33.09.01"))
    return engine


def _period_id(engine: Engine, by: Person = RINI, **told: Any) -> int:
    with unit_of_work(engine) as db:
        return add_period(db, period(**told), by=by).id or 0


def test_what_is_told_can_be_read_changed_and_taken_back(surakarta: Engine) -> None:
    number = _period_id(surakarta, note=" Panen raya ")
    with unit_of_work(surakarta) as db:
        changed = period(starts=MONDAY, ends=date(2026, 11, 9))
        update_noted(db, ClosedPeriod, number, changed, version=1, by=RINI)
    with reading(surakarta) as db:
        (row,) = closed_periods(db, RINI, since=MONDAY).rows
        assert (row.ends, row.note, row.version) == (date(2026, 11, 9), "", 2)
        assert closed_periods(db, RINI, since=date(2026, 11, 10)).rows == []
    with unit_of_work(surakarta) as db:
        remove_noted(db, ClosedPeriod, number, by=RINI)
    with reading(surakarta) as db:
        assert closed_periods(db, RINI, since=MONDAY).rows == []


def test_a_foreign_one_looks_like_none(surakarta: Engine) -> None:
    number = _period_id(surakarta)
    with unit_of_work(surakarta) as db:
        market_id = add_market(db, market(), by=RINI).id or 0
    with unit_of_work(surakarta) as db:
        for act in (
            lambda: own_noted(db, ClosedPeriod, number, ELSE),
            lambda: own_noted(db, ClosedPeriod, 999_999, ELSE),
            lambda: update_noted(db, ClosedPeriod, number, period("33.09.01"), version=1, by=ELSE),
            lambda: remove_noted(db, ClosedPeriod, number, by=ELSE),
            lambda: update_noted(db, MarketDay, market_id, market("33.09.01"), version=1, by=ELSE),
            lambda: remove_noted(db, MarketDay, market_id, by=ELSE),
        ):
            with pytest.raises(NotFound):
                act()
        for code in ("33.72.01", "33.72.99"):
            with pytest.raises(Invalid) as caught:
                add_period(db, period(code), by=ELSE)
            assert caught.value.facts["problems"] == {"region_code": ["unknown_region"]}
        assert closed_periods(db, ELSE, since=MONDAY).rows == []
        assert market_days(db, ELSE).rows == []


def test_what_holds_for_the_whole_province_is_read_and_not_edited(surakarta: Engine) -> None:
    with unit_of_work(surakarta) as db:
        db.add(ClosedPeriod(region_code="33", starts=MONDAY, ends=MONDAY, closure=Closure.ELECTION))
        db.add(MarketDay(region_code="33.09", rhythm=MarketRhythm.LEGI))
    with reading(surakarta) as db:
        (row,) = closed_periods(db, RINI, since=MONDAY).rows
        assert not may_edit(RINI, row)
        assert market_days(db, RINI).rows == []
        (foreign,) = market_days(db, ELSE).rows
        assert may_edit(ELSE, foreign)
        with pytest.raises(NotFound):
            own_noted(db, ClosedPeriod, row.id or 0, RINI)


def test_the_same_is_noted_once(surakarta: Engine) -> None:
    _period_id(surakarta)
    with pytest.raises(Invalid) as caught:
        _period_id(surakarta, note="noch einmal")
    assert caught.value.facts["problems"] == {"region_code": ["noted_already"]}
    assert _period_id(surakarta, closure="feast")
    with unit_of_work(surakarta) as db:
        add_market(db, market(), by=RINI)
        other = add_market(db, market(rhythm="wage"), by=RINI).id or 0
    with unit_of_work(surakarta) as db:
        with pytest.raises(Invalid):
            add_market(db, market(effect="come"), by=RINI)
        with pytest.raises(Invalid):
            update_noted(db, MarketDay, other, market(), version=1, by=RINI)


def test_the_second_of_two_who_edit_sees_the_firsts(surakarta: Engine) -> None:
    number = _period_id(surakarta)
    with unit_of_work(surakarta) as db:
        update_noted(db, ClosedPeriod, number, period(note="Panen"), version=1, by=RINI)
    with unit_of_work(surakarta) as db, pytest.raises(Conflict) as caught:
        update_noted(db, ClosedPeriod, number, period(note="Banjir"), version=1, by=RINI)
    assert caught.value.facts["yours"] == {"note": "Banjir"}
    assert caught.value.facts["theirs"] == {"note": "Panen"}


@pytest.mark.parametrize(
    ("told", "field", "problem"),
    [
        ({"ends": date(2026, 11, 1)}, "ends", "ends_before_it_starts"),
        ({"ends": date(2027, 11, 3)}, "ends", "period_too_long"),
        ({"starts": date(1899, 1, 1)}, "starts", "greater_than_equal"),
        ({"region": "33"}, "region_code", "province_too_wide"),
        ({"region": "Laweyan"}, "region_code", "not_a_region_code"),
        ({"note": "KTP 3372011212900001"}, "note", "identity_number"),
        ({"note": "x" * 201}, "note", "string_too_long"),
        ({"closure": "holiday"}, "closure", "enum"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(
    told: dict[str, Any], field: str, problem: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        period(**told)
    assert [(one["loc"], one["type"]) for one in caught.value.errors()] == [((field,), problem)]
