"""Sponsorships as a spreadsheet: who pays for how many workers of a region, and until when."""

from __future__ import annotations

from outreach.logbook.tables import Package, Payer, Sector
from outreach.progress.sponsorships import CONVERSION_DAYS, SponsorshipIn
from outreach.progress.tables import Sponsorship
from outreach.sheets.kinds import REMOVE, Cell, Choice, Column
from outreach.sheets.noted import Noted, kind_of, region_columns
from outreach.sheets.tables import SheetKind

PAYERS = {
    Payer.SERTAKAN: "SERTAKAN",
    Payer.APBD: "APBD",
    Payer.APBDES: "APBDes",
    Payer.PBI: "PBI",
    Payer.CSR: "CSR",
}
SECTORS = {
    Sector.FARMER: "Petani",
    Sector.FISHER: "Nelayan",
    Sector.TRADER: "Pedagang",
    Sector.DRIVER: "Ojek dan sopir",
    Sector.DOMESTIC: "Asisten rumah tangga",
    Sector.CONSTRUCTION: "Buruh bangunan",
    Sector.CRAFT: "Kerajinan dan usaha kecil",
    Sector.OTHER: "Lainnya",
}
PACKAGES = {Package.JKK_JKM: "JKK + JKM", Package.JKK_JKM_JHT: "JKK + JKM + JHT"}
COLUMNS = (
    *region_columns("33.10"),
    Column(
        "payer",
        "Dibayar dari",
        Cell.CHOICE,
        help="Siapa yang membayar iuran selama masa kepesertaan dibayari.",
        example="APBDes",
        choices=tuple(Choice(one.value, label) for one, label in PAYERS.items()),
        is_required=True,
    ),
    Column(
        "sponsor",
        "Nama pembayar",
        help="Pemerintah daerah, desa, perusahaan, atau orang yang membayar.",
        example="Pemerintah Kabupaten Klaten",
        is_required=True,
        width=32,
    ),
    Column(
        "sector",
        "Sektor",
        Cell.CHOICE,
        example="Petani",
        choices=tuple(Choice(one.value, label) for one, label in SECTORS.items()),
        is_required=True,
        width=24,
    ),
    Column(
        "package",
        "Program",
        Cell.CHOICE,
        example="JKK + JKM",
        choices=tuple(Choice(one.value, label) for one, label in PACKAGES.items()),
        is_required=True,
        width=20,
    ),
    Column(
        "quota",
        "Kuota pekerja",
        Cell.WHOLE,
        help="Jumlah pekerja yang dibayari, paling sedikit 1.",
        example="100",
        is_required=True,
    ),
    Column(
        "starts",
        "Hari pertama",
        Cell.DAY,
        help="Termasuk hari ini.",
        example="01/07/2026",
        is_required=True,
    ),
    Column(
        "ends",
        "Hari terakhir",
        Cell.DAY,
        help="Termasuk hari ini; paling lama lima tahun.",
        example="31/12/2026",
        is_required=True,
    ),
    Column(
        "conversion_days",
        "Hari sebelum berakhir",
        Cell.WHOLE,
        help="Berapa hari sebelum berakhir kunjungan tindak lanjut diusulkan; kosong berarti"
        f" {CONVERSION_DAYS}.",
        example=str(CONVERSION_DAYS),
    ),
    Column("note", "Catatan", example="SK Bupati 12/2026", width=32),
    Column("source", "Sumber", example="Perjanjian kerja sama 2026", width=32),
    REMOVE,
)
_KEY = ("code", "payer", "sponsor", "sector", "package", "starts")
_NOTED = Noted(
    Sponsorship,
    SponsorshipIn,
    key=_KEY,
    told=(*_KEY, "quota", "ends", "conversion_days", "note", "source"),
    label=lambda row: str(row.values["sponsor"]),
    order=("starts", "id"),
    choices={"payer": Payer, "sector": Sector, "package": Package},
    blank={"note": "", "source": ""},
    of_branch=True,
)
SPONSORSHIPS = kind_of(_NOTED, SheetKind.SPONSORSHIPS, "Kepesertaan dibayari", COLUMNS)
