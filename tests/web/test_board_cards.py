"""The board's cards: what is due and confirmed, and how they come into the page."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from outreach.db import unit_of_work
from outreach.logbook.tables import SignupChannel
from outreach.people.access import NATION, Person
from outreach.people.tables import Role
from outreach.sheets.kinds import Context, Row
from outreach.sheets.ledger import COLUMNS, LEDGER
from tests.maps.map_app import serving
from tests.visits.world import NOW
from tests.web.boards import body_of, manager
from tests.web.world import OWN_REGENCY, OWN_VILLAGE

if TYPE_CHECKING:
    from flask import Flask
    from playwright.sync_api import Browser

    from tests.web.conftest import Visitor
    from tests.web.world import World

__all__ = ["manager"]


def test_the_cards_tell_what_is_due_and_where_the_period_ends(manager: Visitor) -> None:
    board = manager.get("/board").text
    (address,) = re.findall(r'data-cards="([^"]+)"', board)
    cards = manager.get(unescape(address))
    assert cards.status_code == 200
    assert "<html" not in cards.text
    for words in ("Expected end", "Due in the month from", "counted as paying", 'href="/ledger'):
        assert words in cards.text
    # One session is too thin for a range, and that is said.
    assert "Too few data for a range" in cards.text


def bring_in(app: Flask, world: World, **told: Any) -> None:
    """Tell the agency's counts of the own village as the command does."""
    row = Row(2, {}, {column.key: None for column in COLUMNS})
    row.values.update(code=OWN_VILLAGE, month=date(2026, 10, 1), channel=SignupChannel.OWN.value)
    row.values.update(as_of=NOW.date(), source="BPU", **told)
    ctx = Context(Person(0, "", Role.ADMIN, (NATION,)), 0, (NATION,), NOW, NOW.date())
    with unit_of_work(app.extensions["outreach"].engine) as db:
        changes = LEDGER.check(db, [row], ctx)
        assert changes, row.problems
        LEDGER.apply(db, changes, ctx)


def test_counts_that_were_brought_in_show_at_once(
    app: Flask, world: World, manager: Visitor
) -> None:
    bring_in(app, world, registered=700, first_paid=500)
    assert "For 500 workers" in manager.get("/board/cards").text
    bring_in(app, world, registered=700, first_paid=400)
    assert "For 400 workers" in manager.get("/board/cards").text


def test_what_is_confirmed_stands_beside_what_is_claimed(
    app: Flask, world: World, manager: Visitor
) -> None:
    assert "confirmed by" not in manager.get("/board").text
    bring_in(app, world, registered=700, first_paid=500)
    page = manager.get("/board").text
    wanted = "500 confirmed by the agency's counts, told in 1 villages, newest of"
    assert wanted in unescape(page)
    for address in (
        f"/board?area={OWN_REGENCY}",
        f"/board?branch={world.own['branch_id']}&by=team",
        f"/board?team={world.own['team_id']}",
    ):
        shown = body_of(manager.get(address).text)
        assert shown.count("500 confirmed") == 1, address


def test_what_is_due_stands_by_month_and_payer(app: Flask, world: World, manager: Visitor) -> None:
    bring_in(app, world, registered=700, first_paid=500)
    cards = manager.get("/board/cards").text
    assert "A discount ends on 31 Dec 2026" in cards
    label = "<caption>Rupiah due per month, by who pays (from next month on an estimate)</caption>"
    table = cards.split(label)[1].split("</table>")[0]
    told = {
        month: re.findall(r'<td class="n">(.*?)</td>', rest.split("</tr>")[0])[0]
        for month, rest in re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', table, re.DOTALL)
    }
    assert len(told) == 12
    # Nobody of them signed up before October; the discount holds to the end of the year.
    paying = [told[f"{month} 2026"] for month in ("September", "October", "November", "December")]
    assert paying == ["IDR0", *["IDR4,200,000"] * 3]
    assert told["January 2027"] == "IDR8,400,000"


@pytest.mark.browser
def test_the_cards_come_when_the_page_stands(
    app: Flask, manager: Visitor, browser: Browser
) -> None:
    manager.get("/")
    cookie = manager.get_cookie("outreach")
    assert cookie is not None
    with serving(app) as address:
        context = browser.new_context(base_url=address, viewport={"width": 360, "height": 740})
        told = {"outreach": cookie.value, "language": "en"}
        context.add_cookies([{"name": n, "value": v, "url": address} for n, v in told.items()])
        page = context.new_page()
        page.goto("/board")
        expect(page.get_by_role("heading", name="Expected end")).to_be_visible()
        expect(page.locator("[data-cards]")).not_to_have_attribute("aria-busy", "true")
        # A phone's rows tell first what sets them apart; a box ticked brings the rest.
        paid = page.locator(".board tbody tr").first.locator("td[data-label='Paid']")
        expect(paid).to_be_hidden()
        page.get_by_label("Show every figure of each row").check()
        expect(paid).to_be_visible()
        page.route("**/board/cards*", lambda route: route.abort())
        page.reload()
        expect(page.locator("[data-failed]")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        context.close()
