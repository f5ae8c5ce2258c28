"""The map's page, its table and its data: the same numbers, only of the person's own area."""

from __future__ import annotations

import html
import json
import re
import struct
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sqlmodel import select

from outreach.db import unit_of_work
from outreach.logbook.sync import take_in
from outreach.logbook.tables import SessionReport
from outreach.maps.artefacts import Store
from outreach.people.access import Person
from outreach.people.tables import Account, AccountArea, Role
from outreach.villages.tables import Village
from outreach.visits.tables import Result, Visit, Work
from outreach.web.map_data import GROUND_SECONDS, REREAD_SECONDS, MapData
from tests.web.world import FOREIGN_REGENCY, FOREIGN_VILLAGE, OWN_REGENCY, OWN_VILLAGE

if TYPE_CHECKING:
    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

type LogIn = Callable[[Role], Visitor]

SURAKARTA = 54


@pytest.fixture
def manager(login_as: LogIn) -> Visitor:
    return login_as(Role.MANAGER)


@pytest.fixture
def national(app: Flask, world: World, manager: Visitor) -> Visitor:
    """The manager, whose area is the whole nation now."""
    account_id = world.accounts[Role.MANAGER][0]
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for area in db.exec(select(AccountArea).where(AccountArea.account_id == account_id)):
            db.delete(area)
        db.add(AccountArea(account_id=account_id, code=""))
    return manager


def urls(client: Visitor, address: str = "/map") -> dict[str, str]:
    found = re.search(r'data-outreach-map="([^"]*)"', client.get(address).text)
    assert found
    told: dict[str, str] = json.loads(html.unescape(found[1]))
    return told


def log_a_session(app: Flask, world: World, which: dict[str, Any], signups: int = 4) -> None:
    """Report the open visit of a branch, as a phone does."""
    everywhere = Person(world.accounts[Role.COORDINATOR][0], "S", Role.COORDINATOR, ("",))
    report = {
        "id": str(uuid.uuid4()),
        "visit_id": which["visit_id"],
        "held_on": "2026-11-18",
        "held_at": "09:00",
        "men": 9,
        "women": 9,
        "signups": signups,
    }
    with unit_of_work(app.extensions["outreach"].engine) as db:
        (answer,) = take_in(db, [report], everywhere, datetime.now(UTC))
    assert answer.outcome == "accepted", answer


def states(body: bytes) -> tuple[int, list[int]]:
    assert body[:4] == b"OMS1"
    packed = np.frombuffer(body[12:], dtype=np.uint8)
    return struct.unpack("<Q", body[4:12])[0], (packed >> 6).tolist()


def test_the_page_holds_the_sandboxed_map_and_the_same_numbers(manager: Visitor) -> None:
    page = manager.get("/map").text
    frame = re.search(r"<iframe[^>]*>", page)
    assert frame
    assert 'sandbox="allow-scripts"' in frame[0]
    assert "allow-same-origin" not in page
    stats = manager.get(urls(manager)["stats"]).get_json()
    not_planned, planned, confirmed, reached, signups = stats["regencies"][OWN_REGENCY]
    assert not_planned + planned + confirmed + reached == SURAKARTA
    assert (confirmed, reached, signups) == (0, 1, 9)
    # The area of this manager is the regency, so its table lists the districts.
    rows = re.findall(r'<th scope="row"><a href="/map\?area=33\.72\.\d\d">', page)
    assert len(rows) == 5
    assert re.search(rf"<small>\D+{SURAKARTA}\D", page)


@pytest.mark.parametrize("address", ["/map", "/map/table", "/map/frame"])
@pytest.mark.parametrize("area", ["99", "33.99", "33.72.99"])
def test_an_area_that_is_in_no_registry_is_not_found(
    national: Visitor, address: str, area: str
) -> None:
    assert national.get(f"{address}?area={area}").status_code == 404


def test_a_regency_that_is_in_no_registry_has_no_details(national: Visitor) -> None:
    assert national.get("/map/details/99.99").status_code == 404


