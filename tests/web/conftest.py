"""The app over a small real world, and ways to be somebody in it."""

from __future__ import annotations

import secrets
import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlmodel import select

from outreach.config import Settings
from outreach.db import make_engine, unit_of_work
from outreach.maps.artefacts import Store
from outreach.maps.assets import build_assets
from outreach.people.officials import OfficialIn, add_official
from outreach.people.tables import Role, Team
from outreach.villages.tables import Village
from outreach.visits.links import issue_links, live_links, token_of
from outreach.visits.tables import Visit, Work
from outreach.web.app import create_app
from tests import builders
from tests.visits.world import NOW
from tests.web import samples
from tests.web.asked import KEY, PHONE, Asked
from tests.web.planned import Planned, coordinator, plan
from tests.web.reading_program import installed
from tests.web.world import FOREIGN_REGENCY, OWN_REGENCY, SECRET, World, build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask
    from sqlalchemy import Engine

    from tests.web.reading_program import Api


class Visitor(FlaskClient):
    """A browser of the tests: what it posts carries the token of its page."""

    def token(self) -> str:
        """Write the token that a form of this browser's session would carry."""
        with self.session_transaction() as session:
            raw = session.setdefault("csrf_token", secrets.token_hex(20))
        key = self.application.secret_key
        return str(URLSafeTimedSerializer(key or "", salt="wtf-csrf-token").dumps(raw))

    def send(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
        """Post a form as a page of ours would."""
        return self.post(path, data={"csrf_token": self.token(), **(data or {})}, **more)

    def log_in(self, account: tuple[int, str]) -> Visitor:
        """Be somebody, without the password that `test_login` is about."""
        with self.session_transaction() as session:
            session.clear()
            session["_user_id"] = f"{account[0]}:{account[1]}"
            session["_fresh"] = True
            session["since"] = int(time.time())
        return self


@pytest.fixture(scope="session")
def built(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, World]:
    """The world once per test run; every test gets a copy of its file."""
    path = tmp_path_factory.mktemp("world") / "world.sqlite"
    shutil.copy(sqlite_template, path)
    engine = make_engine(f"sqlite:///{path}")
    world = build(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
    engine.dispose()
    return path, world


@pytest.fixture(scope="session")
def web_var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One place for collected files, so that they are compressed once per test run.

    The maps' scripts are the real ones; the shapes are empty, `tests/maps` builds real ones.
    """
    var = tmp_path_factory.mktemp("var")
    script = build_assets(var / "maps")["script"]
    samples.OPEN["asset_path"] = script.removeprefix("assets/")
    store = Store(var / "maps")
    store.note(
        areas=store.keep("areas", ".json", b"{}"),
        districts={"33": store.keep("districts-33", ".json", b"{}")},
    )
    return var


@pytest.fixture
def world(built: tuple[Path, World]) -> World:
    return built[1]


@pytest.fixture
def settings(built: tuple[Path, World], tmp_path: Path, web_var: Path) -> Settings:
    shutil.copy(built[0], tmp_path / "world.sqlite")
    return Settings(
        _env_file=None,
        database_url=f"sqlite:///{tmp_path / 'world.sqlite'}",
        secret_key=SECRET,
        var_dir=web_var,
    )


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    app.testing = True
    app.test_client_class = Visitor
    yield app
    app.extensions["outreach"].engine.dispose()


@pytest.fixture
def client(app: Flask) -> Visitor:
    """A stranger's browser."""
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    return visitor


@pytest.fixture
def login_as(app: Flask, world: World) -> Callable[[Role], Visitor]:
    """A browser in which somebody of the role is logged in."""

    def log_in(role: Role) -> Visitor:
        visitor = app.test_client()
        assert isinstance(visitor, Visitor)
        return visitor.log_in(world.accounts[role])

    return log_in


@pytest.fixture
def english(login_as: Callable[[Role], Visitor]) -> Callable[[Role], Visitor]:
    """Somebody who reads English, so that the words below are those of the code."""

    def log_in(role: Role) -> Visitor:
        visitor = login_as(role)
        visitor.set_cookie("language", "en")
        return visitor

    return log_in


@pytest.fixture
def asked(app: Flask, world: World) -> Asked:
    """The first visit of a plan that was published as a whole."""
    stage, by = plan(app, world), coordinator(app, world)
    with unit_of_work(stage.engine) as db:
        visits = db.exec(
            select(Visit).where(Visit.stage_id == stage.stage_id, Visit.work == Work.PROPOSED)
        ).all()
        for visit in visits:
            visit.work = Work.AWAITING
        ids = [visit.id or 0 for visit in visits]
        issue_links(db, ids, NOW)
        first = min(visits, key=lambda one: (one.day, one.team_id, one.slot))
        db.get_one(Team, first.team_id).phone = PHONE
        told = {"village_code": first.village_code, "name": "Sri Wahyuni", "position": "Lurah"}
        add_official(db, OfficialIn.model_validate({**told, "phone": "0813 9876 5432"}), by=by)
        link = live_links(db, ids, NOW)[first.id or 0]
        village = db.get_one(Village, first.village_code).name
    return Asked(stage.engine, first.id or 0, token_of(link, KEY), village)


@pytest.fixture
def villager(client: Visitor) -> Visitor:
    client.set_cookie("language", "en")
    return client


@pytest.fixture
def planned(app: Flask, world: World) -> Planned:
    return plan(app, world)


@pytest.fixture
def code(world: World) -> str:
    """A code that connects a phone of the own official."""
    return str(world.own["enrol_code"])


@pytest.fixture
def phone(app: Flask) -> Visitor:
    """A stranger's phone that reads English."""
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.set_cookie("language", "en")
    return visitor


@pytest.fixture
def api(engine: Engine, database_url: str, web_var: Path) -> Iterator[Api]:
    """The world of two branches, on each database."""
    world = build(engine)
    with unit_of_work(engine) as db:
        areas = [OWN_REGENCY, FOREIGN_REGENCY]
        account = builders.account(db, Role.MANAGER, "pusat", area_codes=areas)
    settings = Settings(
        _env_file=None, database_url=database_url, secret_key=SECRET, var_dir=web_var
    )
    yield from installed(settings, world, account.id or 0)


@pytest.fixture
def quick_api(settings: Settings, world: World) -> Iterator[Api]:
    """The same on SQLite alone, for what no database decides; its manager sees one branch."""
    yield from installed(settings, world, world.accounts[Role.MANAGER][0])
