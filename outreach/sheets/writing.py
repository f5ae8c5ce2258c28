"""Writes sheets for Excel: codes as text, days as days, dropdowns, and never a formula."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import xlsxwriter

from outreach.sheets.cells import FORMULA_STARTS
from outreach.sheets.kinds import Cell, Column
from outreach.sheets.reading import ERROR_HEADER, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from outreach.sheets.kinds import Row, Value

INSTRUCTIONS, CHOICES = "Petunjuk", "Pilihan"
#: Rows below the last one that still have their dropdowns, for what is typed in.
_SPARE_ROWS = 500
_FORMATS: dict[Cell, dict[str, str]] = {
    Cell.DAY: {"num_format": "dd/mm/yyyy"},
    Cell.MONTH: {"num_format": "mm/yyyy"},
    Cell.CLOCK: {"num_format": "hh.mm"},
    Cell.CODE: {"num_format": "@"},
    Cell.TEXT: {"num_format": "@"},
    Cell.WHOLE: {"num_format": "0"},
}
_WRITINGS = {
    Cell.TEXT: "teks",
    Cell.CODE: "kode wilayah, misalnya 33.72.01.1001; tanpa titik juga dapat dibaca",
    Cell.WHOLE: "bilangan bulat",
    Cell.DECIMAL: "angka, misalnya 1.234,5",
    Cell.DAY: "tanggal, misalnya 11/01/2027",
    Cell.MONTH: "bulan, misalnya 01/2027",
    Cell.CLOCK: "jam, misalnya 09.30",
    Cell.CHOICE: "pilih dari daftar",
    Cell.FLAG: "ya atau tidak",
}
_YES_NO = ("ya", "tidak")


def workbook(
    title: str, columns: Sequence[Column], rows: Iterable[Mapping[str, Value]], note: str = ""
) -> bytes:
    """Write a workbook with the rows, and a sheet that explains every column.

    `note` stands above the explanations, in Indonesian.
    """
    return _book(title, columns, [[row.get(one.key) for one in columns] for row in rows], note)


def error_workbook(
    title: str, columns: Sequence[Column], rows: Sequence[Row], words: Mapping[int, str]
) -> bytes:
    """Write rows as they were given, with what is wrong with each in the last column.

    `words` are the sentences by the number of the row. Columns that the sheet lacked stay away,
    columns that we do not know stay.
    """
    absent = rows[0].absent if rows else frozenset()
    extra = [name for name in (rows[0].given if rows else ()) if name.startswith(UNKNOWN)]
    shown = [one for one in columns if one.key not in absent]
    shown += [Column(name, name.removeprefix(UNKNOWN), is_info=True) for name in extra]
    shown.append(Column("error", ERROR_HEADER, is_info=True, width=60))
    cells = [[_again(row, one, words) for one in shown] for row in rows]
    return _book(title, shown, cells, "")


def text_file(columns: Sequence[Column], rows: Iterable[Mapping[str, Value]]) -> bytes:
    """Write the rows as CSV the way Indonesian Excel opens it: semicolons, UTF-8 with its mark."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    writer.writerow([one.header for one in columns])
    for row in rows:
        writer.writerow([_plain(row.get(one.key), one) for one in columns])
    return out.getvalue().encode("utf-8-sig")


def _plain(value: Value, column: Column) -> str:
    """Write a number so that it stays one, and a text so that it becomes nothing else."""
    text = shown(value, column)
    return text if isinstance(value, int | float) else harmless(text)


