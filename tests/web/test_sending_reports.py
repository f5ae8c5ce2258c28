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
from outreach.web.pressure import Load, load_of, seconds_to_wait
from outreach.web.wall import OUR_PAGE
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
    answer = send(phone, told(world.own["visit_id"]))
    assert (answer.status_code, answer.is_json) == (503, True)
    assert 2 <= int(answer.headers["Retry-After"]) <= 60
    assert stored(app, world.own["visit_id"]) == []
    assert client.get("/login").status_code == 200
    load.waiting = lambda: 0
    assert send(phone, told(world.own["visit_id"])).status_code == 200


def test_a_process_knows_its_pace_and_a_few_never_wait() -> None:
    load = Load(most_seconds=2.0)
    waiting = [0]
    load.waiting = lambda: waiting[0]
    assert load.enter() == 0
    load.leave(served=True)
    waiting[0] = 100
    patient = load.enter()
    for _ in range(200):  # served at once, each of them: the pace gets faster and faster
        load.leave(served=True)
        load.enter()
    assert 0 < load.enter() < patient / 10


def test_whoever_is_put_off_comes_again_at_another_time_than_the_others() -> None:
    assert len({seconds_to_wait(30.0) for _ in range(200)}) > 30
    assert {seconds_to_wait() for _ in range(200)} == {2, 3, 4, 5}
    assert max(seconds_to_wait(10_000.0) for _ in range(500)) <= 60


def test_a_phone_that_runs_wild_is_slowed_down_and_another_is_not(
    phone: FlaskClient, app: Flask, world: World
) -> None:
    answers = [send(phone).status_code for _ in range(301)]
    assert answers == [200] * 300 + [429]
    assert int(send(phone).headers["Retry-After"]) > 0
    other = phone_of(app, world.accounts[Role.OFFICIAL][0])
    assert send(other, told(world.own["visit_id"])).status_code == 200


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
    assert int(answer.headers["Retry-After"]) > 0
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
