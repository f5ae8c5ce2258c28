"""Weekly digests over a real mail server: the link, the letter, one of each, refusals."""

from __future__ import annotations

import logging
import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.people.tables import Account, AccountArea
from outreach.progress.digest_sending import due_digests
from outreach.progress.digests import (
    DigestIn,
    confirm_address,
    ending_code,
    keep_digest,
    key_of,
)
from outreach.progress.tables import Digest
from tasks import digest, sweeper
from tasks.app import make_app
from tasks.digest import send_one
from tasks.post import mail_server
from tests.at_once import at_once
from tests.builders import load_small_registry
from tests.conftest import free_port
from tests.field import make_field
from tests.tasks import runner
from tests.tasks.runner import is_worked_off, until, worker
from tests.tasks.test_post import installation, received, server  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from pathlib import Path

    import redis
    from sqlalchemy import Engine

    from outreach.config import Settings
    from outreach.people.access import Person
    from tests.tasks.test_post import Received

ADDRESS = "rangga.rahasia@kantor.example"
NOW = datetime(2026, 11, 18, 5, tzinfo=UTC)
MONDAY = datetime(2026, 11, 22, 23, tzinfo=UTC)
SECRET = "a key of the tests alone, and long enough"


@dataclass
class Clock:
    """The time it is for those who send."""

    at: datetime = NOW


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(digest, "_now", lambda: made.at)
    return made


@pytest.fixture
def manager(engine: Engine) -> Person:
    """Somebody who has asked for a digest of Surakarta and confirmed nothing yet."""
    load_small_registry(engine)
    with unit_of_work(engine) as db:
        at = make_field(db)
        given = DigestIn(email=ADDRESS, area="33.72")
        keep_digest(db, given, 0, by=at.manager, now=NOW)
    return at.manager


@pytest.fixture
def confirmed(engine: Engine, manager: Person) -> Person:
    """The same with the address confirmed; a letter falls due on Monday."""
    with unit_of_work(engine) as db:
        row = db.get_one(Digest, manager.account_id)
        row.confirmed_at, row.next_try_at = NOW, MONDAY
    return manager


def _row(engine: Engine, person: Person) -> Digest:
    with reading(engine) as db:
        return db.get_one(Digest, person.account_id)


def _send(engine: Engine, person: Person, settings: Settings) -> bool:
    return send_one(engine, person.account_id, mail_server(settings), settings)


def _sweep(engine: Engine, settings: Settings, now: datetime) -> int:
    post = mail_server(settings)
    return sweeper.digest_once(engine, now, lambda one: send_one(engine, one, post, settings))


def test_the_link_comes_back_and_the_letter_follows(
    engine: Engine,
    manager: Person,
    clock: Clock,
    installation: Settings,  # noqa: F811
    received: Received,  # noqa: F811
) -> None:
    assert _sweep(engine, installation, NOW) == 1
    assert _sweep(engine, installation, NOW + timedelta(minutes=5)) == 0
    (asked,) = received.letters
    assert asked["To"] == ADDRESS
    assert asked["List-Unsubscribe"] is None
    assert asked["Subject"].startswith("Konfirmasi alamat")
    text = asked.get_content()
    (code,) = re.findall(r"https://kunjungan\.example/digest/confirm/(\w+)", text)
    with unit_of_work(engine) as db:
        confirm_address(db, code, key_of(installation.secret), by=manager, now=NOW)
    assert _sweep(engine, installation, MONDAY - timedelta(minutes=1)) == 0
    clock.at = MONDAY
    assert _sweep(engine, installation, MONDAY) == 1
    letter = received.letters[1]
    assert letter["Subject"] == "Ringkasan mingguan Kota Surakarta (33.72): 16–22 November 2026"
    code = ending_code(manager.account_id, ADDRESS, key_of(installation.secret))
    assert letter["List-Unsubscribe"] == f"<https://kunjungan.example/digest/end/{code}>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter["Content-Language"] == asked["Content-Language"] == "id"
    assert letter["From"] == "Outreach <outreach@cabang.example>"
    plain, page = (part.get_content() for part in letter.iter_parts())
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
    for told in (plain, page):
        assert letter["List-Unsubscribe"].strip("<>") in told
        assert "Terjangkau: 0 dari 54 desa/kelurahan" in told
    assert max(map(len, letter.as_bytes().splitlines())) < 998
    assert (_row(engine, manager).sent_at, _row(engine, manager).error) == (MONDAY, "")


def test_two_sweepers_and_two_workers_send_one(
    engine: Engine,
    confirmed: Person,
    clock: Clock,
    installation: Settings,  # noqa: F811
    received: Received,  # noqa: F811
) -> None:
    clock.at = MONDAY
    queue: list[int] = []
    start = threading.Barrier(2)

    def sweep() -> None:
        start.wait()
        sweeper.digest_once(engine, MONDAY, queue.append)

    at_once(sweep, sweep)
    assert queue == [confirmed.account_id]
    # The queue may hand out a number twice, and again when all is over.
    outcomes: list[bool] = []

    def work() -> None:
        start.wait()
        outcomes.append(_send(engine, confirmed, installation))

    at_once(work, work)
    at_once(work, work)
    assert sorted(outcomes) == [False, False, False, True]
    assert len(received.letters) == 1


