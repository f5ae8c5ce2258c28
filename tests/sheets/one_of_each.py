"""A row of every kind of spreadsheet, as a person would write it, and the tables they reach."""

from __future__ import annotations

from typing import Any

from outreach.logbook.tables import LedgerEntry
from outreach.people.tables import Official, Team
from outreach.progress.tables import Sponsorship
from outreach.sheets.tables import SheetKind
from outreach.villages.tables import ClosedPeriod, MarketDay, Village, VillageCount
from tests.sheets.keeping_house import PAJANG

TEAM = {
    "name": "Tim Lawu",
    "base_village_code": PAJANG,
    "members": '"Wahyu Saputra; Dewi Anggraini"',
    "weekdays": "Sen-Sab",
    "sessions_per_day": 3,
    "day_starts": "08.00",
    "day_ends": "17.00",
    "phone": "0812 3456 7890",
    "is_active": "ya",
}
OFFICIAL = {
    "code": PAJANG,
    "name": "Sri Lestari",
    "position": "Lurah",
    "phone": "0812 3456 7890",
    "email": "lurah@pajang.desa.id",
    "term_starts": "01/06/2023",
    "term_ends": "31/05/2029",
    "is_active": "ya",
}
MARKET = {"code": "33.72.01", "rhythm": "Kliwon", "effect": "Hindari", "note": "Pasar Kliwon"}
PERIOD = {
    "code": "33.72.01",
    "starts": "02/02/2027",
    "ends": "14/02/2027",
    "closure": "Panen",
    "note": "Panen raya",
    "source": "Kecamatan",
}
SPONSORED = {
    "code": "33.72.01",
    "payer": "APBDes",
    "sponsor": "Pemerintah Kota",
    "sector": "Petani",
    "package": "JKK + JKM",
    "quota": "1.200",
    "starts": "01/07/2026",
    "ends": "31/12/2027",
    "conversion_days": "45",
    "note": "SK 12/2026",
    "source": "Perjanjian kerja sama",
}
COUNT = {"code": PAJANG, "counted": "1.412", "as_of": "30/06/2026", "source": "DTSEN"}
LEDGER = {
    "code": PAJANG,
    "month": "10/2026",
    "channel": "Agen PERISAI",
    "interested": 20,
    "forms": 14,
    "registered": 12,
    "first_paid": 9,
    "as_of": "31/10/2026",
    "source": "Kepesertaan BPU",
}
ONE_OF_EACH: dict[SheetKind, dict[str, Any]] = {
    SheetKind.TEAMS: TEAM,
    SheetKind.OFFICIALS: OFFICIAL,
    SheetKind.MARKET_DAYS: MARKET,
    SheetKind.CLOSED_PERIODS: PERIOD,
    SheetKind.VULNERABLE: COUNT,
    SheetKind.MEMBERS: COUNT,
    SheetKind.LEDGER: LEDGER,
    SheetKind.SPONSORSHIPS: SPONSORED,
}
TABLES = (
    Team, Official, MarketDay, ClosedPeriod, VillageCount, Village, Sponsorship, LedgerEntry
)  # fmt: skip
