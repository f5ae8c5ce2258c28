"""Backups by hand or by the clock of the system: make, check, restore, and a drill of all three."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from outreach.cli.backup_words import database_name, main_counts, refusals_told
from outreach.cli.database import is_newest, own_engine
from outreach.cli.dates import moment
from outreach.cli.say import decimal, say, step
from outreach.config import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlmodel import Session

    from outreach.safekeeping.archive import Archive, Manifest
    from outreach.safekeeping.backup import Restored, Steps
    from outreach.safekeeping.beside import Beside
    from outreach.safekeeping.dumps import Keeper

_FILE = click.Path(dir_okay=False, path_type=Path)
_KEPT_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
@click.pass_context
def backup(context: click.Context) -> None:
    """Save the data, and put it back."""
    from outreach.safekeeping.endings import ended_in_order

    context.with_resource(ended_in_order())


@backup.command("make")
@click.argument("file", type=_FILE)
def make(file: Path) -> None:
    """Write a backup to FILE, which must not be there yet; Outreach may run meanwhile."""
    from outreach.safekeeping.beside import SECRET

    with refusals_told(), _keeper() as keeper, _ending_noted(keeper, file):
        manifest, seconds = _make(keeper, file)
    step(
        "Backup: %(file)s, %(size)s MB in %(seconds)s s",
        file=click.format_filename(file),
        size=_megabytes(file),
        seconds=decimal(seconds),
    )
    click.echo("    " + main_counts(manifest))
    if not any(part.name == SECRET for part in manifest.parts):
        click.echo("    " + say("SECRET_KEY stands in your settings: keep it with the backup."))


@contextmanager
def _ending_noted(keeper: Keeper, file: Path) -> Iterator[None]:
    """Tell the history how it ended: nobody reads what a clock's command says."""
    from outreach.history.backups import note_backup

    def note(why: str = "") -> None:
        _note(keeper, lambda db: note_backup(db, datetime.now(UTC), _name_of(file), why))

    try:
        yield
    except Exception as error:
        if (why := _code_of(error)) != "file_there":  # nothing was tried
            note(why)
        raise
    note()


def _name_of(file: Path) -> str:
    """Write the name of a file as text, whatever bytes it is made of."""
    return os.fsencode(file.name).decode(errors="backslashreplace")


def _code_of(error: Exception) -> str:
    """Name why something broke off, for who reads of it later."""
    from outreach.safekeeping.refused import BackupRefused

    return error.reason if isinstance(error, BackupRefused) else "broke_off"


