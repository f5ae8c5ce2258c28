"""What a file tells that no screen could show is not read in, and one that lies here harms none."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.web.phone.handset import a_report

if TYPE_CHECKING:
    from datetime import date

    from playwright.sync_api import Page

    from tests.web.phone.handset import Handset

pytestmark = pytest.mark.browser

_ME = "const {whoIsHere} = await import(url); return whoIsHere();"
_SPOIL = """await outbox.add({id: given[0].id, kind: "report", visit_id: given[0].visit_id,
body: {...given[0], held_on: "2026-13-45"}});"""
_FULL = """() => {
  window.put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = function (...given) {
    if (this.name === "items") throw new DOMException("full", "QuotaExceededError");
    return window.put.apply(this, given);
  };
}"""
_COUNT_CHANGES = """() => {
  window.changes = 0;
  document.addEventListener("phone:changed", () => { window.changes += 1; });
}"""
#: Each of two is kept, read in now or rescued by the page as soon as the disk took things again.
_BOTH_HERE = re.compile(r"2 were (read in|here already)\.|1 was read in\. 1 was here already\.")
#: One field of a report that spoils it.
_SPOILT: list[dict[str, Any]] = [
    {"held_on": "2026-13-45"},
    {"held_on": ["2026-11-01"]},
    {"held_at": "nine"},
    {"met": "perhaps"},
    {"men": "many"},
    {"women": -1},
    {"signups": 1.5},
    {"details": {"no": "list"}},
]


def file_of(items: list[dict[str, Any]]) -> Any:
    told = {"format": "outreach-phone-1", "items": items}
    return {"name": "a.txt", "mimeType": "text/plain", "buffer": json.dumps(told).encode()}


def item_of(kind: str, body: dict[str, Any], person: Any, **other: Any) -> dict[str, Any]:
    told = {"id": body["id"], "kind": kind, "visit_id": body["visit_id"], "body": body}
    return {**told, "person": person, **other}


def without_a_line(phone: Handset) -> Page:
    """Switch the phone on and take its line away, once the files of the two lists are here."""
    page = phone.switch_on()
    phone.send()
    for screen in ("#history", "#outbox"):
        phone.open(screen)
    phone.context.set_offline(True)
    return page


def test_a_file_with_spoilt_items_tells_that_they_could_not_be_read(
    phone: Handset, visits: list[int], today: date
) -> None:
    page = without_a_line(phone)
    me = phone.run(_ME)
    good = a_report(visits[0], today)
    items = [item_of("report", {**a_report(visits[1], today), **bad}, me) for bad in _SPOILT]
    report = a_report(visits[1], today)
    video = {"id": report["id"], "visit_id": visits[1], "report_id": good["id"], "kind": "video"}
    picture = {"type": "video/mp4", "base64": "AA=="}
    items.append(item_of("evidence", video, me, picture=picture))
    items.append(item_of("answer", {**a_report(visits[1], today), "answer": "perhaps"}, me))
    items.append(item_of("report", good, me))
    phone.open("#outbox")
    page.set_input_files("[data-read-in]", file_of(items))
    bad = f"{len(_SPOILT) + 2} could not be read."
    expect(page.locator("[data-read-in-told]")).to_have_text(f"1 was read in. {bad}")
    assert list(phone.items()) == [good["id"]]
    expect(page.locator("[data-screen=outbox] article.unsent")).to_have_count(1)


def test_one_that_cannot_be_shown_leaves_the_others_and_can_be_removed(
    phone: Handset, visits: list[int], today: date
) -> None:
    page = without_a_line(phone)
    good = a_report(visits[0], today)
    phone.save(good)
    phone.run(_SPOIL, a_report(visits[1], today))
    phone.open("#history")
    entries = page.locator("[data-mine] .entry")
    expect(entries).to_have_count(2)
    expect(entries.first).to_contain_text("This phone cannot show it.")
    expect(entries.last).to_contain_text("Men 11, women 14")
    phone.open("#outbox")
    cards = page.locator("[data-screen=outbox] article.unsent")
    expect(cards).to_have_count(2)
    with phone.answering(yes=True):
        cards.filter(has_text="This phone cannot show it.").locator("[data-remove]").click()
    expect(cards).to_have_count(1)
    assert list(phone.items()) == [good["id"]]


def test_what_a_full_disk_does_not_take_is_not_told_as_read_in(
    phone: Handset, visits: list[int], today: date
) -> None:
    page = without_a_line(phone)
    me = phone.run(_ME)
    phone.open("#outbox")
    page.evaluate(_FULL)
    file = file_of([item_of("report", a_report(one, today), me) for one in visits[:2]])
    page.set_input_files("[data-read-in]", file)
    told = page.locator("[data-read-in-told]")
    expect(told).to_contain_text("2 are NOT saved on this phone")
    expect(told).not_to_contain_text("read in.")
    page.evaluate("() => { IDBObjectStore.prototype.put = window.put; }")
    page.set_input_files("[data-read-in]", file)
    expect(told).to_have_text(_BOTH_HERE)
    assert phone.run("return (await outbox.all()).map((item) => item.kept);") == [True, True]


def test_a_long_file_is_read_in_at_once_and_drawn_once(
    phone: Handset, visits: list[int], today: date
) -> None:
    page = without_a_line(phone)
    me = phone.run(_ME)
    phone.open("#outbox")
    page.evaluate(_COUNT_CHANGES)
    items = [item_of("report", a_report(visits[n % 6], today), me) for n in range(200)]
    page.set_input_files("[data-read-in]", file_of([*items, items[0]]))
    told = page.locator("[data-read-in-told]")
    expect(told).to_have_text("200 were read in. 1 was here already.", timeout=20_000)
    assert page.evaluate("window.changes") < 10
    expect(page.locator("[data-screen=outbox] article.unsent")).to_have_count(200)
