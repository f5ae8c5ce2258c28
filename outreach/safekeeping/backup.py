"""Make a backup, and put one back: beside the real database first, in its place when it stands."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from sqlalchemy import delete

from outreach.config import fingerprint
from outreach.db import unit_of_work
from outreach.history.drills import note_restore
from outreach.safekeeping.archive import FOLDER, Archive, Manifest, written
from outreach.safekeeping.dumps import Keeper, count_rows, migration_of
from outreach.safekeeping.endings import undisturbed
from outreach.safekeeping.erasures import erase_again, kept, note, read
from outreach.safekeeping.leftovers import scratch_folder
from outreach.safekeeping.postgres import PostgresKeeper
from outreach.safekeeping.refused import BackupRefused
from outreach.safekeeping.sqlite import SqliteKeeper
from outreach.watch.tables import Heartbeat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Engine

    from outreach.safekeeping.beside import Beside


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of the migrations that this version knows, first to last, and how to take them."""

    known: tuple[str, ...]
    upgrade: Callable[[Engine], None]


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it: the step the tables came from, and under which name the old ones are kept.

    `kept` is empty where nothing was there; `redraws` tells that borders have changed, `other_key`
    that what was signed before the backup is not known here; `erasures` counts who was erased since
    the backup, stood in it and now is erased again.
    """

    came_from: str
    kept: str
    redraws: bool
    other_key: bool
    erasures: int = 0


def keeper_of(engine: Engine, programs: str = "") -> Keeper:
    """Choose how to save this database; *programs* is the folder of PostgreSQL's, if told."""
    if engine.dialect.name == "sqlite":
        return SqliteKeeper(engine)
    return PostgresKeeper(engine, programs)


def make(keeper: Keeper, beside: Beside, file: Path, now: datetime) -> Manifest:
    """Write a backup of the database as it is at one moment, while others go on working.

    Raises
    ------
    BackupRefused
        If the file is there already or cannot be written, the database has no tables, a program
        of PostgreSQL is missing, too old or fails, or a ledger of erasures cannot be read or
        written. Then no file is left behind.
    """
    with (
        written(file) as archive,
        scratch_folder(file.parent, FOLDER) as folder,
        keeper.dump(folder) as dump,
    ):
        archive.add(keeper.part, dump.chunks, packed=dump.is_packed)
        erasures = list(dict.fromkeys([*keeper.ask(kept), *read(beside.folder)]))
        # Where backups are carried off to, the ledger goes along: an older one needs it more.
        note(file.parent, erasures)
        for name, content in beside.parts(erasures):
            archive.add(name, [content])
        manifest = Manifest(
            made_at=now,
            version=version("outreach"),
            migration=dump.migration,
            database=keeper.kind,
            server=dump.server,
            tables=dump.tables,
            key=fingerprint(beside.key),
            parts=tuple(archive.parts),
        )
        archive.close(manifest)
    return manifest


def refuse_unfit(archive: Archive, keeper: Keeper, steps: Steps) -> None:
    """Refuse an archive that this version or this database cannot take.

    Raises
    ------
    BackupRefused
        `other_database`, `newer_version`, or what the database's server says.
    """
    told = archive.manifest
    if told.database != keeper.kind:
        raise BackupRefused("other_database", archive=told.database, database=keeper.kind)
    if told.migration not in steps.known:
        raise BackupRefused("newer_version", migration=told.migration, known=steps.known[-1])
    keeper.refuse_unfit(told.server)


@contextmanager
def standing_beside(archive: Archive, keeper: Keeper, steps: Steps) -> Iterator[Engine]:
    """Bring the archive into a database beside the real one, whole and up to date.

    Raises
    ------
    BackupRefused
        `rows_missing` if a table holds another number of rows than when the backup was made.
    """
    with keeper.aside(archive.chunks(keeper.part)) as engine:
        _compare(engine, archive.manifest)
        steps.upgrade(engine)
        _forget_processes(engine)
        yield engine


def _forget_processes(engine: Engine) -> None:
    """None of those who ran as it was made runs now: they would be told as fallen silent."""
    with unit_of_work(engine) as db:
        db.execute(delete(Heartbeat))


def _compare(engine: Engine, manifest: Manifest) -> None:
    with engine.connect() as connection:
        there = count_rows(connection)
        is_at = migration_of(connection)
    names = sorted(there.keys() | manifest.tables.keys())
    wrong = [name for name in names if there.get(name) != manifest.tables.get(name)]
    if wrong or is_at != manifest.migration:
        raise BackupRefused("rows_missing", tables=", ".join(wrong) or is_at)


def restore(
    archive: Archive,
    keeper: Keeper,
    beside: Beside,
    steps: Steps,
    now: datetime,
    *,
    replaces: bool = False,
) -> Restored:
    """Put a backup in the place of the database; until it stands whole, nothing is changed.

    With *replaces* a database that holds something is kept under another name. Whoever was erased
    since the backup is erased in it, and its history tells to which moment it went back, before
    that.

    Raises
    ------
    BackupRefused
        If the archive does not fit, the database is in use, or it or the key here would be
        replaced and nobody said so.
    """
    refuse_unfit(archive, keeper, steps)
    keeper.refuse_in_use()
    keeps = keeper.holds_rows()
    if keeps and not replaces:
        raise BackupRefused("holds_rows")
    if beside.has_other_key(archive) and not replaces:
        raise BackupRefused("other_key")
    told = beside.erasures(archive, keeper.ask(kept) if keeps else ())
    made_at = archive.manifest.made_at
    with standing_beside(archive, keeper, steps) as engine:
        erased = erase_again(engine, told, made_at)
        with unit_of_work(engine) as db:
            note_restore(db, now, made_at)
        with beside.laid_ready(archive, told), undisturbed():
            old = keeper.take_place(engine, now, keeps=keeps)
            redraws = beside.put_back(archive, now)
    other_key = fingerprint(beside.key) != archive.manifest.key
    return Restored(archive.manifest.migration, old, redraws, other_key, erased)
