"""What only a browser shows: a run that moves by itself, warnings that come while one chooses."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from outreach.people.tables import Role
from outreach.visits.tables import Work
from tests.maps.map_app import serving
from tests.web.planned import ask_for_plan, hang_clock, plan, work_off

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from flask import Flask
    from playwright.sync_api import Browser, Page

    from tests.web.conftest import Visitor
    from tests.web.planned import Planned
    from tests.web.world import World

pytestmark = pytest.mark.browser


@pytest.fixture
def page(app: Flask, browser: Browser, english: Callable[[Role], Visitor]) -> Iterator[Page]:
    """A phone's browser at the app's own address, logged in as the coordinator."""
    visitor = english(Role.COORDINATOR)
    visitor.get("/desk")
    with serving(app) as address:
        context = browser.new_context(base_url=address, viewport={"width": 360, "height": 740})
        for name in ("outreach", "language"):
            cookie = visitor.get_cookie(name)
            assert cookie is not None
            context.add_cookies([{"name": name, "value": cookie.value, "url": address}])
        opened = context.new_page()
        faults: list[str] = []
        opened.on("pageerror", lambda error: faults.append(str(error)))
        opened.on(
            "console", lambda told: faults.append(told.text) if told.type == "error" else None
        )
        yield opened
        context.close()
        assert faults == []


def test_a_run_moves_on_by_itself(app: Flask, world: World, page: Page) -> None:
    hang_clock(app)
    run_id = ask_for_plan(app, world)
    page.goto(f"/runs/{run_id}")
    expect(page.locator("#run-words")).to_have_text("The plan is being made.")
    expect(page.locator("#refresh")).to_have_count(0)
    work_off(app)
    expect(page.locator("#run-words")).to_have_text("The plan is ready.")
    expect(page.locator("#said")).to_have_text("The plan is ready.")
    page.get_by_role("link", name="Open the plan").click()
    expect(page.locator("h1")).to_have_text("Plan of Tahap 1")


def test_warnings_come_while_a_move_is_chosen_and_the_move_is_made(
    app: Flask, world: World, page: Page
) -> None:
    planned = plan(app, world)
    visit = next(one for one in planned.visits() if one.work is Work.PROPOSED)
    page.goto(f"/visits/{visit.id}")
    page.fill("#day", "2026-12-13")
    page.locator("#day").dispatch_event("change")
    expect(page.locator("#warnings")).to_contain_text("(Sunday)")
    page.fill("#day", "2026-12-16")
    page.select_option("#slot", "1")
    expect(page.locator("#warnings")).to_contain_text("Starts at 08:")
    expect(page.locator("#warnings")).to_contain_text("Nothing speaks against it.")
    page.fill("#reason", "Pilkades")
    page.locator("#move").get_by_role("button", name="Move").click()
    expect(page.get_by_text("The visit is moved.")).to_be_visible()


@pytest.mark.parametrize(
    "path",
    [
        "/desk",
        "/campaigns",
        "/stages/{stage_id}",
        "/stages/{stage_id}/edit",
        "/stages/{stage_id}/plan",
        "/stages/{stage_id}/plan/calendar",
        "/stages/{stage_id}/plan/calendar?month=2026-11-01",
        "/stages/{stage_id}/plan/unplaced",
        "/stages/{stage_id}/replan?cause=team_away",
        "/replans/{replan_id}",
        "/runs/{run_id}",
        "/visits/{visit_id}",
    ],
)
def test_nothing_is_wider_than_a_phone(path: str, app: Flask, world: World, page: Page) -> None:
    plan(app, world)
    page.goto(path.format(**world.own))
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 360


def _on_laptop(page: Page, planned: Planned, day: date) -> None:
    page.set_viewport_size({"width": 1366, "height": 900})
    page.goto(f"/stages/{planned.stage_id}/plan/calendar?week={day}")


def test_a_visit_is_dragged_to_another_day(app: Flask, world: World, page: Page) -> None:
    planned = plan(app, world)
    visit = next(one for one in planned.visits() if one.work is Work.PROPOSED)
    _on_laptop(page, planned, visit.day)
    chip = page.locator(f"#week .chip[data-drop='/visits/{visit.id}/move/drop']")
    free = visit.day + timedelta(days=6 - visit.day.weekday())
    target = page.locator(f"#week td[data-day='{free}']").first
    target.scroll_into_view_if_needed()
    chip.hover()
    page.mouse.down()
    target.hover()
    target.hover()
    panel = page.locator("#drop")
    expect(panel).to_contain_text("(Sunday)")
    expect(panel.locator(".controls").first).to_be_hidden()
    page.mouse.up()
    expect(panel.locator("#drop-reason")).to_be_visible()
    assert planned.visit(visit.id).day == visit.day
    panel.get_by_label("Move it anyway.").check()
    panel.locator("#drop-reason").fill("Pilkades")
    panel.get_by_role("button", name="Move").click()
    expect(page.get_by_text("The visit is moved.")).to_be_visible()
    assert planned.visit(visit.id).day == free
    assert "/plan/calendar" in page.url


def test_a_drop_that_cannot_be_looked_at_is_told_and_let_go(
    app: Flask, world: World, page: Page
) -> None:
    planned = plan(app, world)
    visit = next(one for one in planned.visits() if one.work is Work.PROPOSED)
    _on_laptop(page, planned, visit.day)
    chip = page.locator(f"#week .chip[data-drop='/visits/{visit.id}/move/drop']")
    page.context.clear_cookies()  # logged out meanwhile
    chip.focus()
    for key in ("Space", "ArrowLeft" if visit.day.weekday() else "ArrowRight", "Enter"):
        page.keyboard.press(key)
    panel = page.locator("#drop")
    expect(panel).to_contain_text("The visit stays where it is")
    expect(chip).not_to_have_class(re.compile("carried"))


def test_a_visit_is_moved_with_keys_alone(app: Flask, world: World, page: Page) -> None:
    planned = plan(app, world)
    visit = next(
        one for one in planned.visits() if one.work is Work.PROPOSED and one.day.weekday() < 4
    )
    _on_laptop(page, planned, visit.day)
    chip = page.locator(f"#week .chip[data-drop='/visits/{visit.id}/move/drop']")
    panel = page.locator("#drop")
    chip.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    expect(panel).to_contain_text("Starts at")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(chip).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(panel.locator("#drop-reason, #despite, #also_confirmed").first).to_be_focused()
    for tick in panel.get_by_role("checkbox").all():
        tick.check()
    panel.locator("#drop-reason").fill("Hajatan")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The visit is moved.")).to_be_visible()
    assert planned.visit(visit.id).day == visit.day + timedelta(days=1)
