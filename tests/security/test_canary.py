"""A person goes through the product; no log, address, queue, measure or error page tells of them.

What a stranger sends is tested in `tests/web/test_request_ids.py`, real processes of the web in
`tests/tasks/test_from_page_to_batch.py`, the mail server in `tests/tasks/test_post.py`.
"""

from __future__ import annotations

import base64
import json
import logging
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import redis
from pydantic import SecretStr
from sqlalchemy import text

from outreach.db import unit_of_work
from outreach.people.tables import Official, Role
from outreach.watch.logs import JsonLine, TextLine
from outreach.web.app import create_app
from outreach.web.our_page import OUR_PAGE
from outreach.web.routing import public
from tasks.app import make_app
from tasks.sweeper import post_once
from tests.hearing import heard_by
from tests.messages.conftest import Outreach
from tests.security.canary import (
    AS_STORED,
    EMAIL,
    EVERYTHING,
    LOGIN,
    NAME,
    NIK,
    PHONE,
    TRACES,
    traces_in,
)
from tests.tasks.runner import until, worker
from tests.visits.world import NOW, build_world
from tests.web.conftest import Visitor
from tests.web.connected import with_phone
from tests.web.world import OWN_VILLAGE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask
    from sqlalchemy import Engine

    from outreach.config import Settings
    from tests.web.world import World

MONITOR = "of-the-monitor-" * 3
HEADERS = {"User-Agent": NAME, "Referer": f"/{quote(NAME)}", "X-Request-ID": NIK}


class BothLogs(logging.Handler):
    """Keeps every line as a log for programs and a log for people would hold it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += [JsonLine().format(record), TextLine().format(record)]


@pytest.fixture
def logs() -> Iterator[BothLogs]:
    with heard_by(BothLogs()) as kept:
        yield kept


@pytest.fixture
def watched(settings: Settings, world: World) -> Iterator[Flask]:
    """The app with its measures open, in which the own village's official is the canary."""
    app = create_app(settings.model_copy(update={"metrics_token": SecretStr(MONITOR)}))
    app.test_client_class = Visitor
    app.config["PROPAGATE_EXCEPTIONS"] = False
    with unit_of_work(app.extensions["outreach"].engine) as db:
        official = db.get_one(Official, world.own["official_id"])
        official.name, official.phone, official.email = NAME, AS_STORED, EMAIL
    yield app
    app.extensions["outreach"].engine.dispose()


