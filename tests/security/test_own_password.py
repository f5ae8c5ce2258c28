"""Changing one's own password, and ending logins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from outreach.people.tables import Role
from tests.builders import PASSWORD
from tests.web.connected import with_phone

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

NEW = "gamelan di tepi kali 7"


def told(present: str = PASSWORD, new: str = NEW, again: str | None = None) -> dict[str, str]:
    return {"present": present, "new": new, "again": new if again is None else again}


def log_in(app: Flask, login: str, password: str) -> int:
    visitor = app.test_client()
    return int(visitor.send("/login", {"login": login, "password": password}).status_code)  # type: ignore[attr-defined]


@pytest.mark.parametrize("role", Role)
def test_whoever_knows_the_present_password_gives_themselves_another(
    app: Flask, login_as: Callable[[Role], Visitor], role: Role
) -> None:
    here, elsewhere = login_as(role), login_as(role)
    assert 'type="password"' in here.get("/password").text
    assert here.send("/password", told()).status_code == 303
    assert log_in(app, role.value, PASSWORD) == 422
    assert log_in(app, role.value, NEW) == 303
    # This browser goes on, with a login of its own; every other one has ended.
    assert here.get("/password").status_code == 200
    assert elsewhere.get("/password").location.startswith("/login")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (told(present="not the present one"), "present"),
        (told(present=""), "present"),
        (told(new="short"), "new"),
        (told(new="coordinator-2026"), "new"),
        (told(again="something else entirely"), "again"),
    ],
)
def test_what_cannot_be_taken_is_said_at_its_field_and_changes_nothing(
    app: Flask, login_as: Callable[[Role], Visitor], given: dict[str, str], field: str
) -> None:
    visitor = login_as(Role.COORDINATOR)
    answer = visitor.send("/password", given)
    assert answer.status_code == 422
    assert f'id="{field}-problem"' in answer.text
    assert answer.text.count('aria-invalid="true"') == 1
    assert given["new"] not in answer.text
    assert log_in(app, "coordinator", PASSWORD) == 303


def test_an_open_page_is_no_way_to_guess_the_password(
    login_as: Callable[[Role], Visitor],
) -> None:
    visitor = login_as(Role.COORDINATOR)
    assert visitor.send("/password", told(new="short")).status_code == 422  # no guess
    wrong = [visitor.send("/password", told(present=f"guess {n}")).status_code for n in range(11)]
    assert wrong == [422] * 10 + [429]
    assert visitor.send("/password", told()).status_code == 429


def test_a_phone_has_no_password_to_change(app: Flask, world: World) -> None:
    phone = with_phone(app, world)
    assert phone.get("/my").status_code == 200
    assert phone.get("/password").status_code == 404
    assert phone.send("/password", told()).status_code == 404
    assert 'href="/password"' not in phone.get("/my").text


def test_an_admin_ends_every_login_of_an_account(
    app: Flask, login_as: Callable[[Role], Visitor], world: World
) -> None:
    visitor, admin = login_as(Role.MANAGER), login_as(Role.ADMIN)
    account_id = world.accounts[Role.MANAGER][0]
    path = f"/admin/accounts/{account_id}"
    assert f'action="{path}/end-logins"' in admin.get(path).text
    assert visitor.get("/board").status_code == 200
    assert admin.send(f"{path}/end-logins").location == path
    assert visitor.get("/board").location.startswith("/login")
    assert log_in(app, "manager", PASSWORD) == 303


@pytest.mark.parametrize(
    "new", ["ombak pantai selatan " * 6 + "Pasir 1", "  Blank on both sides, ÄÖ and 漢字  "]
)
def test_a_long_password_counts_to_its_last_sign(
    app: Flask, login_as: Callable[[Role], Visitor], new: str
) -> None:
    assert login_as(Role.MANAGER).send("/password", told(new=new)).status_code == 303
    for other in (new[:-1], new.swapcase(), new.strip() if new != new.strip() else new + " "):
        assert log_in(app, "manager", other) == 422
    assert log_in(app, "manager", new) == 303
