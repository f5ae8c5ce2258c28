"""Guessing passwords: one name, many names, many places; and whom it must not keep out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import redis
from argon2 import PasswordHasher

from outreach.people import passwords
from outreach.people.tables import Role
from outreach.web import auth, login_limits
from outreach.web.app import create_app
from outreach.web.guessing import place_asking
from tests.builders import PASSWORD
from tests.security.walks import words_of

if TYPE_CHECKING:
    from flask import Flask

    from outreach.config import Settings
    from tests.web.conftest import Visitor

OFFICE, BOTNET = "203.0.113.7", "198.51.100.{}"


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every password that would be held against nobody's hash, so that many can be tried."""
    checked: list[str] = []
    monkeypatch.setattr(auth, "waste_a_check", checked.append)
    return checked


def log_in(client: Visitor, name: str, password: str, place: str = OFFICE) -> int:
    told = {"csrf_token": client.token(), "login": name, "password": password}
    answer = client.post("/login", data=told, environ_base={"REMOTE_ADDR": place})
    return int(answer.status_code)


def browser(app: Flask) -> Visitor:
    return app.test_client()  # type: ignore[return-value]


def test_strangers_who_guess_at_a_name_do_not_keep_out_who_works_there(app: Flask) -> None:
    mine, theirs = browser(app), browser(app)
    assert log_in(mine, "coordinator", PASSWORD) == 303
    assert mine.send("/logout").status_code == 303
    tried = [log_in(theirs, "coordinator", f"guess {n}", BOTNET.format(n)) for n in range(11)]
    assert tried == [422] * 10 + [429]
    assert log_in(theirs, "coordinator", PASSWORD) == 429
    assert log_in(mine, "coordinator", "a slip") == 422
    assert log_in(mine, "coordinator", PASSWORD) == 303


def test_strangers_behind_the_same_address_do_not_either(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = browser(app), browser(app)
    assert log_in(mine, "manager", PASSWORD) == 303
    monkeypatch.setattr(login_limits, "FAILURES_PER_ADDRESS", "3 per 15 minutes")
    assert [log_in(theirs, f"name{n}", "x") for n in range(4)] == [422] * 3 + [429]
    assert log_in(mine, "manager", PASSWORD) == 303


def test_a_browser_is_known_for_its_own_name_alone_and_has_no_more_tries(app: Flask) -> None:
    mine, theirs = browser(app), browser(app)
    assert log_in(mine, "manager", PASSWORD) == 303
    for n in range(10):
        assert log_in(theirs, "coordinator", f"guess {n}") == 422
    assert log_in(mine, "coordinator", PASSWORD) == 429
    assert [log_in(mine, "manager", f"guess {n}") for n in range(11)] == [422] * 10 + [429]


@pytest.mark.parametrize("made_up", ["", "x", "WyJhIl0.aaaa.bbbb"])
def test_nobody_makes_a_browser_known_but_by_logging_in(app: Flask, made_up: str) -> None:
    theirs = browser(app)
    theirs.set_cookie("known", made_up)
    tried = [log_in(theirs, "coordinator", f"guess {n}") for n in range(11)]
    assert tried == [422] * 10 + [429]
    kept = theirs.get_cookie("known")
    assert kept is not None
    assert kept.value == made_up


def test_one_place_gets_no_further_than_a_hundred_names_and_costs_nothing_then(
    app: Flask, checks: list[str]
) -> None:
    theirs = browser(app)
    tried = [log_in(theirs, f"official-{n}", "Angin di sawah") for n in range(130)]
    assert tried == [422] * 100 + [429] * 30
    assert len(checks) == 100
    storage = app.extensions["login_limiter"].limiter.storage.storage
    assert len(storage) <= 102  # each name, the place, everywhere: what is refused adds none


def test_many_places_together_make_each_of_them_wait_sooner(app: Flask, checks: list[str]) -> None:
    mine, theirs, limiter = browser(app), browser(app), app.extensions["login_limiter"].limiter
    assert log_in(mine, "manager", PASSWORD) == 303
    everywhere = login_limits.FAILURES_FROM_EVERYWHERE
    limiter.hit(everywhere, login_limits._EVERYWHERE, cost=everywhere.amount - 1)
    # The last that a whole country may mistype; from then on each place has ten tries, not more.
    assert log_in(theirs, "official-0", "Angin di sawah", BOTNET.format(0)) == 422
    for place in (1, 2):
        there = [
            log_in(theirs, f"official-{place}-{n}", "Angin di sawah", BOTNET.format(place))
            for n in range(12)
        ]
        assert there == [422] * 10 + [429] * 2
    assert len(checks) == 21
    assert log_in(mine, "manager", "a slip", BOTNET.format(1)) == 422


def test_ten_thousand_names_from_ten_thousand_places_in_one_network_are_one_place(
    app: Flask, checks: list[str]
) -> None:
    theirs = browser(app)
    tried = {n: log_in(theirs, f"official-{n}", "x", f"2001:db8:1:{n:x}::1") for n in range(1, 103)}
    assert (tried[100], tried[101]) == (422, 429)
    assert log_in(theirs, "official-0", "x", "2001:db8:1:103::1") == 422
    assert len(checks) == 101


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/56"),
        ("fe80::1%eth0", "fe80::/56"),
        ("unknown", "unknown"),
    ],
)
def test_a_place_is_what_one_household_has(app: Flask, told: str, place: str) -> None:
    with app.test_request_context(environ_base={"REMOTE_ADDR": told}):
        assert place_asking() == place


