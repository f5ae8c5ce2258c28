"""A phone whose memory is full: it says what it knows, warns, and sends in nobody else's name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlmodel import col, select

from outreach.db import reading
from outreach.logbook.tables import SessionReport
from tests.web.phone.handset import a_report
from tests.web.phone.test_lock_and_leaving import set_pin, take_back

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Engine

    from tests.web.phone.handset import Handset

pytestmark = pytest.mark.browser

WATI = {"id": 999, "name": "Bu Wati"}
_FULL = """(() => {
  window.writable ??= IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = function (value, ...more) {
    if (%s) throw new DOMException("full", "QuotaExceededError");
    return window.writable.call(this, value, ...more);
  };
})()"""
_ROOM = "() => { IDBObjectStore.prototype.put = window.writable; }"


def full(refused: str = "true") -> str:
    return _FULL % refused


def test_a_draft_that_is_in_memory_only_is_warned_of_kept_in_the_file_and_found_again(
    phone: Handset, visits: list[int]
) -> None:
    page = phone.switch_on()
    phone.send()
    page.evaluate(full('this.name === "drafts"'))
    phone.open(f"#form/{visits[0]}")
    page.fill("[data-form] [name=men]", "17")
    warning = page.locator("[data-frame=full]")
    expect(warning).to_contain_text("What you are writing is NOT saved")
    with page.expect_download() as got:
        warning.locator("[data-do=file]").click()
    (begun,) = json.loads(got.value.path().read_text())["begun"]
    assert begun["draft"]["men"] == "17"
    phone.open("#visits")
    phone.open(f"#form/{visits[0]}")
    expect(page.locator("[data-form] [name=men]")).to_have_value("17")
    page.evaluate(_ROOM)
    phone.send()
    expect(warning).to_be_hidden()
    phone.kill()
    phone.switch_on()
    assert phone.run("return (await drafts.get(given[0])).men;", visits[0]) == "17"


def test_visits_are_shown_though_the_first_news_does_not_fit(
    phone: Handset, visits: list[int]
) -> None:
    phone.start()
    phone.context.add_init_script(full())
    phone.open("#visits")
    screen = phone.page.locator("[data-screen=visits]")
    expect(screen.locator("article")).not_to_have_count(0)
    expect(screen.locator("[data-part=unknown]")).to_be_hidden()
    phone.open(f"#form/{visits[0]}")
    expect(phone.page.locator("[data-form]")).to_be_visible()


def test_a_phone_that_was_taken_back_forgets_and_warns_though_its_disk_is_full(
    phone: Handset, engine: Engine, visits: list[int]
) -> None:
    page = phone.switch_on()
    phone.send()
    page.evaluate(full())
    take_back(engine, phone)
    phone.send()
    expect(page.locator("[data-frame=unknown]")).to_contain_text("has taken this phone back")
    expect(page.locator("[data-screen=welcome]")).to_be_visible()
    expect(page.locator("[data-screen=visits] article:visible")).to_have_count(0)
    phone.kill()
    phone.switch_on(offline=False)
    assert phone.run("return state.get();") is None


def test_nothing_of_anothers_is_sent_where_it_cannot_be_noted_who_is_here(
    phone: Handset, engine: Engine, visits: list[int], today: date
) -> None:
    phone.switch_on()
    phone.send()
    phone.context.set_offline(True)
    hers = a_report(visits[0], today)
    phone.run(
        """await outbox.add({id: given[0].id, kind: "report", visit_id: given[0].visit_id,
        body: given[0], person: given[1]});
        await outbox.forgetPerson();""",
        hers,
        WATI,
    )
    phone.kill()
    phone.start()
    phone.context.add_init_script(full('this.name === "keep" && value.key === "state"'))
    phone.open("#outbox")
    phone.send()
    assert phone.left() == [hers["id"]]
    with reading(engine) as db:
        query = select(SessionReport).where(col(SessionReport.visit_id).in_(visits))
        assert db.exec(query).all() == []
    # Nor where not even the memory knows: nothing goes out without a name.
    phone.page.evaluate(full())
    phone.run("await outbox.forgetPerson();")
    phone.context.route("**/api/v1/phone", lambda route: route.fulfill(status=304))
    asked = phone.network.count("POST /api/v1/reports")
    phone.send()
    assert phone.run("return (await condition()).trouble;") == "phone"
    assert phone.network.count("POST /api/v1/reports") == asked


def test_a_pin_that_cannot_be_noted_is_not_called_set_and_a_removed_one_is_called_so(
    phone: Handset,
) -> None:
    page = phone.switch_on()
    phone.send()
    set_pin(phone, "2468")
    told = page.locator("[data-pin-told]")
    page.locator("[data-pin-remove]").click()
    expect(told).to_have_text("The PIN is removed.")
    page.evaluate(full())
    for name in ("pin", "again"):
        page.fill(f"[data-pin-form] [name={name}]", "2468")
    page.locator("[data-pin-form] button").click()
    expect(told).to_contain_text("Nothing about the PIN was changed")
    expect(page.locator("[data-has-pin]")).to_be_hidden()


def test_many_are_saved_at_once_and_those_that_fit_though_not_all_do(
    phone: Handset, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    phone.send()
    phone.context.set_offline(True)
    reports = [a_report(visit, today) for visit in visits[:3]]
    many = """const all = given.map((body) => (
      {id: body.id, kind: "report", visit_id: body.visit_id, body, draftOf: body.visit_id}));
    let told = 0;
    document.addEventListener("phone:changed", () => { told += 1; });
    const kept = await outbox.addAll(all);
    return [kept, told];"""
    phone.run("for (const one of given) await drafts.put(one, {men: '3'});", *visits[:3])
    page.evaluate(full(f'this.name === "items" && value.id === "{reports[1]["id"]}"'))
    assert phone.run(many, *reports) == [[True, False, True], 1]
    begun = "return (await drafts.all()).map((one) => one.visit_id);"
    assert phone.run(begun) == [visits[1]]
    page.evaluate(_ROOM)
    assert phone.run(many, reports[1]) == [[True], 1]
    assert phone.run(begun) == []
    assert set(phone.left()) == {report["id"] for report in reports}
