"""The board as people see it: every level by its links, narrowed, with its words."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest

from outreach.db import unit_of_work
from outreach.logbook.tables import SessionReport
from outreach.people.access import NATION
from outreach.people.tables import BranchRegency, Role
from outreach.progress.tables import Target
from outreach.visits.tables import Happening, VisitEvent
from outreach.web.app import create_app
from tests.visits.world import NOW
from tests.web.boards import look_after, manager, national, row, rows
from tests.web.conftest import Visitor
from tests.web.world import FOREIGN_REGENCY, OWN_REGENCY, OWN_VILLAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from outreach.config import Settings
    from tests.web.world import World

__all__ = ["manager", "national"]

OFFICE = "Jawa Tengah dan DIY"


def test_a_manager_starts_from_the_board(manager: Visitor) -> None:
    assert manager.get("/").location == "/board"
    page = manager.get("/board")
    assert page.status_code == 200
    assert '<a href="/board" aria-current="page">Board</a>' in page.text
    assert "<h1>Board: Surakarta</h1>" in page.text
    assert list(rows(page.text).values()) == [f"/board?area={OWN_REGENCY}"]


def test_every_level_leads_to_the_next_down_to_the_village(national: Visitor) -> None:
    page = national.get("/board").text
    assert set(rows(page)) == {OFFICE}
    page = national.get(rows(page)[OFFICE]).text
    assert set(rows(page)) == {"Surakarta", "Sukoharjo"}
    page = national.get(rows(page)["Surakarta"]).text
    page = national.get(rows(page)["Kota Surakarta"]).text
    page = national.get(rows(page)["Laweyan"]).text
    villages = rows(page)
    assert f"/villages/{OWN_VILLAGE}" in villages.values()
    crumbs = page.split('class="crumbs"')[1].split("</ol>")[0]
    assert re.findall(r">([^<>\n]+)</(?:a|span)>", crumbs) == [
        "Indonesia",
        OFFICE,
        "Surakarta",
        "Kota Surakarta",
        "Laweyan",
    ]
    for way in re.findall(r'<a href="([^"]+)"', crumbs):
        assert national.get(unescape(way)).status_code == 200
    village = national.get(f"/board?area={OWN_VILLAGE}")
    assert (village.status_code, village.location) == (303, f"/villages/{OWN_VILLAGE}")


def test_rows_can_be_branches_provinces_and_teams(national: Visitor, world: World) -> None:
    assert set(rows(national.get("/board?by=branch").text)) == {"Surakarta", "Sukoharjo"}
    provinces = rows(national.get("/board?by=province").text)
    assert provinces == {"Jawa Tengah": "/board?area=33"}
    teams = national.get(f"/board?branch={world.own['branch_id']}&by=team").text
    assert set(rows(teams)) == {"Tim Satu"}
    assert "The order is that of the villages behind the plan." in teams


def test_a_teams_row_leads_to_its_villages(national: Visitor, world: World) -> None:
    page = national.get(f"/board?branch={world.own['branch_id']}&by=team").text
    assert rows(page) == {"Tim Satu": f"/board?team={world.own['team_id']}"}
    told = row(page, "Tim Satu")
    alone = national.get(rows(page)["Tim Satu"]).text
    assert "<h1>Board: Tim Satu</h1>" in alone
    villages = rows(alone)
    assert f"/villages/{OWN_VILLAGE}" in villages.values()
    # Its target, its workers and its phones are those of its villages.
    assert f"of {len(villages)} (" in told
    assert "so far" in told
    assert "of informal" in told
    crumbs = alone.split('class="crumbs"')[1].split("</ol>")[0]
    assert "Surakarta" in crumbs
    for way in re.findall(r'<a href="([^"]+)"', crumbs):
        assert national.get(unescape(way)).status_code == 200
    assert national.get(f"/board/cards?team={world.own['team_id']}").status_code == 200
    assert national.get(f"/board/table.csv?team={world.own['team_id']}").status_code == 200


def test_a_team_is_there_for_those_who_see_its_branch(
    app: Flask, world: World, manager: Visitor
) -> None:
    address = f"/board?team={world.own['team_id']}"
    assert manager.get(address).status_code == 200
    for areas in ((FOREIGN_REGENCY,), ("33.72.05",)):
        look_after(app, world, *areas)
        assert manager.get(address).status_code == 404


def test_a_row_tells_reached_signups_and_three_denominators(manager: Visitor) -> None:
    page = manager.get("/board").text
    told = row(page, "Kota Surakarta")
    assert "1 of 54 (1.9%) 1 session" in told
    assert re.search(r" 9 \S+% of informal \S+% of vulnerable \S+% of active ", told)
    assert "1 team-day" in told
    # One report is told twice and nobody has decided.
    assert "1 told twice" in told
    assert "with signs" not in told
    assert "IDR" not in told
    for words in (
        "informal workers (estimate)",
        "vulnerable workers, deciles 1-4 (estimate)",
        "informal workers already active (estimate)",
    ):
        assert re.search(
            rf"of [\d,]+ {re.escape(words)} <small>\S.*\d\d/\d\d/\d{{4}}</small>", page
        )
    assert "Newest report" in page
    assert "style=" not in page.split("<main")[1]


def test_the_cost_of_travel_is_told_in_rupiah_when_its_prices_are_set(
    settings: Settings, world: World
) -> None:
    priced = settings.model_copy(update={"team_day_rupiah": 500_000, "travel_hour_rupiah": 60_000})
    app = create_app(priced)
    app.testing = True
    app.test_client_class = Visitor
    client = app.test_client()
    assert isinstance(client, Visitor)
    client.log_in(world.accounts[Role.MANAGER]).set_cookie("language", "en")
    assert "1 team-day 0 hours on the way IDR500,000" in row(
        client.get("/board").text, "Kota Surakarta"
    )
    app.extensions["outreach"].engine.dispose()


def test_a_campaign_brings_its_own_target(manager: Visitor, world: World) -> None:
    page = manager.get(f"/board?campaign={world.own['campaign_id']}").text
    assert "9 of the target of 500 until 31/12/2026 (1.8%)" in page
    assert "Target: the campaign&#39;s own" in page or "Target: the campaign's own" in page
    (way,) = rows(page).values()
    assert f"campaign={world.own['campaign_id']}" in way
    assert "of 1 villages" in page


def test_a_kind_of_village_is_counted_alone(manager: Visitor) -> None:
    assert "of 54 villages" in manager.get("/board?kind=kelurahan").text
    none = manager.get("/board?kind=desa").text
    assert "No village counts here with these filters." in none


@pytest.mark.parametrize(
    "query",
    [
        "office=Nowhere",
        f"area={FOREIGN_REGENCY}",
        "area=99",
        "area=x",
        "branch=999999",
        "branch=x",
        "team=999999",
        "team=x",
        "team=01",
        f"team=1&area={OWN_REGENCY}",
        "by=village",
        "by=nothing",
        f"branch=1&area={OWN_REGENCY}",
        "campaign=999999",
        "kind=hamlet",
    ],
)
@pytest.mark.parametrize("path", ["/board", "/board/cards"])
def test_what_is_missing_is_not_found(manager: Visitor, path: str, query: str) -> None:
    assert manager.get(f"{path}?{query}").status_code == 404


def test_what_is_foreign_is_not_found(
    manager: Visitor, english: Callable[[Role], Visitor], world: World
) -> None:
    for visitor in (manager, english(Role.COORDINATOR)):
        foreign = f"branch={world.foreign['branch_id']}"
        assert visitor.get(f"/board?{foreign}").status_code == 404
        assert visitor.get(f"/board/cards?{foreign}").status_code == 404
        foreign = f"campaign={world.foreign['campaign_id']}"
        assert visitor.get(f"/board?{foreign}").status_code == 404
        own = visitor.get("/board")
        assert own.status_code == 200
        assert "Sukoharjo" not in own.text
        office = visitor.get(f"/board?office={OFFICE}").text
        assert set(rows(office)) == {"Surakarta"}


def test_what_was_said_of_a_foreign_branchs_target_is_not_told(
    app: Flask, world: World, manager: Visitor
) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for ids, source in ((world.own, "Rapat sendiri"), (world.foreign, "Rapat tetangga")):
            db.get_one(Target, ids["target_id"]).source = source
    page = manager.get("/board").text
    assert "Rapat sendiri." in page
    assert "Rapat tetangga" not in page
    look_after(app, world, NATION)
    assert "Rapat tetangga." in manager.get("/board").text


def test_a_branch_that_loses_its_regency_is_off_the_board_at_once(
    app: Flask, world: World, national: Visitor
) -> None:
    assert "Sukoharjo" in rows(national.get("/board?by=branch").text)
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.get_one(BranchRegency, FOREIGN_REGENCY).branch_id = world.own["branch_id"]
    answer = national.get("/board?by=branch")
    assert answer.status_code == 200
    assert "Sukoharjo" not in rows(answer.text)


def test_who_sees_a_part_is_told_so(app: Flask, world: World, manager: Visitor) -> None:
    assert "Only your own area is counted." not in manager.get("/board").text
    look_after(app, world, "33.72.01", "33.72.02")
    page = manager.get("/board").text
    assert "Only your own area is counted." in page
    assert "of 54 villages" not in page
    assert "Laweyan" in manager.get(f"/board?area={OWN_REGENCY}").text
    assert manager.get("/board?area=33.72.03").status_code == 404
    look_after(app, world, OWN_REGENCY, "34.71")
    page = manager.get("/board").text
    assert "<h1>Board: My whole area</h1>" in page
    assert "Only your own area is counted." in page
    assert "Indonesia" not in page.split("<main")[1]
    look_after(app, world)
    assert "No village counts here" in manager.get("/board").text


def test_what_no_branch_serves_is_not_left_out(app: Flask, world: World, manager: Visitor) -> None:
    """Whoever sees more than the only branches there are does not land on these alone."""
    look_after(app, world, "33")
    page = manager.get("/board").text
    assert "<h1>Board: Jawa Tengah</h1>" in page
    look_after(app, world, OWN_REGENCY, FOREIGN_REGENCY)
    assert set(rows(manager.get("/board").text)) == {"Surakarta", "Sukoharjo"}


def test_a_new_report_shows_at_once(app: Flask, world: World, manager: Visitor) -> None:
    assert "9 in 1 session" in " ".join(re.sub(r"<[^>]+>", " ", manager.get("/board").text).split())
    with unit_of_work(app.extensions["outreach"].engine) as db:
        report = db.get_one(SessionReport, world.own["report_id"])
        report.signups = 11
        db.add(
            VisitEvent(
                visit_id=report.visit_id,
                village_code=report.village_code,
                happening=Happening.CORRECTED,
                at=NOW,
            )
        )
    assert re.search(r"<dd>11 <small>in 1 sessions", manager.get("/board").text)


def test_the_table_says_its_order_and_has_heads(national: Visitor) -> None:
    page = national.get("/board").text
    assert "The order is that of the sign-ups that can still be recovered." in page
    table = page.split('<table class="table table-hover numbers board')[1].split("</table>")[0]
    assert "<caption>" in table
    heads = table.split("</thead>")[0].count('<th scope="col"')
    cells = table.split("<tbody>")[1].split("</tr>")[0]
    assert cells.count("<td") + 1 == heads
    assert cells.count("data-label=") == heads - 1
