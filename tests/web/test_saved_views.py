"""Saved views: what can be kept, how it is found again, and what becomes of it."""

from __future__ import annotations

import html
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.demonstration.cast import Cast
from outreach.demonstration.views import keep_views
from outreach.people.access import Person
from outreach.people.tables import Branch, Role
from outreach.progress.saved_views import MOST_VIEWS, views_of
from outreach.progress.tables import SavedView
from outreach.web import view_addresses
from outreach.web.view_addresses import PAGES, view_at
from outreach.web.view_words import known_to
from tests.maps.map_app import serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from playwright.sync_api import Browser

    from tests.web.conftest import Visitor
    from tests.web.world import World

WEB = Path(view_addresses.__file__).parent

#: A page of each kind with filters, in the order in which they are written.
FILTERED = (
    "/board?area=33.72&by=team&kind=desa",
    "/board?branch={branch_id}&by=regency",
    "/board?team={team_id}&by=district",
    "/board?office=Kanwil+Jawa+Tengah",
    "/map?area=33.72.01&kind=kelurahan&layer=gap",
    "/map?week=2026-09-28&beside=2026-11-16",
    "/map?area=33.72&layer=silence#12.50/-7.5666/110.8200",
    "/ledger?area=33.72&campaign={campaign_id}",
    "/sponsorships?area=33.72",
    "/outlook?branch={branch_id}&campaign={campaign_id}",
    "/ledger?branch={branch_id}",
    "/follow-ups?area=33.72&list=unpaid&unpaid_days=60",
    "/villages/approximate?area=33.72",
)


def save(visitor: Visitor, address: str, name: str = "Kantor", **more: str) -> tuple[int, str, str]:
    """Send the form; return the status, where it leads and what it says."""
    answer = visitor.send("/views", {"name": name, "address": address, **more})
    return answer.status_code, answer.location or "", html.unescape(answer.get_data(as_text=True))


def kept(app: Flask) -> dict[str, str]:
    """Names and addresses of what was saved, beside what the world begins with."""
    with reading(app.extensions["outreach"].engine) as db:
        rows = db.exec(select(SavedView.name, SavedView.address))
        return {name: address for name, address in rows if name != "Senin pagi"}


def view_id(app: Flask, name: str = "Kantor") -> int:
    with reading(app.extensions["outreach"].engine) as db:
        return db.exec(select(SavedView.id).where(SavedView.name == name)).one() or 0


def office_of(app: Flask) -> str:
    with reading(app.extensions["outreach"].engine) as db:
        return str(db.exec(select(Branch.regional_office)).first())


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.MANAGER])
@pytest.mark.parametrize("address", FILTERED)
def test_a_page_is_kept_with_its_filters_and_opens_again(
    app: Flask, world: World, english: Callable[[Role], Visitor], role: Role, address: str
) -> None:
    visitor = english(role)
    written = address.format(**world.own)
    if "office=" in written:
        written = "/board?office=" + office_of(app).replace(" ", "+")
    assert save(visitor, written)[:2] == (303, written)
    page = visitor.get(written).get_data(as_text=True)
    assert "Saved as “Kantor”." in page
    # From there, from every other page and from the list it is one step away.
    told = f'<a href="{html.escape(written)}"'
    assert f"{told} aria-current" in page or "#" in written
    assert all(told in visitor.get(at).get_data(as_text=True) for at in ("/ledger", "/views"))
    assert visitor.get(written).status_code == 200
    assert kept(app) == {"Kantor": written}


def test_every_page_offers_to_keep_itself_as_it_was_asked_for(
    app: Flask, login_as: Callable[[Role], Visitor]
) -> None:
    visitor = login_as(Role.MANAGER)
    with app.test_request_context():
        paths = [app.url_for(endpoint) for endpoint in PAGES]
    for path in paths:
        page = visitor.get(f"{path}?nothing=1&kind=&area=33.72").get_data(as_text=True)
        (offered,) = re.findall(r'name="address" value="([^"]*)"', page)
        assert offered == f"{path}?area=33.72"
        assert '<a href="/views">' in page


def test_the_list_says_in_words_what_a_view_shows(
    world: World, english: Callable[[Role], Visitor]
) -> None:
    visitor = english(Role.MANAGER)
    told = {
        "/map?area=33.72&kind=desa&layer=gap": (
            "Map · Kota Surakarta · Desa · Neither covered nor signed up"
        ),
        "/map?week=2026-11-02": "Map · week from 2 Nov 2026",
        "/board?team={team_id}": "Board · Tim Satu · saved",
        "/follow-ups?unpaid_days=60": "Follow-up · other thresholds",
        "/follow-ups?unpaid_days=45": "Follow-up · saved",
    }
    for number, (address, words) in enumerate(told.items()):
        save(visitor, address.format(**world.own), f"Nomor {number}")
        page = visitor.get("/views").get_data(as_text=True)
        assert words in re.sub(r"\s+", " ", page), address


