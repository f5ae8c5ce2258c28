"""The pages around the board looked at for a branch or an office, as the board is."""

from __future__ import annotations

import csv
import re
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

import pytest

from outreach.db import unit_of_work
from outreach.people.tables import BranchRegency
from tests.web.boards import look_after, manager, national
from tests.web.world import FOREIGN_REGENCY, OWN_REGENCY

if TYPE_CHECKING:
    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

__all__ = ["manager", "national"]

PAGES = {
    "/ledger": "Sign-up ledger",
    "/sponsorships": "Sponsorships",
    "/outlook": "Outlook",
    "/follow-ups": "Follow-up",
}
OFFICE = "Jawa Tengah dan DIY"
PART = "Only your own area is counted."


def tabs(page: str) -> dict[str, str]:
    """Where the pages beside this one lead, by path what follows it."""
    inside = page.split('class="tabs"')[1].split("</nav>", maxsplit=1)[0]
    return dict(re.findall(r'href="(/[a-z-]+)(\?[^"]*)?"', unescape(inside)))


def heading(page: str) -> str:
    return unescape(page.split("<h1>")[1].split("</h1>", maxsplit=1)[0])


@pytest.mark.parametrize("path", PAGES)
def test_a_branch_or_an_office_is_looked_at_and_stays_so(
    national: Visitor, world: World, path: str
) -> None:
    branch = f"?branch={world.own['branch_id']}"
    office = f"?office={quote_plus(OFFICE)}"
    for query, name in ((branch, "Surakarta"), (office, OFFICE)):
        page = national.get(path + query).text
        assert heading(page) == f"{PAGES[path]}: {name}"
        assert {tabs(page)[one] for one in PAGES} == {query}
        assert {tabs(national.get(f"/board{query}").text)[one] for one in PAGES} == {query}


@pytest.mark.parametrize("path", [*PAGES, "/ledger/areas.csv"])
@pytest.mark.parametrize(
    "query",
    ["branch=999999", "branch=x", "office=Nowhere", f"branch=1&area={OWN_REGENCY}",
     f"branch=1&office={quote_plus(OFFICE)}"],
)  # fmt: skip
def test_what_is_missing_or_said_twice_is_not_found(
    national: Visitor, path: str, query: str
) -> None:
    assert national.get(f"{path}?{query}").status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_a_foreign_branch_is_not_there(manager: Visitor, world: World, path: str) -> None:
    assert manager.get(f"{path}?branch={world.foreign['branch_id']}").status_code == 404


def test_the_ledger_of_a_branch_counts_its_regencies_alone_on_the_page_and_in_the_file(
    app: Flask, world: World, national: Visitor
) -> None:
    def counted(page: str) -> list[str]:
        return re.findall(r'<span class="code hint">([\d.]+)</span>', page.split("areas-title")[2])

    own, foreign = (f"branch={ids['branch_id']}" for ids in (world.own, world.foreign))
    assert counted(national.get(f"/ledger?{own}").text) == [OWN_REGENCY]
    assert counted(national.get(f"/ledger?{foreign}").text) == [FOREIGN_REGENCY]
    both = national.get(f"/ledger?office={quote_plus(OFFICE)}").text
    assert counted(both) == [FOREIGN_REGENCY, OWN_REGENCY]
    link = unescape(both.split('href="/ledger/areas.csv')[1].split('"')[0])
    lines = national.get(f"/ledger/areas.csv{link}").get_data(as_text=True).splitlines()
    told = [row[0] for row in csv.reader(lines, delimiter=";") if row]
    assert [code for code in told if code in (OWN_REGENCY, FOREIGN_REGENCY)] == [
        FOREIGN_REGENCY,
        OWN_REGENCY,
    ]


def test_who_sees_a_part_of_a_branch_is_told_so_and_counts_no_more(
    app: Flask, world: World, manager: Visitor
) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.get_one(BranchRegency, FOREIGN_REGENCY).branch_id = world.own["branch_id"]
    query = f"?branch={world.own['branch_id']}"
    for path in ("/ledger", "/board"):
        page = manager.get(path + query).text
        assert PART in page
        assert "Sukoharjo" not in page.split("<main")[1]
    look_after(app, world, OWN_REGENCY, FOREIGN_REGENCY)
    for path in ("/ledger", "/board"):
        page = manager.get(path + query).text
        assert PART not in page
        assert "Sukoharjo" in page.split("<main")[1]
