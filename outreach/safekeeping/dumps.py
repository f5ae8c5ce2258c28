"""What a backup asks of a database, whichever it is, and what both have in common."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import func, inspect, select, table, text

from outreach.safekeeping.refused import BackupRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection, Engine

#: Holds the step of the migrations, no data.
STEPS_TABLE = "alembic_version"


@dataclass(frozen=True, slots=True)
class Dump:
    """One moment of a database: its bytes, and what it holds at exactly that moment.

    `server` is the first number of the server's version; `is_packed` tells compressed bytes.
    """

    migration: str
    tables: dict[str, int]
    server: int
    chunks: Iterator[bytes]
    is_packed: bool


class Keeper(Protocol):
    """How one kind of database is saved and put back."""

    #: As the manifest names the kind, and the part of the archive that holds the database.
    kind: str
    part: str

    def dump(self, folder: Path) -> AbstractContextManager[Dump]:
        """Read the database as it is at one moment, while others go on writing."""

    def refuse_unfit(self, server: int) -> None:
        """Refuse what the server cannot take: a dump of a newer one."""

    def refuse_in_use(self) -> None:
        """Refuse a database that anybody else has open."""

    def ask[Told](self, question: Callable[[Connection], Told]) -> Told:
        """Ask the database that stands there."""

    def holds_rows(self) -> bool:
        """Whether anything stands in the database."""

    def aside(self, chunks: Iterable[bytes]) -> AbstractContextManager[Engine]:
        """Bring the bytes into a database beside the real one; at the end it is removed."""

    def take_place(self, scratch: Engine, now: datetime, *, keeps: bool) -> str:
        """Put the one beside in the place of the real one; tell under which name that is kept."""


@contextmanager
def closing_all(engine: Engine) -> Iterator[None]:
    """Close all connections at the end."""
    try:
        yield
    finally:
        engine.dispose()


def count_rows(connection: Connection) -> dict[str, int]:
    """Count the rows of every table there is, in one view of the database."""
    names = inspect(connection).get_table_names()
    asked = {name: select(func.count()).select_from(table(name)) for name in sorted(names)}
    return {name: int(connection.execute(query).scalar_one()) for name, query in asked.items()}


def migration_of(connection: Connection) -> str:
    """Tell at which step of the migrations the tables stand.

    Raises
    ------
    BackupRefused
        If there are no tables of ours.
    """
    if not inspect(connection).has_table(STEPS_TABLE):
        raise BackupRefused("no_tables")
    asked = text(f"SELECT version_num FROM {STEPS_TABLE}")  # noqa: S608 - our own constant
    return str(connection.execute(asked).scalar() or "")


def has_rows(connection: Connection) -> bool:
    """Whether any table but that of the migrations holds a row."""
    names = set(inspect(connection).get_table_names()) - {STEPS_TABLE}
    asked = (select(text("1")).select_from(table(name)).limit(1) for name in sorted(names))
    return any(connection.execute(query).first() for query in asked)
