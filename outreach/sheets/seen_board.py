"""The board's table as columns and rows, with what its page shows and nothing besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.progress.board_rows import By
from outreach.progress.denominators import denominators
from outreach.sheets.exporting import Table, Told
from outreach.sheets.kinds import Cell
from outreach.sheets.seen_columns import (
    Column,
    percentage,
    region_heads,
    share_of,
    values_of,
    whole_of,
)
from outreach.villages.codes import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from outreach.progress.board import Board
    from outreach.progress.board_rows import BoardRow, Figures
    from outreach.sheets.kinds import Value

_ROW_HEADERS = {By.OFFICE: "Kantor wilayah", By.BRANCH: "Cabang", By.TEAM: "Tim"}
_BOARD_LEVELS = {
    By.PROVINCE: Level.PROVINCE,
    By.REGENCY: Level.REGENCY,
    By.DISTRICT: Level.DISTRICT,
    By.VILLAGE: Level.VILLAGE,
}


def board_table(
    board: Board,
    names: Mapping[str, tuple[str, str]],
    schedule_words: Callable[[Figures], str],
    cost_rupiah: Callable[[Figures], int],
) -> Table:
    """Make the board's table; *names* are those of the rows by key, with what tells two apart."""
    columns = _board_columns(board, schedule_words, cost_rupiah)
    heads = _heads_of_board(board.by)
    rows = [(*_named(board.by, row.key, names), *values_of(columns, row)) for row in board.rows]
    whole = (*whole_of(heads, "Seluruhnya"), *values_of(columns, board.whole))
    return Table((*heads, *(one.told for one in columns)), rows, whole)


def _heads_of_board(by: By) -> tuple[Told, ...]:
    if by in _BOARD_LEVELS:
        return region_heads(_BOARD_LEVELS[by])
    hint = {By.TEAM: "Cabang", By.BRANCH: "Kantor wilayah"}.get(by)
    named = Told(_ROW_HEADERS[by], "#org+name", Cell.TEXT, 26)
    return (named, Told(hint, "#org+parent+name", Cell.TEXT, 26)) if hint else (named,)


def _named(by: By, key: str, names: Mapping[str, tuple[str, str]]) -> tuple[Value, ...]:
    name, hint = names.get(key, (key, ""))
    if by in _BOARD_LEVELS:
        return (key, name)
    return (name,) if by is By.OFFICE else (name, hint or None)


def _board_columns(
    board: Board,
    schedule_words: Callable[[Figures], str],
    cost_rupiah: Callable[[Figures], int],
) -> list[Column[BoardRow]]:
    """Choose the columns: of a village no weeks are shown."""
    weeks = () if board.by is By.VILLAGE else board.weeks
    return [
        *_aim_columns(),
        *_reached_columns(schedule_words),
        Column("Pendaftaran", "#reached+signups", lambda r: r.figures.signups),
        *_estimate_columns(),
        *_rate_columns(board),
        *_paid_columns(),
        *_effort_columns(cost_rupiah),
        *_phone_columns(),
        *(_week_column(week, place) for place, week in enumerate(weeks)),
    ]


def _aim_columns() -> list[Column[BoardRow]]:
    return [
        Column(
            "Target pendaftaran", "#targeted+signups", lambda r: r.aim.signups if r.aim else None
        ),
        Column(
            "Target: sudah tercapai",
            "#reached+signups+target",
            lambda r: r.aim.done if r.aim else None,
        ),
        Column(
            "Target: tercapai (%)",
            "#indicator+pct+target",
            lambda r: percentage(r.aim.share if r.aim else None),
            Cell.DECIMAL,
        ),
        Column(
            "Target: masih dapat dikejar",
            "#targeted+signups+recoverable",
            lambda r: r.aim.recoverable if r.aim else None,
        ),
    ]


