"""Looks for texts in all that people wrote about others, whatever column it stands in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, Enum, String, Text, cast, or_, select
from sqlmodel import AutoString

from outreach.safekeeping.subject import is_contact
from outreach.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sqlalchemy import Column, Table
    from sqlmodel import Session

    from outreach.safekeeping.subject import Subject

#: The registry and what is reckoned for each of its villages: nobody writes there.
_NOBODYS = {
    "province", "regency", "district", "village", "village_count", "stage_village", "signup",
    "estimate_source", "registry_load", "heartbeat", "erasure",
}  # fmt: skip
#: Where people stand under their own names: whoever is called the same there is somebody else.
_OF_NAMESAKES = {"account", "device"}
#: And where a number or an address stands too: whoever has the same may be the same person, in
#: another village or an earlier term.
_OF_THE_REACHED = {"official", "digest"}
_MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a text stands: the table, the column and the keys of the rows, 200 at most."""

    table: str
    column: str
    rows: tuple[str, ...]


def mentions(db: Session, whom: Subject, words: Collection[str]) -> list[Mention]:
    """List where any of these texts stands, as it is written here or within other text.

    Left out are the person's own entry, and those of people who are only called the same.
    """
    own = {"official": str(whom.official_id), "digest": str(whom.account_id)}
    found = []
    for table, column in _texts():
        sought = filter(is_contact, words) if table.name in _OF_THE_REACHED else words
        rows = _rows(db, table, column, sorted(sought))
        found.append((table, column, tuple(row for row in rows if row != own.get(table.name))))
    return [Mention(table.name, column.name, rows) for table, column, rows in found if rows]


def _texts() -> Iterator[tuple[Table, Column[Any]]]:
    for name, table in sorted(metadata.tables.items()):
        if name not in _NOBODYS | _OF_NAMESAKES:
            yield from ((table, column) for column in table.columns if holds_text(column))


def holds_text(column: Column[Any]) -> bool:
    """Whether people's words can stand in a column: text or JSON, no code and no chosen word."""
    kind = column.type
    is_text = isinstance(kind, JSON | AutoString | String) and not isinstance(kind, Enum)
    return is_text and not column.name.endswith(("_code", "_hash", "_stamp", "fingerprint"))


def _rows(db: Session, table: Table, column: Column[Any], words: Sequence[str]) -> tuple[str, ...]:
    if not words:
        return ()
    shown = cast(column, Text)
    holds = or_(*(shown.icontains(word, autoescape=True) for word in words))
    keys = list(table.primary_key.columns)
    query = select(*keys).where(holds).order_by(*keys).limit(_MOST_ROWS)
    return tuple("/".join(map(str, row)) for row in db.execute(query))