def test_the_table_brings_the_title_of_its_area(manager: Visitor) -> None:
    page = manager.get("/map?area=33.72.01").text
    title = re.search(r"<title>(.*?)</title>", page)
    told = re.search(r'data-title="(.*?)"', manager.get("/map/table?area=33.72.01").text)
    assert title
    assert told
    assert title[1] == told[1]


def test_the_table_drills_from_the_nation_to_the_village(national: Visitor) -> None:
    page = national.get("/map").text
    for step in ("33", "33.72", "33.72.01"):
        assert f'href="/map?area={step}"' in page
        page = national.get(f"/map?area={step}").text
        assert '<a href="/map">' in page
    assert f'href="/villages/{OWN_VILLAGE}"' in page
    leaf = national.get(f"/map?area={OWN_VILLAGE}")
    assert leaf.location.endswith(f"/villages/{OWN_VILLAGE}")
    assert national.get("/areas/3372").location.endswith("/map?area=33.72")


@pytest.mark.parametrize(
    "address",
    [
        "/map?area=33.11",
        "/map/table?area=33.11",
        "/map/frame?area=33.11",
        "/map/stats?area=33.11",
        "/areas/33.11",
        "/villages/33.11.01.2001",
        "/map?area=99",
        "/map?area=x",
        "/map?campaign=999999",
        "/map?campaign=x",
        "/map?kind=city",
        "/map/details/33.11",
        "/map/table?area=33.72.01.1001",
        "/map/changes?since=x",
        "/map/manifest.json",
        "/map/..%2Fsecret",
        "/villages/33.72",
        "/villages/x",
    ],
)
def test_foreign_and_missing_look_the_same(manager: Visitor, address: str) -> None:
    assert manager.get(address).status_code == 404


def test_the_data_hold_only_the_own_area(manager: Visitor, national: Visitor) -> None:
    whole = urls(national)
    stats = national.get(whole["stats"]).get_json()
    assert set(stats["regencies"]) == {OWN_REGENCY, FOREIGN_REGENCY}


def test_a_managers_own_area_is_all_the_data_there_is(manager: Visitor, world: World) -> None:
    own = urls(manager)
    assert set(manager.get(own["stats"]).get_json()["regencies"]) == {OWN_REGENCY}
    places = manager.get(own["places"]).data
    assert struct.unpack("<I", places[4:8])[0] == SURAKARTA
    assert len(states(manager.get(own["state"]).data)[1]) == SURAKARTA
    found = manager.get("/map/search?q=33").get_json()["results"]
    assert found
    assert all(result["code"].startswith(OWN_REGENCY) for result in found)
    details = manager.get(own["details"].replace("{code}", OWN_REGENCY)).get_json()
    assert len(details["villages"]) == SURAKARTA
    assert len(details["districts"]) == 5


def test_places_of_another_scope_are_not_given(
    national: Visitor, login_as: LogIn, world: World
) -> None:
    address = urls(national)["places"]
    assert national.get(address).status_code == 200
    coordinator = login_as(Role.COORDINATOR)
    assert coordinator.get(address).status_code == 404
    kept = coordinator.get(urls(coordinator)["places"])
    assert kept.headers["Cache-Control"] == "private, max-age=31536000, immutable"


def test_what_has_not_changed_is_not_sent_again(manager: Visitor, app: Flask, world: World) -> None:
    own = urls(manager)
    for name in ("stats", "state"):
        first = manager.get(own[name])
        again = manager.get(own[name], headers={"If-None-Match": first.headers["ETag"]})
        assert (first.status_code, again.status_code, again.data) == (200, 304, b"")
        assert "immutable" not in first.headers["Cache-Control"]
    tag = manager.get(own["stats"]).headers["ETag"]
    log_a_session(app, world, world.own)
    assert manager.get(own["stats"], headers={"If-None-Match": tag}).status_code == 200


def test_answers_are_packed_for_who_can_unpack(manager: Visitor) -> None:
    address = urls(manager)["details"].replace("{code}", OWN_REGENCY)
    assert (
        manager.get(address, headers={"Accept-Encoding": "br"}).headers["Content-Encoding"] == "br"
    )
    assert "Content-Encoding" not in manager.get(address).headers