def test_filters_are_kept_in_one_order_and_nothing_else_is(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    asked = "/board?kind=desa&x=1&by=&area=33.72&area=33.11&campaign=#numbers"
    assert save(english(Role.MANAGER), asked)[1] == "/board?area=33.72&kind=desa"
    assert kept(app) == {"Kantor": "/board?area=33.72&kind=desa"}


@pytest.mark.parametrize(
    "address",
    [
        "",
        "board",
        "https://example.org/board",
        "//example.org/board",
        "/\\example.org",
        "/board\\..\\x",
        "/\t/example.org",
        "/board\r\nSet-Cookie: x=1",
        "javascript:alert(1)",
        "/board/../admin/accounts",
        "/board/",
        "/%62oard",
        "/logout",
        "/views",
        "/map/state",
        "/board/table.xlsx",
        "/admin/accounts",
        "/api/v1/read/progress",
        "/board?area=99",
        "/board?area=33.11",
        "/board?area=33.72.99",
        "/board?area=Solo",
        "/board?area=33.72&office=Jateng",
        "/board?area=33.72&by=branch",
        "/board?by=everything",
        "/board?branch=999999",
        "/board?team=999999",
        "/board?team={team_id}",
        "/outlook?branch=999999",
        "/ledger?campaign=999999",
        "/ledger?campaign=1 or 1",
        "/ledger?kind=city",
        "/map?layer=secrets",
        "/map?week=yesterday",
        "/follow-ups?list=all",
        "/follow-ups?unpaid_days=1",
        "/board?" + "&".join(["kind=desa"] * 60),
        "/board?office=" + "x" * 1000,
    ],
)
def test_no_other_address_is_kept_or_led_to(
    app: Flask, world: World, english: Callable[[Role], Visitor], address: str
) -> None:
    foreign = address.replace("{team_id}", str(world.foreign["team_id"]))
    status, location, page = save(english(Role.MANAGER), foreign)
    assert (status, location) == (422, "")
    assert "not the address of a page that you can open here" in page
    assert "example.org" not in page
    assert kept(app) == {}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("  ", "Please fill this in."),
        ("x" * 81, "At most 80 characters."),
        ("NIK 3372011501900001", "identity number"),
        ("Papan\x07", "cannot be stored"),
    ],
)
def test_what_is_wrong_with_a_name_is_said_and_the_page_is_not_lost(
    app: Flask, english: Callable[[Role], Visitor], name: str, words: str
) -> None:
    status, _, page = save(english(Role.MANAGER), "/map?area=33.72&layer=gap", name)
    assert status == 422
    assert words in page
    assert 'name="address" value="/map?area=33.72&layer=gap"' in page
    assert kept(app) == {}


