"""Sheets that we write are read back the same, hold no formula and give errors back."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, time
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from outreach.sheets.kinds import Cell, Choice, Column
from outreach.sheets.reading import read_sheet
from outreach.sheets.writing import error_workbook, text_file, workbook
from tests.sheets.files import CODE, COLUMNS, LETTERS, as_csv, read


def _is_plain(text: str) -> bool:
    """Whether no program would take the text for something else, nor trim it."""
    return text == text.strip() and text[0] not in "'=#"


def _whole_minutes(at: time) -> time:
    return at.replace(second=0, microsecond=0)


VALUES = st.fixed_dictionaries(
    {
        "code": st.integers(0, 999).map(lambda n: f"33.72.01.1{n:03}"),
        "name": st.one_of(
            st.none(),
            st.text(LETTERS, min_size=1, max_size=20).filter(_is_plain),
            st.sampled_from(["=SUM(A1)", "+62 812", "-", "@x", "|pipe", "=1+1;2"]),
        ),
        "workers": st.one_of(st.none(), st.integers(0, 10**6)),
        "share": st.one_of(st.none(), st.floats(0, 10**6).map(lambda x: round(x, 3))),
        "day": st.one_of(st.none(), st.dates(date(2000, 1, 1), date(2099, 12, 31))),
        "starts": st.one_of(st.none(), st.times().map(_whole_minutes)),
        "kind": st.sampled_from([None, "a", "b"]),
        "open": st.sampled_from([None, True, False]),
    }
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(VALUES, min_size=1, max_size=6, unique_by=lambda row: str(row["code"])))
def test_what_is_written_is_read_back_the_same(rows: list[dict[str, Any]]) -> None:
    for content in (workbook("Data", COLUMNS, rows), text_file(COLUMNS, rows)):
        found = read(content).rows
        assert [row.problems for row in found] == [[]] * len(rows)
        read_back = [{k: v for k, v in row.values.items() if k != "seen"} for row in found]
        assert read_back == rows


def parts_of(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as made:
        return {name: made.read(name).decode() for name in made.namelist() if "sheet" in name}


def test_no_cell_we_write_is_a_formula() -> None:
    hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "|x", "＝1", '=HYPERLINK("http://x")']
    rows = [{"code": f"33.72.01.100{n}", "name": text} for n, text in enumerate(hostile)]
    parts = parts_of(workbook("Data", COLUMNS, rows))
    assert len(parts) >= 3
    assert not [name for name, xml in parts.items() if "<f>" in xml or "<f " in xml]
    lines = list(
        csv.reader(io.StringIO(text_file(COLUMNS, rows).decode("utf-8-sig")), delimiter=";")
    )
    assert [line[1] for line in lines[1:]] == [f"'{text}" for text in hostile]


def test_rows_come_back_as_given_with_the_errors_in_the_last_column_and_can_be_sent_again() -> None:
    lines = [
        ["Kode desa", "Nama", "Warna", "Tanggal", "Jumlah pekerja"],
        [CODE, "'=1+1", "biru", "11/01/2027", "12"],
        ["33.72.03.1005", "Semanggi", "", "besok", "dua"],
    ]
    rows = read(as_csv(lines)).rows
    words = {row.number: "; ".join(p.code for p in row.problems) for row in rows}
    again = error_workbook("Data", COLUMNS, rows, words)
    cells = list(_cells(again))
    assert cells[0] == ["Kode desa", "Nama", "Jumlah pekerja", "Tanggal", "Warna", "Kesalahan"]
    assert cells[1] == [CODE, "=1+1", 12.0, date(2027, 1, 11), "biru", ""]
    assert cells[2][:5] == ["33.72.03.1005", "Semanggi", "dua", "besok", ""]
    assert cells[2][5] == words[3]
    twice = read(again)
    assert [row.values for row in twice.rows] == [row.values for row in rows]
    assert twice.unknown == ("Warna",)


def _cells(content: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


def test_choices_hang_on_their_columns_as_dropdowns() -> None:
    content = workbook("Data", COLUMNS, [{"code": CODE}])
    xml = parts_of(content)["xl/worksheets/sheet1.xml"]
    assert 'sqref="G2:G502"' in xml
    assert "Pilihan!$A$2:$A$3" in xml
    with_comma = Column("x", "X", Cell.CHOICE, choices=(Choice("1", "Tim A, B"),))
    (row,) = read_sheet(
        workbook("Data", (COLUMNS[0], with_comma), [{"code": CODE, "x": "1"}]),
        "Data",
        (COLUMNS[0], with_comma),
        ("code",),
    ).rows
    assert row.values["x"] == "1"


def test_a_choice_that_is_a_number_can_be_typed_and_one_not_offered_can_still_be_read() -> None:
    choices = (Choice("a", "1"), Choice("b", "02"), Choice("c", "3", is_offered=False))
    columns = (COLUMNS[0], Column("x", "X", Cell.CHOICE, choices=choices))
    codes = [f"33.72.01.100{number}" for number in range(3)]
    rows = [{"code": code, "x": value} for code, value in zip(codes, "abc", strict=True)]
    content = workbook("Data", columns, rows)
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert book.get_sheet_by_name("Pilihan").to_python() == [["X"], [1.0], ["02"]]
    assert [line[1] for line in _cells(content)] == ["X", 1.0, "02", 3.0]
    again = read_sheet(content, "Data", columns, ("code",)).rows
    assert [row.values["x"] for row in again] == ["a", "b", "c"]


def test_excel_keeps_days_as_days() -> None:
    day, clock = date(2027, 1, 11), time(9, 30)
    (_, line) = _cells(workbook("Data", COLUMNS, [{"code": CODE, "day": day, "starts": clock}]))
    assert (line[4], line[5]) == (day, clock)
