"""A phone connected over plain HTTP: all of it works with a network, and nothing promises more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from outreach.people.tables import Role
from outreach.web.addresses import keeps_pages
from tests.web.phone.handset import stored
from tests.web.phone.test_shell import FIRST_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from flask import Flask
    from playwright.sync_api import Page
    from sqlalchemy import Engine

    from tests.web.conftest import Visitor
    from tests.web.phone.handset import Handset
    from tests.web.world import World

HOST = "outreach.test"


def connect(phone: Handset, code: str) -> Page:
    """Connect a new phone by a code, at an address that no browser calls protected."""
    phone.host = HOST
    phone.start(enrolled=False)
    page = phone.page
    page.goto(f"{phone.address}/e")
    assert page.evaluate("isSecureContext") is False
    expect(page.locator(".trouble")).to_contain_text("This address is not protected (http)")
    page.fill("#code", code)
    page.locator("main button").click()
    expect(page.locator(".trouble")).to_contain_text("This address is not protected (http)")
    page.locator("main button").click()
    page.wait_for_url("**/phone/*")
    expect(page.locator("[data-screen=visits] article")).not_to_have_count(0)
    return page


def log_a_session(phone: Handset, visit_id: int, men: str) -> None:
    phone.open(f"#form/{visit_id}")
    page = phone.page
    for name, count in (("men", men), ("women", "14"), ("signups", "6")):
        page.fill(f"[data-screen=form] [name={name}]", count)
    page.locator("[data-screen=form] [type=submit]").click()
    expect(page.locator("[data-screen=saved]")).to_be_visible()


@pytest.mark.browser
def test_from_the_code_to_a_stored_report_without_a_protected_address(
    phone: Handset, code: str, engine: Engine, visits: list[int], today: date
) -> None:
    page = connect(phone, code)
    page.on("pageerror", lambda error: phone.errors.append(str(error)))
    warning = page.locator("[data-frame=page-unkept]")
    expect(warning).to_contain_text("Without a network this page does not open here.")
    expect(warning).to_contain_text("Ask your branch for the address that begins with https")
    log_a_session(phone, visits[0], "11")
    expect(page.locator("[data-screen=saved] [data-slot=title]")).to_have_text("Sent")
    phone.context.set_offline(True)
    phone.page.evaluate("(visit) => { location.hash = `form/${visit}`; }", visits[1])
    for name in ("men", "women", "signups"):
        page.fill(f"[data-screen=form] [name={name}]", "5")
    page.locator("[data-screen=form] [type=submit]").click()
    outcome = page.locator("[data-screen=saved] [data-slot=state]")
    expect(outcome).to_contain_text("without a network this page does not open here")
    expect(outcome).not_to_contain_text("close")
    phone.context.set_offline(False)
    expect(page.locator("[data-screen=saved] [data-slot=title]")).to_have_text(
        "Sent", timeout=20_000
    )
    assert sorted(stored(engine, visits).values()) == [1, 1]
    page.reload()
    phone.open("#history")
    told = page.locator("[data-screen=history] [data-reports] > li")
    expect(told.filter(has_text="Men 11, women 14")).to_have_count(1)
    expect(told.filter(has_text="Men 5, women 5")).to_have_count(1)
    assert phone.network.carried_bytes < 2 * FIRST_BYTES


@pytest.mark.browser
def test_what_a_browser_does_not_allow_there_is_told_with_its_reason(
    phone: Handset, code: str, visits: list[int]
) -> None:
    page = connect(phone, code)
    phone.open("#settings")
    expect(page.locator("[data-no-pin]")).to_contain_text("it is not protected")
    for gone in ("[data-pin-form]", "[data-kept]", "[data-not-kept]"):
        expect(page.locator(gone)).to_be_hidden()
    phone.open(f"#form/{visits[0]}")
    page.locator("[data-more=place] summary").click()
    page.locator("[data-locate]").click()
    expect(page.locator("[data-slot=position_trouble]")).to_contain_text("only to protected")
    phone.open("#welcome")
    expect(page.locator("[data-screen=welcome]")).to_be_visible()
    expect(page.locator("[data-screen=welcome] [data-if-kept]")).to_be_hidden()


@pytest.mark.browser
def test_where_the_page_is_kept_nothing_warns_and_closing_it_is_allowed(
    phone: Handset, visits: list[int]
) -> None:
    page = phone.switch_on()
    assert page.evaluate("isSecureContext") is True
    expect(page.locator("[data-frame=page-unkept]")).to_be_hidden()
    phone.keep_the_page()
    phone.context.set_offline(True)
    page.evaluate("(visit) => { location.hash = `form/${visit}`; }", visits[1])
    for name in ("men", "women", "signups"):
        page.fill(f"[data-screen=form] [name={name}]", "5")
    page.locator("[data-screen=form] [type=submit]").click()
    outcome = page.locator("[data-screen=saved] [data-slot=state]")
    expect(outcome).to_contain_text("You can close this page: it stays saved.")
    expect(outcome).to_contain_text("sent by itself when this page is open and there is a network")


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://kunjungan.example", True),
        ("http://kunjungan.example", False),
        ("http://192.168.1.7:8000", False),
        ("http://[fd00::7]:8000", False),
        ("http://localhost:8000", True),
        ("http://outreach.localhost", True),
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000", True),
        ("http://localhost.example", False),
    ],
)
def test_which_addresses_browsers_keep_pages_of(url: str, kept: bool) -> None:
    assert keeps_pages(url) is kept


@pytest.mark.parametrize("path", ["/officials/phones", "/officials/{official_id}"])
def test_who_gives_codes_is_warned_of_an_address_without_protection(
    app: Flask, world: World, login_as: Callable[[Role], Visitor], path: str
) -> None:
    coordinator = login_as(Role.COORDINATOR)
    coordinator.set_cookie("language", "en")
    where = path.format(**world.own)
    for url, warned in (("http://outreach.test", True), ("https://outreach.test", False)):
        running = app.extensions["outreach"]
        settings = running.settings.model_copy(update={"public_url": url})
        app.extensions["outreach"] = type(running)(settings, running.engine)
        page = coordinator.get(where).get_data(as_text=True)
        assert (f"{url}, which is not protected" in page) is warned
