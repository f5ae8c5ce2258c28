"""The sign-up ledger of the whole nation, brought in from one file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from outreach.cli.database import own_engine, require_registry
from outreach.cli.say import say, step
from outreach.errors import Invalid
from outreach.villages.tables import Zone

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from outreach.sheets.ledger_file import Imported


@click.group()
def ledger() -> None:
    """Bring the agency's counts of sign-ups and payments in."""


@ledger.command("sheet")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def empty_sheet(file: Path) -> None:
    """Write the empty sheet to FILE: .xlsx explains every column, .csv is what import reads."""
    from outreach.sheets.ledger import COLUMNS, LEDGER
    from outreach.sheets.writing import text_file, workbook

    if file.exists():
        raise click.ClickException(say("%(file)s is there already.", file=file))
    is_text = file.suffix.lower() == ".csv"
    file.write_bytes(text_file(COLUMNS, []) if is_text else workbook(LEDGER.title, COLUMNS, []))
    click.echo(say("The empty sheet: %(file)s", file=file))


@ledger.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Read and check everything, write nothing.")
@click.option("--older", is_flag=True, help="Let counts of an older day replace newer ones.")
@click.option(
    "--above-estimate",
    "above",
    is_flag=True,
    help="Take counts above the informal workers estimated of a village.",
)
def import_file(file: Path, *, check: bool, older: bool, above: bool) -> None:
    """Write the right rows of a CSV FILE with the ledger's headers; tell which are refused.

    `outreach ledger sheet` writes the headers. Refused rows are handed back beside FILE, each with
    what is wrong with it.
    """
    with own_engine() as engine:
        require_registry(engine)
        done = _import(engine, file, check=check, older=older, above=above)
        _tell(done, check=check)
        if done.refused:
            _hand_back(engine, file, done)


def _import(engine: Engine, file: Path, *, check: bool, older: bool, above: bool) -> Imported:
    from sqlmodel import Session

    from outreach.sheets.ledger_file import import_ledger

    now = datetime.now(UTC)
    step("Ledger: reading %(file)s", file=file.name)
    with Session(engine) as db, db.begin() as work:
        try:
            today = Zone.WIB.day(now)
            done = import_ledger(db, file, now=now, today=today, older=older, above=above)
        except Invalid as error:
            raise click.ClickException(_unusable(error)) from error
        if check:
            work.rollback()
    return done


def _unusable(error: Invalid) -> str:
    limits = error.facts.get("limits")
    told = limits.get("file", {}) if isinstance(limits, dict) else {}
    if "headers" in told:
        return say("These columns are missing: %(headers)s.", headers=told["headers"])
    return say(
        "This is no CSV file with the ledger's headers. Save a workbook as CSV (UTF-8) first."
    )


def _tell(done: Imported, *, check: bool) -> None:
    from outreach.sheets.kinds import Act

    facts = {
        "rows": done.rows,
        "added": done.changes[Act.ADD],
        "altered": done.changes[Act.ALTER],
        "removed": done.changes[Act.REMOVE],
        "refused": done.refused,
    }
    step(
        "Ledger: %(rows)s rows: %(added)s new, %(altered)s changed, %(removed)s taken out, "
        "%(refused)s refused",
        **facts,
    )
    if check:
        click.echo(say("Only checked: nothing was written."))


def _hand_back(engine: Engine, file: Path, done: Imported) -> None:
    """Write the refused rows beside the file, in the words that a branch would read."""
    from outreach.db import reading
    from outreach.sheets.ledger import COLUMNS, LEDGER
    from outreach.sheets.writing import error_workbook
    from outreach.web.app import create_app
    from outreach.web.sheet_words import error_words

    with create_app().app_context(), reading(engine) as db:
        words = error_words(db, done.refused_rows, COLUMNS)
    back = file.with_name(f"{file.stem}-ditolak.xlsx")
    back.write_bytes(error_workbook(LEDGER.title, COLUMNS, done.refused_rows, words))
    click.echo(say("Refused rows, each with its reason: %(file)s", file=back))
