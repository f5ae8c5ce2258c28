"""Alive and ready are two questions: a restart mends the one, patience or a person the other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from sqlalchemy import event, text

from outreach.db import unit_of_work
from outreach.maps.artefacts import Store
from outreach.maps.assets import build_assets
from outreach.migrations import downgrade
from outreach.watch.beating import LATE_AFTER, Process, beat
from outreach.watch.tables import ProcessKind
from outreach.web.app import create_app
from outreach.web.floods import MONITOR
from tests.roles import role_beside
from tests.web.conftest import Visitor

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from sqlalchemy import Engine

    from outreach.config import Settings


def _ready(client: Any) -> tuple[int, dict[str, object]]:
    answer = client.get("/readyz")
    return answer.status_code, answer.get_json()


def _not_ready(code: str) -> tuple[int, dict[str, object]]:
    return 503, {"status": "not_ready", "missing": [code]}


def _plans_wait(*codes: str) -> tuple[int, dict[str, object]]:
    return 200, {"status": "plans_wait", "missing": list(codes)}


def _beat(app: Flask, *kinds: ProcessKind, ago: timedelta = timedelta()) -> None:
    now = datetime.now(UTC) - ago
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for kind in kinds:
            beat(db, Process(kind, 1, now), now)


def test_alive_asks_nobody(app: Flask, client: Visitor) -> None:
    asked: list[str] = []
    event.listen(
        app.extensions["outreach"].engine,
        "before_cursor_execute",
        lambda *told: asked.append(told[2]),
    )
    answer = client.get("/healthz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})
    assert asked == []
    client.get("/readyz")
    assert asked


def test_who_is_missing_is_named_and_no_web_is_unready_for_it(app: Flask, client: Visitor) -> None:
    assert _ready(client) == _plans_wait("no_sweeper", "no_worker")
    _beat(app, ProcessKind.SWEEPER, ProcessKind.WEB)
    assert _ready(client) == _plans_wait("no_worker")
    _beat(app, ProcessKind.WORKER)
    assert _ready(client) == (200, {"status": "ok"})


def test_keys_that_differ_are_told_and_no_web_is_unready_for_it(
    app: Flask, client: Visitor
) -> None:
    now = datetime.now(UTC)
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for kind in (ProcessKind.WORKER, ProcessKind.SWEEPER):
            beat(db, Process(kind, 1, now, key_fingerprint="ours"), now)
    assert _ready(client) == (200, {"status": "ok"})
    _beat(app, ProcessKind.WEB)  # of a version that tells none
    assert _ready(client) == (200, {"status": "ok"})
    with unit_of_work(app.extensions["outreach"].engine) as db:
        beat(db, Process(ProcessKind.WEB, 2, now, key_fingerprint="other"), now)
    assert _ready(client) == (200, {"status": "needs_somebody", "missing": ["keys_differ"]})


def test_a_web_without_a_map_is_told_and_not_unready_for_it(
    settings: Settings, tmp_path: Path
) -> None:
    app = create_app(settings.model_copy(update={"var_dir": tmp_path / "var"}))
    _beat(app, ProcessKind.SWEEPER)
    client = app.test_client()
    assert _ready(client) == _plans_wait("no_worker", "no_map")
    _beat(app, ProcessKind.WORKER)
    assert _ready(client) == (200, {"status": "needs_somebody", "missing": ["no_map"]})
    build_assets(tmp_path / "var" / "maps")
    Store(tmp_path / "var" / "maps").note(areas="areas.json")
    assert _ready(client) == (200, {"status": "ok"})
    for content in ("", "{"):  # a shared folder that is full, or stale
        (tmp_path / "var" / "maps" / "manifest.json").write_text(content)
        assert _ready(client) == (200, {"status": "needs_somebody", "missing": ["no_map"]})
    app.extensions["outreach"].engine.dispose()


def test_who_was_silent_for_too_long_is_missing(app: Flask, client: Visitor) -> None:
    _beat(app, ProcessKind.WORKER)
    _beat(app, ProcessKind.SWEEPER, ago=LATE_AFTER + timedelta(seconds=1))
    assert _ready(client) == _plans_wait("no_sweeper")


@pytest.mark.parametrize("before", ["0006", "base"])
def test_tables_of_another_version_are_not_ready(app: Flask, client: Visitor, before: str) -> None:
    _beat(app, ProcessKind.WORKER, ProcessKind.SWEEPER)
    downgrade(app.extensions["outreach"].engine, before)
    assert _ready(client) == _not_ready("tables_not_up_to_date")
    assert client.get("/healthz").status_code == 200


def test_tables_of_the_next_version_are_served_on(app: Flask, client: Visitor) -> None:
    _beat(app, ProcessKind.WORKER, ProcessKind.SWEEPER)
    with app.extensions["outreach"].engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert _ready(client) == (200, {"status": "ok"})


def test_a_database_that_is_away_is_not_ready_but_we_live(settings: Settings) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none?connect_timeout=2"
    client = create_app(settings.model_copy(update={"database_url": url})).test_client()
    assert client.get("/healthz").status_code == 200
    assert _ready(client) == _not_ready("database_does_not_answer")


def test_monitors_count_by_where_they_are_and_apart_from_people(app: Flask) -> None:
    budgets = app.extensions["budgets"]
    ticket = budgets.enter_here("monitor:127.0.0.1", MONITOR, 0.1).ticket
    budgets.leave("monitor:127.0.0.1", ticket, -7.0)
    stranger = app.test_client()
    monitored = ("/healthz", "/readyz", "/metrics")
    assert [stranger.get(path).status_code for path in monitored] == [429] * 3
    assert stranger.get("/login").status_code == 200
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert stranger.get("/healthz", environ_base=elsewhere).status_code == 200


def test_what_monitors_ask_is_counted_without_redis(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_told: object) -> None:
        pytest.fail("asked Redis")

    monkeypatch.setattr(app.extensions["budgets"], "_ask_shared", fail)
    assert app.test_client().get("/healthz").status_code == 200


@pytest.mark.postgres
def test_a_role_without_rights_is_told_from_a_database_that_is_away(
    settings: Settings, postgres_engine: Engine
) -> None:
    token = {"metrics_token": SecretStr("t" * 40)}
    with role_beside(postgres_engine) as (_role, address):
        told = settings.model_copy(update={"database_url": address, **token})
        app = create_app(told)
        app.test_client_class = Visitor
        client = app.test_client()
        assert isinstance(client, Visitor)
        assert _ready(client) == _not_ready("rights_missing")
        shown = client.get("/metrics", headers={"Authorization": f"Bearer {'t' * 40}"}).text
        assert "outreach_database_up 1.0" in shown
        assert "outreach_rights_missing 1.0" in shown
        client.log_in((1, "x"))
        page = client.get("/teams")
        assert (page.status_code, "Retry-After" in page.headers) == (503, True)
        app.extensions["outreach"].engine.dispose()
