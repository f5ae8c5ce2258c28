"""The list of officials' phones: anybody of the area is found, and codes passed on are noted."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.messages.tables import Message, MessageState
from outreach.people.tables import Device, Enrolment, Official, Role
from outreach.villages.tables import Village
from outreach.visits.tables import Visit, Work
from tests.maps.map_app import serving
from tests.web.planned import words_of
from tests.web.world import OWN_VILLAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from playwright.sync_api import Browser, Page
    from sqlmodel import Session

    from tests.web.conftest import Visitor
    from tests.web.world import World

    LogIn = Callable[[Role], Visitor]

LIST = "/officials/phones"
SRIWEDARI, KARANGASEM, MAS = "33.72.01.1006", "33.72.01.1011", "33.72.01.1003"


@pytest.fixture
def write(app: Flask) -> Any:
    return lambda: unit_of_work(app.extensions["outreach"].engine)


def add(db: Session, *names: str, village: str = OWN_VILLAGE, **told: Any) -> None:
    db.add_all(Official(name=name, village_code=village, position="Kasi", **told) for name in names)


def names_in(page: Any) -> list[str]:
    return re.findall(r"#phone-title\">([^<]+)</a>", page.text)


def test_a_phone_is_found_where_no_visit_comes_and_cut_off_from_the_list(
    app: Flask, english: LogIn, world: World, write: Any
) -> None:
    desk = english(Role.COORDINATOR)
    with write() as db:
        db.get_one(Visit, world.own["visit_id"]).work = Work.CANCELLED
        db.get_one(Official, world.foreign["official_id"]).name = "Sri dari Sukoharjo"
        add(db, "Wagiman")
    found = desk.get(f"{LIST}?q=Bu+Sri")
    assert names_in(found) == ["Sri Lestari"]
    assert "Sri Lestari" in words_of(desk.get("/officials?q=Bu+Sri"))
    assert f"/officials/phones/{world.foreign['device_id']}/lost" not in desk.get(LIST).text
    (action,) = re.findall(r'action="(/officials/phones/\d+/lost)"', found.text)
    assert action == f"/officials/phones/{world.own['device_id']}/lost"
    assert desk.send(action).status_code == 303
    with reading(app.extensions["outreach"].engine) as db:
        assert db.get_one(Device, world.own["device_id"]).revoked_at is not None
        assert db.get_one(Device, world.foreign["device_id"]).revoked_at is None
    assert action not in desk.get(f"{LIST}?q=Bu+Sri").text


def test_who_left_office_by_the_calendar_is_listed_while_a_phone_speaks(
    english: LogIn, world: World, write: Any
) -> None:
    desk = english(Role.COORDINATOR)
    over = datetime.now(UTC).date() - timedelta(days=3)
    with write() as db:
        db.get_one(Official, world.own["official_id"]).term_ends = over
        add(db, "Dwi Lama", term_ends=over)
    shown = desk.get(LIST)
    assert names_in(shown) == ["Sri Lestari"]
    assert "not in office" in words_of(shown)
    desk.send(f"/officials/phones/{world.own['device_id']}/lost")
    assert names_in(desk.get(LIST)) == []


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("sri", ["Sri Lestari", "Sri Akhir", "Tono"]),  # who is called so, before who lives there
        ("pak tono", ["Tono"]),
        ("Kel. Sriwedari", ["Tono"]),
        ("Ibu", ["Ibu Kota"]),  # nothing else was typed: then it is looked for
        ("33.72.01.1001 lestari", ["Sri Lestari"]),
        ("%", []),
        ("kepala desa", ["Warsito"]),  # not the "Kepala Dusun"
        ("Kepala Desa Karangasem", ["Warsito"]),
        ("desa sri", ["Tono"]),  # the place, not whoever is called so
        ("pak desa mas", ["Lastri"]),  # a village called Mas, not who is called so
        ("mas", ["Mas Said", "Lastri"]),
        ("bu hj. sri kel. pajang", ["Sri Lestari"]),
    ],
)
def test_people_are_looked_for_as_they_are_spoken_of(
    english: LogIn, write: Any, words: str, found: list[str]
) -> None:
    desk = english(Role.COORDINATOR)
    with write() as db:
        add(db, "Tono", village=SRIWEDARI)
        add(db, "Sri Akhir", village=KARANGASEM)
        add(db, "Ibu Kota")
        db.add(Official(name="Warsito", village_code=KARANGASEM, position="Kepala Desa"))
        db.add(Official(name="Ngadiman", village_code=KARANGASEM, position="Kepala Dusun"))
        db.get_one(Village, MAS).name = "Mas"
        add(db, "Lastri", village=MAS)
        add(db, "Mas Said")
    assert names_in(desk.get(LIST, query_string={"q": words})) == found


def test_visits_coming_are_first_and_many_come_by_pages(
    english: LogIn, world: World, write: Any
) -> None:
    desk = english(Role.COORDINATOR)
    with write() as db:
        add(db, *(f"Warga {number:03d}" for number in range(120)))
        db.get_one(Official, world.own["official_id"]).village_code = SRIWEDARI
        visit = db.get_one(Visit, world.own["visit_id"])
        visit.village_code, visit.work = SRIWEDARI, Work.CONFIRMED
        visit.day = datetime.now(UTC).date() + timedelta(days=5)
    first, last = desk.get(LIST), desk.get(f"{LIST}?page=3")
    assert names_in(first)[:2] == ["Sri Lestari", "Warga 000"]
    assert len(names_in(first)) == 50
    assert "121 officials. 1 awaits a visit; 0 of them have neither" in words_of(first)
    assert names_in(last)[-1] == "Warga 119"
    assert len(names_in(last)) == 21
    assert desk.get(f"{LIST}?page=9").location == f"{LIST}?page=3"
    assert names_in(desk.get(f"{LIST}?coming=yes")) == ["Sri Lestari"]
    searched = desk.get(f"{LIST}?q=warga&show=none&page=2")
    assert "q=warga" in re.findall(r'rel="next" href="([^"]+)"', searched.text)[0]
    given = re.findall(r'name="official" value="(\d+)"', searched.text)
    done = desk.send(f"{LIST}/codes", {"official": given, "q": "warga"})
    assert done.location == f"{LIST}?q=warga&show=code"
    assert "“warga” fits 120 officials" in words_of(desk.get(done.location))


def note(desk: Visitor, world: World, code_id: int, tap: bool = False) -> Any:
    path = f"/officials/{world.own['official_id']}/code" + ("?from=tap" if tap else "")
    return desk.send(path, {"act": "passed_on", "code_id": str(code_id), "back": LIST})


def newest(app: Flask) -> Enrolment:
    with reading(app.extensions["outreach"].engine) as db:
        found = db.exec(select(Enrolment).order_by(col(Enrolment.id).desc())).first()
        assert found is not None
        return found


def test_a_code_passed_on_is_noted_until_there_is_a_new_one(
    app: Flask, english: LogIn, world: World, code: str
) -> None:
    desk, official = english(Role.COORDINATOR), f"/officials/{world.own['official_id']}"
    first = newest(app)
    for page in (official, LIST):
        assert f'data-tap="passed-{first.id}"' in desk.get(page).text
        assert "passed on at" not in words_of(desk.get(page))
        assert "Read out or shown: note it" in words_of(desk.get(page))
    assert note(desk, world, first.id or 0, tap=True).status_code == 204
    assert newest(app).sent_at is not None
    for page in (official, LIST):
        assert "code passed on at" in words_of(desk.get(page))
        assert "Read out or shown: note it" not in words_of(desk.get(page))
    desk.send(f"{official}/code", {"act": "renew"})
    assert newest(app).sent_at is None
    assert "code passed on at" not in words_of(desk.get(LIST))
    # The page was open before: neither its tap nor its button notes the new code, and both say so.
    refused = note(desk, world, first.id or 0, tap=True)
    assert (refused.status_code, refused.mimetype) == (409, "text/plain")
    assert "not open any more" in refused.text
    assert "not open any more" not in words_of(desk.get(LIST))
    assert note(desk, world, first.id or 0).location == LIST
    assert newest(app).sent_at is None
    assert "not open any more" in words_of(desk.get(LIST))
    assert note(desk, world, newest(app).id or 0).location == LIST
    assert "passed on at" in words_of(desk.get(LIST))


def test_nobody_elses_code_is_noted(
    app: Flask, english: LogIn, world: World, write: Any, code: str
) -> None:
    desk, mine = english(Role.COORDINATOR), newest(app)
    path = f"/officials/{world.foreign['official_id']}/code"
    told = {"act": "passed_on", "code_id": str(mine.id)}
    assert desk.send(path, told).status_code == 404
    with write() as db:
        db.get_one(Enrolment, mine.id).official_id = world.foreign["official_id"]
    assert note(desk, world, mine.id or 0).status_code == 303
    for wrong in ("", "x", "0", "99999999999"):
        told = {"act": "passed_on", "code_id": wrong}
        assert desk.send(f"/officials/{world.own['official_id']}/code", told).status_code == 303
    assert newest(app).sent_at is None
    foreign = {**told, "back": "//elsewhere.example"}
    done = desk.send(f"/officials/{world.own['official_id']}/code", foreign)
    assert done.location.startswith("/officials/")


@pytest.fixture
def page(app: Flask, login_as: LogIn, browser: Browser) -> Iterator[Page]:
    visitor = login_as(Role.COORDINATOR)
    visitor.get("/")
    cookie = visitor.get_cookie("outreach")
    assert cookie is not None
    with serving(app) as address:
        context = browser.new_context(base_url=address, viewport={"width": 360, "height": 740})
        context.add_cookies(
            [
                {"name": "outreach", "value": cookie.value, "url": address},
                {"name": "language", "value": "en", "url": address},
            ]
        )
        context.route("https://wa.me/**", lambda route: route.fulfill(body="WhatsApp"))
        yield context.new_page()
        context.close()


@pytest.mark.browser
def test_the_tap_that_opens_whatsapp_notes_it(app: Flask, page: Page, code: str) -> None:
    page.goto(LIST)
    with page.expect_popup() as opened, page.expect_response(re.compile("from=tap")):
        page.get_by_role("link", name=re.compile("WhatsApp.*Sri Lestari")).click()
    assert opened.value.url.startswith("https://wa.me/")
    page.get_by_text("Noted: the code is passed on.").wait_for()
    assert page.get_by_role("button", name="Read out or shown").count() == 0
    assert newest(app).sent_at is not None
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.browser
@pytest.mark.parametrize(
    ("path", "why"),
    [
        (LIST, "not open any more"),
        ("/officials/{official_id}", "not open any more"),
        ("/messages", "has been settled meanwhile"),
    ],
)
def test_a_tap_that_comes_too_late_is_told_where_it_was_made(
    app: Flask, page: Page, world: World, write: Any, code: str, path: str, why: str
) -> None:
    page.goto(path.format(**world.own))
    with write() as db:
        db.get_one(Enrolment, newest(app).id).withdrawn_at = datetime.now(UTC)
        db.get_one(Message, world.own["message_id"]).state = MessageState.DROPPED
    link = page.locator("[data-tap]").first
    for _again in range(2):
        with page.expect_popup(), page.expect_response(re.compile("from=tap")):
            link.click()
        page.locator("[data-tap] + [role=alert]").wait_for()
    assert page.locator("[role=alert]", has_text=why).count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.reload()
    assert page.get_by_text(why).count() == 0
