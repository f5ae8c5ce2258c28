"""What the screens tell of days, numbers and answers is meant as it is said."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.web.phone_screens.conftest import village_today
from tests.web.phone_screens.test_later import answer_without_network, reload_state
from tests.web.phone_screens.test_saving import refuse_and_note
from tests.web.phone_screens.test_sixty_seconds import open_form, outcome, save, type_four

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from tests.web.phone_screens.conftest import Office

pytestmark = pytest.mark.browser

#: As when the visit was given to another team: the phone has its report and no visit any more.
_VISIT_LEAVES = """async (visitId) => {
  const { state } = await import(document.querySelector('[href$="/store.js"]').href);
  const { json, etag } = await state.get();
  await state.put({ ...json, visits: json.visits.filter((one) => one.id !== visitId) }, etag);
}"""


def test_without_the_visit_the_day_of_the_report_is_not_called_planned(
    handset: Page, context: BrowserContext, office: Office
) -> None:
    village = handset.locator(".visit h2").inner_text()
    open_form(handset)
    type_four(handset)
    save(handset)
    outcome(handset, "sent")
    reload_state(handset)
    context.set_offline(True)
    handset.evaluate(_VISIT_LEAVES, office.visit_id)
    handset.evaluate(f"location.hash = 'form/{office.visit_id}'")
    handset.wait_for_selector("#f-men")
    expect(handset.locator("[data-slot=planned]")).to_contain_text("reported:")
    expect(handset.locator("[name=which_day][value=planned]")).to_be_hidden()
    expect(handset.locator("#f-held_on")).to_have_value(str(village_today()))
    handset.fill("#f-women", "29")
    save(handset)
    handset.goto("/phone/#outbox")
    expect(handset.locator(".unsent h2")).to_have_text([village])
    expect(handset.locator(".unsent [data-slot=what]")).to_contain_text("Correction of a report")


def test_a_time_that_has_not_come_is_asked_about_as_it_was_typed(
    handset: Page, office: Office
) -> None:
    now = datetime.now(ZoneInfo("Asia/Jakarta"))
    if now.strftime("%H:%M") >= "23:58":
        pytest.skip("the last minutes of the day have nothing after them")
    open_form(handset)
    type_four(handset)
    handset.fill("#f-held_at", "23:59")
    asked = refuse_and_note(handset)
    handset.tap("[data-form] [type=submit]")
    expect(handset.locator("[data-screen=form] [data-slot=trouble]")).to_contain_text("Not saved")
    (question,) = asked
    assert "23:59" in question
    assert "has not come yet" in question
    assert office.reports() == []


def test_more_sign_ups_than_people_is_said_at_once_and_hinders_nobody(
    handset: Page, office: Office
) -> None:
    open_form(handset)
    hint = handset.locator("[data-slot=many_signups]")
    handset.fill("#f-signups", "12")
    expect(hint).to_be_hidden()  # nobody was counted yet
    handset.fill("#f-men", "4")
    handset.fill("#f-women", "7")
    expect(hint).to_contain_text("More sign-ups than people")
    save(handset)
    outcome(handset, "sent")
    assert office.reports()[0].signups == 12


def test_what_is_wrong_with_a_number_moves_no_field_beside_it(handset: Page) -> None:
    open_form(handset)
    type_four(handset, {"men": "4", "women": "7", "signups": "3", "paid": "9"})

    def tops() -> list[float]:
        fields = [handset.locator(f"#f-{name}") for name in ("signups", "paid")]
        return [(one.bounding_box() or {"y": -1.0})["y"] for one in fields]

    handset.tap("[data-form] [type=submit]")
    expect(handset.locator("#problem-paid")).to_be_visible()
    signups, paid = tops()
    assert signups == paid


def answer_too_late(page: Page, context: BrowserContext, office: Office) -> None:
    """Answer without a network, and send it once the visit has been moved."""
    answer_without_network(page, context, office)
    office.set_visit(day=village_today() + timedelta(days=4), version=office.visit().version + 1)
    context.set_offline(False)
    outcome(page, "disputed")


def test_an_answer_that_waits_is_not_called_a_report(
    handset: Page, context: BrowserContext, office: Office
) -> None:
    answer_without_network(handset, context, office)
    state = handset.locator("[data-screen=saved] [data-slot=state]")
    expect(state).to_contain_text("Your answer is not sent yet.")
    handset.goto("/phone/#outbox")
    expect(handset.locator(".unsent")).to_contain_text("You answered: We can.")


def test_a_late_answer_is_with_the_branch_and_what_holds_now_is_said(
    handset: Page, context: BrowserContext, office: Office
) -> None:
    answer_too_late(handset, context, office)
    told = handset.locator("[data-screen=saved]")
    expect(told).to_contain_text("Your answer came too late to count. Your branch reads it.")
    holds = f"{village_today() + timedelta(days=4):%A, %B} "
    expect(told.locator("[data-slot=why]")).to_contain_text(holds)
    expect(told.locator("[data-again]")).to_be_visible()
    handset.goto("/phone/#history")
    expect(handset.locator("[data-answers] .entry")).to_contain_text("came too late")
    expect(handset.locator("[data-part=unsent]")).to_be_hidden()


def test_a_late_answer_to_a_visit_that_left_stands_before_the_visits_until_it_is_read(
    handset: Page, context: BrowserContext, office: Office
) -> None:
    answer_without_network(handset, context, office)
    handset.tap("[data-screen=saved] a[href='#visits']")
    office.set_visit(day=village_today() + timedelta(days=90), version=office.visit().version + 1)
    context.set_offline(False)
    card = handset.locator("[data-late] .card")
    expect(card).to_contain_text("Your answer came too late", timeout=20_000)
    expect(card).to_contain_text("You answered: We can.")
    expect(card).to_contain_text("Call your branch")
    card.locator("[data-look]").tap()
    outcome(handset, "disputed")
    handset.goto("/phone/#visits")
    expect(handset.locator("[data-screen=visits] h1")).to_be_visible()
    expect(card).to_have_count(0)
