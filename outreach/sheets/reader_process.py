"""Reads one XLSX file in a process of its own: a hostile file can only end this process.

Stands alone, without the rest of the product, so that it starts in a few hundredths of a second.
The file comes by the standard input; JSON goes out: the rows, or what is wrong.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import resource
import sys
import zipfile
from xml.etree import ElementTree as ET

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

MEMORY_BYTES = 1_200 * 1024 * 1024
CPU_SECONDS = 15
#: One text that is packed once can stand in every cell: what is told goes to the server's memory.
#: A text file of the size that is taken holds a quarter of it.
MOST_SIGNS = 8_000_000
#: Of a sheet that explains, not of one that tells.
INSTRUCTIONS = "petunjuk"

_ERROR_CELL = re.compile(rb"<c\b(?=[^>]*\st=[\"']e[\"'])[^>]*\sr=[\"']([A-Z]{1,3})(\d{1,7})[\"']")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def read(content: bytes, wanted: str, most_rows: int, most_columns: int) -> dict[str, object]:
    """Read the sheet that is meant, as `{"first": number of its first row, "rows": cells}`."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        name = _meant([sheet.name for sheet in book.sheets_metadata], wanted)
        sheet = book.get_sheet_by_name(name)
    except PasswordError:
        return {"problem": "password_protected"}
    except (CalamineError, ValueError, KeyError, OSError, IndexError):
        return {"problem": "file_damaged"}
    if sheet.end is None:
        return {"first": 1, "rows": []}
    if problem := _excess(sheet, most_rows, most_columns):
        return {"problem": problem}
    rows = [[_told(cell) for cell in row] for row in sheet.to_python(skip_empty_area=True)]
    if _signs(rows) > MOST_SIGNS:
        return {"problem": "file_too_heavy"}
    first, left = (sheet.start or (0, 0))[0], (sheet.start or (0, 0))[1]
    _mark_errors(content, name, rows, first, left)
    return {"first": first + 1, "rows": rows}


def _excess(sheet: CalamineSheet, most_rows: int, most_columns: int) -> str:
    """Name what there is too much of; empty if the cells may become Python's.

    An edge far out would ask for billions of them.
    """
    if sheet.end is not None and sheet.end[1] >= most_columns:
        return "too_many_columns"
    return "too_many_rows" if sheet.height > most_rows * 2 else ""


def _meant(names: list[str], wanted: str) -> str:
    by_name = {name.casefold(): name for name in names}
    if wanted.casefold() in by_name:
        return by_name[wanted.casefold()]
    return next((name for name in names if name.casefold() != INSTRUCTIONS), names[0])


def _signs(rows: list[list[object]]) -> int:
    """Measure what the cells hold; a number counts as a short word."""
    return sum(len(cell) if isinstance(cell, str) else 4 for row in rows for cell in row)


def _told(cell: object) -> object:
    """Tell a cell in JSON: text, number or flag as they are, days and times by their kind."""
    if isinstance(cell, dt.datetime):
        return ["moment", cell.isoformat(sep=" ", timespec="minutes")]
    if isinstance(cell, dt.date):
        return ["day", cell.isoformat()]
    if isinstance(cell, dt.time):
        return ["clock", cell.isoformat(timespec="minutes")]
    if isinstance(cell, dt.timedelta):
        return cell.total_seconds() / 86400
    return cell


def _mark_errors(
    content: bytes, name: str, rows: list[list[object]], first: int, left: int
) -> None:
    """Mark cells of failed formulas, which would look blank."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        path = _path_of(packed, name)
        found = _ERROR_CELL.findall(packed.read(path)) if path else []
    for letters, number in found:
        row, column = int(number) - 1 - first, _column(letters) - left
        if 0 <= row < len(rows) and 0 <= column < len(rows[row]):
            rows[row][column] = "#N/A"


def _path_of(packed: zipfile.ZipFile, name: str) -> str:
    try:
        book = ET.fromstring(packed.read("xl/workbook.xml"))  # noqa: S314 - limited process
        links = ET.fromstring(packed.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 - as above
    except (KeyError, ET.ParseError):
        return ""
    wanted = {
        sheet.get(_RELATION)
        for sheet in book.iter()
        if sheet.tag.endswith("}sheet") and sheet.get("name") == name
    }
    targets = [link.get("Target", "") for link in links if link.get("Id") in wanted]
    paths = [target.lstrip("/") if target[:1] == "/" else f"xl/{target}" for target in targets]
    return next((path for path in paths if path in packed.namelist()), "")


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    told = read(sys.stdin.buffer.read(), sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    sys.stdout.buffer.write(json.dumps(told, ensure_ascii=False).encode(errors="replace"))
