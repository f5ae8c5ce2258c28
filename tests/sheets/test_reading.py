"""Cells are read in every usual writing; whatever cannot be read is refused and never lost."""

from __future__ import annotations

import csv
import io
import time as time_module
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from outreach.errors import Invalid
from outreach.people.identity import HIDDEN
from outreach.sheets.cells import holds_identity
from outreach.sheets.kinds import Cell, Choice, Column
from outreach.sheets.reading import read_sheet
from tests.sheets.files import CODE, COLUMNS, HEADERS, LETTERS, as_csv, as_xlsx, read

#: Excel keeps no zone.
AFTERNOON = datetime(2027, 1, 11, 9, 30, tzinfo=UTC).replace(tzinfo=None)


def one(cell: Any, key: str) -> tuple[Any, list[str]]:
    """Read one cell of one column, from a sheet with its code beside it."""
    header = next(column.header for column in COLUMNS if column.key == key)
    lines = [["Kode desa", header], [CODE, cell]] if key != "code" else [[header], [cell]]
    (row,) = read(as_xlsx(lines)).rows
    return row.values[key], [problem.code for problem in row.problems]


@pytest.mark.parametrize(
    "cell",
    [
        "33.72.01.1001",
        "3372011001",
        " 3372 01 1001 ",
        "'3372011001",
        '="3372011001"',
        3372011001,
        3372011001.0,
        "3372011001.0",
        "3372011001,0",
        "3.372011001E+09",
        "3,372011001E+09",
        "3.372011001E9",
    ],
)
def test_a_code_is_read_in_every_writing(cell: Any) -> None:
    content = as_csv([["Kode desa"], [str(cell)]]) if "=" in str(cell) else None
    (row,) = read(content or as_xlsx([["Kode desa"], [cell]])).rows
    assert (row.values["code"], row.problems) == (CODE, [])


@pytest.mark.parametrize(
    ("cell", "code"),
    [("33.72", "33.72"), (33.72, "33.72"), (33.1, "33.10"), ("33,1", "33.10"), (3372, "33.72")],
)
def test_a_regency_that_excel_took_for_a_number_gets_its_digits_back(cell: Any, code: str) -> None:
    assert one(cell, "code") == (code, [])


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("3,37E+09", "not_a_region_code"),  # digits lost: 3370000000 is no village
        ("Kelurahan Joyosuran", "not_a_region_code"),
        (date(2001, 1, 11), "code_became_date"),
        ("", "missing"),
    ],
)
def test_what_is_no_code_is_said(cell: Any, problem: str) -> None:
    lines: list[list[Any]] = [["Kode desa", "Nama"], [cell, "x"]]
    (row,) = read(as_xlsx(lines)).rows
    assert [found.code for found in row.problems] == [problem]


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1.234", 1234), ("1,234", 1234), ("1 234", 1234), ("1.234.567", 1234567), ("12", 12),
        (12.0, 12), ("1.234,0", 1234), ("-5", -5), ("1,234,567", 1234567),
    ],
)  # fmt: skip
def test_whole_numbers(cell: Any, number: int) -> None:
    assert one(cell, "workers") == (number, [])


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("0,5", 0.5), ("0.5", 0.5), (0.5, 0.5),
        ("1.234", 1234.0), (1.234, 1.234), ("12", 12.0), ("1.234.567,25", 1234567.25),
    ],
)  # fmt: skip
def test_decimal_numbers(cell: Any, number: float) -> None:
    assert one(cell, "share") == (number, [])


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("12,5", "int_from_float"),
        (12.5, "int_from_float"),
        ("dua", "float_parsing"),
        ("0,500", "int_from_float"),
        ("0.500", "int_from_float"),
    ],
)
def test_what_is_no_whole_number_is_said(cell: Any, problem: str) -> None:
    assert one(cell, "workers") == (None, [problem])


