"""The plan of the small world as a sheet: edited in memory, written by a second library."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import xlsxwriter
from python_calamine import CalamineWorkbook
from sqlalchemy import select
from sqlmodel import col

from outreach.db import unit_of_work
from outreach.sheets.plan import PLAN
from outreach.sheets.reading import read_sheet
from outreach.sheets.staging import (
    apply_upload,
    changes_of,
    check_sheet,
    context_of_stage,
    discard_upload,
    keep_sheet,
    rows_of,
    undo_upload,
)
from outreach.sheets.writing import workbook
from outreach.visits.tables import ACTIVE, Visit, Work
from tests.visits.world import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.sheets.kinds import Change, Context, Kind, Row
    from outreach.sheets.tables import Upload
    from tests.visits.world import World

Lines = list[list[Any]]
CODE, VILLAGE, DISTRICT, TEAM, DAY, SLOT, STARTS, STATUS, ALLOW, NOTE = range(10)


def context(db: Any, world: World) -> Context:
    return context_of_stage(db, world.coordinator, world.stage_id, now=NOW)


def download(engine: Engine, world: World) -> bytes:
    with unit_of_work(engine) as db:
        ctx = context(db, world)
        return workbook(PLAN.title, PLAN.columns(db, ctx), PLAN.current(db, ctx))


def lines_of(content: bytes) -> Lines:
    """Cells of the first sheet, as a person would see and edit them."""
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


def saved(lines: Sequence[Sequence[Any]]) -> bytes:
    """Write the cells as some other program would: days as days, numbers as numbers."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "dd/mm/yyyy"}) as book:
        sheet = book.add_worksheet("Lembar1")
        for number, line in enumerate(lines):
            sheet.write_row(number, 0, line)
    return out.getvalue()


def edited(engine: Engine, world: World, edit: Callable[[Lines], object]) -> bytes:
    lines = lines_of(download(engine, world))
    edit(lines)
    return saved(lines)


def upload(engine: Engine, world: World, content: bytes, name: str = "rencana.xlsx") -> Upload:
    with unit_of_work(engine) as db:
        return staged(db, PLAN, content, name, context(db, world))


def staged(db: Session, kind: Kind, content: bytes, name: str, ctx: Context) -> Upload:
    """Read, check and keep a file."""
    sheet = read_sheet(content, kind.title, kind.columns(db, ctx), kind.key)
    return keep_sheet(db, check_sheet(db, kind, sheet, name, ctx))


def settle(engine: Engine, world: World, staged: Upload, how: Any) -> Upload:
    with unit_of_work(engine) as db:
        done: Upload = how(db, staged.id, staged.version, context(db, world))
        return done


def apply(engine: Engine, world: World, staged: Upload) -> Upload:
    return settle(engine, world, staged, apply_upload)


def undo(engine: Engine, world: World, applied: Upload) -> Upload:
    return settle(engine, world, applied, undo_upload)


def discard(engine: Engine, world: World, staged: Upload) -> Upload:
    return settle(engine, world, staged, discard_upload)


def told(engine: Engine, world: World, staged: Upload) -> tuple[list[Row], list[Change]]:
    with unit_of_work(engine) as db:
        columns = PLAN.columns(db, context(db, world))
        return rows_of(staged, columns), changes_of(staged, columns)


def places(engine: Engine, world: World) -> dict[str, tuple[Any, ...]]:
    """Where and how every active visit of the stage stands."""
    with unit_of_work(engine) as db:
        query = select(Visit).where(
            col(Visit.stage_id) == world.stage_id, col(Visit.work).in_(ACTIVE)
        )
        return {
            one.village_code: (
                one.team_id, one.day, one.slot, one.starts_at, one.travel_minutes,
                one.return_minutes, one.work,
            )
            for one in db.scalars(query)
        }  # fmt: skip


def visit_at(engine: Engine, world: World, code: str) -> Visit:
    with unit_of_work(engine) as db:
        query = select(Visit).where(
            col(Visit.stage_id) == world.stage_id,
            col(Visit.village_code) == code,
            col(Visit.work).in_(ACTIVE),
        )
        return db.scalars(query).one()


def set_work(engine: Engine, code: str, work: Work) -> None:
    with unit_of_work(engine) as db:
        for visit in db.scalars(select(Visit).where(col(Visit.village_code) == code)):
            visit.work = work


def line_of(lines: Lines, code: str) -> list[Any]:
    return next(line for line in lines if line[CODE] == code)
