"""Sheets of what is noted of regions, a row of one table each: closed days, market days, sponsors.

Such a kind tells its columns and what sets it apart; the rest is the same for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence  # noqa: TC003 - read at run time
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from sqlmodel import select

from outreach.people.access import within
from outreach.sheets.differing import addition, alteration, compared, kept_where_absent, removal
from outreach.sheets.kinds import Cell, Column, Kind
from outreach.sheets.models import taken
from outreach.sheets.regions import labelled, refuse_foreign
from outreach.sheets.tabular import take_back, write
from outreach.villages.codes import Level
from outreach.villages.reading import names_of

if TYPE_CHECKING:
    from pydantic import BaseModel
    from sqlmodel import Session

    from outreach.sheets.kinds import Change, Context, Row, Value
    from outreach.sheets.tables import SheetKind

REGIONS = (Level.REGENCY, Level.DISTRICT, Level.VILLAGE)
#: The column of a field where the two differ.
_COLUMN = {"region_code": "code"}
_FIELD = {column: name for name, column in _COLUMN.items()}


@dataclass(frozen=True, slots=True)
class Noted:
    """What sets one kind of note apart.

    Attributes
    ----------
    table, given
        The table, and the input model that asks of a row what its form asks.
    key, told
        Columns that tell two notes apart, and all columns that are stored.
    order
        Fields by which notes are listed, behind their region.
    label
        How a difference names a row, behind its region.
    choices
        Columns that hold one of an enum.
    blank
        What a new note has where the sheet has no such column.
    of_branch
        Whether a note belongs to its branch.
    """

    table: Any
    given: type[BaseModel]
    key: tuple[str, ...]
    told: tuple[str, ...]
    label: Callable[[Row], str]
    order: tuple[str, ...] = ("id",)
    choices: Mapping[str, type[Enum]] = field(default_factory=dict)
    blank: Mapping[str, Value] = field(default_factory=dict)
    of_branch: bool = False


def region_columns(example: str) -> tuple[Column, Column]:
    """Make the columns of a region: its code, and its name to read."""
    code = Column(
        "code",
        "Kode wilayah",
        Cell.CODE,
        help="Kode kabupaten/kota, kecamatan, atau desa/kelurahan di wilayah kantor cabang Anda.",
        example=example,
        is_required=True,
    )
    return code, Column("region", "Wilayah", is_info=True, width=28)


def kind_of(noted: Noted, kind: SheetKind, title: str, columns: tuple[Column, ...]) -> Kind:
    """Make the kind of sheet."""
    return Kind(
        kind,
        title,
        lambda _db, _ctx: columns,
        noted.key,
        lambda db, ctx: _current(db, ctx, noted),
        lambda db, rows, ctx: _check(db, rows, ctx, noted),
        lambda db, changes, ctx: write(
            db, noted.table, changes, lambda change: _columns_of(change, ctx, noted)
        ),
        lambda db, entries, _ctx: take_back(db, noted.table, entries),
    )


def _current(db: Session, ctx: Context, noted: Noted) -> list[dict[str, Value]]:
    """List the notes of the branch's area that have not ended."""
    rows = [row for row in _stored(db, ctx, noted) if getattr(row, "ends", ctx.today) >= ctx.today]
    names = names_of(db, {row.region_code for row in rows})
    return [_values(row, noted) | {"region": names.get(row.region_code, "")} for row in rows]


def _check(db: Session, rows: Sequence[Row], ctx: Context, noted: Noted) -> list[Change]:
    """Refuse foreign regions and compare the others with what is noted."""
    names = refuse_foreign(db, rows, ctx, levels=REGIONS)
    stored = {}
    for row in _stored(db, ctx, noted):
        values = _values(row, noted)
        stored[tuple(values[name] for name in noted.key)] = row
    return compared(rows, noted.key, stored, lambda row, before: _change(row, before, names, noted))


def _change(row: Row, before: Any, names: Mapping[str, str], noted: Noted) -> Change | None:
    label = f"{labelled(names, str(row.values['code']))}, {noted.label(row)}"
    stands = None if before is None else _values(before, noted)
    facts = {} if before is None else {"id": before.id, "version": before.version}
    if row.values["remove"]:
        return removal(row, label, stands, facts)
    values = kept_where_absent(
        row, {name: row.values[name] for name in noted.told}, stands or noted.blank
    )
    fields = {_FIELD.get(name, name): value for name, value in values.items()}
    given = taken(noted.given, row, fields, _COLUMN)
    if given is None:
        return None
    told = _values(given, noted)
    if stands is None:
        return addition(row, label, told)
    return alteration(row, label, stands, told, facts)


def _columns_of(change: Change, ctx: Context, noted: Noted) -> dict[str, Any]:
    told = {
        _FIELD.get(name, name): noted.choices[name](value) if name in noted.choices else value
        for name, value in change.after.items()
    }
    return {**told, "branch_id": ctx.branch_id} if noted.of_branch else told


def _values(row: Any, noted: Noted) -> dict[str, Value]:
    """Read the columns of a stored note, or of one that was just taken."""
    found = {name: getattr(row, _FIELD.get(name, name)) for name in noted.told}
    return {
        name: value.value if isinstance(value, Enum) else value for name, value in found.items()
    }


def _stored(db: Session, ctx: Context, noted: Noted) -> Sequence[Any]:
    table = noted.table
    query = select(table).where(within(table.region_code, ctx.regencies))
    order = (table.region_code, *(getattr(table, name) for name in noted.order))
    return db.exec(query.order_by(*order)).all()
