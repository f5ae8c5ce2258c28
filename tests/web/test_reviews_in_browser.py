"""The list of reports in a real browser: ticking, counting, approving, sending back on a phone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.logbook.sync import take_in
from outreach.logbook.tables import SessionReport
from outreach.visits.tables import Visit, Work
from tests.field import told
from tests.web.planned import coordinator, engine_of
from tests.web.test_coordinator_in_browser import page as page  # noqa: PLC0414 - the fixture

if TYPE_CHECKING:
    from flask import Flask
    from playwright.sync_api import Page

    from tests.web.world import World

pytestmark = pytest.mark.browser

AFTERWARDS = datetime(2026, 11, 20, 4, tzinfo=UTC)


@pytest.fixture
def two(app: Flask, world: World) -> list[int]:
    """Two visits of the branch that were held, one of them told with a sign to check."""
    by = coordinator(app, world)
    with unit_of_work(engine_of(app)) as db:
        strange = told(world.own["visit_id"], minutes=5, men=21)
        (answer,) = take_in(db, [strange], by, AFTERWARDS)
        assert answer.outcome.value == "accepted"
        return [db.get_one(SessionReport, world.own["report_id"]).visit_id, strange["visit_id"]]


def works(app: Flask, ids: list[int]) -> list[Work]:
    with reading(engine_of(app)) as db:
        query = select(Visit).where(col(Visit.id).in_(ids)).order_by(col(Visit.id))
        return [visit.work for visit in db.exec(query)]


def test_a_page_is_ticked_at_once_and_approved(app: Flask, two: list[int], page: Page) -> None:
    page.goto("/reviews")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    boxes = page.locator('input[name="visits"]')
    expect(boxes).to_have_count(2)
    page.get_by_label("All 2 reports of this list").check()
    page.get_by_label("Tick all on this page").check()
    expect(page.get_by_label("Those ticked below")).to_be_checked()
    expect(page.locator("[data-count]")).to_have_text("2 ticked")
    boxes.first.uncheck()
    expect(page.locator("[data-count]")).to_have_text("1 ticked")
    boxes.first.check()
    page.get_by_role("button", name="Approve").first.click()
    expect(page.get_by_role("heading", name="Approve 2 reports?")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert works(app, two) == [Work.DONE] * 2
    page.get_by_role("button", name="Back").press("Enter")
    expect(page.locator("[data-count]")).to_have_text("2 ticked")
    page.get_by_role("button", name="Approve").first.click()
    page.get_by_role("button", name="Approve all 2 all the same").press("Enter")
    expect(page.get_by_text("2 reports are approved.")).to_be_visible()
    assert works(app, two) == [Work.APPROVED] * 2


def test_one_is_sent_back_with_a_reason(app: Flask, two: list[int], page: Page) -> None:
    page.goto("/reviews")
    page.locator("tr.flagged input").first.check()  # what is to be checked stands first
    page.locator("summary", has_text="Send back").click()
    page.get_by_label("Reason, as the official will read it").fill("Lima menit?")
    page.get_by_role("button", name="Send back", exact=True).click()
    expect(page.get_by_text("1 report is sent back.")).to_be_visible()
    assert sorted(works(app, two)) == sorted([Work.DONE, Work.SENT_BACK])
