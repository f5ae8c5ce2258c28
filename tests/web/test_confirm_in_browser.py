"""The page for villages on a phone: light, without a script, two taps to every answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from outreach.visits.tables import Work
from tests.maps.map_app import serving
from tests.web.test_accessibility import AXE, SEEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from playwright.sync_api import Browser, Page

    from tests.web.asked import Asked

pytestmark = pytest.mark.browser

#: The issue allows 150,000; what a first visit loads is far below, compressed or not.
ALLOWED_BYTES = 40_000


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def phone(app: Flask, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A cheap phone that has never been here."""
    with serving(app) as address:
        context = browser.new_context(
            base_url=address,
            viewport={"width": 360, "height": 640},
            is_mobile=True,
            has_touch=True,
            java_script_enabled=request.param,
        )
        yield context.new_page()
        context.close()


def test_all_that_a_first_visit_loads_is_light(phone: Page, asked: Asked) -> None:
    told = phone.context.new_cdp_session(phone)
    told.send("Network.enable")
    sent: list[float] = []
    plain: list[float] = []
    told.on("Network.loadingFinished", lambda one: sent.append(one["encodedDataLength"]))
    told.on("Network.dataReceived", lambda one: plain.append(one["dataLength"]))
    phone.goto(asked.path, wait_until="networkidle")
    assert len(sent) >= 2
    assert 0 < sum(sent) < ALLOWED_BYTES
    assert 0 < sum(plain) < ALLOWED_BYTES


@pytest.mark.parametrize(
    ("first", "second", "work"),
    [
        ("details.can summary", "details.can button", Work.CONFIRMED),
        ("details.other summary", "details.other button[name=place] >> nth=1", Work.CONFIRMED),
        ("details.no summary", "details.no button[name=reason] >> nth=0", Work.POSTPONED),
    ],
    ids=["can", "another day", "no"],
)
def test_two_taps_answer(phone: Page, asked: Asked, first: str, second: str, work: Work) -> None:
    phone.goto(asked.path)
    expect(phone.locator(second)).not_to_be_visible()
    phone.tap(first)
    box = phone.locator(second).bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44  # a thumb
    phone.tap(second)
    expect(phone.locator(".said")).to_be_visible()
    assert asked.now().work is work


def test_the_answers_open_by_the_keyboard_one_at_a_time(phone: Page, asked: Asked) -> None:
    phone.goto(asked.path)
    for name in ("can", "other", "no"):
        phone.focus(f"details.{name} summary")
        phone.keyboard.press("Enter")
        expect(phone.locator("details[open]")).to_have_count(1)
        expect(phone.locator(f"details.{name} button").first).to_be_visible()


def test_nothing_is_wider_than_the_screen(phone: Page, asked: Asked) -> None:
    for path in (asked.path, "/k/wrong"):
        phone.goto(path)
        box = phone.locator("body").bounding_box()
        wide = phone.locator("main").bounding_box()
        assert box is not None
        assert wide is not None
        assert box["width"] <= 360
        assert wide["x"] + wide["width"] <= 360


@pytest.mark.parametrize("width", [360, 1366])
def test_no_page_behind_a_link_has_a_fault(
    app: Flask, browser: Browser, asked: Asked, width: int
) -> None:
    found: list[object] = []
    with serving(app) as address:
        # Axe is put into the page from outside, which its own policy would refuse.
        context = browser.new_context(
            base_url=address, viewport={"width": width, "height": 740}, bypass_csp=True
        )
        page = context.new_page()

        def look(name: str) -> None:
            page.evaluate(AXE)
            found.extend((name, *fault) for fault in page.evaluate(SEEN))

        page.goto("/k/wrong")
        look("wrong")
        page.goto(asked.path)
        for name in ("can", "other", "no"):
            page.click(f"details.{name} summary")
            look(name)
        page.click("details.can summary")
        page.click("details.can button")
        look("answered")
        context.close()
    assert found == []
