"""A picture whose sender lets go of it waits with its report, and is evidence once that counts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, NotFound
from outreach.logbook.evidence import digest_of
from outreach.logbook.forgetting import HELD, PICTURES, RULED
from outreach.logbook.form_pictures import waiting_content, waiting_pictures
from outreach.logbook.overdue import LONGEST_WAIT, force_overdue
from outreach.logbook.pictures import redraw
from outreach.logbook.record import fingerprint, read_report
from outreach.logbook.sending import Sending
from outreach.logbook.sync import Outcome, take_in
from outreach.logbook.tables import (
    DisputedReport,
    Evidence,
    EvidenceKind,
    ReportSource,
    Ruling,
    WaitingPicture,
)
from outreach.people.tables import Account
from tests.field import NOW, Field, told
from tests.logbook.form_pictures import (
    PHOTO,
    SIGNATURE,
    bring,
    decide,
    evidence,
    forget,
    shot,
    waiting,
)
from tests.logbook.sending import outcomes, reports, send

if TYPE_CHECKING:
    from sqlalchemy import Engine


@pytest.fixture
def disputed(engine: Engine, at: Field) -> tuple[dict[str, Any], dict[str, Any]]:
    """A report that is stored, and another one of the same visit, with a photo."""
    first, second = told(at.visits[at.codes[0]]), told(at.visits[at.codes[0]], men=25)
    assert outcomes(send(engine, at.official, first, second)) == ["accepted", "conflict"]
    assert bring(engine, at.official, second).outcome is Outcome.HELD
    return first, second


def test_the_same_picture_again_is_the_same_and_another_one_a_conflict(
    engine: Engine, at: Field, held: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    again, other = (bring(engine, at.official, held[1], width) for width in (40, 50))
    assert again.outcome is Outcome.HELD
    assert (other.outcome, other.reason) == (Outcome.CONFLICT, "picture_there")
    assert bring(engine, at.official, held[1], 60, SIGNATURE).outcome is Outcome.HELD
    assert waiting(engine) == {(held[1]["id"], 40), (held[1]["id"], 60)}


def test_it_was_drawn_anew(
    engine: Engine, at: Field, held: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    with reading(engine) as db:
        one = db.exec(select(WaitingPicture)).one()
    assert (one.content, one.sha256) == (redraw(shot(40), PHOTO).content, digest_of(shot(40)))
    assert one.village_code == at.codes[0]


@pytest.mark.parametrize("source", ReportSource)
def test_by_whichever_way_the_report_comes_the_picture_is_evidence_with_its_correction(
    engine: Engine,
    at: Field,
    held: tuple[dict[str, Any], dict[str, Any]],
    source: ReportSource,
) -> None:
    first, second = held
    by = at.coordinator if source is ReportSource.PAPER else at.official
    with unit_of_work(engine) as db:
        (answer,) = take_in(db, [first], by, NOW + timedelta(hours=1), Sending(source=source))
    assert answer.outcome is Outcome.ACCEPTED
    assert (evidence(engine), waiting(engine)) == ({(second["id"], 40)}, set())
    with reading(engine) as db:
        one = db.exec(select(Evidence)).one()
    assert (one.received_at, one.account_id) == (NOW, at.official.account_id)
    # The form comes once more, and then a part of it that had not come before.
    (again,) = send(engine, at.official, second)
    assert again.outcome is Outcome.DUPLICATE
    more = [
        bring(engine, at.official, second, width, kind)
        for width, kind in ((40, PHOTO), (60, SIGNATURE), (50, PHOTO))
    ]
    assert [one.outcome.value for one in more] == ["duplicate", "accepted", "conflict"]
    assert evidence(engine) == {(second["id"], 40), (second["id"], 60)}


def test_pictures_of_a_whole_chain_are_released_together(engine: Engine, at: Field) -> None:
    first = told(at.visits[at.codes[0]])
    chain = [first]
    for men in (21, 22, 23):
        chain.append(told(first["visit_id"], men=men, corrects_id=chain[-1]["id"]))
    send(engine, at.official, *chain[1:])
    for width, item in enumerate(chain[1:], 41):
        for kind in EvidenceKind:
            bring(engine, at.official, item, width, kind)
    send(engine, at.official, first)
    assert evidence(engine) == {(chain[n]["id"], 40 + n) for n in (1, 2, 3)}
    assert waiting(engine) == set()


def test_what_waited_in_vain_and_is_stored_takes_its_picture_along(
    engine: Engine, at: Field, held: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    with unit_of_work(engine) as db:
        force_overdue(db, NOW + LONGEST_WAIT + timedelta(minutes=1))
    assert (evidence(engine), waiting(engine)) == ({(held[1]["id"], 40)}, set())


def test_what_waited_in_vain_and_is_disputed_keeps_its_picture_until_the_ruling(
    engine: Engine, at: Field, held: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    send(engine, at.coordinator, told(held[0]["visit_id"], men=7))
    with unit_of_work(engine) as db:
        force_overdue(db, NOW + LONGEST_WAIT + timedelta(minutes=1))
    assert (evidence(engine), waiting(engine)) == (set(), {(held[1]["id"], 40)})
    assert bring(engine, at.official, held[1], 60, SIGNATURE).outcome is Outcome.HELD
    taken_as = decide(engine, at.coordinator, held[1]["id"], Ruling.TAKEN)
    assert evidence(engine) == {(taken_as, 40), (taken_as, 60)}


def test_a_correction_that_says_what_is_stored_brings_its_picture_to_that(
    engine: Engine, at: Field
) -> None:
    """The numbers are stored under another id by then; the picture is not there yet."""
    first = told(at.visits[at.codes[0]])
    second = told(first["visit_id"], men=25, corrects_id=first["id"])
    third = told(first["visit_id"], men=25, corrects_id=first["id"])
    send(engine, at.official, second)
    send(engine, at.official, third)
    bring(engine, at.official, second, 40)
    bring(engine, at.official, third, 50, SIGNATURE)
    send(engine, at.official, first)
    stored, other = sorted((second["id"], third["id"]))
    assert {one.id for one in reports(engine)} == {first["id"], stored}
    assert evidence(engine) == {(stored, 40), (stored, 50)}
    assert waiting(engine) == set()
    # Later parts of the form that is stored under the other's id.
    kind, item = (SIGNATURE, second) if other == second["id"] else (PHOTO, third)
    more = bring(engine, at.official, item, 70, kind)
    assert (more.outcome, more.reason) == (Outcome.CONFLICT, "picture_there")


def test_what_a_person_takes_has_its_pictures_those_that_come_later_too(
    engine: Engine, at: Field, disputed: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    first, second = disputed
    bring(engine, at.official, first, 90)
    taken_as = decide(engine, at.coordinator, second["id"], Ruling.TAKEN)
    assert taken_as not in (first["id"], second["id"])
    assert evidence(engine) == {(first["id"], 90), (taken_as, 40)}
    more = [
        bring(engine, at.official, second, width, kind)
        for width, kind in ((40, PHOTO), (60, SIGNATURE), (50, PHOTO))
    ]
    assert [one.outcome.value for one in more] == ["duplicate", "accepted", "conflict"]
    assert evidence(engine) == {(first["id"], 90), (taken_as, 40), (taken_as, 60)}
    assert waiting(engine) == set()


def test_what_a_person_sets_aside_keeps_its_pictures_as_long_as_its_content(
    engine: Engine, at: Field, disputed: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    _, second = disputed
    decide(engine, at.coordinator, second["id"], Ruling.SET_ASIDE)
    late = bring(engine, at.official, second, 60, SIGNATURE)
    assert (late.outcome, late.reason) == (Outcome.REJECTED, "report_set_aside")
    forget(engine, NOW + RULED - timedelta(minutes=1))
    assert waiting(engine) == {(second["id"], 40)}
    assert contents(engine) != [{}]
    forget(engine, NOW + RULED)
    assert (waiting(engine), evidence(engine), contents(engine)) == (set(), set(), [{}])


def contents(engine: Engine) -> list[Any]:
    with reading(engine) as db:
        return list(db.exec(select(DisputedReport.content)))


def test_what_waits_for_a_ruling_keeps_its_pictures_for_a_year(
    engine: Engine, at: Field, disputed: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    forget(engine, NOW + PICTURES - timedelta(minutes=1))
    assert waiting(engine) == {(disputed[1]["id"], 40)}
    forget(engine, NOW + PICTURES)
    assert waiting(engine) == set()


def test_what_is_held_and_never_finds_its_report_takes_its_pictures_along(
    engine: Engine, at: Field, held: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    forget(engine, NOW + HELD - timedelta(minutes=1))
    assert waiting(engine) == {(held[1]["id"], 40)}
    forget(engine, NOW + HELD)
    assert waiting(engine) == set()


def test_where_the_place_is_taken_what_stands_there_stays(engine: Engine, at: Field) -> None:
    """Two corrections say the same, each with a photo of its own: one report has one photo."""
    first = told(at.visits[at.codes[0]])
    both = [told(first["visit_id"], men=25, corrects_id=first["id"]) for _ in "ab"]
    both.sort(key=lambda one: one["id"])
    send(engine, at.official, *both)
    for width, item in ((40, both[0]), (50, both[1])):
        bring(engine, at.official, item, width)
    send(engine, at.official, first)
    assert evidence(engine) == {(both[0]["id"], 40)}
    assert waiting(engine) == set()


def test_a_foreign_report_takes_no_picture(
    engine: Engine, at: Field, held: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    answer = bring(engine, at.stranger, held[1], 60, SIGNATURE)
    assert (answer.outcome, answer.reason) == (Outcome.REJECTED, "not_found")
    missing = {**held[1], "visit_id": 999_999}
    assert bring(engine, at.official, missing).reason == "not_found"
    assert waiting(engine) == {(held[1]["id"], 40)}


def test_what_is_neither_stored_nor_kept_is_to_be_sent_again(engine: Engine, at: Field) -> None:
    with pytest.raises(Conflict):
        bring(engine, at.official, told(at.visits[at.codes[0]]))
    assert waiting(engine) == set()


def test_those_who_see_evidence_see_what_waits_and_nobody_else(
    engine: Engine, at: Field, held: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    form = held[1]["id"], fingerprint(read_report(held[1]))
    with reading(engine) as db:
        one = db.exec(select(WaitingPicture)).one()
        for person in (at.official, at.coordinator):
            (row,) = waiting_pictures(db, person, [form])[form]
            assert (row.id, row.kind, row.width, row.sender) == (one.id, PHOTO, 40, "Perangkat")
            assert waiting_content(db, person, one.id).content == one.content
        for person in (at.stranger, at.manager):
            assert waiting_pictures(db, person, [form]) == {}
            with pytest.raises(NotFound):
                waiting_content(db, person, one.id)


def test_what_a_closed_account_left_waiting_keeps_its_picture(
    engine: Engine, at: Field, held: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    with unit_of_work(engine) as db:
        db.get_one(Account, at.official.account_id).is_active = False
        force_overdue(db, NOW + LONGEST_WAIT + timedelta(minutes=1))
    assert waiting(engine) == {(held[1]["id"], 40)}
    taken_as = decide(engine, at.coordinator, held[1]["id"], Ruling.TAKEN)
    assert evidence(engine) == {(taken_as, 40)}
