"""A phone that its finder holds: the PIN stays before what was not sent, until a new code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.web.phone.handset import a_report, enrol, stored
from tests.web.phone.test_lock_and_leaving import NEW_TOKEN, set_pin, take_back

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Engine

    from tests.web.phone.handset import Handset
    from tests.web.world import World

pytestmark = pytest.mark.browser


def lose(phone: Handset, engine: Engine, visits: list[int], today: date) -> str:
    """Save one report without a network, then lose the phone; the branch takes it back."""
    phone.keep_the_page()
    phone.context.set_offline(True)
    report = a_report(visits[0], today)
    phone.save(report)
    phone.run("await drafts.put(given[0], {men: '7'});", visits[1])
    take_back(engine, phone)
    phone.context.set_offline(False)
    return str(report["id"])


def test_taking_back_locks_what_was_not_sent_until_a_new_code(
    phone: Handset, engine: Engine, world: World, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    phone.send()
    set_pin(phone, "2468")
    report_id = lose(phone, engine, visits, today)
    # At once, though whoever holds it had it open.
    lock = page.locator("[data-frame=lock]")
    expect(lock).to_be_visible(timeout=20_000)
    for screen in ("outbox", "history", f"form/{visits[1]}"):
        phone.open(f"#{screen}")
        expect(lock).to_be_visible()
        expect(page.locator("main")).to_be_hidden()
        expect(page.locator("[data-frame=unknown]")).to_be_hidden()
    assert phone.run("return state.get();") is None
    # Who knows it may look, and is not asked again on each screen.
    page.fill("[data-frame=lock-pin]", "2468")
    page.keyboard.press("Enter")
    expect(page.locator("[data-frame=unknown]")).to_contain_text("1 not sent yet is kept")
    phone.open("#outbox")
    expect(page.locator("main")).to_be_visible()
    phone.context.close()
    enrol(engine, world, NEW_TOKEN)
    phone.token = NEW_TOKEN
    page = phone.switch_on()
    expect(page.locator("main")).to_be_visible(timeout=20_000)
    phone.send()
    assert stored(engine, visits) == {report_id: 1}
    assert phone.run("return settings.get('pin');") is None
    assert phone.run("return drafts.get(given[0]);", visits[1]) is not None


def test_without_a_pin_it_says_what_remains_and_deletes_it_on_wish_only(
    phone: Handset, engine: Engine, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    phone.send()
    report_id = lose(phone, engine, visits, today)
    warning = page.locator("[data-frame=unknown]")
    expect(warning).to_be_visible(timeout=20_000)
    expect(warning).to_contain_text("1 not sent yet is kept")
    expect(warning).to_contain_text("1 report that you began is kept")
    delete = warning.locator("[data-do=wipe]")
    with phone.answering(yes=False):
        delete.click()
    assert phone.left() == [report_id]
    with phone.answering(yes=True):
        delete.click()
    expect(delete).to_be_hidden()
    assert phone.items() == {}
    assert phone.run("return drafts.all({everybodys: true});") == []