@pytest.mark.parametrize("answer", ["550 no {} here", "451 {} later"])
def test_a_refusal_is_noted_by_its_code_alone(
    engine: Engine,
    confirmed: Person,
    clock: Clock,
    installation: Settings,  # noqa: F811
    received: Received,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
    answer: str,
) -> None:
    clock.at = MONDAY
    received.at_address = answer.format(ADDRESS)
    with caplog.at_level(logging.DEBUG):
        assert _sweep(engine, installation, MONDAY) == 1
    row = _row(engine, confirmed)
    is_final = answer.startswith("5")
    assert row.error == f"refused_{answer[:3]}"
    assert (row.sent_for is not None) == is_final
    assert row.attempts == int(not is_final)
    ours = [one for one in caplog.records if not one.name.startswith("mail.log")]
    assert any(row.error in one.getMessage() for one in ours)
    assert not any(ADDRESS in one.getMessage() for one in ours)
    received.at_address = "250 OK"
    assert row.next_try_at is not None
    clock.at = row.next_try_at
    assert _sweep(engine, installation, clock.at) == 1
    assert len(received.letters) == 1
    assert _row(engine, confirmed).error == ""


def test_a_letter_that_may_have_arrived_keeps_its_name(
    engine: Engine,
    confirmed: Person,
    clock: Clock,
    installation: Settings,  # noqa: F811
    received: Received,  # noqa: F811
) -> None:
    """The worker dies after the server has the letter and before that is noted."""

    class Dies:
        def send(self, letter: Any) -> None:
            mail_server(installation).send(letter)
            raise ZeroDivisionError

    clock.at = MONDAY
    with unit_of_work(engine) as db:
        due_digests(db, MONDAY)
    with pytest.raises(ZeroDivisionError):
        send_one(engine, confirmed.account_id, Dies(), installation)
    clock.at = MONDAY + timedelta(minutes=4)
    assert _sweep(engine, installation, clock.at) == 1
    first, second = received.letters
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"].endswith("@cabang.example>")


def test_a_closed_account_and_a_narrowed_area_get_nothing(
    engine: Engine,
    confirmed: Person,
    clock: Clock,
    installation: Settings,  # noqa: F811
    received: Received,  # noqa: F811
) -> None:
    clock.at = MONDAY
    own = col(AccountArea.account_id) == confirmed.account_id
    with unit_of_work(engine) as db:
        db.execute(update(AccountArea).where(own).values(code="33.11"))
    _sweep(engine, installation, MONDAY)
    assert received.letters == []
    assert _row(engine, confirmed).error == "area_lost"
    clock.at += timedelta(days=7)
    with unit_of_work(engine) as db:
        db.execute(update(AccountArea).where(own).values(code="33.72"))
        db.get_one(Account, confirmed.account_id).is_active = False
    _sweep(engine, installation, clock.at)
    assert received.letters == []


@pytest.mark.redis
def test_a_letter_travels_through_real_workers_once(
    engine: Engine,
    manager: Person,
    received: Received,  # noqa: F811
    database_url: str,
    redis_url: str,
    queue: redis.Redis,
    tmp_path: Path,
) -> None:
    """Two sweepers, two workers, and the same number in the queue again and again."""
    port, now = free_port(), datetime.now(UTC)
    settings = {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(port),
        "SMTP_SECURITY": "none",
        "SMTP_FROM": "Outreach <outreach@cabang.example>",
        "SECRET_KEY": SECRET,
    }
    with unit_of_work(engine) as db:
        row = db.get_one(Digest, manager.account_id)
        # Just asked for, so that it does not wait for the morning when the tests run at night.
        row.asked_at, row.confirmed_at, row.next_try_at = now, now - timedelta(hours=1), now
    controller = Controller(received, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        with (
            runner.sweeper(database_url, redis_url, tmp_path / "one.log", **settings),
            runner.sweeper(database_url, redis_url, tmp_path / "two.log", **settings),
            worker(database_url, redis_url, tmp_path, **settings) as running,
            make_app(redis_url) as app,
        ):
            until(lambda: _row(engine, manager).sent_at is not None)
            for _ in range(4):
                app.send_task("outreach.send_digest", [manager.account_id])
            until(lambda: is_worked_off(queue))
            log = running.log.read_text()
    finally:
        controller.stop()
    (letter,) = received.letters
    assert letter["Subject"].startswith("Ringkasan mingguan Kota Surakarta")
    assert letter["List-Unsubscribe"] is None
    assert "ERROR" not in log
    assert "Traceback" not in log
