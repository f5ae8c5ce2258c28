"""One password tried on each of ten thousand accounts: what it finds, what it costs, whom it holds.

The rows are really there, and one in a hundred has the very password. They share two cheap hashes,
for what is looked at are counts of the work, never seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from limits import parse
from sqlalchemy import insert

from outreach.db import unit_of_work
from outreach.people import passwords
from outreach.people.tables import Account, AccountArea, Role
from outreach.web import auth, login_limits
from tests.builders import CHEAP, LOADED_AT
from tests.security.test_telling_nothing import statements
from tests.web.world import OWN_REGENCY

if TYPE_CHECKING:
    from flask import Flask

    from tests.web.conftest import Visitor

ACCOUNTS = 10_000
#: As many have the password that is sprayed; the sprayer does not know which.
WEAK_EVERY = 100
SPRAYED, OWNERS = "Pelayanan2026!", "gerimis di pematang 14"
FIRST_ID = 50_000
OFFICE, PLACES = "203.0.113.7", "198.51.100.{}"
PER_NAME, PER_PLACE = 10, 100
FROM_EVERYWHERE = 120


def name_of(number: int) -> str:
    return f"manajer{number:05}"


def is_weak(number: int) -> bool:
    return number % WEAK_EVERY == 0


@pytest.fixture
def accounts(app: Flask) -> None:
    """Ten thousand managers, stored at once."""
    strong, weak = (passwords.hash_password(one, hasher=CHEAP) for one in (OWNERS, SPRAYED))
    told: dict[str, Any] = {"role": Role.MANAGER, "password_stamp": "s", "created_at": LOADED_AT}
    rows = [
        {
            "id": FIRST_ID + number,
            "login": name_of(number),
            "name": f"Manajer {number}",
            "password_hash": weak if is_weak(number) else strong,
        }
        for number in range(1, ACCOUNTS + 1)
    ]
    areas = [{"account_id": row["id"], "code": OWN_REGENCY} for row in rows]
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.execute(insert(Account), [{**told, **row} for row in rows])
        db.execute(insert(AccountArea), areas)


@dataclass
class Sprayer:
    """Tries one password with name after name; notes what came of it."""

    app: Flask
    tried: list[int] = field(default_factory=list)
    found: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)

    def spray(self, numbers: range, place: str, password: str = SPRAYED) -> None:
        for number in numbers:
            status = log_in(self.app.test_client(), name_of(number), password, place)
            self.tried.append(number)
            {303: self.found, 422: [], 429: self.refused}[status].append(number)


def log_in(browser: Any, name: str, password: str, place: str = OFFICE) -> int:
    sent = {"csrf_token": browser.token(), "login": name, "password": password}
    answer = browser.post("/login", data=sent, environ_base={"REMOTE_ADDR": place})
    return int(answer.status_code)


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Gather every password that is held against a hash."""
    checked: list[str] = []
    real = passwords.matches

    def counted(kept: str, typed: str) -> bool:
        checked.append(typed)
        return real(kept, typed)

    monkeypatch.setattr(auth, "matches", counted)
    return checked


@pytest.mark.usefixtures("accounts")
def test_from_one_place_a_spray_finds_what_lies_in_its_first_hundred_tries(
    app: Flask, checks: list[str]
) -> None:
    sprayer = Sprayer(app)
    sprayer.spray(range(1, PER_PLACE + 2), OFFICE)  # a hundred wrong ones and a right one
    assert sprayer.found == [100]
    assert sprayer.refused == []
    before = len(checks)
    with statements(app) as sent:
        sprayer.spray(range(190, 211), OFFICE)
        sprayer.spray(range(9_990, ACCOUNTS + 1), OFFICE, password="another one 2026")
    # The right ones among them look as the wrong ones do; nobody is looked up, nothing is hashed.
    assert sprayer.found == [100]
    assert len(sprayer.refused) == 32
    assert len(checks) == before
    assert not [one for one in sent if "FROM account" in one]


@pytest.mark.usefixtures("accounts")
def test_what_a_sprayer_finds_gives_no_further_tries(app: Flask) -> None:
    browser: Any = app.test_client()
    assert log_in(browser, name_of(100), SPRAYED) == 303
    tried = [log_in(browser, name_of(number), SPRAYED) for number in range(101, 161)]
    # Coming in with the account that was found, again and again, forgives none of what failed.
    assert log_in(browser, name_of(100), SPRAYED) == 303
    tried += [log_in(browser, name_of(number), SPRAYED) for number in range(201, 251)]
    assert tried == [422] * PER_PLACE + [429] * 10
    # With the name that was found its browser is known; with no other, whatever it brings along.
    assert log_in(browser, name_of(100), SPRAYED) == 303
    assert log_in(browser, name_of(300), SPRAYED) == 429


@pytest.mark.usefixtures("accounts")
def test_from_many_places_a_spray_gets_a_tenth_of_its_way_and_keeps_nobody_out(
    app: Flask, checks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        login_limits, "FAILURES_FROM_EVERYWHERE", parse(f"{FROM_EVERYWHERE} per hour")
    )
    mine: Any = app.test_client()
    assert log_in(mine, name_of(9_001), OWNERS) == 303
    sprayer, places, share = Sprayer(app), 10, 30
    for place in range(places):
        first = place * ACCOUNTS // places + 1
        sprayer.spray(range(first, first + share), PLACES.format(place))
    sprayed = len(checks) - 1
    # Until it is noticed every place goes on; from then on none has more than ten tries in all.
    assert len(sprayer.tried) == places * share
    assert FROM_EVERYWHERE < sprayed <= FROM_EVERYWHERE + places * PER_NAME
    assert sprayed + len(sprayer.refused) == places * share
    assert sprayer.found == []
    # Meanwhile they come in who work here: in a known browser, and anybody from elsewhere.
    assert log_in(mine, name_of(9_001), OWNERS, PLACES.format(1)) == 303
    assert log_in(app.test_client(), name_of(9_002), OWNERS) == 303


@pytest.mark.usefixtures("accounts")
def test_known_and_unknown_names_cost_and_tell_the_same_among_ten_thousand(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[str] = []
    monkeypatch.setattr(passwords._HASHER.__class__, "verify", lambda *told: held.append(told[1]))
    monkeypatch.setattr(auth, "matches", lambda kept, _typed: held.append(kept))
    nobodys = passwords._nobodys_hash()
    told = set()
    for number in (1, 5_000, ACCOUNTS, ACCOUNTS + 1, 99_999):
        held.clear()
        browser: Visitor = app.test_client()  # type: ignore[assignment]
        with statements(app) as sent:
            status = log_in(browser, name_of(number), "wrong")
        queries = tuple(one for one in sent if "account" in one)
        told.add((status, len(held), queries))
        assert (held == [nobodys]) is (number > ACCOUNTS)
    assert len(told) == 1
