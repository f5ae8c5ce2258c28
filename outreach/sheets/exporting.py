"""Tables that people see on a page as files: a workbook for reading on, a text for programs.

In a workbook a second sheet tells what was asked for and where the figures come from. A text file
has no second sheet, and lines that are no rows would break whatever reads it, so it repeats the
same in its last columns. The sum of all rows stands in the workbook, in a bold row that no filter
hides, and not in the text, where whoever adds the rows up would count everything twice.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import xlsxwriter

from outreach.sheets.kinds import Cell
from outreach.sheets.writing import harmless

if TYPE_CHECKING:
    from collections.abc import Sequence

    from outreach.sheets.kinds import Value

ABOUT, WHOLE = "Tentang", "Jumlah"
#: Excel refuses longer names of sheets, and some signs in them.
_LONGEST_SHEET_NAME = 31
_NUMBERS = {Cell.WHOLE: "#,##0", Cell.DECIMAL: "#,##0.0##"}


class Separator(StrEnum):
    """What parts the cells of a text; the decimal sign goes with it."""

    SEMICOLON = "semicolon"
    COMMA = "comma"


@dataclass(frozen=True, slots=True)
class Told:
    """A column: its header, its tag of the Humanitarian Exchange Language, and what it holds."""

    header: str
    tag: str
    cell: Cell = Cell.WHOLE
    width: int = 13


@dataclass(frozen=True, slots=True)
class About:
    """What was asked for and where it comes from, in words; `as_of` is empty if nothing counts.

    `newest` is the same moment for programs.
    """

    title: str
    filters: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]
    as_of: str
    made_at: str
    address: str
    newest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one length with their columns; `whole` is the sum of all, if the page shows one."""

    columns: tuple[Told, ...]
    rows: Sequence[tuple[Value, ...]]
    whole: tuple[Value, ...] | None = None


#: The columns that a text file has for what a workbook tells on its second sheet.
_ABOUT_COLUMNS = (
    Told("Saringan", "#meta+filter", Cell.TEXT),
    Told("Sumber", "#meta+source", Cell.TEXT),
    Told("Keadaan per", "#date+reported", Cell.TEXT),
)


def workbook(table: Table, about: About, *, tags: bool = False) -> bytes:
    """Write a table and what is to be known about it; *tags* adds their row below the header."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        _fill(book, book.add_worksheet(_sheet_name(about.title)), table, tags=tags)
        _tell(book, book.add_worksheet(ABOUT), about)
    return out.getvalue()


def text_file(
    table: Table, about: About, separator: Separator = Separator.SEMICOLON, *, tags: bool = False
) -> bytes:
    """Write the rows as CSV: the way Indonesian Excel opens it, or with commas and points."""
    is_local = separator is Separator.SEMICOLON
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";" if is_local else ",")
    columns = (*table.columns, *_ABOUT_COLUMNS)
    writer.writerow([harmless(one.header) for one in columns])
    if tags:
        writer.writerow([one.tag for one in columns])
    filters = "; ".join(f"{name}: {words}" for name, words in about.filters)
    as_of = about.as_of
    if about.newest is not None and not is_local:
        as_of = about.newest.isoformat(timespec="minutes")
    end = [harmless(words) for words in (filters, " ".join(about.sources), as_of)]
    for row in table.rows:
        writer.writerow([*(_written(value, is_local=is_local) for value in row), *end])
    return out.getvalue().encode("utf-8-sig")


def _written(value: Value, *, is_local: bool) -> str:
    """Write a number so that it stays one, and a text so that it becomes nothing else."""
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = repr(value).removesuffix(".0")
        return number.replace(".", ",") if is_local else number
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y") if is_local else value.isoformat()
    return harmless(str(value))


def _sheet_name(title: str) -> str:
    plain = "".join(" " if sign in "[]:*?/\\'" else sign for sign in title)
    return plain[:_LONGEST_SHEET_NAME].strip()


def _fill(book: Any, sheet: Any, table: Table, *, tags: bool) -> None:
    heading = book.add_format(
        {"bold": True, "bg_color": "#E3EDF7", "border": 1, "text_wrap": True, "valign": "top"}
    )
    small = book.add_format({"font_color": "#666666", "font_size": 9})
    plain, bold = ([_format(book, one, bold=b) for one in table.columns] for b in (False, True))
    for place, column in enumerate(table.columns):
        sheet.set_column(place, place, column.width)
        sheet.write_string(0, place, column.header, heading)
        if tags:
            sheet.write_string(1, place, column.tag, small)
    start = 2 if tags else 1
    for line, row in enumerate(table.rows, start=start):
        _write_row(sheet, line, row, plain)
    last = start + len(table.rows)
    if table.whole is not None:
        _write_row(sheet, last, table.whole, bold)
    # A filter would hide the tags or sort them among the rows.
    sheet.freeze_panes(start, 2)
    if table.rows and not tags:
        sheet.autofilter(0, 0, last - 1, len(table.columns) - 1)


def _format(book: Any, column: Told, *, bold: bool) -> Any:
    number = _NUMBERS.get(column.cell, "dd/mm/yyyy" if column.cell is Cell.DAY else "@")
    return book.add_format({"num_format": number} | ({"bold": True, "top": 1} if bold else {}))


def _write_row(sheet: Any, line: int, row: Sequence[Value], formats: Sequence[Any]) -> None:
    for place, (value, style) in enumerate(zip(row, formats, strict=True)):
        if value is None or value == "":
            continue
        if isinstance(value, date):
            sheet.write_datetime(line, place, datetime.combine(value, time()), style)
        elif isinstance(value, int | float):
            sheet.write_number(line, place, value, style)
        else:  # written as what it is: a text, whatever it begins with
            sheet.write_string(line, place, str(value), style)


def _tell(book: Any, sheet: Any, about: About) -> None:
    bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True})
    lines = [
        ("Judul", about.title),
        *about.filters,
        ("Keadaan per", about.as_of or "belum ada laporan"),
        *(("Sumber", one) for one in about.sources),
        ("Dibuat", about.made_at),
        ("Alamat", about.address),
    ]
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 90)
    for line, (name, words) in enumerate(lines):
        sheet.write_string(line, 0, name, bold)
        sheet.write_string(line, 1, words, wrapped)
