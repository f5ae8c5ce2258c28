"""The board of a manager of one regency or of the whole nation, and what its table tells."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from outreach.db import unit_of_work
from outreach.people.access import NATION
from outreach.people.tables import AccountArea, Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World


@pytest.fixture
def manager(english: Callable[[Role], Visitor]) -> Visitor:
    """Looks after Kota Surakarta alone."""
    return english(Role.MANAGER)


def look_after(app: Flask, world: World, *areas: str) -> None:
    account_id = world.accounts[Role.MANAGER][0]
    with unit_of_work(app.extensions["outreach"].engine) as db:
        for area in db.exec(select(AccountArea).where(AccountArea.account_id == account_id)):
            db.delete(area)
        db.flush()
        db.add_all(AccountArea(account_id=account_id, code=code) for code in areas)


@pytest.fixture
def national(app: Flask, world: World, manager: Visitor) -> Visitor:
    look_after(app, world, NATION)
    return manager


def body_of(page: str) -> str:
    return page.split('<table class="table table-hover numbers board')[1].split("tbody>")[1]


def rows(page: str) -> dict[str, str]:
    """The addresses of the table's rows, by name; a row that leads nowhere has none."""
    body = body_of(page)
    heads = re.findall(r'<th scope="row">(.*?)</th>', body, re.DOTALL)
    found = {}
    for head in heads:
        told = re.search(r'<a href="(.*?)">(.*?)</a>', head)
        name = told[2] if told else re.sub(r"<.*", "", head).strip()
        found[name] = unescape(told[1]) if told else ""
    return found


def row(page: str, name: str) -> str:
    """What a row tells, without its marks."""
    body = body_of(page)
    (found,) = (one for one in body.split("<tr>") if f">{name}<" in one.split("</th>")[0])
    return " ".join(re.sub(r"<[^>]+>", " ", unescape(found)).split())
