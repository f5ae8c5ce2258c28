"""Whatever happens around the tap on "save": no report stands against its own writer's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlmodel import col, select

from outreach.db import reading
from outreach.logbook.tables import DisputedReport, SessionReport

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from sqlalchemy import Engine

    from tests.web.phone.handset import Handset

pytestmark = pytest.mark.browser

#: A browser that is ended once the report is on the disk and before the draft is removed.
_ENDED_BETWEEN = """() => {
  const remove = IDBObjectStore.prototype.delete;
  IDBObjectStore.prototype.delete = function (...given) {
    const alone = this.transaction.objectStoreNames.length === 1;
    return this.name === "drafts" && alone ? {} : remove.apply(this, given);
  };
}"""


def write(page: Page, men: str) -> None:
    form = page.locator("[data-form]:not([hidden])")
    for name, value in (("men", men), ("women", "11"), ("signups", "4")):
        form.locator(f"[name={name}]").fill(value)
    expect(page.locator("[data-screen=form] [data-slot=kept]")).not_to_be_empty()


def save(page: Page) -> None:
    page.locator("[data-form] [type=submit]").click()
    expect(page.locator("[data-screen=saved]")).to_be_visible()


def told(engine: Engine, visit_id: int) -> tuple[list[int], int]:
    """How many men each stored report of the visit tells, and how many were disputed."""
    with reading(engine) as db:
        query = select(SessionReport.men).where(SessionReport.visit_id == visit_id)
        disputed = select(DisputedReport).where(DisputedReport.visit_id == visit_id)
        ordered = query.order_by(col(SessionReport.id))
        return list(db.exec(ordered).all()), len(db.exec(disputed).all())


def test_a_browser_that_is_ended_right_after_saving_leaves_no_draft(
    phone: Handset, engine: Engine, visits: list[int]
) -> None:
    page = phone.switch_on()
    phone.send()
    phone.open(f"#form/{visits[0]}")
    phone.context.set_offline(True)
    page.evaluate(_ENDED_BETWEEN)
    write(page, "10")
    page.locator("[data-form] [type=submit]").click()
    phone.until(lambda: len(phone.items()) == 1)
    phone.kill()
    page = phone.switch_on()
    phone.send()
    phone.open(f"#form/{visits[0]}")
    expect(page.locator("[data-screen=form] h1")).to_have_text("Correct the report")
    expect(page.locator("[data-part=continued]")).to_be_hidden()
    page.fill("[data-form] [name=men]", "12")
    save(page)
    phone.send()
    assert told(engine, visits[0]) == ([10, 12], 0)


@pytest.mark.parametrize("sent", [False, True])
def test_the_second_of_two_tabs_corrects_what_the_first_saved(
    phone: Handset, engine: Engine, visits: list[int], sent: bool
) -> None:
    page = phone.switch_on()
    phone.send()
    phone.open(f"#form/{visits[0]}")
    write(page, "10")
    other = phone.context.new_page()
    other.goto(f"{phone.address}/phone/#form/{visits[0]}")
    expect(other.locator("[data-form]:not([hidden])")).to_be_visible()
    if not sent:
        phone.context.set_offline(True)
    page.bring_to_front()
    save(page)
    if sent:
        phone.send()
        assert phone.left() == []
    other.bring_to_front()
    expect(other.locator("[data-screen=form] h1")).to_have_text("Correct the report")
    other.locator("[data-form] [name=men]").fill("12")
    save(other)
    phone.context.set_offline(False)
    phone.send()
    assert told(engine, visits[0]) == ([10, 12], 0)


def test_a_draft_from_before_does_not_stand_against_the_report_that_waits(
    phone: Handset, engine: Engine, visits: list[int]
) -> None:
    """Though no draft should outlive its report: a tab that slept wrote it once more."""
    page = phone.switch_on()
    phone.send()
    phone.open(f"#form/{visits[0]}")
    phone.context.set_offline(True)
    write(page, "10")
    draft = phone.run("return drafts.get(given[0]);", visits[0])
    save(page)
    phone.run("await drafts.put(...given);", visits[0], draft)
    page.evaluate(f"location.hash = 'form/{visits[0]}'")
    page.locator("[data-form]:not([hidden]) [name=men]").fill("12")
    save(page)
    phone.context.set_offline(False)
    phone.send()
    assert told(engine, visits[0]) == ([10, 12], 0)