def shown(value: Value, column: Column) -> str:
    """Write a value as text, in Indonesian, as the sheet would show it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _YES_NO[0] if value else _YES_NO[1]
    if isinstance(value, date):
        return value.strftime("%m/%Y" if column.cell is Cell.MONTH else "%d/%m/%Y")
    if isinstance(value, time):
        return value.strftime("%H.%M")
    if isinstance(value, float):
        return repr(value).replace(".", ",").removesuffix(",0")
    labels = {one.value: one.label for one in column.choices}
    return labels.get(str(value), str(value))


def harmless(text: str) -> str:
    """Keep a program that reads CSV from taking a text for a formula."""
    return (
        f"'{text}" if text.lstrip(" \u200b\u200c\u200d\ufeff").startswith(FORMULA_STARTS) else text
    )


def _again(row: Row, column: Column, words: Mapping[int, str]) -> Value:
    if column.key == "error":
        return words.get(row.number, "")
    value = row.values.get(column.key)
    # What could be read goes back as it should look, so that days stay days.
    return row.given.get(column.key, "") if value is None else value


def _book(
    title: str, columns: Sequence[Column], rows: Sequence[Sequence[Value]], note: str
) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        _fill(book, book.add_worksheet(title), columns, rows)
        _explain(book, book.add_worksheet(INSTRUCTIONS), columns, note)
        _offer(book, title, columns, len(rows))
    return out.getvalue()


def _fill(
    book: Any, sheet: Any, columns: Sequence[Column], rows: Sequence[Sequence[Value]]
) -> None:
    heading = {"bold": True, "bg_color": "#E3EDF7", "border": 1, "text_wrap": True}
    head, info_head = book.add_format(heading), book.add_format(heading | {"bg_color": "#ECECEC"})
    formats = [book.add_format(_FORMATS.get(one.cell, {})) for one in columns]
    for number, column in enumerate(columns):
        sheet.set_column(number, number, column.width, formats[number])
        sheet.write_string(0, number, column.header, info_head if column.is_info else head)
    for line, values in enumerate(rows, start=1):
        for number, value in enumerate(values):
            _write(sheet, line, number, value, columns[number], formats[number])
    sheet.freeze_panes(1, 1)
    if rows:
        sheet.autofilter(0, 0, len(rows), len(columns) - 1)


def _write(sheet: Any, line: int, number: int, value: Value, column: Column, style: Any) -> None:
    if value is None or value == "":
        return
    # A date is what we know to be one; a text in a column of days is what was wrongly given.
    if isinstance(value, date | time) and column.cell in (Cell.DAY, Cell.MONTH, Cell.CLOCK):
        moment = datetime.combine(value, time()) if isinstance(value, date) else value
        sheet.write_datetime(line, number, moment, style)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        sheet.write_number(line, number, value, style)
    elif column.cell is Cell.CHOICE:
        _write_label(sheet, line, number, shown(value, column), style)
    else:
        sheet.write_string(line, number, shown(value, column), style)


def _write_label(sheet: Any, line: int, number: int, label: str, *style: Any) -> None:
    """Write a choice as Excel takes what people type: a number is one in the list too."""
    if label.isdecimal() and label == str(int(label)):
        sheet.write_number(line, number, int(label), *style)
    else:
        sheet.write_string(line, number, label, *style)


def _explain(book: Any, sheet: Any, columns: Sequence[Column], note: str) -> None:
    bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True})
    sheet.set_column(0, 0, 24, wrapped)
    sheet.set_column(1, 1, 12, wrapped)
    sheet.set_column(2, 3, 40, wrapped)
    sheet.set_column(4, 4, 24, wrapped)
    start = 0
    if note:
        sheet.write_string(0, 0, note)
        start = 2
    for number, words in enumerate(("Kolom", "Wajib", "Isi", "Arti", "Contoh")):
        sheet.write_string(start, number, words, bold)
    for line, column in enumerate(columns, start=start + 1):
        for number, words in enumerate(_told(column)):
            sheet.write_string(line, number, words, wrapped)


def _told(column: Column) -> tuple[str, ...]:
    if column.is_info:
        return (column.header, "tidak", "hanya untuk dibaca", column.help, column.example)
    labels = ", ".join(one.label for one in column.choices if one.is_offered)
    writing = f"salah satu dari: {labels}" if labels else _WRITINGS[column.cell]
    required = "ya" if column.is_required else "tidak"
    return (column.header, required, writing, column.help, column.example)


def _offer(book: Any, title: str, columns: Sequence[Column], rows: int) -> None:
    """Hang dropdowns on the columns with choices, from a sheet that lists them.

    A list inside the rule itself would hold 255 signs and no comma.
    """
    with_choices = [
        (number, [one.label for one in column.choices if one.is_offered] or list(_YES_NO))
        for number, column in enumerate(columns)
        if not column.is_info and (column.choices or column.cell is Cell.FLAG)
    ]
    if not with_choices:
        return
    lists, sheet = book.add_worksheet(CHOICES), book.get_worksheet_by_name(title)
    for place, (number, labels) in enumerate(with_choices):
        lists.set_column(place, place, 28)
        lists.write_string(0, place, columns[number].header)
        for line, label in enumerate(labels, start=1):
            _write_label(lists, line, place, label)
        letter = xlsxwriter.utility.xl_col_to_name(place)
        rule = {
            "validate": "list",
            "source": f"={CHOICES}!${letter}$2:${letter}${len(labels) + 1}",
            "error_title": columns[number].header[:32],
            "error_message": "Pilih salah satu dari daftar.",
        }
        sheet.data_validation(1, number, rows + _SPARE_ROWS, number, rule)
