"""A phone asks whether a picture is wanted before it sends the whole of it over a thin line."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import select

from outreach.db import reading
from outreach.logbook.tables import Evidence
from outreach.people.tables import Role
from outreach.web.our_page import OUR_PAGE
from tests.logbook.pictures import drawn, written
from tests.web.planned import engine_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

GOOD = written(drawn((40, 30)))
SHA = hashlib.sha256(GOOD).hexdigest()
MISSING = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def phone(english: Callable[[Role], Visitor]) -> Visitor:
    return english(Role.OFFICIAL)


def ask(phone: Visitor, item_id: str, report_id: str, **told: str) -> Any:
    about = {"report_id": report_id, "kind": "photo", **told}
    answer = phone.get(f"/api/v1/evidence/{item_id}", query_string=about)
    assert answer.status_code == 200, answer.text
    (one,) = answer.get_json()["answers"]
    assert one["id"] == item_id
    return one


def send(phone: Visitor, item_id: str, report_id: str, content: bytes = GOOD) -> Any:
    answer = phone.put(
        f"/api/v1/evidence/{item_id}",
        query_string={"report_id": report_id, "kind": "photo"},
        data=content,
        headers=dict((OUR_PAGE,)),
    )
    return answer.get_json()["answers"][0]


def test_a_picture_is_wanted_until_it_is_there(phone: Visitor, world: World, app: Flask) -> None:
    item_id, report_id = str(uuid.uuid4()), world.own["report_id"]
    assert ask(phone, item_id, report_id, sha256=SHA) == {
        "id": item_id,
        "outcome": "wanted",
        "message": "",
        "reason": "",
        "problems": {},
        "words": {},
    }
    with reading(engine_of(app)) as db:
        assert item_id not in db.exec(select(Evidence.id)).all()
    assert send(phone, item_id, report_id)["outcome"] == "accepted"
    for written_so in (SHA, SHA.upper()):
        assert ask(phone, item_id, report_id, sha256=written_so)["outcome"] == "duplicate"
    for unknown in ("", "x" * 64, SHA[1:]):
        assert ask(phone, item_id, report_id, sha256=unknown)["outcome"] == "wanted"


def test_asking_answers_what_sending_would(phone: Visitor, world: World) -> None:
    taken, report_id = str(uuid.uuid4()), world.own["report_id"]
    send(phone, taken, report_id)
    other = written(drawn((80, 60)))
    sha = hashlib.sha256(other).hexdigest()
    fresh = str(uuid.uuid4())
    cases = [
        (taken, report_id, "conflict", "other_picture"),
        (fresh, report_id, "conflict", "picture_there"),
        (fresh, MISSING, "held", "waits_for_its_report"),
        (fresh, world.foreign["report_id"], "rejected", "not_found"),
        (fresh, "nothing", "rejected", "invalid"),
    ]
    for item_id, about, outcome, reason in cases:
        told = ask(phone, item_id, about, sha256=sha)
        assert (told["outcome"], told["reason"]) == (outcome, reason)
        assert told["message"]
        assert told == send(phone, item_id, about, other)


def test_a_known_picture_of_another_report_is_no_repeat(phone: Visitor, world: World) -> None:
    item_id = str(uuid.uuid4())
    send(phone, item_id, world.own["report_id"])
    told = ask(phone, item_id, world.own["report_id"], kind="signature")
    assert (told["outcome"], told["reason"]) == ("conflict", "other_picture")
