"""Which rule of the calendar decides where."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING, Any

import pytest

from outreach.db import unit_of_work
from outreach.planning.model import Hours
from outreach.villages.calendar_rules import (
    REST,
    CalendarFault,
    defaults,
    read_book,
    read_defaults,
)
from outreach.villages.tables import CalendarLayer, CalendarRule, Effect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine
    from sqlmodel import Session

SOLO, LAWEYAN = "33.72", "33.72.01"


@pytest.fixture
def db(engine: Engine) -> Iterator[Session]:
    with unit_of_work(engine) as session:
        yield session


def rule(region: str, layer: CalendarLayer, effect: Effect, **more: Any) -> CalendarRule:
    return CalendarRule(region_code=region, layer=layer, effect=effect, **more)


def test_every_layer_has_a_default_with_a_source() -> None:
    for (region, layer), one in defaults().items():
        assert one.source, (region, layer)
        assert one.row_id is None
        assert one.effect is not Effect.SOFT or one.weight_minutes > 0
    assert {layer for region, layer in defaults() if region == ""} == set(CalendarLayer)


def test_by_default_nobody_works_on_the_days_of_rest(db: Session) -> None:
    book = read_book(db)
    assert not any(book.is_lifted(layer) for layer in REST)
    assert all(book.keeps_rest(layer, ("",)) for layer in REST)


def test_the_smallest_region_decides(db: Session) -> None:
    db.add(rule("", CalendarLayer.RAMADAN, Effect.HARD))
    db.add(rule("33", CalendarLayer.RAMADAN, Effect.OFF))
    db.add(rule(LAWEYAN, CalendarLayer.RAMADAN, Effect.SOFT, weight_minutes=45))
    db.flush()
    book = read_book(db)

    def effect(code: str) -> Effect:
        return book.of_region(CalendarLayer.RAMADAN, code).effect

    assert effect("") is Effect.HARD, "what was set stands above the default of the same region"
    assert effect("32.73") is Effect.HARD
    assert effect(SOLO) is Effect.OFF
    assert effect("33.72.01.1001") is Effect.SOFT
    assert effect("33.72.02.1001") is Effect.OFF
    assert effect("51.03") is Effect.OFF, "Bali's default is for a smaller region than the nation"


def test_hours_are_those_of_the_rule(db: Session) -> None:
    db.add(
        rule(
            SOLO,
            CalendarLayer.OFFICE_HOURS,
            Effect.HARD,
            weekdays=[1, 2],
            opens=time(9),
            closes=time(12, 30),
        )
    )
    db.flush()
    book = read_book(db)
    assert book.of_region(CalendarLayer.OFFICE_HOURS, SOLO).hours == Hours(540, 750)
    assert book.of_region(CalendarLayer.RAMADAN, SOLO).hours == Hours(480, 900)
    assert book.of_region(CalendarLayer.HOLIDAY, SOLO).hours is None


def test_rest_is_kept_only_where_every_part_of_the_areas_keeps_it(db: Session) -> None:
    db.add(rule(LAWEYAN, CalendarLayer.SUNDAY, Effect.SOFT, weight_minutes=10))
    db.flush()
    book = read_book(db)
    assert book.is_lifted(CalendarLayer.SUNDAY)
    assert not book.keeps_rest(CalendarLayer.SUNDAY, (SOLO,))
    assert not book.keeps_rest(CalendarLayer.SUNDAY, ("33.11", LAWEYAN))
    assert book.keeps_rest(CalendarLayer.SUNDAY, ("33.11",))
    assert book.keeps_rest(CalendarLayer.HOLIDAY, (SOLO,))


@pytest.mark.parametrize(
    "text",
    [
        "no toml [",
        "",
        '[[rule]]\nlayer = "rain"\nregions = [""]\neffect = "off"\n',
        '[[rule]]\nlayer = "sunday"\nregions = [""]\neffect = "hard"\n',
    ],
    ids=["broken", "empty", "unknown layer", "layers missing"],
)
def test_faulty_defaults_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "calendar.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CalendarFault):
        read_defaults(path)
