"""What a phone is told is the same from both databases, and ends at the village's border."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from outreach.db import reading, unit_of_work
from outreach.logbook.evidence import EvidenceIn, store_evidence
from outreach.logbook.phone_state import AHEAD, phone_state
from outreach.logbook.pictures import Picture
from outreach.logbook.sync import take_in
from outreach.logbook.tables import EvidenceKind
from outreach.progress.own_villages import own_villages
from outreach.visits.tables import Visit, Work
from tests.builders import load_small_registry
from tests.field import DAY, NOW, Field, make_field, told

if TYPE_CHECKING:
    from sqlalchemy import Engine

TODAY = NOW.date()


@pytest.fixture
def field(engine: Engine) -> Field:
    """Two villages have reported, one of them twice, with a signature."""
    with unit_of_work(engine) as db:
        load_small_registry(db)
        field = make_field(db)
        first = told(field.visits[field.codes[0]], paid=2)
        better = told(field.visits[field.codes[0]], men=25, paid=3, corrects_id=first["id"])
        foreign = told(field.visits[field.codes[1]], men=99)
        take_in(db, [first, better, foreign], field.coordinator, NOW)
        given = {"id": uuid.uuid4(), "report_id": first["id"], "kind": EvidenceKind.SIGNATURE}
        picture = Picture("image/png", 1, 1, b"png")
        store_evidence(db, EvidenceIn.model_validate(given), "0", picture, field.official, NOW)
    return field


def test_reports_and_pictures_are_those_of_the_own_village(engine: Engine, field: Field) -> None:
    with reading(engine) as db:
        state = phone_state(db, field.official, TODAY)
    visit_id = field.visits[field.codes[0]]
    assert {one.village_code for one in state.reports} == {field.codes[0]}
    assert [one.men for one in state.reports if one.corrected_by is None] == [25]
    assert len(state.reports) == 2
    assert state.evidence == {visit_id: {EvidenceKind.SIGNATURE}}
    assert (list(state.visits), list(state.disputes)) == ([], [])


def test_a_village_adds_up_what_counts_and_nothing_that_was_corrected(
    engine: Engine, field: Field
) -> None:
    with reading(engine) as db:
        (own,) = own_villages(db, field.official)
        (other,) = own_villages(db, field.stranger)
    assert (own.code, own.sessions, own.people, own.signups) == (field.codes[0], 1, 47, 7)
    assert (own.paid, own.reached) == (3, True)
    assert (other.sessions, other.people, other.paid) == (1, 121, None)
    assert json.dumps([own.sessions, own.people, own.signups, own.paid]) == "[1, 47, 7, 3]"


def test_a_village_without_a_session_is_told_as_not_reached(engine: Engine, field: Field) -> None:
    with reading(engine) as db:
        villages = own_villages(db, field.coordinator)
    untouched = next(one for one in villages if one.code == field.codes[-1])
    assert (untouched.sessions, untouched.signups, untouched.reached) == (0, 0, False)


def test_visits_are_told_sixty_days_ahead(engine: Engine, field: Field) -> None:
    visit_id = field.visits[field.codes[0]]
    for days, shown in ((AHEAD, [visit_id]), (AHEAD + timedelta(days=1), [])):
        with unit_of_work(engine) as db:
            visit = db.get_one(Visit, visit_id)
            visit.work, visit.day = Work.CONFIRMED, TODAY + days
        with reading(engine) as db:
            state = phone_state(db, field.official, TODAY)
        assert [one.id for one in state.visits] == shown
        assert len(state.teams) == len(shown)


def test_old_reports_leave_the_phone(engine: Engine, field: Field) -> None:
    for days, left in ((400, 2), (401, 0)):
        with reading(engine) as db:
            state = phone_state(db, field.official, DAY + timedelta(days=days))
        assert len(state.reports) == left
