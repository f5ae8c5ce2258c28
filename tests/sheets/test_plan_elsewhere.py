"""A sheet gives no village a visit that another stage of the campaign has got meanwhile."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from sqlmodel import col

from outreach.db import unit_of_work
from outreach.errors import Conflict
from outreach.visits.lifecycle import Author, settle
from outreach.visits.tables import Happening, Visit, Work
from tests.sheets import desk
from tests.sheets.desk import DAY, NOTE, SLOT, TEAM, line_of, places, visit_at
from tests.visits.world import NOW, add_stage, stage_in

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.visits.world import World

LAST = dt.date(2026, 11, 14)


def give_elsewhere(engine: Engine, world: World, code: str) -> None:
    """Let a stage of the weeks after have a visit in the village."""
    with unit_of_work(engine) as db:
        had = db.scalars(select(Visit).where(col(Visit.village_code) == code)).one()
        facts = had.model_dump(exclude={"id", "run_id", "batch_id"})
        given = stage_in("Tahap 2", starts=dt.date(2026, 11, 16), ends=dt.date(2026, 11, 28))
        stage_id = add_stage(db, world.campaign_id, world.coordinator, given)
        changed = {"stage_id": stage_id, "day": given.starts, "work": Work.PROPOSED}
        db.add(Visit(**{**facts, **changed}))


@pytest.fixture
def sheet(engine: Engine, world: World) -> tuple[str, bytes]:
    """A village whose visit was given back, and a sheet that gives it another."""
    code = min(places(engine, world))
    with unit_of_work(engine) as db:
        visit_id = visit_at(engine, world, code).id or 0
        settle(db, visit_id, Happening.RETURNED, Author(world.coordinator, NOW, "Banjir"))

    def fill(lines: desk.Lines) -> None:
        line_of(lines, code)[TEAM : SLOT + 1] = ["Tim 1", LAST, ""]

    return code, desk.edited(engine, world, fill)


def test_a_row_for_it_is_refused(engine: Engine, world: World, sheet: tuple[str, bytes]) -> None:
    code, content = sheet
    give_elsewhere(engine, world, code)
    rows, changes = desk.told(engine, world, desk.upload(engine, world, content))
    (row,) = [row for row in rows if row.is_refused]
    assert [(one.column, one.code) for one in row.problems] == [("", "village_elsewhere")]
    assert not changes
    lines = desk.lines_of(desk.download(engine, world))
    assert code not in {line[desk.CODE] for line in lines}


def test_a_checked_sheet_is_stale(engine: Engine, world: World, sheet: tuple[str, bytes]) -> None:
    code, content = sheet
    staged = desk.upload(engine, world, content)
    give_elsewhere(engine, world, code)
    with pytest.raises(Conflict) as refusal:
        desk.apply(engine, world, staged)
    assert refusal.value.facts["problem"] == "sheet_is_stale"
    assert code not in places(engine, world)


def test_undoing_brings_no_second_visit_back(engine: Engine, world: World) -> None:
    code = min(places(engine, world))

    def clear(lines: desk.Lines) -> None:
        line = line_of(lines, code)
        line[DAY], line[NOTE] = "", "Balai desa dipakai"

    applied = desk.apply(
        engine, world, desk.upload(engine, world, desk.edited(engine, world, clear))
    )
    give_elsewhere(engine, world, code)
    with pytest.raises(Conflict) as refusal:
        desk.undo(engine, world, applied)
    assert refusal.value.facts["problem"] == "changed_since"
    assert code not in places(engine, world)