def test_the_same_name_replaces_a_view_only_by_the_button_that_says_so(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    visitor = english(Role.MANAGER)
    save(visitor, "/board?by=team")
    status, _, page = save(visitor, "/map?layer=gap")
    assert status == 409
    assert "You have a view of this name already." in page
    assert 'href="/board?by=team">Board · Team</a>' in page, "what would be lost"
    assert kept(app) == {"Kantor": "/board?by=team"}
    (version,) = re.findall(r'name="replaces" value="(\d+)"', page)
    assert save(visitor, "/map?layer=gap", replaces=version)[:2] == (303, "/map?layer=gap")
    assert kept(app) == {"Kantor": "/map?layer=gap"}
    # Another tab still offers what it has seen; it shows what stands now instead.
    status, _, page = save(visitor, "/ledger", replaces=version)
    assert status == 409
    assert "Somebody else changed this first." in page
    assert 'href="/map?layer=gap"' in page
    (newer,) = re.findall(r'name="replaces" value="(\d+)"', page)
    assert save(visitor, "/ledger", replaces=newer)[0] == 303
    assert kept(app) == {"Kantor": "/ledger"}


def test_the_limit_is_told(app: Flask, english: Callable[[Role], Visitor]) -> None:
    visitor = english(Role.MANAGER)
    for number in range(MOST_VIEWS - 1):  # one stands there already
        assert save(visitor, "/board", f"Papan {number}")[0] == 303
    status, _, page = save(visitor, "/map")
    assert status == 409
    assert f"You have kept {MOST_VIEWS} views." in page
    assert 'name="replaces"' not in page
    assert "Kantor" not in kept(app)


def test_it_is_renamed_and_a_second_tab_sees_both_names(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    visitor = english(Role.MANAGER)
    save(visitor, "/board")
    at = f"/views/{view_id(app)}"
    page = visitor.get(at).get_data(as_text=True)
    (version, _) = re.findall(r'name="version" value="(\d+)"', page)
    told = {"version": version, "name": "Papan Solo"}
    assert visitor.send(f"{at}/rename", told).location == "/views"
    assert "The view is called “Papan Solo” now." in visitor.get("/views").get_data(as_text=True)
    answer = visitor.send(f"{at}/rename", {"version": version, "name": "Papan Surakarta"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert 'value="Papan Surakarta"' in page
    assert "Stored meanwhile: Papan Solo" in re.sub(r"\s+", " ", page)
    assert kept(app) == {"Papan Solo": "/board"}
    (newer, _) = re.findall(r'name="version" value="(\d+)"', page)
    sent = {"version": newer, "name": "Senin pagi"}
    assert "This is taken already" in visitor.send(f"{at}/rename", sent).get_data(as_text=True)


def test_it_is_removed_after_a_question_unless_it_was_changed(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    visitor = english(Role.MANAGER)
    save(visitor, "/board")
    at = f"/views/{view_id(app)}"
    page = visitor.get(at).get_data(as_text=True)
    assert "gone for good" in page
    visitor.send(f"{at}/rename", {"version": "1", "name": "Papan Solo"})
    stale = visitor.send(f"{at}/remove", {"version": "1"})
    assert stale.status_code == 409
    assert "Somebody else changed this first." in stale.get_data(as_text=True)
    assert kept(app) == {"Papan Solo": "/board"}
    assert visitor.send(f"{at}/remove", {"version": "2"}).location == "/views"
    assert kept(app) == {}
    assert visitor.get(at).status_code == 404


def test_nobody_sees_or_touches_what_somebody_else_has_kept(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    save(english(Role.MANAGER), "/board")
    other = english(Role.COORDINATOR)
    at = f"/views/{view_id(app)}"
    assert "Kantor" not in other.get("/views").get_data(as_text=True)
    assert "Kantor" not in other.get("/board").get_data(as_text=True)
    sent = {"version": "1", "name": "Milik saya"}
    answers = [other.get(at), other.send(f"{at}/rename", sent), other.send(f"{at}/remove", sent)]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert kept(app) == {"Kantor": "/board"}


def test_what_was_put_into_the_table_by_hand_never_becomes_a_link(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        stored = db.get_one(SavedView, world.of_role[Role.MANAGER]["view_id"])
        stored.address = "javascript:alert(1)"
    for at in ("/views", "/board", f"/views/{world.of_role[Role.MANAGER]['view_id']}"):
        assert "javascript:" not in english(Role.MANAGER).get(at).get_data(as_text=True)


def test_a_page_that_a_role_may_not_open_is_no_view_for_it(app: Flask) -> None:
    with app.test_request_context():
        assert view_at("/board", Role.MANAGER) is not None
        assert view_at("/board", Role.OFFICIAL) is None


def test_no_page_knows_a_filter_that_views_forget() -> None:
    """What an address may say is kept or, like the page of a list, left behind on purpose."""
    kept_ones = {name for _, filters in PAGES.values() for name in filters}
    left_behind = {"page", "q"}
    sources = ("board_place", "map_filters", "outlook", "ledger", "sponsorships", "follow_ups")
    for source in sources:
        text = (WEB / f"{source}.py").read_text()
        read = set(re.findall(r'request\.args(?:\.get\(|\[)"(\w+)"', text))
        several = re.findall(r"request\.args\.get\(name, .*?\) for name in \((.*?)\)", text)
        read |= {name for names in several for name in re.findall(r'"(\w+)"', names)}
        assert read <= kept_ones | left_behind, source


def test_what_the_demonstration_keeps_opens(app: Flask, world: World) -> None:
    people = [
        Person(world.accounts[role][0], role.value, role, areas)
        for role, areas in ((Role.COORDINATOR, ("33.72", "33.11")), (Role.MANAGER, ("",)))
    ]
    cast = Cast(world.own["branch_id"], *people)
    with unit_of_work(app.extensions["outreach"].engine) as db, app.test_request_context():
        keep_views(db, cast, now=datetime(2026, 11, 20, 4, tzinfo=UTC), today=date(2026, 11, 20))
        for person in people:
            stored = views_of(db, person.account_id)[:-1]  # the last is the world's own
            views = [view_at(one.address, person.role) for one in stored]
            known = known_to(db, person, filter(None, views))
            assert len(stored) > 1
            assert [view and known.opens(view) for view in views] == [True] * len(stored)
            assert [view and view.address for view in views] == [one.address for one in stored]


@pytest.mark.browser
def test_a_map_is_kept_as_it_is_looked_at_when_it_is_kept(
    app: Flask, browser: Browser, english: Callable[[Role], Visitor]
) -> None:
    visitor = english(Role.MANAGER)
    visitor.get("/")
    cookie = visitor.get_cookie("outreach")
    assert cookie is not None
    with serving(app) as address:
        context = browser.new_context(base_url=address)
        told = [("outreach", cookie.value), ("language", "en")]
        context.add_cookies([{"name": n, "value": v, "url": address} for n, v in told])
        page = context.new_page()
        page.goto("/map")
        # What the frame tells the page while somebody looks around.
        looked = "/map?area=33.72&layer=gap#12.50/-7.5666/110.8200"
        page.evaluate("to => history.replaceState(null, '', to)", looked)
        page.locator(".views summary").click()
        page.get_by_label("Save this view as").fill("Kesenjangan Solo")
        page.locator(".views button").click()
        expect(page.get_by_role("status").first).to_contain_text("Saved as “Kesenjangan Solo”.")
        page.goto("/views")
        link = page.get_by_role("link", name="Kesenjangan Solo", exact=True)
        expect(link).to_have_attribute("href", looked)
        context.close()
