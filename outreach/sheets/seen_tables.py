"""The tables of the manager's pages as columns and rows: map, ledger, follow-ups, sponsorships.

Headers are Indonesian. The tags are those of the Humanitarian Exchange Language: provinces,
regencies, districts and villages are its #adm1 to #adm4; #reached, #targeted and #population count
people there, so villages are counted as #indicator.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING

from outreach.progress.ledger import STEPS
from outreach.sheets.exporting import Table, Told
from outreach.sheets.kinds import Cell
from outreach.sheets.seen_columns import (
    Column,
    percentage,
    region_heads,
    rounded,
    values_of,
    whole_of,
)
from outreach.villages.codes import Level, cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from enum import StrEnum

    from outreach.progress.follow_up import Case
    from outreach.progress.ledger import LedgerTotals
    from outreach.progress.tables import Sponsorship
    from outreach.progress.totals import Total
    from outreach.sheets.kinds import Value

_STEP_HEADERS = {
    "forms": "Mengisi formulir",
    "registered": "Terdaftar",
    "first_paid": "Iuran pertama dibayar",
    "paid_1": "Masih membayar setelah 1 bulan",
    "paid_3": "Masih membayar setelah 3 bulan",
    "paid_6": "Masih membayar setelah 6 bulan",
}


@dataclass(frozen=True, slots=True)
class LayerFigures:
    """What the map is coloured by: its name, and the figure of each region; NaN is none.

    The whole has no code. `tag` ends the column's tag of the Humanitarian Exchange Language. With
    a share comes what it is a share of, which `share_of` names; else that is empty.
    """

    name: str
    tag: str
    figures: Mapping[str, tuple[float, int | None]]
    share_of: str


def map_table(
    rows: Iterable[Total],
    whole: Total,
    level: Level,
    state_words: Callable[[Total], str],
    layer: LayerFigures | None,
) -> Table:
    """Make the table beside the map; of a village there is its state, of a region the counts."""
    rows = list(rows)
    columns = [*_state_columns(level, state_words), *_total_columns()]
    if layer is not None:
        columns[-4:-4] = _layer_columns(layer)
    heads = region_heads(level)
    told = [(row.code, row.name, *values_of(columns, row)) for row in rows]
    return Table(
        (*heads, *(one.told for one in columns)),
        told,
        _map_whole(heads, columns, whole, level) if rows else None,
    )


def _map_whole(
    heads: Sequence[Told], columns: Sequence[Column[Total]], whole: Total, level: Level
) -> tuple[Value, ...]:
    """Sum the rows up; villages together have no state, but so many of them are reached."""
    if level is not Level.VILLAGE:
        return (*whole_of(heads), *values_of(columns, whole))
    told = f"{whole.reached} dari {whole.villages} terjangkau"
    return (*whole_of(heads), told, *values_of(columns[1:], whole))


def _state_columns(level: Level, state_words: Callable[[Total], str]) -> list[Column[Total]]:
    if level is Level.VILLAGE:
        return [Column("Keadaan", "#status+visit", state_words, Cell.TEXT, 18)]
    return [
        Column("Desa", "#indicator+num+villages", lambda r: r.villages),
        Column("Terjangkau", "#indicator+num+villages+reached", lambda r: r.reached),
        Column(
            "Terjangkau (%)",
            "#indicator+pct+villages+reached",
            lambda r: percentage(r.reached_share),
            Cell.DECIMAL,
        ),
        Column("Terkonfirmasi", "#indicator+num+villages+confirmed", lambda r: r.confirmed),
        Column("Direncanakan", "#indicator+num+villages+planned", lambda r: r.planned),
        Column("Belum direncanakan", "#indicator+num+villages+unplanned", lambda r: r.not_planned),
    ]


def _layer_columns(layer: LayerFigures) -> list[Column[Total]]:
    none = (float("nan"), None)

    def value(row: Total) -> Value:
        figure, _of = layer.figures.get(row.code, none)
        if isnan(figure):
            return None
        return percentage(figure) if layer.share_of else round(figure, 3)

    if not layer.share_of:
        tag = f"#indicator+num+layer+{layer.tag}"
        return [Column(layer.name, tag, value, Cell.DECIMAL, 18)]
    return [
        Column(f"{layer.name} (%)", f"#indicator+pct+layer+{layer.tag}", value, Cell.DECIMAL, 18),
        Column(
            layer.share_of,
            f"#indicator+num+layer+{layer.tag}+of",
            lambda r: layer.figures.get(r.code, none)[1],
        ),
    ]


def _total_columns() -> list[Column[Total]]:
    return [
        Column("Pendaftaran", "#reached+signups", lambda r: r.signups),
        Column("Pekerja informal (perkiraan)", "#population+informal", lambda r: r.informal),
        Column("Terlindungi (perkiraan)", "#population+informal+covered", lambda r: r.covered),
        Column("Belum terlindungi (perkiraan)", "#inneed+informal", lambda r: r.gap),
    ]


def ledger_table(rows: Mapping[str, LedgerTotals], names: Mapping[str, str], level: Level) -> Table:
    """Make the table of the ledger by area."""
    columns = _ledger_columns()
    heads = region_heads(level)
    told = [(code, names.get(code, code), *values_of(columns, row)) for code, row in rows.items()]
    return Table((*heads, *(one.told for one in columns)), told)


def _ledger_columns() -> list[Column[LedgerTotals]]:
    return [
        Column("Desa", "#indicator+num+villages", lambda r: r.villages),
        Column("Desa menghasilkan", "#indicator+num+villages+producing", lambda r: r.producing),
        Column(
            "Desa menghasilkan (%)",
            "#indicator+pct+villages+producing",
            lambda r: percentage(r.producing_share),
            Cell.DECIMAL,
        ),
        Column(
            "Desa menghasilkan: baru menurut laporan",
            "#indicator+num+villages+producing+claimed",
            lambda r: r.producing_claimed,
        ),
        Column("Formulir menurut laporan", "#reached+forms+claimed", lambda r: r.claimed_forms),
        *(one for step in _STEP_HEADERS for one in _step_columns(step)),
        Column("Hitungan per", "#date+reported+ledger", lambda r: r.as_of, Cell.DAY),
    ]


def _step_columns(step: str) -> list[Column[LedgerTotals]]:
    before = "yang membayar pertama" if STEPS[step] == "first_paid" else "langkah sebelumnya"
    return [
        Column(_STEP_HEADERS[step], f"#reached+{step}", lambda r: r.steps[step].workers),
        Column(
            f"{_STEP_HEADERS[step]} (% dari {before})",
            f"#indicator+pct+{step}",
            lambda r: percentage(r.steps[step].share),
            Cell.DECIMAL,
        ),
    ]


def follow_up_table(
    cases: Sequence[Case],
    names: Mapping[str, str],
    reason: Callable[[Case], str],
    work_words: Callable[[Case], str],
) -> Table:
    """Make the table of a list of villages to go to again, the most pressing first."""
    columns = _case_columns(reason, work_words)
    heads = (
        *region_heads(Level.VILLAGE),
        Told("Kecamatan", "#adm3+name", Cell.TEXT, 22),
        Told("Kabupaten/kota", "#adm2+name", Cell.TEXT, 22),
    )
    rows = [
        (
            case.code,
            names.get(case.code, case.code),
            names.get(cut(case.code, Level.DISTRICT), ""),
            names.get(cut(case.code, Level.REGENCY), ""),
            *values_of(columns, case),
        )
        for case in cases
    ]
    return Table((*heads, *(one.told for one in columns)), rows)


def _case_columns(
    reason: Callable[[Case], str], work_words: Callable[[Case], str]
) -> list[Column[Case]]:
    return [
        Column("Alasan", "#description+reason", reason, Cell.TEXT, 60),
        Column("Orang ditemui", "#reached+met", lambda c: c.people),
        Column("Pendaftaran", "#reached+signups", lambda c: c.signups),
        Column(
            "Pendaftaran per 100 orang",
            "#indicator+num+conversion",
            lambda c: rounded(c.rate),
            Cell.DECIMAL,
        ),
        Column(
            "Biasanya di cabang per 100 orang",
            "#indicator+num+conversion+usual",
            lambda c: rounded(c.usual),
            Cell.DECIMAL,
        ),
        Column("Hari", "#date+visit", lambda c: c.day, Cell.DAY),
        Column("Kunjungan", "#status+visit", work_words, Cell.TEXT, 18),
        Column("Membayar pertama", "#reached+first_paid", lambda c: c.paid),
        Column("Masih membayar", "#reached+still_paid", lambda c: c.still_paid),
        Column(
            "Pekerja dibayari (perkiraan)",
            "#affected+sponsored",
            lambda c: None if c.at_stake is None else round(c.at_stake),
        ),
        Column(
            "Dibayari oleh", "#org+sponsor+name", lambda c: ", ".join(c.sponsors), Cell.TEXT, 26
        ),
        Column("Dibayari sampai", "#date+end+sponsor", lambda c: c.ends, Cell.DAY),
    ]


def sponsorship_table(
    rows: Sequence[tuple[Sponsorship, int, bool]],
    names: Mapping[str, str],
    words: Callable[[StrEnum], str],
) -> Table:
    """Make the table of who pays for whom until when, the first to end first.

    The regions are of several levels, so their tag names none.
    """
    columns = _sponsorship_columns(words)
    heads = (
        Told("Kode wilayah", "#loc+code", Cell.CODE, 16),
        Told("Wilayah", "#loc+name", Cell.TEXT, 26),
    )
    told = [
        (row[0].region_code, names.get(row[0].region_code, ""), *values_of(columns, row))
        for row in rows
    ]
    return Table((*heads, *(one.told for one in columns)), told)


def _sponsorship_columns(
    words: Callable[[StrEnum], str],
) -> list[Column[tuple[Sponsorship, int, bool]]]:
    return [
        Column("Dibayari oleh", "#org+sponsor+name", lambda r: r[0].sponsor, Cell.TEXT, 26),
        Column("Jenis pembayar", "#org+sponsor+type", lambda r: words(r[0].payer), Cell.TEXT, 18),
        Column("Pekerjaan", "#sector", lambda r: words(r[0].sector), Cell.TEXT, 18),
        Column("Program", "#modality+package", lambda r: words(r[0].package), Cell.TEXT, 18),
        Column("Pekerja", "#affected+sponsored", lambda r: r[0].quota),
        Column("Mulai", "#date+start+sponsor", lambda r: r[0].starts, Cell.DAY),
        Column("Berakhir", "#date+end+sponsor", lambda r: r[0].ends, Cell.DAY),
        Column("Segera berakhir", "#status+ending", lambda r: "ya" if r[2] else "", Cell.TEXT),
        Column("Tidak diperpanjang", "#affected+notrenewed", lambda r: r[1]),
        Column("Sumber kepesertaan", "#meta+source+sponsor", lambda r: r[0].source, Cell.TEXT, 26),
        Column("Catatan", "#description+note", lambda r: r[0].note, Cell.TEXT, 30),
    ]
