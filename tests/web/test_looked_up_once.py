"""Who asks is looked up once in a request, and no answer to everybody shows that we did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never

import pytest
from sqlalchemy.exc import OperationalError

from outreach.people.tables import Role
from outreach.web import floods
from outreach.web.budgets import Allowance
from outreach.web.our_page import OUR_PAGE
from outreach.web.page import DemoSeen
from outreach.web.pressure import load_of
from tests.web import samples
from tests.web.connected import planted

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.reading_program import Api
    from tests.web.world import World

    LogIn = Callable[[Role], Visitor]

#: Whoever asks has no place.
NOTHING = Allowance(seconds=1.0, per_second=1.0, at_once=0, at_once_when_scarce=0)


@pytest.mark.parametrize("path", ["/api/openapi.json", "/map/assets/<asset>"])
def test_what_is_the_same_for_everybody_is_kept_for_everybody(
    app: Flask, login_as: LogIn, path: str
) -> None:
    path = path.replace("<asset>", samples.OPEN["asset_path"])
    for browser in (app.test_client(), login_as(Role.MANAGER)):
        answer = browser.get(path)
        assert (answer.status_code, answer.cache_control.public) == (200, True)
        assert "Cookie" not in answer.headers.get("Vary", "")
        assert "Set-Cookie" not in answer.headers
    assert "Cookie" in login_as(Role.MANAGER).get("/campaigns").headers["Vary"]


def away(monkeypatch: pytest.MonkeyPatch, module: str) -> list[None]:
    """Each try from now on to ask the database for somebody, which is away."""
    tries: list[None] = []

    def reading_db() -> Never:
        tries.append(None)
        raise OperationalError("SELECT", {}, Exception("no connection"))

    monkeypatch.setattr(f"outreach.web.{module}.reading_db", reading_db)
    return tries


@pytest.mark.parametrize(("path", "status"), [("/campaigns", 503), ("/map/assets/<asset>", 200)])
def test_a_database_that_is_away_is_waited_for_once(
    app: Flask, login_as: LogIn, monkeypatch: pytest.MonkeyPatch, path: str, status: int
) -> None:
    manager = login_as(Role.MANAGER)
    tries = away(monkeypatch, "auth")
    path = path.replace("<asset>", samples.OPEN["asset_path"])
    assert manager.get(path).status_code == status
    assert len(tries) == 1
    assert manager.get("/healthz").status_code == 200
    assert len(tries) == 1


def test_pages_that_say_so_do_not_wait_for_it_again_and_again(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.extensions["demo_seen"] = DemoSeen()
    tries = away(monkeypatch, "page")
    for _ in range(3):
        assert app.test_client().get("/no-such-page").status_code == 404
    assert len(tries) == 1


def test_the_page_of_a_refusal_asks_for_nothing(
    app: Flask, login_as: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = login_as(Role.MANAGER)
    assert manager.get("/campaigns").status_code == 200
    tries = away(monkeypatch, "page")
    monkeypatch.setattr(floods, "PERSON", NOTHING)
    assert manager.get("/campaigns").status_code == 429
    assert tries == []
    monkeypatch.undo()
    tries = away(monkeypatch, "page")
    assert manager.get("/follow-ups").status_code == 200
    assert len(tries) == 1


def test_a_program_and_an_odk_phone_wait_once_as_well(
    quick_api: Api, app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = quick_api.token()
    tries = away(monkeypatch, "token_holder")
    assert quick_api.ask("/regions", token).status_code == 503
    assert len(tries) == 1
    tries = away(monkeypatch, "openrosa")
    told = app.test_client().get(f"/key/{world.own['odk_key']}/formList")
    assert (told.status_code, told.headers["X-OpenRosa-Version"]) == (503, "1.0")
    assert len(tries) == 1


def test_phones_that_are_put_off_cost_nothing_more(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone: Any = app.test_client()
    phone.set_cookie("phone", planted(app, world.own["official_id"]))
    tries = away(monkeypatch, "auth")
    load = load_of(app)
    assert not any(load.enter() for _ in range(8))
    monkeypatch.setattr(load, "waiting", lambda: 10_000)
    sent = phone.post("/api/v1/reports", headers=dict((OUR_PAGE,)), json={"reports": []})
    assert sent.status_code == 503
    assert (tries, list(app.extensions["budgets"]._own._kept)) == ([], [])