def test_codes_of_phones_are_guessed_no_faster_by_changing_within_a_network(app: Flask) -> None:
    theirs = browser(app)
    for n in range(62):
        at = {"REMOTE_ADDR": f"2001:db8:1:2::{n:x}"}
        answer = theirs.get(f"/e/b{'a' * 7}{'abcdefgh'[n % 8]}", environ_base=at)
        assert answer.status_code == (404 if n < 60 else 429), n


@pytest.mark.redis
def test_what_is_counted_is_forgotten_by_itself_and_names_nobody(
    settings: Settings, redis_url: str
) -> None:
    app = create_app(settings.model_copy(update={"redis_url": redis_url}))
    app.config["WTF_CSRF_ENABLED"] = False
    kept = redis.Redis.from_url(redis_url)
    before = set(kept.keys())
    for n in range(5):
        told = {"login": f"official-{n}", "password": "wrong"}
        assert app.test_client().post("/login", data=told).status_code == 422
    # What each place may take of the server is counted there, too: tests/web/test_budgets.py.
    counts = {key for key in kept.scan_iter() if not key.startswith(b"outreach:work:")} - before
    assert len(counts) >= 5
    for key in counts:
        assert 0 < kept.ttl(key) <= 3600
        assert b"official-" not in key
    app.extensions["outreach"].engine.dispose()


@pytest.mark.parametrize("name", ["manager", "nobody-of-this-name", "hp-1", ""])
def test_whoever_is_named_one_hash_is_worked_out(
    app: Flask, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    passwords._nobodys_hash()  # once in a process, as it starts to be asked
    worked: list[str] = []
    real = PasswordHasher.verify

    def counted(self: object, kept: str, typed: str) -> bool:
        worked.append(kept)
        return bool(real(self, kept, typed))  # type: ignore[arg-type]

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    assert log_in(browser(app), name, "wrong") == 422
    assert len(worked) == 1


def test_no_name_is_told_from_another_by_words_or_by_when_it_ends(app: Flask) -> None:
    told = []
    for name in ("manager", "nobody-of-this-name", Role.ADMIN.value, "hp-1"):
        theirs = browser(app)
        seen = []
        for _ in range(11):
            sent = {"csrf_token": theirs.token(), "login": name, "password": "wrong"}
            answer = theirs.post("/login", data=sent, environ_base={"REMOTE_ADDR": OFFICE})
            words = words_of(answer).replace(f'value="{name}"', "")
            seen.append((answer.status_code, words, sorted(answer.headers.keys())))
        told.append(seen)
    assert all(seen == told[0] for seen in told)
    assert [status for status, *_ in told[0]] == [422] * 10 + [429]
