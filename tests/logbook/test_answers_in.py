"""What a phone answers to a visit counts once, however often it comes and whatever came between."""

from __future__ import annotations

import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from outreach.campaigns.tables import Stage
from outreach.db import make_engine, reading, unit_of_work
from outreach.errors import Invalid
from outreach.logbook.answers_in import MOST_AT_ONCE, read_items, take_answer
from outreach.logbook.sync import Outcome
from outreach.logbook.tables import TakenItem
from outreach.people.tables import Role
from outreach.visits.lifecycle import confirm
from outreach.visits.links import issue_links, live_links
from outreach.visits.listing import history
from outreach.visits.offers import offers, place_key
from outreach.visits.openings import openings
from outreach.visits.tables import Channel, Happening, Visit, Work
from tests.visits.world import NOW, STARTS, TODAY, World, account, build_world, plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from outreach.logbook.sync import Answer
    from outreach.people.access import Person


class Phone:
    """A phone of an official whose village was asked, and the visit it shows."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.world = _asked_world(engine)
        with unit_of_work(engine) as db:
            visits = db.exec(select(Visit).where(Visit.stage_id == self.world.stage_id)).all()
            first, other = sorted(visits, key=lambda one: (one.day, one.team_id, one.slot))[:2]
            self.visit_id, self.other_id = first.id or 0, other.id or 0
            self.seen = first.version
            self.official = account(db, "sekdes", Role.OFFICIAL, first.village_code)

    def visit(self) -> Visit:
        with reading(self.engine) as db:
            return db.get_one(Visit, self.visit_id)

    def item(self, answer: str = "can", **other: Any) -> dict[str, Any]:
        told = {"id": str(uuid.uuid4()), "visit_id": self.visit_id, "version": self.seen}
        return {**told, "answer": answer, **other}

    def send(self, item: object, by: Person | None = None) -> Answer:
        with unit_of_work(self.engine) as db:
            return take_answer(db, item, by or self.official, NOW)

    def places(self) -> list[str]:
        with reading(self.engine) as db:
            return [place_key(one) for one in offers(db, self.visit_id, today=TODAY)]

    def lines(self) -> list[tuple[Happening, Channel, str | None]]:
        with reading(self.engine) as db:
            past = history(db, self.world.coordinator, self.visit_id)
        return [(one.happening, one.channel, one.who) for one in past]


def _asked_world(engine: Engine) -> World:
    world = build_world(engine)
    plan(engine, world)
    with unit_of_work(engine) as db:
        db.get_one(Stage, world.stage_id).ends = date(2026, 11, 21)
        visits = db.exec(select(Visit).where(Visit.stage_id == world.stage_id)).all()
        for visit in visits:
            visit.work = Work.AWAITING
        issue_links(db, [visit.id or 0 for visit in visits], NOW)
    return world


@pytest.fixture
def phone(engine: Engine) -> Phone:
    return Phone(engine)


def test_a_yes_confirms_once_and_the_history_says_who(phone: Phone) -> None:
    item = phone.item("can")
    assert phone.send(item).outcome is Outcome.ACCEPTED
    after = phone.visit()
    assert after.work is Work.CONFIRMED
    assert phone.lines()[-1] == (Happening.CONFIRMED, Channel.PAGE, "Sekdes")
    for _ in range(2):
        assert phone.send(item).outcome is Outcome.DUPLICATE
    assert phone.visit().version == after.version
    with reading(phone.engine) as db:
        assert live_links(db, [phone.visit_id], NOW) == {}


def test_the_same_id_never_says_anything_else_later(phone: Phone) -> None:
    item = phone.item("can")
    phone.send(item)
    answer = phone.send({**item, "answer": "no", "reason": "panen"})
    assert (answer.outcome, answer.reason) == (Outcome.CONFLICT, "other_answer")
    assert phone.visit().work is Work.CONFIRMED


def test_an_answer_to_what_was_changed_meanwhile_is_a_conflict_for_good(phone: Phone) -> None:
    late = phone.item("no", reason="sedang panen")
    with unit_of_work(phone.engine) as db:
        confirm(db, phone.visit_id, version=phone.seen, by=phone.world.coordinator, now=NOW)
    for _ in range(2):
        answer = phone.send(late)
        assert (answer.outcome, answer.reason) == (Outcome.CONFLICT, "changed_meanwhile")
    assert phone.visit().work is Work.CONFIRMED
    phone.seen = phone.visit().version
    assert phone.send(phone.item("no", reason="sedang panen")).outcome is Outcome.ACCEPTED
    assert phone.visit().work is Work.RETURNED


def test_a_day_that_was_offered_is_taken_and_settled(phone: Phone) -> None:
    key = phone.places()[1]
    answer = phone.send(phone.item("another_day", place=key, reason="ada hajatan"))
    assert answer.outcome is Outcome.ACCEPTED
    after = phone.visit()
    assert (after.work, after.day.isoformat()) == (Work.CONFIRMED, key.split(".")[1])
    assert [line[0] for line in phone.lines()[-2:]] == [Happening.MOVED, Happening.CONFIRMED]


def test_a_day_that_went_to_somebody_else_leaves_the_visit_waiting(phone: Phone) -> None:
    key = phone.places()[0]
    item = phone.item("another_day", place=key)
    with unit_of_work(phone.engine) as db:  # no day is left that could be offered
        stage = db.get_one(Stage, phone.world.stage_id)
        until, stage.ends = stage.ends, STARTS
    answer = phone.send(item)
    assert (answer.outcome, answer.reason) == (Outcome.CONFLICT, "opening_gone")
    assert (phone.visit().work, phone.visit().version) == (Work.AWAITING, phone.seen)
    with unit_of_work(phone.engine) as db:
        db.get_one(Stage, phone.world.stage_id).ends = until
    # Its official was told that the day is gone: it must not be taken behind the back.
    assert phone.send(item).outcome is Outcome.CONFLICT
    assert phone.send(phone.item("another_day", place=key)).outcome is Outcome.ACCEPTED


def test_a_place_that_is_free_but_was_not_offered_is_the_branchs_to_give(phone: Phone) -> None:
    with reading(phone.engine) as db:
        free = openings(db, phone.visit_id, today=TODAY, most=1000)
    key = next(key for one in free if (key := place_key(one)) not in phone.places())
    answer = phone.send(phone.item("another_day", place=key))
    assert (answer.outcome, answer.reason) == (Outcome.CONFLICT, "opening_gone")


def test_a_day_that_was_never_offered_is_not_taken(phone: Phone) -> None:
    team, _, slot, minute = phone.places()[0].split(".")
    sunday = ".".join((team, "2026-11-15", slot, minute))
    answer = phone.send(phone.item("another_day", place=sunday))
    assert (answer.outcome, answer.reason) == (Outcome.CONFLICT, "opening_gone")


def test_a_no_sets_the_day_free_and_a_wish_keeps_the_visit_waiting(phone: Phone) -> None:
    assert phone.send(phone.item("another_day", reason="setelah tanggal 20")).outcome is (
        Outcome.ACCEPTED
    )
    assert phone.visit().work is Work.AWAITING
    assert phone.lines()[-1][0] is Happening.WISHED
    phone.seen = phone.visit().version
    assert phone.send(phone.item("no", reason="sedang panen")).outcome is Outcome.ACCEPTED
    assert phone.visit().work is Work.POSTPONED


@pytest.mark.parametrize(
    ("wrong", "problems"),
    [
        ({"answer": "no"}, {"reason": ["missing"]}),
        ({"answer": "another_day"}, {"reason": ["missing"]}),
        ({"answer": "no", "reason": "NIK 3372012005850001"}, {"reason": ["identity_number"]}),
        ({"answer": "maybe"}, {"answer": ["enum"]}),
        ({"id": "1"}, {"id": ["uuid_parsing"]}),
        ({"visit_id": 2**40}, {"visit_id": ["less_than_equal"]}),
        ({"place": "1.2026-02-31.1.500", "answer": "another_day"}, {"place": ["date_parsing"]}),
        ({"place": "'; DROP TABLE visit"}, {"place": ["string_pattern_mismatch"]}),
        ({"participant": "Budi"}, {"participant": ["extra_forbidden"]}),
    ],
)
def test_what_cannot_be_taken_is_refused_with_its_problems(
    phone: Phone, wrong: dict[str, Any], problems: dict[str, list[str]]
) -> None:
    answer = phone.send({**phone.item("can"), **wrong})
    assert (answer.outcome, answer.problems) == (Outcome.REJECTED, problems)
    assert (phone.visit().work, phone.visit().version) == (Work.AWAITING, phone.seen)


@pytest.mark.parametrize("nonsense", [None, "can", 5, [], ["can"], {}, {"id": 7}])
def test_what_is_no_answer_at_all_is_refused(phone: Phone, nonsense: object) -> None:
    assert phone.send(nonsense).outcome is Outcome.REJECTED


def test_a_foreign_visit_looks_like_a_missing_one(phone: Phone) -> None:
    for visit_id in (phone.other_id, 999_999):
        answer = phone.send(phone.item("can", visit_id=visit_id))
        assert (answer.outcome, answer.reason) == (Outcome.REJECTED, "not_found")
    with reading(phone.engine) as db:
        assert db.get_one(Visit, phone.other_id).work is Work.AWAITING
        assert db.exec(select(TakenItem)).all() == []


def test_only_an_official_answers_in_this_way(phone: Phone) -> None:
    answer = phone.send(phone.item("can"), by=phone.world.coordinator)
    assert (answer.outcome, answer.reason) == (Outcome.REJECTED, "not_allowed")


def test_nobody_says_yes_to_a_day_that_is_over(phone: Phone) -> None:
    with unit_of_work(phone.engine) as db:
        db.get_one(Visit, phone.visit_id).day = TODAY - timedelta(days=1)
    answer = phone.send(phone.item("can"))
    assert (answer.outcome, answer.problems) == (Outcome.REJECTED, {"answer": ["in_the_past"]})


def test_the_same_answer_twice_at_once_counts_once(phone: Phone) -> None:
    item = phone.item("can")
    with ThreadPoolExecutor(2) as both:
        outcomes = sorted(one.outcome for one in both.map(phone.send, [item, item]))
    assert outcomes == [Outcome.ACCEPTED, Outcome.DUPLICATE]
    assert phone.visit().version == phone.seen + 1


def test_no_more_than_an_envelope_holds_is_taken() -> None:
    assert read_items([{}] * MOST_AT_ONCE)
    tried: tuple[object, ...] = (None, {}, "x", [{}] * (MOST_AT_ONCE + 1))
    for wrong in tried:
        with pytest.raises(Invalid):
            read_items(wrong)


class _BackAsItWasError(Exception):
    """Ends a unit of work that nobody keeps."""


def _throw_away() -> None:
    raise _BackAsItWasError


@pytest.fixture(scope="module")
def kept_phone(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    path = tmp_path_factory.mktemp("answers") / "outreach.sqlite"
    shutil.copy(sqlite_template, path)
    engine = make_engine(f"sqlite:///{path}")
    yield Phone(engine)
    engine.dispose()


_SAID = (
    {"answer": "can"},
    {"answer": "no", "reason": "panen"},
    {"answer": "another_day", "reason": "minggu depan"},
)
_ENDS = (Work.CONFIRMED, Work.POSTPONED, Work.AWAITING)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(order=st.lists(st.integers(0, 2), min_size=1, max_size=12))
def test_the_first_answer_counts_in_whatever_order_and_however_often_they_come(
    kept_phone: Phone, order: list[int]
) -> None:
    items = [kept_phone.item(**said) for said in _SAID]
    with suppress(_BackAsItWasError), unit_of_work(kept_phone.engine) as db:
        outcomes = [take_answer(db, items[n], kept_phone.official, NOW).outcome for n in order]
        visit = db.get_one(Visit, kept_phone.visit_id)
        ended = (visit.work, visit.version)
        _throw_away()
    first = order[0]
    assert ended == (_ENDS[first], kept_phone.seen + 1)
    model = [Outcome.DUPLICATE if n == first else Outcome.CONFLICT for n in order]
    assert outcomes == [Outcome.ACCEPTED, *model[1:]]
