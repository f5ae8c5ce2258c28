"""Saved views that open no more say so beforehand: the area was lost, or has other rows now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlmodel import select

from outreach.db import unit_of_work
from outreach.people.access import NATION
from outreach.people.tables import AccountArea, Role
from tests.web.boards import look_after
from tests.web.test_saved_views import kept, save, view_id
from tests.web.world import OWN_REGENCY

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World


def test_a_view_of_an_area_that_was_lost_says_so_and_can_be_removed(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    visitor = english(Role.MANAGER)
    save(visitor, "/map?area=33.72&layer=gap", "Peta Solo")
    save(visitor, "/board", "Papan saya")
    with unit_of_work(app.extensions["outreach"].engine) as db:
        mine = AccountArea.account_id == world.accounts[Role.MANAGER][0]
        for area in db.exec(select(AccountArea).where(mine, AccountArea.code == OWN_REGENCY)):
            area.code = "33.11"
    assert visitor.get("/map?area=33.72&layer=gap").status_code == 404
    page = visitor.get("/views").get_data(as_text=True)
    assert 'href="/map?area=33.72' not in page
    assert page.count("Opens no more") == 1
    assert "Peta Solo" in page
    assert '<a href="/board">Papan saya</a>' in page
    assert "Peta Solo" not in visitor.get("/board").get_data(as_text=True)
    at = f"/views/{view_id(app, 'Peta Solo')}"
    assert "It opens no more." in visitor.get(at).get_data(as_text=True)
    assert visitor.send(f"{at}/remove", {"version": "1"}).location == "/views"
    assert kept(app) == {"Papan saya": "/board"}


def test_rows_that_the_whole_of_an_area_has_no_more_open_no_more(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    """Of one branch a board has rows by regency, of the nation by office and branch."""
    visitor = english(Role.MANAGER)
    save(visitor, "/board?by=regency", "Kabupaten")
    look_after(app, world, NATION)
    assert visitor.get("/board?by=regency").status_code == 404
    page = visitor.get("/views").get_data(as_text=True)
    assert page.count("Opens no more") == 1
    assert save(visitor, "/board?by=office", "Wilayah")[0] == 303
    assert visitor.get("/board?by=office").status_code == 200
    look_after(app, world, OWN_REGENCY)
    page = visitor.get("/views").get_data(as_text=True)
    assert page.count("Opens no more") == 1
    assert '<a href="/board?by=regency">Kabupaten</a>' in page
