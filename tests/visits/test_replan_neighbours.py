"""Who may read a re-plan, and that it touches nobody but those it hits."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, select
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, NotFound
from outreach.people.tables import Role
from outreach.visits.causes import TeamAway
from outreach.visits.lifecycle import ask, cancel
from outreach.visits.replan import apply_replan, difference_of, draft_replan, replans_of_stage
from outreach.visits.tables import Visit, Work
from outreach.visits.teamday import day_minute
from tests.visits.world import NOW, STARTS, World, account, build_world, plan

if TYPE_CHECKING:
    from sqlmodel import Session


@pytest.fixture
def gappy(engine: Engine) -> World:
    """A stage whose days have room in front, so that what comes in may push the others."""
    world = build_world(engine, ends=date(2026, 11, 14))
    plan(engine, world)
    with unit_of_work(engine) as db:
        first = select(Visit).where(col(Visit.slot) == 1).order_by(col(Visit.id))
        for visit in db.scalars(first).all()[::2]:
            by = world.coordinator
            cancel(db, visit.id or 0, version=visit.version, by=by, now=NOW, reason="x")
    return world


def _draft(engine: Engine, world: World, team_id: int, day: date) -> int:
    told = TeamAway(team_id=team_id, first=day, last=day, why="Tim sakit")
    with unit_of_work(engine) as db:
        made = draft_replan(db, world.stage_id, told, by=world.coordinator, now=NOW)
        return made.id or 0


def _must_make_way(db: Session, code: str, starts_minute: int) -> bool:
    """Whether a session that starts at a minute and that of a proposal would overlap."""
    stands = col(Visit.work) == Work.PROPOSED
    visit = db.scalars(select(Visit).where(col(Visit.village_code) == code, stands)).first()
    if visit is None:
        return False
    return abs(starts_minute - day_minute(visit.starts_at)) < visit.session_minutes


def _pushing(engine: Engine, world: World) -> tuple[int, str]:
    """Draft a re-plan that gives a proposal another start; return it and the proposal's village."""
    for team_id in world.team_ids:
        for ahead in range(10):
            replan_id = _draft(engine, world, team_id, STARTS + timedelta(days=ahead))
            with reading(engine) as db:
                seen = difference_of(db, world.coordinator, replan_id)
                pushed = [
                    code
                    for one in seen.changes
                    if one.place
                    for code in one.place.shifts
                    if _must_make_way(db, code, one.place.starts_minute)
                ]
            if pushed:
                return replan_id, pushed[0]
    raise AssertionError("no re-plan pushes anybody")


def test_a_neighbour_that_was_asked_meanwhile_is_not_moved(engine: Engine, gappy: World) -> None:
    replan_id, code = _pushing(engine, gappy)
    with unit_of_work(engine) as db:
        stands = col(Visit.work) == Work.PROPOSED
        visit = db.scalars(select(Visit).where(col(Visit.village_code) == code, stands)).one()
        before, visit_id = visit.starts_at, visit.id or 0
        ask(db, visit_id, version=visit.version, by=gappy.coordinator, now=NOW)
    with pytest.raises(Conflict) as refusal, unit_of_work(engine) as db:
        apply_replan(db, replan_id, (), 1, by=gappy.coordinator, now=NOW)
    assert refusal.value.facts["problem"] == "replan_stale"
    with reading(engine) as db:
        assert db.get_one(Visit, visit_id).starts_at == before


def test_a_manager_of_a_part_of_the_branch_reads_no_re_plan(engine: Engine, gappy: World) -> None:
    replan_id = _draft(engine, gappy, gappy.team_ids[0], STARTS)
    with unit_of_work(engine) as db:
        part = account(db, "kecamatan", Role.MANAGER, "33.72.01")
    with reading(engine) as db:
        assert difference_of(db, gappy.manager, replan_id).changes
        assert replans_of_stage(db, gappy.manager, gappy.stage_id)
        with pytest.raises(NotFound):
            difference_of(db, part, replan_id)
        with pytest.raises(NotFound):
            replans_of_stage(db, part, gappy.stage_id)
