"""A stage of a city that takes three villages of one district and leaves the others out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from outreach.campaigns.omissions import (
    OmissionIn,
    explain,
    omitted,
)
from outreach.campaigns.picks import PickIn, decide
from outreach.campaigns.tables import Pick, Stage
from outreach.db import reading, unit_of_work
from outreach.visits.approval import submit_plan
from outreach.visits.question import past_of
from tests.visits.world import (
    NOW,
    TODAY,
    World,
    build_world,
    plan,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.campaigns.omissions import Ground
    from outreach.people.access import Person

#: The districts of Kota Surakarta; with three villages of Serengan the others stay at zero.
OTHERS = ["33.72.01", "33.72.03", "33.72.04", "33.72.05"]
REASON = "Menyusul pada tahap 2"


@pytest.fixture
def short(engine: Engine) -> World:
    """A planned stage of the whole city that takes three villages, all of Serengan."""
    world = build_world(engine, quota=3)
    with unit_of_work(engine) as db:
        for code in ("33.72.02.1001", "33.72.02.1002", "33.72.02.1003"):
            decide(db, world.stage_id, PickIn(code=code, pick=Pick.FIRST), by=world.coordinator)
    plan(engine, world, approved=False)
    return world


def grounds_left(engine: Engine, stage_id: int) -> dict[str, Ground]:
    with reading(engine) as db:
        stage = db.get_one(Stage, stage_id)
        found = omitted(db, stage, past_of(db, stage), TODAY)
    return {f"{one.kind.value}:{one.key}": one for one in found}


def give_reason(db: Session, world: World, grounds: list[str], by: Person | None = None) -> int:
    stage = db.get_one(Stage, world.stage_id)
    given = OmissionIn(grounds=grounds, reason=REASON)
    return explain(
        db,
        world.stage_id,
        given,
        past_of(db, stage),
        by=by or world.coordinator,
        now=NOW,
        today=TODAY,
    )


def submit(engine: Engine, world: World) -> int:
    with unit_of_work(engine) as db:
        return submit_plan(db, world.stage_id, by=world.coordinator, now=NOW).id or 0