def _reached_columns(schedule_words: Callable[[Figures], str]) -> list[Column[BoardRow]]:
    return [
        Column("Desa", "#indicator+num+villages", lambda r: r.figures.villages),
        Column("Desa terjangkau", "#indicator+num+villages+reached", lambda r: r.figures.reached),
        Column(
            "Desa terjangkau (%)",
            "#indicator+pct+villages+reached",
            lambda r: share_of(r.figures.reached, r.figures.villages),
            Cell.DECIMAL,
        ),
        Column("Sosialisasi", "#activity+num+sessions", lambda r: r.figures.sessions),
        Column("Desa direncanakan", "#indicator+num+planned", lambda r: r.figures.planned),
        Column(
            "Seharusnya menurut rencana",
            "#indicator+num+planned+due",
            lambda r: r.figures.expected,
        ),
        Column(
            "Sesuai jadwal?", "#status+schedule", lambda r: schedule_words(r.figures), Cell.TEXT
        ),
        Column("Selisih dari rencana", "#indicator+num+offplan", lambda r: r.figures.off_plan),
    ]


def _estimate_columns() -> list[Column[BoardRow]]:
    return [
        Column(
            "Pekerja informal (perkiraan)", "#population+informal", lambda r: r.figures.informal
        ),
        Column(
            "Pekerja rentan, desil 1-4 (perkiraan)",
            "#population+vulnerable",
            lambda r: r.figures.vulnerable,
        ),
        Column(
            "Pekerja informal sudah aktif (perkiraan)",
            "#population+informal+covered",
            lambda r: r.figures.covered,
        ),
    ]


def _rate_columns(board: Board) -> list[Column[BoardRow]]:
    def rate(place: int) -> Callable[[BoardRow], Value]:
        return lambda r: percentage(
            denominators(r.figures, board.sources)[place].rate(r.figures.signups), 3
        )

    return [
        Column(
            "Pendaftaran per pekerja informal (%)", "#indicator+pct+informal", rate(0), Cell.DECIMAL
        ),
        Column(
            "Pendaftaran per pekerja rentan (%)", "#indicator+pct+vulnerable", rate(1), Cell.DECIMAL
        ),
        Column(
            "Pendaftaran per pekerja aktif (%)", "#indicator+pct+covered", rate(2), Cell.DECIMAL
        ),
    ]


def _paid_columns() -> list[Column[BoardRow]]:
    return [
        Column(
            "Sudah bayar", "#reached+paid", lambda r: r.figures.paid if r.figures.told else None
        ),
        Column("Sudah bayar: dari yang diketahui", "#reached+told", lambda r: r.figures.told),
        Column(
            "Sudah bayar (%)",
            "#indicator+pct+paid",
            lambda r: percentage(r.figures.paid_share),
            Cell.DECIMAL,
        ),
        Column(
            "Bayar pertama terkonfirmasi",
            "#reached+paid+confirmed",
            lambda r: r.figures.confirmed_paid if r.figures.confirmed_villages else None,
        ),
        Column(
            "Terkonfirmasi: dari desa",
            "#indicator+num+villages+confirmed",
            lambda r: r.figures.confirmed_villages,
        ),
    ]


def _effort_columns(cost_rupiah: Callable[[Figures], int]) -> list[Column[BoardRow]]:
    return [
        Column("Hari tim", "#activity+num+teamdays", lambda r: r.figures.team_days),
        Column(
            "Jam di perjalanan",
            "#activity+num+hours",
            lambda r: round(r.figures.travel_hours, 1),
            Cell.DECIMAL,
        ),
        Column(
            "Biaya perjalanan (Rp)", "#value+cost+idr", lambda r: cost_rupiah(r.figures) or None
        ),
        Column("Laporan bertanda", "#indicator+num+flagged", lambda r: r.figures.flagged),
        Column("Dilaporkan dua kali", "#indicator+num+disputed", lambda r: r.figures.disputed),
    ]


def _phone_columns() -> list[Column[BoardRow]]:
    return [
        Column("HP dipakai", "#indicator+num+phones", lambda r: r.figures.phones),
        Column(
            "HP dengan laporan belum terkirim",
            "#indicator+num+phones+held",
            lambda r: r.figures.held,
        ),
        Column("Laporan belum terkirim", "#indicator+num+unsent", lambda r: r.figures.unsent),
        Column(
            "HP diam seminggu",
            "#indicator+num+phones+silent",
            lambda r: r.figures.silent,
        ),
    ]


def _week_column(week: date, place: int) -> Column[BoardRow]:
    return Column(
        f"Minggu {week:%d/%m/%Y}: pendaftaran",
        f"#reached+signups+week_{week:%Y_%m_%d}",
        lambda row: row.weekly_signups[place],
    )
