"""Saving a report: with a photo still being made small, on a full disk, and before its day."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.web.phone_screens.conftest import spoil_the_day, village_today
from tests.web.phone_screens.test_later import reload_state
from tests.web.phone_screens.test_more_of_a_report import camera_photo, give_photo, open_more
from tests.web.phone_screens.test_sixty_seconds import open_form, outcome, save, type_four

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Dialog, Page

    from tests.web.phone_screens.conftest import Office

pytestmark = pytest.mark.browser

#: A slow phone: each making of a small picture takes so long (ms).
SLOWLY = """
    const quickly = HTMLCanvasElement.prototype.toBlob;
    HTMLCanvasElement.prototype.toBlob = function (...told) {
        setTimeout(() => { quickly.apply(this, told); }, 900);
    };
"""
#: A phone that makes no small picture until it is let.
HELD = """
    const made = HTMLCanvasElement.prototype.toBlob;
    const go = new Promise((resolve) => { window.go = resolve; });
    HTMLCanvasElement.prototype.toBlob = function (...told) {
        const [take, ...how] = told;
        go.then(() => made.call(this, (blob) => { take(blob); window.gone = true; }, ...how));
    };
"""
DRAFTS = """
    async () => (await (await import(document.querySelector('[href$="/store.js"]').href))
        .drafts.all()).map((one) => ({ ...one.draft, photo: Boolean(one.draft.photo) }))
"""
#: Whatever is written to the items from now on finds no room.
FULL = """
    () => {
        const put = IDBObjectStore.prototype.put;
        IDBObjectStore.prototype.put = function (...told) {
            if (this.name === "items") throw new DOMException("full", "QuotaExceededError");
            return put.apply(this, told);
        };
    }
"""


def refuse_and_note(page: Page) -> list[str]:
    """Answer no to each question of the page from now on; gives what was asked."""
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", answer)
    return asked


def test_a_photo_that_is_still_made_small_is_waited_for(handset: Page, office: Office) -> None:
    handset.evaluate(SLOWLY)
    open_form(handset)
    type_four(handset)
    open_more(handset, "photo")
    give_photo(handset, camera_photo())
    handset.tap("[data-form] [type=submit]")
    expect(handset.locator("[data-screen=form] [data-slot=trouble]")).to_contain_text("photo")
    handset.wait_for_selector("[data-screen=saved]:not([hidden])")
    outcome(handset, "sent")
    expect(handset.locator("[data-pictures]")).to_have_text("Photo: sent", timeout=20_000)
    assert len(office.evidence()) == 1
    assert handset.evaluate(DRAFTS) == []


def test_a_photo_lands_in_no_other_form_than_its_own(handset: Page) -> None:
    handset.evaluate(HELD)
    small = io.BytesIO()
    Image.new("RGB", (200, 100)).save(small, "JPEG")  # small enough at the first try
    open_form(handset)
    open_more(handset, "photo")
    give_photo(handset, small.getvalue())
    handset.evaluate("location.hash = 'visits'")
    handset.wait_for_selector(".visit [data-act]")
    handset.evaluate(f"location.hash = '{handset.get_attribute('.visit [data-act]', 'href')}'")
    handset.wait_for_selector("#f-men")
    handset.evaluate("window.go()")
    handset.wait_for_function("window.gone")
    handset.evaluate("() => new Promise((done) => { setTimeout(done); })")  # a draft is put by then
    assert handset.locator("[data-part=photo]").get_attribute("hidden") is not None
    assert [one for one in handset.evaluate(DRAFTS) if one["photo"]] == []


def refused_report(page: Page, context: BrowserContext) -> None:
    """Have the server refuse a report, and open the form that puts it right."""
    spoil_the_day(context)
    open_form(page)
    type_four(page)
    save(page)
    outcome(page, "refused")
    context.unroute("**/api/v1/reports")
    page.tap("[data-screen=saved] [data-correct]")
    page.wait_for_selector("#f-men")


def test_a_full_disk_is_said_when_a_refused_report_is_put_right(
    handset: Page, context: BrowserContext
) -> None:
    refused_report(handset, context)
    expect(handset.locator("[data-slot=base]")).to_contain_text("has not come yet")
    handset.evaluate(FULL)
    handset.tap("[data-form] [type=submit]")
    expect(handset.locator("[data-screen=form] [data-slot=trouble]")).to_contain_text("no room")
    expect(handset.locator("#f-men")).to_have_value("18")


def test_a_refused_report_that_is_gone_meanwhile_is_saved_as_a_new_one(
    handset: Page, context: BrowserContext, office: Office
) -> None:
    refused_report(handset, context)
    handset.evaluate(
        """async () => {
            const { outbox } = await import(document.querySelector('[href$="/store.js"]').href);
            for (const item of await outbox.all()) await outbox.remove(item.id);
        }"""
    )
    save(handset)
    outcome(handset, "sent")
    (report,) = office.reports()
    assert report.corrects_id is None


def test_a_visit_is_not_reported_before_its_day_by_one_tap(handset: Page, office: Office) -> None:
    office.set_visit(day=village_today() + timedelta(days=3))
    reload_state(handset)
    handset.locator(".visit [data-report]").tap()
    handset.wait_for_selector("#f-men")
    type_four(handset)
    asked = refuse_and_note(handset)
    handset.tap("[data-form] [type=submit]")
    expect(handset.locator("[data-screen=form] [data-slot=trouble]")).to_contain_text("Not saved")
    assert "really held" in asked[0]
    assert office.reports() == []
    handset.evaluate("window.confirm = () => true")
    save(handset)
    outcome(handset, "sent")
    assert len(office.reports()) == 1


def test_a_visit_of_today_is_reported_without_a_question_once_it_began(
    handset: Page, office: Office
) -> None:
    office.set_visit(day=village_today() - timedelta(days=1))
    reload_state(handset)
    asked = refuse_and_note(handset)
    open_form(handset)
    type_four(handset)
    save(handset)
    assert asked == []


def test_a_dispute_is_found_by_the_id_of_the_report(
    handset: Page, context: BrowserContext, office: Office
) -> None:
    open_form(handset)
    type_four(handset)
    save(handset)
    outcome(handset, "sent")
    stored = office.reports()[0]

    def unbind(route: object) -> None:
        told = route.request.post_data  # type: ignore[attr-defined]
        route.continue_(post_data=told.replace(f',"corrects_id":"{stored.id}"', ""))  # type: ignore[attr-defined]

    context.route("**/api/v1/reports", unbind)
    handset.tap("[data-screen=saved] [data-correct]")
    handset.fill("#f-women", "30")
    save(handset)
    outcome(handset, "disputed")
    reload_state(handset)
    reload_state(handset)
    outcome(handset, "disputed")
    expect(handset.locator("[data-screen=saved] [data-slot=village]")).not_to_be_empty()
