"""Connecting a phone: the public page, the cookie it gives, and the coordinator's side of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.people.devices import digest_of, new_token
from outreach.people.enrolment import VALID, key_of, write_code
from outreach.people.tables import Account, Device, DeviceKind, Enrolment, Official, Role
from outreach.visits.tables import Visit, Work
from outreach.web.app import create_app
from outreach.web.enrol import label_of
from outreach.web.wall import OUR_PAGE
from tests.web.conftest import Visitor
from tests.web.planned import words_of
from tests.web.world import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from outreach.config import Settings
    from tests.web.world import World

    LogIn = Callable[[Role], Visitor]

ANDROID = "Mozilla/5.0 (Linux; Android 8.1.0; SM-J250F Build/M1AJB) Chrome/120 Mobile"


@pytest.fixture
def code(world: World) -> str:
    return str(world.own["enrol_code"])


@pytest.fixture
def phone(app: Flask) -> Visitor:
    """A stranger's phone that reads English."""
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.set_cookie("language", "en")
    return visitor


def connect(phone: Visitor, code: str) -> Any:
    assert phone.get(f"/e/{code}").status_code == 200
    return phone.send(f"/e/{code}", headers={"User-Agent": ANDROID})


def devices(app: Flask, world: World) -> list[Device]:
    """All phones that were connected by a code, without the one that the world has."""
    with reading(app.extensions["outreach"].engine) as db:
        query = select(Device).where(col(Device.id) > world.foreign["device_id"])
        return [one for one in db.exec(query) if one.kind is DeviceKind.PAGE]


def enrolment(app: Flask) -> Enrolment:
    with reading(app.extensions["outreach"].engine) as db:
        return db.exec(select(Enrolment).order_by(col(Enrolment.id))).one()


def change(app: Flask, **values: Any) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        row = db.exec(select(Enrolment)).one()
        for name, value in values.items():
            setattr(row, name, value)


def test_the_page_tells_whose_phone_it_will_be_and_uses_nothing_up(
    app: Flask, phone: Visitor, code: str, world: World
) -> None:
    for _ in range(2):
        page = phone.get(f"/e/{code}")
        assert page.status_code == 200
        assert phone.open(f"/e/{code}", method="HEAD").status_code == 200
    words = words_of(page)
    for told in ("Sri Lestari", "Lurah", "Pajang", "Surakarta", "Yes, this is my phone"):
        assert told in words
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert enrolment(app).used_at is None
    assert devices(app, world) == []


def test_the_button_connects_the_phone_and_leads_to_its_page(
    app: Flask, phone: Visitor, code: str, world: World
) -> None:
    done = connect(phone, code)
    assert (done.status_code, done.location) == (303, "/phone/")
    cookie = next(c for c in done.headers.getlist("Set-Cookie") if c.startswith("phone="))
    for told in ("HttpOnly", "SameSite=Lax", f"Max-Age={400 * 24 * 3600}", "Path=/"):
        assert told in cookie
    (device,) = devices(app, world)
    token = cookie.split("=", 1)[1].split(";")[0]
    assert (device.token_hash, device.label) == (digest_of(token), "Android 8, SM-J250F")
    assert phone.get("/my").status_code == 200
    assert "Sri Lestari" in words_of(phone.get("/my"))
    sent = phone.post("/api/v1/reports", json={"reports": []}, headers=dict((OUR_PAGE,)))
    assert sent.status_code == 200


def test_with_https_no_other_host_can_plant_the_cookie(settings: Settings, code: str) -> None:
    app = create_app(settings.model_copy(update={"https_only": True}))
    app.test_client_class = Visitor
    phone = app.test_client()
    assert isinstance(phone, Visitor)
    host = "https://localhost"
    page = phone.get(f"/e/{code}", base_url=host).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    # As browsers do under the page's Referrer-Policy.
    told = {"base_url": host, "headers": {"Referer": f"{host}/e/{code}"}}
    done = phone.post(f"/e/{code}", data={"csrf_token": token[1]}, **told)
    assert done.location == "/phone/"
    cookie = next(c for c in done.headers.getlist("Set-Cookie") if "phone=" in c)
    assert cookie.startswith("__Host-phone=")
    assert "Secure" in cookie
    assert phone.get("/my", base_url=host).status_code == 200
    app.extensions["outreach"].engine.dispose()


