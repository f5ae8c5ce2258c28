"""The keyboard and the reading voice stay where they are, whatever is drawn anew around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.web.phone.handset import a_report

if TYPE_CHECKING:
    from datetime import date

    from tests.web.phone.handset import Handset

pytestmark = pytest.mark.browser

_CHANGED = "document.dispatchEvent(new CustomEvent('phone:changed'));"


def test_the_list_of_what_was_not_sent_leaves_the_focus_on_its_button(
    phone: Handset, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    phone.send()
    phone.open("#outbox")  # its files are here before the line goes
    phone.context.set_offline(True)
    first, second = (a_report(one, today) for one in visits[:2])
    for report in (first, second):
        phone.save(report)
    phone.open("#outbox")
    button = page.locator(f"[data-key='{second['id']}'] [data-file]")
    button.focus()
    page.evaluate("document.activeElement.closest('[data-key]').dataset.before = '1'")
    page.evaluate(_CHANGED)
    expect(page.locator("[data-before]")).to_have_count(0)
    expect(button).to_be_focused()
    # The one that goes takes the focus to the one that is left, the last one to the heading.
    for left in (first, None):
        which = second if left else first
        phone.run("await outbox.remove(given[0]);", which["id"])
        where = f"[data-key='{left['id']}'] [data-file]" if left else "h1[data-heading]"
        expect(page.locator(f"[data-screen=outbox] {where}")).to_be_focused()


def test_the_history_leaves_the_focus_and_each_screen_names_the_page(
    phone: Handset, visits: list[int], today: date
) -> None:
    page = phone.switch_on()
    phone.send()
    phone.open("#settings")
    phone.open("#history")
    phone.context.set_offline(True)
    report = a_report(visits[0], today)
    phone.save(report)
    phone.open("#history")
    expect(page).to_have_title("My history – Village outreach")
    link = page.locator(f"[data-key='{report['id']}'] a")
    link.focus()
    page.evaluate("document.activeElement.closest('[data-key]').dataset.before = '1'")
    page.evaluate(_CHANGED)
    expect(page.locator("[data-before]")).to_have_count(0)
    expect(link).to_be_focused()
    page.locator("nav a[href='#settings']").click()
    expect(page).to_have_title("This phone – Village outreach")
    page.locator("[data-log-out] [data-leave]").click()
    page.locator("[data-leave-not]").click()
    expect(page.locator("[data-log-out] [data-leave]")).to_be_focused()
