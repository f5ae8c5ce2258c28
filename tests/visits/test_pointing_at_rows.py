"""A row that one person edits never keeps another from adding what points to it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text
from sqlmodel import col

from outreach.campaigns.tables import Stage
from outreach.db import reading, unit_of_work
from outreach.errors import Conflict
from outreach.people.edits import locked
from outreach.visits.returns import return_visit
from outreach.visits.runs import request_run
from outreach.visits.tables import PlanSubmission, Visit, Work
from tests.visits.world import NOW, QUICK, plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from sqlmodel import Session

    from tests.visits.world import World


#: SQLite has one writer at a time.
@pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_a_stage_being_edited_takes_what_points_to_it(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as editing:
        locked(editing, Stage, world.stage_id)
        with unit_of_work(engine) as db:
            db.execute(text("SET LOCAL lock_timeout = '2s'"))
            made = PlanSubmission(
                stage_id=world.stage_id, submitted_by=world.coordinator.account_id, submitted_at=NOW
            )
            db.add(made)


def test_planning_and_giving_back_at_once_never_wait_for_each_other(
    engine: Engine, world: World
) -> None:
    plan(engine, world)
    by = world.coordinator
    with reading(engine) as db:
        proposals = select(col(Visit.id)).where(col(Visit.work) == Work.PROPOSED)
        ids = db.scalars(proposals.order_by(col(Visit.day).desc()).limit(6)).all()

    def give_back(visit_id: int) -> Callable[[Session], object]:
        return lambda db: return_visit(db, visit_id, by=by, now=NOW, reason="sakit")

    def ask_for_plan(db: Session) -> object:
        return request_run(db, world.stage_id, by=by, now=NOW, parameters=QUICK)

    def act(one: Callable[[Session], object]) -> str:
        try:
            with unit_of_work(engine) as db:
                one(db)
        except Conflict as error:
            return str(error.facts["problem"])
        return "done"

    acts = [give_back(one or 0) for one in ids]
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(act, [*acts[:3], ask_for_plan, *acts[3:]]))
    assert said[3] == "done"
    # What the plan has replaced meanwhile cannot be given back any more.
    assert set(said) <= {"done", "wrong_status"}
