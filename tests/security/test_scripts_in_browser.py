"""Scripts in every name and note of the database stay text on every page, in a real browser.

Once as browsers are told to look at our pages, and once with the content policy switched off: so
that it is shown that nothing leans on the policy alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from outreach.people.tables import Role
from tests.maps.map_app import serving
from tests.security import everywhere
from tests.web import samples
from tests.web.test_who_may import READING, every_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from playwright.sync_api import Browser, BrowserContext, Dialog, Page

    from tests.web.conftest import Visitor
    from tests.web.world import World

pytestmark = pytest.mark.browser

#: Each would run in another place: between tags, in attributes, in scripts and in their texts.
SCRIPTS = (
    "</title></textarea></style></script><script>window.__x=1;alert(1)</script>",
    "'\"><img src=x onerror=\"window.__x=1;alert(1)\"><svg onload='window.__x=1'>",
    '" autofocus onfocus=window.__x=1 onmouseover=window.__x=1 style=position:fixed x="',
    "`${window.__x=1}`\\u0027;window.__x=1//{{7*7}}{%print(7*7)%}",
    "javascript:window.__x=1//--><iframe srcdoc='<script>parent.__x=1</script>'>",
)
#: Answered with what a browser does not show as a page, or leads away.
ELSEWHERE = {"auth.logout"}


def paths(app: Flask, world: World, role: Role, visitor: Visitor) -> Iterator[str]:
    """Addresses of all pages that somebody of the role may look at."""
    for case in every_case():
        if case.method not in READING or case.endpoint in ELSEWHERE:
            continue
        is_open = "anybody" in case.roles and role is Role.OFFICIAL
        if role.value not in case.roles and not is_open:
            continue
        values = samples.values(world, set(case.arguments), "own", role) or {}
        with app.test_request_context():
            path = app.url_for(case.endpoint, **values)
        with visitor.get(path) as answer:
            if answer.status_code == 200 and answer.mimetype == "text/html":
                yield path


def opened(browser: Browser, address: str, visitor: Visitor, *, bypass: bool) -> BrowserContext:
    context = browser.new_context(base_url=address, bypass_csp=bypass)
    cookie = visitor.get_cookie("outreach")
    assert cookie is not None
    context.add_cookies([{"name": "outreach", "value": cookie.value, "url": address}])
    return context


def noting(found: list[object]) -> Callable[[Dialog], None]:
    def note(dialog: Dialog) -> None:
        found.append(("dialog", dialog.page and dialog.page.url))
        dialog.dismiss()

    return note


def ran(page: Page) -> bool:
    return any(frame.evaluate("() => window.__x !== undefined") for frame in page.frames)


@pytest.mark.parametrize("role", list(Role))
def test_no_script_in_a_name_or_note_runs(
    app: Flask,
    world: World,
    browser: Browser,
    login_as: Callable[[Role], Visitor],
    role: Role,
) -> None:
    engine = app.extensions["outreach"].engine
    assert everywhere.write(engine, lambda number: SCRIPTS[number % len(SCRIPTS)]) > 40
    visitor = login_as(role)
    visitor.get("/")
    asked = list(paths(app, world, role, visitor))
    found: list[object] = []
    with serving(app) as address:
        for bypass in (False, True):
            context = opened(browser, address, visitor, bypass=bypass)
            page = context.new_page()
            page.on("dialog", noting(found))
            for path in asked:
                page.goto(path)
                if len(page.frames) > 1:  # a map asks for its names behind its page
                    page.wait_for_load_state("networkidle")
                if ran(page):
                    found.append((path, f"without the policy: {bypass}"))
            context.close()
    assert found == []
    assert len(asked) > 8
