"""The world in which visits are tested, on both databases."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from outreach.campaigns.tables import Stage
from outreach.db import reading, unit_of_work
from outreach.visits.links import issue_links
from outreach.visits.listing import visits_of_stage
from outreach.visits.tables import (
    Happening,
    PlanSubmission,
    SubmissionState,
    Visit,
    VisitEvent,
    Work,
)
from tests.visits.away import build_away
from tests.visits.world import NOW, World, build_world, plan

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.visits.rows import VisitRow


@pytest.fixture
def world(engine: Engine) -> World:
    return build_world(engine)


@pytest.fixture
def away(engine: Engine) -> World:
    """The first team away from the first to the fourth day of its stage, as proposed."""
    return build_away(engine)


@pytest.fixture
def asked(engine: Engine, world: World) -> list[int]:
    """The visits of a plan, every one asked the moment it was planned; a free week follows."""
    plan(engine, world)
    with unit_of_work(engine) as db:
        db.get_one(Stage, world.stage_id).ends = date(2026, 11, 21)
        visits = db.exec(select(Visit).where(Visit.stage_id == world.stage_id)).all()
        for visit in visits:
            visit.work = Work.AWAITING
            db.add(
                VisitEvent(
                    visit_id=visit.id or 0,
                    village_code=visit.village_code,
                    happening=Happening.ASKED,
                    at=NOW,
                )
            )
        ids = [visit.id or 0 for visit in visits]
        issue_links(db, ids, NOW)
    return ids


@pytest.fixture
def rows(engine: Engine, world: World) -> list[VisitRow]:
    """The visits of an approved plan, so that single ones may be asked for."""
    plan(engine, world)
    with unit_of_work(engine) as db:
        db.add(
            PlanSubmission(
                stage_id=world.stage_id,
                state=SubmissionState.APPROVED,
                submitted_by=world.coordinator.account_id,
                submitted_at=NOW,
            )
        )
    with reading(engine) as db:
        return visits_of_stage(db, world.coordinator, world.stage_id)
