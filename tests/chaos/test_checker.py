"""The checker is silent on a whole product, and names what a missing wall lets through."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.logbook import known, store
from outreach.logbook.sending import Sending
from outreach.logbook.sync import take_in
from outreach.logbook.tables import ReportSource
from outreach.people.access import person_of
from outreach.people.tables import Account
from outreach.planning.assign import assign
from outreach.visits.batches import claim, due_batches, load_problem
from outreach.visits.leased_rows import LeasedRows
from outreach.visits.runs import request_run
from outreach.visits.saving import save_plan
from tests.at_once import at_once, wait_for_the_other
from tests.chaos.broken import OF_CODE, OF_TABLES
from tests.chaos.checker import check
from tests.chaos.history import History
from tests.chaos.phones import make_phones
from tests.chaos.world import make_world
from tests.visits.world import LEASE, QUICK

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.people.access import Person
    from tests.chaos.phones import Phone
    from tests.chaos.world import Asked

pytestmark = pytest.mark.postgres

NOW = datetime.now(UTC)
SEED = 7
#: Which wall is missing, and what it is that then is not nought.
FOUND = {
    "": set[str](),
    "constraint": {"doubled"},
    "fence": {"sums", "missing"},
    "scope": {"foreign"},
    "second-statement": {"lost"},
}


@pytest.fixture
def walls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back afterwards whatever a test takes away of the code."""
    monkeypatch.setattr(LeasedRows, "is_held", LeasedRows.is_held)
    monkeypatch.setattr(known, "narrow", known.narrow)  # type: ignore[attr-defined]
    monkeypatch.setattr(store, "_insert_all", store._insert_all)


@pytest.mark.parametrize("wall", FOUND)
@pytest.mark.usefixtures("walls")
def test_each_wall_that_is_missing_is_found_out(postgres_engine: Engine, wall: str) -> None:
    if wall in OF_CODE:
        OF_CODE[wall]()
    if wall in OF_TABLES:
        OF_TABLES[wall](postgres_engine)
    verdict = check(postgres_engine, *work(postgres_engine))
    found = {kind for kind, number in verdict.counts().items() if number}
    assert found >= FOUND[wall], verdict.lines()
    assert bool(found) is bool(wall), verdict.lines()


def test_what_was_sworn_to_is_looked_for(postgres_engine: Engine) -> None:
    """Of what never came, whatever the phone was told of it, each is counted as what it is."""
    history = History()
    world = make_world(postgres_engine, branches=1, villages=5, officials=2)
    make_phones(postgres_engine, world, SEED, history)
    accepted, held, *unanswered = history.sent.values()
    history.note_told(accepted, "accepted")
    history.note_told(held, "held")
    history.runs[world.asked[0].stage_id].add(1)
    counts = check(postgres_engine, history, world.asked).counts()
    assert {kind: number for kind, number in counts.items() if number} == {
        "lost": 3,
        "unsent": len(unanswered),
        "missing": 5,
    }


def work(engine: Engine) -> tuple[History, list[Asked]]:
    """Do by hand, at the worst of moments, what the processes do at any."""
    history = History()
    world = make_world(engine, branches=1, villages=100, officials=4)
    phones = make_phones(engine, world, SEED, history)
    _send_twins(engine, phones[0], phones[1], history)
    for phone in phones:
        take_all(engine, phone, history)
    (asked,) = world.asked
    _plan(engine, asked, history)
    return history, world.asked


def take_all(engine: Engine, phone: Phone, history: History) -> None:
    """Take in all that a phone has to send."""
    for envelope in phone.envelopes:
        with unit_of_work(engine) as db:
            _take(db, phone, envelope, history)


def _send_twins(engine: Engine, one: Phone, other: Phone, history: History) -> None:
    """Send from two phones at once what bears one id: the second waits at the very table."""
    is_in, is_through = threading.Event(), threading.Event()

    def first() -> None:
        with unit_of_work(engine) as db:
            _take(db, one, one.envelopes[0], history)
            is_in.set()
            wait_for_the_other(engine, is_through)

    def second() -> None:
        is_in.wait(30)
        with unit_of_work(engine) as db:
            _take(db, other, other.envelopes[0], history)
        is_through.set()

    at_once(first, second)


def _take(db: Session, phone: Phone, envelope: list[dict[str, Any]], history: History) -> None:
    login = f"perangkat-{phone.number}"
    account_id = db.scalars(select(Account.id).where(col(Account.login) == login)).one()
    by = _person(db, account_id or 0)
    sending = Sending(skew_seconds=0, source=ReportSource.PHONE)
    answers = take_in(db, envelope, by, NOW, sending)
    for report, answer in zip(envelope, answers, strict=True):
        history.note_told(report, answer.outcome.value)


def _person(db: Session, account_id: int) -> Person:
    person = person_of(db, account_id)
    assert person is not None
    return person


def _plan(engine: Engine, asked: Asked, history: History) -> None:
    """Plan in two parts; who claimed the first and stood still comes back after the other."""
    with unit_of_work(engine) as db:
        login = select(Account.id).where(col(Account.login) == asked.login)
        by = _person(db, db.scalars(login).one() or 0)
        run = request_run(db, asked.stage_id, by=by, now=NOW, parameters=QUICK, target_size=50)
        history.runs[asked.stage_id].add(run.id or 0)
    with unit_of_work(engine) as db:
        first, last = due_batches(db, NOW)[:2]
    later = NOW + 2 * LEASE
    late = _claimed(engine, first, NOW)
    _save(engine, _claimed(engine, first, later), later)
    _save(engine, late, later + timedelta(seconds=1))
    _save(engine, _claimed(engine, last, later), later)


def _claimed(engine: Engine, batch_id: int, now: datetime) -> tuple[Any, Any, Any]:
    with unit_of_work(engine) as db:
        held = claim(db, batch_id, now, LEASE)
    assert held is not None
    with reading(engine) as db:
        problem = load_problem(db, held)
    return held, problem, assign(problem)


def _save(engine: Engine, planned: tuple[Any, Any, Any], now: datetime) -> None:
    with unit_of_work(engine) as db:
        save_plan(db, *planned, now)
