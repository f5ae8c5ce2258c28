"""Compares what a row tells with what stands: the change it makes, or none."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from outreach.sheets.kinds import Act, Change

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from outreach.sheets.kinds import Problem, Row, Value


def kept_where_absent(
    row: Row, told: Mapping[str, Any], stored: Mapping[str, Any]
) -> dict[str, Any]:
    """Take what the sheet tells; a column that the sheet does not have leaves what stands."""
    return {
        name: stored[name] if name in row.absent and name in stored else value
        for name, value in told.items()
    }


def refuse_alike(rows: Sequence[Row], column: str, key: Callable[[Row], Hashable]) -> None:
    """Refuse rows about the same thing whose keys differ in their writing alone."""
    same: dict[Hashable, list[Row]] = defaultdict(list)
    for row in rows:
        same[key(row)].append(row)
    for alike in same.values():
        numbers = ", ".join(str(row.number) for row in alike[:10])
        for row in alike if len(alike) > 1 else ():
            row.refuse(column, "row_twice", rows=numbers)


def addition(
    row: Row, label: str, told: Mapping[str, Value], *, notes: tuple[Problem, ...] = ()
) -> Change:
    """Make the change of a row about something new."""
    after = {name: value for name, value in told.items() if value not in (None, "")}
    return Change(row.number, Act.ADD, label, {}, after, {}, notes)


def alteration(
    row: Row,
    label: str,
    stored: Mapping[str, Value],
    told: Mapping[str, Value],
    facts: Mapping[str, Any],
) -> Change | None:
    """Make the change of a row about something that stands; None if nothing differs."""
    differing = [name for name, value in told.items() if stored[name] != value]
    if not differing:
        return None
    before = {name: stored[name] for name in differing}
    after = {name: told[name] for name in differing}
    return Change(row.number, Act.ALTER, label, before, after, facts)


def removal(
    row: Row, label: str, stored: Mapping[str, Value] | None, facts: Mapping[str, Any]
) -> Change | None:
    """Make the change of a row that takes something away; refuse it where nothing is stored."""
    if stored is None:
        row.refuse("remove", "nothing_to_remove")
        return None
    before = {name: value for name, value in stored.items() if value not in (None, "")}
    return Change(row.number, Act.REMOVE, label, before, {}, facts)


def compared[Stored](
    rows: Sequence[Row],
    key: Sequence[str],
    stored: Mapping[tuple[Value, ...], Stored],
    change: Callable[[Row, Stored | None], Change | None],
) -> list[Change]:
    """Make the changes of all rows that are not refused, each beside what stands under its key."""
    found = []
    for row in rows:
        before = stored.get(tuple(row.values[name] for name in key))
        if not row.is_refused and (made := change(row, before)):
            found.append(made)
    return found
