"""A plan that is upset: the difference drafted and applied, and the visits as they then stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.db import reading, unit_of_work
from outreach.visits.listing import visits_of_stage
from outreach.visits.replan import apply_replan, difference_of, draft_replan
from outreach.visits.tables import Visit
from tests.visits.world import NOW, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from outreach.visits.causes import Told
    from outreach.visits.replan import Difference
    from outreach.visits.rows import VisitRow


def draft(engine: Engine, world: World, told: Told) -> Difference:
    with unit_of_work(engine) as db:
        made = draft_replan(db, world.stage_id, told, by=world.coordinator, now=NOW)
        return difference_of(db, world.coordinator, made.id or 0)


def apply(engine: Engine, world: World, seen: Difference, *allowed: int) -> Difference:
    replan = seen.replan
    with unit_of_work(engine) as db:
        by = world.coordinator
        apply_replan(db, replan.id or 0, allowed, replan.version, by=by, now=NOW)
        return difference_of(db, by, replan.id or 0)


def visits_now(engine: Engine, world: World) -> dict[int, VisitRow]:
    with reading(engine) as db:
        return {row.id: row for row in visits_of_stage(db, world.coordinator, world.stage_id)}


def turn_to(engine: Engine, world: World, row: VisitRow, *turns: Callable[..., Visit]) -> None:
    for turn in turns:
        with unit_of_work(engine) as db:
            version = db.get_one(Visit, row.id).version
            turn(db, row.id, version=version, by=world.coordinator, now=NOW)
