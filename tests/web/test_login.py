"""Logging in and out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from outreach.db import unit_of_work
from outreach.people.accounts import set_active, set_password
from outreach.people.tables import Role
from outreach.web import auth
from tests.builders import CHEAP, LOADED_AT, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World


def try_login(client: Visitor, login: str = "coordinator", password: str = PASSWORD, **more: str):  # type: ignore[no-untyped-def]
    return client.send("/login", {"login": login, "password": password, **more})


def test_right_password_lets_in_and_leads_home(client: Visitor) -> None:
    answer = try_login(client)
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/").location == "/desk"


def test_login_name_may_be_typed_in_capitals_with_blanks(client: Visitor) -> None:
    assert try_login(client, " Coordinator ").status_code == 303


@pytest.mark.parametrize(
    ("login", "password"), [("coordinator", "wrong"), ("nobody", PASSWORD), ("", "")]
)
def test_wrong_login_says_only_that_something_is_wrong(
    client: Visitor, login: str, password: str
) -> None:
    answer = try_login(client, login, password)
    assert answer.status_code == 422
    assert "do not match" in answer.text or "cocok" in answer.text
    assert client.get("/").location == "/login"


def test_unknown_name_costs_a_check_of_a_password_too(
    client: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    monkeypatch.setattr(auth, "waste_a_check", checked.append)
    try_login(client, "nobody", "some password")
    assert checked == ["some password"]


def test_session_from_before_the_login_does_not_survive_it(client: Visitor) -> None:
    token = client.token()
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    client.post("/login", data={"csrf_token": token, "login": "manager", "password": PASSWORD})
    with client.session_transaction() as session:
        assert "planted" not in session
    assert client.post("/logout", data={"csrf_token": token}).status_code == 400


@pytest.mark.parametrize("path", ["/teams", "/teams/1?a=b"])
def test_stranger_is_led_back_to_the_page_asked_for(client: Visitor, path: str) -> None:
    asked = client.get(path)
    assert asked.status_code == 303
    shown = client.get(asked.location)
    assert f'name="next" value="{path}"' in shown.text
    assert try_login(client, next=path).location == path


@pytest.mark.parametrize(
    "target",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "///elsewhere.example/",
        "/\t\\elsewhere.example",
        "/\\elsewhere.example",
        "\\\\elsewhere.example",
        "/\t/elsewhere.example",
        "javascript:alert(1)",
        "teams",
    ],
)
def test_next_never_leads_elsewhere(client: Visitor, target: str) -> None:
    assert try_login(client, next=target).location == "/"
    assert client.get("/language/en", query_string={"next": target}).location == "/"


def test_logout_needs_a_form_and_ends_the_login(login_as: Callable[[Role], Visitor]) -> None:
    client = login_as(Role.COORDINATOR)
    assert client.get("/logout").status_code == 200
    assert client.get("/teams").status_code == 200
    assert client.send("/logout").location == "/login"
    assert client.get("/teams").status_code == 303


def test_new_password_ends_old_logins(
    app: Flask, login_as: Callable[[Role], Visitor], world: World
) -> None:
    client = login_as(Role.COORDINATOR)
    with unit_of_work(app.extensions["outreach"].engine) as db:
        account_id = world.accounts[Role.COORDINATOR][0]
        set_password(db, account_id, "wayang-kulit-semalam", hasher=CHEAP)
    assert client.get("/teams").status_code == 303


def test_closed_account_is_out_at_once_and_stays_out(
    app: Flask, login_as: Callable[[Role], Visitor], world: World
) -> None:
    client = login_as(Role.MANAGER)
    with unit_of_work(app.extensions["outreach"].engine) as db:
        set_active(
            db, world.accounts[Role.MANAGER][0], active=False, by_account_id=None, now=LOADED_AT
        )
    assert client.get("/").location == "/login"
    assert try_login(client, "manager").status_code == 422


@pytest.mark.parametrize(("role", "hours"), [(Role.COORDINATOR, 13), (Role.OFFICIAL, 24 * 31)])
def test_login_runs_out(login_as: Callable[[Role], Visitor], role: Role, hours: int) -> None:
    client = login_as(role)
    with client.session_transaction() as session:
        session["since"] -= hours * 3600
    assert client.get("/").location == "/login"


def test_official_stays_logged_in_between_days(login_as: Callable[[Role], Visitor]) -> None:
    client = login_as(Role.OFFICIAL)
    with client.session_transaction() as session:
        session["since"] -= 20 * 24 * 3600
    assert client.get("/").location == "/phone/"


def test_answers_that_shared_caches_may_keep_carry_nobodys_login(
    client: Visitor, login_as: Callable[[Role], Visitor]
) -> None:
    frame = login_as(Role.MANAGER).get("/map/frame").text
    assert try_login(client, "official").location == "/"
    for address in re.findall(r'"(/map/assets/[^"]+)"', frame):
        answer = client.get(address)
        assert answer.headers["Cache-Control"].startswith("public")
        assert "Set-Cookie" not in answer.headers


def test_guessing_one_name_is_stopped_and_another_name_is_not(client: Visitor) -> None:
    statuses = [try_login(client, "coordinator", f"guess {n}").status_code for n in range(12)]
    assert statuses == [422] * 10 + [429] * 2
    refused = try_login(client, "coordinator", PASSWORD)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert try_login(client, "manager").status_code == 303


def test_one_address_cannot_try_name_after_name(
    client: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "waste_a_check", lambda _password: None)
    # The limit is per failure: a hundred wrong names from one place, then a pause.
    token = client.token()
    told = {"csrf_token": token, "password": "x"}
    statuses = {
        n: client.post("/login", data=told | {"login": f"name{n}"}).status_code for n in range(101)
    }
    assert (statuses[99], statuses[100]) == (422, 429)


def test_good_logins_do_not_count(client: Visitor) -> None:
    assert {try_login(client).status_code for _ in range(15)} == {303}


@pytest.mark.redis
def test_counts_are_shared_by_processes_and_survive_the_loss_of_redis(
    settings: object, redis_url: str
) -> None:
    from outreach.config import Settings
    from outreach.web.app import create_app

    assert isinstance(settings, Settings)
    one, two = (create_app(settings.model_copy(update={"redis_url": redis_url})) for _ in "ab")
    for app in (one, two):
        app.config["WTF_CSRF_ENABLED"] = False
    wrong = {"login": "manager", "password": "wrong"}
    for app in (one, two) * 5:
        assert app.test_client().post("/login", data=wrong).status_code == 422
    assert two.test_client().post("/login", data=wrong).status_code == 429
    lost = create_app(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"}))
    lost.config["WTF_CSRF_ENABLED"] = False
    answers = [lost.test_client().post("/login", data=wrong).status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]
    for app in (one, two, lost):
        app.extensions["outreach"].engine.dispose()
