"""A stage of the world planned for real, and the clock the pages then read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING

from sqlmodel import col, select

from outreach.db import unit_of_work
from outreach.people.access import Person, person_of
from outreach.people.tables import Role
from outreach.planning.model import Parameters
from outreach.villages.tables import Village
from outreach.visits.runs import request_run
from outreach.visits.tables import ACTIVE, Batch, PlanRun, Stay, Visit, Work
from tests.visits.world import NOW
from tests.visits.world import work_off as work_off_on

if TYPE_CHECKING:
    from datetime import datetime

    from flask import Flask
    from sqlalchemy import Engine

    from tests.web.world import World


@dataclass(frozen=True)
class Planned:
    """What planning the own stage has written."""

    engine: Engine
    stage_id: int
    run_id: int

    def visits(self) -> list[Visit]:
        """Visits that stand, as they are now."""
        with unit_of_work(self.engine) as db:
            query = select(Visit).where(
                Visit.stage_id == self.stage_id, col(Visit.work).in_(ACTIVE)
            )
            return list(db.exec(query.order_by(col(Visit.day), col(Visit.slot))))

    def visit(self, visit_id: int | None) -> Visit:
        """One visit as it is now."""
        with unit_of_work(self.engine) as db:
            return db.get_one(Visit, visit_id)


def engine_of(app: Flask) -> Engine:
    engine: Engine = app.extensions["outreach"].engine
    return engine


def hang_clock(app: Flask, at: datetime = NOW) -> None:
    app.extensions["clock"] = lambda: at


def coordinator(app: Flask, world: World) -> Person:
    with unit_of_work(engine_of(app)) as db:
        person = person_of(db, world.accounts[Role.COORDINATOR][0])
    assert person is not None
    return person


def ask_for_plan(app: Flask, world: World) -> int:
    """Request a run of the own stage, as the page does; nothing plans it yet."""
    with unit_of_work(engine_of(app)) as db:
        run = request_run(
            db,
            world.own["stage_id"],
            by=person_of(db, world.accounts[Role.COORDINATOR][0]),  # type: ignore[arg-type]
            now=NOW,
            parameters=Parameters(rounds=20),
        )
        assert run.id is not None
        return run.id


def plan(app: Flask, world: World) -> Planned:
    """Plan the own stage and hang the clock on the morning it was planned.

    An earlier plan of the stage was approved, as `tests/web/world.py` has it.
    """
    hang_clock(app)
    run_id = ask_for_plan(app, world)
    work_off(app)
    return Planned(engine_of(app), world.own["stage_id"], run_id)


def work_off(app: Flask) -> None:
    """Do what the worker does, in this process."""
    work_off_on(engine_of(app))


def rows[T: (PlanRun, Batch)](app: Flask, kind: type[T]) -> list[T]:
    with unit_of_work(engine_of(app)) as db:
        return list(db.exec(select(kind).order_by(col(kind.id))))


def words_of(answer: object) -> str:
    """The text of a page as people read it, blanks in one."""
    html: str = answer.get_data(as_text=True)  # type: ignore[attr-defined]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def stay_over(planned: Planned) -> str:
    """Let the first team's first day be one at a hub; return the name of the hub."""
    first = planned.visits()[0]
    with unit_of_work(planned.engine) as db:
        stay = Stay(
            stage_id=first.stage_id,
            team_id=first.team_id,
            hub_village_code=first.village_code,
            starts=first.day,
            ends=first.day,
            session_days=[first.day.isoformat()],
            access_minutes=300,
        )
        db.add(stay)
        db.flush()
        db.get_one(Visit, first.id).stay_id = stay.id
        return db.get_one(Village, first.village_code).name


def proposed(planned: Planned) -> Visit:
    return next(one for one in planned.visits() if one.work is Work.PROPOSED)
