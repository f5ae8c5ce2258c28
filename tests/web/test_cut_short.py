"""What a person sees when PostgreSQL cuts their request short: a sentence, and nothing is half."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text
from sqlmodel import col

from outreach import db as databases
from outreach.campaigns.stages import create_stage
from outreach.campaigns.tables import Stage, Status
from outreach.config import Settings
from outreach.db import unit_of_work
from outreach.web.app import create_app
from outreach.web.database import reading_db, running
from outreach.web.routing import public
from tests.visits.world import World, build_world, stage_in
from tests.web.conftest import Visitor
from tests.web.world import SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask
    from sqlalchemy import Engine

pytestmark = pytest.mark.postgres

LIMITS = "options=-c%20statement_timeout%3D2s%20-c%20lock_timeout%3D300ms"


@pytest.fixture
def engine(postgres_engine: Engine) -> Engine:
    return postgres_engine


@pytest.fixture
def world(engine: Engine) -> World:
    return build_world(engine)


@pytest.fixture
def drafted(engine: Engine, world: World) -> int:
    """A stage that is not open yet."""
    with unit_of_work(engine) as db:
        given = stage_in("Tahap 2")
        return create_stage(db, world.campaign_id, given, by=world.coordinator).id or 0


@pytest.fixture
def app(engine: Engine, tmp_path: Path) -> Iterator[Flask]:
    """The app with shorter limits than people have, and a page whose statement never ends."""
    url = engine.url.render_as_string(hide_password=False)
    app = create_app(Settings(database_url=f"{url}&{LIMITS}", secret_key=SECRET, var_dir=tmp_path))
    app.test_client_class = Visitor
    app.add_url_rule("/endless", view_func=public(endless))
    app.add_url_rule("/api/v1/endless", "api_endless", public(endless))
    yield app
    app.extensions["outreach"].engine.dispose()


def endless() -> str:
    with reading_db() as db:
        db.execute(text("SELECT pg_sleep(600)"))
    return ""


@pytest.fixture
def client(app: Flask, world: World) -> Visitor:
    """The coordinator, who reads English."""
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.log_in((world.coordinator.account_id, "")).set_cookie("language", "en")
    return visitor


def _version_and_status(engine: Engine, stage_id: int) -> tuple[int, Status]:
    with unit_of_work(engine) as db:
        stage = db.scalars(select(Stage).where(col(Stage.id) == stage_id)).one()
        return stage.version, stage.status


def test_a_row_that_another_holds_is_told_and_nothing_is_changed(
    engine: Engine, client: Visitor, drafted: int
) -> None:
    version, status = _version_and_status(engine, drafted)
    path = f"/stages/{drafted}/open"
    with unit_of_work(engine) as other:
        other.execute(select(Stage).where(col(Stage.id) == drafted).with_for_update())
        answer = client.send(path, {"version": version})
    assert answer.status_code == 503
    assert 2 <= int(answer.headers["Retry-After"]) <= 60
    assert "Somebody else is saving just this" in answer.get_data(as_text=True)
    assert _version_and_status(engine, drafted) == (version, status)
    # The same again, once the other is through.
    assert client.send(path, {"version": version}).status_code == 303
    assert _version_and_status(engine, drafted)[1] is Status.OPENED


def test_a_statement_that_takes_too_long_is_told_to_people_and_to_programs(
    client: Visitor,
) -> None:
    page = client.get("/endless")
    assert page.status_code == 503
    assert "This took longer than one request may" in page.get_data(as_text=True)
    told = client.get("/api/v1/endless")
    assert told.status_code == 503
    assert told.get_json()["code"] == "unavailable"
    assert "Retry-After" in told.headers


def test_while_no_connection_is_free_people_are_asked_to_come_again(
    app: Flask, client: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        held = running()
    monkeypatch.setattr(held.engine.pool, "_timeout", 0.2)
    most = databases.WEB.connections
    taken = [held.engine.connect() for _ in range(most)]
    page = client.get("/campaigns")
    for one in taken:
        one.close()
    assert page.status_code == 503
    assert "Retry-After" in page.headers
    assert client.get("/campaigns").status_code == 200


def test_the_web_has_the_limits_of_the_web(engine: Engine, tmp_path: Path) -> None:
    url = engine.url.render_as_string(hide_password=False)
    settings = Settings(
        database_url=url, secret_key=SECRET, var_dir=tmp_path, database_connections=11
    )
    app = create_app(settings)
    with app.app_context(), reading_db() as db:
        assert db.execute(text("SHOW statement_timeout")).scalar_one() == "5s"
        assert db.execute(text("SHOW application_name")).scalar_one() == "outreach web"
        pool = running().engine.pool
        assert pool.size() + pool._max_overflow == 11  # type: ignore[attr-defined]
    app.extensions["outreach"].engine.dispose()
