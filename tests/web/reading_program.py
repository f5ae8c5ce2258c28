"""A program of the tests that reads their world through the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from outreach.db import unit_of_work
from outreach.people.access import person_of
from outreach.people.api_tokens import TokenIn, make_token
from outreach.web.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from sqlalchemy import Engine

    from outreach.config import Settings
    from tests.web.world import World

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


def installed(settings: Settings, world: World, account_id: int) -> Iterator[Api]:
    """Install over a database that has the world, for as long as a test needs it."""
    app = create_app(settings)
    app.testing = True
    engine = app.extensions["outreach"].engine
    yield Api(app, engine, world, account_id)
    engine.dispose()
