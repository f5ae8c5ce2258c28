"""A login is the person's alone, and ends when it should: everywhere, and at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import col, select

from outreach.db import unit_of_work
from outreach.people.accounts import AccountIn, update_account
from outreach.people.tables import Account, Role
from tests.builders import LOADED_AT, PASSWORD
from tests.web.connected import planted as planted_phone
from tests.web.connected import with_phone

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

    LogIn = Callable[[Role], Visitor]

HOME = {
    Role.OFFICIAL: "/my",
    Role.COORDINATOR: "/teams",
    Role.MANAGER: "/approvals",
    Role.ADMIN: "/admin/accounts",
}


def copy_of(app: Flask, browser: Visitor) -> Visitor:
    """A browser with the same cookie, as whoever took a copy of it has."""
    cookie, thief = browser.get_cookie("outreach"), app.test_client()
    assert cookie is not None
    thief.set_cookie("outreach", cookie.value)
    return thief  # type: ignore[return-value]


def is_in(browser: Visitor, role: Role) -> bool:
    return bool(browser.get(HOME[role]).status_code == 200)


@pytest.mark.parametrize("role", Role)
def test_a_cookie_from_before_the_login_is_worth_nothing_after_it(app: Flask, role: Role) -> None:
    victim: Any = app.test_client()
    victim.get("/login")
    planted = copy_of(app, victim)
    sent = {"csrf_token": victim.token(), "login": role.value, "password": PASSWORD}
    assert victim.post("/login", data=sent).status_code == 303
    assert is_in(victim, role)
    assert not is_in(planted, role)
    # Nor does what the planter knows of it open a form of whoever came in.
    forged = victim.post("/logout", data={"csrf_token": sent["csrf_token"]})
    assert forged.status_code == 400
    assert is_in(victim, role)


def test_no_cookie_from_before_is_worth_anything_once_a_phone_is_connected(
    app: Flask, world: World
) -> None:
    code: str = world.own["enrol_code"]
    victim: Any = app.test_client()
    victim.get("/login")
    # A login that somebody planted, a phone of theirs, and what they know of the browser so far.
    planted = copy_of(app, victim)
    theirs: Any = app.test_client()
    theirs.set_cookie("phone", planted_phone(app, world.foreign["official_id"]))
    phone = theirs.get_cookie("phone")
    assert phone is not None
    victim.set_cookie("phone", phone.value)
    victim.get(f"/e/{code}")
    sent = {"sure": "yes"}
    assert victim.send(f"/e/{code}", sent).location == "/phone/"
    assert is_in(victim, Role.OFFICIAL)
    given = victim.get_cookie("phone")
    assert given is not None
    assert given.value != phone.value
    assert not is_in(planted, Role.OFFICIAL)
    assert not is_in(theirs, Role.OFFICIAL)
    # Nor does the code, which is used up, give it to whoever has such a cookie and knows the code.
    for attacker in (planted, theirs):
        assert attacker.get(f"/e/{code}").status_code == 410
        assert attacker.send(f"/e/{code}", sent).status_code == 410
        assert not is_in(attacker, Role.OFFICIAL)


def test_logging_in_as_another_leaves_nothing_of_the_first(app: Flask, login_as: LogIn) -> None:
    browser = login_as(Role.ADMIN)
    before = copy_of(app, browser)
    assert browser.send("/login", {"login": "official", "password": PASSWORD}).status_code == 303
    assert is_in(browser, Role.OFFICIAL)
    assert not is_in(browser, Role.ADMIN)
    assert is_in(before, Role.ADMIN)  # a login of its own, which goes on until it is ended


@pytest.mark.parametrize("role", Role)
def test_no_copy_of_a_login_outlives_the_logout(app: Flask, login_as: LogIn, role: Role) -> None:
    browser, elsewhere = login_as(role), login_as(role)
    browser.get(HOME[role])
    copied = copy_of(app, browser)
    assert is_in(copied, role)
    assert browser.send("/logout").status_code == 303
    assert [is_in(one, role) for one in (browser, copied, elsewhere)] == [False] * 3


def test_logging_out_ends_nobody_elses_login_and_no_phone(
    app: Flask, login_as: LogIn, world: World
) -> None:
    manager, phone, stranger = login_as(Role.MANAGER), with_phone(app, world), app.test_client()
    assert phone.get("/my").status_code == 200
    assert login_as(Role.COORDINATOR).send("/logout").status_code == 303
    assert stranger.send("/logout").status_code == 303  # type: ignore[attr-defined]
    assert is_in(manager, Role.MANAGER)
    assert phone.get("/my").status_code == 200


def test_a_phone_that_logs_out_leaves_the_accounts_other_logins(app: Flask, world: World) -> None:
    here, other = with_phone(app, world), with_phone(app, world)
    assert here.send("/logout", {"sure": "yes"}).status_code == 303
    assert here.get("/my").status_code == 303
    assert other.get("/my").status_code == 200


def test_a_forged_logout_ends_nothing(login_as: LogIn) -> None:
    browser = login_as(Role.MANAGER)
    assert browser.post("/logout").status_code == 400
    assert browser.post("/api/v1/logout").status_code == 400
    assert browser.get("/logout").status_code == 200
    assert is_in(browser, Role.MANAGER)


def test_another_role_holds_from_the_next_page_on(
    app: Flask, login_as: LogIn, world: World
) -> None:
    browser = login_as(Role.MANAGER)
    assert is_in(browser, Role.MANAGER)
    told = {"login": "manager", "name": "Siti", "role": "official", "area_codes": ["33.72.01.1001"]}
    change(app, world, Role.MANAGER, told)
    assert browser.get("/approvals").status_code == 403
    assert is_in(browser, Role.OFFICIAL)


def test_another_area_holds_from_the_next_page_on(
    app: Flask, login_as: LogIn, world: World
) -> None:
    browser = login_as(Role.COORDINATOR)
    own, foreign = (f"/visits/{of['visit_id']}" for of in (world.own, world.foreign))
    assert [browser.get(path).status_code for path in (own, foreign)] == [200, 404]
    told = {"login": "coordinator", "name": "Siti", "role": "coordinator"}
    change(app, world, Role.COORDINATOR, told | {"branch_id": world.foreign["branch_id"]})
    assert [browser.get(path).status_code for path in (own, foreign)] == [404, 200]


def change(app: Flask, world: World, role: Role, told: dict[str, Any]) -> None:
    account_id = world.accounts[role][0]
    with unit_of_work(app.extensions["outreach"].engine) as db:
        version = db.exec(select(Account.version).where(col(Account.id) == account_id)).one()
        given = AccountIn.model_validate(told)
        update_account(db, account_id, given, version=version, by_account_id=None, now=LOADED_AT)


def test_a_password_that_the_admin_gives_ends_every_login(
    app: Flask, login_as: LogIn, world: World
) -> None:
    browser, admin = login_as(Role.MANAGER), login_as(Role.ADMIN)
    account_id = world.accounts[Role.MANAGER][0]
    with unit_of_work(app.extensions["outreach"].engine) as db:
        account = db.get_one(Account, account_id)
        told = {"login": account.login, "name": account.name, "version": str(account.version)}
    told |= {"role": "manager", "area_codes": "33.72", "is_active": "on"}
    new = {"password": "gamelan di tepi kali 7"}
    assert admin.send(f"/admin/accounts/{account_id}", told | new).status_code == 303
    assert not is_in(browser, Role.MANAGER)
