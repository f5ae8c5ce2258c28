"""Reports that wait for a decision, as they were seen, with the dispute about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.logbook.reviews import reviews_seen, waiting_reviews
from outreach.logbook.sync import Outcome, take_in
from outreach.logbook.tables import DisputedReport, Ruling
from outreach.visits.tables import Visit
from tests.builders import load_small_registry
from tests.field import NOW, Field, make_field
from tests.logbook.judged import honest

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.logbook.reviews import ReviewRow


@pytest.fixture
def at(engine: Engine) -> Field:
    """Three visits that were reported, the second strangely, the third by two who differ."""
    load_small_registry(engine)
    with unit_of_work(engine) as db:
        field = make_field(db)
    reports = [
        honest(field, 0),
        honest(field, 1, men=30, minutes=5, held_at="15:00"),
        honest(field, 2, men=31, held_at="20:00"),
        honest(field, 2, men=40, held_at="20:00"),
        honest(field, 2, men=41, held_at="20:00"),
    ]
    with unit_of_work(engine) as db:
        answers = take_in(db, reports, field.coordinator, NOW)
    assert [one.outcome for one in answers][3:] == [Outcome.CONFLICT] * 2
    return field


def ids(at: Field, *numbers: int) -> list[int]:
    return [at.visits[at.codes[number]] for number in numbers]


def seen(engine: Engine, at: Field, *numbers: int) -> dict[int, int]:
    with reading(engine) as db:
        return {one: db.get_one(Visit, one).version for one in ids(at, *numbers)}


def read(engine: Engine, at: Field, shown: dict[int, int]) -> dict[int, ReviewRow]:
    with reading(engine) as db:
        return {row.visit_id: row for row in reviews_seen(db, at.coordinator, shown)}


def test_each_says_whether_somebody_should_look_at_it(engine: Engine, at: Field) -> None:
    clean, strange, disputed = ids(at, 0, 1, 2)
    rows = read(engine, at, seen(engine, at, 0, 1, 2))
    assert {one: row.has_signs for one, row in rows.items()} == {
        clean: False,
        strange: True,
        disputed: True,
    }
    with reading(engine) as db:
        latest = max(db.exec(select(DisputedReport.id)), key=lambda one: one or 0)
        assert list(rows.values()) == [
            row for row in waiting_reviews(db, at.coordinator, 100) if row.visit_id in rows
        ]
    assert [row.dispute_id for row in rows.values()] == [None, None, latest]


def test_a_dispute_that_was_decided_is_none(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        for one in db.exec(select(DisputedReport)):
            one.ruling = Ruling.SET_ASIDE
    rows = read(engine, at, seen(engine, at, 2))
    assert [row.has_signs for row in rows.values()] == [False]


def test_only_what_waits_as_it_was_seen_is_read_and_nothing_of_others(
    engine: Engine, at: Field
) -> None:
    shown = seen(engine, at, 0, 1, 2, 3)  # of the fourth there is no report
    shown[ids(at, 1)[0]] += 1
    assert sorted(read(engine, at, shown)) == sorted(ids(at, 0, 2))
    with reading(engine) as db:
        assert reviews_seen(db, at.stranger, seen(engine, at, 0)) == []
