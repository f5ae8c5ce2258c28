"""Files that are no sheets, are damaged or are bombs are refused with the reason."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest
import xlsxwriter

from outreach.children import children_seconds
from tests.sheets.files import CODE, as_csv, as_xlsx, failure

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "file_empty"),
        (b"%PDF-1.7 ...", "pdf_file"),
        (b"\x89PNG\r\n\x1a\n....", "image_file"),
        (b"\xff\xd8\xff\xe0 JFIF", "image_file"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old_excel"),
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "password_protected"),
        (b"PK\x03\x04 no zip at all", "file_damaged"),
        (b"<html><table><tr><td>Kode</td></tr></table>", "not_a_sheet"),
        (b"\xef\xbb\xbf\r\n<table><tr><td>Kode desa</td></tr></table>", "not_a_sheet"),
        (b"\x00\x01\x02\x03 binary", "not_a_sheet"),
        (b"Kode;Kode\r\n", "header_missing"),
        (b"Kode desa;KODE DESA\r\n1;2\r\n", "header_twice"),
        (b"Kode desa;Nama\r\n", "no_rows"),
        (b"Nama;Jumlah pekerja\r\nx;1\r\n", "header_missing"),
    ],
)
def test_what_is_no_sheet_of_ours_is_said(content: bytes, problem: str) -> None:
    assert failure(content) == problem


def test_who_reads_a_workbook_knows_no_secret(told_to_children: Path) -> None:
    taken = children_seconds()
    assert failure(as_xlsx([["Kode desa", "Nama"], [CODE, "x"]])) == "file_too_heavy"
    assert "of-the-database" not in told_to_children.read_text(encoding="utf-8")
    assert children_seconds() > taken, "whoever sends it pays for its reading"


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return out.getvalue()


def test_other_zips_are_told_apart() -> None:
    assert failure(packed({"content.xml": b"<x/>", "mimetype": b"ods"})) == "open_document"
    assert failure(packed({"word/document.xml": b"<x/>"})) == "not_a_sheet"
    assert failure(packed({"xl/workbook.xml": b"<x/>"})) == "file_damaged"
    assert failure(packed({"xl/workbook.xml": b"<x/>", "../x": b""})) == "file_damaged"


def test_a_zip_that_would_unpack_to_too_much_is_never_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[object] = []
    monkeypatch.setattr(
        "outreach.sheets.opening.run_child", lambda *told, **_: started.append(told)
    )
    sheet = b"<row>" + b" " * 60_000_000
    assert failure(packed({"xl/workbook.xml": b"<x/>", "a": sheet, "b": sheet})) == "file_too_heavy"
    assert failure(packed({"xl/workbook.xml": b"<x/>", "a": b" " * 9_000_000})) == "file_too_heavy"
    many = {f"xl/{number}": b"" for number in range(600)}
    assert failure(packed({"xl/workbook.xml": b"<x/>", **many})) == "file_too_heavy"
    assert not started


def test_a_text_that_every_cell_repeats_only_ends_the_process_that_reads_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A small file with honest sizes that would be more than a gigabyte as cells."""
    # It is the limit of memory that ends it, not our patience.
    monkeypatch.setattr("outreach.sheets.opening._SECONDS", 600)
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Kode desa", "Nama"])
        for row in range(1, 500):
            for column in range(99):
                sheet.write_string(row, column, "a" * 32_000)
    assert failure(out.getvalue()) == "file_too_heavy"


def test_a_cell_at_the_far_end_of_the_sheet_is_not_waited_for() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Kode desa", "Nama"])
        sheet.write_string(1_048_575, 16_383, "jauh")
    assert failure(out.getvalue()) in ("file_too_heavy", "too_many_columns")


def test_too_many_rows_and_columns_are_told_with_the_most_there_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wide = [["Kode desa", *(f"Kolom {n}" for n in range(120))], [CODE, *["x"] * 120]]
    assert failure(as_xlsx(wide)) == "too_many_columns"
    assert failure(as_csv([[str(cell) for cell in line] for line in wide])) == "too_many_columns"
    monkeypatch.setattr("outreach.sheets.reading.MOST_ROWS", 3)
    long = [["Kode desa"], *[[f"33.72.01.100{n}"] for n in range(1, 5)]]
    assert failure(as_xlsx(long)) == "too_many_rows"
    assert failure(as_csv(long)) == "too_many_rows"
