"""Which day it is, by the village's clock and never by the phone's own."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.web.phone_screens.conftest import village_today
from tests.web.phone_screens.test_sixty_seconds import open_form, outcome, save, type_four

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Route

    from tests.web.phone_screens.conftest import Office

pytestmark = pytest.mark.browser


def switch_on(context: BrowserContext, *, clock: str = "") -> Page:
    page = context.new_page()
    if clock:
        page.clock.set_fixed_time(clock)
    page.goto("/phone/")
    page.wait_for_selector(".visit h2")
    return page


def test_a_phone_that_is_years_behind_reports_the_right_day(
    context: BrowserContext, office: Office
) -> None:
    page = switch_on(context, clock="2019-03-01T05:00:00Z")
    expect(page.locator(".visit .near")).to_have_text("Today")
    open_form(page)
    expect(page.locator("[data-part=ask_day]")).to_be_hidden()
    type_four(page)
    save(page)
    outcome(page, "sent")
    (report,) = office.reports()
    assert report.held_on == village_today()
    assert report.saved_at is not None
    assert report.saved_at.year == 2019  # kept as the phone told it, and trusted for nothing


def test_where_nobody_knows_the_time_the_day_is_asked_for(
    context: BrowserContext, office: Office
) -> None:
    def without_date(route: Route) -> None:
        answer = route.fetch()
        told = {name: text for name, text in answer.headers.items() if name != "date"}
        route.fulfill(response=answer, headers=told)

    context.route("**/api/v1/phone", without_date)
    page = switch_on(context)
    expect(page.locator(".visit .near")).to_be_hidden()
    open_form(page)
    expect(page.locator("[data-part=ask_day]")).to_be_visible()
    type_four(page)
    page.tap("[data-form] [type=submit]")
    expect(page.locator("#problem-held_on")).to_be_visible()
    page.check("[name=which_day][value=planned]")
    save(page)
    outcome(page, "sent")
    assert [one.held_on for one in office.reports()] == [village_today()]


def test_the_report_of_a_day_that_is_over_is_missing(
    context: BrowserContext, office: Office
) -> None:
    yesterday = village_today() - timedelta(days=1)
    office.set_visit(day=yesterday)
    page = switch_on(context)
    expect(page.locator(".visit .near")).to_have_text("Report is missing")
    open_form(page)
    type_four(page)
    save(page)
    outcome(page, "sent")
    assert [one.held_on for one in office.reports()] == [yesterday]


def test_before_its_day_there_is_nothing_to_do_and_a_way_to_say_no(
    context: BrowserContext, office: Office
) -> None:
    office.set_visit(day=village_today() + timedelta(days=5))
    page = switch_on(context)
    expect(page.locator(".visit .near")).to_have_text("In 5 days")
    expect(page.locator(".visit [data-act]")).to_be_hidden()
    expect(page.locator(".visit [data-give-back]")).to_be_visible()
    call, write = page.locator("[data-call]"), page.locator("[data-whatsapp]")
    expect(call).to_have_attribute("href", "tel:+6281234567890")
    expect(write).to_have_attribute("href", "https://wa.me/6281234567890")


def test_a_phone_without_visits_says_so(context: BrowserContext, office: Office) -> None:
    office.set_visit(day=village_today() + timedelta(days=300))
    page = context.new_page()
    page.goto("/phone/")
    expect(page.locator("[data-screen=visits] [data-part=empty]")).to_be_visible()
    expect(page.locator(".visit")).to_have_count(0)
