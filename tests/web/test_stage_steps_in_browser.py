"""What only a browser shows of a stage's steps: the map that is the list, the moving cut line."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import axe_playwright_python
import pytest
from playwright.sync_api import expect

from outreach.people.tables import Role
from tests.maps.map_app import serving
from tests.web.planned import hang_clock
from tests.web.stages import draft_shapes, drafted, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from playwright.sync_api import Browser, Page

    from tests.web.conftest import Visitor
    from tests.web.world import World

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
FAULTS = """async () => (await axe.run()).violations
  .filter((fault) => ["serious", "critical"].includes(fault.impact))
  .map((fault) => [fault.id, fault.nodes[0].html])"""


@contextmanager
def visiting(app: Flask, visitor: Visitor, browser: Browser, width: int) -> Iterator[Page]:
    """Give a page of somebody logged in; no script of it may fail."""
    with serving(app) as address:
        # Axe is put into the page from outside, which its own policy would refuse.
        context = browser.new_context(
            base_url=address, viewport={"width": width, "height": 800}, bypass_csp=True
        )
        for name in ("outreach", "language"):
            cookie = visitor.get_cookie(name)
            assert cookie is not None
            context.add_cookies([{"name": name, "value": cookie.value, "url": address}])
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        yield page
        context.close()
    assert faults == []


@pytest.mark.parametrize("width", [360, 1366])
def test_the_steps_in_a_browser(
    app: Flask,
    world: World,
    browser: Browser,
    english: Callable[[Role], Visitor],
    tmp_path: Path,
    width: int,
) -> None:
    hang_clock(app)
    draft_shapes(app, tmp_path)
    visitor = english(Role.COORDINATOR)
    stage_id = drafted(visitor, world, area_codes=["33.72.02"])
    with visiting(app, visitor, browser, width) as page:
        page.goto(f"/stages/{stage_id}/edit")
        _pick_an_area(page)
        _sound(page)
        page.get_by_role("button", name="Save and go on").click()
        _move_the_cut_line(page)
        _sound(page)
        page.get_by_role("button", name="Save and go on").click()
        expect(page.locator("h1")).to_have_text("What the teams can hold")
        _sound(page)
        page.go_back()
        page.go_back()
        expect(page.locator("[data-area].on")).to_have_count(4)
    stage = stored(app, stage_id)
    assert stage.quota == 4
    assert stage.area_codes == ["33.72.01", "33.72.03", "33.72.04", "33.72.05"]


def test_a_typed_quota_stays_while_villages_are_looked_for_and_decided_on(
    app: Flask, world: World, browser: Browser, english: Callable[[Role], Visitor]
) -> None:
    hang_clock(app)
    visitor = english(Role.COORDINATOR)
    stage_id = drafted(visitor, world)
    with visiting(app, visitor, browser, 1366) as page:
        page.goto(f"/stages/{stage_id}/shortlist")
        page.fill("#quota", "7")
        page.select_option("#ordering", "gap")
        page.fill("#text", "serengan")
        page.get_by_role("button", name="Find").click()
        page.wait_for_url("**text=serengan**")
        _still(page, "7")
        page.fill("#quota", "8")
        page.locator(".by-hand summary").first.click()
        # Without a reason it is refused; the names stay in sight beside the field.
        page.get_by_role("button", name="Leave out").click()
        expect(page.locator(".by-hand .problem")).to_be_visible()
        _still(page, "8")
        assert page.evaluate("document.querySelector('.scroll').scrollLeft") == 0
        _sound(page)
        page.get_by_role("button", name="Take for certain").click()
        expect(page.locator("tr .tag", has_text="taken for certain")).to_have_count(1)
        _still(page, "8")
        page.goto(f"/stages/{stage_id}/shortlist")
        page.fill("#text", "atlantis")
        page.get_by_role("button", name="Find").click()
        page.wait_for_url("**text=atlantis**")
        page.fill("#quota", "9")
        page.get_by_role("link", name="Show all").click()
        page.wait_for_url("**quota=9**")
        expect(page.locator("#quota")).to_have_value("9")
    assert stored(app, stage_id).quota is None


def _still(page: Page, quota: str) -> None:
    expect(page.locator("#quota")).to_have_value(quota)
    expect(page.locator("#ordering")).to_have_value("gap")


def _pick_an_area(page: Page) -> None:
    box, shape = page.locator, page.locator("[data-area='33.72.03']")
    expect(page.locator("#area-chosen")).to_have_text("Serengan: 7 villages")
    # The picture ticks the list …
    shape.locator("path").click()
    expect(box("#area-33\\.72\\.03")).to_be_checked()
    expect(page.locator("#area-chosen")).to_contain_text("Serengan, Pasar Kliwon")
    expect(page.locator("[data-area='33.72.03'].on")).to_have_count(1)
    # … and the list the picture, by keyboard: Enter does not send the form.
    regency = box("#area-33\\.72")
    regency.focus()
    page.keyboard.press("Enter")
    expect(regency).to_be_checked()
    expect(page.locator("[data-area].on")).to_have_count(5)
    # One district out of a whole city leaves the others.
    page.locator("[data-area='33.72.02'] path").click()
    expect(regency).not_to_be_checked()
    expect(page.locator("[data-area].on")).to_have_count(4)
    expect(page.locator("#area-chosen")).to_contain_text("Laweyan")


def _move_the_cut_line(page: Page) -> None:
    expect(page.locator("#cut-words")).to_contain_text("0 stay out.")
    page.fill("#quota", "4")
    expect(page.locator("tr.in")).to_have_count(4)
    expect(page.locator("#cut-words")).to_contain_text("4 of ")
    expect(page.locator("#quota-slider")).to_have_value("4")


def _sound(page: Page) -> None:
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, page.url
    page.evaluate(AXE)
    assert page.evaluate(FAULTS) == []
