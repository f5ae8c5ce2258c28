"""One engine, one way to open a unit of work, one place that commits."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Enum, MetaData, String, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError
from sqlmodel import Session, SQLModel

from outreach.errors import UnsafeSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from enum import StrEnum

    from sqlalchemy import Connection, Engine

SQLModel.metadata.naming_convention = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
).naming_convention

#: Region codes compare byte by byte, so that a prefix is a range the index can answer;
#: PostgreSQL's language orders would skip the dots.
CODE = String(13).with_variant(String(13, collation="C"), "postgresql")

#: Rows written or asked for in one statement; SQLite takes 32,766 values.
ROWS_PER_STATEMENT = 500


def words(kind: type[StrEnum]) -> Enum:
    """Store an enum as its word and let a check constraint hold it, on every database alike."""
    return Enum(
        kind,
        native_enum=False,
        length=32,
        create_constraint=True,
        name=kind.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


def make_engine(url: str) -> Engine:
    """Make the engine for *url*; SQLite gets WAL, checked foreign keys and honest write locks.

    Raises
    ------
    UnsafeSettings
        If *url* is no database URL, or names a database we do not support.
    """
    try:
        engine = create_engine(
            _with_driver(url), hide_parameters=True, pool_pre_ping=True, json_serializer=_json
        )
    except (ArgumentError, ModuleNotFoundError, ValueError) as error:
        raise UnsafeSettings(setting="DATABASE_URL", problem="not_a_database_url") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    elif engine.dialect.name != "postgresql":
        raise UnsafeSettings(setting="DATABASE_URL", problem="unsupported_database")
    return engine


def _with_driver(url: str) -> str:
    # Hosting platforms hand out "postgres://…", which SQLAlchemy no longer reads.
    return "postgresql+psycopg://" + url.split("://", 1)[1] if url.startswith("postgres") else url


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "busy_timeout=10000",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A deferred BEGIN that turns into a write silently loses updates between processes; readers
    # must not queue behind writers, so they say so and get the plain one.
    reading_only = connection.get_execution_options().get("readonly", False)
    connection.exec_driver_sql("BEGIN" if reading_only else "BEGIN IMMEDIATE")


@contextmanager
def unit_of_work(engine: Engine) -> Iterator[Session]:
    """Commit when the block ends well, roll back when it does not."""
    with Session(engine, expire_on_commit=False) as db, db.begin():
        yield db


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Open a session that only reads: it never waits for a writer and never commits."""
    with Session(engine.execution_options(readonly=True), expire_on_commit=False) as db:
        yield db


def insert_into(db: Session, table: Any) -> Any:
    """Make the insert of the database at hand: the one that can say what to do on a conflict."""
    make = postgresql.insert if db.get_bind().dialect.name == "postgresql" else sqlite.insert
    return make(table)
