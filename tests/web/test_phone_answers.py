"""What an official's phone answers, and what it tells of itself meanwhile."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.logbook.tables import TakenItem
from outreach.people.devices import digest_of, new_token
from outreach.people.tables import AccountArea, Device, Role
from outreach.visits.offers import offers
from outreach.visits.tables import Visit, Work
from outreach.web import phone_inbox
from outreach.web.our_page import OUR_PAGE
from tests.visits.world import NOW
from tests.web.planned import engine_of, hang_clock
from tests.web.state_of_phone import state
from tests.web.world import OWN_VILLAGE

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from flask import Flask
    from sqlmodel import Session

    from outreach.planning.insertion import Place
    from tests.web.asked import Asked
    from tests.web.conftest import Visitor
    from tests.web.world import World

    type LogIn = Callable[[Role], Visitor]


@pytest.fixture
def phone(app: Flask, english: LogIn) -> Visitor:
    """The phone of the official of the own village, some weeks before its visit."""
    hang_clock(app)
    return english(Role.OFFICIAL)


@pytest.fixture
def asked_phone(phone: Visitor, asked: Asked, world: World, app: Flask) -> Visitor:
    """A phone whose village awaits its official's answer."""
    with unit_of_work(asked.engine) as db:
        code = db.get_one(Visit, asked.visit_id).village_code
        if code != OWN_VILLAGE:
            db.add(AccountArea(account_id=world.accounts[Role.OFFICIAL][0], code=code))
    return phone


def item(visit: Any, answer: str, **other: Any) -> dict[str, Any]:
    told = {"id": str(uuid.uuid4()), "visit_id": visit["id"], "version": visit["version"]}
    return {**told, "answer": answer, "place": "", "reason": "", **other}


def post(phone: Visitor, *items: object, **envelope: Any) -> Any:
    body = {"sent_at": "2026-11-02T02:00:00Z", "unsent": 0, "answers": items, **envelope}
    return phone.post("/api/v1/answers", json=body, headers=dict((OUR_PAGE,)))


def answers(phone: Visitor, *items: object) -> Any:
    answer = post(phone, *items)
    assert answer.status_code == 200, answer.text
    return answer.get_json()["answers"]


def test_a_visit_that_waits_offers_days_and_one_of_them_can_be_chosen(
    asked_phone: Visitor, asked: Asked
) -> None:
    visit = next(one for one in state(asked_phone)["visits"] if one["id"] == asked.visit_id)
    assert "answer" in visit["can"]
    assert [one["place"] for one in visit["openings"]] == asked.places()
    wanted = visit["openings"][-1]
    (told,) = answers(asked_phone, item(visit, "another_day", place=wanted["place"]))
    assert (told["outcome"], told["message"]) == ("accepted", "Accepted")
    after = asked.now()
    assert (after.work, after.day.isoformat()) == (Work.CONFIRMED, wanted["day"])
    assert f"{after.starts_at:%H:%M}" == wanted["starts_at"]


def test_an_answer_that_came_too_late_shows_how_the_visit_stands_and_what_is_free(
    asked_phone: Visitor, asked: Asked
) -> None:
    visit = next(one for one in state(asked_phone)["visits"] if one["id"] == asked.visit_id)
    with unit_of_work(asked.engine) as db:
        db.get_one(Visit, asked.visit_id).version += 1
    (told,) = answers(asked_phone, item(visit, "can"))
    assert (told["outcome"], told["reason"]) == ("conflict", "changed_meanwhile")
    assert told["message"].startswith("Somebody else changed this first.")
    assert told["version"] == visit["version"] + 1
    assert [one["place"] for one in told["openings"]] == asked.places()
    (told,) = answers(asked_phone, item(visit, "can", version=told["version"]))
    assert told["outcome"] == "accepted"


def test_an_answer_that_came_too_late_is_told_to_the_branch(
    asked_phone: Visitor, asked: Asked, english: LogIn
) -> None:
    visit = next(one for one in state(asked_phone)["visits"] if one["id"] == asked.visit_id)
    path = f"/visits/{asked.visit_id}"
    branch = english(Role.COORDINATOR)
    late = "Answers that came too late"
    assert late not in branch.get(path).text
    answers(asked_phone, item({**visit, "version": 99}, "can"))
    shown = branch.get(path).text
    assert late in shown
    why = "The visit had been changed before it came."
    assert why in shown
    answers(asked_phone, item(visit, "can"))
    assert branch.get(path).text.count(why) == 1


