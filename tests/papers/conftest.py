"""A branch with an approved plan, on both databases: what papers are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from outreach.db import unit_of_work
from outreach.people.tables import Team
from tests.visits.world import SERENGAN, World, build_world, plan, publish

if TYPE_CHECKING:
    from sqlalchemy import Engine


@pytest.fixture
def draft(engine: Engine) -> World:
    """A plan that nobody has approved."""
    world = build_world(engine, area_codes=["33.72.01", SERENGAN])
    with unit_of_work(engine) as db:
        for number, team_id in enumerate(world.team_ids):
            db.get_one(Team, team_id).members = [f"Ḥasanah Nurjannah {number}", "José Wibowo"]
    plan(engine, world, approved=False)
    return world


@pytest.fixture
def world(engine: Engine, draft: World) -> World:
    """The same plan, approved: every visit awaits its village's answer."""
    publish(engine, draft)
    return draft
