"""Closed periods as a spreadsheet: harvests, plantings, feasts, floods and elections by region."""

from __future__ import annotations

from outreach.people.closures import ClosedPeriodIn
from outreach.sheets.kinds import REMOVE, Cell, Choice, Column
from outreach.sheets.noted import Noted, kind_of, region_columns
from outreach.sheets.tables import SheetKind
from outreach.villages.tables import ClosedPeriod, Closure

CLOSURES = {
    Closure.HARVEST: "Panen",
    Closure.PLANTING: "Tanam",
    Closure.FEAST: "Hajatan/perayaan",
    Closure.FLOOD: "Banjir",
    Closure.ELECTION: "Pemilihan",
    Closure.OTHER: "Lainnya",
}
COLUMNS = (
    *region_columns("33.10.05"),
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
_NOTED = Noted(
    ClosedPeriod,
    ClosedPeriodIn,
    key=("code", "starts", "ends", "closure"),
    told=("code", "starts", "ends", "closure", "note", "source"),
    label=lambda row: CLOSURES[Closure(str(row.values["closure"]))],
    order=("starts", "id"),
    choices={"closure": Closure},
    blank={"note": "", "source": ""},
)
CLOSED_PERIODS = kind_of(_NOTED, SheetKind.CLOSED_PERIODS, "Hari tutup", COLUMNS)
