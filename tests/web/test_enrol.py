"""The public page on which a phone becomes an official's own, and the cookie it gives."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from limits import parse
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.people.devices import digest_of
from outreach.people.tables import Device, Enrolment, Role
from outreach.web.app import create_app
from outreach.web.enrol import label_of
from outreach.web.our_page import OUR_PAGE
from tests.web.conftest import Visitor
from tests.web.connected import devices, planted, serve_until
from tests.web.planned import words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from outreach.config import Settings
    from tests.web.world import World

    LogIn = Callable[[Role], Visitor]


ANDROID = "Mozilla/5.0 (Linux; Android 8.1.0; SM-J250F Build/M1AJB) Chrome/120 Mobile"


def connect(phone: Visitor, code: str) -> Any:
    assert phone.get(f"/e/{code}").status_code == 200
    return phone.send(f"/e/{code}", headers={"User-Agent": ANDROID})


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
    statuses = [phone.get("/e/7aaaaaaaa").status_code for _ in range(30)]
    statuses += [phone.send("/e/7aaaaaaaa").status_code for _ in range(31)]
    assert statuses == [404] * 60 + [429]
    for refused in (phone.get("/e/7aaaaaaaa"), phone.send("/e/7aaaaaaaa")):
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) > 0
    # Behind a carrier's one address others guess; who has the right code does not wait for them.
    assert phone.get(f"/e/{code}").status_code == 200
    assert phone.send(f"/e/{code}").location == "/phone/"


def test_when_the_whole_country_guesses_only_who_has_not_is_let_in(
    app: Flask, phone: Visitor, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outreach.web.enrol.WRONG_FROM_EVERYWHERE", parse("70 per hour"))
    statuses = [phone.get("/e/7aaaaaaaa").status_code for _ in range(71)]
    assert statuses == [404] * 60 + [429] * 11
    assert phone.get(f"/e/{code}").status_code == 429
    elsewhere = {"environ_base": {"REMOTE_ADDR": "203.0.113.7"}}
    assert app.test_client().get(f"/e/{code}", **elsewhere).status_code == 200


def test_a_stranger_ends_nobodys_code_and_its_giver_sees_the_guesses(
    app: Flask, phone: Visitor, code: str, english: LogIn, world: World
) -> None:
    desk = english(Role.COORDINATOR)
    page = f"/officials/{world.own['official_id']}"
    for _ in range(10):
        phone.get(f"/e/{code[:-8]}aaaaaaaa")
    assert "Somebody guesses" not in words_of(desk.get(page))
    for _ in range(15):
        phone.get(f"/e/{code[:-8]}aaaaaaaa")
    assert enrolment(app).tries == 25
    assert "Somebody guesses at this code: 25 wrong tries" in words_of(desk.get(page))
    assert connect(phone, code).location == "/phone/"


def test_out_of_office_a_code_opens_nothing_until_the_term_is_renewed(
    app: Flask, phone: Visitor, code: str, world: World
) -> None:
    serve_until(app, world, date(2020, 1, 1))
    for answer in (phone.get(f"/e/{code}"), phone.send(f"/e/{code}")):
        assert answer.status_code == 403
        assert "The official is not in office" in words_of(answer)
        assert "Sri Lestari" not in words_of(answer)
    assert devices(app, world) == []
    serve_until(app, world, None)
    assert connect(phone, code).location == "/phone/"


def test_what_goes_wrong_is_logged_without_the_code(
    app: Flask,
    phone: Visitor,
    code: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def break_down(*_given: object, **_more: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("outreach.web.enrol.enrol", break_down)
    phone.get(f"/e/{code}")
    app.testing, app.config["PROPAGATE_EXCEPTIONS"] = False, False
    assert phone.send(f"/e/{code}").status_code == 500
    assert "Exception on /e/<enrol_code> [POST]" in caplog.text
    assert "RuntimeError" in caplog.text
    assert code not in caplog.text


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
    assert "has not sent yet stays on this phone" in shown
    assert phone.send(f"/e/{code}", {"sure": "yes"}).location == "/phone/"
    with reading(app.extensions["outreach"].engine) as db:
        former = db.exec(select(Device).where(Device.token_hash == digest_of(token))).one()
        assert former.revoked_at is not None
    assert phone.get("/my").status_code == 200


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
