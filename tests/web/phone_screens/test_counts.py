"""Numbers as people type them, and what else the form and the outbox say of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.web.phone_screens.test_more_of_a_report import add_line, open_more, sign
from tests.web.phone_screens.test_sixty_seconds import open_form, outcome, save, type_four

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from tests.web.phone_screens.conftest import Office

pytestmark = pytest.mark.browser


def test_a_dot_before_each_three_digits_is_part_of_the_number(
    handset: Page, office: Office
) -> None:
    open_form(handset)
    type_four(handset, {"men": "1.000", "women": "27", "signups": "12"})
    expect(handset.locator("[data-slot=people]")).to_have_text("1,027")
    save(handset)
    outcome(handset, "sent")
    assert office.reports()[0].men == 1000


def test_an_identity_number_is_no_count(handset: Page) -> None:
    open_form(handset)
    type_four(handset, {"men": "3310130512650001", "women": "27", "signups": "12"})
    expect(handset.locator("[data-slot=people]")).to_have_text("27")
    handset.tap("[data-form] [type=submit]")
    expect(handset.locator("#problem-men")).to_contain_text("identity number (NIK)")


def test_lines_that_disagree_name_both_numbers_and_lead_to_the_count(handset: Page) -> None:
    open_form(handset)
    type_four(handset)
    open_more(handset, "lines")
    add_line(handset, "farmer", "jkk_jkm", "self", "7")
    handset.tap("[data-form] [type=submit]")
    expect(handset.locator("#problem-lines")).to_contain_text("they make 7, and above it says 12")
    expect(handset.locator("[data-line] [name=workers]")).to_be_focused()
    handset.locator("[data-line] [name=package]").select_option("")
    handset.tap("[data-form] [type=submit]")
    expect(handset.locator("[data-line] [name=package]")).to_be_focused()


def test_the_outbox_tells_a_correction_from_its_report_and_a_begun_one_is_offered(
    handset: Page, context: BrowserContext
) -> None:
    context.set_offline(True)
    open_form(handset)
    type_four(handset)
    open_more(handset, "signature")
    sign(handset)
    save(handset)
    handset.tap("[data-correct]")
    handset.fill("#f-women", "29")
    save(handset)
    handset.goto("/phone/#outbox")
    what = handset.locator(".unsent [data-slot=what]")
    expect(what).to_have_count(3)
    told = [one.split(",")[0] for one in what.all_inner_texts()]
    assert told == ["Session report", "Signature for a report", "Correction of a report"]
    handset.goto("/phone/#visits")
    handset.tap(".visit [data-act]")
    handset.fill("#f-women", "31")
    expect(handset.locator("[data-slot=kept]")).to_be_visible()
    handset.goto("/phone/#visits")
    expect(handset.locator(".visit [data-act]")).to_contain_text("Go on with your report")


def test_where_the_browser_keeps_nothing_the_page_says_so_and_leads_on(
    context: BrowserContext, office: Office
) -> None:
    context.add_init_script(
        "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); };"
    )
    page = context.new_page()
    page.goto("/phone/")
    told = page.locator("[data-frame=no-store]")
    expect(told).to_contain_text("does not work here")
    expect(page.locator("[data-screen]:visible")).to_have_count(0)
    expect(page.locator("[data-frame=loading]")).to_be_hidden()
    told.locator("a").tap()
    page.wait_for_url("**/my**")
    assert office.reports() == []
