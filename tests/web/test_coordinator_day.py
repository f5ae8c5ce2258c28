"""Today is where the person works: in Jayapura the day begins two hours before Jakarta's."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from outreach.people.access import Person
from outreach.people.tables import Role
from outreach.villages.tables import Zone
from outreach.web import coordinator_pages
from tests.web.planned import hang_clock

if TYPE_CHECKING:
    from flask import Flask

BEFORE_MIDNIGHT_IN_JAKARTA = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day"), [(Zone.WIB, date(2026, 11, 20)), (Zone.WIT, date(2026, 11, 21))]
)
def test_today_is_the_day_of_the_persons_place(
    app: Flask, monkeypatch: pytest.MonkeyPatch, zone: Zone, day: date
) -> None:
    somebody = Person(1, "Yopi Latu", Role.COORDINATOR, ("81.71",), 1, zone)
    monkeypatch.setattr(coordinator_pages, "person", lambda: somebody)
    hang_clock(app, BEFORE_MIDNIGHT_IN_JAKARTA)
    with app.test_request_context():
        assert coordinator_pages.today() == day
