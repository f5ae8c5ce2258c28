"""A planned stage, and what-ifs asked about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from outreach.db import unit_of_work
from outreach.progress.what_if import WhatIfIn, ask
from tests.visits.world import NOW, World, build_world, plan

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine


@pytest.fixture
def world(engine: Engine) -> World:
    """Plan 54 villages with two teams in eleven working days; more than they can hold."""
    made = build_world(engine)
    plan(engine, made)
    return made


def ask_about(engine: Engine, world: World, now: datetime = NOW, **changes: Any) -> int:
    given = WhatIfIn(**changes or {"extra_teams": 2})
    with unit_of_work(engine) as db:
        return ask(db, world.stage_id, given, by=world.manager, now=now).id or 0
