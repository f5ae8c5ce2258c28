"""Several contents under one id: each has the pictures that it came with, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.logbook.forgetting import HELD, RULED
from outreach.logbook.form_pictures import waiting_pictures
from outreach.logbook.record import fingerprint, read_report
from outreach.logbook.sync import Outcome
from outreach.logbook.tables import (
    EvidenceKind,
    Ruling,
)
from outreach.visits.tables import Visit, Work
from tests.field import NOW, Field, told
from tests.logbook.form_pictures import (
    PHOTO,
    SIGNATURE,
    bring,
    decide,
    evidence,
    forget,
    waiting,
)
from tests.logbook.sending import outcomes, send

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_a_report_entered_later_under_the_same_id_leaves_the_pictures_to_the_disputed_one(
    engine: Engine, at: Field
) -> None:
    """The visit was called off, so the form waits for a ruling; then it is taken up again."""
    one = told(at.visits[at.codes[0]])
    set_work(engine, one["visit_id"], Work.CANCELLED)
    assert outcomes(send(engine, at.official, one)) == ["conflict"]
    bring(engine, at.official, one)
    set_work(engine, one["visit_id"], Work.CONFIRMED)
    other = {**one, "men": 21}
    assert outcomes(send(engine, at.coordinator, other)) == ["accepted"]
    assert (evidence(engine), waiting(engine)) == (set(), {(one["id"], 40)})
    assert bring(engine, at.coordinator, other, 50).outcome is Outcome.ACCEPTED
    taken_as = decide(engine, at.coordinator, one["id"], Ruling.TAKEN)
    assert evidence(engine) == {(one["id"], 50), (taken_as, 40)}


def set_work(engine: Engine, visit_id: int, work: Work) -> None:
    with unit_of_work(engine) as db:
        db.execute(update(Visit).where(col(Visit.id) == visit_id).values(work=work))


def test_the_same_form_with_other_numbers_and_another_photo_loses_neither(
    engine: Engine, at: Field
) -> None:
    one = told(at.visits[at.codes[0]])
    other = {**one, "men": 99}
    assert outcomes(send(engine, at.official, one)) == ["accepted"]
    bring(engine, at.official, one, 40)
    assert outcomes(send(engine, at.official, other)) == ["conflict"]
    same, new = (bring(engine, at.official, other, width) for width in (40, 50))
    assert (same.outcome, new.outcome) == (Outcome.DUPLICATE, Outcome.HELD)
    taken_as = decide(engine, at.coordinator, one["id"], Ruling.TAKEN)
    assert evidence(engine) == {(one["id"], 40), (taken_as, 50)}
    assert waiting(engine) == set()


@pytest.mark.parametrize("ruling", Ruling)
def test_the_photo_of_other_numbers_waits_though_the_stored_report_has_none(
    engine: Engine, at: Field, ruling: Ruling
) -> None:
    one = told(at.visits[at.codes[0]])
    other = {**one, "men": 99}
    assert outcomes(send(engine, at.official, one, other)) == ["accepted", "conflict"]
    assert bring(engine, at.official, other).outcome is Outcome.HELD
    assert (evidence(engine), waiting(engine)) == (set(), {(one["id"], 40)})
    # What the stored form itself brings reaches its report all the same.
    assert bring(engine, at.official, one, 60, SIGNATURE).outcome is Outcome.ACCEPTED
    taken_as = decide(engine, at.coordinator, one["id"], ruling)
    own = {(one["id"], 60)}
    if ruling is Ruling.TAKEN:
        assert (evidence(engine), waiting(engine)) == (own | {(taken_as, 40)}, set())
        return
    assert (evidence(engine), waiting(engine)) == (own, {(one["id"], 40)})
    late = bring(engine, at.official, other, 70, SIGNATURE)
    assert (late.outcome, late.reason) == (Outcome.REJECTED, "report_set_aside")
    assert evidence(engine) == own


def test_what_is_held_and_what_disputes_it_have_pictures_of_their_own(
    engine: Engine, at: Field, held: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    first, second = held
    other = {**second, "men": 31}
    assert outcomes(send(engine, at.official, other)) == ["conflict"]
    # Even the same one: it came with both.
    came = [bring(engine, at.official, other, *one) for one in ((40,), (50,), (60, SIGNATURE))]
    assert [one.outcome.value for one in came] == ["held", "conflict", "held"]
    assert pictures_of(engine, at, other) == {(PHOTO, 40), (SIGNATURE, 60)}
    assert pictures_of(engine, at, second) == {(PHOTO, 40)}
    assert outcomes(send(engine, at.official, first)) == ["accepted"]
    assert evidence(engine) == {(second["id"], 40)}
    assert waiting(engine) == {(second["id"], 40), (second["id"], 60)}
    taken_as = decide(engine, at.coordinator, second["id"], Ruling.TAKEN)
    assert evidence(engine) == {(second["id"], 40), (taken_as, 40), (taken_as, 60)}
    assert waiting(engine) == set()


def pictures_of(engine: Engine, at: Field, item: dict[str, Any]) -> set[tuple[EvidenceKind, int]]:
    """Look at the pictures that wait with just this content."""
    form = item["id"], fingerprint(read_report(item))
    with reading(engine) as db:
        found = waiting_pictures(db, at.coordinator, [form]).get(form, [])
    return {(one.kind, one.width) for one in found}


def test_only_the_disputed_one_keeps_its_pictures_where_what_was_held_is_forgotten(
    engine: Engine, at: Field, held: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    other = {**held[1], "men": 31}
    send(engine, at.official, other)
    bring(engine, at.official, other, 50)
    assert waiting(engine) == {(other["id"], 40), (other["id"], 50)}
    forget(engine, NOW + HELD)
    assert waiting(engine) == {(other["id"], 50)}


def test_only_what_is_held_keeps_its_pictures_where_the_disputed_one_is_forgotten(
    engine: Engine, at: Field, held: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    other = {**held[1], "men": 31}
    send(engine, at.official, other)
    bring(engine, at.official, other, 50)
    decide(engine, at.coordinator, other["id"], Ruling.SET_ASIDE, NOW - RULED)
    forget(engine, NOW)
    assert waiting(engine) == {(other["id"], 40)}


@pytest.mark.parametrize("width", [40, 50])
def test_one_id_disputed_for_two_visits_has_a_photo_for_each(
    engine: Engine, at: Field, width: int
) -> None:
    one = told(at.visits[at.codes[0]])
    strayed = {**one, "visit_id": at.visits[at.codes[1]]}
    send(engine, at.coordinator, *(told(item["visit_id"], men=7) for item in (one, strayed)))
    assert outcomes(send(engine, at.coordinator, one, strayed)) == ["conflict"] * 2
    assert bring(engine, at.coordinator, one, 40).outcome is Outcome.HELD
    assert bring(engine, at.coordinator, strayed, width).outcome is Outcome.HELD
    assert pictures_of(engine, at, one) == {(PHOTO, 40)}
    assert pictures_of(engine, at, strayed) == {(PHOTO, width)}


def test_each_of_several_contents_under_one_id_follows_its_own_ruling(
    engine: Engine, at: Field
) -> None:
    one = told(at.visits[at.codes[0]])
    second, third = ({**one, "men": men} for men in (98, 99))
    send(engine, at.official, one, second)
    decide(engine, at.coordinator, one["id"], Ruling.SET_ASIDE)
    assert outcomes(send(engine, at.official, third)) == ["conflict"]
    assert bring(engine, at.official, second, 40).reason == "report_set_aside"
    assert bring(engine, at.official, third, 50).outcome is Outcome.HELD
    taken_as = decide(engine, at.coordinator, one["id"], Ruling.TAKEN)
    assert bring(engine, at.official, second, 40).reason == "report_set_aside"
    assert bring(engine, at.official, third, 60, SIGNATURE).outcome is Outcome.ACCEPTED
    assert evidence(engine) == {(taken_as, 50), (taken_as, 60)}


def test_what_came_under_the_id_of_a_repeat_and_says_otherwise_has_pictures_of_its_own(
    engine: Engine, at: Field
) -> None:
    first, again = (told(at.visits[at.codes[0]]) for _ in "ab")
    other = {**again, "men": 99}
    answers = send(engine, at.official, first, again, other)
    assert outcomes(answers) == ["accepted", "duplicate", "conflict"]
    assert bring(engine, at.official, other, 50).outcome is Outcome.HELD
    assert bring(engine, at.official, again, 40).outcome is Outcome.ACCEPTED
    assert (evidence(engine), waiting(engine)) == ({(first["id"], 40)}, {(again["id"], 50)})


def test_a_picture_of_another_visits_report_waits_for_its_own_ruling(
    engine: Engine, at: Field
) -> None:
    """The id was used for two visits: each picture belongs to the visit that its form named."""
    one = told(at.visits[at.codes[0]])
    strayed = {**one, "visit_id": at.visits[at.codes[1]]}
    send(engine, at.coordinator, one)
    assert outcomes(send(engine, at.coordinator, strayed)) == ["conflict"]
    assert bring(engine, at.coordinator, strayed).outcome is Outcome.HELD
    assert (evidence(engine), waiting(engine)) == (set(), {(one["id"], 40)})
    taken_as = decide(engine, at.coordinator, one["id"], Ruling.TAKEN)
    assert evidence(engine) == {(taken_as, 40)}


def test_a_report_of_another_visit_under_the_same_id_takes_no_picture_of_this_one(
    engine: Engine, at: Field
) -> None:
    one = told(at.visits[at.codes[0]])
    set_work(engine, one["visit_id"], Work.CANCELLED)
    assert outcomes(send(engine, at.official, one)) == ["conflict"]
    bring(engine, at.official, one)
    strayed = {**one, "visit_id": at.visits[at.codes[1]]}
    assert outcomes(send(engine, at.coordinator, strayed)) == ["accepted"]
    assert (evidence(engine), waiting(engine)) == (set(), {(one["id"], 40)})
