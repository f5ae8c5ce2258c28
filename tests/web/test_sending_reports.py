"""What a phone is answered when it sends reports, and what is noted of the way they came."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from outreach.config import Settings
from outreach.db import make_engine, reading, unit_of_work
from outreach.logbook.tables import SessionReport
from outreach.people.devices import digest_of, new_token
from outreach.people.tables import Device, Role
from outreach.web.app import create_app
from outreach.web.database import written
from outreach.web.our_page import OUR_PAGE
from outreach.web.pressure import Load, load_of, seconds_to_wait
from tests.builders import load_small_registry
from tests.conftest import _fresh_postgres
from tests.field import Field, make_field
from tests.web.world import SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient
    from sqlalchemy import Engine
    from sqlmodel import Session

    from tests.web.conftest import Visitor
    from tests.web.world import World


def engine_of(app: Flask) -> Engine:
    engine: Engine = app.extensions["outreach"].engine
    return engine


def phone_of(app: Flask, account_id: int) -> FlaskClient:
    """A phone that speaks for this account by its cookie, without a login."""
    token = new_token()
    with unit_of_work(engine_of(app)) as db:
        db.add(
            Device(
                account_id=account_id, token_hash=digest_of(token), enrolled_at=datetime.now(UTC)
            )
        )
    client = app.test_client()
    client.set_cookie("phone", token)
    return client


@pytest.fixture
def phone(app: Flask, world: World) -> FlaskClient:
    return phone_of(app, world.accounts[Role.OFFICIAL][0])


def told(visit_id: int, **other: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "visit_id": visit_id,
        "held_on": "2026-11-18",
        "held_at": "09:00",
        "men": 3,
        "women": 4,
        "signups": 1,
        **other,
    }


def send(client: FlaskClient, *reports: Any, **envelope: Any) -> Any:
    body = {"reports": list(reports), **envelope}
    return client.post("/api/v1/reports", json=body, headers=dict((OUR_PAGE,)))


def stored(app: Flask, visit_id: int) -> list[SessionReport]:
    with reading(engine_of(app)) as db:
        query = select(SessionReport).where(SessionReport.visit_id == visit_id)
        return list(db.exec(query))


def device(app: Flask) -> Device:
    with reading(engine_of(app)) as db:
        return list(db.exec(select(Device)))[-1]


def test_the_phone_and_its_clock_are_noted_with_the_report(
    phone: FlaskClient, app: Flask, world: World
) -> None:
    ahead = (datetime.now(UTC) + timedelta(days=400)).isoformat()
    one = told(world.own["visit_id"], saved_at=ahead)
    (answer,) = send(phone, one, sent_at=ahead, unsent=4).get_json()["answers"]
    assert answer["outcome"] == "accepted"
    (report,) = stored(app, world.own["visit_id"])
    assert (report.source, report.device_id) == ("phone", device(app).id)
    assert report.skew_seconds == pytest.approx(400 * 86400, abs=60)
    assert report.held_on.isoformat() == "2026-11-18"
    assert "clock_wrong" in report.flags
    assert answer["receipt"] == f"{report.fingerprint[:4]}-{report.fingerprint[4:8]}".upper()
    noted = device(app)
    assert (noted.unsent, noted.skew_seconds) == (4, report.skew_seconds)


@pytest.mark.parametrize("envelope", [{}, {"sent_at": "?", "unsent": "many"}, {"sent_at": []}])
def test_an_envelope_that_tells_nonsense_keeps_no_report_back(
    phone: FlaskClient, app: Flask, world: World, envelope: dict[str, Any]
) -> None:
    (answer,) = send(phone, told(world.own["visit_id"]), **envelope).get_json()["answers"]
    assert answer["outcome"] == "accepted"
    assert (stored(app, world.own["visit_id"])[0].skew_seconds, device(app).unsent) == (None, None)


def test_a_contradiction_is_told_in_words(phone: FlaskClient, world: World) -> None:
    one = told(world.own["visit_id"])
    accepted, conflict = send(phone, one, {**one, "men": 9}).get_json()["answers"]
    assert conflict["outcome"] == "conflict"
    assert conflict["message"] not in ("", accepted["message"])
    assert conflict["receipt"] == ""


def test_what_is_too_large_is_refused_before_it_is_read(phone: FlaskClient) -> None:
    answer = send(phone, "x" * (2 * 1024 * 1024))
    assert (answer.status_code, answer.is_json) == (413, True)


def test_under_pressure_a_phone_is_told_when_to_come_again(
    phone: FlaskClient, app: Flask, world: World, client: Visitor
) -> None:
    load = load_of(app)
    load.waiting = lambda: 1_000
    let_in = [load.enter() for _ in range(4)]
    answer = send(phone, told(world.own["visit_id"]))
    assert (answer.status_code, answer.is_json) == (503, True)
    assert 2 <= int(answer.headers["Retry-After"]) <= 60
    assert stored(app, world.own["visit_id"]) == []
    assert client.get("/login").status_code == 200
    # One of those in work is through: the next is served, though as many wait as before.
    load.leave(served=True)
    assert send(phone, told(world.own["visit_id"])).status_code == 200
    assert let_in == [0.0] * 4


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def served(load: Load, clock: Clock, *, times: int, seconds: float, idle: float = 0.0) -> None:
    """So many requests one after the other, each in so many seconds, with pauses between."""
    for _ in range(times):
        load.enter()
        clock.now += seconds
        load.leave(served=True)
        clock.now += idle


def last_waits(load: Load, ahead: int = 999) -> float:
    """How long the last of a thousand would be told to wait, 0 if let in; nothing of it stays."""
    load.waiting = lambda: 0
    for _ in range(4):
        load.enter()
    load.waiting = lambda: ahead - 4
    if not (seconds := load.enter()):
        load.leave(served=False)
    for _ in range(4):
        load.leave(served=False)
    load.waiting = lambda: 0
    return seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def load(clock: Clock) -> Load:
    return Load(2.0, clock)


def test_a_process_that_gets_slower_knows_it(load: Load, clock: Clock) -> None:
    assert last_waits(load, ahead=7) == 0
    before = last_waits(load)
    served(load, clock, times=60, seconds=1.0)
    assert last_waits(load) > 10 * before > 0
    assert last_waits(load, ahead=7) == 0  # a few never wait, however slow the last ones were


def test_a_process_that_gets_faster_again_knows_it(load: Load, clock: Clock) -> None:
    served(load, clock, times=60, seconds=1.0)
    served(load, clock, times=200, seconds=0.01, idle=0.1)
    assert last_waits(load) == pytest.approx(1000 * 0.01, rel=0.2)


def test_idle_time_is_no_slowness(load: Load, clock: Clock) -> None:
    served(load, clock, times=100, seconds=0.01, idle=20.0)
    load.waiting = lambda: 1  # somebody opens a page meanwhile
    served(load, clock, times=100, seconds=0.01, idle=20.0)
    assert last_waits(load) == pytest.approx(1000 * 0.01, rel=0.2)


def test_what_was_slow_is_forgotten_while_nobody_asks(load: Load, clock: Clock) -> None:
    first = last_waits(load)
    served(load, clock, times=60, seconds=1.0)
    slow = last_waits(load)
    clock.now += 30
    assert first < last_waits(load) < 0.6 * slow
    clock.now += 3600
    assert last_waits(load) == pytest.approx(first)


def test_many_at_work_at_once_share_the_time(load: Load, clock: Clock) -> None:
    for _ in range(8):
        load.enter()
    for _ in range(400):  # eight threads: each needs 0.16 s, one is done every 0.02 s
        clock.now += 0.02
        load.leave(served=True)
        load.enter()
    assert last_waits(load, ahead=991) == pytest.approx(1000 * 0.02, rel=0.1)


def test_those_who_are_put_off_make_nobody_slower(load: Load, clock: Clock) -> None:
    load.waiting = lambda: 500
    for _ in range(50):
        assert [load.enter() for _ in range(4)] == [0.0] * 4
        assert all(load.enter() > 2.0 for _ in range(100))
        clock.now += 0.08
        for _ in range(4):
            load.leave(served=True)
        clock.now += 1.0  # the threads are busy telling others to come again
    assert last_waits(load) == pytest.approx(1000 * 0.02, rel=0.2)


def test_whoever_is_put_off_comes_again_at_another_time_than_the_others() -> None:
    assert len({seconds_to_wait(30.0) for _ in range(200)}) > 30
    assert {seconds_to_wait() for _ in range(200)} == {2, 3, 4, 5}
    assert max(seconds_to_wait(10_000.0) for _ in range(500)) <= 60


def test_a_phone_that_runs_wild_is_slowed_down_and_another_is_not(
    phone: FlaskClient, app: Flask, world: World
) -> None:
    answers = [send(phone).status_code for _ in range(301)]
    assert answers == [200] * 300 + [429]
    assert 0 < int(send(phone).headers["Retry-After"]) <= 15 * 60
    other = phone_of(app, world.accounts[Role.OFFICIAL][0])
    assert send(other, told(world.own["visit_id"])).status_code == 200


def test_a_database_that_is_away_is_asked_again_soon(
    phone: FlaskClient, app: Flask, world: World
) -> None:
    with engine_of(app).begin() as connection:
        connection.execute(text("ALTER TABLE held_report RENAME TO away"))
    answer = send(phone, told(world.own["visit_id"]))
    assert (answer.status_code, answer.is_json) == (503, True)
    assert 2 <= int(answer.headers["Retry-After"]) <= 60  # and not when the limit's window ends
    with engine_of(app).begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO held_report"))
    good = send(phone, told(world.own["visit_id"]))
    assert (good.status_code, "Retry-After" in good.headers) == (200, False)


# ------------------------------------------------------------------ on PostgreSQL


@pytest.fixture
def on_postgres(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Flask, Field]]:
    for url in _fresh_postgres(request):
        engine = make_engine(url)
        load_small_registry(engine)
        with unit_of_work(engine) as db:
            field = make_field(db)
        engine.dispose()
        app = create_app(Settings(database_url=url, secret_key=SECRET, var_dir=tmp_path))
        yield app, field
        engine_of(app).dispose()


@pytest.mark.postgres
def test_a_row_that_another_holds_is_not_waited_for(on_postgres: tuple[Flask, Field]) -> None:
    app, field = on_postgres
    phone = phone_of(app, field.official.account_id)
    visit_id = field.visits[field.codes[0]]
    with engine_of(app).connect() as other:
        other.execute(text("SELECT 1 FROM visit WHERE id = :id FOR UPDATE"), {"id": visit_id})
        answer = send(phone, told(visit_id))
        other.rollback()
    assert (answer.status_code, answer.is_json) == (503, True)
    assert 2 <= int(answer.headers["Retry-After"]) <= 60  # and not when the limit's window ends
    assert send(phone, told(visit_id)).get_json()["answers"][0]["outcome"] == "accepted"


@pytest.mark.postgres
def test_what_gave_way_to_another_is_done_once_more(on_postgres: tuple[Flask, Field]) -> None:
    app, field = on_postgres
    one, two = list(field.visits.values())[:2]
    lock = text("SELECT 1 FROM visit WHERE id = :id FOR UPDATE")
    both_hold = threading.Barrier(2)
    tries: list[int] = []

    def other() -> None:
        with engine_of(app).begin() as connection:
            connection.execute(text("SET LOCAL deadlock_timeout = '60s'"))
            connection.execute(lock, {"id": two})
            both_hold.wait(20)
            connection.execute(lock, {"id": one})

    def work(db: Session) -> str:
        tries.append(1)
        db.execute(text("SET LOCAL deadlock_timeout = '50ms'"))
        db.execute(lock, {"id": one})
        if len(tries) == 1:
            both_hold.wait(20)
        db.execute(lock, {"id": two})
        return "done"

    thread = threading.Thread(target=other)
    thread.start()
    with app.app_context():
        assert written(work) == "done"
    thread.join(20)
    assert len(tries) == 2