def _note(keeper: Keeper, tell: Callable[[Session], None]) -> bool:
    """Add a line to the history, and say whether that went well: it spoils nothing if not.

    A database that waits for its update has no place for the line yet, nor has one that is gone.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from outreach.db import unit_of_work

    try:
        with own_engine() as engine:
            if not (keeper.holds_rows() and is_newest(engine)):
                return False
            with unit_of_work(engine) as db:
                tell(db)
    except SQLAlchemyError:
        return False
    return True


def _make(keeper: Keeper, file: Path) -> tuple[Manifest, float]:
    from outreach.safekeeping.backup import make as make_backup

    begun = time.perf_counter()
    manifest = make_backup(keeper, _beside(), file, datetime.now(UTC))
    return manifest, time.perf_counter() - begun


@backup.command("check")
@click.argument("file", type=_KEPT_FILE)
def check(file: Path) -> None:
    """Say what the backup in FILE holds, and whether every byte is as it was written."""
    with refusals_told(), _opened(file) as archive:
        _describe(archive)
        click.echo(say("Every byte is as it was written."))


def _describe(archive: Archive) -> None:
    from outreach.safekeeping.beside import BORDERS, SECRET

    told = archive.manifest
    step(
        "Backup of %(when)s: Outreach %(version)s, %(database)s, tables at %(migration)s",
        when=moment(told.made_at),
        version=told.version,
        database=database_name(told.database),
        migration=told.migration,
    )
    click.echo("    " + main_counts(told))
    has_key, has_borders = SECRET in archive, BORDERS in archive
    click.echo("    " + (say("with the key") if has_key else say("without the key")), nl=False)
    click.echo(", " + (say("with borders") if has_borders else say("without borders")))


@backup.command("restore")
@click.argument("file", type=_KEPT_FILE)
@click.option("--replace", "replaces", is_flag=True, help="Replace data; they are kept aside.")
def restore(file: Path, *, replaces: bool) -> None:
    """Put the backup in FILE in the place of the database; Outreach must not run meanwhile."""
    from outreach.safekeeping.backup import restore as put_back

    begun = time.perf_counter()
    with refusals_told(), _opened(file) as archive, _keeper() as keeper:
        _describe(archive)
        done = put_back(archive, keeper, _beside(), _steps(), datetime.now(UTC), replaces=replaces)
    step("Restored in %(seconds)s s", seconds=decimal(time.perf_counter() - begun))
    _tell(done)
    if keeper.kind == "postgresql":
        # A backup holds no rights, and nobody here knows whether another role needs some.
        click.echo(
            say(
                "If a role of its own runs Outreach, give it its rights again: outreach database "
                "role ROLE"
            )
        )


def _tell(done: Restored) -> None:
    """Say what is left to do."""
    head = _steps().known[-1]
    if done.came_from != head:
        click.echo(say("Tables brought from %(was)s to %(now)s.", was=done.came_from, now=head))
    if done.kept:
        click.echo(say("What was there before is kept as %(name)s.", name=done.kept))
    if done.erasures:
        click.echo(
            say("People erased since this backup, erased again: %(count)s", count=done.erasures)
        )
    if done.redraws:
        click.echo(say("Draw the map anew within the borders: outreach maps build"))
    if done.other_key:
        click.echo(
            say(
                "The key here is not the one of the backup: until SECRET_KEY is set to that one, "
                "links and printed forms from before lead nowhere."
            )
        )


@backup.command("drill")
@click.argument("file", type=_KEPT_FILE, required=False)
def drill(file: Path | None) -> None:
    """Restore FILE, or a backup made now, beside the database, check the copy and clean up."""
    tried = _Tried(_name_of(file) if file else "")
    with (
        refusals_told(), _keeper() as keeper, _noted(tried, keeper), _folder_aside() as aside
    ):  # fmt: skip
        _try(file or _made_now(keeper, aside), keeper, tried)
    if tried.is_noted:
        step("Cleaned up; the database itself got lines of history and nothing else")
    else:
        step("Cleaned up; the database itself was only read")
    sys.exit(0 if tried.held else 1)


@dataclass
class _Tried:
    """Which backup was restored, and whether the copy was sound; not, until it was seen.

    `found` are the codes of what spoke against it. `is_noted` tells whether the history of the
    database has a line of it.
    """

    file: str = ""
    made_at: datetime | None = None
    held: bool = False
    found: tuple[str, ...] = ()
    is_noted: bool = False


def _try(file: Path, keeper: Keeper, tried: _Tried) -> None:
    from outreach.safekeeping.backup import refuse_unfit

    with _opened(file) as archive:
        _describe(archive)
        tried.made_at = archive.manifest.made_at
        refuse_unfit(archive, keeper, _steps())
        tried.found = _restore_beside(archive, keeper)
        tried.held = not tried.found


@contextmanager
def _noted(tried: _Tried, keeper: Keeper) -> Iterator[None]:
    """Tell the history how it ended, also if it broke off: then too the backup did not hold."""
    try:
        yield
    except Exception as error:
        tried.held, tried.found = False, (_code_of(error),)
        _note_try(tried, keeper)
        raise
    _note_try(tried, keeper)


def _note_try(tried: _Tried, keeper: Keeper) -> None:
    from outreach.history.drills import Drill, note_drill

    now, told = datetime.now(UTC), (tried.made_at, tried.held, tried.found, tried.file)
    tried.is_noted = _note(keeper, lambda db: note_drill(db, Drill(now, *told)))


def _made_now(keeper: Keeper, aside: Path) -> Path:
    file = aside / "drill.outreach"
    _, seconds = _make(keeper, file)
    step(
        "Backup made: %(size)s MB in %(seconds)s s",
        size=_megabytes(file),
        seconds=decimal(seconds),
    )
    return file


def _restore_beside(archive: Archive, keeper: Keeper) -> tuple[str, ...]:
    """Tell how that went, and name the rules that the copy breaks."""
    from outreach.cli.data_check import tell_findings
    from outreach.safekeeping.backup import standing_beside
    from outreach.safekeeping.checking import check_database

    begun = time.perf_counter()
    with standing_beside(archive, keeper, _steps()) as engine:
        restored = time.perf_counter()
        step(
            "Restored beside the database in %(seconds)s s; as many rows as went in",
            seconds=decimal(restored - begun),
        )
        findings = check_database(engine)
    step("Copy checked in %(seconds)s s", seconds=decimal(time.perf_counter() - restored))
    tell_findings(findings)
    return tuple(one.rule for one in findings if one.broken)


@contextmanager
def _folder_aside() -> Iterator[Path]:
    from outreach.safekeeping.leftovers import scratch_folder
    from outreach.safekeeping.refused import writing

    folder = read_settings().var_dir
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with scratch_folder(folder, "drill") as aside:
            yield aside


@contextmanager
def _opened(file: Path) -> Iterator[Archive]:
    from outreach.safekeeping.archive import opened

    with opened(file) as archive:
        yield archive


@contextmanager
def _keeper() -> Iterator[Keeper]:
    from outreach.safekeeping.backup import keeper_of

    with own_engine() as engine:
        yield keeper_of(engine, read_settings().postgres_bin)


def _beside() -> Beside:
    from outreach.safekeeping.beside import Beside

    settings = read_settings()
    return Beside(settings.var_dir, settings.secret_key.get_secret_value())


def _steps() -> Steps:
    from outreach import migrations
    from outreach.safekeeping.backup import Steps

    return Steps(migrations.steps(), migrations.upgrade)


def _megabytes(file: Path) -> str:
    return decimal(file.stat().st_size / 1e6)
