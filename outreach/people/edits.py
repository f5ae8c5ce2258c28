"""What two people may edit at once: take the row, compare the version, show both values."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IntegrityError

from outreach.errors import Conflict, Invalid, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlmodel import Session, SQLModel


def locked[Row: SQLModel](db: Session, kind: type[Row], row_id: int | tuple[object, ...]) -> Row:
    """Read one row afresh and keep others from changing it until the unit of work ends.

    Rows that point to it may be written meanwhile, for its number does not change.

    Raises
    ------
    NotFound
        If there is no such row.
    """
    row = db.get(kind, row_id, with_for_update={"key_share": True}, populate_existing=True)
    if row is None:
        raise NotFound(kind=kind.__name__, id=row_id)
    return row


def change(row: Any, given: Mapping[str, Any], version: int) -> None:
    """Write the values into the row and count its version up.

    Raises
    ------
    Conflict
        If somebody changed the row since `version`: `yours` and `theirs` hold what differs.
    """
    differing = {name: value for name, value in given.items() if getattr(row, name) != value}
    if row.version != version:
        theirs = {name: getattr(row, name) for name in differing}
        raise Conflict(problem="changed_meanwhile", yours=differing, theirs=theirs)
    for name, value in differing.items():
        setattr(row, name, value)
    row.version += 1


@contextmanager
def unique_name(db: Session) -> Iterator[None]:
    """Turn the table's refusal of a second equal name into a problem of the field `name`."""
    try:
        with db.begin_nested():
            yield
    except IntegrityError as error:
        raise Invalid(problems={"name": ["taken"]}) from error
