"""The coordinator's side of phones: giving codes, seeing who has none, cutting lost ones off."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.people.devices import digest_of
from outreach.people.enrolment import VALID, key_of, write_code
from outreach.people.tables import Device, DeviceKind, Enrolment, Official, Role
from outreach.visits.tables import Visit, Work
from tests.web.connected import devices, planted, with_phone
from tests.web.planned import words_of
from tests.web.world import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

    LogIn = Callable[[Role], Visitor]


def official_page(world: World) -> str:
    return f"/officials/{world.own['official_id']}"


def test_the_officials_page_shows_the_code_in_every_form(
    app: Flask, english: LogIn, world: World, code: str
) -> None:
    desk = english(Role.COORDINATOR)
    page = desk.get(official_page(world))
    assert page.headers["Cache-Control"] == "no-store"
    assert f"http://localhost/e/{code}" in page.text
    assert re.search(r'<img src="data:image/svg\+xml[^"]+"', page.text)
    assert "img-src 'self' data:" in page.headers["Content-Security-Policy"]
    assert "https://wa.me/" in page.text
    assert f"{code[:-8]}-{code[-8:-4]}-{code[-4:]}" in words_of(page)
    text = re.search(r"<textarea[^>]*id=\"phone-text\"[^>]*>(.*?)</textarea>", page.text, re.DOTALL)
    assert text
    assert "Yth. Bapak/Ibu Sri Lestari" in text[1]
    assert "Kelurahan Pajang" in text[1]
    assert "Kantor Cabang Surakarta" in text[1]
    assert "Berlaku sampai" in text[1]


def act(desk: Visitor, world: World, what: str) -> str:
    done = desk.send(official_page(world) + "/code", {"act": what})
    assert done.location == official_page(world) + "#phone-title"
    return words_of(desk.get(official_page(world)))


def test_codes_are_renewed_taken_back_and_given(
    app: Flask, english: LogIn, world: World, code: str, phone: Visitor
) -> None:
    desk = english(Role.COORDINATOR)
    shown = act(desk, world, "renew")
    assert "The old one opens nothing any more" in shown
    assert f"/e/{code}" not in shown
    assert phone.get(f"/e/{code}").status_code == 410
    assert "Give a code for another phone" in act(desk, world, "withdraw")
    assert "until" in act(desk, world, "give")
    with reading(app.extensions["outreach"].engine) as db:
        newest = db.exec(select(Enrolment).order_by(col(Enrolment.id).desc())).first()
        assert newest is not None
        assert newest.expires_at - newest.issued_at == VALID
        assert phone.get(f"/e/{write_code(newest, key_of(SECRET))}").status_code == 200


def test_a_lost_phone_is_cut_off_with_one_click(app: Flask, english: LogIn, world: World) -> None:
    phone = with_phone(app, world)
    (device,) = devices(app, world)
    desk = english(Role.COORDINATOR)
    done = desk.send(f"/officials/phones/{device.id}/lost")
    assert done.location == official_page(world) + "#phone-title"
    shown = words_of(desk.get(official_page(world)))
    assert "The phone is cut off" in shown
    assert "cut off on" in shown
    assert phone.get("/my").location == "/phone/"
    assert desk.send(f"/officials/phones/{world.foreign['device_id']}/lost").status_code == 404


def test_leaving_office_cuts_the_phones_off(app: Flask, english: LogIn, world: World) -> None:
    phone = with_phone(app, world)
    desk = english(Role.COORDINATOR)
    desk.send(official_page(world) + "/serving", {"serves": "no", "version": "1"})
    assert phone.get("/my").location == "/phone/"
    assert "No phone can be connected" in words_of(desk.get(official_page(world)))
    refused = desk.send(official_page(world) + "/code", {"act": "give"})
    assert refused.status_code == 303
    assert "is not in office" in words_of(desk.get(official_page(world)))


def test_the_list_tells_who_has_no_phone_where_visits_come(
    app: Flask, english: LogIn, world: World
) -> None:
    desk = english(Role.COORDINATOR)
    with unit_of_work(app.extensions["outreach"].engine) as db:
        visit = db.get_one(Visit, world.own["visit_id"])
        visit.day, visit.work = datetime.now(UTC).date() + timedelta(days=5), Work.CONFIRMED
        told: dict[str, Any] = {"village_code": visit.village_code, "position": "Carik"}
        db.add(Official(name="Tri Nugroho", phone="+6281234567890", **told))
        db.add(Official(name="Dwi Lama", is_active=False, **told))
        away = db.get_one(Official, world.foreign["official_id"]).name = "Orang Sukoharjo"
    page = desk.get("/officials/phones")
    assert page.headers["Cache-Control"] == "no-store"
    shown = words_of(page)
    assert "Tri Nugroho" in shown
    assert "Dwi Lama" not in shown
    assert away not in shown
    assert "Sri Lestari" not in words_of(desk.get("/officials/phones?show=none"))
    assert "Sri Lestari" in words_of(desk.get("/officials/phones?show=silent"))  # for a fortnight
    ids = re.findall(r'name="official" value="(\d+)"', page.text)
    assert len(ids) == 1
    done = desk.send("/officials/phones/codes", {"official": ids})
    after = desk.get(done.location)
    assert "1 code given" in words_of(after)
    assert "https://wa.me/6281234567890?text=" in after.text
    assert "Tri Nugroho" in words_of(after)


def test_what_was_just_given_is_not_silent_and_a_key_of_odk_never_is(
    app: Flask, english: LogIn, world: World
) -> None:
    desk, engine = english(Role.COORDINATOR), app.extensions["outreach"].engine

    def shown_at() -> list[str]:
        tabs = ("none", "code", "odk", "silent", "in_use")
        pages = {tab: words_of(desk.get(f"/officials/phones?show={tab}")) for tab in tabs}
        return [tab for tab, page in pages.items() if "Sri Lestari" in page]

    with unit_of_work(engine) as db:
        visit = db.get_one(Visit, world.own["visit_id"])
        visit.day, visit.work = datetime.now(UTC).date() + timedelta(days=5), Work.CONFIRMED
        db.get_one(Device, world.own["device_id"]).revoked_at = datetime.now(UTC)
    assert shown_at() == ["code"]
    key = planted(app, world.own["official_id"], DeviceKind.ODK)
    with unit_of_work(engine) as db:
        odk = db.exec(select(Device).where(Device.token_hash == digest_of(key))).one()
        odk.enrolled_at = datetime.now(UTC) - timedelta(days=30)
    assert shown_at() == ["odk"]
    assert "key given, not used yet" in words_of(desk.get("/officials/phones?show=odk"))
    assert app.test_client().get(f"/key/{key}/formList").status_code == 200
    assert "last contact" in words_of(desk.get("/officials/phones?show=odk"))
    planted(app, world.own["official_id"])
    assert shown_at() == ["in_use"]


def test_codes_for_all_are_refused_for_foreign_officials(
    app: Flask, english: LogIn, world: World
) -> None:
    desk = english(Role.COORDINATOR)
    for number in (world.foreign["official_id"], 999_999):
        told = {"official": [str(world.own["official_id"]), str(number)]}
        assert desk.send("/officials/phones/codes", told).status_code == 404
    with reading(app.extensions["outreach"].engine) as db:
        assert len(db.exec(select(Enrolment)).all()) == 1


def test_the_administrator_sees_which_accounts_have_no_password(
    english: LogIn, world: World
) -> None:
    admin = english(Role.ADMIN)
    shown = words_of(admin.get("/admin/accounts"))
    assert "By phone, without a password" not in shown
    assert "2 accounts more that only a phone opens" in shown
    shown = words_of(admin.get("/admin/accounts?phones=1"))
    assert shown.count("By phone, without a password") == 2
