"""Pictures that an official's phone sends."""

from __future__ import annotations

import uuid
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from outreach.db import unit_of_work
from outreach.logbook.tables import Evidence
from outreach.people.tables import Role
from outreach.web.app import create_app
from outreach.web.our_page import OUR_PAGE
from tests.logbook.pictures import drawn, film, of_camera, written
from tests.web.planned import engine_of, hang_clock
from tests.web.state_of_phone import state

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from outreach.config import Settings
    from tests.web.conftest import Visitor
    from tests.web.world import World

    type LogIn = Callable[[Role], Visitor]


@pytest.fixture
def phone(app: Flask, english: LogIn) -> Visitor:
    """The phone of the official of the own village, some weeks before its visit."""
    hang_clock(app)
    return english(Role.OFFICIAL)


def put(phone: Visitor, world: World, content: bytes, kind: str = "photo", **other: Any) -> Any:
    report_id = other.pop("report_id", world.own["report_id"])
    return phone.put(
        f"/api/v1/evidence/{other.pop('item_id', uuid.uuid4())}",
        query_string={"report_id": report_id, "kind": kind},
        data=content,
        headers=dict((OUR_PAGE,)),
        content_type="image/jpeg",
    )


def test_a_picture_is_taken_once_and_shown_without_what_the_camera_wrote(
    phone: Visitor, login_as: LogIn, world: World
) -> None:
    item_id = str(uuid.uuid4())
    for outcome in ("accepted", "duplicate"):
        (told,) = put(phone, world, of_camera(), item_id=item_id).get_json()["answers"]
        assert (told["id"], told["outcome"]) == (item_id, outcome)
    for role in (Role.OFFICIAL, Role.COORDINATOR):
        shown = login_as(role).get(f"/evidence/{item_id}")
        assert shown.status_code == 200
        assert shown.content_type == "image/jpeg"
        assert shown.headers["Content-Disposition"] == "inline"
        assert shown.headers["Content-Security-Policy"].startswith("default-src 'none'; sandbox;")
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
        assert shown.headers["Cache-Control"].startswith("private")
        assert shown.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        again = Image.open(BytesIO(shown.data))
        assert (again.format, again.size, dict(again.getexif())) == ("JPEG", (300, 400), {})
    assert state(phone)["reports"][0]["photo"] is True


def test_those_who_only_read_what_was_counted_see_no_picture(
    login_as: LogIn, world: World, app: Flask
) -> None:
    with unit_of_work(engine_of(app)) as db:
        visit_id = db.get_one(Evidence, world.own["evidence_id"]).visit_id
    for path in (f"/my/reports/{world.own['report_id']}", f"/visits/{visit_id}"):
        page = login_as(Role.MANAGER).get(path)
        assert page.status_code == 200
        assert "/evidence/" not in page.text
    for role in (Role.MANAGER, Role.ADMIN):
        shown = login_as(role).get(f"/evidence/{world.own['evidence_id']}")
        assert shown.status_code == 403
        assert not shown.content_type.startswith("image/")


def test_the_pictures_stand_on_the_pages_of_the_report(
    phone: Visitor, english: LogIn, world: World, app: Flask
) -> None:
    with unit_of_work(engine_of(app)) as db:
        visit_id = db.get_one(Evidence, world.own["evidence_id"]).visit_id
    address = f'src="/evidence/{world.own["evidence_id"]}"'
    assert address in phone.get(f"/my/reports/{world.own['report_id']}").text
    assert address in english(Role.COORDINATOR).get(f"/visits/{visit_id}").text
    with unit_of_work(engine_of(app)) as db:
        db.get_one(Evidence, world.own["evidence_id"]).content = b""
    assert address not in phone.get(f"/my/reports/{world.own['report_id']}").text
    assert phone.get(f"/evidence/{world.own['evidence_id']}").status_code == 404
    assert state(phone)["reports"][0]["signature"] is False


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<svg/>", "This is no picture that can be opened. Take it again."),
        (b"", "This is no picture that can be opened. Take it again."),
        (b"x" * 700_000, "This picture is larger than 600 kB."),
        (film("PNG"), "This is a film. Please send a picture that stands still."),
    ],
)
def test_what_is_no_picture_is_refused_in_words(
    phone: Visitor, world: World, content: bytes, words: str
) -> None:
    answer = put(phone, world, content)
    assert answer.status_code == 200
    (told,) = answer.get_json()["answers"]
    assert (told["outcome"], told["message"]) == ("rejected", words)


def test_what_no_phone_sends_is_refused_before_it_is_read(phone: Visitor, world: World) -> None:
    answer = put(phone, world, b"x" * 3_000_000)
    assert (answer.status_code, answer.is_json) == (413, True)


@pytest.mark.parametrize(
    ("other", "outcome", "problems"),
    [
        ({"report_id": "nothing"}, "rejected", {"report_id"}),
        ({"kind": "film"}, "rejected", {"kind"}),
        ({"report_id": "00000000-0000-4000-8000-000000000000"}, "held", set()),
    ],
)
def test_a_picture_says_what_it_belongs_to(
    phone: Visitor, world: World, other: dict[str, Any], outcome: str, problems: set[str]
) -> None:
    (told,) = put(phone, world, written(drawn()), **other).get_json()["answers"]
    assert (told["outcome"], set(told["words"])) == (outcome, problems)
    assert told["message"]


def test_a_foreign_report_takes_no_picture(phone: Visitor, world: World) -> None:
    report_id = world.foreign["report_id"]
    (told,) = put(phone, world, written(drawn()), report_id=report_id).get_json()["answers"]
    assert (told["outcome"], told["reason"]) == ("rejected", "not_found")


def test_an_installation_that_wants_no_photos_takes_none_but_signatures(
    settings: Settings, world: World, app: Flask
) -> None:
    strict = create_app(settings.model_copy(update={"accept_photos": False}))
    strict.test_client_class = app.test_client_class
    hang_clock(strict)
    phone: Any = strict.test_client()
    phone.log_in(world.accounts[Role.OFFICIAL]).set_cookie("language", "en")
    assert state(phone)["photos"] is False
    (told,) = put(phone, world, written(drawn())).get_json()["answers"]
    assert (told["outcome"], told["message"]) == ("rejected", "Photos are not collected here.")
    with unit_of_work(engine_of(strict)) as db:
        db.delete(db.get_one(Evidence, world.own["evidence_id"]))
    (told,) = put(phone, world, written(drawn()), "signature").get_json()["answers"]
    assert told["outcome"] == "accepted"
    engine_of(strict).dispose()
