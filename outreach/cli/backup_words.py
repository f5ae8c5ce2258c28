"""What the commands about backups and about the state of the data say."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from outreach.cli.say import in_own_words, number, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from outreach.safekeeping.archive import Manifest
    from outreach.safekeeping.refused import BackupRefused


@contextmanager
def refusals_told() -> Iterator[None]:
    """Say in one sentence why nothing was done."""
    from outreach.safekeeping.refused import BackupRefused

    try:
        yield
    except BackupRefused as error:
        raise click.ClickException(_why_refused(error)) from error


def _why_refused(error: BackupRefused) -> str:
    """Say in one sentence why nothing was done."""
    told = {
        name: click.format_filename(fact) if isinstance(fact, Path) else fact
        for name, fact in error.facts.items()
    }
    for name in told.keys() & {"archive", "database"}:
        told[name] = database_name(str(told[name]))
    return _reasons()[error.reason] % told


def database_name(kind: str) -> str:
    """Write the kind of a database as its makers do."""
    return {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(kind, kind)


def main_counts(manifest: Manifest) -> str:
    """Tell the rows that people ask for first, and how many there are in all."""
    rows = manifest.tables
    return say(
        "villages %(villages)s, visits %(visits)s, session reports %(reports)s, pictures "
        "%(pictures)s, officials %(officials)s, accounts %(accounts)s; in all %(rows)s rows in "
        "%(tables)s tables",
        villages=number(rows.get("village", 0)),
        visits=number(rows.get("visit", 0)),
        reports=number(rows.get("session_report", 0)),
        pictures=number(rows.get("evidence", 0)),
        officials=number(rows.get("official", 0)),
        accounts=number(rows.get("account", 0)),
        rows=number(sum(rows.values())),
        tables=len(rows),
    )


def rule_words() -> dict[str, str]:
    """Name what every rule of the data looks for."""
    from outreach.web.backup_words import RULES

    return {rule: in_own_words(words) for rule, words in RULES.items()}


def _reasons() -> dict[str, str]:
    return {**_of_files(), **_of_versions(), **_of_programs(), **_of_the_database()}


def _of_files() -> dict[str, str]:
    return {
        "file_there": say("%%(file)s is there already; a backup never writes over a file."),
        "no_room": say(
            "No room to write %%(place)s: %%(detail)s. Nothing was changed, nothing half done "
            "was left."
        ),
        "cannot_write": say("%%(place)s cannot be written: %%(detail)s."),
        "not_ours": say("%%(file)s is no backup of Outreach. Nothing was changed."),
        "damaged": say(
            "%%(file)s is damaged: it was cut short or changed after it was made. Nothing was "
            "changed. Take another copy."
        ),
        "ledger_unreadable": say(
            "%%(file)s, which tells who was erased, cannot be read: a line is damaged. Nothing was "
            "changed. Take another copy of it."
        ),
        "ledger_closed": say(
            "%%(file)s, which tells who was erased, cannot be read: %%(detail)s. Nothing was "
            "changed. Give it to the user who makes the backups."
        ),
        "borders_change": say("The borders of the map are being changed right now. Try again."),
    }


def _of_versions() -> dict[str, str]:
    return {
        "newer_format": say(
            "A newer version of Outreach made this backup (format %%(format)s; this one reads up "
            "to %%(known)s). Update Outreach first. Nothing was changed."
        ),
        "newer_version": say(
            "A newer version of Outreach made this backup: its tables stand at %%(migration)s, "
            "this one knows them up to %%(known)s. Update Outreach first. Nothing was changed."
        ),
        "other_database": say(
            "This is a backup of a %%(archive)s database, but DATABASE_URL names a %%(database)s "
            "database. Set DATABASE_URL to a %%(archive)s database. Nothing was changed."
        ),
        "server_too_old": say(
            "This backup comes from PostgreSQL %%(needed)s, but the server here is PostgreSQL "
            "%%(found)s, which cannot read it. Nothing was changed."
        ),
    }


def _of_programs() -> dict[str, str]:
    return {
        "no_program": say(
            "%%(program)s is not on this machine: install the client of PostgreSQL %%(needed)s, "
            "or name its folder in POSTGRES_BIN."
        ),
        "program_too_old": say(
            "%%(program)s on this machine is of PostgreSQL %%(found)s, older than the server or "
            "the backup (%%(needed)s): install a newer client, or name its folder in POSTGRES_BIN."
        ),
        "program_failed": say("%%(program)s did not end well: %%(detail)s"),
        "program_may_not": say(
            "%%(program)s lacks rights: %%(detail)s. Backups are made and put back with the "
            "address of the database's owner in DATABASE_URL."
        ),
    }


def _of_the_database() -> dict[str, str]:
    return {
        "no_tables": say("There is no database here yet that could be backed up."),
        "in_use": say(
            "The database %%(database)s is in use. Stop Outreach on all machines first: web, "
            "workers and sweeper."
        ),
        "holds_rows": say(
            "The database that DATABASE_URL names holds data. Only with --replace is it "
            "replaced; it is then kept under another name. Nothing was changed."
        ),
        "other_key": say(
            "The key here is not the one of the backup: links, printed forms and phones' codes "
            "made with either do not hold with the other. Go on with --replace. Nothing was "
            "changed."
        ),
        "no_database_made": say(
            "No database could be made beside the real one: %%(detail)s. The user of DATABASE_URL "
            "needs the right CREATEDB. Nothing was changed."
        ),
        "not_exchanged": say(
            "The databases could not be exchanged: %%(detail)s. The one that was there stays. "
            "Stop Outreach on all machines first: web, workers and sweeper."
        ),
        "rows_missing": say(
            "What came out of the backup is not what went in: %%(tables)s. The database that was "
            "there stays."
        ),
    }
