"""Log a session in sixty seconds: four numbers and one tap, with a network and without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from outreach.visits.tables import Result, Work
from tests.web.phone_screens.conftest import village_today

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from tests.web.phone_screens.conftest import Office

pytestmark = pytest.mark.browser

FOUR = {"men": "18", "women": "27", "signups": "12", "paid": "9"}


def open_form(page: Page) -> None:
    page.tap(".visit [data-act]")
    page.wait_for_selector("#f-men")


def type_four(page: Page, numbers: dict[str, str] | None = None) -> None:
    for name, number in (numbers or FOUR).items():
        page.fill(f"#f-{name}", number)


def save(page: Page) -> None:
    page.tap("[data-form] [type=submit]")
    page.wait_for_selector("[data-screen=saved]:not([hidden])")


def outcome(page: Page, stands: str) -> None:
    expect(page.locator("[data-outcome]")).to_have_attribute("data-outcome", stands, timeout=20_000)


def test_four_numbers_and_one_tap_are_a_report(handset: Page, office: Office) -> None:
    open_form(handset)
    type_four(handset)
    save(handset)
    outcome(handset, "sent")
    (report,) = office.reports()
    told = (report.men, report.women, report.signups, report.paid, report.held_on)
    assert told == (18, 27, 12, 9, village_today())
    assert report.held_at == office.visit().starts_at
    assert report.minutes is None
    assert report.result is Result.PAID
    assert office.visit().work is Work.DONE
    receipt = handset.locator("[data-screen=saved] [data-slot=receipt]")
    expect(receipt).to_have_text(f"{report.fingerprint[:4]}-{report.fingerprint[4:8]}".upper())


def test_an_empty_number_of_payers_is_not_known(handset: Page, office: Office) -> None:
    open_form(handset)
    type_four(handset, {"men": "5", "women": "4", "signups": "3"})
    save(handset)
    outcome(handset, "sent")
    assert office.reports()[0].paid is None


def test_without_a_network_it_says_saved_and_not_sent_until_it_is(
    handset: Page, context: BrowserContext, office: Office
) -> None:
    context.set_offline(True)
    open_form(handset)
    type_four(handset)
    save(handset)
    outcome(handset, "waiting")
    saved = handset.locator("[data-screen=saved]")
    expect(saved.locator("h1")).to_have_text("Saved on this phone")
    expect(saved.locator("[data-slot=receipt]")).to_be_hidden()
    assert office.reports() == []
    handset.tap("[data-screen=saved] a[href='#visits']")
    expect(handset.locator(".visit .mine")).to_have_text(
        "Report saved on this phone, not sent yet."
    )
    handset.go_back()
    context.set_offline(False)
    outcome(handset, "sent")
    expect(saved.locator("[data-slot=receipt]")).to_be_visible()
    assert [one.men for one in office.reports()] == [18]


def test_the_form_asks_for_no_more_than_four_fields_and_one_tap(handset: Page) -> None:
    open_form(handset)
    numbers = handset.locator("[data-form] input[type=text][inputmode=numeric]:visible")
    assert numbers.count() == 4
    assert handset.locator("[data-form] :required").count() == 0
    assert handset.evaluate("document.activeElement.matches('h1')")
    # Where a thumb is: the button stands on the first screen, beside the numbers.
    button = handset.locator("[data-form] [type=submit]").bounding_box()
    assert button is not None
    assert button["y"] + button["height"] <= 740
    assert button["height"] >= 48
    # And by the keyboard: the numbers follow each other.
    handset.focus("#f-men")
    for number in FOUR.values():
        handset.keyboard.type(number)
        handset.keyboard.press("Tab")
    values = [handset.input_value(f"#f-{name}") for name in FOUR]
    assert values == list(FOUR.values())
    handset.focus("#f-paid")
    handset.keyboard.press("Enter")
    handset.wait_for_selector("[data-screen=saved]:not([hidden])")


def test_a_slow_phone_on_a_slow_network_still_saves_and_sends(
    handset: Page, context: BrowserContext, office: Office
) -> None:
    told = context.new_cdp_session(handset)
    told.send("Emulation.setCPUThrottlingRate", {"rate": 6})
    told.send("Network.enable")
    slow = {
        "offline": False,
        "latency": 400,
        "downloadThroughput": 50_000,
        "uploadThroughput": 50_000,
    }
    told.send("Network.emulateNetworkConditions", slow)
    open_form(handset)
    type_four(handset)
    save(handset)
    outcome(handset, "sent")
    assert len(office.reports()) == 1


@pytest.mark.parametrize(
    ("met", "work"), [("not_met", Result.NOT_MET), ("refused", Result.REFUSED)]
)
def test_that_there_was_no_session_needs_no_numbers(
    handset: Page, office: Office, met: str, work: Result
) -> None:
    open_form(handset)
    handset.fill("#f-men", "3")  # typed before thinking: hidden, and not sent
    handset.check(f"[name=met][value={met}]")
    expect(handset.locator("#f-men")).to_be_hidden()
    save(handset)
    outcome(handset, "sent")
    assert [(one.result, one.men) for one in office.reports()] == [(work, 0)]


def test_two_taps_on_save_are_one_report(handset: Page, office: Office) -> None:
    open_form(handset)
    type_four(handset)
    button = handset.locator("[data-form] [type=submit]")
    button.evaluate("(button) => { button.click(); button.click(); }")
    outcome(handset, "sent")
    assert len(office.reports()) == 1


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("men", "0", "A session needs people"),
        ("women", "2x", "whole number"),
        ("signups", "20001", "At most 20,000"),
        ("paid", "13", "No more people can have paid"),
    ],
)
def test_what_cannot_be_true_is_not_saved_and_said_beside_the_field(
    handset: Page, field: str, typed: str, words: str
) -> None:
    open_form(handset)
    type_four(handset, {"men": "0", "women": "0" if field == "men" else "20", "signups": "12"})
    handset.fill(f"#f-{field}", typed)
    handset.tap("[data-form] [type=submit]")
    expect(handset.locator(f"#problem-{field}")).to_contain_text(words)
    expect(handset.locator(f"#f-{field}")).to_be_focused()
    expect(handset.locator("[data-form] [role=alert]")).to_be_visible()
    expect(handset.locator("[data-screen=saved]")).to_be_hidden()
