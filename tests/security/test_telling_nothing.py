"""Wrong keys, codes and names: what they come near to is told by no word, status or work."""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from outreach.db import unit_of_work
from outreach.people.api_tokens import PREFIX
from outreach.people.devices import digest_of
from outreach.people.tables import Account, ApiToken, Role
from tests.builders import PASSWORD
from tests.security.walks import words_of
from tests.web.test_who_may import PUBLIC_CASES, Case, address_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

#: The number of nobody, signed wrongly, as it stands in an address.
NOBODYS = {
    "enrol_code": "zz" + "a" * 8,
    "answer_token": "zz" + "a" * 16,
    "feed_token": "t99999-" + "a" * 24,
    "odk_key": "z" * 43,
    "end_code": "zz" + "a" * 16,
}
#: Arguments of public addresses that are no keys.
NO_KEYS = {"language", "asset_path"}
BY_KEY = [case for case in PUBLIC_CASES if case.arguments - NO_KEYS]


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """Gather every statement that the database is sent."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        sent.append(re.sub(r"\s+", " ", statement))

    engine = app.extensions["outreach"].engine
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def near(key: str) -> str:
    """Change the last sign of a key that is right."""
    return key[:-1] + ("b" if key.endswith("a") else "a")


def told_of(app: Flask, case: Case, values: dict[str, Any]) -> tuple[int, str, list[str]]:
    path = address_of(app, case, values)
    opened = app.test_client().open
    with statements(app) as sent, closing(opened(path, method=case.method)) as answer:
        words = re.sub(r'(value|action|href)="[^"]*"', "", words_of(answer))
        return answer.status_code, words, sent


def test_every_key_in_an_address_is_tried_below() -> None:
    assert {name for case in BY_KEY for name in case.arguments} == set(NOBODYS)


@pytest.mark.parametrize("case", BY_KEY, ids=str)
def test_a_key_that_is_nearly_right_is_as_wrong_as_nobodys(
    app: Flask, case: Case, world: World
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    (name,) = case.arguments
    right = str(world.own.get(name, "b" + "a" * 15 + "c"))
    told_of(app, case, {name: NOBODYS[name]})  # what is read once by each process is read now
    close, far = (told_of(app, case, {name: key}) for key in (near(right), NOBODYS[name]))
    assert close == far
    assert close[0] == (200 if name == "end_code" else 404)


@pytest.mark.parametrize("name", ["manager", "hp-1", "nobody-of-this-name"])
def test_each_name_is_looked_up_with_the_same_work(app: Flask, name: str) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    client.get("/login")
    with statements(app) as sent:
        client.post("/login", data={"login": name, "password": "wrong"})
    assert len([one for one in sent if "FROM account WHERE" in one]) == 1
    assert not [one for one in sent if "FROM account_area" in one or "FROM branch" in one]


def test_a_closed_account_comes_in_by_no_password(app: Flask, world: World) -> None:
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.get_one(Account, world.accounts[Role.MANAGER][0]).is_active = False
    client: Any = app.test_client()
    wrong = [
        words_of(client.send("/login", {"login": "manager", "password": password}))
        for password in (PASSWORD, "wrong")
    ]
    assert wrong[0] == wrong[1]
    assert client.get("/").location == "/login"


def test_a_token_that_ended_is_told_as_one_that_never_was(
    app: Flask, client: Visitor, world: World
) -> None:
    then, later = datetime(2026, 11, 5, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    states = {"withdrawn": (later, then), "over": (then, None), "live": (later, None)}
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for name, (expires_at, withdrawn_at) in states.items():
            made = ApiToken(
                account_id=world.accounts[Role.MANAGER][0],
                name=name,
                token_hash=digest_of(PREFIX + name),
                areas=["33.72"],
                made_at=then,
                expires_at=expires_at,
                withdrawn_at=withdrawn_at,
            )
            db.add(made)
    told = {}
    for name in (*states, "never-made"):
        answer = client.get(
            "/api/v1/read/regions", headers={"Authorization": f"Bearer {PREFIX}{name}"}
        )
        told[name] = (answer.status_code, answer.text, answer.headers.get("WWW-Authenticate"))
    assert told["live"][0] == 200
    assert told["withdrawn"] == told["over"] == told["never-made"]
    assert told["over"][0] == 401
