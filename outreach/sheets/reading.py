"""Reads an uploaded sheet into rows of a kind: every row is kept, right or wrong."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from outreach.people.identity import HIDDEN
from outreach.sheets.cells import (
    Unreadable,
    holds_identity,
    is_too_long,
    plain_text,
    same_name,
    value_of,
)
from outreach.sheets.kinds import Row
from outreach.sheets.opening import MOST_ROWS, Opened, open_file, unusable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from outreach.sheets.kinds import Column

#: Where people put a title above the header, it is found below.
_HEADER_WITHIN = 10
#: So much is kept of a cell that is too long: enough to find it by.
_SHOWN = 80
#: Before the header of a column that the kind does not have.
UNKNOWN = "?"
#: The last column of the sheet that gives errors back; it is read past when it comes again.
ERROR_HEADER = "Kesalahan"


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was read: every row that is not blank, and the headers that mean nothing to us."""

    rows: list[Row]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the columns of a kind stand in a sheet: position by key, and what else there is."""

    line: int
    known: Mapping[str, int]
    unknown: Mapping[str, int]


def read_sheet(content: bytes, title: str, columns: Sequence[Column], key: Sequence[str]) -> Sheet:
    """Read a file as rows with these columns, found by their headers in whatever order.

    Raises
    ------
    Invalid
        For the field `file`, if it cannot be read, holds too much, lacks a column that is
        required, or has one twice.
    """
    by_name = {same_name(name): one.key for one in columns for name in (one.key, one.header)}
    opened = open_file(content, title, lambda cells: len(_known(cells, by_name)))
    layout = _layout(opened, columns, by_name)
    numbered = enumerate(opened.rows[layout.line + 1 :], start=opened.first + layout.line + 1)
    filled = [(number, cells) for number, cells in numbered if any(map(plain_text, cells))]
    if len(filled) > MOST_ROWS:
        raise unusable("too_many_rows", most=MOST_ROWS)
    if not filled:
        raise unusable("no_rows")
    rows = [_row(number, cells, columns, layout) for number, cells in filled]
    _refuse_twice(rows, key)
    return Sheet(rows, tuple(name.removeprefix(UNKNOWN) for name in layout.unknown))


def stream_rows(lines: Iterable[Sequence[Any]], columns: Sequence[Column]) -> Iterator[Row]:
    """Read lines one after the other, the headers in the first; none is kept.

    Rows that are alike are for the caller to find.

    Raises
    ------
    Invalid
        As `read_sheet` has it for the headers.
    """
    by_name = {same_name(name): one.key for one in columns for name in (one.key, one.header)}
    numbered = enumerate(lines, start=1)
    first, header = next(numbered, (1, ()))
    layout = _layout(Opened(first, [list(header)]), columns, by_name)
    for number, cells in numbered:
        if any(map(plain_text, cells)):
            yield _row(number, cells, columns, layout)


def _known(cells: Sequence[Any], by_name: Mapping[str, str]) -> list[str]:
    names = (same_name(plain_text(cell)) for cell in cells)
    return [by_name[name] for name in names if name in by_name]


def _layout(opened: Opened, columns: Sequence[Column], by_name: Mapping[str, str]) -> _Layout:
    """Find the line of the headers: among the first lines the one that knows most of them."""
    lines = opened.rows[:_HEADER_WITHIN]
    counts = [len(_known(cells, by_name)) for cells in lines]
    line = counts.index(max(counts)) if counts else 0
    known: dict[str, int] = {}
    unknown: dict[str, int] = {}
    for position, cell in enumerate(lines[line] if lines else ()):
        header = plain_text(cell)
        key = by_name.get(same_name(header))
        if key is not None and key in known:
            raise unusable("header_twice", header=header)
        if key is not None:
            known[key] = position
        elif header and same_name(header) != same_name(ERROR_HEADER):
            unknown[UNKNOWN + masked(header)[:80]] = position
    missing = [one.header for one in columns if one.is_required and one.key not in known]
    if missing:
        raise unusable("header_missing", headers=", ".join(missing))
    return _Layout(line, known, unknown)


def _row(number: int, cells: Sequence[Any], columns: Sequence[Column], layout: _Layout) -> Row:
    row = Row(number, {}, {}, absent=frozenset(c.key for c in columns if c.key not in layout.known))
    for column in columns:
        cell = _at(cells, layout.known.get(column.key))
        row.given[column.key] = _kept(row, column.key, cell)
        row.values[column.key] = None if column.is_info else _read(row, column, cell)
    for name, position in layout.unknown.items():
        row.given[name] = _kept(row, "", _at(cells, position))
    return row


def _at(cells: Sequence[Any], position: int | None) -> Any:
    return cells[position] if position is not None and position < len(cells) else ""


def masked(text: str) -> str:
    """Return a text that is kept as it is, unless it holds an identity number."""
    return HIDDEN if holds_identity(text) else text


def _kept(row: Row, column: str, cell: Any) -> str:
    """Return the cell's text to keep; an identity number refuses the row and is not kept."""
    text = masked(plain_text(cell))
    if text == HIDDEN:
        row.refuse(column, "identity_number")
    elif is_too_long(cell):
        row.refuse(column, "text_too_long")
        return text[:_SHOWN] + "…"
    return text


def _read(row: Row, column: Column, cell: Any) -> Any:
    text = row.given[column.key]
    if text == HIDDEN or is_too_long(cell):
        return None
    try:
        value = value_of(cell, text, column)
    except Unreadable as problem:
        row.refuse(column.key, str(problem))
        return None
    if value is None and column.is_required:
        row.refuse(column.key, "missing")
    return value


def _refuse_twice(rows: Sequence[Row], key: Sequence[str]) -> None:
    """Refuse rows about the same thing: which of them holds, only their writer knows."""
    same: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        if not any(problem.column in key for problem in row.problems):
            same[tuple(row.values[name] for name in key)].append(row)
    for several in same.values():
        numbers = [row.number for row in several]
        for row in several if len(several) > 1 else ():
            row.refuse(key[0], "row_twice", rows=", ".join(map(str, numbers[:10])))