def test_nothing_from_before_survives_and_another_site_cannot_press_the_button(
    phone: Visitor, code: str
) -> None:
    assert phone.post(f"/e/{code}").status_code == 400
    with phone.session_transaction() as session:
        session["planted"] = "by somebody else"
    assert connect(phone, code).location == "/phone/"
    with phone.session_transaction() as session:
        assert dict(session) == {}


def test_who_never_heard_our_answer_presses_again(
    app: Flask, phone: Visitor, code: str, world: World
) -> None:
    phone.get(f"/e/{code}")
    kept = phone.get_cookie("outreach")
    assert kept
    first = phone.send(f"/e/{code}")
    assert first.location == "/phone/"
    phone.delete_cookie("phone")  # the answer was lost, and with it both cookies
    phone.set_cookie("outreach", kept.value)
    assert "Yes, this is my phone" in words_of(phone.get(f"/e/{code}"))
    assert phone.send(f"/e/{code}").location == "/phone/"
    assert phone.get("/my").status_code == 200
    assert len(devices(app, world)) == 1


def test_a_code_works_for_one_phone_only(app: Flask, phone: Visitor, code: str) -> None:
    assert connect(phone, code).status_code == 303
    other = app.test_client()
    assert isinstance(other, Visitor)
    other.set_cookie("language", "en")
    for answer in (other.get(f"/e/{code}"), other.send(f"/e/{code}")):
        assert answer.status_code == 410
        assert "This code has been used already" in words_of(answer)
        assert "Sri Lestari" not in words_of(answer)
        assert not any(c.startswith("phone=") for c in answer.headers.getlist("Set-Cookie"))
    again = phone.get(f"/e/{code}")  # the phone itself is led to its page
    assert (again.status_code, again.location) == (303, "/phone/")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"expires_at": datetime(2026, 11, 7, tzinfo=UTC)}, "This code has run out"),
        ({"withdrawn_at": datetime(2026, 11, 7, tzinfo=UTC)}, "This code has been taken back"),
        ({"tries": 20}, "This code has been blocked"),
    ],
)
def test_what_ended_a_code_is_told_with_what_to_do(
    app: Flask, phone: Visitor, code: str, world: World, values: dict[str, Any], words: str
) -> None:
    change(app, **values)
    for answer in (phone.get(f"/e/{code}"), phone.send(f"/e/{code}")):
        assert answer.status_code == 410
        told = words_of(answer)
        assert words in told
        assert "new" in told
        assert "Surakarta" in told
    assert devices(app, world) == []


def test_wrong_codes_tell_nothing_whatever_they_name(phone: Visitor, code: str) -> None:
    pages = set()
    for guess in (code[:-8] + "aaaaaaaa", "77aaaaaaaa", "zzzzzzzaaaaaaaa", "a", "x" * 900):
        answer = phone.get(f"/e/{guess}")
        words = words_of(answer)
        assert answer.status_code == 404
        assert "Sri Lestari" not in words
        assert "Surakarta" not in words
        pages.add(words)
        assert phone.send(f"/e/{guess}").status_code == 404
    assert len(pages) == 1


def test_a_code_is_typed_in_any_way(phone: Visitor, code: str) -> None:
    assert phone.get("/e").status_code == 200
    for way in (code.upper(), f"{code[:4]}-{code[4:8]} {code[8:]}", f"http://localhost/e/{code}"):
        answer = phone.send("/e", {"code": way})
        assert (answer.status_code, answer.location) == (303, f"/e/{code}")
    empty = phone.send("/e", {"code": " - "})
    assert empty.status_code == 422
    assert "Please type the code" in words_of(empty)
    assert phone.get(f"/e/{code.upper()}").status_code == 200


def test_one_place_cannot_guess_for_long_and_who_is_right_is_not_counted(
    phone: Visitor, code: str
) -> None:
    assert {phone.get(f"/e/{code}").status_code for _ in range(65)} == {200}
    statuses = [phone.get("/e/7aaaaaaaa").status_code for _ in range(61)]
    assert statuses == [404] * 60 + [429]
    refused = phone.get("/e/7aaaaaaaa")
    assert int(refused.headers["Retry-After"]) > 0


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.ADMIN])
def test_a_coordinator_is_not_made_the_official_by_mistake(
    app: Flask, english: LogIn, code: str, world: World, role: Role
) -> None:
    browser = english(role)
    for answer in (browser.get(f"/e/{code}"), browser.send(f"/e/{code}")):
        assert "is logged in on this device" in words_of(answer)
        assert "Yes, this is my phone" not in words_of(answer)
    assert devices(app, world) == []
    assert browser.get("/teams").status_code == 200
    assert browser.send(f"/e/{code}", {"sure": "yes"}).location == "/phone/"
    assert browser.get("/my").status_code == 200
    assert browser.get("/teams").status_code == 403


