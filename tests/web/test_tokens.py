"""The page on which a person lets programs read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import select

from outreach.db import unit_of_work
from outreach.people.tables import Account, ApiToken, Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor

FORM = {"name": "Dasbor dinas", "areas": "33.72.01, 337202\n33.72.03", "days": "30"}


def made(visitor: Visitor, **more: str) -> str:
    """Make a token and read it from the page that follows."""
    page = visitor.send("/tokens", {**FORM, **more}, follow_redirects=True)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    found = re.search(r'value="(outreach_[\w-]{43})"', page.get_data(as_text=True))
    assert found is not None
    return found[1]


def row_of(visitor: Visitor, name: str) -> str:
    """Cut the row of a token from the list."""
    page = visitor.get("/tokens").get_data(as_text=True)
    (row,) = (row for row in page.split("<tr>") if f'<th scope="row">{name}</th>' in row)
    return row


def ask(app: Flask, token: str) -> Any:
    sent = {"Authorization": f"Bearer {token}"}
    return app.test_client().get("/api/v1/read/villages?limit=500", headers=sent)


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.MANAGER])
def test_a_token_is_shown_once_and_reads_from_then_on(
    app: Flask, english: Callable[[Role], Visitor], role: Role
) -> None:
    visitor = english(role)
    token = made(visitor, areas="33.72.01, 337202\n33.72.03")
    codes = {row["code"][:8] for row in ask(app, token).get_json()["items"]}
    assert codes == {"33.72.01", "33.72.02", "33.72.03"}
    for address in ("/tokens?made=1", "/tokens"):
        page = visitor.get(address).get_data(as_text=True)
        assert token not in page
        assert "Dasbor dinas" in page
    assert "shown already" in visitor.get("/tokens?made=1").get_data(as_text=True)


def test_without_codes_it_reads_the_whole_area(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    token = made(english(Role.COORDINATOR), areas="")
    assert len(ask(app, token).get_json()["items"]) == 54


def test_a_withdrawn_token_reads_nothing_at_once(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    visitor = english(Role.MANAGER)
    token = made(visitor)
    assert ask(app, token).status_code == 200
    row = row_of(visitor, FORM["name"])
    assert "Never" not in row, "its use was noted"
    (action,) = re.findall(r'action="(/tokens/\d+/withdraw)"', row)
    told = visitor.send(action, follow_redirects=True).get_data(as_text=True)
    assert "Dasbor dinas is withdrawn" in told
    assert "/withdraw" not in row_of(visitor, FORM["name"]), "what has ended is over"
    assert ask(app, token).status_code == 401


def test_nobody_withdraws_what_is_somebody_elses(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    token = made(english(Role.MANAGER))
    with unit_of_work(app.extensions["outreach"].engine) as db:
        number = db.exec(select(ApiToken.id).where(ApiToken.name == FORM["name"])).one()
    other = english(Role.COORDINATOR)
    assert other.send(f"/tokens/{number}/withdraw").status_code == 404
    assert ask(app, token).status_code == 200
    assert FORM["name"] not in other.get("/tokens").get_data(as_text=True)


def test_the_administrator_withdraws_it_and_the_giver_sees_who_did(
    app: Flask, english: Callable[[Role], Visitor]
) -> None:
    giver = english(Role.COORDINATOR)
    token = made(giver, areas="33.72")
    admin = english(Role.ADMIN)
    page = admin.get("/admin/tokens").get_data(as_text=True)
    assert token not in page
    (row,) = (row for row in page.split("<tr>") if f'<th scope="row">{FORM["name"]}</th>' in row)
    assert 'Kota Surakarta <span class="code hint">33.72</span>' in row
    (action,) = re.findall(r'action="(/admin/tokens/\d+/withdraw)"', row)
    told = admin.send(action, follow_redirects=True).get_data(as_text=True)
    assert "Dasbor dinas is withdrawn" in told
    assert ask(app, token).status_code == 401
    with unit_of_work(app.extensions["outreach"].engine) as db:
        name = db.exec(select(Account.name).where(Account.role == Role.ADMIN)).one()
    assert f" by {name}" in row_of(giver, FORM["name"])


@pytest.mark.parametrize("page", ["0", "x", "99999999999", "7"])
def test_a_page_of_tokens_that_is_not_there_is_no_fault(
    english: Callable[[Role], Visitor], page: str
) -> None:
    assert english(Role.ADMIN).get(f"/admin/tokens?page={page}").status_code == 200


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "Please fill this in."),
        ({"days": "0"}, "At least 1."),
        ({"days": "401"}, "At most 400."),
        ({"days": "besok"}, "Please enter a whole number."),
        ({"areas": "33.11"}, "There is no region with this code."),
        ({"areas": "Solo"}, "This is not a region code"),
        ({"name": "NIK 3372011501900001"}, "identity number"),
    ],
)
def test_what_is_wrong_is_said_beside_what_was_typed(
    app: Flask, english: Callable[[Role], Visitor], wrong: dict[str, str], words: str
) -> None:
    answer = english(Role.COORDINATOR).send("/tokens", {**FORM, "areas": "33.72", **wrong})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert words in page
    kept = {**FORM, "areas": "33.72", **wrong}
    assert all(f'value="{value}"' in page for value in kept.values())
    with unit_of_work(app.extensions["outreach"].engine) as db:
        assert FORM["name"] not in db.exec(select(ApiToken.name)).all()
