"""What a phone may with its cookie, and when it may nothing any more."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import select

from outreach.db import unit_of_work
from outreach.people.tables import Account, Device, DeviceKind, Role
from outreach.web.our_page import OUR_PAGE
from tests.web.connected import devices, planted, serve_until, with_phone
from tests.web.planned import words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

    LogIn = Callable[[Role], Visitor]


def revoked(app: Flask) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for one in db.exec(select(Device)):
            one.revoked_at = datetime.now(UTC)


def closed(app: Flask) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for one in db.exec(select(Account).where(Account.role == Role.OFFICIAL)):
            one.is_active = False


def promoted(app: Flask) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for one in db.exec(select(Account).where(Account.role == Role.OFFICIAL)):
            one.role = Role.ADMIN


@pytest.mark.parametrize("end", [revoked, closed, promoted])
def test_a_phone_that_was_taken_back_opens_nothing(
    app: Flask, world: World, end: Callable[[Flask], None]
) -> None:
    phone = with_phone(app, world)
    assert phone.get("/my").status_code == 200
    end(app)
    page = phone.get("/my")
    assert (page.status_code, page.location) == (303, "/phone/")
    header = dict((OUR_PAGE,))
    for answer in (
        phone.get("/api/v1/phone"),
        phone.post("/api/v1/reports", json={"reports": []}, headers=header),
    ):
        assert answer.status_code == 401
        assert answer.get_json()["code"] == "device_revoked"
    for path in ("/admin/accounts", "/teams", "/desk"):
        assert phone.get(path).location == "/phone/"
    assert phone.get("/login").status_code == 200


def test_a_phone_may_what_its_official_may_and_nothing_else(app: Flask, world: World) -> None:
    phone = with_phone(app, world)
    own, foreign = world.own["visit_id"], world.foreign["visit_id"]
    assert phone.get(f"/my/visits/{own}/report").status_code == 200
    for number in (foreign, 999_999):
        assert phone.get(f"/my/visits/{number}/report").status_code == 404
    report: dict[str, Any] = {"id": "0199f3a0-0000-7000-8000-000000000001", "held_on": "2026-11-18"}
    report |= {"held_at": "09:00", "men": 3, "women": 4, "signups": 1}
    told = {"reports": [{**report, "visit_id": foreign}], "unsent": 7}
    sent = phone.post("/api/v1/reports", json=told, headers=dict((OUR_PAGE,))).get_json()
    assert sent["answers"][0]["outcome"] == "rejected"
    (device,) = devices(app, world)
    assert device.unsent == 7
    for path in ("/desk", "/officials", "/officials/phones", "/admin/accounts", "/map"):
        assert phone.get(path).status_code == 403


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "ä" * 43])
def test_a_token_that_is_none_of_ours_is_a_strangers(phone: Visitor, token: str) -> None:
    phone.set_cookie("phone", token)
    assert phone.get("/my").location.startswith("/login")
    assert phone.get("/api/v1/phone").get_json()["code"] == "login_required"


def test_the_key_of_another_program_is_no_cookie(app: Flask, world: World) -> None:
    assert with_phone(app, world, DeviceKind.ODK).get("/my").location.startswith("/login")


def test_logging_out_takes_the_phone_back(app: Flask, world: World) -> None:
    phone = with_phone(app, world)
    cookie = phone.get_cookie("phone")
    assert cookie
    assert phone.send("/logout").location == "/logout"  # of a page that was open before
    assert phone.get("/my").status_code == 200
    answer = phone.send("/logout", {"sure": "yes"})
    assert answer.location == "/login"
    assert phone.get_cookie("phone") is None
    (device,) = devices(app, world)
    assert device.revoked_at is not None
    assert device.revoked_by == device.account_id
    phone.set_cookie("phone", cookie.value)
    assert phone.get("/my").location == "/phone/"


def test_logging_out_of_a_desk_leaves_the_phone_to_its_official(
    app: Flask, english: LogIn, world: World
) -> None:
    desk = english(Role.COORDINATOR)
    desk.set_cookie("phone", planted(app, world.own["official_id"]))
    assert desk.get("/teams").status_code == 200  # the login counts before the cookie
    desk.send("/logout")
    (device,) = devices(app, world)
    assert device.revoked_at is None
    cookie = desk.get_cookie("phone")
    assert cookie is not None
    assert "Sri Lestari" in words_of(desk.get("/my"))


@pytest.mark.parametrize("path", ["/logout", "/api/v1/logout"])
def test_who_logs_out_of_a_borrowed_phone_leaves_it_to_its_owner(
    app: Flask, login_as: LogIn, world: World, path: str
) -> None:
    phone = login_as(Role.OFFICIAL)  # another official, with a password
    phone.set_cookie("phone", planted(app, world.own["official_id"]))
    assert "Sri Lestari" not in words_of(phone.get("/my"))
    left = phone.send(path, headers=dict((OUR_PAGE,)))
    assert not any(one.startswith("phone=") for one in left.headers.getlist("Set-Cookie"))
    assert "Sri Lestari" in words_of(phone.get("/my"))


def test_leaving_a_phone_out_of_office_is_for_good(app: Flask, world: World) -> None:
    phone = with_phone(app, world)
    serve_until(app, world, date(2020, 1, 1))
    left = phone.post("/api/v1/logout", headers=dict((OUR_PAGE,)))
    assert left.get_json() == {"logged_out": True}
    (device,) = devices(app, world)
    assert device.revoked_at is not None
    assert phone.get_cookie("phone") is None


def test_out_of_office_a_phone_keeps_what_it_has_until_the_term_is_renewed(
    app: Flask, world: World
) -> None:
    phone = with_phone(app, world)
    serve_until(app, world, date(2020, 1, 1))
    header = dict((OUR_PAGE,))
    for answer in (
        phone.get("/api/v1/phone"),
        phone.post("/api/v1/reports", json={"reports": []}, headers=header),
    ):
        assert answer.status_code == 401
        assert answer.get_json()["code"] == "not_in_office"
        assert "ask your branch to renew" in answer.get_json()["message"]
    assert phone.get("/my").location == "/phone/"
    serve_until(app, world, None)
    sent = phone.post("/api/v1/reports", json={"reports": []}, headers=header)
    assert sent.status_code == 200


def test_plain_pages_lead_to_the_warning_of_the_phones_page(app: Flask, world: World) -> None:
    phone = with_phone(app, world)
    assert 'action="/logout"' not in phone.get("/my").text
    page = phone.get("/logout")
    assert 'href="/phone/#settings"' in page.text
    assert "has not been sent yet does not reach your branch" in words_of(page)
    assert phone.get("/my").status_code == 200
    assert app.test_client().get("/logout").location == "/login"


def test_contact_is_noted_and_at_most_once_a_minute(app: Flask, world: World) -> None:
    phone = with_phone(app, world)

    def seen() -> datetime | None:
        return devices(app, world)[0].last_seen_at

    phone.get("/my")
    first = seen()
    assert first is not None
    phone.get("/my")
    assert seen() == first
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for one in db.exec(select(Device)):
            one.last_seen_at = first - timedelta(minutes=2)
    phone.get("/my")
    assert seen() != first - timedelta(minutes=2)


def test_a_phone_in_use_never_forgets_its_token(app: Flask, world: World) -> None:
    phone = with_phone(app, world)

    def given(path: str) -> bool:
        cookies = phone.get(path).headers.getlist("Set-Cookie")
        return any(one.startswith("phone=") for one in cookies)

    assert given("/my")  # the first of the day
    assert not given("/my")
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for one in db.exec(select(Device)):
            one.last_seen_at = datetime.now(UTC) - timedelta(days=1)
    assert given("/api/v1/phone")
    phone.send("/logout", {"sure": "yes"})
    assert phone.get_cookie("phone") is None


def test_a_password_login_of_an_official_still_works(login_as: LogIn) -> None:
    assert login_as(Role.OFFICIAL).get("/my").status_code == 200
