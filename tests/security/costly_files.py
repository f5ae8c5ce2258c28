"""Reads the costliest files one after the other and tells what became of each, and of the memory.

Runs as a process of its own, so that nothing but these files has asked for memory. No clock stops
anything here: what ends the work are limits of the work.
"""

from __future__ import annotations

import itertools
import json
import resource
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from outreach.errors import Invalid
from outreach.logbook.pictures import redraw
from outreach.logbook.submission import read_submission
from outreach.logbook.tables import EvidenceKind
from outreach.maps import boundary_reading
from outreach.sheets import opening
from outreach.sheets.kinds import Cell, Column
from outreach.sheets.reading import read_sheet
from tests.security import hostile_files
from tests.security.outside import Outside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COLUMNS = (Column("code", "Kode desa", Cell.CODE, is_required=True), Column("name", "Nama"))
BORDERS = ("zip bomb", "deep coordinates", "a million columns in json", "zip that lies of its size")


def sheet(content: bytes) -> object:
    return read_sheet(content, "Tim", COLUMNS, ("code",))


def picture(content: bytes) -> object:
    return redraw(content, EvidenceKind.PHOTO)


def tasks(outside: Outside) -> Iterator[tuple[str, Callable[[bytes], object], bytes]]:
    """What is read, how, and under which name it is told of."""
    given = hostile_files.pretending(outside)
    for name, content in hostile_files.sheets(outside).items():
        yield f"sheet: {name}", sheet, content
    for name, part in (("digits", "9 "), ("marks on a letter", "\u0301\u0316")):
        long = "a" + part * 60_000
        told = "Kode desa;Nama\n" + f"33.72.01.1001;{long}\n" * (1_900_000 // len(long.encode()))
        yield f"sheet: {name} without end in every cell", sheet, told.encode()
    cells = (f"<c><v>{number * 7919 % 1_000_003}</v></c>" for number in range(250_000))
    rows = "".join(f"<row>{''.join(row)}</row>" for row in itertools.batched(cells, 100))
    full = hostile_files.workbook(f"<sheetData>{rows}</sheetData>")
    yield "sheet: every cell a number", sheet, full
    for name in BORDERS:
        yield f"borders: {name}", boundary_reading.read_borders, given[name]
    points = b"[110.1,-7.1]," * 2_300_000
    area = b'{"type":"Feature","properties":{"kode":"33.72"},"geometry":{"type":"Polygon",'
    many = area + b'"coordinates":[[' + points[:-1] + b"]]}}"
    yield "borders: points without end", boundary_reading.read_borders, many
    for name, content in hostile_files.pictures().items():
        yield f"picture: {name}", picture, content
    bomb = zlib.compress(bytes(200_000_000), 9)
    yield "picture: pixels explode", picture, hostile_files.png(2_000, 2_000, bomb)
    for name, content in hostile_files.xml(outside).items():
        yield f"form: {name}", read_submission, content


def problem_of(read: Callable[[bytes], object], content: bytes) -> str:
    try:
        read(content)
    except Invalid as error:
        return str(error.facts["problems"])
    return "taken"


def main() -> None:
    opening._SECONDS = boundary_reading._SECONDS = None  # type: ignore[assignment]
    asked = [(*one, len(one[2])) for one in tasks(Outside(Path("/nowhere"), 9))]
    found = {}
    for name, read, content, _ in asked:
        before = resource.getrusage(resource.RUSAGE_SELF)
        problem = problem_of(read, content)
        after = resource.getrusage(resource.RUSAGE_SELF)
        found[name] = {
            "problem": problem,
            "grown_kb": after.ru_maxrss - before.ru_maxrss,
            "bytes": len(content),
            "seconds": after.ru_utime - before.ru_utime,
        }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
