"""Who takes more than a share of the server is refused, and nobody else with them."""

from __future__ import annotations

import sys
import time
from functools import wraps
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.exc import OperationalError

from outreach.children import run_child
from outreach.db import unit_of_work
from outreach.people.tables import Account, Role
from outreach.web import floods
from outreach.web.app import create_app
from outreach.web.budgets import Allowance, Budgets
from outreach.web.metrics import measured
from outreach.web.our_page import OUR_PAGE
from outreach.web.pressure import load_of
from outreach.web.work import Stopwatch
from tests.conftest import free_port
from tests.web.connected import planted
from tests.web.planned import engine_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from outreach.config import Settings
    from tests.web.conftest import Visitor
    from tests.web.reading_program import Api
    from tests.web.world import World

    LogIn = Callable[[Role], Visitor]

ORDINARY = floods.PERSON
#: Nothing comes in by itself within a test, and one request has the only place.
ONE = Allowance(seconds=12.0, per_second=0.0001, at_once=1, at_once_when_scarce=1)


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floods, "PERSON", ONE)
    monkeypatch.setattr(floods, "PLACE", ONE)


def budgets_of(app: Flask) -> Budgets:
    budgets: Budgets = app.extensions["budgets"]
    return budgets


def spend(app: Flask, who: str) -> None:
    budgets_of(app).leave(who, budgets_of(app).enter(who, ONE, 0.1).ticket, -14.0)


def account_of(world: World, role: Role) -> str:
    return f"account:{world.accounts[role][0]}"


def test_one_request_too_many_at_once_is_refused_and_others_go_on(
    app: Flask, login_as: LogIn, world: World
) -> None:
    manager, coordinator = login_as(Role.MANAGER), login_as(Role.COORDINATOR)
    in_work = budgets_of(app).enter(account_of(world, Role.MANAGER), ONE, 0.1)
    refused = manager.get("/campaigns")
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "2"
    # The other way in of the same person counts for the same person, another person does not.
    assert login_as(Role.MANAGER).get("/campaigns").status_code == 429
    assert coordinator.get("/campaigns").status_code == 200
    assert app.test_client().get("/login").status_code == 200
    budgets_of(app).leave(account_of(world, Role.MANAGER), in_work.ticket, 0.0)
    # It was told to come again in two seconds; until then nobody looks again.
    assert manager.get("/campaigns").status_code == 429
    time.sleep(floods.SOONEST_SECONDS)
    assert [manager.get("/campaigns").status_code for _ in range(3)] == [200, 200, 200]


def test_the_page_says_in_both_languages_how_long_to_wait(
    app: Flask, login_as: LogIn, english: LogIn, world: World
) -> None:
    spend(app, account_of(world, Role.MANAGER))
    for browser, words in ((english, "Nothing was changed"), (login_as, "Tidak ada yang berubah")):
        refused = browser(Role.MANAGER).get("/campaigns")
        assert (refused.status_code, refused.mimetype) == (429, "text/html")
        assert words in refused.text
        assert refused.headers["Retry-After"] in refused.text
        assert refused.headers["Retry-After"] == str(floods.LATEST_SECONDS)


def test_phones_are_told_in_json_and_keep_what_they_have(app: Flask, world: World) -> None:
    """What a phone does with it: tests/web/phone/test_outbox.py."""
    phone: Any = app.test_client()
    phone.set_cookie("phone", planted(app, world.own["official_id"]))

    def send() -> Any:
        return phone.post("/api/v1/reports", headers=dict((OUR_PAGE,)), json={"reports": []})

    assert send().status_code == 200
    (who,) = app.extensions["budgets"]._own._kept
    assert who.startswith("account:")
    spend(app, who)
    refused = send()
    assert (refused.status_code, refused.get_json()["code"]) == (429, "asked_too_much")
    assert int(refused.headers["Retry-After"]) > 0


def test_a_program_is_known_by_its_token(quick_api: Api) -> None:
    first, other = quick_api.token(), quick_api.token()
    assert quick_api.ask("/regions", first).status_code == 200
    for who in quick_api.app.extensions["budgets"]._own._kept:
        assert who.startswith("token:")
        spend(quick_api.app, who)
    refused = quick_api.ask("/regions", first)
    assert (refused.status_code, refused.get_json()["code"]) == (429, "asked_too_much")
    assert refused.content_type == "application/problem+json"
    assert quick_api.ask("/regions", other).status_code == 200


def test_strangers_count_by_where_they_are(app: Flask, login_as: LogIn) -> None:
    spend(app, "place:127.0.0.1")
    stranger = app.test_client()
    assert stranger.get("/login").status_code == 429
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert stranger.get("/login", environ_base=elsewhere).status_code == 200
    # Whoever is logged in is known, wherever; and no machine is taken for dead.
    assert login_as(Role.MANAGER).get("/campaigns").status_code == 200
    assert stranger.get("/healthz").status_code == 200


