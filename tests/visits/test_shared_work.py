"""What the planner tells of fair shares: kept with each part of a run, read for the whole stage."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.planning.model import USUAL
from outreach.visits.runs import request_run
from outreach.visits.shared_work import SharedWork, shared_work
from outreach.visits.tables import Batch
from tests.visits.world import NOW, build_world, plan, work_off

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_a_plan_keeps_what_each_team_carries(engine: Engine) -> None:
    world = build_world(engine)
    with unit_of_work(engine) as db:
        usual = replace(USUAL, rounds=40)
        request_run(db, world.stage_id, by=world.coordinator, now=NOW, parameters=usual)
    work_off(engine)
    with reading(engine) as db:
        figures = db.scalars(select(Batch.figures)).all()
        told = shared_work(db, world.stage_id)
    assert figures
    for one in figures:
        assert one["shares"]["fallen"].keys() == {str(team) for team in world.team_ids}
        assert sum(one["shares"]["fallen"].values()) == sum(one["shares"]["shared"].values()) > 0
    assert told is not None
    assert 0 <= told.shared_minutes <= told.fallen_minutes


def test_the_parts_of_a_run_are_added_up_before_the_teams_are_compared(engine: Engine) -> None:
    world = build_world(engine)
    plan(engine, world)

    def tell(shares: list[dict[str, Any]]) -> SharedWork | None:
        with unit_of_work(engine) as db:
            batches = list(db.scalars(select(Batch).order_by(col(Batch.id))))
            first = batches[0]
            for batch in batches:
                batch.figures = {}
            first.figures = {"shares": shares[0]} if shares else {}
            for number, more in enumerate(shares[1:], start=len(batches) + 1):
                kept = first.model_dump(exclude={"id", "number", "figures"})
                db.add(Batch(**kept, number=number, figures={"shares": more}))
        with reading(engine) as db:
            return shared_work(db, world.stage_id)

    assert tell([]) is None
    # Who works a quarter of the days is due a quarter of the hours.
    uneven = {"fallen": {"1": 900, "2": 100}, "shared": {"1": 750, "2": 250}, "strangers": 0}
    assert tell([uneven | {"days": {"1": 30, "2": 10}}]) == SharedWork(300, 0, 0)
    one = {"fallen": {"1": 900, "2": 100}, "shared": {"1": 600, "2": 400}, "strangers": 2}
    other = {"fallen": {"1": 0, "2": 700}, "shared": {"1": 100, "2": 600}, "strangers": 1}
    assert tell([one, other]) == SharedWork(100, 300, 3)
    handed = one | {"handed": 2, "travel_minutes": 40, "cost_minutes": 90}
    assert tell([handed, other]) == SharedWork(100, 300, 3, 2, 40, 90)
    more = other | {"handed": 1, "travel_minutes": -10, "cost_minutes": 5}
    assert tell([handed, more]) == SharedWork(100, 300, 3, 3, 30, 95)
