"""Numbers, dates and times as people of each language write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

import pytest

from outreach.db import unit_of_work
from outreach.people.tables import Role
from outreach.villages.tables import Regency, Zone
from outreach.web import i18n
from tests.web.planned import engine_of, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

FRIDAY = date(2027, 1, 8)
EARLY = datetime(2027, 1, 8, 23, 30, tzinfo=UTC)

WRITTEN = [
    ("{{ 1234.5 | number(1) }}", "1.234,5", "1,234.5"),
    ("{{ 83762 | number }}", "83.762", "83,762"),
    ("{{ 0.426 | percent }}", "42,6%", "42.6%"),
    ("{{ 16800 | rupiah }}", "Rp16.800", "IDR16,800"),
    ("{{ day | long_date }}", "Jumat, 8 Januari 2027", "Friday, 8 January 2027"),
    ("{{ day | short_date }}", "08/01/2027", "08/01/2027"),
    ("{{ at | clock('Asia/Jakarta') }}", "09.30 WIB", "09:30 WIB"),
    ("{{ at | clock }}", "09.30", "09:30"),
    (
        "{{ utc | moment('Asia/Jayapura') }}",
        "09/01/2027 08.30 WIT",
        "09/01/2027 08:30 WIT",
    ),
    ("{{ utc | moment }}", "09/01/2027 06.30 WIB", "09/01/2027 06:30 WIB"),
]


@pytest.mark.parametrize(("template", "indonesian", "english"), WRITTEN)
def test_figures_read_as_in_the_language(
    app: Flask, template: str, indonesian: str, english: str
) -> None:
    values = {"day": FRIDAY, "at": time(9, 30), "utc": EARLY}
    for cookie, expected in (("language=id", indonesian), ("language=en", english)):
        with app.test_request_context(headers={"Cookie": cookie}):
            assert app.jinja_env.from_string(template).render(values) == expected


def test_every_zone_has_its_name() -> None:
    assert [i18n.zone_name(zone) for zone in Zone] == ["WIB", "WITA", "WIT"]
    assert i18n.zone_name("Asia/Makassar") == "WITA"


def test_a_stamp_reads_in_the_time_of_the_branch(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    path = f"/runs/{world.own['run_id']}"
    assert "05/11/2026 10:00 WIB" in words_of(english(Role.COORDINATOR).get(path))
    with unit_of_work(engine_of(app)) as db:
        db.get_one(Regency, "33.72").zone = Zone.WIT
    assert "05/11/2026 12:00 WIT" in words_of(english(Role.COORDINATOR).get(path))
    assert "05/11/2026 10:00 WIB" in words_of(english(Role.MANAGER).get(path))
