"""Numbers of papers: a series per branch, kind and year, without a gap and without a repeat."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError
from sqlalchemy import update
from sqlmodel import col, select

from outreach.db import insert_into
from outreach.papers.tables import PaperKind, PaperSeries

if TYPE_CHECKING:
    from datetime import date
    from typing import Any

    from sqlmodel import Session

#: What tells the kinds apart in a number: surat tugas, surat pemberitahuan, daftar hadir, berita
#: acara, lembar perjalanan.
CODES = {
    PaperKind.ASSIGNMENT_LETTER: "ST",
    PaperKind.NOTICE: "SP",
    PaperKind.ATTENDANCE_LIST: "DH",
    PaperKind.MINUTES: "BA",
    PaperKind.ROUTE_SHEET: "LP",
}
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
#: Without these two papers could carry the same number: each kind and each year counts anew.
NEEDED = ("code", "number", "year")
#: How Indonesian pages name the placeholders; stored are always the English names.
INDONESIAN = {"code": "kode", "number": "nomor", "month": "bulan", "year": "tahun"}
_PLACEHOLDER = re.compile(r"\{(code|number|month|year)\}")


def check_pattern(pattern: str) -> str:
    """Return *pattern* with English placeholders if every number made by it is one of its kind.

    Raises
    ------
    PydanticCustomError
        With the code `pattern_incomplete` or `pattern_unreadable`.
    """
    for english, indonesian in INDONESIAN.items():
        pattern = pattern.replace(f"{{{indonesian}}}", f"{{{english}}}")
    if any(sign in _PLACEHOLDER.sub("", pattern) for sign in "{}"):
        raise PydanticCustomError("pattern_unreadable", "an unknown name in brackets")
    found = _PLACEHOLDER.findall(pattern)
    if any(found.count(name) != 1 for name in NEEDED):
        raise PydanticCustomError("pattern_incomplete", "code, number or year is missing")
    if "{number}{year}" in pattern or "{year}{number}" in pattern:
        # 1 of 2026 and 12 of 026 would read alike.
        raise PydanticCustomError("pattern_incomplete", "number and year run into each other")
    return pattern


def in_indonesian(pattern: str) -> str:
    """Name the placeholders as Indonesian pages do: `{kode}/{nomor}/{tahun}`."""
    return _PLACEHOLDER.sub(lambda found: f"{{{INDONESIAN[found[1]]}}}", pattern)


def written(pattern: str, kind: PaperKind, sequence: int, day: date) -> str:
    """Write a number: `ST/001/KC-SURAKARTA/XI/2026`."""
    words = {
        "code": CODES[kind],
        "number": f"{sequence:03d}",
        "month": ROMAN[day.month - 1],
        "year": str(day.year),
    }
    return _PLACEHOLDER.sub(lambda found: words[found[1]], pattern)


def hold_series(db: Session, branch_id: int, kind: PaperKind, year: int) -> int:
    """Return the last number given out, and keep others from the series until the work ends.

    Whoever looks for papers that exist already looks after this: those of others are stored then.
    """
    first = {"branch_id": branch_id, "kind": kind, "year": year, "last": 0}
    db.execute(insert_into(db, PaperSeries).values(first).on_conflict_do_nothing())
    query = select(col(PaperSeries.last)).where(*_is(branch_id, kind, year))
    last: int = db.execute(query.with_for_update()).scalar_one()
    return last


def note_last(db: Session, branch_id: int, kind: PaperKind, year: int, last: int) -> None:
    """Write down the last number that was given out of a series that is held."""
    db.execute(update(PaperSeries).where(*_is(branch_id, kind, year)).values(last=last))


def _is(branch_id: int, kind: PaperKind, year: int) -> tuple[Any, ...]:
    return (
        col(PaperSeries.branch_id) == branch_id,
        col(PaperSeries.kind) == kind,
        col(PaperSeries.year) == year,
    )
