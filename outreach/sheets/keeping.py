"""Rows and changes as the database keeps them between reading, applying and undoing: JSON."""

from __future__ import annotations

from datetime import date, time
from typing import TYPE_CHECKING, Any

from outreach.sheets.kinds import Act, Cell, Change, Problem, Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from outreach.sheets.kinds import Column, Value


def keep_row(row: Row, unreadable: int) -> dict[str, Any]:
    """Write a row; its first `unreadable` problems were found on reading and stay for good."""
    return {
        "number": row.number,
        "given": row.given,
        "values": _plain(row.values),
        "problems": [_problem(one) for one in row.problems],
        "unreadable": unreadable,
        "absent": sorted(row.absent),
    }


def row_of(kept: Mapping[str, Any], columns: Sequence[Column], *, afresh: bool = False) -> Row:
    """Read a row back; afresh with only those problems that were found on reading."""
    problems = kept["problems"][: kept["unreadable"]] if afresh else kept["problems"]
    return Row(
        kept["number"],
        kept["given"],
        _values(kept["values"], columns),
        [_problem_of(one) for one in problems],
        frozenset(kept["absent"]),
    )


def keep_change(change: Change) -> dict[str, Any]:
    """Write a change."""
    return {
        "row": change.row,
        "act": change.act.value,
        "label": change.label,
        "before": _plain(change.before),
        "after": _plain(change.after),
        "facts": dict(change.facts),
        "notes": [_problem(one) for one in change.notes],
    }


def change_of(kept: Mapping[str, Any], columns: Sequence[Column]) -> Change:
    """Read a change back."""
    return Change(
        kept["row"],
        Act(kept["act"]),
        kept["label"],
        _values(kept["before"], columns),
        _values(kept["after"], columns),
        kept["facts"],
        tuple(_problem_of(one) for one in kept["notes"]),
    )


def _problem(problem: Problem) -> dict[str, Any]:
    return {"column": problem.column, "code": problem.code, "facts": dict(problem.facts)}


def _problem_of(kept: Mapping[str, Any]) -> Problem:
    return Problem(kept["column"], kept["code"], kept["facts"])


def _plain(values: Mapping[str, Value]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date | time) else value
        for name, value in values.items()
    }


def _values(kept: Mapping[str, Any], columns: Sequence[Column]) -> dict[str, Value]:
    cells = {one.key: one.cell for one in columns}
    return {name: _value(value, cells.get(name)) for name, value in kept.items()}


def _value(kept: Any, cell: Cell | None) -> Value:
    if isinstance(kept, str) and cell in (Cell.DAY, Cell.MONTH):
        return date.fromisoformat(kept)
    if isinstance(kept, str) and cell is Cell.CLOCK:
        return time.fromisoformat(kept)
    value: Value = kept
    return value
