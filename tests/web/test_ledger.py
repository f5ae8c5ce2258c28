"""The ledger's page as people see it: their own area, narrowed, with its figures and dates."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import select

from outreach.db import unit_of_work
from outreach.logbook.tables import LedgerEntry, SessionReport, SignupChannel
from outreach.people.access import NATION
from outreach.people.tables import Role
from outreach.villages.tables import Village
from tests.web.boards import look_after
from tests.web.world import FOREIGN_REGENCY, FOREIGN_VILLAGE, OWN_REGENCY, OWN_VILLAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

READERS = (Role.MANAGER, Role.COORDINATOR)
COUNTS: dict[str, Any] = {
    "interested": 60,
    "forms": 50,
    "registered": 45,
    "first_paid": 40,
    "paid_1": 30,
    "as_of": date(2026, 10, 31),
    "source": "Rekap",
}


def confirm(app: Flask, code: str = OWN_VILLAGE, **told: Any) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        key = {"village_code": code, "month": date(2026, 8, 1), "channel": SignupChannel.OWN}
        db.add(LedgerEntry(**{**key, **COUNTS, **told}))


def confirm_many(app: Flask, number: int) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        query = select(Village.code).where(Village.regency_code == OWN_REGENCY).limit(number)
        codes = list(db.exec(query.order_by(Village.code)))
    for code in codes:
        confirm(app, code, month=date(2026, 7, 1))


def rows(page: str, caption: str) -> dict[str, str]:
    """What each row of a table tells, without its marks, by its head."""
    found = re.search(
        rf"<caption>{re.escape(caption)}</caption>.*?<tbody>(.*?)</tbody>", page, re.DOTALL
    )
    told = {}
    for one in re.findall(r"<tr>(.*?)</tr>", found[1] if found else "", re.DOTALL):
        head, rest = one.split("</th>", 1)
        told[plain(head.split("</a>")[0])] = plain(rest)
    return told


def plain(marked: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", unescape(marked)).split())


@pytest.mark.parametrize("role", READERS)
def test_readers_see_their_own_area_alone(
    app: Flask, english: Callable[[Role], Visitor], role: Role
) -> None:
    confirm(app)
    confirm(app, FOREIGN_VILLAGE, forms=49_999, interested=49_999)
    page = english(role).get(f"/ledger?area={OWN_REGENCY}")
    assert page.status_code == 200
    assert "<h1>Sign-up ledger: Kota Surakarta</h1>" in page.text
    areas = rows(page.text, "The ledger by area")
    assert {"Laweyan", "Serengan"} < set(areas)
    # Laweyan's eleven villages: one produces; steps with their shares; the date of the counts.
    assert areas["Laweyan"].startswith("11 1 9")
    for told in ("50 83.3%", "45 90.0%", "40 88.9%", "30 75.0%", "31/10/2026"):
        assert told in areas["Laweyan"]
    assert "49,999" not in page.text
    assert 'href="/ledger?area=33.72.01"' in page.text


@pytest.mark.parametrize("role", READERS)
@pytest.mark.parametrize("area", [FOREIGN_REGENCY, FOREIGN_VILLAGE, "33.99", "99", "x"])
def test_a_foreign_area_is_not_there(
    english: Callable[[Role], Visitor], role: Role, area: str
) -> None:
    assert english(role).get(f"/ledger?area={area}").status_code == 404


def test_others_have_no_ledger(english: Callable[[Role], Visitor], client: Visitor) -> None:
    assert english(Role.OFFICIAL).get("/ledger").status_code == 403
    assert client.get("/ledger").status_code in (302, 303, 401)


def test_the_nation_counts_every_village_once(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    look_after(app, world, NATION)
    confirm(app)
    page = english(Role.MANAGER).get("/ledger")
    assert page.status_code == 200
    with unit_of_work(app.extensions["outreach"].engine) as db:
        villages = len(list(db.exec(select(Village.code))))
    areas = rows(page.text, "The ledger by area")
    assert areas["Jawa Tengah"].startswith(f"{villages} ")
    assert f"of {villages}" in plain(page.text)


def test_a_villages_ledger_is_its_own_page(english: Callable[[Role], Visitor]) -> None:
    found = english(Role.MANAGER).get(f"/ledger?area={OWN_VILLAGE}")
    assert (found.status_code, found.location) == (303, f"/villages/{OWN_VILLAGE}")


def test_filters_narrow_the_figures_and_stay_in_the_links(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    confirm(app)
    manager = english(Role.MANAGER)
    # The confirmed village is an urban one, and its month lies before the campaign.
    rural = manager.get(f"/ledger?area={OWN_REGENCY}&kind=desa")
    urban = manager.get(f"/ledger?area={OWN_REGENCY}&kind=kelurahan").text
    assert rural.status_code == 200
    assert "50 83" not in plain(rural.text)
    assert "50 83" in rows(urban, "The ledger by area")["Laweyan"]
    below = [unescape(one) for one in re.findall(r'href="(/ledger\?[^"]*33\.72\.01[^"]*)"', urban)]
    assert below
    assert all("kind=kelurahan" in one for one in below)
    assert '<option value="kelurahan" selected>' in urban
    campaign = manager.get(f"/ledger?area={OWN_REGENCY}&campaign={world.own['campaign_id']}")
    assert campaign.status_code == 200
    foreign = manager.get(f"/ledger?campaign={world.foreign['campaign_id']}")
    assert foreign.status_code == 404


def test_without_a_count_nothing_is_invented(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for report in db.exec(select(SessionReport)):
            report.signups, report.paid = 0, None
    page = english(Role.MANAGER).get(f"/ledger?area={OWN_REGENCY}")
    assert page.status_code == 200
    assert "Nothing to look at here." in page.text
    areas = rows(page.text, "The ledger by area")
    assert areas["Laweyan"] == "11 0 0.0% 0 0" + 7 * " –"
    assert rows(page.text, "Due by who pays") == {}


def test_what_is_due_tells_who_pays_and_when_a_discount_ends(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    confirm(app, channel=SignupChannel.CSR, paid_1=None)
    page = english(Role.MANAGER).get(f"/ledger?area={OWN_REGENCY}").text
    (due,) = (told for payer, told in rows(page, "Due by who pays").items() if "CSR" in payer)
    assert due.startswith("40 0 ")
    assert "PP 50/2025" in page
    assert "Village funds are reckoned without the discount" in page


def test_the_list_of_differences_has_pages_and_no_last_one_is_passed(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    confirm_many(app, 30)
    manager, area = english(Role.MANAGER), f"/ledger?area={OWN_REGENCY}"
    caption = (
        "What does not agree: the largest difference first, then what is missing of first payments"
    )
    first = manager.get(area).text
    second = manager.get(f"{area}&page=2").text
    assert len(rows(first, caption)) == 20
    assert not set(rows(first, caption)) & set(rows(second, caption))
    assert f"{area.replace('&', '&amp;')}&amp;page=2#pairs" in first
    for beyond in ("99", "999999999999999999999", "-3", "x"):
        page = manager.get(f"{area}&page={beyond}")
        assert page.status_code == 200
        assert rows(page.text, caption) == rows(first if beyond in "-3x" else second, caption)


def test_areas_of_which_nobody_told_anything_stand_folded_and_none_is_lost(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    confirm(app)
    page = english(Role.MANAGER).get("/ledger?area=33.72.01").text
    areas = rows(page, "The ledger by area")
    assert len(areas) == 1
    folded = page.split("nobody has told of sign-ups there</summary>")[1].split("</details>")[0]
    assert f"{folded.count('<li>')} more areas" in page
    assert len(areas) + folded.count("<li>") == 11
