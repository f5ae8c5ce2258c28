"""The frame of the phone's page says nothing that it does not know, and leaves nobody waiting."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.web.phone import bad_network as line
from tests.web.phone.handset import a_report, stored
from tests.web.phone.test_lock_and_leaving import set_pin

if TYPE_CHECKING:
    from datetime import date

    from playwright.sync_api import Dialog, Page
    from sqlalchemy import Engine

    from tests.web.phone.handset import Handset

pytestmark = pytest.mark.browser

REPORTS = "/api/v1/reports"
STATE = "GET /api/v1/phone"
UNREADABLE = "What is saved on this phone cannot be read now"
_BREAK_READING = """() => {
  window.readable = IDBObjectStore.prototype.getAll;
  IDBObjectStore.prototype.getAll = () => { throw new DOMException("no", "UnknownError"); };
  document.dispatchEvent(new CustomEvent("phone:changed"));
}"""
_MEND_READING = """() => {
  IDBObjectStore.prototype.getAll = window.readable;
  document.dispatchEvent(new CustomEvent("phone:changed"));
}"""
_BREAK_ITEMS = """() => {
  window.writable = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = function (...given) {
    if (this.name === "items") throw new DOMException("no", "QuotaExceededError");
    return window.writable.apply(this, given);
  };
}"""
_MEND_ITEMS = "() => { IDBObjectStore.prototype.put = window.writable; }"
_NEWER_TAB = """() => new Promise((done, failed) => {
  const asked = indexedDB.open("outreach-phone", 2);
  asked.onsuccess = () => { asked.result.close(); done(); };
  asked.onerror = () => failed(asked.error);
})"""
_UPGRADE = """const {upgrade} = await import(url);
const open = (version) => new Promise((done, failed) => {
  const asked = indexedDB.open("another", version);
  asked.onupgradeneeded = ({oldVersion}) => upgrade(asked.result, oldVersion);
  asked.onsuccess = () => {
    const names = [...asked.result.objectStoreNames];
    asked.result.close();
    done(names);
  };
  asked.onerror = () => failed(asked.error);
});
return [await open(1), await open(2)];"""


def show(page: Page, visibility: str) -> None:
    page.evaluate(
        """(state) => {
        Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
        document.dispatchEvent(new Event("visibilitychange")); }""",
        visibility,
    )


def hear(page: Page) -> list[str]:
    """Note what the page says in its own boxes from now on."""
    said: list[str] = []

    def note(dialog: Dialog) -> None:
        said.append(dialog.message)
        dialog.accept()

    page.on("dialog", note)
    return said


def save_unsent(phone: Handset, visit: int, today: date) -> str:
    """Save a report that the server fails over."""
    phone.send()
    phone.network.faults[REPORTS] = line.BROKEN
    report = a_report(visit, today)
    phone.save(report)
    expect(phone.page.locator("[data-frame=status-main]")).to_have_text("1 not sent yet")
    return str(report["id"])


def test_what_cannot_be_read_is_not_called_sent_and_nobody_is_let_out(
    phone: Handset, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    report = save_unsent(phone, visits[0], today)
    page.evaluate(_BREAK_READING)
    expect(page.locator("[data-frame=status-main]")).to_have_text(UNREADABLE)
    expect(page.locator("[data-frame=unreadable]")).to_be_visible()
    phone.open("#outbox")
    expect(page.locator("[data-screen=outbox]")).to_be_visible()
    expect(page.locator("[data-none]")).to_be_hidden()
    phone.open("#settings")
    page.locator("[data-log-out] [data-leave]").click()
    expect(page.locator("[data-leave-told]")).to_contain_text("you cannot log out yet")
    assert phone.network.count("POST /api/v1/logout") == 0
    page.evaluate(_MEND_READING)
    expect(page.locator("[data-frame=status-main]")).to_have_text("1 not sent yet")
    expect(page.locator("[data-frame=unreadable]")).to_be_hidden()
    page.locator("[data-log-out] [data-leave]").click()
    expect(page.locator("[data-leaving]")).to_contain_text("1 has not been sent yet")
    assert phone.left() == [report]


def test_a_newer_page_in_another_tab_is_no_empty_phone(
    phone: Handset, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    phone.keep_the_page()
    save_unsent(phone, visits[0], today)
    page.evaluate(_NEWER_TAB)
    expect(page.locator("[data-frame=status-main]")).to_have_text(UNREADABLE)
    page.reload()
    expect(page.locator("[data-frame=unreadable]")).to_contain_text("Nothing of it was deleted")
    expect(page.locator("[data-frame=no-store]")).to_be_hidden()
    expect(page.locator("[data-screen]:visible")).to_have_count(0)
    expect(page.get_by_text("Everything you saved has been sent.")).to_be_hidden()


def test_a_later_version_of_the_database_makes_only_what_is_not_there(phone: Handset) -> None:
    phone.switch_on()
    first, later = phone.run(_UPGRADE)
    assert first == ["blobs", "drafts", "items", "keep"]
    assert later == first


def test_what_is_in_memory_only_does_not_go_with_a_new_version_or_a_reload(
    phone: Handset, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    phone.keep_the_page()
    phone.network.faults[REPORTS] = line.BROKEN
    page.evaluate(_BREAK_ITEMS)
    report = a_report(visits[0], today)
    assert not phone.save(report)
    page.evaluate("navigator.serviceWorker.dispatchEvent(new Event('controllerchange'))")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.locator("[data-frame=full] [data-do=send]").click()  # browsers ask only who has tapped
    page.evaluate("setTimeout(() => location.reload())")
    phone.until(lambda: bool(asked))
    expect(page.locator("[data-frame=full-count]")).to_have_text("1 is NOT saved on this phone.")
    assert asked == ["beforeunload"]
    assert phone.left() == [report["id"]]


def test_what_became_of_it_is_known_though_it_cannot_be_written(
    phone: Handset, engine: Engine, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    report = save_unsent(phone, visits[0], today)
    phone.network.faults.clear()
    before = phone.network.count(f"POST {REPORTS}")
    page.evaluate(_BREAK_ITEMS)
    for _ in range(3):
        phone.send()
    assert phone.network.count(f"POST {REPORTS}") == before + 1
    assert stored(engine, visits) == {report: 1}
    expect(page.locator("[data-frame=status]")).not_to_contain_text("No network")
    expect(page.locator("[data-frame=status]")).not_to_contain_text("not sent yet")
    page.evaluate(_MEND_ITEMS)
    phone.send()
    phone.kill()
    phone.switch_on()
    phone.send()
    assert phone.left() == []
    assert phone.network.count(f"POST {REPORTS}") == before + 1


def test_a_refused_note_is_told_and_kept_until_it_can_be_written(
    phone: Handset, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    report = save_unsent(phone, visits[0], today)
    page.evaluate(_BREAK_ITEMS)
    phone.run("await outbox.mark(given[0], {state: 'refused', answer: {message: 'no'}});", report)
    assert phone.items() == {report: "refused"}
    expect(page.locator("[data-frame=full-count]")).to_have_text(
        "This phone could not note what was sent."
    )
    page.evaluate(_MEND_ITEMS)
    phone.run("await outbox.rescue();")
    page.evaluate("document.dispatchEvent(new CustomEvent('phone:changed'))")
    expect(page.locator("[data-frame=full]")).to_be_hidden()
    assert phone.items() == {report: "refused"}


def test_a_fault_of_the_phone_itself_is_tried_again_later_and_called_so(
    phone: Handset, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    save_unsent(phone, visits[0], today)
    page.evaluate(_BREAK_READING)
    phone.send()
    told = phone.run("return condition();")
    assert told["trouble"] == "phone"
    assert told["wait_until"] is not None


def test_locked_twice_it_opens_by_one_pin(phone: Handset, visits: list[int]) -> None:
    phone.switch_on()
    set_pin(phone, "2468")
    phone.kill()
    page = phone.switch_on()
    page.clock.install()
    expect(page.locator("[data-frame=lock]")).to_be_visible()
    show(page, "hidden")
    page.clock.fast_forward(11 * 60_000)
    show(page, "visible")
    phone.run("await settings.get('pin');")  # the page's own look at it came before
    page.fill("[data-frame=lock-pin]", "2468")
    page.keyboard.press("Enter")
    expect(page.locator("[data-screen=visits] article")).not_to_have_count(0)
    expect(page.locator("[data-screen=visits]")).to_be_visible()
    expect(page.locator("[data-frame=loading]")).to_be_hidden()


def test_news_comes_though_one_item_always_fails(
    phone: Handset, visits: list[int], today: date
) -> None:
    phone.switch_on()
    save_unsent(phone, visits[0], today)
    asked = phone.network.count(STATE)
    phone.send()
    assert phone.network.count(STATE) == asked + 1
    assert phone.run("return (await condition()).trouble;") == "broken"


def test_the_screen_that_is_shown_is_named_to_reading_voices(phone: Handset) -> None:
    page = phone.switch_on()
    for name in ("settings", "history"):
        phone.open(f"#{name}")
        current = page.locator("nav a[aria-current]")
        expect(current).to_have_attribute("href", f"#{name}")
        expect(current).to_have_attribute("aria-current", "page")


def test_where_a_file_of_the_page_is_lost_it_says_so_and_leads_on(
    phone: Handset, visits: list[int]
) -> None:
    phone.start()
    page = phone.page
    page.clock.install()
    page.route("**/words*.js", lambda route: route.abort())
    page.goto(f"{phone.network.address}/phone/")
    stuck = page.locator("[data-frame=stuck]")
    page.clock.run_for(15_000)
    expect(stuck).to_be_hidden()
    page.clock.run_for(7_000)
    expect(stuck).to_contain_text("has not opened yet")
    expect(stuck.locator("a[href='/my']")).to_be_visible()
    page.unroute("**/words*.js")
    stuck.get_by_role("link", name="Open it again").click()
    expect(page.locator("[data-screen=visits]")).to_be_visible()
    page.clock.run_for(30_000)
    expect(stuck).to_be_hidden()


def test_what_is_in_memory_only_goes_into_the_file_where_the_disk_cannot_be_read(
    phone: Handset, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    phone.send()
    phone.open("#outbox")
    phone.context.set_offline(True)
    kept, unkept = (a_report(visit, today) for visit in visits[:2])
    phone.save(kept)
    page.evaluate(_BREAK_ITEMS)
    assert phone.save(unkept) is False
    said = hear(page)
    page.evaluate(_BREAK_READING)
    full = page.locator("[data-frame=full]")
    with page.expect_download() as got:
        full.locator("[data-do=file]").click()
    told = json.loads(got.value.path().read_text())["items"]
    assert [one["id"] for one in told] == [unkept["id"]]
    phone.until(lambda: len(said) == 1)
    assert "holds only what is NOT saved" in said[0]
    page.evaluate(_MEND_ITEMS)
    page.evaluate(_MEND_READING)
    phone.run("await outbox.rescue();")
    with page.expect_download() as got:
        phone.open("#outbox")
        page.locator("[data-screen=outbox] [data-do=file]").click()
    assert len(json.loads(got.value.path().read_text())["items"]) == 2


def test_a_file_that_cannot_be_made_is_told(phone: Handset) -> None:
    page = phone.switch_on()
    phone.send()
    page.evaluate(_BREAK_READING)
    said = hear(page)
    phone.run(
        """const files = await import(url.replace("store.js", "files.js"));
        await files.giveAll(files.download);"""
    )
    assert said[0].startswith("The file could not be made")
