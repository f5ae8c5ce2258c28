"""Market days as a spreadsheet: which region holds its market when, and what that means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlmodel import col, select

from outreach.people.access import within
from outreach.people.closures import MarketDayIn
from outreach.sheets.differing import addition, alteration, compared, kept_where_absent, removal
from outreach.sheets.kinds import REMOVE, Cell, Choice, Column, Kind
from outreach.sheets.models import taken
from outreach.sheets.regions import labelled, refuse_foreign
from outreach.sheets.tables import SheetKind
from outreach.sheets.tabular import take_back, write
from outreach.villages.codes import Level
from outreach.villages.reading import names_of
from outreach.villages.tables import MarketDay, MarketEffect, MarketRhythm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlmodel import Session

    from outreach.sheets.kinds import Change, Context, Row, Undo, Value

REGIONS = (Level.REGENCY, Level.DISTRICT, Level.VILLAGE)
RHYTHMS = {
    MarketRhythm.MONDAY: "Senin",
    MarketRhythm.TUESDAY: "Selasa",
    MarketRhythm.WEDNESDAY: "Rabu",
    MarketRhythm.THURSDAY: "Kamis",
    MarketRhythm.FRIDAY: "Jumat",
    MarketRhythm.SATURDAY: "Sabtu",
    MarketRhythm.SUNDAY: "Minggu",
    MarketRhythm.LEGI: "Legi",
    MarketRhythm.PAHING: "Pahing",
    MarketRhythm.PON: "Pon",
    MarketRhythm.WAGE: "Wage",
    MarketRhythm.KLIWON: "Kliwon",
}
EFFECTS = {MarketEffect.AVOID: "Hindari", MarketEffect.COME: "Datangi"}
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
        "rhythm",
        "Hari pasar",
        Cell.CHOICE,
        help="Nama hari, atau hari pasaran Jawa (Legi, Pahing, Pon, Wage, Kliwon).",
        example="Kliwon",
        choices=tuple(Choice(one.value, RHYTHMS[one]) for one in MarketRhythm),
        is_required=True,
    ),
    Column(
        "effect",
        "Pengaruh",
        Cell.CHOICE,
        help="“Hindari”: hari itu tidak dijadwalkan. “Datangi”: hanya ditampilkan.",
        example="Hindari",
        choices=tuple(Choice(one.value, EFFECTS[one]) for one in MarketEffect),
    ),
    Column("note", "Catatan", help="Misalnya nama pasar.", example="Pasar Delanggu", width=32),
    REMOVE,
)
_TOLD = ("code", "rhythm", "effect", "note")
_KEY = _TOLD[:2]
_FIELDS = {"code": "region_code"}


def columns(_db: Session, _ctx: Context) -> tuple[Column, ...]:
    """Return the columns, the same for every branch."""
    return COLUMNS


def current(db: Session, ctx: Context) -> list[dict[str, Value]]:
    """List the market days of the branch's area."""
    rows = _stored(db, ctx)
    names = names_of(db, {row.region_code for row in rows})
    return [_values(row) | {"region": names.get(row.region_code, "")} for row in rows]


def check(db: Session, rows: Sequence[Row], ctx: Context) -> list[Change]:
    """Refuse foreign regions and compare the others with what is noted."""
    names = refuse_foreign(db, rows, ctx, levels=REGIONS)
    stored = {tuple(_values(row)[name] for name in _KEY): row for row in _stored(db, ctx)}
    return compared(rows, _KEY, stored, lambda row, before: _change(row, before, names))


def apply(db: Session, changes: Sequence[Change], _ctx: Context) -> list[Undo]:
    """Write the market days."""
    return write(db, MarketDay, changes, _columns_of)


def undo(db: Session, entries: Sequence[Undo], _ctx: Context) -> None:
    """Take the market days back."""
    take_back(db, MarketDay, entries)


def _change(row: Row, before: MarketDay | None, names: Mapping[str, str]) -> Change | None:
    label = f"{labelled(names, str(row.values['code']))}, {_word(row)}"
    if row.values["remove"]:
        noted = None if before is None else _values(before)
        return removal(row, label, noted, {} if before is None else _facts(before))
    stored = _values(before) if before else {"effect": MarketEffect.AVOID.value, "note": ""}
    values = kept_where_absent(row, {name: row.values[name] for name in _TOLD}, stored)
    given = taken(MarketDayIn, row, {_FIELDS.get(n, n): v for n, v in values.items()})
    if given is None:
        return None
    told: dict[str, Any] = {
        "code": given.region_code,
        "rhythm": given.rhythm.value,
        "effect": given.effect.value,
        "note": given.note,
    }
    if before is None:
        return addition(row, label, told)
    return alteration(row, label, _values(before), told, _facts(before))


def _word(row: Row) -> str:
    return RHYTHMS[MarketRhythm(str(row.values["rhythm"]))]


def _columns_of(change: Change) -> dict[str, Any]:
    kinds: dict[str, Any] = {"rhythm": MarketRhythm, "effect": MarketEffect}
    return {
        _FIELDS.get(name, name): kinds[name](value) if name in kinds else value
        for name, value in change.after.items()
    }


def _values(row: MarketDay) -> dict[str, Value]:
    return {
        "code": row.region_code,
        "rhythm": row.rhythm.value,
        "effect": row.effect.value,
        "note": row.note,
    }


def _facts(row: MarketDay) -> dict[str, Any]:
    return {"id": row.id, "version": row.version}


def _stored(db: Session, ctx: Context) -> Sequence[MarketDay]:
    query = select(MarketDay).where(within(MarketDay.region_code, ctx.regencies))
    return db.exec(query.order_by(col(MarketDay.region_code), col(MarketDay.id))).all()


MARKET_DAYS = Kind(
    SheetKind.MARKET_DAYS,
    "Hari pasar",
    columns,
    _KEY,
    current,
    check,
    apply,
    undo,
)
