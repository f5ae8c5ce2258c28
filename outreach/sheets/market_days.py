"""Market days as a spreadsheet: which region holds its market when, and what that means."""

from __future__ import annotations

from outreach.people.closures import MarketDayIn
from outreach.sheets.kinds import REMOVE, Cell, Choice, Column
from outreach.sheets.noted import Noted, kind_of, region_columns
from outreach.sheets.tables import SheetKind
from outreach.villages.tables import MarketDay, MarketEffect, MarketRhythm

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
    *region_columns("33.10.05"),
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
_NOTED = Noted(
    MarketDay,
    MarketDayIn,
    key=("code", "rhythm"),
    told=("code", "rhythm", "effect", "note"),
    label=lambda row: RHYTHMS[MarketRhythm(str(row.values["rhythm"]))],
    choices={"rhythm": MarketRhythm, "effect": MarketEffect},
    blank={"effect": MarketEffect.AVOID.value, "note": ""},
)
MARKET_DAYS = kind_of(_NOTED, SheetKind.MARKET_DAYS, "Hari pasar", COLUMNS)
