"""What the desk's lists reach: reports however old, and the ways of a list from the list itself."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update
from sqlmodel import col

from outreach.db import unit_of_work
from outreach.people.tables import Role
from outreach.visits.tables import Visit, Work
from tests.web.planned import engine_of
from tests.web.test_coordinator_desk import lines_on, on

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World


def _set(app: Flask, world: World, work: Work) -> date:
    with unit_of_work(engine_of(app)) as db:
        which = col(Visit.id) == world.own["visit_id"]
        db.execute(update(Visit).where(which).values(work=work))
        return db.get_one(Visit, world.own["visit_id"]).day


def test_a_report_waits_for_its_review_however_old_it_is(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    on(app, _set(app, world, Work.DONE) + timedelta(days=200))
    assert f"/visits/{world.own['visit_id']}" in lines_on(english(Role.COORDINATOR), "review")


def test_who_was_asked_yesterday_can_be_sent_the_link_from_the_list_of_this_week(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    day = _set(app, world, Work.AWAITING)
    on(app, day)
    client = english(Role.COORDINATOR)
    page = client.get("/desk/unconfirmed").get_data(as_text=True)
    assert f'href="/stages/{world.own["stage_id"]}/ask"' in page
    _set(app, world, Work.PROPOSED)
    page = client.get("/desk/unconfirmed").get_data(as_text=True)
    assert f'href="/stages/{world.own["stage_id"]}/ask"' not in page