@pytest.mark.parametrize(
    "cell",
    [
        date(2027, 1, 11), AFTERNOON, "11/01/2027", "11-1-2027", "11.01.2027",
        "2027-01-11", "2027/01/11", "2027-01-11 00:00:00", "11 Januari 2027", "11 Jan 2027",
        "Senin, 11 Januari 2027", "11 January 2027", "11/01/27", 46398, "46398",
        "Senin 11 Januari 2027", "11 Jan. 2027", "11/01/2027 00:00", "11/01/2027 00.00.00",
    ],
)  # fmt: skip
def test_days(cell: Any) -> None:
    assert one(cell, "day") == (date(2027, 1, 11), [])


@pytest.mark.parametrize(
    ("cell", "month"),
    [("11 Ags 2027", 8), ("11 Agt. 2027", 8), ("11 Agustus 2027", 8), ("11 Sept 2027", 9)],
)
def test_months_in_their_short_writings(cell: str, month: int) -> None:
    assert one(cell, "day") == (date(2027, month, 11), [])


@pytest.mark.parametrize("cell", ["31/02/2027", "besok", "11/01/1027", "1/2", 20270111, "senin"])
def test_what_is_no_day_is_said(cell: Any) -> None:
    assert one(cell, "day") == (None, ["date_parsing"])


@pytest.mark.parametrize(
    "cell",
    [time(9, 30), "09.30", "09:30", "9.30", "09:30:00", "pukul 09.30 WIB", 0.3958333333, 9.3],
)
def test_times(cell: Any) -> None:
    assert one(cell, "starts") == (time(9, 30), [])


@pytest.mark.parametrize("cell", ["25.10", "pagi", 24.5])
def test_what_is_no_time_is_said(cell: Any) -> None:
    assert one(cell, "starts") == (None, ["time_parsing"])


def test_a_choice_is_the_one_written_just_so_or_the_only_one_alike() -> None:
    teams = (Choice("1", "Tim A"), Choice("2", "1"), Choice("3", "TIM-A"), Choice("4", "Tim B"))
    columns = (Column("row", "Baris"), Column("team", "Tim", Cell.CHOICE, choices=teams))
    cells = ["1", "Tim A", "TIM-A", "tim a", "tim b", "2"]
    lines = [["Baris", "Tim"], *([str(number), cell] for number, cell in enumerate(cells))]
    rows = read_sheet(as_csv(lines), "Data", columns, ("row",)).rows
    assert [row.values["team"] for row in rows] == ["2", "1", "3", None, "4", None]


def test_choices_and_flags_are_taken_by_words_of_any_case() -> None:
    assert one("PANEN  RAYA", "kind") == ("a", [])
    assert one("b", "kind") == (None, ["not_a_choice"])
    assert one("sewa", "kind") == (None, ["not_a_choice"])
    assert [one(cell, "open")[0] for cell in ("Ya", "tidak", True, False, 1, "x")] == [
        True, False, True, False, True, True,
    ]  # fmt: skip
    assert one("mungkin", "open") == (None, ["bool_parsing"])


@pytest.mark.parametrize(
    "cell",
    [
        "3372011234560001", 3372011234560001, "3372-0112-0456-0001", "3,37201E+15",
        "NIK 3372011234560001 a.n. Sri", "'3372011234560001",
    ],
)  # fmt: skip
@pytest.mark.parametrize("header", ["Nama", "Kode desa", "Jumlah pekerja", "Dilihat", "Kolom lain"])
def test_identity_numbers_refuse_the_row_and_are_not_kept(cell: Any, header: str) -> None:
    headers = ["Kode desa", header] if header != "Kode desa" else [header]
    cells = [CODE, cell] if header != "Kode desa" else [cell]
    (row,) = read(as_xlsx([headers, cells])).rows
    assert "identity_number" in [problem.code for problem in row.problems]
    assert HIDDEN in row.given.values()
    assert "0001" not in str(row)


