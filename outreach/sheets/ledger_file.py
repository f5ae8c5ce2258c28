"""A ledger of the whole nation from one file: read row by row, so that memory stays small.

What a branch does with its sheet, for every branch at once; rows that are refused are handed back
and the others written, all of it in the caller's unit of work.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING, Any

from outreach.people.access import NATION, Person
from outreach.people.tables import Role
from outreach.sheets.cells import same_name
from outreach.sheets.kinds import Act, Context
from outreach.sheets.ledger import ABOVE_ESTIMATE, COLUMNS, LEDGER
from outreach.sheets.opening import unusable
from outreach.sheets.reading import stream_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from sqlmodel import Session

    from outreach.sheets.kinds import Change, Row

#: Rows checked and written in one go.
AT_ONCE = 2_000
_SEPARATORS = ";,\t|"
#: Refused rows that are told one by one; more are only counted, or a wrong file would fill memory.
MOST_TOLD = 10_000


@dataclass(slots=True)
class Imported:
    """What became of a file: rows read, changes by act, refused rows and the first of these."""

    rows: int = 0
    refused: int = 0
    changes: Counter[Act] = field(default_factory=Counter)
    refused_rows: list[Row] = field(default_factory=list)


def import_ledger(
    db: Session,
    path: Path,
    *,
    now: datetime,
    today: date,
    older: bool = False,
    above: bool = False,
) -> Imported:
    """Check every row of a CSV file and write those that are right.

    Parameters
    ----------
    older
        Whether counts of an older day replace newer ones in every row, not only where it says so.
    above
        Whether counts above the informal workers estimated of a village are written; a branch's
        page wants a tick for them.

    Raises
    ------
    Invalid
        For the field `file`, if it is no CSV with the ledger's headers; nothing is written then.
    """
    # Whoever runs commands on the machine works for the whole nation.
    ctx = Context(Person(0, "", Role.ADMIN, (NATION,)), 0, (NATION,), now, today)
    twice = _twice(path)
    done = Imported()
    for part in batched(_rows(path), AT_ONCE):
        for row in part:
            row.values["older"] = older or row.values["older"]
            if not row.is_refused and _key(row) in twice:
                row.refuse(LEDGER.key[0], "row_twice", rows=twice[_key(row)])
        _write(db, part, ctx, done, above=above)
    return done


def _write(
    db: Session, part: tuple[Row, ...], ctx: Context, done: Imported, *, above: bool
) -> None:
    changes = LEDGER.check(db, [row for row in part if not row.is_refused], ctx)
    if not above:
        changes = _without_those_above(part, changes)
    LEDGER.apply(db, changes, ctx)
    refused = [row for row in part if row.is_refused]
    done.rows += len(part)
    done.refused += len(refused)
    done.changes.update(change.act for change in changes)
    done.refused_rows += refused[: max(0, MOST_TOLD - len(done.refused_rows))]


def _without_those_above(part: tuple[Row, ...], changes: Sequence[Change]) -> list[Change]:
    """Refuse the rows whose counts exceed the estimated workers; return the other changes."""
    rows = {row.number: row for row in part}
    for change in changes:
        for note in change.notes:
            if note.code == ABOVE_ESTIMATE:
                rows[change.row].refuse(note.column, "above_estimate", **note.facts)
    return [change for change in changes if not rows[change.row].is_refused]


def _key(row: Row) -> int:
    """Tell rows apart in as little memory as can be."""
    return hash(tuple(row.values[name] for name in LEDGER.key))


def _twice(path: Path) -> dict[int, str]:
    """Find the rows that are about the same thing: which of them holds, only their writer knows."""
    first: dict[int, int] = {}
    twice: dict[int, list[int]] = {}
    for row in _rows(path):
        if row.is_refused:
            continue
        number = first.setdefault(_key(row), row.number)
        if number != row.number:
            twice.setdefault(_key(row), [number]).append(row.number)
    return {key: ", ".join(map(str, numbers[:10])) for key, numbers in twice.items()}


def _rows(path: Path) -> Iterator[Row]:
    known = {same_name(name) for one in COLUMNS for name in (one.key, one.header)}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            start = file.readline()
            separator = max(_SEPARATORS, key=lambda sign: _found(start, sign, known))
            file.seek(0)
            yield from stream_rows(csv.reader(file, delimiter=separator), COLUMNS)
    except (UnicodeDecodeError, csv.Error):
        raise unusable("not_a_sheet") from None


def _found(start: str, separator: str, known: set[str]) -> int:
    headers: list[Any] = next(csv.reader([start], delimiter=separator), [])
    return sum(same_name(header) in known for header in headers)
