"""A phone or a login that runs wild is slowed down, and nobody else with it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from outreach.people.tables import Role
from outreach.web import api
from outreach.web.app import create_app
from outreach.web.our_page import OUR_PAGE
from tests.web.connected import planted
from tests.web.planned import engine_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from outreach.config import Settings
    from tests.web.world import World

PICTURE = f"/api/v1/evidence/{uuid.UUID(int=7)}?report_id={uuid.UUID(int=8)}&kind=photo"


@pytest.fixture
def hurried(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch, world: World
) -> Iterator[Flask]:
    """The app, with a patience of three requests."""
    monkeypatch.setattr(api, "SENDINGS", "3 per 15 minutes")
    made = create_app(settings)
    made.test_client_class = app.test_client_class
    yield made
    engine_of(made).dispose()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/v1/reports", b'{"reports": []}'),
        ("POST", "/api/v1/answers", b'{"answers": []}'),
        ("GET", PICTURE, b""),
        ("PUT", PICTURE, b"x"),
    ],
)
def test_who_sends_without_end_is_told_when_to_come_again(
    hurried: Flask, world: World, method: str, path: str, body: bytes
) -> None:
    def send(client: Any) -> Any:
        return client.open(path, method=method, data=body, headers=dict((OUR_PAGE,)))

    def phone() -> Any:
        client: Any = hurried.test_client()
        client.set_cookie("phone", planted(hurried, world.own["official_id"]))
        return client

    wild, other = phone(), phone()
    by_password: Any = hurried.test_client()
    by_password.log_in(world.accounts[Role.OFFICIAL])
    assert [send(wild).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = send(wild)
    assert refused.is_json
    assert 1 <= int(refused.headers["Retry-After"]) <= 15 * 60 + 1  # rounded up
    assert [send(one).status_code for one in (other, by_password)] == [200, 200]
