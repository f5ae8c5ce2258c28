"""A session that was held is never lost, whatever became of its visit meanwhile."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.logbook.disputes import dispute_of, open_disputes, rule
from outreach.logbook.evidence import EvidenceIn, answer_before
from outreach.logbook.overdue import LONGEST_WAIT, force_overdue
from outreach.logbook.sync import take_in
from outreach.logbook.tables import DisputedReport, EvidenceKind, Ruling, TakenItem
from outreach.visits.moving import MoveIn, move_visit
from outreach.visits.tables import Visit, Work
from tests.field import DAY, NOW, Field, told
from tests.logbook.sending import outcomes, reports, send, visit

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

#: A working day of the team after today, 20 November.
COMING = date(2026, 11, 25)


@pytest.fixture
def visit_id(at: Field) -> int:
    return at.visits[at.codes[0]]


def put(engine: Engine, visit_id: int, **values: Any) -> None:
    with unit_of_work(engine) as db:
        db.execute(update(Visit).where(col(Visit.id) == visit_id).values(**values))


def move(engine: Engine, at: Field, visit_id: int, now: datetime = NOW) -> None:
    with unit_of_work(engine) as db:
        version = db.get_one(Visit, visit_id).version
        to = MoveIn(team_id=at.team_id, day=COMING, slot=1, also_confirmed=True)
        move_visit(db, visit_id, to, version=version, by=at.coordinator, now=now)


def disputes(engine: Engine) -> list[DisputedReport]:
    with reading(engine) as db:
        return list(db.exec(select(DisputedReport)))


@pytest.mark.parametrize("before", [Work.RETURNED, Work.POSTPONED, Work.UNREACHABLE])
def test_a_session_whose_visit_was_given_another_day_meanwhile_is_kept_for_the_coordinator(
    engine: Engine, at: Field, visit_id: int, before: Work
) -> None:
    put(engine, visit_id, work=before)
    move(engine, at, visit_id)
    assert visit(engine, visit_id).work is Work.PROPOSED
    one = told(visit_id)
    (answer,) = send(engine, at.official, one)
    assert (answer.outcome.value, answer.reason) == ("conflict", "visit_moved")
    put(engine, visit_id, work=Work.AWAITING)
    (again,) = send(engine, at.official, one)
    assert again.outcome.value == "conflict"
    assert visit(engine, visit_id).work is Work.AWAITING  # the coming visit still comes
    assert [row.report_id for row in disputes(engine)] == [one["id"]]
    assert reports(engine) == []


def test_a_proposal_of_today_keeps_what_its_official_tells(
    engine: Engine, at: Field, visit_id: int
) -> None:
    put(engine, visit_id, work=Work.PROPOSED)
    (answer,) = send(engine, at.official, told(visit_id))
    assert (answer.outcome.value, answer.reason) == ("conflict", "wrong_status")
    assert len(disputes(engine)) == 1


def test_who_never_reports_is_still_refused(engine: Engine, at: Field, visit_id: int) -> None:
    (answer,) = send(engine, at.manager, told(visit_id))
    assert (answer.outcome.value, answer.reason) == ("rejected", "not_allowed")
    assert disputes(engine) == []


@pytest.mark.parametrize("work", [Work.PROPOSED, Work.AWAITING, Work.CONFIRMED])
def test_an_old_session_never_ends_a_coming_visit_unless_a_person_says_so(
    engine: Engine, at: Field, visit_id: int, work: Work
) -> None:
    move(engine, at, visit_id)
    put(engine, visit_id, work=work)
    for sender in (at.official, at.coordinator):
        (answer,) = send(engine, sender, told(visit_id))
        assert (answer.outcome.value, answer.reason) == ("conflict", "visit_moved")
    assert visit(engine, visit_id).work is work
    with reading(engine) as db:
        row, _ = open_disputes(db, at.coordinator)
        assert dispute_of(db, at.coordinator, row.id).hindrance == ""
    with unit_of_work(engine) as db:
        given: dict[str, Any] = {
            "version": 1,
            "why": "Sudah diadakan",
            "by": at.coordinator,
            "now": NOW,
        }
        rule(db, row.id, Ruling.TAKEN, **given)
    assert visit(engine, visit_id).work is Work.DONE
    assert [one.held_on for one in reports(engine)] == [DAY]


def test_a_session_held_earlier_than_planned_is_reported_like_any_other(
    engine: Engine, at: Field, visit_id: int
) -> None:
    """By agreement: on the day itself, and later where the day was given before the session."""
    today, other = told(visit_id, held_on="2026-11-20"), at.visits[at.codes[3]]
    move(engine, at, visit_id)
    assert outcomes(send(engine, at.official, today)) == ["accepted"]
    put(engine, other, day=COMING + timedelta(days=1))  # never moved: planned so
    assert outcomes(send(engine, at.coordinator, told(other))) == ["accepted"]


def test_a_session_after_the_move_and_before_the_new_day_is_reported(
    engine: Engine, at: Field, visit_id: int
) -> None:
    move(engine, at, visit_id, NOW - timedelta(days=4))
    assert outcomes(send(engine, at.official, told(visit_id))) == ["accepted"]


def test_the_same_told_by_another_way_is_what_is_stored(
    engine: Engine, at: Field, visit_id: int
) -> None:
    first = told(visit_id, paid=3, place="Balai desa")
    by_paper = told(visit_id)
    (stored,) = send(engine, at.official, first)
    (again,) = send(engine, at.coordinator, by_paper)
    assert (again.id, again.outcome.value) == (by_paper["id"], "duplicate")
    assert (again.stored_as, again.receipt) == (first["id"], stored.receipt)
    assert [one.id for one in reports(engine)] == [first["id"]]
    assert disputes(engine) == []
    # What is stored is corrected, and then the phone asks again: it is still told the same.
    send(engine, at.official, told(visit_id, men=7, corrects_id=first["id"]))
    (late,) = send(engine, at.coordinator, by_paper)
    assert (late.outcome.value, late.stored_as) == ("duplicate", first["id"])
    (other,) = send(engine, at.coordinator, {**by_paper, "men": 99})
    assert other.outcome.value == "conflict"


@pytest.mark.parametrize("change", [{"men": 21}, {"met": "refused", "men": 0, "women": 0}])
def test_what_says_something_else_is_no_duplicate(
    engine: Engine, at: Field, visit_id: int, change: dict[str, Any]
) -> None:
    send(engine, at.official, told(visit_id, signups=0))
    (answer,) = send(engine, at.coordinator, told(visit_id, signups=0, **change))
    assert answer.outcome.value == "conflict"


def test_a_duplicate_within_a_request_and_a_correction_of_it_find_the_stored_one(
    engine: Engine, at: Field, visit_id: int
) -> None:
    one, same = told(visit_id), told(visit_id)
    early = told(visit_id, men=5, corrects_id=same["id"])
    assert outcomes(send(engine, at.official, early)) == ["held"]
    assert outcomes(send(engine, at.official, one, same)) == ["accepted", "duplicate"]
    stored = {row.id: row for row in reports(engine)}
    assert stored[early["id"]].corrects_id == one["id"]
    later = told(visit_id, men=6, corrects_id=early["id"])
    twin = told(visit_id, men=6, corrects_id=early["id"])
    assert outcomes(send(engine, at.official, later, twin)) == ["accepted", "duplicate"]
    assert disputes(engine) == []
    with reading(engine) as db:
        notes = {row.id: row.reason for row in db.exec(select(TakenItem))}
    assert notes == {same["id"]: one["id"], twin["id"]: later["id"]}


def test_a_picture_of_what_was_stored_already_goes_with_the_stored_one(
    engine: Engine, at: Field, visit_id: int
) -> None:
    one, same = told(visit_id), told(visit_id)
    send(engine, at.official, one, same)
    with reading(engine) as db:
        picture = EvidenceIn(id=uuid.uuid4(), report_id=same["id"], kind=EvidenceKind.PHOTO)
        assert answer_before(db, picture, "0" * 64, at.official) is None  # it is to be sent


def test_what_waited_in_vain_and_says_what_is_stored_leaves_nothing_to_decide(
    engine: Engine, at: Field, visit_id: int
) -> None:
    two = told(visit_id, corrects_id=str(uuid.uuid4()))
    send(engine, at.official, two)
    send(engine, at.coordinator, told(visit_id))
    with unit_of_work(engine) as db:
        assert force_overdue(db, NOW + LONGEST_WAIT + timedelta(minutes=1)) == 1
    assert len(reports(engine)) == 1
    assert disputes(engine) == []
    with unit_of_work(engine) as db:
        (answer,) = take_in(db, [two], at.official, NOW)
    assert answer.outcome.value == "duplicate"