@pytest.mark.parametrize("as_file", [as_csv, as_xlsx])
@pytest.mark.parametrize("header", ["Nama", "Kode desa", "Jumlah pekerja", "Kolom lain"])
def test_a_cell_that_is_too_long_refuses_its_row_and_is_hardly_kept(
    as_file: Any, header: str
) -> None:
    headers = ["Kode desa", header] if header != "Kode desa" else [header]
    wrong = [CODE, "9 " * 1_001] if header != "Kode desa" else ["9 " * 1_001]
    right = ["33.72.03.1005", ""] if header != "Kode desa" else ["33.72.03.1005"]
    refused, other = read(as_file([headers, wrong, right])).rows
    assert [problem.code for problem in refused.problems] == ["text_too_long"]
    assert all(len(text) < 100 for text in refused.given.values())
    assert other.problems == []


def test_an_identity_number_in_a_cell_that_is_too_long_is_not_kept() -> None:
    (row,) = read(as_csv([["Kode desa", "Nama"], [CODE, "3372011234560001" + " x" * 1_500]])).rows
    assert [problem.code for problem in row.problems] == ["identity_number"]
    assert row.given["name"] == HIDDEN


def test_marks_without_end_on_one_letter_cost_no_more_than_other_long_texts() -> None:
    """To put them in order takes the square of their count: 20 seconds for one cell of a CSV."""
    marks = "a" + "\u0301\u0316" * 60_000
    started = time_module.process_time()
    (row,) = read(as_csv([["Kode desa", "Nama"], [CODE, marks]])).rows
    assert time_module.process_time() - started < 5
    assert [problem.code for problem in row.problems] == ["text_too_long"]


def test_an_identity_number_above_a_column_is_not_kept_either() -> None:
    found = read(as_csv([["Kode desa", "3372011234560001"], [CODE, "x"]]))
    assert found.unknown == (HIDDEN,)
    assert "0001" not in str(found.rows)


def test_formulas_are_read_as_their_values_and_failed_ones_are_said() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADERS[:3])
        sheet.write_string(1, 0, CODE)
        sheet.write_formula(1, 1, '=A1&"x"', None, "Joyosuran")
        sheet.write_formula(1, 2, "=1/0", None, "#DIV/0!")
    (row,) = read(out.getvalue()).rows
    assert row.values["name"] == "Joyosuran"
    assert [(p.column, p.code) for p in row.problems] == [("workers", "failed_formula")]


def test_headers_are_found_in_any_order_with_a_title_above_and_unknown_ones_are_told() -> None:
    lines: list[list[Any]] = [
        ["Daftar desa 2027"],
        [],
        ["NAMA", "warna", "kode_desa", "jumlah  PEKERJA"],
        ["Joyosuran", "biru", CODE, 12],
        ["", "", "", ""],
        ["Semanggi", "", "33.72.03.1005", ""],
    ]
    found = read(as_xlsx(lines))
    assert [(row.number, row.values["name"], row.values["code"]) for row in found.rows] == [
        (4, "Joyosuran", CODE),
        (6, "Semanggi", "33.72.03.1005"),
    ]
    assert found.unknown == ("warna",)
    assert {"day", "starts"} <= found.rows[0].absent
    assert "name" not in found.rows[0].absent


def test_rows_about_the_same_thing_are_all_refused() -> None:
    lines = [["Kode desa", "Nama"], [CODE, "a"], ["33.72.03.1005", "b"], ["3372011001", "c"]]
    rows = read(as_xlsx(lines)).rows
    assert [[problem.code for problem in row.problems] for row in rows] == [
        ["row_twice"], [], ["row_twice"],
    ]  # fmt: skip


def test_the_sheet_named_like_the_kind_is_read_and_instructions_are_not() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        for name, lines in (
            ("Petunjuk", [["Kode desa"], ["apa saja"]]),
            ("Lain", [["Kode desa"], ["33.72.03.1005"]]),
            ("data", [["Kode desa"], [CODE]]),
        ):
            sheet = book.add_worksheet(name)
            for number, line in enumerate(lines):
                sheet.write_row(number, 0, line)
    assert [row.values["code"] for row in read(out.getvalue()).rows] == [CODE]


