"""Sponsorships as a spreadsheet: who pays for how many workers of a region, and until when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlmodel import col, select

from outreach.logbook.tables import Package, Payer, Sector
from outreach.people.access import within
from outreach.progress.sponsorships import CONVERSION_DAYS, SponsorshipIn
from outreach.progress.tables import Sponsorship
from outreach.sheets.differing import addition, alteration, compared, kept_where_absent, removal
from outreach.sheets.kinds import REMOVE, Cell, Choice, Column, Kind
from outreach.sheets.market_days import REGIONS
from outreach.sheets.models import taken
from outreach.sheets.regions import labelled, refuse_foreign
from outreach.sheets.tables import SheetKind
from outreach.sheets.tabular import take_back, write
from outreach.villages.reading import names_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlmodel import Session

    from outreach.sheets.kinds import Change, Context, Row, Undo, Value

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
    Column(
        "code",
        "Kode wilayah",
        Cell.CODE,
        help="Kode kabupaten/kota, kecamatan, atau desa/kelurahan di wilayah kantor cabang Anda.",
        example="33.10",
        is_required=True,
    ),
    Column("region", "Wilayah", is_info=True, width=28),
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
_TOLD = (*_KEY, "quota", "ends", "conversion_days", "note", "source")
_FIELDS = {"code": "region_code"}
_ENUMS: dict[str, Callable[[str], Any]] = {"payer": Payer, "sector": Sector, "package": Package}


def columns(_db: Session, _ctx: Context) -> tuple[Column, ...]:
    """Return the columns, the same for every branch."""
    return COLUMNS


def current(db: Session, ctx: Context) -> list[dict[str, Value]]:
    """List the sponsorships of the branch's area that have not ended."""
    rows = [row for row in _stored(db, ctx) if row.ends >= ctx.today]
    names = names_of(db, {row.region_code for row in rows})
    return [_values(row) | {"region": names.get(row.region_code, "")} for row in rows]


def check(db: Session, rows: Sequence[Row], ctx: Context) -> list[Change]:
    """Refuse foreign regions and compare the others with what is noted."""
    names = refuse_foreign(db, rows, ctx, levels=REGIONS)
    stored = {tuple(_values(row)[name] for name in _KEY): row for row in _stored(db, ctx)}
    return compared(rows, _KEY, stored, lambda row, before: _change(row, before, names))


def apply(db: Session, changes: Sequence[Change], ctx: Context) -> list[Undo]:
    """Write the sponsorships."""
    return write(db, Sponsorship, changes, lambda change: _columns_of(change, ctx))


def undo(db: Session, entries: Sequence[Undo], _ctx: Context) -> None:
    """Take the sponsorships back."""
    take_back(db, Sponsorship, entries)


def _change(row: Row, before: Sponsorship | None, names: Mapping[str, str]) -> Change | None:
    label = f"{labelled(names, str(row.values['code']))}, {row.values['sponsor']}"
    if row.values["remove"]:
        noted = None if before is None else _values(before)
        return removal(row, label, noted, {} if before is None else _facts(before))
    stored = _values(before) if before else {"note": "", "source": ""}
    values = kept_where_absent(row, {name: row.values[name] for name in _TOLD}, stored)
    fields = {_FIELDS.get(name, name): value for name, value in values.items()}
    given = taken(SponsorshipIn, row, fields, {"region_code": "code"})
    if given is None:
        return None
    told = _values(Sponsorship(branch_id=0, **given.model_dump()))
    if before is None:
        return addition(row, label, told)
    return alteration(row, label, _values(before), told, _facts(before))


def _columns_of(change: Change, ctx: Context) -> dict[str, Any]:
    told = {
        _FIELDS.get(name, name): _ENUMS[name](str(value)) if name in _ENUMS else value
        for name, value in change.after.items()
    }
    return {**told, "branch_id": ctx.branch_id}


def _values(row: Sponsorship) -> dict[str, Value]:
    return {
        "code": row.region_code,
        "payer": Payer(row.payer).value,
        "sponsor": row.sponsor,
        "sector": Sector(row.sector).value,
        "package": Package(row.package).value,
        "starts": row.starts,
        "quota": row.quota,
        "ends": row.ends,
        "conversion_days": row.conversion_days,
        "note": row.note,
        "source": row.source,
    }


def _facts(row: Sponsorship) -> dict[str, Any]:
    return {"id": row.id, "version": row.version}


def _stored(db: Session, ctx: Context) -> Sequence[Sponsorship]:
    query = select(Sponsorship).where(within(Sponsorship.region_code, ctx.regencies))
    order = (col(Sponsorship.region_code), col(Sponsorship.starts), col(Sponsorship.id))
    return db.exec(query.order_by(*order)).all()


SPONSORSHIPS = Kind(
    SheetKind.SPONSORSHIPS,
    "Kepesertaan dibayari",
    columns,
    _KEY,
    current,
    check,
    apply,
    undo,
)
