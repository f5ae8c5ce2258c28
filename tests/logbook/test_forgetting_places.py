"""Where a phone was is forgotten in time, in what waits for a person too."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.logbook.forgetting import PLACES, forget_old
from outreach.logbook.tables import DisputedReport
from tests.builders import load_small_registry
from tests.field import NOW, make_field

if TYPE_CHECKING:
    from sqlalchemy import Engine

PLACE = {"latitude": -7.566, "longitude": 110.825}
NOWHERE = {"latitude": None, "longitude": None}


@pytest.fixture
def disputed(engine: Engine) -> Engine:
    """Three reports that nobody has ruled on: with a place, with none, with half of one."""
    contents: list[dict[str, Any]] = [PLACE, NOWHERE, {"longitude": 110.825}]
    with unit_of_work(engine) as db:
        load_small_registry(db)
        field = make_field(db)
        code = field.codes[0]
        for number, place in enumerate(contents):
            db.add(
                DisputedReport(
                    report_id=str(number),
                    fingerprint=str(number),
                    visit_id=field.visits[code],
                    village_code=code,
                    content={"men": 3, "remarks": "Hujan", **place},
                    reason="already_reported",
                    account_id=field.official.account_id,
                    received_at=NOW,
                )
            )
    return engine


def forgotten(engine: Engine, age: timedelta) -> tuple[int, list[dict[str, Any]]]:
    with unit_of_work(engine) as db:
        done = forget_old(db, NOW + age)
    with reading(engine) as db:
        rows = db.exec(select(DisputedReport).order_by(DisputedReport.report_id)).all()
    assert {one.version for one in rows} == {1}
    return done, [one.content for one in rows]


def test_a_place_in_what_nobody_has_ruled_on_is_forgotten_after_a_season(disputed: Engine) -> None:
    told = {"men": 3, "remarks": "Hujan"}
    done, contents = forgotten(disputed, PLACES - timedelta(minutes=1))
    assert (done, contents[0]) == (0, {**told, **PLACE})
    done, contents = forgotten(disputed, PLACES)
    assert done == 2
    assert contents == [{**told, **NOWHERE}] * 3
    assert forgotten(disputed, 2 * PLACES)[0] == 0
