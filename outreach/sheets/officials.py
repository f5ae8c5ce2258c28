"""Village officials as a spreadsheet: who they are, how they are reached, how long they serve.

A person is told apart by village and name, not by position: whoever takes an office over is
somebody else, with an account and a phone of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlmodel import col, select

from outreach.people.access import within
from outreach.people.officials import OfficialIn
from outreach.people.tables import Official
from outreach.people.terms import UNKNOWN, Term, last_day, term_of
from outreach.sheets.cells import same_name
from outreach.sheets.differing import addition, alteration, kept_where_absent, refuse_alike
from outreach.sheets.kinds import Cell, Column, Kind, Problem
from outreach.sheets.models import taken
from outreach.sheets.regions import labelled, refuse_foreign
from outreach.sheets.tables import SheetKind
from outreach.sheets.tabular import take_back, write
from outreach.villages.reading import names_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from sqlmodel import Session

    from outreach.sheets.kinds import Change, Context, Row, Undo, Value

COLUMNS = (
    Column(
        "code",
        "Kode desa/kelurahan",
        Cell.CODE,
        help="Kode desa atau kelurahan di wilayah kantor cabang Anda.",
        example="33.10.25.1004",
        is_required=True,
    ),
    Column("village", "Desa/kelurahan", is_info=True, width=24),
    Column(
        "name",
        "Nama",
        help="Nama lain di desa yang sama berarti orang lain.",
        example="Sri Lestari",
        is_required=True,
        width=28,
    ),
    Column("position", "Jabatan", example="Sekretaris desa", is_required=True, width=24),
    Column(
        "phone",
        "Telepon",
        help="Nomor ponsel atau telepon, misalnya 0812 3456 7890.",
        example="0812 3456 7890",
        width=18,
    ),
    Column("email", "E-mail", example="sekdes@contoh.desa.id", width=28),
    Column("term_starts", "Mulai menjabat", Cell.DAY, example="01/06/2023"),
    Column(
        "term_ends",
        "Akhir jabatan",
        Cell.DAY,
        help="Hari terakhir menjabat; setelahnya tidak dihubungi lagi.",
        example="31/05/2029",
    ),
    Column(
        "is_active",
        "Aktif",
        Cell.FLAG,
        help="Isi “tidak” bila tidak menjabat lagi; akhir jabatannya lalu paling lambat hari ini."
        " Kosong berarti tetap seperti semula.",
        example="ya",
        width=8,
    ),
)
_TOLD = ("code", "name", "position", "phone", "email", "term_starts", "term_ends", "is_active")
_FIELDS = {"code": "village_code"}

type _Key = tuple[str, str]


def columns(_db: Session, _ctx: Context) -> tuple[Column, ...]:
    """Return the columns, the same for every branch."""
    return COLUMNS


def current(db: Session, ctx: Context) -> list[dict[str, Value]]:
    """List the officials of the branch's area."""
    rows = _stored(db, ctx)
    names = names_of(db, {row.village_code for row in rows})
    return [_values(row) | {"village": names.get(row.village_code, "")} for row in rows]


def check(db: Session, rows: Sequence[Row], ctx: Context) -> list[Change]:
    """Refuse foreign villages and what no form would take; compare the others with what stands."""
    names = refuse_foreign(db, rows, ctx)
    stored = _by_key(_stored(db, ctx))
    refuse_alike(rows, "name", lambda row: _key(row.values["code"], row.values["name"]))
    found = []
    for row in rows:
        alike = stored.get(_key(row.values["code"], row.values["name"]), [])
        if len(alike) > 1:
            row.refuse("name", "several_of_this_name")
        if not row.is_refused and (change := _change(row, alike, stored, names, ctx.today)):
            found.append(change)
    return found


def apply(db: Session, changes: Sequence[Change], _ctx: Context) -> list[Undo]:
    """Write the officials."""
    return write(db, Official, changes, _columns_of)


def undo(db: Session, entries: Sequence[Undo], _ctx: Context) -> None:
    """Take the officials back."""
    take_back(db, Official, entries)


def _change(
    row: Row,
    alike: Sequence[Official],
    stored: Mapping[_Key, Sequence[Official]],
    names: Mapping[str, str],
    today: date,
) -> Change | None:
    before = alike[0] if alike else None
    standing = _values(before) if before else {"is_active": True}
    values = kept_where_absent(row, {name: row.values[name] for name in _TOLD}, standing)
    if values["is_active"] is None:
        values["is_active"] = standing["is_active"]
    fields = {_FIELDS.get(name, name): value for name, value in values.items()}
    given = taken(OfficialIn, row, fields, {"village_code": "code"})
    if given is None:
        return None
    told = {"code": given.village_code, "is_active": values["is_active"]} | {
        name: getattr(given, name) for name in _TOLD if name not in ("code", "is_active")
    }
    told["term_ends"] = _last_day(before, told, today)
    label = f"{given.name}, {labelled(names, given.village_code)}"
    if before is None:
        return addition(row, label, told, notes=_position_held(told, stored))
    return alteration(row, label, standing, told, {"id": before.id, "version": before.version})


def _last_day(before: Official | None, told: Mapping[str, Any], today: date) -> date | None:
    stood = term_of(before) if before else UNKNOWN
    return last_day(stood, Term(told["is_active"], told["term_starts"], told["term_ends"]), today)


def _position_held(
    told: Mapping[str, Any], stored: Mapping[_Key, Sequence[Official]]
) -> tuple[Problem, ...]:
    """Say who else of the village stands there with the same position and has not left it."""
    holders = [
        one.name
        for (code, _), several in stored.items()
        for one in several
        if code == told["code"]
        and one.is_active
        and same_name(one.position) == same_name(told["position"])
    ]
    return (Problem("position", "position_held", {"names": ", ".join(holders)}),) if holders else ()


def _columns_of(change: Change) -> dict[str, Any]:
    return {_FIELDS.get(name, name): value for name, value in change.after.items()}


def _values(row: Official) -> dict[str, Value]:
    return {"code": row.village_code} | {name: getattr(row, name) for name in _TOLD[1:]}


def _key(code: Value, name: Value) -> _Key:
    return str(code), same_name(str(name))


def _by_key(rows: Iterable[Official]) -> dict[_Key, list[Official]]:
    found: dict[_Key, list[Official]] = {}
    for row in rows:
        found.setdefault(_key(row.village_code, row.name), []).append(row)
    return found


def _stored(db: Session, ctx: Context) -> Sequence[Official]:
    query = select(Official).where(within(Official.village_code, ctx.regencies))
    order = (col(Official.village_code), col(Official.name), col(Official.id))
    return db.exec(query.order_by(*order)).all()


OFFICIALS = Kind(
    SheetKind.OFFICIALS,
    "Perangkat desa",
    columns,
    ("code", "name"),
    current,
    check,
    apply,
    undo,
)