def test_a_session_logged_now_shows_on_the_map(manager: Visitor, app: Flask, world: World) -> None:
    own = urls(manager)
    version, before = states(manager.get(own["state"]).data)
    asked = own["changes"].replace("{since}", str(version))
    assert manager.get(asked).status_code == 204
    log_a_session(app, world, world.foreign)
    assert manager.get(asked).get_json()["rows"] == []
    log_a_session(app, world, world.own, signups=8)
    started = time.monotonic()
    told = manager.get(asked).get_json()
    assert time.monotonic() - started < 1
    ((row, byte, signups),) = told["rows"]
    assert (row, byte >> 6, signups) == (0, 3, 17)
    assert told["regencies"][OWN_REGENCY][3:] == [1, 17]
    assert told["version"] > version
    after = states(manager.get(own["state"]).data)
    assert after == (told["version"], before)
    assert (
        manager.get(own["stats"]).get_json()["regencies"][OWN_REGENCY]
        == told["regencies"][OWN_REGENCY]
    )
    assert manager.get(own["changes"].replace("{since}", str(told["version"]))).status_code == 204
    assert "17" in manager.get("/map/table").text


def test_a_map_from_before_the_database_was_made_anew_starts_afresh(manager: Visitor) -> None:
    told = manager.get("/map/changes?since=999999").get_json()
    assert told["reload"] is True


def test_states_read_afresh_are_sent_although_no_history_tells_of_them(
    manager: Visitor, app: Flask, world: World, web_var: Any
) -> None:
    clock = [0.0]
    app.extensions["map_data"] = MapData(Store(web_var / "maps"), clock=lambda: clock[0])
    first = manager.get("/map/state")
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.get_one(Visit, world.own["visit_id"]).work = Work.CANCELLED
        for report in db.exec(select(SessionReport)):
            report.men = report.women = 0
            report.result = Result.NOT_MET
    clock[0] += REREAD_SECONDS + 1
    tag = {"If-None-Match": first.headers["ETag"]}
    again = manager.get("/map/state", headers=tag)
    assert (again.status_code, again.data == first.data) == (200, False)


def test_an_area_smaller_than_a_regency_has_its_villages_on_the_map(
    app: Flask, world: World, manager: Visitor
) -> None:
    account_id = world.accounts[Role.MANAGER][0]
    district = OWN_VILLAGE[:8]
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for area in db.exec(select(AccountArea).where(AccountArea.account_id == account_id)):
            db.delete(area)
        db.add(AccountArea(account_id=account_id, code=district))
    told = manager.get(f"/map/details/{OWN_REGENCY}").get_json()
    assert told["villages"]
    assert all(village[0].startswith(f"{district}.") for village in told["villages"])
    assert set(told["districts"]) == {district}
    assert manager.get(f"/map/details/{FOREIGN_REGENCY}").status_code == 404


def test_a_percentage_of_a_part_says_so(login_as: LogIn, national: Visitor) -> None:
    partial = 'class="hint part"'
    assert partial in login_as(Role.COORDINATOR).get("/map?area=33").text
    assert partial not in login_as(Role.COORDINATOR).get("/map").text
    assert partial not in national.get("/map?area=33").text


def test_a_campaign_narrows_the_map_and_the_table_alike(manager: Visitor, world: World) -> None:
    address = f"/map?campaign={world.own['campaign_id']}"
    own = urls(manager, address)
    assert sum(manager.get(own["stats"]).get_json()["regencies"][OWN_REGENCY][:4]) == 1
    assert len(states(manager.get(own["state"]).data)[1]) == 1
    table = manager.get(address).text
    assert table.count('<th scope="row"><a href="/map?') == 1
    assert f"campaign={world.own['campaign_id']}" in table
    desa = urls(manager, "/map?kind=desa")
    assert manager.get(desa["stats"]).get_json()["regencies"] == {}
    assert states(manager.get(desa["state"]).data)[1] == []
    assert manager.get("/map/frame?kind=desa").status_code == 200


def test_a_page_made_from_other_villages_is_told_to_load_again(manager: Visitor) -> None:
    answer = manager.get("/map/state?rows=places-0000000000000000.bin")
    assert answer.status_code == 409


