"""The coordinator gives an official a code for ODK Collect, and downloads the form for others."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from pyxform.xls2xform import convert
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.people.odk_keys import holder_of_key
from outreach.people.tables import Account, Device, DeviceKind, Official, Role
from outreach.web.coordinator_odk import settings_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.web.conftest import Visitor
    from tests.web.world import World

type LogIn = Callable[[Role], Visitor]


def given(page: str) -> str:
    """The address on the page that a key was given on."""
    found = re.search(r'value="(http://localhost/key/[A-Za-z0-9_-]{43})"', page)
    assert found
    return found[1]


def give(coordinator: Visitor, official_id: int) -> TestResponse:
    """Have a key made; the page that shows it."""
    made = coordinator.send(f"/officials/{official_id}/odk")
    assert made.status_code == 303
    assert "/key/" not in made.text + made.location
    return coordinator.get(made.location)


def devices(app: Flask, official_id: int) -> list[Device]:
    with reading(app.extensions["outreach"].engine) as db:
        account_id = db.get_one(Official, official_id).account_id
        whose = Device.account_id == account_id, Device.kind == DeviceKind.ODK
        query = select(Device).where(*whose).order_by(col(Device.id))
        return list(db.exec(query))


def count_devices(app: Flask) -> int:
    with reading(app.extensions["outreach"].engine) as db:
        return len(db.exec(select(Device)).all())


def test_a_key_is_shown_once_and_opens_the_form(
    app: Flask, english: LogIn, client: Visitor, world: World
) -> None:
    coordinator, official_id = english(Role.COORDINATOR), world.own["official_id"]
    path = f"/officials/{official_id}/odk"
    assert "/key/" not in coordinator.get(path).text
    page = give(coordinator, official_id)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    address = given(page.text)
    assert "data:image/svg+xml" in page.text
    assert client.get(f"{address}/formList").status_code == 200
    (device,) = devices(app, official_id)
    key = address.rpartition("/")[2]
    assert device.kind is DeviceKind.ODK
    assert key not in repr(device)
    with reading(app.extensions["outreach"].engine) as db:
        holder = holder_of_key(db, key, datetime.now(UTC))
        assert holder is not None
        assert (holder.person.role, holder.device_id) == (Role.OFFICIAL, device.id)
        assert holder.person.areas == (world.own["code"],)


def test_a_new_key_ends_the_old_one(
    app: Flask, english: LogIn, client: Visitor, world: World
) -> None:
    coordinator, official_id = english(Role.COORDINATOR), world.own["official_id"]
    old, new = (given(give(coordinator, official_id).text) for _ in range(2))
    assert client.get(f"{old}/formList").status_code == 404
    assert client.get(f"{new}/formList").status_code == 200
    assert [one.revoked_at is None for one in devices(app, world.own["official_id"])] == [
        False,
        True,
    ]


def test_the_page_of_a_key_loaded_anew_makes_no_other_one(
    app: Flask, english: LogIn, client: Visitor, world: World
) -> None:
    coordinator, official_id = english(Role.COORDINATOR), world.own["official_id"]
    page = give(coordinator, official_id)
    again = coordinator.get(page.request.full_path)
    assert again.status_code == 200
    assert "/key/" not in again.text
    assert "The code was shown already" in again.text
    assert len(devices(app, official_id)) == 1
    assert client.get(f"{given(page.text)}/formList").status_code == 200


def test_a_key_is_shown_on_no_page_of_another_official(
    app: Flask, english: LogIn, world: World
) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        other = Official(village_code=world.own["code"], name="Carik", position="Carik")
        db.add(other)
        db.flush()
        path = f"/officials/{other.id}/odk"
    coordinator = english(Role.COORDINATOR)
    coordinator.send(f"/officials/{world.own['official_id']}/odk")
    page = coordinator.get(path)
    assert page.status_code == 200
    assert "/key/" not in page.text


def test_a_lost_phone_is_cut_off_like_any_other(
    app: Flask, english: LogIn, client: Visitor, world: World
) -> None:
    coordinator, official_id = english(Role.COORDINATOR), world.own["official_id"]
    address = given(give(coordinator, official_id).text)
    page = coordinator.get(f"/officials/{official_id}").text
    assert "ODK Collect or KoboCollect</span>" in page
    (device,) = devices(app, official_id)
    coordinator.send(f"/officials/phones/{device.id}/lost")
    assert client.get(f"{address}/formList").status_code == 404


def test_a_key_is_no_cookie_of_the_phones_page(
    english: LogIn, client: Visitor, world: World
) -> None:
    page = give(english(Role.COORDINATOR), world.own["official_id"])
    client.set_cookie("phone", given(page.text).rpartition("/")[2])
    assert client.get("/api/v1/phone").status_code == 401


@pytest.mark.parametrize("why", ["left office", "closed account"])
def test_who_cannot_report_gets_no_key(app: Flask, english: LogIn, world: World, why: str) -> None:
    coordinator, official_id = english(Role.COORDINATOR), world.own["official_id"]
    before = count_devices(app)
    with unit_of_work(app.extensions["outreach"].engine) as db:
        official = db.get_one(Official, official_id)
        if why == "left office":
            official.is_active = False
        else:
            official.account_id = world.accounts[Role.OFFICIAL][0]
            db.get_one(Account, official.account_id).is_active = False
    answer = coordinator.send(f"/officials/{official_id}/odk")
    assert answer.status_code == 303
    assert "/key/" not in coordinator.get(answer.location).text
    assert count_devices(app) == before


def test_the_code_holds_settings_as_collect_reads_them() -> None:
    code = settings_code("https://example.go.id/key/abc")
    assert json.loads(zlib.decompress(base64.b64decode(code))) == {
        "general": {
            "server_url": "https://example.go.id/key/abc",
            "form_update_mode": "match_exactly",
            "autosend": "wifi_and_cellular",
        },
        "admin": {},
        "project": {"name": "Outreach"},
    }


def test_the_form_and_its_visits_can_be_taken_to_another_server(
    english: LogIn, world: World
) -> None:
    coordinator = english(Role.COORDINATOR)
    page = coordinator.get("/data").text
    assert "/data/laporan_sesi.xlsx" in page
    workbook = coordinator.get("/data/laporan_sesi.xlsx")
    assert "laporan_sesi.xlsx" in workbook.headers["Content-Disposition"]
    # As pyxform, which every server of ODK and Kobo runs, reads the file.
    made = convert(workbook.data, file_type=".xlsx")
    assert 'id="laporan_sesi"' in made.xform
    assert "jr://file-csv/visits.csv" in made.xform
    rows = list(csv.DictReader(io.StringIO(coordinator.get("/data/visits.csv").text)))
    assert str(world.own["visit_id"]) in {row["name"] for row in rows}
    assert str(world.foreign["visit_id"]) not in {row["name"] for row in rows}
