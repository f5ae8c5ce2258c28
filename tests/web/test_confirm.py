"""The page behind a link: answers without an account, tells strangers nothing, forgets no rule."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from outreach.db import unit_of_work
from outreach.people.tables import Role
from outreach.visits.answers import answer_by_link
from outreach.visits.lifecycle import Author, settle
from outreach.visits.links import issue_links, live_links, token_of
from outreach.visits.offers import offers
from outreach.visits.tables import Channel, Happening, Visit, Work
from outreach.web import confirm
from tests.visits.world import NOW
from tests.web.asked import KEY, PHONE, Asked
from tests.web.planned import coordinator, hang_clock, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlmodel import Session

    from outreach.planning.insertion import Place
    from tests.web.conftest import Visitor
    from tests.web.world import World


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


@pytest.mark.parametrize(("faults", "status"), [(1, 303), (3, 409)])
def test_an_answer_that_the_database_broke_off_is_taken_again(
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
    assert len(tries) == min(faults + 1, 3)
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


@pytest.mark.parametrize("end", [_withdrawn, _expired])
@pytest.mark.parametrize("said", [{"answer": "can"}, {"answer": "no", "reason": ""}])
def test_who_answers_an_old_link_reads_that_it_was_not_taken(
    villager: Visitor,
    app: Flask,
    world: World,
    asked: Asked,
    end: Callable[[Asked, Flask, World], None],
    said: dict[str, str],
) -> None:
    end(asked, app, world)
    words = words_of(villager.post(asked.path, data=said))
    assert "Your answer was not taken: it came too late." in words
    assert "look at what stands now" not in words
    assert PHONE in words
    assert "was not taken" not in words_of(villager.get(asked.path))


def test_the_page_speaks_indonesian_first(client: Visitor, asked: Asked) -> None:
    page = client.get(asked.path)
    assert '<html lang="id">' in page.text


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