def test_the_frame_may_fetch_nothing_and_has_a_nonce(manager: Visitor) -> None:
    frame = manager.get("/map/frame?area=33.72")
    policy = frame.headers["Content-Security-Policy"]
    assert "connect-src 'none'" in policy
    assert policy.startswith("sandbox allow-scripts")
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce
    assert f'nonce="{nonce[1]}"' in frame.text
    assert OWN_VILLAGE not in frame.text


def test_the_scripts_of_the_frame_need_no_login(client: Visitor, manager: Visitor) -> None:
    for address in re.findall(r'"(/map/assets/[^"]+)"', manager.get("/map/frame").text):
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"].startswith("public")
        assert "Cross-Origin-Resource-Policy" not in answer.headers


def test_without_built_shapes_the_numbers_are_still_there(
    manager: Visitor, app: Flask, tmp_path: Any
) -> None:
    app.extensions["map_data"] = MapData(Store(tmp_path))
    page = manager.get("/map")
    assert page.status_code == 200
    assert "<iframe" not in page.text
    assert "33.72.01" in page.text


def test_a_registry_loaded_again_is_noticed(manager: Visitor, app: Flask, web_var: Any) -> None:
    clock = [0.0]
    app.extensions["map_data"] = MapData(Store(web_var / "maps"), clock=lambda: clock[0])
    before = urls(manager)["places"]
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.get_one(Village, OWN_VILLAGE).latitude += 0.5
    assert urls(manager)["places"] == before
    clock[0] += GROUND_SECONDS + 1
    assert urls(manager)["places"] != before


@pytest.mark.parametrize("role", [Role.OFFICIAL, Role.COORDINATOR, Role.MANAGER])
def test_the_page_of_a_village_is_for_all_who_may_see_it(
    login_as: LogIn, world: World, role: Role
) -> None:
    client = login_as(role)
    page = client.get(f"/villages/{OWN_VILLAGE}").text
    assert OWN_VILLAGE in page
    assert world.own["report_id"] in page
    assert page.count("<article") == 2
    dotless = client.get("/villages/3372011001")
    assert dotless.location.endswith(f"/villages/{OWN_VILLAGE}")
    assert client.get(f"/villages/{FOREIGN_VILLAGE}").status_code == 404
    may_report = f"/my/visits/{world.own['visit_id']}/report" in page
    assert may_report == (role is not Role.MANAGER)


def test_an_approximate_place_is_marked(manager: Visitor, app: Flask) -> None:
    address = f"/villages/{OWN_VILLAGE}"
    plain = manager.get(address).text.count('class="tag warn"')
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.get_one(Village, OWN_VILLAGE).place_is_approximate = True
    assert manager.get(address).text.count('class="tag warn"') == plain + 1


def test_a_hostile_name_stays_text_everywhere(manager: Visitor, app: Flask) -> None:
    name = '</script><img src=x onerror=alert(1)>${alert(1)}`"'
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.get_one(Village, OWN_VILLAGE).name = name
    for address in (f"/villages/{OWN_VILLAGE}", "/map?area=33.72.01"):
        page = manager.get(address).text
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page


def test_search_finds_within_the_own_area(manager: Visitor, login_as: LogIn) -> None:
    assert f"/villages/{OWN_VILLAGE}" in manager.get(f"/villages?q={OWN_VILLAGE}").text
    assert f"/villages/{FOREIGN_VILLAGE}" not in manager.get(f"/villages?q={FOREIGN_VILLAGE}").text
    assert manager.get("/villages").status_code == 200
    assert login_as(Role.ADMIN).get("/villages").status_code == 403


def test_a_person_without_an_area_sees_nothing(app: Flask, world: World, manager: Visitor) -> None:
    account_id = world.accounts[Role.MANAGER][0]
    with unit_of_work(app.extensions["outreach"].engine) as db:
        assert db.get_one(Account, account_id).role is Role.MANAGER
        for area in db.exec(select(AccountArea).where(AccountArea.account_id == account_id)):
            db.delete(area)
    assert manager.get("/map").status_code == 200
    assert manager.get("/map/stats").get_json()["regencies"] == {}
