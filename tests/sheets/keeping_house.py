"""A branch whose teams, officials, calendar and counts come and go by spreadsheet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from outreach.db import reading, unit_of_work
from outreach.people.tables import Role
from outreach.sheets.registry import KINDS
from outreach.sheets.staging import (
    apply_upload,
    changes_of,
    context_of,
    discard_upload,
    rows_of,
    undo_upload,
)
from outreach.sheets.tables import SheetKind, Upload
from outreach.sheets.writing import text_file, workbook
from tests import builders
from tests.sheets.desk import staged
from tests.visits.world import account

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.sheets.kinds import Change, Context, Kind, Row

NOW = datetime(2026, 11, 2, 2, tzinfo=UTC)
TODAY = date(2026, 11, 2)
PAJANG, BUMI, FOREIGN = "33.72.01.1001", "33.72.01.1002", "33.09.01.2001"


@dataclass(frozen=True)
class House:
    """Surakarta's branch with one team, beside one of Boyolali."""

    engine: Engine
    branch_id: int
    coordinator: Person

    def context(self, db: Session) -> Context:
        return context_of(db, self.coordinator, self.branch_id, now=NOW)

    def upload(self, kind: SheetKind, *rows: Mapping[str, Any], keys: Any = None) -> Told:
        """Upload rows as CSV whose headers are the columns' keys; nothing is applied."""
        names = list(keys or dict.fromkeys(name for row in rows for name in row))
        lines = [";".join(names)]
        lines += [";".join(_cell(row.get(name)) for name in names) for row in rows]
        return self.send(kind, "\n".join(lines).encode())

    def send(self, kind: SheetKind, content: bytes) -> Told:
        with unit_of_work(self.engine) as db:
            ctx = self.context(db)
            upload = staged(db, KINDS[kind], content, "lembar.csv", ctx)
            columns = KINDS[kind].columns(db, ctx)
            return Told(self, upload.id or 0, rows_of(upload, columns), changes_of(upload, columns))

    def download(self, kind: SheetKind) -> tuple[bytes, bytes]:
        """The sheet as it stands, as XLSX and as CSV."""
        one: Kind = KINDS[kind]
        with reading(self.engine) as db:
            ctx = self.context(db)
            columns, rows = one.columns(db, ctx), one.current(db, ctx)
            return workbook(one.title, columns, rows), text_file(columns, rows)

    def everything(self, *tables: Any) -> list[list[tuple[Any, ...]]]:
        """All rows of tables, to compare before and after."""
        with reading(self.engine) as db:
            return [
                sorted(
                    (tuple(str(getattr(row, c.name)) for c in table.__table__.columns))
                    for row in db.scalars(select(table))
                )
                for table in tables
            ]

    def count(self, table: Any) -> int:
        with reading(self.engine) as db:
            return int(db.scalar(select(func.count()).select_from(table)) or 0)


@dataclass(frozen=True)
class Told:
    """What an upload came to."""

    house: House
    upload_id: int
    rows: list[Row]
    changes: list[Change]

    @property
    def problems(self) -> list[tuple[int, str, str]]:
        return [(row.number, one.column, one.code) for row in self.rows for one in row.problems]

    def apply(self) -> Told:
        assert not self.problems
        return self._settle(apply_upload)

    def apply_the_rest(self) -> Told:
        return self._settle(apply_upload)

    def undo(self) -> Told:
        return self._settle(undo_upload)

    def discard(self) -> Told:
        return self._settle(discard_upload)

    def _settle(self, act: Any) -> Told:
        with unit_of_work(self.house.engine) as db:
            upload = self.stored(db)
            act(db, self.upload_id, upload.version, self.house.context(db))
        return self

    def stored(self, db: Session) -> Upload:
        return db.get_one(Upload, self.upload_id)


def build(engine: Engine) -> House:
    builders.load_small_registry(engine, ("33.72", "33.09.01"))
    with unit_of_work(engine) as db:
        branch = builders.branch(db)
        builders.team(db, branch.id or 0)
        other = builders.branch(db, "Boyolali", FOREIGN, "33.09")
        builders.team(db, other.id or 0, "Tim Merapi")
        coordinator = account(db, "rini", Role.COORDINATOR, branch_id=branch.id)
        return House(engine, branch.id or 0, coordinator)


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
