"""The page behind a link: answers without an account, tells strangers nothing, forgets no rule."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from pydantic import ValidationError
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select

from outreach.config import Settings
from outreach.db import unit_of_work
from outreach.people.officials import OfficialIn, add_official
from outreach.people.tables import Role, Team
from outreach.villages.tables import Village
from outreach.visits.answers import answer_by_link
from outreach.visits.lifecycle import Author, settle
from outreach.visits.links import issue_links, key_of, live_links, token_of
from outreach.visits.offers import offers, place_key
from outreach.visits.tables import (
    Channel,
    ConfirmationLink,
    Happening,
    Visit,
    VisitEvent,
    Work,
)
from outreach.web import confirm
from tests.visits.world import NOW, TODAY
from tests.web.planned import coordinator, hang_clock, words_of
from tests.web.planned import plan as plan_stage
from tests.web.world import SECRET, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.planning.insertion import Place
    from tests.web.conftest import Visitor

KEY = key_of(SECRET)
PHONE = "+6281234567890"


@dataclass(frozen=True)
class Asked:
    """A visit that waits for its village, and the address that it was sent."""

    engine: Engine
    visit_id: int
    token: str
    village: str

    @property
    def path(self) -> str:
        return f"/k/{self.token}"

    def now(self) -> Visit:
        with unit_of_work(self.engine) as db:
            return db.get_one(Visit, self.visit_id)

    def places(self) -> list[str]:
        with unit_of_work(self.engine) as db:
            return [place_key(one) for one in offers(db, self.visit_id, today=TODAY)]

    def lines(self) -> list[VisitEvent]:
        with unit_of_work(self.engine) as db:
            query = select(VisitEvent).where(VisitEvent.visit_id == self.visit_id)
            return list(db.exec(query.order_by(col(VisitEvent.id))))


@pytest.fixture
def asked(app: Flask, world: World) -> Asked:
    """The first visit of a plan that was published as a whole."""
    stage, by = plan_stage(app, world), coordinator(app, world)
    with unit_of_work(stage.engine) as db:
        visits = db.exec(
            select(Visit).where(Visit.stage_id == stage.stage_id, Visit.work == Work.PROPOSED)
        ).all()
        for visit in visits:
            visit.work = Work.AWAITING
        ids = [visit.id or 0 for visit in visits]
        issue_links(db, ids, NOW)
        first = min(visits, key=lambda one: (one.day, one.team_id, one.slot))
        db.get_one(Team, first.team_id).phone = PHONE
        told = {"village_code": first.village_code, "name": "Sri Wahyuni", "position": "Lurah"}
        add_official(db, OfficialIn.model_validate({**told, "phone": "0813 9876 5432"}), by=by)
        link = live_links(db, ids, NOW)[first.id or 0]
        village = db.get_one(Village, first.village_code).name
    return Asked(stage.engine, first.id or 0, token_of(link, KEY), village)


@pytest.fixture
def villager(client: Visitor) -> Visitor:
    client.set_cookie("language", "en")
    return client


def test_the_page_tells_what_the_village_has_to_know_and_nobodys_name(
    villager: Visitor, asked: Asked
) -> None:
    page = villager.get(asked.path)
    words = words_of(page)
    visit = asked.now()
    assert page.status_code == 200
    for told in (asked.village, "WIB", "Tim Satu", "Surakarta", str(visit.day.year), PHONE):
        assert told in words
    assert "Sri Wahyuni" not in words
    assert "98765432" not in words
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert "Set-Cookie" not in page.headers


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_messengers_preview_answers_nothing(villager: Visitor, asked: Asked, method: str) -> None:
    before = asked.lines()
    for query in ("", "?answer=can", "?answer=no&reason=x"):
        assert villager.open(asked.path + query, method=method).status_code == 200
    assert asked.lines() == before
    assert asked.now().work is Work.AWAITING


def test_yes_by_the_page_without_any_token_of_a_form(villager: Visitor, asked: Asked) -> None:
    sent = villager.post(asked.path, data={"answer": "can"})
    assert (sent.status_code, sent.location) == (303, asked.path)
    words = words_of(villager.get(asked.path))
    assert "Thank you, we have your answer" in words
    assert "Your answer: We can" in words
    assert "The session is settled:" in words
    assert asked.now().work is Work.CONFIRMED
    last = asked.lines()[-1]
    assert (last.happening, last.channel, last.account_id) == (
        Happening.CONFIRMED,
        Channel.LINK,
        None,
    )


def test_a_login_in_the_same_browser_counts_for_nothing(
    english: Callable[[Role], Visitor], asked: Asked
) -> None:
    english(Role.COORDINATOR).post(asked.path, data={"answer": "can"})
    assert asked.lines()[-1].account_id is None


def test_every_other_form_still_needs_its_token(
    english: Callable[[Role], Visitor], asked: Asked
) -> None:
    browser = english(Role.COORDINATOR)
    refused = browser.post(f"/visits/{asked.visit_id}/link", data={"act": "withdraw"})
    assert refused.status_code == 400


def test_a_day_that_is_offered_is_settled_with_a_tap(villager: Visitor, asked: Asked) -> None:
    offered = re.findall(r'name="place" value="([^"]+)"', villager.get(asked.path).text)
    assert offered == asked.places()
    assert len(offered) == 3
    data = {"answer": "another_day", "place": offered[1]}
    assert villager.post(asked.path, data=data).status_code == 303
    visit = asked.now()
    team, day, _, minute = offered[1].split(".")
    assert (str(visit.team_id), visit.day.isoformat()) == (team, day)
    assert visit.starts_at == time(*divmod(int(minute), 60))
    assert visit.work is Work.CONFIRMED
    assert "The session is settled:" in words_of(villager.get(asked.path))


def test_a_day_that_went_meanwhile_brings_fresh_ones(villager: Visitor, asked: Asked) -> None:
    gone = f"{asked.now().team_id}.2027-03-01.1.540"
    page = villager.post(asked.path, data={"answer": "another_day", "place": gone})
    assert page.status_code == 409
    assert "That day has just been given away" in words_of(page)
    fresh = re.findall(r'name="place" value="([^"]+)"', page.text)
    assert fresh == asked.places()
    assert '<details name="answer" class="other" open>' in page.text
    assert asked.now().work is Work.AWAITING


def test_a_wish_is_kept_for_the_branch_that_calls(villager: Visitor, asked: Asked) -> None:
    data = {"answer": "another_day", "reason": "setelah panen"}
    assert villager.post(asked.path, data=data).status_code == 303
    assert "The branch office calls you" in words_of(villager.get(asked.path))
    assert asked.now().work is Work.AWAITING
    assert asked.lines()[-1].reason == "setelah panen"


def test_a_no_keeps_its_reason_and_gives_the_day_back(villager: Visitor, asked: Asked) -> None:
    offered = re.findall(r'name="reason" value="([^"]+)"', villager.get(asked.path).text)
    assert len(offered) >= 4
    data = {"answer": "no", "reason": unescape(offered[0])}
    assert villager.post(asked.path, data=data).status_code == 303
    assert asked.now().work is Work.POSTPONED
    assert asked.lines()[-1].reason == "Harvest or planting time"
    assert "Your answer: We cannot" in words_of(villager.get(asked.path))


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("", "Please fill this in."),
        ("KTP saya 3372011503890001", "identity number"),
        ("x" * 1001, "At most 1,000 characters."),
    ],
)
def test_a_bad_reason_is_said_and_what_was_typed_stays(
    villager: Visitor, asked: Asked, reason: str, said: str
) -> None:
    page = villager.post(asked.path, data={"answer": "no", "reason": reason})
    assert page.status_code == 422
    assert said in words_of(page)
    assert f">{reason}</textarea>" in page.text
    assert asked.now().work is Work.AWAITING


@pytest.mark.parametrize("data", [{}, {"answer": "perhaps"}, {"answer": "no", "place": "x"}])
def test_a_form_nobody_made_changes_nothing(
    villager: Visitor, asked: Asked, data: dict[str, str]
) -> None:
    assert villager.post(asked.path, data=data).status_code == 422
    assert asked.now().work is Work.AWAITING


def test_the_same_answer_again_is_harmless_and_another_is_refused_kindly(
    villager: Visitor, asked: Asked
) -> None:
    villager.post(asked.path, data={"answer": "can"})
    before = asked.lines()
    assert villager.post(asked.path, data={"answer": "can"}).status_code == 303
    refused = villager.post(asked.path, data={"answer": "no", "reason": "panen"})
    assert refused.status_code == 409
    words = words_of(refused)
    assert "An answer had come before, and it stays as it is." in words
    assert "Your answer: We can" in words
    assert PHONE in words
    assert asked.lines() == before


def _nothing_is_told(page: Any, asked: Asked) -> None:
    words = words_of(page)
    visit = asked.now()
    for secret in (asked.village, visit.village_code, str(visit.day.day), PHONE, "Surakarta"):
        assert secret not in words


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_wrong_link_is_told_kindly_and_tells_nothing(
    villager: Visitor, asked: Asked, method: str
) -> None:
    swapped = asked.token[:-1] + ("a" if asked.token[-1] != "a" else "b")
    bodies = set()
    for token in (swapped, asked.token.upper(), asked.token + "a", "a" * 17, "x", "b" + "a" * 16):
        page = villager.open(f"/k/{token}", method=method, data={"answer": "can"})
        assert page.status_code == 404
        assert "We do not know this link" in words_of(page)
        _nothing_is_told(page, asked)
        bodies.add(page.text.replace(f"/k/{token}", ""))
    assert len(bodies) == 1
    assert asked.now().work is Work.AWAITING


def test_wrong_links_cost_the_same_whether_their_number_is_given_out_or_not(
    villager: Visitor, asked: Asked
) -> None:
    villager.get(asked.path)  # whether this is a demonstration is asked twice a minute
    asks: list[str] = []
    event.listen(
        asked.engine, "before_cursor_execute", lambda *told: asks.append(str(told[2])[:60])
    )
    costs = []
    for token in (asked.token[:-16] + "a" * 16, "zzzzz" + "a" * 16, "nothing at all"):
        asks.clear()
        villager.get(f"/k/{token}")
        costs.append([told for told in asks if "confirmation_link" in told or "SELECT" in told])
    assert costs[0] == costs[1] == costs[2]
    assert len(costs[0]) == 1


def test_guessing_is_stopped_and_shuts_nobody_out_who_has_a_link(
    villager: Visitor, asked: Asked
) -> None:
    statuses = [villager.get(f"/k/a{'a' * 16}").status_code for _ in range(102)]
    assert statuses == [404] * 100 + [429] * 2
    assert villager.get(asked.path).status_code == 200
    assert villager.open(asked.path, method="POST", data={"answer": "can"}).status_code == 303


def test_one_link_is_not_opened_without_end_and_looking_whether_it_is_there_is_cheap(
    villager: Visitor, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    def counted(db: Session, visit_id: int, *, today: date) -> tuple[Place, ...]:
        looked.append(visit_id)
        return offers(db, visit_id, today=today)

    monkeypatch.setattr(confirm, "offers", counted)
    assert villager.open(asked.path, method="HEAD").status_code == 200
    assert looked == []
    assert [villager.get(asked.path).status_code for _ in range(60)] == [200] * 59 + [429]
    assert len(looked) == 59


@pytest.mark.parametrize(("faults", "status"), [(1, 303), (2, 409)])
def test_an_answer_that_the_database_broke_off_is_taken_again_once(
    villager: Visitor,
    asked: Asked,
    monkeypatch: pytest.MonkeyPatch,
    faults: int,
    status: int,
) -> None:
    tries: list[int] = []

    def broken_off(*given: Any) -> Visit:
        tries.append(1)
        if len(tries) <= faults:
            raise OperationalError("UPDATE", {}, psycopg.errors.DeadlockDetected())
        return answer_by_link(*given)

    monkeypatch.setattr(confirm, "answer_by_link", broken_off)
    assert villager.open(asked.path, method="POST", data={"answer": "can"}).status_code == status
    assert len(tries) == 2
    assert asked.now().work is (Work.CONFIRMED if status == 303 else Work.AWAITING)


def _withdrawn(asked: Asked, app: Flask, world: World) -> None:
    author = Author(coordinator(app, world), NOW, "banjir")
    with unit_of_work(asked.engine) as db:
        settle(db, asked.visit_id, Happening.POSTPONED, author)


def _expired(asked: Asked, app: Flask, _world: World) -> None:
    day = asked.now().day
    hang_clock(app, datetime.combine(day, time(5), NOW.tzinfo))


@pytest.mark.parametrize("end", [_withdrawn, _expired])
def test_an_old_link_says_so_and_whom_to_call(
    villager: Visitor,
    app: Flask,
    world: World,
    asked: Asked,
    end: Callable[[Asked, Flask, World], None],
) -> None:
    end(asked, app, world)
    before = asked.lines()
    for page in (villager.get(asked.path), villager.post(asked.path, data={"answer": "can"})):
        assert page.status_code in (409, 410)
        words = words_of(page)
        assert "Surakarta" in words
        assert PHONE in words
        assert asked.village not in words
    assert villager.get(asked.path).status_code == 410
    assert asked.lines() == before


def test_the_page_speaks_indonesian_first(client: Visitor, asked: Asked) -> None:
    page = client.get(asked.path)
    assert '<html lang="id">' in page.text


def test_the_coordinator_sees_the_link_copies_it_and_writes_to_the_official(
    english: Callable[[Role], Visitor], asked: Asked
) -> None:
    page = english(Role.COORDINATOR).get(f"/visits/{asked.visit_id}").text
    address = f"http://localhost/k/{asked.token}"
    assert f'value="{address}"' in page
    assert "https://wa.me/6281398765432?text=" in page
    assert address.replace(":", "%3A").replace("/", "%2F") in page


@pytest.mark.parametrize("role", [Role.MANAGER])
def test_who_does_not_plan_sees_neither_link_nor_phone(
    english: Callable[[Role], Visitor], asked: Asked, role: Role
) -> None:
    page = english(role).get(f"/visits/{asked.visit_id}").text
    assert asked.token not in page
    assert "98765432" not in page


def test_the_public_address_stands_in_links_when_it_is_set(
    app: Flask, asked: Asked, english: Callable[[Role], Visitor]
) -> None:
    running = app.extensions["outreach"]
    public = running.settings.model_copy(update={"public_url": "https://desa.example.id"})
    app.extensions["outreach"] = type(running)(public, running.engine)
    page = english(Role.COORDINATOR).get(f"/visits/{asked.visit_id}").text
    assert f"https://desa.example.id/k/{asked.token}" in page


@pytest.mark.parametrize(
    "url", ["desa.example.id", "ftp://x", "javascript:alert(1)", "https://a:b@x", "https://x/?y=1"]
)
def test_an_address_that_is_none_stops_the_start(url: str) -> None:
    with pytest.raises(ValidationError):
        Settings(_env_file=None, public_url=url)


def test_a_public_address_loses_its_last_slash() -> None:
    given = Settings(_env_file=None, public_url=" https://desa.example.id/petugas/ ")
    assert given.public_url == "https://desa.example.id/petugas"


def test_a_days_list_is_one_text_with_every_link(
    english: Callable[[Role], Visitor], asked: Asked
) -> None:
    visit = asked.now()
    page = english(Role.COORDINATOR).get(f"/stages/{visit.stage_id}/ask?day={visit.day}")
    assert page.status_code == 200
    text = unescape(page.text.split('id="text"')[1].split("</textarea>")[0])
    assert f"http://localhost/k/{asked.token}" in text
    with unit_of_work(asked.engine) as db:
        same_day = db.exec(
            select(ConfirmationLink)
            .join(Visit, col(Visit.id) == col(ConfirmationLink.visit_id))
            .where(Visit.day == visit.day, Visit.stage_id == visit.stage_id)
        ).all()
        tokens = {token_of(one, KEY) for one in same_day if one.answered_at is None}
    assert len(tokens) > 1
    assert all(f"/k/{token}" in text for token in tokens)
    assert "98765432" not in text


@pytest.mark.parametrize("query", ["", "?team=1", "?day=2027-01-01", "?day=&team="])
def test_a_days_list_takes_any_day_and_team(
    english: Callable[[Role], Visitor], asked: Asked, query: str
) -> None:
    browser = english(Role.COORDINATOR)
    assert browser.get(f"/stages/{asked.now().stage_id}/ask{query}").status_code == 200
    assert browser.get(f"/stages/{asked.now().stage_id}/ask?day=x").status_code == 422


def _form(asked: Asked, **more: str) -> dict[str, str]:
    return {"version": str(asked.now().version), "channel": "phone", **more}


def test_an_answer_is_typed_in_with_its_way(
    english: Callable[[Role], Visitor], asked: Asked
) -> None:
    browser = english(Role.COORDINATOR)
    place = asked.places()[0]
    told = _form(asked, answer="another_day", place=place, reason="hajatan")
    assert browser.send(f"/visits/{asked.visit_id}/answer", told).status_code == 303
    assert asked.now().day == date.fromisoformat(place.split(".")[1])
    words = words_of(browser.get(f"/visits/{asked.visit_id}"))
    assert "· Phone" in words
    assert "Si coordinator" in words


def test_a_call_in_vain_and_links_are_noted_by_their_buttons(
    english: Callable[[Role], Visitor], asked: Asked
) -> None:
    browser = english(Role.COORDINATOR)
    base = f"/visits/{asked.visit_id}"
    assert browser.send(f"{base}/called", _form(asked)).status_code == 303
    assert asked.lines()[-1].happening is Happening.CALLED
    browser.send(f"{base}/link", {"act": "withdraw"})
    assert browser.get(asked.path).status_code == 410
    assert "There is no link to answer by." in words_of(browser.get(base))
    browser.send(f"{base}/link", {"act": "new"})
    (address,) = set(re.findall(r"http://localhost(/k/\w+)", browser.get(base).text))
    assert address != asked.path
    assert browser.get(address).status_code == 200


def test_what_is_wrong_with_a_typed_answer_is_said_and_nothing_is_lost(
    english: Callable[[Role], Visitor], asked: Asked
) -> None:
    browser = english(Role.COORDINATOR)
    base = f"/visits/{asked.visit_id}"
    refused = browser.send(f"{base}/answer", _form(asked, answer="no"))
    assert refused.status_code == 422
    assert "Please fill this in." in words_of(refused)
    stale = browser.send(
        f"{base}/answer", {**_form(asked, answer="can", reason="ya"), "version": "9"}
    )
    assert stale.status_code == 409
    assert "ya</textarea>" in stale.text
    gone = browser.send(
        f"{base}/answer", _form(asked, answer="another_day", place="1.2027-01-01.1.500")
    )
    assert gone.status_code == 409
    assert asked.now().work is Work.AWAITING


def test_the_history_names_the_village_that_answered(
    villager: Visitor, english: Callable[[Role], Visitor], asked: Asked
) -> None:
    villager.post(asked.path, data={"answer": "can"})
    words = words_of(english(Role.COORDINATOR).get(f"/visits/{asked.visit_id}"))
    assert "the village, by its link" in words
    assert "We can ·" in words
    assert "Link · the village itself" in words


def test_the_last_answer_is_told_from_the_history_and_not_from_the_link(
    villager: Visitor, english: Callable[[Role], Visitor], asked: Asked
) -> None:
    browser = english(Role.COORDINATOR)
    path = f"/visits/{asked.visit_id}"
    browser.send(f"{path}/answer", _form(asked, answer="can"))
    told = words_of(browser.get(path)).partition("Answer of the village")[2].partition("Papers")[0]
    assert "Phone · Si coordinator" in told
    assert "By the link" not in told


def test_the_day_that_a_village_chose_by_its_link_is_told(
    villager: Visitor, english: Callable[[Role], Visitor], asked: Asked
) -> None:
    place = asked.places()[0]
    villager.post(asked.path, data={"answer": "another_day", "place": place})
    told = words_of(english(Role.COORDINATOR).get(f"/visits/{asked.visit_id}"))
    told = told.partition("Answer of the village")[2].partition("Papers")[0]
    assert "Another day ·" in told
    assert str(date.fromisoformat(place.split(".")[1]).day) in told
    assert "Link · the village itself" in told


def test_an_answered_link_tells_what_has_become_of_the_visit(
    villager: Visitor, app: Flask, world: World, asked: Asked
) -> None:
    villager.post(asked.path, data={"answer": "can"})
    author = Author(coordinator(app, world), NOW + timedelta(hours=1), "tim sakit")
    with unit_of_work(asked.engine) as db:
        settle(db, asked.visit_id, Happening.POSTPONED, author)
    words = words_of(villager.get(asked.path))
    assert "No session is planned for that day." in words


def test_an_official_who_logs_in_finds_the_way_to_answer(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    engine = app.extensions["outreach"].engine
    now = datetime.now(UTC)
    with unit_of_work(engine) as db:
        visit = db.get_one(Visit, world.own["visit_id"])
        visit.work, visit.day = Work.AWAITING, now.date() + timedelta(days=9)
        issue_links(db, [visit.id or 0], now)
        token = token_of(live_links(db, [visit.id or 0], now)[visit.id or 0], KEY)
    page = english(Role.OFFICIAL).get("/my")
    assert f'href="http://localhost/k/{token}"' in page.text
    assert "waits for your answer" in words_of(page)
