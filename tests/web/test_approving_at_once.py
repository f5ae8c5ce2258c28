"""What comes while reports are being approved is asked about, or comes after them."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import col, select

from outreach.config import Settings
from outreach.db import reading, unit_of_work
from outreach.logbook.reviews import waiting_reviews
from outreach.logbook.sync import take_in
from outreach.logbook.tables import SessionReport
from outreach.visits.tables import Visit, Work
from outreach.web.app import create_app
from tests.at_once import at_once, wait_for_the_other
from tests.builders import load_small_registry
from tests.field import DAY, NOW, Field, make_field
from tests.logbook.judged import honest
from tests.web.conftest import Visitor
from tests.web.world import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Engine


@pytest.fixture
def at(engine: Engine) -> Field:
    load_small_registry(engine)
    with unit_of_work(engine) as db:
        return make_field(db)


@pytest.fixture
def browser(database_url: str, at: Field, tmp_path: Path) -> Iterator[Callable[[], Visitor]]:
    """Make a browser of the coordinator."""
    app = create_app(Settings(database_url=database_url, secret_key=SECRET, var_dir=tmp_path))
    app.testing = True
    app.test_client_class = Visitor

    def log_in() -> Visitor:
        visitor = app.test_client()
        assert isinstance(visitor, Visitor)
        visitor.log_in((at.coordinator.account_id, "1")).set_cookie("language", "en")
        return visitor

    yield log_in
    app.extensions["outreach"].engine.dispose()


def send(engine: Engine, at: Field, *items: dict[str, Any]) -> None:
    with unit_of_work(engine) as db:
        take_in(db, items, at.coordinator, NOW)


def pairs(engine: Engine, at: Field) -> dict[int, str]:
    """What the page would tick, by visit; nothing is strange about any of it."""
    with reading(engine) as db:
        rows = waiting_reviews(db, at.coordinator, 100)
    assert not any(row.has_signs for row in rows)
    return {row.visit_id: f"{row.visit_id}:{row.version}" for row in rows}


def approve(client: Visitor, picked: list[str]) -> Any:
    return client.send("/reviews", {"act": "approved", "which": "ticked", "visits": picked})


def approve_while(
    engine: Engine, at: Field, client: Visitor, picked: list[str], *items: dict[str, Any]
) -> Any:
    """Approve while these have been written and are not committed yet."""
    has_written, is_through = threading.Event(), threading.Event()
    answers: list[Any] = []

    def tell() -> None:
        with unit_of_work(engine) as db:
            take_in(db, items, at.coordinator, NOW)
            has_written.set()
            wait_for_the_other(engine, is_through)

    def decide() -> None:
        assert has_written.wait(30)
        answers.append(approve(client, picked))
        is_through.set()

    at_once(tell, decide)
    return answers[0]


def work(engine: Engine, visit_id: int) -> Work:
    with reading(engine) as db:
        return db.get_one(Visit, visit_id).work


def test_a_report_that_differs_and_comes_meanwhile_is_asked_about(
    engine: Engine, at: Field, browser: Callable[[], Visitor]
) -> None:
    first, other = honest(at), honest(at, men=30)
    send(engine, at, first)
    picked = pairs(engine, at)
    answer = approve_while(engine, at, browser(), list(picked.values()), other)
    assert "Approve 1 report?" in answer.get_data(as_text=True)
    assert work(engine, first["visit_id"]) is Work.DONE


def test_a_sign_that_comes_meanwhile_by_a_neighbours_report_is_asked_about(
    engine: Engine, at: Field, browser: Callable[[], Visitor]
) -> None:
    """Nothing of the visit itself changes by it: only its report is marked."""
    first, copy = honest(at), honest(at, 1, held_at="15:00")
    send(engine, at, first)
    picked = pairs(engine, at)
    answer = approve_while(engine, at, browser(), list(picked.values()), copy)
    with reading(engine) as db:
        assert db.get_one(SessionReport, first["id"]).flags == ["copied_counts"]
    assert "Approve 1 report?" in answer.get_data(as_text=True)
    assert work(engine, first["visit_id"]) is Work.DONE


def test_who_approves_and_who_reports_never_wait_for_each_other_in_a_ring(
    engine: Engine, at: Field, browser: Callable[[], Visitor]
) -> None:
    """Each correction marks other reports, or takes their marks away, while all are approved."""
    hours = ("06:00", "09:00", "12:00", "15:00", "18:00", "21:00")
    told = [
        {"held_at": hour, "held_on": (DAY + timedelta(days=number // 3)).isoformat()}
        for number, hour in enumerate(hours)
    ]
    firsts = [honest(at, number, men=20 + number, **one) for number, one in enumerate(told)]
    send(engine, at, *firsts)
    picked = list(pairs(engine, at).values())
    again = [
        honest(at, number, men=40, corrects_id=firsts[number]["id"], **one)
        for number, one in enumerate(told)
    ]
    at_once(
        *(partial(send, engine, at, again[number]) for number in reversed(range(6))),
        *(partial(approve, browser(), picked) for _ in range(3)),
    )
    with reading(engine) as db:
        current = select(SessionReport).where(col(SessionReport.corrected_by).is_(None))
        assert {one.id for one in db.exec(current)} == {one["id"] for one in again}
