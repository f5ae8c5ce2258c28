"""What is a person's own stands in one menu under their name, on every screen, without a script."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from outreach.people.tables import Role
from tests.maps.map_app import serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from playwright.sync_api import Browser

    from tests.web.conftest import Visitor

READERS = ["/views", "/digest"]


@pytest.mark.parametrize(
    ("role", "path", "own"),
    [
        (Role.COORDINATOR, "/desk", READERS),
        (Role.MANAGER, "/board", [*READERS, "/tokens"]),
        (Role.ADMIN, "/admin/branches", []),
        (Role.OFFICIAL, "/my", []),
    ],
)
def test_everybody_has_a_menu_of_their_own(
    login_as: Callable[[Role], Visitor], role: Role, path: str, own: list[str]
) -> None:
    header = login_as(role).get(path).text.split("</header>")[0]
    ways, menu = header.split("<details", 1)
    assert re.findall(r'href="(/[a-z]+)"', menu) == [*own, "/password"]
    assert not any(f'href="{one}"' in ways for one in own)
    assert menu.count("hreflang=") == 2
    assert 'action="/logout"' in menu


def test_a_stranger_chooses_a_language_without_a_menu(client: Visitor) -> None:
    header = client.get("/login").text.split("</header>")[0]
    assert "<details" not in header
    assert header.count("hreflang=") == 2


@pytest.mark.browser
def test_the_menu_lies_within_the_screen_and_closes_again(
    app: Flask, browser: Browser, login_as: Callable[[Role], Visitor]
) -> None:
    visitor = login_as(Role.COORDINATOR)
    visitor.get("/teams")
    cookie = visitor.get_cookie("outreach")
    assert cookie is not None
    with serving(app) as address:
        for width in (1366, 360):
            context = browser.new_context(viewport={"width": width, "height": 768})
            context.add_cookies([{"name": "outreach", "value": cookie.value, "url": address}])
            page = context.new_page()
            page.goto(f"{address}/teams")
            name = page.locator(".own > summary")
            way = page.locator(".own a[href='/digest']")
            expect(way).to_be_hidden()
            if width == 1366:
                # Nine ways and the name in one line.
                assert page.evaluate("document.querySelector('.top').offsetHeight") < 70
            name.focus()
            page.keyboard.press("Enter")
            expect(way).to_be_in_viewport(ratio=1)
            page.keyboard.press("Escape")
            expect(way).to_be_hidden()
            expect(name).to_be_focused()
            name.click()
            expect(way).to_be_visible()
            page.locator("main h1").click(position={"x": 1, "y": 1})
            expect(way).to_be_hidden()
            context.close()