def test_a_phone_of_somebody_else_changes_hands_only_when_asked(
    app: Flask, phone: Visitor, code: str, world: World
) -> None:
    token = planted(app, world.foreign["official_id"])
    phone.set_cookie("phone", token)
    shown = words_of(phone.send(f"/e/{code}"))
    assert "Send them first" in shown
    assert phone.send(f"/e/{code}", {"sure": "yes"}).location == "/phone/"
    with reading(app.extensions["outreach"].engine) as db:
        former = db.exec(select(Device).where(Device.token_hash == digest_of(token))).one()
        assert former.revoked_at is not None
    assert phone.get("/my").status_code == 200


def planted(app: Flask, official_id: int, kind: DeviceKind = DeviceKind.PAGE) -> str:
    """Have enrolled a phone of an official; give its token."""
    token = new_token()
    with unit_of_work(app.extensions["outreach"].engine) as db:
        account_id = db.get_one(Official, official_id).account_id
        at = datetime.now(UTC)
        told: dict[str, Any] = {"account_id": account_id, "kind": kind, "enrolled_at": at}
        db.add(Device(token_hash=digest_of(token), **told))
    return token


def with_phone(app: Flask, world: World, kind: DeviceKind = DeviceKind.PAGE) -> Visitor:
    phone = app.test_client()
    assert isinstance(phone, Visitor)
    phone.set_cookie("language", "en")
    phone.set_cookie("phone", planted(app, world.own["official_id"], kind))
    return phone


def revoked(app: Flask) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for one in db.exec(select(Device)):
            one.revoked_at = datetime.now(UTC)


def closed(app: Flask) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for one in db.exec(select(Account).where(Account.role == Role.OFFICIAL)):
            one.is_active = False


def promoted(app: Flask) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for one in db.exec(select(Account).where(Account.role == Role.OFFICIAL)):
            one.role = Role.ADMIN


@pytest.mark.parametrize("end", [revoked, closed, promoted])
def test_a_phone_that_was_taken_back_opens_nothing(
    app: Flask, world: World, end: Callable[[Flask], None]
) -> None:
    phone = with_phone(app, world)
    assert phone.get("/my").status_code == 200
    end(app)
    page = phone.get("/my")
    assert (page.status_code, page.location) == (303, "/phone/")
    header = dict((OUR_PAGE,))
    for answer in (
        phone.get("/api/v1/phone"),
        phone.post("/api/v1/reports", json={"reports": []}, headers=header),
    ):
        assert answer.status_code == 401
        assert answer.get_json()["code"] == "device_revoked"
    for path in ("/admin/accounts", "/teams", "/desk"):
        assert phone.get(path).location == "/phone/"
    assert phone.get("/login").status_code == 200


def test_a_phone_may_what_its_official_may_and_nothing_else(app: Flask, world: World) -> None:
    phone = with_phone(app, world)
    own, foreign = world.own["visit_id"], world.foreign["visit_id"]
    assert phone.get(f"/my/visits/{own}/report").status_code == 200
    for number in (foreign, 999_999):
        assert phone.get(f"/my/visits/{number}/report").status_code == 404
    report: dict[str, Any] = {"id": "0199f3a0-0000-7000-8000-000000000001", "held_on": "2026-11-18"}
    report |= {"held_at": "09:00", "men": 3, "women": 4, "signups": 1}
    told = {"reports": [{**report, "visit_id": foreign}], "unsent": 7}
    sent = phone.post("/api/v1/reports", json=told, headers=dict((OUR_PAGE,))).get_json()
    assert sent["answers"][0]["outcome"] == "rejected"
    (device,) = devices(app, world)
    assert device.unsent == 7
    for path in ("/desk", "/officials", "/officials/phones", "/admin/accounts", "/map"):
        assert phone.get(path).status_code == 403


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "ä" * 43])
def test_a_token_that_is_none_of_ours_is_a_strangers(phone: Visitor, token: str) -> None:
    phone.set_cookie("phone", token)
    assert phone.get("/my").location.startswith("/login")
    assert phone.get("/api/v1/phone").get_json()["code"] == "login_required"