def test_one_bad_answer_never_sinks_the_others(
    asked_phone: Visitor, asked: Asked, world: World
) -> None:
    visit = next(one for one in state(asked_phone)["visits"] if one["id"] == asked.visit_id)
    foreign = item({"id": world.foreign["visit_id"], "version": 1}, "can")
    wordless = item(visit, "no")
    good = item(visit, "can")
    told = answers(asked_phone, "nonsense", foreign, wordless, good, good)
    assert [one["outcome"] for one in told] == ["rejected"] * 3 + ["accepted", "duplicate"]
    assert [one["id"] for one in told] == ["", foreign["id"], wordless["id"], *[good["id"]] * 2]
    assert told[1]["message"] == "There is nothing here, or it lies outside your area."
    assert told[2]["words"] == {"reason": ["Please fill this in."]}
    assert told[2]["message"] == "Please fill this in."


@pytest.mark.parametrize("wrong", ["2.0", "2", 2.5, True, None])
def test_a_number_that_is_none_is_refused_and_nothing_is_noted(
    asked_phone: Visitor, asked: Asked, wrong: object
) -> None:
    visit = next(one for one in state(asked_phone)["visits"] if one["id"] == asked.visit_id)
    # As text, the visit's own number reads as a number in one place and as none in another.
    number = wrong.replace("2", str(visit["id"])) if isinstance(wrong, str) else wrong
    (told,) = answers(asked_phone, item({"id": number, "version": 99}, "can"))
    assert (told["outcome"], told["words"]) == (
        "rejected",
        {"visit_id": ["Please enter a whole number."]},
    )
    with reading(asked.engine) as db:
        assert db.exec(select(TakenItem)).all() == []


def test_many_answers_that_came_too_late_cost_the_planner_one_look(
    asked_phone: Visitor, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    def counted(db: Session, visit_id: int, *, today: date) -> tuple[Place, ...]:
        looked.append(visit_id)
        return offers(db, visit_id, today=today)

    monkeypatch.setattr(phone_inbox, "offers", counted)
    visit = next(one for one in state(asked_phone)["visits"] if one["id"] == asked.visit_id)
    stale = {**visit, "version": visit["version"] + 50}
    told = answers(asked_phone, *(item(stale, "can") for _ in range(100)))
    most = phone_inbox.MOST_TO_ONE_VISIT
    assert [one["outcome"] for one in told] == ["conflict"] * most + ["held"] * (100 - most)
    assert all([one["place"] for one in late["openings"]] == asked.places() for late in told[:most])
    assert looked == [asked.visit_id]
    later = answers(asked_phone, told_again := item(stale, "can"))
    assert (later[0]["id"], later[0]["outcome"]) == (told_again["id"], "conflict")


def test_no_more_visits_are_looked_for_than_the_phone_shows_days_of(
    asked_phone: Visitor, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_inbox, "MOST_WITH_OPENINGS", 0)
    visit = next(one for one in state(asked_phone)["visits"] if one["id"] == asked.visit_id)
    (told,) = answers(asked_phone, item({**visit, "version": 99}, "can"))
    assert told["outcome"] == "conflict"
    assert "openings" not in told


@pytest.mark.parametrize("body", [None, 7, [], {}, {"answers": {}}, {"answers": [{}] * 101}])
def test_what_is_no_envelope_is_refused_as_json(phone: Visitor, body: Any) -> None:
    answer = phone.post("/api/v1/answers", json=body, headers=dict((OUR_PAGE,)))
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid")


@pytest.mark.parametrize(
    ("unsent", "sent_at", "kept"),
    [
        (7, "2026-11-02T02:10:00Z", (7, 600)),
        (0, "2019-01-01T00:00:00+07:00", (0, -247_309_200)),
        ("many", "yesterday", (None, None)),
        (-3, None, (None, None)),
        (10**30, "2026-11-02T02:00:00Z", (None, 0)),
    ],
)
def test_a_phone_tells_what_it_still_holds_and_how_its_clock_goes(
    phone: Visitor,
    client: Visitor,
    world: World,
    app: Flask,
    unsent: Any,
    sent_at: Any,
    kept: tuple[int | None, int | None],
) -> None:
    token = new_token()
    with unit_of_work(engine_of(app)) as db:
        account_id = world.accounts[Role.OFFICIAL][0]
        device = Device(account_id=account_id, token_hash=digest_of(token), enrolled_at=NOW)
        db.add(device)
        db.flush()
        device_id = device.id
    client.set_cookie("phone", token)
    assert post(client, unsent=unsent, sent_at=sent_at).status_code == 200
    with unit_of_work(engine_of(app)) as db:
        device = db.get_one(Device, device_id)
        assert (device.unsent, device.skew_seconds) == kept
        assert device.last_seen_at == NOW
