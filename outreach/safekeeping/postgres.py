"""Saves and puts back a PostgreSQL database, by its own programs."""

from __future__ import annotations

import re
import secrets
import time
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from outreach.db import make_engine
from outreach.safekeeping.dumps import Dump, closing_all, count_rows, has_rows, migration_of
from outreach.safekeeping.leftovers import LONG_AGO
from outreach.safekeeping.postgres_programs import find_program, output_of, put_into
from outreach.safekeeping.refused import BackupRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    import psycopg
    from sqlalchemy import Connection, Engine

#: PostgreSQL cuts longer names.
_LONGEST_NAME = 63
#: So long the server itself waits for others to leave before it refuses to rename a database.
_LEAVING_SECONDS = 5.0
#: Those that clean up after everybody are sent away by the server itself. They are nobody's; of
#: what kind another role's are, only the mighty see.
_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = :name AND pid <> pg_backend_pid()"
    " AND usesysid IS NOT NULL"
)
_LOOKS = text(
    "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database"
    " WHERE datname = :name AND datlocprovider = 'c'"
)
#: Databases in which no restore or drill works at this moment.
_UNUSED = text(
    "SELECT datname FROM pg_database WHERE starts_with(datname, :begins)"
    " AND NOT EXISTS (SELECT FROM pg_stat_activity AS one WHERE one.datname = pg_database.datname)"
)
_IS_THERE = text("SELECT 1 FROM pg_database WHERE datname = :name")


class PostgresKeeper:
    """A PostgreSQL database and the server it stands on."""

    kind = "postgresql"
    part = "database.dump"

    def __init__(self, engine: Engine, programs: str = "") -> None:
        self._engine = engine
        self._url = engine.url
        self._name = engine.url.database or ""
        self._programs = programs

    @contextmanager
    def dump(self, folder: Path) -> Iterator[Dump]:  # noqa: ARG002 - nothing is written aside
        """Run `pg_dump` in a snapshot that the counts come from too."""
        with self._engine.connect() as connection:
            self._sweep(connection.execution_options(isolation_level="AUTOCOMMIT"))
        engine = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        with engine.connect() as connection:
            # However long it takes: the connection holds the snapshot open and else does nothing.
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            server = _version(connection)
            program = find_program("pg_dump", server, self._programs)
            migration = migration_of(connection)
            snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
            told = ("--format=custom", f"--snapshot={snapshot}", "--lock-wait-timeout=60s")
            with closing(output_of(program, self._url, *told)) as chunks:
                yield Dump(migration, count_rows(connection), server, chunks, True)

    def refuse_unfit(self, server: int) -> None:
        """Refuse a dump of a newer server, and a machine without the program that reads it."""
        with self._server() as connection:
            ours = _version(connection)
        if ours < server:
            raise BackupRefused("server_too_old", found=ours, needed=server)
        find_program("pg_restore", max(ours, server), self._programs)

    def refuse_in_use(self) -> None:
        """Refuse a database that anybody else is connected to."""
        self._engine.dispose()
        with self._server() as connection:
            self._refuse_others(connection)

    def _refuse_others(self, connection: Connection) -> None:
        """Refuse where others stay: who has closed is still seen for a moment, as are we."""
        until = time.monotonic() + _LEAVING_SECONDS
        while connection.execute(_OTHERS, {"name": self._name}).scalar_one():
            if time.monotonic() > until:
                raise BackupRefused("in_use", database=self._name)
            time.sleep(0.05)

    def ask[Told](self, question: Callable[[Connection], Told]) -> Told:
        """Ask the database of that name."""
        with self._engine.connect() as connection:
            return question(connection)

    def holds_rows(self) -> bool:
        """Whether anything stands in the database."""
        with self._server() as connection:
            is_there = self._is_there(connection)
        with closing_all(self._engine):
            return is_there and self.ask(has_rows)

    def _is_there(self, connection: Connection) -> bool:
        return connection.execute(_IS_THERE, {"name": self._name}).first() is not None

    @contextmanager
    def _server(self) -> Iterator[Connection]:
        """Speak to the server from beside the database, each statement for itself."""
        url = self._url.set(database="postgres").render_as_string(hide_password=False)
        engine = make_engine(url)
        with closing_all(engine), engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def aside(self, chunks: Iterable[bytes]) -> Iterator[Engine]:
        """Put the dump into a database beside the real one; at the end it is removed."""
        name = f"{self._beside}{int(time.time()):08x}{secrets.token_hex(4)}"
        url = self._url.set(database=name)
        engine = make_engine(url.render_as_string(hide_password=False))
        try:
            with self._server() as connection:
                self._sweep(connection)
                self._create(connection, name)
                program = find_program("pg_restore", _version(connection), self._programs)
            told = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
            put_into(program, url, chunks, *told)
            yield engine
        finally:
            engine.dispose()
            with self._server() as connection:
                connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")

    @property
    def _beside(self) -> str:
        return f"{self._name[: _LONGEST_NAME - 24]}_beside_"

    def _sweep(self, connection: Connection) -> None:
        """Remove databases that a restore or drill left that was killed: their names tell when."""
        until = time.time() - LONG_AGO.total_seconds()
        for name in connection.scalars(_UNUSED, {"begins": self._beside}).all():
            made = re.fullmatch("([0-9a-f]{8})[0-9a-f]{8}", name.removeprefix(self._beside))
            if made and int(made[1], 16) < until:
                with suppress(DBAPIError):  # somebody else's, or in use by now
                    connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {_quoted(name)}")

    def _create(self, connection: Connection, name: str) -> None:
        looks = connection.execute(_LOOKS, {"name": self._name}).first()
        told = ""
        if looks:
            told = " ENCODING '{}' LC_COLLATE '{}' LC_CTYPE '{}'".format(*looks)
        try:
            connection.exec_driver_sql(f"CREATE DATABASE {_quoted(name)} TEMPLATE template0{told}")
        except (ProgrammingError, OperationalError) as error:
            raise BackupRefused("no_database_made", detail=_words(error)) from error

    def take_place(self, scratch: Engine, now: datetime, *, keeps: bool) -> str:
        """Give the database beside the name of the real one, in one transaction."""
        scratch.dispose()
        self._engine.dispose()
        kept = f"{self._name[: _LONGEST_NAME - 30]}_before_{now:%Y%m%d_%H%M%S_%f}"
        with self._server() as connection:
            self._refuse_others(connection)
            was_there = self._is_there(connection)
            statements = [_renaming(self._name, kept)] if was_there else []
            _rename(connection, [*statements, _renaming(scratch.url.database or "", self._name)])
            if was_there and not keeps:
                connection.exec_driver_sql(f"DROP DATABASE {_quoted(kept)}")
        return kept if was_there and keeps else ""


def _renaming(name: str, new: str) -> str:
    return f"ALTER DATABASE {_quoted(name)} RENAME TO {_quoted(new)}"


def _rename(connection: Connection, statements: list[str]) -> None:
    driver: psycopg.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    try:
        with driver.transaction():
            for statement in statements:
                connection.exec_driver_sql(statement)
    except DBAPIError as error:
        raise BackupRefused("not_exchanged", detail=_words(error)) from error


def _version(connection: Connection) -> int:
    return int(str(connection.exec_driver_sql("SHOW server_version_num").scalar_one())) // 10_000


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _words(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]
