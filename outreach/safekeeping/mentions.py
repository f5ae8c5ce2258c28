"""Looks for texts in all that people wrote about others, whatever column it stands in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, Enum, String, Text, cast, or_, select
from sqlmodel import AutoString

from outreach.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Column, Table
    from sqlmodel import Session

#: The registry and what is reckoned for each of its villages: nobody writes there.
_NOBODYS = {
    "province", "regency", "district", "village", "village_count", "stage_village", "signup",
    "estimate_source", "registry_load", "heartbeat", "erasure",
}  # fmt: skip
#: Where people stand under their own names: whoever is called the same there is somebody else.
_OF_OTHERS = {"official", "account", "team", "device", "digest"}
_MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a text stands: the table, the column and the keys of the rows, 200 at most."""

    table: str
    column: str
    rows: tuple[str, ...]


def mentions(db: Session, words: Collection[str]) -> list[Mention]:
    """List where any of these texts stands, as it is written here or within other text.

    Left out are the entries of other people, who may have the same name or share a number.
    """
    looked = [(table, column) for table, column in _texts()] if words else []
    found = (
        Mention(table.name, column.name, _rows(db, table, column, words))
        for table, column in looked
    )
    return [one for one in found if one.rows]


def _texts() -> Iterator[tuple[Table, Column[Any]]]:
    for name, table in sorted(metadata.tables.items()):
        if name not in _NOBODYS | _OF_OTHERS:
            yield from ((table, column) for column in table.columns if holds_text(column))


def holds_text(column: Column[Any]) -> bool:
    """Whether people's words can stand in a column: text or JSON, no code and no chosen word."""
    kind = column.type
    is_text = isinstance(kind, JSON | AutoString | String) and not isinstance(kind, Enum)
    return is_text and not column.name.endswith(("_code", "_hash", "_stamp", "fingerprint"))


def _rows(
    db: Session, table: Table, column: Column[Any], words: Collection[str]
) -> tuple[str, ...]:
    shown = cast(column, Text)
    holds = or_(*(shown.icontains(word, autoescape=True) for word in sorted(words)))
    keys = list(table.primary_key.columns)
    query = select(*keys).where(holds).order_by(*keys).limit(_MOST_ROWS)
    return tuple("/".join(map(str, row)) for row in db.execute(query))
