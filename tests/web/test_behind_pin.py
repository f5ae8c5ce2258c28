"""A phone with a PIN: only its own page, which asks for the PIN, is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from outreach.people.tables import Role
from outreach.web.our_page import HAS_PIN, OUR_PAGE
from tests.web.connected import devices, with_phone
from tests.web.planned import words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

    LogIn = Callable[[Role], Visitor]

FROM_OUR_PAGE = dict((OUR_PAGE,))
SET = {**FROM_OUR_PAGE, HAS_PIN: "1"}
REMOVED = {**FROM_OUR_PAGE, HAS_PIN: "0"}
STATE = "/api/v1/phone"


def by_phone(app: Flask, world: World, _log_in: LogIn) -> Visitor:
    return with_phone(app, world)


def by_password(_app: Flask, _world: World, log_in: LogIn) -> Visitor:
    return log_in(Role.OFFICIAL)


@pytest.mark.parametrize("way", [by_phone, by_password])
def test_what_is_typed_where_addresses_are_typed_leads_to_the_page_with_the_pin(
    app: Flask, world: World, login_as: LogIn, way: Callable[[Flask, World, LogIn], Visitor]
) -> None:
    phone = way(app, world, login_as)
    visit = world.own["visit_id"]
    pages = ("/my", "/f", f"/my/visits/{visit}/report", f"/my/visits/{visit}/return")
    assert [phone.get(path).status_code for path in pages] == [200] * len(pages)
    assert phone.get(STATE, headers=SET).status_code == 200
    for path in pages:
        page = phone.get(path)
        assert (page.status_code, page.location) == (303, "/phone/#behind-pin"), path
    typed = phone.get(STATE)
    assert typed.status_code == 403
    assert typed.get_json()["code"] == "behind_pin"
    assert phone.get(STATE, headers=FROM_OUR_PAGE).status_code == 200
    # Whoever opens the lock and removes the PIN has the plain pages back.
    assert phone.get(STATE, headers=REMOVED).status_code == 200
    assert phone.get("/my").status_code == 200


def test_a_pin_is_noted_at_once_though_the_phone_spoke_within_the_minute(
    app: Flask, world: World
) -> None:
    phone = with_phone(app, world)
    phone.get("/my")
    for header, expected in ((SET, True), (FROM_OUR_PAGE, True), (REMOVED, False)):
        phone.get(STATE, headers=header)
        assert [one.behind_pin for one in devices(app, world)] == [expected]


@pytest.mark.parametrize("way", [by_phone, by_password])
def test_what_a_page_of_ours_does_not_say_sets_and_removes_no_pin(
    app: Flask, world: World, login_as: LogIn, way: Callable[[Flask, World, LogIn], Visitor]
) -> None:
    phone = way(app, world, login_as)
    phone.get("/my", headers={HAS_PIN: "1"})
    assert phone.get("/my").status_code == 200
    phone.get(STATE, headers=SET)
    for path in ("/my", STATE):
        assert phone.get(path, headers={HAS_PIN: "0"}).status_code in (303, 403)
        assert phone.get("/my").status_code == 303


def test_a_pin_of_an_official_keeps_nobody_else_from_their_pages(login_as: LogIn) -> None:
    """A coordinator opens the phone's page in a browser in which an official had set a PIN."""
    desk = login_as(Role.COORDINATOR)
    desk.get(STATE, headers=SET)
    assert desk.get("/desk").status_code == 200


def test_a_code_connects_the_phone_anew_whose_pin_was_forgotten(
    app: Flask, world: World, code: str
) -> None:
    phone = with_phone(app, world)
    phone.get(STATE, headers=SET)
    page = phone.get(phone.send("/e", {"code": code}).location)
    assert page.status_code == 200
    assert "forgotten the PIN" in words_of(page)
    assert phone.send(f"/e/{code}").status_code == 200  # the page asks first
    done = phone.send(f"/e/{code}", {"sure": "yes"})
    assert (done.status_code, done.location) == (303, "/phone/")
    old, new = devices(app, world)
    assert (old.revoked_at is None, new.revoked_at is None) == (False, True)
    assert new.behind_pin is False
    assert phone.get(STATE).get_json()["me"]["phone"] == new.id
    # Used, it leads on to the page as before.
    phone.get(STATE, headers=SET)
    again = phone.get(f"/e/{code}")
    assert (again.status_code, again.location) == (303, "/phone/")
    assert phone.send(f"/e/{code}", {"sure": "yes"}).location == "/phone/"
    assert len(devices(app, world)) == 2


def test_without_a_pin_a_connected_phone_leaves_the_code_to_another(
    app: Flask, world: World, code: str
) -> None:
    phone = with_phone(app, world)
    assert phone.get(f"/e/{code}").location == "/phone/"
    assert phone.send(f"/e/{code}", {"sure": "yes"}).location == "/phone/"
    assert len(devices(app, world)) == 1
