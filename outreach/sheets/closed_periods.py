"""Closed periods as a spreadsheet: harvests, plantings, feasts, floods and elections by region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlmodel import col, select

from outreach.people.access import within
from outreach.people.closures import ClosedPeriodIn
from outreach.sheets.differing import addition, alteration, compared, kept_where_absent, removal
from outreach.sheets.kinds import REMOVE, Cell, Choice, Column, Kind
from outreach.sheets.market_days import REGIONS
from outreach.sheets.models import taken
from outreach.sheets.regions import labelled, refuse_foreign
from outreach.sheets.tables import SheetKind
from outreach.sheets.tabular import take_back, write
from outreach.villages.reading import names_of
from outreach.villages.tables import ClosedPeriod, Closure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlmodel import Session

    from outreach.sheets.kinds import Change, Context, Row, Undo, Value

CLOSURES = {
    Closure.HARVEST: "Panen",
    Closure.PLANTING: "Tanam",
    Closure.FEAST: "Hajatan/perayaan",
    Closure.FLOOD: "Banjir",
    Closure.ELECTION: "Pemilihan",
    Closure.OTHER: "Lainnya",
}
COLUMNS = (
    Column(
        "code",
        "Kode wilayah",
        Cell.CODE,
        help="Kode kabupaten/kota, kecamatan, atau desa/kelurahan di wilayah kantor cabang Anda.",
        example="33.10.05",
        is_required=True,
    ),
    Column("region", "Wilayah", is_info=True, width=28),
    Column(
        "starts",
        "Hari pertama",
        Cell.DAY,
        help="Termasuk hari ini.",
        example="02/02/2027",
        is_required=True,
    ),
    Column(
        "ends",
        "Hari terakhir",
        Cell.DAY,
        help="Termasuk hari ini; paling lama satu tahun.",
        example="14/02/2027",
        is_required=True,
    ),
    Column(
        "closure",
        "Jenis",
        Cell.CHOICE,
        example="Panen",
        choices=tuple(Choice(one.value, CLOSURES[one]) for one in Closure),
        is_required=True,
        width=20,
    ),
    Column("note", "Catatan", example="Panen raya padi", width=32),
    Column("source", "Sumber", example="Kecamatan Delanggu", width=28),
    REMOVE,
)
_TOLD = ("code", "starts", "ends", "closure", "note", "source")
_KEY = _TOLD[:4]
_FIELDS = {"code": "region_code"}


def columns(_db: Session, _ctx: Context) -> tuple[Column, ...]:
    """Return the columns, the same for every branch."""
    return COLUMNS


def current(db: Session, ctx: Context) -> list[dict[str, Value]]:
    """List the closed periods of the branch's area that have not ended."""
    rows = [row for row in _stored(db, ctx) if row.ends >= ctx.today]
    names = names_of(db, {row.region_code for row in rows})
    return [_values(row) | {"region": names.get(row.region_code, "")} for row in rows]


def check(db: Session, rows: Sequence[Row], ctx: Context) -> list[Change]:
    """Refuse foreign regions and compare the others with what is noted."""
    names = refuse_foreign(db, rows, ctx, levels=REGIONS)
    stored = {tuple(_values(row)[name] for name in _KEY): row for row in _stored(db, ctx)}
    return compared(rows, _KEY, stored, lambda row, before: _change(row, before, names))


def apply(db: Session, changes: Sequence[Change], _ctx: Context) -> list[Undo]:
    """Write the closed periods."""
    return write(db, ClosedPeriod, changes, _columns_of)


def undo(db: Session, entries: Sequence[Undo], _ctx: Context) -> None:
    """Take the closed periods back."""
    take_back(db, ClosedPeriod, entries)


def _change(row: Row, before: ClosedPeriod | None, names: Mapping[str, str]) -> Change | None:
    closure = CLOSURES[Closure(str(row.values["closure"]))]
    label = f"{labelled(names, str(row.values['code']))}, {closure}"
    if row.values["remove"]:
        noted = None if before is None else _values(before)
        return removal(row, label, noted, {} if before is None else _facts(before))
    stored = _values(before) if before else {"note": "", "source": ""}
    values = kept_where_absent(row, {name: row.values[name] for name in _TOLD}, stored)
    fields = {_FIELDS.get(name, name): value for name, value in values.items()}
    given = taken(ClosedPeriodIn, row, fields, {"region_code": "code"})
    if given is None:
        return None
    told: dict[str, Any] = {
        "code": given.region_code,
        "starts": given.starts,
        "ends": given.ends,
        "closure": given.closure.value,
        "note": given.note,
        "source": given.source,
    }
    if before is None:
        return addition(row, label, told)
    return alteration(row, label, _values(before), told, _facts(before))


def _columns_of(change: Change) -> dict[str, Any]:
    return {
        _FIELDS.get(name, name): Closure(str(value)) if name == "closure" else value
        for name, value in change.after.items()
    }


def _values(row: ClosedPeriod) -> dict[str, Value]:
    return {
        "code": row.region_code,
        "starts": row.starts,
        "ends": row.ends,
        "closure": row.closure.value,
        "note": row.note,
        "source": row.source,
    }


def _facts(row: ClosedPeriod) -> dict[str, Any]:
    return {"id": row.id, "version": row.version}


def _stored(db: Session, ctx: Context) -> Sequence[ClosedPeriod]:
    query = select(ClosedPeriod).where(within(ClosedPeriod.region_code, ctx.regencies))
    order = (col(ClosedPeriod.region_code), col(ClosedPeriod.starts), col(ClosedPeriod.id))
    return db.exec(query.order_by(*order)).all()


CLOSED_PERIODS = Kind(
    SheetKind.CLOSED_PERIODS,
    "Hari tutup",
    columns,
    _KEY,
    current,
    check,
    apply,
    undo,
)
