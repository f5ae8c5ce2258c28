"""Applies and undoes sheets whose rows are rows of one table: most kinds need no more than this."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError

from outreach.errors import Conflict
from outreach.sheets.kinds import Act, Change, Undo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlmodel import Session, SQLModel

_JSON: TypeAdapter[Any] = TypeAdapter(Any)


def write(
    db: Session,
    table: type[SQLModel],
    changes: Sequence[Change],
    values: Callable[[Change], Mapping[str, Any]],
) -> list[Undo]:
    """Write each change into the row of *table* whose primary key is its fact `id`.

    `values` tells what the row gets; a change that adds needs no `id`, one that removes no values.
    A table with a `version` counts it up.

    Raises
    ------
    Conflict
        `problem="refused_by_table"` with `rows`, if the table refuses a row.
    """
    return [_write_one(db, table, change, values) for change in changes]


def take_back(db: Session, table: type[SQLModel], undo: Sequence[Undo]) -> None:
    """Take back what `write` wrote, the last first.

    Raises
    ------
    Conflict
        `problem="changed_since"` with `rows`: those that were changed since, or are needed by
        something that came since. Nothing can be kept then: the unit of work has to end.
    """
    stuck = [entry["row"] for entry in reversed(undo) if not _take_back_one(db, table, entry)]
    if stuck:
        raise Conflict(problem="changed_since", rows=sorted(stuck))


def _write_one(
    db: Session,
    table: type[SQLModel],
    change: Change,
    values: Callable[[Change], Mapping[str, Any]],
) -> Undo:
    row = None if change.act is Act.ADD else db.get_one(table, _key(change.facts["id"]))
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


def _take_back_one(db: Session, table: type[SQLModel], entry: Undo) -> bool:
    """Put one row back to what it was; False if it is not what it had become."""
    before, after = entry["before"], entry["after"]
    found = db.get(table, _identity(table, after or before), populate_existing=True)
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
    if hasattr(row, "version"):
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


def _identity(table: type[SQLModel], plain: Mapping[str, Any]) -> Any:
    names = [column.key for column in inspect(table).primary_key]
    typed = _typed(table, {name: plain[name] for name in names})
    return _key([typed[name] for name in names])


def _key(given: Any) -> Any:
    if isinstance(given, list | tuple):
        return given[0] if len(given) == 1 else tuple(given)
    return given
