"""Small files of a made-up kind, as other programs would write them."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import pytest
import xlsxwriter
from hypothesis import strategies as st

from outreach.errors import Invalid
from outreach.sheets.kinds import Cell, Choice, Column
from outreach.sheets.reading import Sheet, read_sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = (
    Column("code", "Kode desa", Cell.CODE, is_required=True),
    Column("name", "Nama"),
    Column("workers", "Jumlah pekerja", Cell.WHOLE),
    Column("share", "Bagian", Cell.DECIMAL),
    Column("day", "Tanggal", Cell.DAY),
    Column("starts", "Jam mulai", Cell.CLOCK),
    Column("kind", "Jenis", Cell.CHOICE, choices=(Choice("a", "Panen raya"), Choice("b", "Pasar"))),
    Column("open", "Buka", Cell.FLAG),
    Column("seen", "Dilihat", is_info=True),
)
HEADERS = [one.header for one in COLUMNS]
CODE = "33.72.01.1001"


def read(content: bytes) -> Sheet:
    return read_sheet(content, "Data", COLUMNS, ("code",))


def as_csv(lines: Sequence[Sequence[str]], separator: str = ";", encoding: str = "utf-8") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator).writerows(lines)
    return out.getvalue().encode(encoding)


def as_xlsx(lines: Sequence[Sequence[Any]], name: str = "Sheet1") -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet(name)
        days = book.add_format({"num_format": "dd/mm/yyyy"})
        clocks = book.add_format({"num_format": "hh:mm"})
        for number, line in enumerate(lines):
            for place, cell in enumerate(line):
                style = {date: days, datetime: days, time: clocks}.get(type(cell))
                sheet.write(number, place, cell, *([style] if style else []))
    return out.getvalue()


def failure(content: bytes) -> str:
    with pytest.raises(Invalid) as refused:
        read(content)
    (problem,) = refused.value.facts["problems"]["file"]  # type: ignore[index]
    return str(problem)


#: What cp1252 can write.
LETTERS = st.characters(codec="cp1252", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"))