def test_people_who_share_a_demonstration_login_count_each_for_themselves(
    app: Flask, login_as: LogIn, world: World
) -> None:
    with unit_of_work(engine_of(app)) as db:
        db.get_one(Account, world.accounts[Role.MANAGER][0]).is_demo = True
    manager = login_as(Role.MANAGER)
    spend(app, f"{account_of(world, Role.MANAGER)}@127.0.0.1")
    assert manager.get("/campaigns").status_code == 429
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert manager.get("/campaigns", environ_base=elsewhere).status_code == 200


def test_an_odk_phone_is_known_by_its_key(app: Flask, world: World) -> None:
    path = f"/key/{world.own['odk_key']}/formList"
    assert app.test_client().get(path).status_code == 200
    kept = app.extensions["budgets"]._own._kept
    assert [who.partition(":")[0] for who in kept] == ["device"]
    wrong = path.replace(world.own["odk_key"], "a" * 43)
    assert app.test_client().get(wrong).status_code == 404
    assert "place:127.0.0.1" in kept


def test_requests_are_paid_by_what_they_really_were(
    app: Flask, login_as: LogIn, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = login_as(Role.MANAGER)
    monkeypatch.setattr(Stopwatch, "seconds", lambda _: 5.0)
    # A program that asks on, for work of five seconds: twice, and then less than that is left.
    assert [manager.get("/campaigns").status_code for _ in range(3)] == [200, 200, 429]
    monkeypatch.setattr(Stopwatch, "seconds", lambda _: 0.01)
    # But enough for what takes less.
    assert manager.get("/follow-ups").status_code == 200


def test_what_the_database_broke_off_is_not_free(
    app: Flask, login_as: LogIn, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else whoever asks for what is heaviest would never be refused: it never comes to its end."""
    manager = login_as(Role.MANAGER)
    monkeypatch.setattr(Stopwatch, "seconds", lambda _: 5.0)
    assert manager.get("/campaigns").status_code == 200
    monkeypatch.setattr(Stopwatch, "seconds", lambda _: 0.01)
    monkeypatch.setattr(Stopwatch, "is_cut_short", True)
    assert [manager.get("/campaigns").status_code for _ in range(2)] == [200, 429]


def test_who_cannot_be_told_just_now_is_charged_to_no_place(
    app: Flask, login_as: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole province's phones may share a place: it is not for them that the database is away."""
    spend(app, "place:127.0.0.1")
    manager = login_as(Role.MANAGER)

    def away(*_told: object) -> None:
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr("outreach.web.auth.person_of", away)
    told = manager.get("/campaigns")
    assert told.status_code == 503
    assert int(told.headers["Retry-After"]) > 0
    assert app.test_client().get("/login").status_code == 429


def test_what_a_process_of_its_own_takes_is_paid_by_who_had_it_run() -> None:
    work = "import time\nwhile time.process_time() < 0.5: pass"
    stopwatch = Stopwatch()
    run_child([sys.executable, "-I", "-c", work], env={}, timeout_seconds=60.0)
    assert stopwatch.seconds() >= 0.5


def test_who_asks_again_at_once_is_refused_without_another_look(
    app: Flask, login_as: LogIn, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = login_as(Role.MANAGER)
    spend(app, account_of(world, Role.MANAGER))
    looks = 0

    def counted(*told: Any) -> Any:
        nonlocal looks
        looks += 1
        return real(*told)

    real = budgets_of(app).enter
    monkeypatch.setattr(budgets_of(app), "enter", counted)
    answers = [manager.get("/campaigns") for _ in range(5)]
    assert [one.status_code for one in answers] == [429] * 5
    assert len({one.data for one in answers}) == 1
    assert looks == 1
    # Neither another page nor another person is taken for the same.
    manager.get("/closures")
    assert looks == 2
    assert login_as(Role.COORDINATOR).get("/campaigns").status_code == 200
    # And not for long.
    monkeypatch.setattr("outreach.web.doorkeeper.time.monotonic", lambda: 10.0**9)
    manager.get("/campaigns")
    assert looks == 4


def test_a_request_that_breaks_leaves_its_place(
    app: Flask, login_as: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = login_as(Role.MANAGER)

    app.testing = False
    whole = app.view_functions["coordinator.campaigns"]

    @wraps(whole)
    def breaks() -> None:
        raise RuntimeError("broken")

    monkeypatch.setitem(app.view_functions, "coordinator.campaigns", breaks)
    assert [manager.get("/campaigns").status_code for _ in range(2)] == [500, 500]
    app.testing = True
    with pytest.raises(RuntimeError, match="broken"):
        manager.get("/campaigns")
    monkeypatch.setitem(app.view_functions, "coordinator.campaigns", whole)
    assert manager.get("/campaigns").status_code == 200


def test_an_answer_in_parts_keeps_its_place_until_the_last(
    app: Flask, login_as: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = login_as(Role.MANAGER)

    whole = app.view_functions["coordinator.campaigns"]

    @wraps(whole)
    def in_parts() -> Any:
        return app.response_class(iter(["a", "b"]))

    monkeypatch.setitem(app.view_functions, "coordinator.campaigns", in_parts)
    under_way = manager.get("/campaigns", buffered=False)
    assert next(under_way.iter_encoded()) == b"a"
    assert manager.get("/closures").status_code == 429
    under_way.close()
    monkeypatch.setitem(app.view_functions, "coordinator.campaigns", whole)
    assert manager.get("/campaigns").status_code == 200


def test_without_redis_people_are_served_and_floods_refused(
    settings: Settings, app: Flask, world: World
) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    made = create_app(settings.model_copy(update={"redis_url": url}))
    made.test_client_class = app.test_client_class
    browser: Any = made.test_client()
    browser.log_in(world.accounts[Role.MANAGER])
    assert browser.get("/campaigns").status_code == 200
    spend(made, account_of(world, Role.MANAGER))
    assert browser.get("/campaigns").status_code == 429
    engine_of(made).dispose()


def test_ordinary_work_is_far_from_the_limits() -> None:
    """A page is a tenth of a second: a browser opens eight at once, and a hundred in a row."""
    kept = Budgets("")
    opened = [kept.enter("a", ORDINARY, 0.1).ticket for _ in range(8)]
    assert all(opened)
    for ticket in opened:
        kept.leave("a", ticket, 0.0)
    for _ in range(100):
        ticket = kept.enter("a", ORDINARY, 0.1).ticket
        assert ticket
        kept.leave("a", ticket, 0.0)


def looked(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whom the buckets are asked for from now on."""
    asked: list[str] = []
    real = budgets_of(app).enter

    def noted(who: str, *told: Any) -> Any:
        asked.append(who)
        return real(who, *told)

    monkeypatch.setattr(budgets_of(app), "enter", noted)
    return asked


def test_without_a_proxy_nobody_is_believed_from_where_they_ask(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend(app, "place:127.0.0.1")
    asked, stranger = looked(app, monkeypatch), app.test_client()
    for number in range(5):
        told = {"X-Forwarded-For": f"192.0.2.{number}"}
        assert stranger.get("/login", headers=told).status_code == 429
    assert asked == ["place:127.0.0.1"]


def test_behind_a_proxy_each_address_is_a_place(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = create_app(settings.model_copy(update={"trusted_proxies": 1}))
    spend(made, "place:192.0.2.1")
    asked, stranger = looked(made, monkeypatch), made.test_client()

    def ask(forwarded_for: str) -> int:
        told = {"X-Forwarded-For": forwarded_for}
        return int(stranger.get("/login", headers=told).status_code)

    # What stands before the proxy's own word is made up.
    assert [ask(f"198.51.100.{n}, 192.0.2.1") for n in range(3)] == [429] * 3
    assert ask("192.0.2.2") == 200
    assert asked == ["place:192.0.2.1", "place:192.0.2.2"]
    engine_of(made).dispose()


def test_a_head_is_refused_like_its_page(app: Flask) -> None:
    spend(app, "place:127.0.0.1")
    stranger = app.test_client()
    for _ in range(2):
        refused = stranger.head("/login")
        assert (refused.status_code, refused.data) == (429, b"")
        assert int(refused.headers["Retry-After"]) > 0
        assert int(refused.headers["Content-Length"]) > 500, "as long as the page would be"


def refusals() -> tuple[float, ...]:
    counted = {
        sample.labels["kind"]: sample.value
        for metric in measured()
        for sample in metric.samples
        if sample.name == "outreach_asked_too_much_total"
    }
    assert set(counted) == {"looked_at", "again"}
    return counted["looked_at"], counted["again"]


def test_who_looks_after_the_server_sees_a_flood(
    app: Flask, login_as: LogIn, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    manager = login_as(Role.MANAGER)
    spend(app, account_of(world, Role.MANAGER))
    looked_at, again = refusals()
    caplog.set_level("INFO", "outreach.web.request_ids")
    ids = {manager.get("/campaigns").headers["X-Request-ID"] for _ in range(4)}
    assert refusals() == (looked_at + 1, again + 3)
    # One line, of the request that was looked at; the others carry its id.
    told = [one for one in caplog.records if one.name == "outreach.web.request_ids"]
    assert [getattr(one, "status", 0) for one in told] == [429]
    assert len(ids) == 1


def test_a_refused_phone_says_nothing_about_the_pace(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone: Any = app.test_client()
    phone.set_cookie("phone", planted(app, world.own["official_id"]))
    left: list[bool] = []
    monkeypatch.setattr(load_of(app), "leave", lambda *, served: left.append(served))

    def send() -> int:
        told = phone.post("/api/v1/reports", headers=dict((OUR_PAGE,)), json={"reports": []})
        return int(told.status_code)

    assert send() == 200
    (who,) = app.extensions["budgets"]._own._kept
    spend(app, who)
    assert send() == 429
    assert left == [True, False]
