"""What was said too late is kept for the branch, and waits until somebody has seen to it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.errors import NotFound
from outreach.logbook.answers_in import take_answer
from outreach.logbook.answers_late import (
    LateAnswer,
    late_answers,
    late_answers_to_see,
    note_late_answers,
)
from outreach.logbook.forgetting import ITEMS, forget_old
from outreach.logbook.sync import Outcome
from outreach.logbook.tables import TakenItem
from outreach.people.tables import Role
from outreach.visits.answers import AnswerIn, answer_by_link
from outreach.visits.approval import approve_plan, submit_plan
from outreach.visits.lifecycle import Author, settle
from outreach.visits.links import live_links
from outreach.visits.moving import note_move, told_move
from outreach.visits.tables import Answer, Channel, Happening, Visit, Work
from tests.logbook.test_answers_in import phone as phone  # noqa: PLC0414 - the fixture
from tests.visits.world import NOW, TODAY, account

if TYPE_CHECKING:
    from outreach.people.access import Person
    from tests.logbook.test_answers_in import Phone

LATER = NOW + timedelta(hours=1)


def late(phone: Phone, answer: str = "no", **other: Any) -> None:
    """Answer to a visit that somebody has changed since the phone saw it."""
    with unit_of_work(phone.engine) as db:
        db.get_one(Visit, phone.visit_id).version += 1
    sent = phone.send(phone.item(answer, **other))
    assert (sent.outcome, sent.reason) == (Outcome.CONFLICT, "changed_meanwhile")
    phone.seen = phone.visit().version


def told(phone: Phone) -> list[LateAnswer]:
    with reading(phone.engine) as db:
        return late_answers(db, phone.world.coordinator, phone.visit_id)


def to_see(phone: Phone, by: Person | None = None, today: date = TODAY) -> list[int]:
    with reading(phone.engine) as db:
        found = late_answers_to_see(db, by or phone.world.coordinator, today)
        alone = late_answers_to_see(db, by or phone.world.coordinator, today, phone.visit_id)
    assert alone == found
    return [one.visit_id for one in found]


def do(phone: Phone, happening: Happening, channel: Channel, now: datetime = LATER) -> None:
    by = None if channel is Channel.PRODUCT else phone.world.coordinator
    with unit_of_work(phone.engine) as db:
        settle(db, phone.visit_id, happening, Author(by, now, "sudah ditelepon", channel))


def test_what_was_said_is_kept_with_its_day_and_hour(phone: Phone) -> None:
    key = phone.places()[1]
    late(phone, "another_day", place=key, reason="ada hajatan")
    late(phone, "no", reason="sedang panen")
    second, first = sorted(told(phone), key=lambda one: one.words, reverse=True)
    _team, day, _slot, minute = key.split(".")
    hour = time(*divmod(int(minute), 60))
    assert (first.answer, first.words) == (Answer.ANOTHER_DAY, "ada hajatan")
    assert (first.day, first.starts_at) == (date.fromisoformat(day), hour)
    assert (second.answer, second.words, second.day) == (Answer.NO, "sedang panen", None)
    assert {one.who for one in (first, second)} == {"Sekdes"}


def test_a_place_that_nobody_offered_is_kept_as_far_as_it_can_be_read(phone: Phone) -> None:
    late(phone, "another_day", place="1.2026-11-16.1.9999")
    (one,) = told(phone)
    assert (one.day, one.starts_at) == (date(2026, 11, 16), None)


def test_of_what_was_taken_or_refused_nothing_is_kept(phone: Phone) -> None:
    phone.send(phone.item("no", reason="NIK 3372012005850001"))
    phone.send(phone.item("another_day", reason="setelah tanggal 20"))
    with reading(phone.engine) as db:
        assert [one.content for one in db.exec(select(TakenItem))] == [{}]


def test_a_number_of_a_person_is_never_kept_however_late_it_comes(phone: Phone) -> None:
    with unit_of_work(phone.engine) as db:
        db.get_one(Visit, phone.visit_id).version += 1
    sent = phone.send(phone.item("no", reason="NIK 3372012005850001"))
    assert sent.outcome is Outcome.REJECTED
    assert told(phone) == []


def test_it_waits_until_somebody_touches_the_visit(phone: Phone) -> None:
    late(phone, reason="sedang panen")
    assert to_see(phone) == [phone.visit_id]
    do(phone, Happening.CALLED, Channel.PHONE)
    assert to_see(phone) == []
    assert len(told(phone)) == 1
    late(phone, reason="tetap tidak bisa")  # that came before the call, by the clock
    assert to_see(phone) == []


def test_what_the_product_does_by_itself_reads_nothing(phone: Phone) -> None:
    late(phone, "can")
    do(phone, Happening.RETURNED, Channel.PRODUCT)
    assert to_see(phone) == [phone.visit_id]


@pytest.mark.parametrize("channel", [Channel.SHEET, Channel.PRODUCT])
def test_what_changes_along_with_others_reads_nothing(phone: Phone, channel: Channel) -> None:
    """A sheet is read in, or another visit of the day is moved, by a coordinator."""
    late(phone, reason="sedang panen")
    author = Author(phone.world.coordinator, LATER, channel=channel)
    with unit_of_work(phone.engine) as db:
        visit = db.get_one(Visit, phone.visit_id)
        before = told_move(visit)
        visit.starts_at = time(10, 5)
        note_move(db, visit, before, author)
    assert phone.lines()[-1][:2] == (Happening.MOVED, channel)
    assert to_see(phone) == [phone.visit_id]


def test_what_the_village_says_afterwards_reads_nothing(phone: Phone) -> None:
    late(phone, reason="sedang panen")
    with unit_of_work(phone.engine) as db:
        other = account(db, "lurah", Role.OFFICIAL, phone.official.areas[0])
    with unit_of_work(phone.engine) as db:
        assert take_answer(db, phone.item("can"), other, LATER).outcome is Outcome.ACCEPTED
    assert phone.lines()[-1] == (Happening.CONFIRMED, Channel.PAGE, "Lurah")
    assert to_see(phone) == [phone.visit_id]


def test_an_answer_by_the_link_reads_nothing(phone: Phone) -> None:
    late(phone, reason="sedang panen")
    with unit_of_work(phone.engine) as db:
        link = live_links(db, [phone.visit_id], NOW)[phone.visit_id]
        answer_by_link(db, link.id or 0, AnswerIn(answer=Answer.CAN), LATER)
    assert phone.lines()[-1][1] is Channel.LINK
    assert to_see(phone) == [phone.visit_id]


def test_the_approval_of_a_whole_plan_reads_nothing(phone: Phone) -> None:
    late(phone, reason="sedang panen")
    world = phone.world
    with unit_of_work(phone.engine) as db:
        db.get_one(Visit, phone.visit_id).work = Work.PROPOSED
        submitted = submit_plan(db, world.stage_id, by=world.coordinator, now=NOW)
    with unit_of_work(phone.engine) as db:
        approve_plan(db, submitted.id or 0, by=world.manager, now=LATER)
    assert phone.visit().work is Work.AWAITING
    assert phone.lines()[-1][0] is Happening.ASKED
    assert to_see(phone) == [phone.visit_id]


def test_it_is_over_with_its_day(phone: Phone) -> None:
    late(phone, reason="sedang panen")
    day = phone.visit().day
    assert to_see(phone, today=day) == [phone.visit_id]
    assert to_see(phone, today=day + timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("answer", "work", "waits"),
    [
        ("can", Work.CONFIRMED, False),
        ("no", Work.CONFIRMED, True),
        ("can", Work.AWAITING, True),
        ("can", Work.POSTPONED, True),
        ("no", Work.CANCELLED, False),
        ("no", Work.DONE, False),
    ],
)
def test_it_waits_only_where_it_may_change_something(
    phone: Phone, answer: str, work: Work, waits: bool
) -> None:
    late(phone, answer, reason="sedang panen")
    with unit_of_work(phone.engine) as db:
        db.get_one(Visit, phone.visit_id).work = work
    assert bool(to_see(phone)) is waits


def test_a_village_that_has_another_visit_instead_waits_no_more(phone: Phone) -> None:
    late(phone, "can")
    with unit_of_work(phone.engine) as db:
        first = db.get_one(Visit, phone.visit_id)
        first.work = Work.POSTPONED
        db.flush()
        again = first.model_dump(exclude={"id"}) | {"work": Work.AWAITING}
        db.add(Visit(**{**again, "day": first.day + timedelta(days=60)}))
    assert to_see(phone) == []


def test_the_last_one_of_a_visit_waits_for_all(phone: Phone) -> None:
    late(phone, reason="sedang panen")
    late(phone, reason="hujan")
    assert to_see(phone) == [phone.visit_id]


def test_it_waits_no_more_once_somebody_has_read_it(phone: Phone) -> None:
    late(phone, reason="sedang panen")
    coordinator = phone.world.coordinator
    with unit_of_work(phone.engine) as db:
        note_late_answers(db, coordinator, phone.visit_id, NOW - timedelta(seconds=1), LATER)
    assert to_see(phone) == [phone.visit_id]  # one that came since the page was shown
    for _ in range(2):
        with unit_of_work(phone.engine) as db:
            note_late_answers(db, coordinator, phone.visit_id, NOW, LATER)
    assert to_see(phone) == []
    assert [one.words for one in told(phone)] == ["sedang panen"]


def test_another_branch_sees_none_and_reads_none(phone: Phone) -> None:
    late(phone, reason="sedang panen")
    with unit_of_work(phone.engine) as db:
        visit = db.get_one(Visit, phone.visit_id)
        codes = select(Visit.village_code).where(Visit.village_code != visit.village_code)
        other = db.exec(codes.order_by(col(Visit.village_code))).first()
        stranger = account(db, "tetangga", phone.official.role, other or "")
    assert to_see(phone, by=stranger) == []
    with unit_of_work(phone.engine) as db, pytest.raises(NotFound):
        note_late_answers(db, stranger, phone.visit_id, NOW, LATER)


def test_what_was_said_is_forgotten_after_a_season(phone: Phone) -> None:
    late(phone, reason="sedang panen")
    with unit_of_work(phone.engine) as db:
        forget_old(db, NOW + ITEMS)
    assert told(phone) == []
    with reading(phone.engine) as db:
        assert db.exec(select(TakenItem)).all() == []
