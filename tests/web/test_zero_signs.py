"""The zero sign, which PostgreSQL takes in no text: nowhere does it break an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from outreach.config import Settings
from outreach.db import unit_of_work
from outreach.people.tables import Role
from outreach.web.app import create_app
from tests import builders
from tests.web.conftest import Visitor
from tests.web.world import SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADDRESSES = (
    "/villages?q=Jebr%00es",
    "/map/search?q=%00",
    "/map?area=%00",
    "/map?campaign=%00",
    "/map/%00",
    "/map/assets/a%00b",
    "/villages/%00",
    "/my/reports/a%00b",
    "/areas/%00",
)


@pytest.fixture
def visitor(database_url: str, web_var: Path) -> Iterator[Visitor]:
    """A manager of one province, on both databases."""
    settings = Settings(
        _env_file=None, database_url=database_url, secret_key=SECRET, var_dir=web_var
    )
    app = create_app(settings)
    app.test_client_class = Visitor
    engine = app.extensions["outreach"].engine
    try:
        builders.load_small_registry(engine, ("33.72",))
        with unit_of_work(engine) as db:
            made = builders.account(db, Role.MANAGER, area_codes=["33"])
            who = (made.id or 0, made.password_stamp)
        client = app.test_client()
        assert isinstance(client, Visitor)
        yield client.log_in(who)
    finally:
        engine.dispose()


def test_the_zero_sign_breaks_no_answer(visitor: Visitor) -> None:
    told = {"login": "a\0b", "password": "x\0y"}
    statuses = {"/login": visitor.send("/login", told).status_code}
    statuses |= {address: visitor.get(address).status_code for address in ADDRESSES}
    assert {address: status for address, status in statuses.items() if status >= 500} == {}