def is_a_name(text: str) -> bool:
    """A quote keeps a text a text, “#NUM!” is a failed formula, “3E15” an identity number."""
    is_marked = text.startswith(("'", "#")) or '"' in text
    return text.strip() == text and not is_marked and not holds_identity(text)


NAMES = st.text(LETTERS, min_size=1, max_size=12).filter(is_a_name)


def test_only_sixteen_digits_are_an_identity_number_among_powers_of_ten() -> None:
    assert [power for power in range(40) if holds_identity(f"3.3E{power}")] == [15]
    assert not holds_identity("1E100")


def is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(
        st.tuples(
            st.integers(1, 9999),
            NAMES,
            st.integers(0, 10**6),
            st.dates(date(2000, 1, 1), date(2099, 1, 1)),
        ),
        min_size=1,
        max_size=8,
        unique_by=lambda row: row[0],
    ),
    separator=st.sampled_from(";,\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    writing=st.sampled_from(["dotted", "plain", "number", "exponent"]),
    order=st.permutations(range(4)),
)
def test_any_separator_encoding_and_writing_of_codes_gives_the_same_rows(
    rows: list[tuple[int, str, int, date]],
    separator: str,
    encoding: str,
    writing: str,
    order: list[int],
) -> None:
    def code(number: int) -> str:
        digits = f"337201{1000 + number % 1000:04}" if number < 1000 else f"3309{number:06}"
        return {
            "dotted": f"{digits[:2]}.{digits[2:4]}.{digits[4:6]}.{digits[6:]}",
            "plain": digits,
            "number": f"{digits}.0",
            "exponent": f"{digits[0]}.{digits[1:]}E+09",
        }[writing]

    headers = ["Kode desa", "Nama", "Jumlah pekerja", "Tanggal"]
    lines = [headers, *([code(n), name, str(w), d.strftime("%d/%m/%Y")] for n, name, w, d in rows)]
    content = as_csv([[line[place] for place in order] for line in lines], separator, encoding)
    # Bytes that are letters in both are what UTF-8 says: nothing in a file tells them apart.
    assume(encoding != "cp1252" or content.isascii() or not is_utf8(content))
    found = read(content)
    expected = [(name, workers, day) for _, name, workers, day in rows]
    seen = [(r.values["name"], r.values["workers"], r.values["day"]) for r in found.rows]
    # A code that is none is refused, and never dropped.
    assert len(found.rows) == len(rows)
    problems = {p.column for row in found.rows for p in row.problems}
    assert problems <= {"code"}
    assert seen == expected


CELLS = st.one_of(
    st.text(max_size=30),
    st.integers(-(10**18), 10**18).map(str),
    st.floats(allow_nan=False).map(str),
    st.sampled_from([CODE, "3372011001", "09.30", "11/01/2027", "ya", "=1+1", "#N/A", "1.234,5"]),
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(CELLS, min_size=9, max_size=9), min_size=1, max_size=10))
def test_whatever_stands_in_the_cells_every_row_is_accepted_or_refused(
    lines: list[list[str]],
) -> None:
    content = as_csv([HEADERS, *lines])
    try:
        found = read(content)
    except Invalid:
        return  # a file as a whole; nothing of it was taken
    filled = list(csv.reader(io.StringIO(content.decode()), delimiter=";"))[1:]
    refused = sum(row.is_refused for row in found.rows)
    accepted = sum(not row.is_refused for row in found.rows)
    assert accepted + refused == len(found.rows) <= len(filled)
    blank = [line for line in filled if not any(cell.strip(" \t\r\n'\"=\u00a0") for cell in line)]
    assert len(found.rows) >= len(filled) - len(blank)
    for row in found.rows:
        assert row.is_refused or row.values["code"] is not None
