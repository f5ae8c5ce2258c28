"""A letter's whole way: a real sweeper, Redis, a Celery worker and a mail server."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from outreach.db import reading, unit_of_work
from outreach.messages.tables import Message, MessageState
from outreach.visits.links import LinkState, find, key_of
from tasks.app import make_app
from tests.conftest import free_port
from tests.messages.conftest import Outreach
from tests.tasks.runner import is_worked_off, sweeper, until, worker
from tests.tasks.test_post import ADDRESS, Received
from tests.visits.world import NOW, build_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    import redis
    from sqlalchemy import Engine

    from tests.tasks.runner import Worker

pytestmark = pytest.mark.redis

SECRET = "a key of the tests alone, and long enough"
CLOCK = "tests.tasks.daytime"
IN_THE_MORNING = f"import tasks.sweeper, tasks.post, {CLOCK} as clock; clock.stop_the_clock()"


@pytest.fixture
def field(engine: Engine) -> Outreach:
    """A published plan of which one official can be told by e-mail, and nobody has been yet."""
    made = Outreach(engine, build_world(engine))
    made.publish()
    visit = max(made.visits().values(), key=lambda one: one.day)
    made.official(visit.village_code, "Nur Aini", phone="", email=ADDRESS)
    return made


@pytest.fixture
def received() -> Received:
    return Received()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def at_work(
    database_url: str, redis_url: str, queue: redis.Redis, port: int, tmp_path: Path
) -> Callable[[], AbstractContextManager[Worker]]:
    """Start a sweeper and a worker that know the mail server; both end with the block."""
    settings = {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(port),
        "SMTP_SECURITY": "none",
        "SMTP_FROM": "Outreach <outreach@cabang.example>",
        "PUBLIC_URL": "https://kunjungan.example",
        "SECRET_KEY": SECRET,
    }

    @contextmanager
    def start() -> Iterator[Worker]:
        log = tmp_path / "sweeper.log"
        with (
            sweeper(database_url, redis_url, log, before=IN_THE_MORNING, **settings),
            worker(database_url, redis_url, tmp_path, CLOCK, **settings) as running,
        ):
            yield running

    return start


@contextmanager
def _mail_server(received: Received, port: int) -> Iterator[None]:
    controller = Controller(received, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


def _message(field: Outreach) -> Message | None:
    with reading(field.engine) as db:
        return db.scalars(select(Message)).one_or_none()


def _has_come(field: Outreach, state: MessageState, attempts: int) -> bool:
    """Whether the message stands so, and nobody is sending it."""
    message = _message(field)
    if message is None or (message.state, message.attempts) != (state, attempts):
        return False
    return state is MessageState.SENT or message.lease_until is None


def _require_link(field: Outreach, text: str) -> None:
    """The letter's link is the one by which its visit is answered."""
    (token,) = re.findall(r"https://kunjungan\.example/k/(\w+)", text)
    message = _message(field)
    with reading(field.engine) as db:
        found = find(db, token, key_of(SECRET), NOW)
    assert found.state is LinkState.LIVE
    assert found.link
    assert message
    assert found.link.visit_id == message.visit_id


def test_a_letter_travels_from_the_plan_to_the_village_once(
    field: Outreach,
    received: Received,
    at_work: Callable[[], AbstractContextManager[Worker]],
    queue: redis.Redis,
    redis_url: str,
    port: int,
) -> None:
    assert _message(field) is None
    with _mail_server(received, port), at_work() as running:
        until(lambda: _has_come(field, MessageState.SENT, 1))
        message = _message(field)
        assert message
        with make_app(redis_url) as app:
            for _ in range(3):  # whatever comes again by the queue is no second letter
                app.send_task("outreach.post_message", [message.id])
        until(lambda: is_worked_off(queue))
        log = running.log.read_text()
    (letter,) = received.letters
    assert letter["To"] == ADDRESS
    _require_link(field, letter.get_content())
    assert _message(field) == message
    assert "ERROR" not in log
    assert "Traceback" not in log


def test_while_the_mail_server_is_away_a_letter_waits(
    field: Outreach,
    received: Received,
    at_work: Callable[[], AbstractContextManager[Worker]],
    port: int,
) -> None:
    with at_work():
        until(lambda: _has_come(field, MessageState.WAITING, 1))
        waiting = _message(field)
        assert waiting
        assert waiting.error == "server_unreachable"
        assert waiting.next_try_at > NOW
        with _mail_server(received, port):
            # The clock of those who work stands still; so the time for the next try comes to it.
            with unit_of_work(field.engine) as db:
                db.get_one(Message, waiting.id).next_try_at = NOW
            until(lambda: _has_come(field, MessageState.SENT, 2))
    (letter,) = received.letters
    assert letter["To"] == ADDRESS
    _require_link(field, letter.get_content())
