"""A stage too short for all its villages, and a visit of it to be given back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from outreach.campaigns.tables import Stage
from outreach.db import reading, unit_of_work
from outreach.visits.listing import day_trips
from outreach.visits.returns import return_visit
from outreach.visits.tables import Visit
from tests.visits.world import ENDS, NOW, TODAY, World, build_world, plan

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.people.access import Person
    from outreach.visits.returns import GivenBack
    from outreach.visits.rows import VisitRow


@pytest.fixture
def row(engine: Engine) -> VisitRow:
    """A visit of a stage too short for all its villages, on a full day some days ahead."""
    world = build_world(engine, ends=ENDS - timedelta(days=3))
    plan(engine, world)
    with reading(engine) as db:
        trips = day_trips(db, world.coordinator, world.stage_id)
    whole = [one for one in trips if len(one.stops) == 3 and one.day > TODAY + timedelta(days=2)]
    return whole[0].stops[1]


@pytest.fixture
def world(engine: Engine, row: VisitRow) -> World:
    with reading(engine) as db:
        from outreach.people.access import person_of
        from outreach.people.tables import Account

        people = {one.login: person_of(db, one.id or 0) for one in db.scalars(select(Account))}
        stage = db.get_one(Stage, row.stage_id)
    given = {name: person for name, person in people.items() if person}
    official = replace(given["kades"], areas=(row.village_code,))
    return World(
        stage.branch_id,
        (row.team_id,),
        stage.campaign_id,
        row.stage_id,
        given["rini"],
        official,
        given["boyolali"],
        given["jateng"],
    )


def set_values(engine: Engine, visit_id: int, **values: object) -> None:
    with unit_of_work(engine) as db:
        db.execute(update(Visit).where(col(Visit.id) == visit_id).values(**values))


def give_back(engine: Engine, row: VisitRow, by: Person, reason: str = "panen") -> GivenBack:
    with unit_of_work(engine) as db:
        return return_visit(db, row.id, by=by, now=NOW, reason=reason)