class Life:
    """What the canary and their coordinator do, with every answer that came."""

    def __init__(self, app: Flask, world: World) -> None:
        self.app, self.world = app, world
        self.answers: list[Any] = []
        coordinator = app.test_client()
        assert isinstance(coordinator, Visitor)
        self.coordinator = coordinator.log_in(world.accounts[Role.COORDINATOR])
        self.phone = with_phone(app, world)

    def keep(self, *answers: Any) -> None:
        self.answers += answers

    def is_noted_and_enrolled(self) -> None:
        form = {"village_code": OWN_VILLAGE, "position": "Lurah", "phone": PHONE, "email": EMAIL}
        good = self.coordinator.send("/officials/new", {**form, "name": NAME})
        refused = self.coordinator.send("/officials/new", {**form, "name": f"{NAME} {NIK}"})
        assert (good.status_code, refused.status_code) == (303, 422)
        code = str(self.world.own["enrol_code"])
        stranger: Any = self.app.test_client()
        self.keep(good, stranger.get(f"/e/{code}", headers=HEADERS))
        self.keep(stranger.send(f"/e/{code}", {"sure": "yes"}, headers=HEADERS))
        for wrong in (NAME, PHONE, NIK):
            self.keep(stranger.get(f"/e/{quote(wrong)}", headers=HEADERS))
            self.keep(stranger.get(f"/key/{quote(wrong)}/formList", headers=HEADERS))

    def fails_to_log_in(self) -> None:
        for typed in (NAME, LOGIN, PHONE, EMAIL, NIK):
            client: Any = self.app.test_client()
            self.keep(client.send("/login", {"login": typed, "password": typed}, headers=HEADERS))
            self.keep(client.get(f"/officials?q={quote(typed)}", headers=HEADERS))

    def reports(self) -> None:
        visit = self.world.own["visit_id"]
        good = {
            "id": "0192f0c1-2345-7000-8000-0000000000ff", "visit_id": visit, "men": 1, "women": 1,
            "held_on": "2026-11-18", "held_at": "09:00", "signups": 0, "remarks": NAME,
        }  # fmt: skip
        wrong = [
            {**good, "id": NAME}, {**good, "remarks": f"{NAME} {NIK}"}, {**good, "men": PHONE},
            {**good, "visit_id": EMAIL}, {NAME: EMAIL}, EVERYTHING,
        ]  # fmt: skip
        for body in ({"reports": [good]}, {"reports": wrong}, {"reports": NAME}, EVERYTHING):
            answer = self.phone.post("/api/v1/reports", json=body, headers=dict((OUR_PAGE,)))
            assert answer.status_code in (200, 400, 422), answer.text
        broken = self.phone.post(
            "/api/v1/reports", data=EVERYTHING, content_type="application/json"
        )
        self.keep(broken, self.phone.get("/phone/", headers=HEADERS))

    def is_exported(self) -> None:
        for kind in ("xlsx", "csv"):
            sheet = self.coordinator.get(f"/data/officials/current.{kind}")
            assert sheet.status_code == 200
            assert "kenari" not in sheet.headers["Content-Disposition"].casefold()
        own = self.world.own
        pages = (
            "/officials",
            f"/officials/{own['official_id']}",
            f"/visits/{own['visit_id']}",
            "/",
        )
        shown = [self.coordinator.get(page) for page in pages]
        assert NAME in shown[0].text
        for page in shown:
            ours = re.findall(r'(?:href|src|action)="(/[^"]*)"', page.text)
            assert [one for one in ours if traces_in(one)] == []

    def meets_errors(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Missing pages, and pages of ours that break with their data in the error."""

        def breaks_in_the_database(**_told: object) -> str:
            with unit_of_work(self.app.extensions["outreach"].engine) as db:
                db.execute(text("INSERT INTO nowhere VALUES (:told)"), {"told": EVERYTHING})
            return ""

        for accept in ("text/html", "application/json"):
            told = {**HEADERS, "Accept": accept}
            for address in (f"/{quote(NAME)}", f"/visits/{NIK}", f"/r/{quote(EMAIL)}?q={PHONE}"):
                self.keep(self.coordinator.get(address, headers=told))
            for fails in (_breaks, breaks_in_the_database):
                monkeypatch.setitem(self.app.view_functions, _endpoint(self.app), public(fails))
                answer = self.coordinator.get(f"/e/{quote(NAME)}", headers=told)
                assert answer.status_code >= 500
                self.keep(answer)


def _breaks(**_told: object) -> str:
    raise RuntimeError(EVERYTHING)


def _endpoint(app: Flask) -> str:
    (found,) = (
        str(rule.endpoint)
        for rule in app.url_map.iter_rules()
        if rule.rule == "/e/<enrol_code>" and "GET" in (rule.methods or ())
    )
    return found


def test_no_line_no_address_no_measure_and_no_error_page_tells_of_them(
    watched: Flask, world: World, logs: BothLogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = Life(watched, world)
    life.is_noted_and_enrolled()
    life.fails_to_log_in()
    life.reports()
    life.is_exported()
    life.meets_errors(monkeypatch)
    assert len(logs.lines) > 80
    assert [line for line in logs.lines if traces_in(line)] == []
    assert any("RuntimeError" in line for line in logs.lines)
    # 401 and 422 show a form again to whoever filled it in.
    refused = [
        one
        for one in life.answers
        if one.status_code in range(400, 600) and one.status_code not in (401, 422)
    ]
    assert {404, 500} <= {answer.status_code for answer in refused}
    # The switch of language leads back to the address that the reader asked for: their own words.
    shown = [re.sub(r'href="/language/[^"]*"', "", answer.text) for answer in refused]
    assert [page for page in shown if traces_in(page)] == []
    led = [answer.headers.get("Location", "") for answer in life.answers]
    # Whoever has to log in first comes back to what they had asked for: their own words.
    assert [one for one in led if traces_in(one) and not one.startswith("/login?next=")] == []
    measures = watched.test_client().get("/metrics", headers={"Authorization": f"Bearer {MONITOR}"})
    assert "outreach_request_seconds" in measures.text
    assert traces_in(measures.text) == []


@pytest.mark.redis
def test_neither_the_queue_nor_a_task_that_fails_tells_of_them(
    sqlite_engine: Engine, redis_url: str, tmp_path: Path
) -> None:
    field = Outreach(sqlite_engine, build_world(sqlite_engine))
    field.publish()
    for code in {visit.village_code for visit in field.visits().values()}:
        field.official(code, NAME, phone="", email=EMAIL)
    assert field.announce(by_email=True) > 0
    celery = make_app(redis_url)
    log = tmp_path / "worker.log"
    settings = {"SMTP_HOST": "127.0.0.1", "SMTP_FROM": EMAIL.replace("kenari.jingga", "kantor")}
    settings |= {"SECRET_KEY": "k" * 40, "LOG_FORMAT": "text"}
    url = sqlite_engine.url.render_as_string()
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        sent = post_once(
            sqlite_engine, NOW, lambda one: celery.send_task("outreach.post_message", [one])
        )
        payloads = _messages_in(client)
        assert sent > 0
        assert "post_message" in payloads
        assert traces_in(payloads) == []
        with worker(url, redis_url, tmp_path, "tests.security.failing_post", **settings):
            until(lambda: "outreach.post_message" in log.read_text())
        client.flushall()
    told = log.read_text()
    assert "RuntimeError" in told
    assert traces_in(told) == []


def _messages_in(client: redis.Redis) -> str:
    """Write out all that waits in the queues: as it lies in Redis a body is packed."""
    told = []
    for name in client.scan_iter("*", _type="list"):
        lines: list[Any] = list(client.lrange(name, 0, -1))
        for message in map(json.loads, lines):
            told += [json.dumps(message["headers"]), base64.b64decode(message["body"]).decode()]
    return "\n".join(told)


def test_a_trace_is_found_where_there_is_one() -> None:
    assert all(traces_in(f"… {trace.upper()} …") == [trace] for trace in TRACES)
    assert set(traces_in(EVERYTHING)) == set(TRACES)