def test_the_key_of_another_program_is_no_cookie(app: Flask, world: World) -> None:
    assert with_phone(app, world, DeviceKind.ODK).get("/my").location.startswith("/login")


def test_logging_out_takes_the_phone_back(app: Flask, world: World) -> None:
    phone = with_phone(app, world)
    cookie = phone.get_cookie("phone")
    assert cookie
    answer = phone.send("/logout")
    assert answer.location == "/login"
    assert phone.get_cookie("phone") is None
    (device,) = devices(app, world)
    assert device.revoked_at is not None
    assert device.revoked_by == device.account_id
    phone.set_cookie("phone", cookie.value)
    assert phone.get("/my").location == "/phone/"


def test_logging_out_of_a_desk_leaves_the_phone_to_its_official(
    app: Flask, english: LogIn, world: World
) -> None:
    desk = english(Role.COORDINATOR)
    desk.set_cookie("phone", planted(app, world.own["official_id"]))
    assert desk.get("/teams").status_code == 200  # the login counts before the cookie
    desk.send("/logout")
    (device,) = devices(app, world)
    assert device.revoked_at is None


def test_contact_is_noted_and_at_most_once_a_minute(app: Flask, world: World) -> None:
    phone = with_phone(app, world)

    def seen() -> datetime | None:
        return devices(app, world)[0].last_seen_at

    phone.get("/my")
    first = seen()
    assert first is not None
    phone.get("/my")
    assert seen() == first
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for one in db.exec(select(Device)):
            one.last_seen_at = first - timedelta(minutes=2)
    phone.get("/my")
    assert seen() != first - timedelta(minutes=2)


def test_a_phone_in_use_never_forgets_its_token(app: Flask, world: World) -> None:
    phone = with_phone(app, world)

    def given(path: str) -> bool:
        cookies = phone.get(path).headers.getlist("Set-Cookie")
        return any(one.startswith("phone=") for one in cookies)

    assert given("/my")  # the first of the day
    assert not given("/my")
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for one in db.exec(select(Device)):
            one.last_seen_at = datetime.now(UTC) - timedelta(days=1)
    assert given("/api/v1/phone")
    phone.send("/logout")
    assert phone.get_cookie("phone") is None


def test_a_password_login_of_an_official_still_works(login_as: LogIn) -> None:
    assert login_as(Role.OFFICIAL).get("/my").status_code == 200


def official_page(world: World) -> str:
    return f"/officials/{world.own['official_id']}"


def test_the_officials_page_shows_the_code_in_every_form(
    app: Flask, english: LogIn, world: World, code: str
) -> None:
    desk = english(Role.COORDINATOR)
    page = desk.get(official_page(world))
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
    shown = words_of(page)
    assert "Tri Nugroho" in shown
    assert "Dwi Lama" not in shown
    assert away not in shown
    assert "Sri Lestari" not in words_of(desk.get("/officials/phones?show=none"))
    assert "Sri Lestari" in words_of(desk.get("/officials/phones?show=silent"))
    ids = re.findall(r'name="official" value="(\d+)"', page.text)
    assert len(ids) == 1
    done = desk.send("/officials/phones/codes", {"official": ids})
    after = desk.get(done.location)
    assert "1 code given" in words_of(after)
    assert "https://wa.me/6281234567890?text=" in after.text
    assert "Tri Nugroho" in words_of(after)


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
    shown = words_of(english(Role.ADMIN).get("/admin/accounts"))
    assert shown.count("By phone, without a password") == 2


@pytest.mark.parametrize(
    ("browser", "label"),
    [
        (ANDROID, "Android 8, SM-J250F"),
        ("Mozilla/5.0 (Linux; Android 10; K) Chrome/124 Mobile", "Android 10"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)", "iPhone"),
        ("curl/8", ""),
        ("", ""),
    ],
)
def test_a_phone_is_named_by_what_its_browser_tells(browser: str, label: str) -> None:
    assert label_of(browser) == label
