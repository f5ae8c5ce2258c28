"""Saves and puts back a SQLite file, by SQLite's own online backup."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import OperationalError

from outreach.db import make_engine
from outreach.safekeeping.archive import pieces
from outreach.safekeeping.dumps import Dump, closing_all, count_rows, has_rows, migration_of
from outreach.safekeeping.leftovers import sweep_files
from outreach.safekeeping.refused import BackupRefused, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Engine

#: What SQLite says of a disk that takes no more; of a file that may not grow it says the last.
_UNWRITTEN = {
    sqlite3.SQLITE_FULL: "no_room",
    sqlite3.SQLITE_IOERR_WRITE: "no_room",
    sqlite3.SQLITE_IOERR: "cannot_write",
}
#: What SQLite keeps beside a file that is open.
_BESIDE = ("-wal", "-shm", "-journal")


class SqliteKeeper:
    """A SQLite file and the folder it lies in."""

    kind = "sqlite"
    part = "database.sqlite"

    def __init__(self, engine: Engine) -> None:
        self._path = Path(engine.url.database or "").resolve()

    def _sweep(self) -> None:
        """Remove what restores and drills that were killed left beside the file."""
        endings = "|".join(_BESIDE)
        sweep_files(
            self._path.parent, rf"{re.escape(self._path.name)}\.beside-[0-9a-f]{{8}}({endings})?"
        )

    @contextmanager
    def dump(self, folder: Path) -> Iterator[Dump]:
        """Copy the file in one step, which waits for no writer and holds none up."""
        if not self._path.is_file():
            raise BackupRefused("no_tables")
        self._sweep()
        copy = folder / self.part
        with _told_when_full(copy):
            _copy(self._path, copy)
        engine = make_engine(f"sqlite:///{copy}")
        with closing_all(engine), engine.connect() as connection:
            migration, tables = migration_of(connection), count_rows(connection)
        with copy.open("rb") as file:
            yield Dump(migration, tables, sqlite3.sqlite_version_info[0], pieces(file), False)

    def refuse_unfit(self, server: int) -> None:
        """Take any: the format of the file has not changed since SQLite 3.0."""

    def refuse_in_use(self) -> None:
        """Refuse a file that anybody else has open."""
        if self._path.is_file():
            with self._alone():
                pass

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the file so that nobody else reads or writes it; what lay beside it is in it."""
        with closing(sqlite3.connect(self._path, timeout=1, autocommit=True)) as connection:
            try:
                # To leave the mode in which many write, SQLite needs the file for itself.
                connection.execute("PRAGMA locking_mode=EXCLUSIVE")
                connection.execute("PRAGMA journal_mode=DELETE")
                connection.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                raise BackupRefused("in_use", database=self._path) from error
            yield
            connection.execute("ROLLBACK")

    def ask[Told](self, question: Callable[[Connection], Told]) -> Told:
        """Ask the file that lies there."""
        engine = make_engine(f"sqlite:///{self._path}").execution_options(readonly=True)
        with closing_all(engine), engine.connect() as connection:
            return question(connection)

    def holds_rows(self) -> bool:
        """Whether anything stands in the database."""
        return self._path.is_file() and self.ask(has_rows)

    @contextmanager
    def aside(self, chunks: Iterable[bytes]) -> Iterator[Engine]:
        """Write the file beside the real one; at the end it is removed."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._sweep()
        path = self._path.with_name(f"{self._path.name}.beside-{secrets.token_hex(4)}")
        engine = make_engine(f"sqlite:///{path}")
        try:
            with writing(path), _told_when_full(path):
                _write(path, chunks)
                yield engine
        finally:
            engine.dispose()
            for ending in ("", *_BESIDE):
                Path(f"{path}{ending}").unlink(missing_ok=True)

    def take_place(self, scratch: Engine, now: datetime, *, keeps: bool) -> str:
        """Put the file beside in the place of the real one in one step."""
        scratch.dispose()
        path = Path(scratch.url.database or "")
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")  # all of it in the one file
        kept = self._path.with_name(f"{self._path.name}.before-{now:%Y%m%d-%H%M%S-%f}")
        if not self._path.is_file():
            path.rename(self._path)
            return ""
        shutil.copymode(self._path, path)
        with self._alone():
            if keeps:
                os.link(self._path, kept)
            path.replace(self._path)
        return str(kept) if keeps else ""


def _copy(path: Path, copy: Path) -> None:
    # Never makes the file, should it have gone meanwhile.
    source = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)
    with closing(source), closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def _write(path: Path, chunks: Iterable[bytes]) -> None:
    path.touch(mode=0o600, exist_ok=False)
    with path.open("wb") as file:
        file.writelines(chunks)
        file.flush()
        os.fsync(file.fileno())
    with closing(sqlite3.connect(path)) as connection:
        if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise BackupRefused("damaged", file=path.name)


@contextmanager
def _told_when_full(place: Path) -> Iterator[None]:
    """Turn what SQLite says of a full disk into a refusal.

    Raises
    ------
    BackupRefused
        `no_room` or `cannot_write`.
    """
    try:
        yield
    except (sqlite3.OperationalError, OperationalError) as error:
        cause = getattr(error, "orig", error)
        reason = _UNWRITTEN.get(getattr(cause, "sqlite_errorcode", 0))
        if reason is None:
            raise
        raise BackupRefused(reason, place=place, detail=str(cause)) from error
