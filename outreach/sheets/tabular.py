"""Applies and undoes sheets whose rows are rows of one table: most kinds need no more than this."""

from __future__ import annotations

from functools import cache
from itertools import batched
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError

from outreach.db import ROWS_PER_STATEMENT
from outreach.errors import Conflict
from outreach.sheets.kinds import Act, Change, Undo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlmodel import Session, SQLModel

_JSON: TypeAdapter[Any] = TypeAdapter(Any)


def write(
    db: Session,
    table: type[SQLModel],
    changes: Sequence[Change],
    values: Callable[[Change], Mapping[str, Any]],
) -> list[Undo]:
    """Write each change into the row of *table* whose `id` and `version` are among its facts.

    `values` tells what the row gets; a change that adds needs no `id`, one that removes no values.

    Raises
    ------
    Conflict
        `problem="sheet_is_stale"` with `rows`, if somebody changed them since they were checked;
        `problem="refused_by_table"` with `rows`, if the table refuses a row.
    """
    known = [change for change in changes if change.act is not Act.ADD]
    stored = _locked(db, table, (change.facts["id"] for change in known))
    stale = [one.row for one in known if _version(stored, one) != one.facts["version"]]
    if stale:
        raise Conflict(problem="sheet_is_stale", rows=sorted(stale))
    return [
        _write_one(db, table, change, values, stored.get(change.facts.get("id")))
        for change in changes
    ]


def take_back(db: Session, table: type[SQLModel], undo: Sequence[Undo]) -> None:
    """Take back what `write` wrote, the last first.

    Raises
    ------
    Conflict
        `problem="changed_since"` with `rows`: those that were changed since, or are needed by
        something that came since. Nothing can be kept then: the unit of work has to end.
    """
    ids = [(entry["after"] or entry["before"])["id"] for entry in undo]
    stored = _locked(db, table, ids)
    entries = [(entry, stored.get(row_id)) for entry, row_id in zip(undo, ids, strict=True)]
    stuck = [
        entry["row"]
        for entry, found in reversed(entries)
        if not _take_back_one(db, table, entry, found)
    ]
    if stuck:
        raise Conflict(problem="changed_since", rows=sorted(stuck))


def _locked(db: Session, table: Any, ids: Iterable[int]) -> dict[int | None, Any]:
    """Take rows in the order of their ids, so that no two ever wait for each other, and read them.

    Those that are gone are left out.
    """
    query = select(table).order_by(table.id).with_for_update(key_share=True)
    found: dict[int | None, Any] = {}
    for part in batched(sorted(ids), ROWS_PER_STATEMENT):
        rows = db.scalars(query.where(table.id.in_(part)).execution_options(populate_existing=True))
        found |= {row.id: row for row in rows}
    return found


def _version(stored: Mapping[int | None, Any], change: Change) -> int | None:
    row = stored.get(change.facts["id"])
    return None if row is None else row.version


def _write_one(
    db: Session,
    table: type[SQLModel],
    change: Change,
    values: Callable[[Change], Mapping[str, Any]],
    row: Any,
) -> Undo:
    before = None if row is None else _plain(row)
    try:
        with db.begin_nested():
            if change.act is Act.REMOVE:
                db.delete(row)
            elif row is None:
                row = table(**values(change))
                db.add(row)
            else:
                _put(row, values(change))
            db.flush()
    except IntegrityError as error:
        raise Conflict(problem="refused_by_table", rows=[change.row]) from error
    after = None if change.act is Act.REMOVE else _plain(row)
    return {"row": change.row, "before": before, "after": after}


def _take_back_one(db: Session, table: type[SQLModel], entry: Undo, found: Any) -> bool:
    """Put one row back to what it was; False if it is not what it had become."""
    before, after = entry["before"], entry["after"]
    if _told(None if found is None else _plain(found)) != _told(after):
        return False
    try:
        with db.begin_nested():
            if before is None:
                db.delete(found)
            elif found is None:
                db.add(table(**_typed(table, before)))
            else:
                # Whoever had the row open meanwhile must hear of it, so the version goes on.
                _put(found, {k: v for k, v in _typed(table, before).items() if k != "version"})
            db.flush()
    except IntegrityError:
        return False
    return True


def _told(plain: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Leave the version out: what was changed and put back again since is as it was left."""
    return None if plain is None else {k: v for k, v in plain.items() if k != "version"}


def _put(row: Any, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.version += 1


def _plain(row: Any) -> dict[str, Any]:
    """Columns of a row as JSON."""
    names = inspect(type(row)).columns.keys()
    plain: dict[str, Any] = _JSON.dump_python({n: getattr(row, n) for n in names}, mode="json")
    return plain


def _typed(table: type[SQLModel], plain: Mapping[str, Any]) -> dict[str, Any]:
    readers = _readers(table)
    return {name: readers[name].validate_python(value) for name, value in plain.items()}


@cache
def _readers(table: type[SQLModel]) -> dict[str, TypeAdapter[Any]]:
    """Make what reads the columns of a table from JSON, once: it takes longer than reading."""
    kinds: dict[str, Any] = {name: told.annotation for name, told in table.model_fields.items()}
    return {name: TypeAdapter(kind) for name, kind in kinds.items()}
