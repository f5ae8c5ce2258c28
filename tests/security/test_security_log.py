"""What the log tells of logins, refusals and rights, and what it never tells."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from outreach.people.tables import Role
from outreach.web.security_log import Event
from tests.builders import PASSWORD
from tests.web.connected import with_phone

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

NAME = "outreach.web.security_log"


@pytest.fixture
def noted(caplog: pytest.LogCaptureFixture) -> Callable[[], list[logging.LogRecord]]:
    """What was noted since this was last asked."""
    caplog.set_level(logging.INFO, NAME)

    def take() -> list[logging.LogRecord]:
        found = [record for record in caplog.records if record.name == NAME]
        caplog.clear()
        return found

    return take


type Noted = Callable[[], list[logging.LogRecord]]


def events(records: list[logging.LogRecord]) -> list[Event]:
    return [Event(record.args[0]) for record in records if isinstance(record.args, tuple)]


def account_of(record: logging.LogRecord) -> object:
    return record.__dict__["account_id"]


def test_logins_good_and_bad_and_their_end_are_told(
    app: Flask, client: Visitor, world: World, noted: Noted
) -> None:
    account_id = world.accounts[Role.MANAGER][0]
    client.send("/login", {"login": "manager", "password": "wrong"})
    failed, refused = noted()
    assert events([failed, refused]) == [Event.LOGIN_FAILED, Event.REFUSED]
    assert (account_of(failed), failed.levelno) == (account_id, logging.WARNING)
    client.send("/login", {"login": "who-is-that", "password": "wrong"})
    stranger = noted()[0]
    assert account_of(stranger) is None
    assert "127.0.0.1" in stranger.getMessage()
    client.send("/login", {"login": "manager", "password": PASSWORD})
    client.send("/logout")
    came, went = noted()
    assert events([came, went]) == [Event.LOGIN, Event.LOGOUT]
    assert account_of(came) == account_of(went) == account_id


def test_every_refusal_is_told_with_who_and_where(
    client: Visitor, login_as: Callable[[Role], Visitor], world: World, noted: Noted
) -> None:
    coordinator, account_id = login_as(Role.COORDINATOR), world.accounts[Role.COORDINATOR][0]
    coordinator.get("/admin/accounts")
    coordinator.get(f"/visits/{world.foreign['visit_id']}")
    coordinator.post("/tokens", data={"csrf_token": "made up"})
    coordinator.get("/teams")
    told = [(one.__dict__["status"], one.__dict__["route"], account_of(one)) for one in noted()]
    assert told == [
        (403, "/admin/accounts", account_id),
        (404, "/visits/<int:visit_id>", account_id),
        (400, "/tokens", account_id),
    ]
    client.get("/api/v1/read/progress", headers={"Authorization": "Bearer outreach_guess"})
    client.get("/no-such-page")
    (by_program,) = noted()
    assert by_program.__dict__["status"] == 401
    assert by_program.levelno == logging.WARNING


def test_changes_of_rights_are_told(
    app: Flask, login_as: Callable[[Role], Visitor], world: World, noted: Noted
) -> None:
    admin, manager = login_as(Role.ADMIN), login_as(Role.MANAGER)
    account_id = world.accounts[Role.COORDINATOR][0]
    given = {"login": "wati.s", "name": "Wati", "role": "admin", "password": "angin di sawah 81"}
    assert admin.send("/admin/accounts/new", given).status_code == 303
    admin.send(f"/admin/accounts/{account_id}/end-logins")
    manager.send("/tokens", {"name": "Dasbor", "days": "9"})
    new = {"present": PASSWORD, "new": "angin di sawah 81", "again": "angin di sawah 81"}
    manager.send("/password", new)
    assert events(noted()) == [
        Event.ACCOUNT_ADDED,
        Event.LOGINS_ENDED,
        Event.TOKEN_MADE,
        Event.PASSWORD_CHANGED,
        Event.LOGIN,
    ]


def test_no_secret_and_nobodys_data_come_into_the_log(
    app: Flask,
    client: Visitor,
    login_as: Callable[[Role], Visitor],
    world: World,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    with_phone(app, world).get("/admin/accounts")
    client.send("/login", {"login": "3372011203850001", "password": "canary-of-a-password"})
    client.send("/login", {"login": "manager\nfake line", "password": "canary-of-a-password"})
    client.get("/k/canaryofalinkaaaaaaaa")
    client.get("/api/v1/read/visits?area=canary", headers={"Authorization": "Bearer canary"})
    code = str(world.own["enrol_code"])
    client.send(f"/e/{code}", {"sure": "yes"})
    assert len(caplog.records) > 5
    assert Event.PHONE_CONNECTED.value in caplog.text
    for secret in ("canary", "3372011203850001", "fake line", code, PASSWORD):
        assert secret not in caplog.text
