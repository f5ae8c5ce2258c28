"""The lists of the manager's pages as columns and rows: claimed and confirmed, dues, branches.

Headers and tags are written like those of the tables (`seen_tables`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.sheets.exporting import Table, Told
from outreach.sheets.kinds import Cell
from outreach.sheets.seen_columns import Column, region_heads, share_of, values_of
from outreach.villages.codes import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from enum import StrEnum

    from outreach.progress.branch_outlook import BranchOutlook
    from outreach.progress.dues import Dues
    from outreach.progress.reconciling import Reconciled

    type Words = Callable[[StrEnum], str]


def pairs_table(rows: Iterable[Reconciled], words: Words) -> Table:
    """Make the list of claimed against confirmed, a row for each village and month."""
    columns = _pair_columns(words)
    told = [(row.code, row.name, *values_of(columns, row)) for row in rows]
    return Table((*region_heads(Level.VILLAGE), *(one.told for one in columns)), told)


def _pair_columns(words: Words) -> list[Column[Reconciled]]:
    return [
        Column("Bulan daftar", "#date+month", lambda r: r.month, Cell.DAY),
        Column("Temuan", "#status+finding", lambda r: words(r.finding), Cell.TEXT, 28),
        Column("Formulir menurut laporan", "#reached+forms+claimed", lambda r: r.claimed_forms),
        Column("Formulir terkonfirmasi", "#reached+forms", lambda r: r.confirmed_forms),
        Column("Selisih", "#indicator+num+difference", lambda r: r.difference),
        Column(
            "Iuran pertama menurut laporan",
            "#reached+first_paid+claimed",
            lambda r: r.claimed_paid,
        ),
        Column("Iuran pertama terkonfirmasi", "#reached+first_paid", lambda r: r.confirmed_paid),
        Column("Hitungan per", "#date+reported+ledger", lambda r: r.as_of, Cell.DAY),
    ]


def dues_table(found: Dues, now: int, words: Words) -> Table:
    """Make the list of what is due, a row for each month and payer of the one region there is.

    Months after the one numbered *now* are estimates.
    """
    columns = (
        Told("Bulan", "#date+month", Cell.DAY),
        Told("Perkiraan", "#meta+estimate", Cell.TEXT),
        Told("Pembayar", "#org+payer", Cell.TEXT, 28),
        Told("Pekerja", "#reached+paying"),
        Told("Pekerja: baru menurut laporan", "#reached+paying+claimed"),
        Told("Iuran jatuh tempo (Rp)", "#value+due+idr", width=18),
        Told("Iuran tanpa keringanan (Rp)", "#value+due+full+idr", width=18),
    )
    rows = [
        (
            month,
            "ya" if number > now else "tidak",
            words(payer),
            due.workers,
            due.claimed_workers,
            due.rupiah,
            due.full_rupiah,
        )
        for number, month in enumerate(found.months)
        if found.regions
        for payer, due in found.of(0, number).items()
    ]
    return Table(columns, rows)


def branches_table(rows: Sequence[BranchOutlook], gaps: Mapping[int, int], words: Words) -> Table:
    """Make the list of branches against their targets, as the outlook has it."""
    columns = _branch_columns(gaps, words)
    return Table(tuple(one.told for one in columns), [values_of(columns, row) for row in rows])


def _branch_columns(gaps: Mapping[int, int], words: Words) -> list[Column[BranchOutlook]]:
    def end(value: float | None) -> int | None:
        return None if value is None else round(value)

    return [
        Column("Kantor cabang", "#org+branch", lambda r: r.name, Cell.TEXT, 26),
        Column("Kantor wilayah", "#org+office", lambda r: r.regional_office, Cell.TEXT, 26),
        Column("Masih kurang", "#indicator+num+missing", lambda r: r.signups.missing),
        Column("Target", "#targeted+signups", lambda r: r.share.signups),
        Column("Target berlaku dari", "#date+start", lambda r: r.share.starts, Cell.DAY),
        Column("Target berlaku sampai", "#date+end", lambda r: r.share.ends, Cell.DAY),
        Column("Sumber target", "#meta+source+row", lambda r: r.share.source, Cell.TEXT, 40),
        Column("Pendaftaran", "#reached+signups", lambda r: r.signups.done),
        Column(
            "Pendaftaran (% dari target)",
            "#indicator+pct+target",
            lambda r: share_of(r.signups.done, r.share.signups),
            Cell.DECIMAL,
        ),
        Column(
            "Seharusnya sampai hari ini",
            "#indicator+num+expected",
            lambda r: end(r.signups.expected),
        ),
        Column(
            "Perkiraan akhir, terendah", "#indicator+num+end+low", lambda r: end(r.signups.ends_low)
        ),
        Column(
            "Perkiraan akhir, tertinggi",
            "#indicator+num+end+high",
            lambda r: end(r.signups.ends_high),
        ),
        Column(
            "Akan tercapai?",
            "#status+prospect",
            lambda r: words(r.signups.prospect) if r.signups.prospect else None,
            Cell.TEXT,
            26,
        ),
        Column(
            "Belum terlindungi (perkiraan)",
            "#inneed+informal",
            lambda r: gaps.get(r.branch_id, 0),
        ),
    ]
