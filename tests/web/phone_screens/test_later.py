"""What comes after a report: corrections, answers for visits, the history."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from outreach.db import unit_of_work
from outreach.people.access import person_of
from outreach.people.tables import Role
from outreach.visits.lifecycle import turn
from outreach.visits.tables import Happening, Work
from tests.web.phone.handset import answering
from tests.web.phone_screens.conftest import spoil_the_day, village_today
from tests.web.phone_screens.test_sixty_seconds import open_form, outcome, save, type_four
from tests.web.test_accessibility import AXE, SEEN

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from tests.web.phone_screens.conftest import Office
    from tests.web.world import World

pytestmark = pytest.mark.browser


def reload_state(page: Page) -> None:
    page.reload()
    page.wait_for_load_state("networkidle")


def test_an_unsent_report_is_corrected_and_only_the_last_one_counts(
    handset: Page, context: BrowserContext, office: Office
) -> None:
    context.set_offline(True)
    open_form(handset)
    type_four(handset)
    save(handset)
    handset.tap("[data-correct]")
    handset.wait_for_selector("#f-men")
    expect(handset.locator("[data-slot=base]")).to_contain_text("not sent yet")
    expect(handset.locator("#f-women")).to_have_value("27")
    handset.fill("#f-women", "29")
    save(handset)
    outcome(handset, "waiting")
    context.set_offline(False)
    outcome(handset, "sent")
    first, second = office.reports()
    assert (first.women, first.corrected_by) == (27, second.id)
    assert (second.women, second.corrects_id, second.corrected_by) == (29, first.id, None)


def test_a_stored_report_is_corrected_with_all_that_was_told_before(
    handset: Page, office: Office
) -> None:
    open_form(handset)
    type_four(handset)
    handset.check("[name=minutes][value='90']")
    handset.tap("[data-more=remarks] summary")
    handset.fill("#f-remarks", "Hujan deras")
    save(handset)
    outcome(handset, "sent")
    handset.tap("[data-correct]")
    handset.wait_for_selector("#f-men")
    expect(handset.locator("[data-slot=base]")).to_contain_text("receipt")
    handset.tap("[data-form] [type=submit]")
    expect(handset.locator("[data-slot=trouble]").first).to_contain_text("Nothing was changed")
    handset.fill("#f-paid", "11")
    save(handset)
    outcome(handset, "sent")
    old, new = office.reports()
    assert (new.corrects_id, new.paid) == (old.id, 11)
    assert (new.men, new.minutes, new.remarks) == (18, 90, "Hujan deras")


def test_a_refused_report_is_put_right_under_its_own_id(
    handset: Page, context: BrowserContext, office: Office
) -> None:
    spoil_the_day(context)
    open_form(handset)
    type_four(handset)
    save(handset)
    outcome(handset, "refused")
    saved = handset.locator("[data-screen=saved]")
    expect(saved.locator("[data-slot=why]")).to_contain_text("has not come yet")
    handset.tap("[data-screen=saved] a[href='#visits']")
    expect(handset.locator(".visit .mine")).to_contain_text("refused")
    context.unroute("**/api/v1/reports")
    handset.tap(".visit [data-act]")
    handset.wait_for_selector("#f-men")
    expect(handset.locator("#f-men")).to_have_value("18")
    save(handset)
    outcome(handset, "sent")
    (report,) = office.reports()
    assert report.held_on == village_today()


def test_a_report_sent_back_stands_in_the_history_with_its_reason(
    handset: Page, office: Office, world: World
) -> None:
    open_form(handset)
    type_four(handset)
    save(handset)
    outcome(handset, "sent")
    version, now = office.visit().version, office.reports()[0].received_at
    with unit_of_work(office.engine) as db:
        by = person_of(db, world.accounts[Role.COORDINATOR][0])
        assert by is not None
        turn(
            db,
            office.visit_id,
            Happening.SENT_BACK,
            by=by,
            now=now,
            version=version,
            reason="Jumlah pendaftar tidak cocok",
        )
    reload_state(handset)
    handset.goto("/phone/#history")
    entry = handset.locator(".entry[data-review=sent_back]")
    expect(entry).to_contain_text("Jumlah pendaftar tidak cocok")
    expect(entry).to_contain_text("Men 18, women 27, sign-ups 12, paid 9")
    entry.locator("[data-act]").tap()
    expect(handset.locator("[data-screen=form] h1")).to_have_text("Correct the report")
    expect(handset.locator("[data-slot=base]")).to_contain_text("Jumlah pendaftar tidak cocok")


def ask_for(office: Office) -> None:
    office.set_visit(work=Work.AWAITING, day=village_today() + timedelta(days=3))


def answer_without_network(page: Page, context: BrowserContext, office: Office) -> None:
    """Ask for the visit, and say yes on a phone that cannot send it yet."""
    ask_for(office)
    reload_state(page)
    context.set_offline(True)
    page.tap(".visit [data-act]")
    page.tap("[data-say=can]")
    outcome(page, "waiting")


def test_an_answer_waits_for_the_network_and_says_so(
    handset: Page, context: BrowserContext, office: Office
) -> None:
    ask_for(office)
    reload_state(handset)
    expect(handset.locator(".visit [data-act]")).to_contain_text("Answer")
    context.set_offline(True)
    handset.tap(".visit [data-act]")
    handset.tap("[data-say=can]")
    outcome(handset, "waiting")
    handset.tap("[data-screen=saved] a[href='#visits']")
    expect(handset.locator(".visit .mine")).to_contain_text("not sent yet")
    assert office.visit().work is Work.AWAITING
    handset.go_back()
    context.set_offline(False)
    outcome(handset, "sent")
    assert office.visit().work is Work.CONFIRMED


def test_a_no_needs_a_reason_and_a_confirmed_visit_is_given_back(
    handset: Page, office: Office
) -> None:
    office.set_visit(day=village_today() + timedelta(days=3))
    reload_state(handset)
    handset.tap(".visit [data-give-back]")
    expect(handset.locator("[data-say=can]")).to_be_hidden()
    handset.tap("[data-say=no]")
    expect(handset.locator("#problem-reason")).to_contain_text("say the reason")
    handset.fill("[data-own-reason]", "NIK 3310130512650001")
    handset.tap("[data-say=no]")
    expect(handset.locator("#problem-reason")).to_contain_text("identity number")
    with answering(handset, yes=True):
        handset.tap("[data-reason] >> nth=0")
    outcome(handset, "sent")
    assert office.visit().work not in (Work.CONFIRMED, Work.AWAITING)


def test_an_answer_to_a_visit_that_moved_meanwhile_is_not_taken_and_said(
    handset: Page, context: BrowserContext, office: Office
) -> None:
    answer_without_network(handset, context, office)
    office.set_visit(day=village_today() + timedelta(days=4), version=office.visit().version + 1)
    context.set_offline(False)
    handset.wait_for_selector("[data-outcome=refused], [data-outcome=disputed]", timeout=20_000)
    expect(handset.locator("[data-screen=saved]")).to_contain_text("answer again")
    assert office.visit().work is Work.AWAITING


def test_no_screen_has_a_serious_fault_or_is_wider_than_the_phone(
    handset: Page, context: BrowserContext, office: Office
) -> None:
    found: list[object] = []

    def look(name: str) -> None:
        handset.evaluate(AXE)
        found.extend(
            (name, *fault)
            for fault in handset.evaluate(SEEN)
            if fault[0] in ("serious", "critical")
        )
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        for width, letters in ((320, "100%"), (360, "200%")):
            handset.set_viewport_size({"width": width, "height": 740})
            handset.evaluate(f"document.documentElement.style.fontSize = '{letters}'")
            if handset.evaluate(wide):
                found.append((name, width, letters, "wider than the screen"))
        handset.evaluate("document.documentElement.style.fontSize = ''")

    look("visits")
    open_form(handset)
    for name in ("lines", "place", "photo", "signature", "remarks"):
        handset.tap(f"[data-more={name}] summary")
    handset.tap("[data-add-line]")
    handset.tap("[data-form] [type=submit]")  # with what is wrong beside the fields
    look("form")
    handset.tap("[data-remove-line]")
    type_four(handset)
    context.set_offline(True)
    save(handset)
    look("saved")
    handset.goto("/phone/#history")
    handset.wait_for_selector(".entry")
    look("history")
    handset.goto(f"/phone/#answer/{office.visit_id}")
    handset.wait_for_selector("[data-no] summary")
    look("answer")
    assert found == []


def test_a_wish_for_another_day_stays_on_the_card_and_in_the_history(
    handset: Page, office: Office
) -> None:
    ask_for(office)
    reload_state(handset)
    handset.tap(".visit [data-act]")
    handset.tap("[data-part=another_day] summary")
    handset.fill("[data-wish]", "Selasa sesudah panen")
    handset.tap("[data-say=another_day]")
    outcome(handset, "sent")
    handset.goto("/phone/#visits")
    card = handset.locator(".visit")
    expect(card).to_contain_text("Your proposal: Selasa sesudah panen.")
    expect(card.locator("[data-act]")).to_contain_text("Answer otherwise")
    handset.goto("/phone/#history")
    expect(handset.locator("[data-answers] .entry")).to_contain_text("Selasa sesudah panen")


def test_the_receipt_of_a_visit_given_back_tells_which_it_was(
    handset: Page, office: Office
) -> None:
    office.set_visit(day=village_today() + timedelta(days=3))
    reload_state(handset)
    village = handset.locator(".visit h2").inner_text()
    handset.tap(".visit [data-give-back]")
    with answering(handset, yes=False):
        handset.tap("[data-reason] >> nth=0")
    assert handset.url.endswith(f"#answer/{office.visit_id}")
    with answering(handset, yes=True):
        handset.tap("[data-reason] >> nth=0")
    outcome(handset, "sent")
    reload_state(handset)
    receipt = handset.locator("[data-screen=saved]")
    expect(receipt.locator("[data-slot=village]")).to_have_text(village)
    expect(receipt.locator("[data-slot=told]")).to_contain_text("You answered: We cannot.")
    handset.goto("/phone/#history")
    expect(handset.locator("[data-answers] .entry")).to_contain_text(village)
