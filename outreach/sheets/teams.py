"""Teams as a spreadsheet: where they start, who is in them, when they work."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlmodel import col, select

from outreach.people.tables import Team
from outreach.people.teams import TeamIn
from outreach.sheets.cells import same_name
from outreach.sheets.differing import addition, alteration, kept_where_absent, refuse_alike
from outreach.sheets.kinds import Cell, Column, Kind
from outreach.sheets.models import taken
from outreach.sheets.regions import refuse_foreign
from outreach.sheets.tables import SheetKind
from outreach.sheets.tabular import take_back, write
from outreach.villages.reading import names_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session

    from outreach.sheets.kinds import Change, Context, Row, Undo, Value

#: ISO weekdays as a cell writes them; the first three letters are enough to read one.
WEEKDAYS = {1: "Sen", 2: "Sel", 3: "Rab", 4: "Kam", 5: "Jum", 6: "Sab"}
_READ = {name.casefold(): number for number, name in WEEKDAYS.items()}
_SUNDAYS = ("min", "aha")  # Minggu, Ahad
_RANGE = re.compile(r"\s*(?:[-–]|s\.?\s*/?\s*d\.?|sampai)\s*")

COLUMNS = (
    Column("name", "Nama tim", example="Tim Lawu", is_required=True, width=24),
    Column(
        "base_village_code",
        "Kode desa pangkalan",
        Cell.CODE,
        help="Desa atau kelurahan tempat tim berangkat, di wilayah kantor cabang Anda.",
        example="33.72.01.1004",
        is_required=True,
    ),
    Column("base", "Pangkalan", is_info=True, width=24),
    Column(
        "members",
        "Anggota",
        help="Nama dipisahkan titik koma, paling banyak 20 orang.",
        example="Wahyu Saputra; Dewi Anggraini",
        is_required=True,
        width=40,
    ),
    Column(
        "weekdays",
        "Hari kerja",
        help="Misalnya “Sen, Sel, Rab” atau “Sen-Sab”. Hari Minggu tidak dijadwalkan.",
        example="Sen-Sab",
        is_required=True,
        width=24,
    ),
    Column(
        "sessions_per_day",
        "Sosialisasi per hari",
        Cell.WHOLE,
        help="1 sampai 3.",
        example="3",
        is_required=True,
        width=10,
    ),
    Column("day_starts", "Berangkat", Cell.CLOCK, example="08.00", is_required=True, width=10),
    Column("day_ends", "Kembali", Cell.CLOCK, example="17.00", is_required=True, width=10),
    Column("phone", "Telepon", example="0812 3456 7890", width=18),
    Column(
        "is_active",
        "Aktif",
        Cell.FLAG,
        help="Isi “tidak” bila tim tidak bertugas. Kosong berarti tetap seperti semula.",
        example="ya",
        width=8,
    ),
)
_TOLD = tuple(one.key for one in COLUMNS if not one.is_info)


def columns(_db: Session, _ctx: Context) -> tuple[Column, ...]:
    """Return the columns, the same for every branch."""
    return COLUMNS


def current(db: Session, ctx: Context) -> list[dict[str, Value]]:
    """List the teams of the branch."""
    rows = _stored(db, ctx)
    names = names_of(db, {row.base_village_code for row in rows})
    return [_values(row) | {"base": names.get(row.base_village_code, "")} for row in rows]


def check(db: Session, rows: Sequence[Row], ctx: Context) -> list[Change]:
    """Refuse bases outside the branch and what no form would take; compare the others."""
    refuse_foreign(db, rows, ctx, "base_village_code")
    stored = {same_name(row.name): row for row in _stored(db, ctx)}
    refuse_alike(rows, "name", lambda row: same_name(str(row.values["name"])))
    found = []
    for row in rows:
        before = stored.get(same_name(str(row.values["name"])))
        if not row.is_refused and (change := _change(row, before)):
            found.append(change)
    return found


def apply(db: Session, changes: Sequence[Change], ctx: Context) -> list[Undo]:
    """Write the teams."""
    return write(db, Team, changes, lambda change: _columns_of(change, ctx))


def undo(db: Session, entries: Sequence[Undo], _ctx: Context) -> None:
    """Take the teams back."""
    take_back(db, Team, entries)


def read_weekdays(text: str) -> list[int] | None:
    """Read “Sen, Sel, Rab” or “Senin–Sabtu” as ISO weekdays; None if it is neither."""
    found: set[int] = set()
    for part in re.split(r"[,;/]+", text.strip()):
        ends = [_weekday(word) for word in _RANGE.split(part.strip())] if part.strip() else []
        if None in ends or len(ends) > 2:
            return None
        numbers = [number for number in ends if number]
        found.update(range(numbers[0], numbers[-1] + 1) if numbers else ())
    return sorted(found) or None


def write_weekdays(weekdays: Sequence[int]) -> str:
    """Write ISO weekdays as a cell holds them."""
    return ", ".join(WEEKDAYS.get(day, "?") for day in sorted(weekdays))


def _weekday(word: str) -> int | None:
    letters = word.strip().casefold()
    return _READ.get(letters[:3]) if len(letters) >= 3 else None


def _change(row: Row, before: Team | None) -> Change | None:
    standing: dict[str, Value] = _values(before) if before else {"phone": "", "is_active": True}
    values = kept_where_absent(row, {name: row.values[name] for name in _TOLD}, standing)
    if values["is_active"] is None:
        values["is_active"] = standing["is_active"]
    given = _given(row, values)
    if given is None:
        return None
    told = _told(given)
    if before is None:
        return addition(row, given.name, told)
    return alteration(row, given.name, standing, told, {"id": before.id, "version": before.version})


def _given(row: Row, values: dict[str, Any]) -> TeamIn | None:
    weekdays = read_weekdays(values["weekdays"])
    if weekdays is None:
        is_sunday = any(day in values["weekdays"].casefold() for day in _SUNDAYS)
        row.refuse("weekdays", "sunday_is_free" if is_sunday else "not_weekdays")
        return None
    members = [name.strip() for name in re.split(r"[;\n]", values["members"]) if name.strip()]
    return taken(TeamIn, row, {**values, "weekdays": weekdays, "members": members})


def _told(team: TeamIn | Team) -> dict[str, Value]:
    told = {name: getattr(team, name) for name in _TOLD}
    written = {"weekdays": write_weekdays(team.weekdays), "members": "; ".join(team.members)}
    return told | written


def _values(team: Team) -> dict[str, Value]:
    return _told(team)


def _columns_of(change: Change, ctx: Context) -> dict[str, Any]:
    values: dict[str, Any] = dict(change.after)
    if "weekdays" in values:
        values["weekdays"] = read_weekdays(values["weekdays"])
    if "members" in values:
        values["members"] = values["members"].split("; ")
    return values if change.facts else values | {"branch_id": ctx.branch_id}


def _stored(db: Session, ctx: Context) -> Sequence[Team]:
    query = select(Team).where(col(Team.branch_id) == ctx.branch_id)
    return db.exec(query.order_by(col(Team.name), col(Team.id))).all()


TEAMS = Kind(
    SheetKind.TEAMS,
    "Tim",
    columns,
    ("name",),
    current,
    check,
    apply,
    undo,
)
