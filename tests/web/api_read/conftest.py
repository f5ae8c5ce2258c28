"""Programs that read the two branches of the tests' world, on both databases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from outreach.config import Settings
from outreach.db import unit_of_work
from outreach.people.access import person_of
from outreach.people.api_tokens import TokenIn, make_token
from outreach.people.tables import Role
from outreach.web.app import create_app
from tests import builders
from tests.web.world import FOREIGN_REGENCY, OWN_REGENCY, SECRET, World, build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask
    from sqlalchemy import Engine

PATH = "/api/v1/read"


@dataclass(frozen=True, slots=True)
class Api:
    """An installation, and programs that ask it."""

    app: Flask
    engine: Engine
    world: World
    account_id: int

    def token(self, *areas: str, account_id: int | None = None) -> str:
        """Make a token of somebody who sees both branches, or of another account."""
        with unit_of_work(self.engine) as db:
            giver = person_of(db, account_id or self.account_id)
            assert giver is not None
            given = TokenIn(name="Dasbor", areas=list(areas))
            return make_token(db, given, by=giver, now=datetime.now(UTC))

    def ask(self, path: str, token: str, **headers: str) -> Any:
        """Ask for an address below that of the API."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Authorization": f"Bearer {token}", **told}
        return self.app.test_client().get(PATH + path, headers=sent)

    def read(self, path: str, token: str) -> Any:
        """Read the first part of a list."""
        answer = self.ask(path, token)
        assert answer.status_code == 200, answer.get_json()
        return answer.get_json()


def _installed(settings: Settings, world: World, account_id: int) -> Iterator[Api]:
    app = create_app(settings)
    app.testing = True
    engine = app.extensions["outreach"].engine
    yield Api(app, engine, world, account_id)
    engine.dispose()


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
    yield from _installed(settings, world, account.id or 0)


@pytest.fixture
def quick_api(settings: Settings, world: World) -> Iterator[Api]:
    """The same on SQLite alone, for what no database decides; its manager sees one branch."""
    yield from _installed(settings, world, world.accounts[Role.MANAGER][0])
