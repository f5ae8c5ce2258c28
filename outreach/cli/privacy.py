"""People's data by hand: what is held of somebody, erasing it, forgetting, whom to tell."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from outreach.cli.backup_words import refusals_told
from outreach.cli.database import own_engine
from outreach.cli.numbers import ROW
from outreach.cli.person import find, naming_a_person, tell_who
from outreach.cli.say import say, step
from outreach.config import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.cli.person import Named
    from outreach.safekeeping.reach import Affected, Reach
    from outreach.safekeeping.subject import Subject

_NEW_FILE = click.Path(dir_okay=False, path_type=Path)
#: Nothing was kept before, and what comes behind can no more be reckoned with.
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


class _Moment(click.DateTime):
    """A day, or a moment of it, in a year that something can have happened in."""

    def __init__(self) -> None:
        super().__init__(("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"))

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        try:
            told = super().convert(value, param, ctx)
        except click.BadParameter:
            words = say("write a day or a moment like 2026-11-22 or 2026-11-22T14:30")
            self.fail(words, param, ctx)
        if not _FIRST_YEAR <= told.year <= _LAST_YEAR:
            years = {"first": _FIRST_YEAR, "last": _LAST_YEAR}
            self.fail(say("the year must be from %(first)s to %(last)s", **years), param, ctx)
        return told


@click.group()
def privacy() -> None:
    """Look after people's data: report, erase, forget, and whom a breach touches."""


@privacy.command("report")
@naming_a_person
@click.option("--out", type=_NEW_FILE, help="JSON file to write as well; for its owner alone.")
def report(named: Named, *, out: Path | None) -> None:
    """Print everything that is held about one account or one official, and about nobody else."""
    from outreach.cli.privacy_words import plain
    from outreach.cli.subject_text import as_text
    from outreach.db import unit_of_work
    from outreach.safekeeping.subject_report import report_on

    now = datetime.now(UTC)
    with own_engine() as engine, unit_of_work(engine) as db:
        told = report_on(db, find(db, named))
        numbers = [(one["village_code"], one["phone"]) for one in told["official"]]
        _note_numbers(db, now, "report", numbers)
    click.echo(as_text(told, now))
    if out:
        whole = {"made_at": now.isoformat(), "held": plain(told)}
        _write_new(out, json.dumps(whole, ensure_ascii=False, indent=1).encode() + b"\n")


@privacy.command("erase")
@naming_a_person
@click.option("--yes", is_flag=True, help="Erase without asking, for scripts.")
@click.option("--dry-run", is_flag=True, help="Only list what would go.")
def erase(named: Named, *, yes: bool, dry_run: bool) -> None:
    """Erase one account or official for good; visits, reports and sums stay whole."""
    from outreach.cli.privacy_words import tell_erased, tell_mentions
    from outreach.db import reading
    from outreach.safekeeping.mentions import mentions
    from outreach.safekeeping.subject import is_last_admin, known_by

    with own_engine() as engine:
        with reading(engine) as db:
            whom = find(db, named)
            if is_last_admin(db, whom):
                raise click.ClickException(
                    say("This is the last administrator: make another one first.")
                )
            words = known_by(db, whom)
            if dry_run or not yes:  # what a script prints is kept for longer than the person is
                tell_who(db, whom)
        would_go = _erase(engine, whom, keeps=True)
        tell_erased(would_go, is_done=False)
        if dry_run or not any(would_go.values()):
            return
        if not yes:
            click.confirm(say("Erase this for good?"), abort=True)
        tell_erased(_erase(engine, whom, keeps=False), is_done=True)
        with reading(engine) as db:
            tell_mentions(mentions(db, whom, words))


def _erase(engine: Engine, whom: Subject, *, keeps: bool) -> dict[str, int]:
    """Erase with a line in the ledger first; or do it and take it back, to see what would go."""
    from outreach.db import unit_of_work
    from outreach.safekeeping import erasing
    from outreach.safekeeping.erasures import erasure_of, keep, note, read

    now = datetime.now(UTC)
    with refusals_told(), unit_of_work(engine) as db:
        if not keeps:
            # First, and whatever comes then: who stands in the ledger is erased at the latest
            # when a backup comes back; who does not would come back with it.
            folder = read_settings().var_dir
            note(folder, [erasure_of(db, whom, now)])
            keep(db, read(folder))
        told = erasing.erase(db, whom, now)
        if keeps:
            db.rollback()
    return told


@privacy.command("retain")
@click.option("--yes", is_flag=True, help="Forget it now; the sweeper does so every hour.")
def retain(*, yes: bool) -> None:
    """Count what is past its time by the RETAIN_… settings; with --yes forget it."""
    from outreach.cli.privacy_words import tell_retained
    from outreach.safekeeping.retaining import Periods, count_over
    from outreach.safekeeping.retaining import retain as forget

    periods = Periods(**read_settings().retained_days)
    act = forget if yes else count_over
    with own_engine() as engine:
        tell_retained(act(engine, periods, datetime.now(UTC)), periods, is_done=yes)


@privacy.command("breach")
@click.option("--account", "login", help="Login name of the account that was misused.")
@click.option("--device", "device_id", type=ROW, help="Number of the phone that was misused.")
@click.option("--since", required=True, type=_Moment(), help="From then (WIB).")
@click.option("--until", type=_Moment(), help="Until then (WIB); else until now.")
@click.option("--out", required=True, type=_NEW_FILE, help="CSV file to write.")
def breach(
    login: str | None, device_id: int | None, since: datetime, until: datetime | None, out: Path
) -> None:
    """List whose data an account or a phone could have reached; without either, everybody."""
    from outreach.cli.privacy_words import breach_file, tell_affected
    from outreach.db import reading
    from outreach.safekeeping.reach import affected

    _refuse_unclear(login, device_id)
    if (begins := _by_jakarta(since)) >= (ends := _end(until)):
        raise click.UsageError(say("That time ends before it begins."))
    with own_engine() as engine, _new_file(out) as file:
        # It takes a while with the whole country: whoever writes does not wait for it.
        with reading(engine) as db:
            reach = _reach(db, login, device_id, begins, ends)
            found = affected(db, reach)
        _note_found(engine, found)
        file.write(breach_file(found))
    tell_affected(found, reach, out)


def _refuse_unclear(login: str | None, device_id: int | None) -> None:
    """Refuse what would otherwise be taken for everybody."""
    if login is not None and device_id is not None:
        raise click.UsageError(say("Name an account or a phone, not both."))
    if login is not None and not login.strip():
        raise click.UsageError(say("--account is empty: write the login name behind it."))


def _note_found(engine: Engine, found: Iterable[Affected]) -> None:
    """Tell the history whose numbers go out, for good, before any of them does."""
    from outreach.db import unit_of_work

    now = datetime.now(UTC)
    numbers = {
        kind: [(one.village_code, one.phone) for one in found if one.kind == kind]
        for kind in ("official", "team")
    }
    with unit_of_work(engine) as db:
        _note_numbers(db, now, "breach", numbers["official"])
        _note_numbers(db, now, "breach", numbers["team"], of_teams=True)


def _note_numbers(
    db: Session,
    now: datetime,
    command: str,
    numbers: Iterable[tuple[str, str]],
    *,
    of_teams: bool = False,
) -> None:
    """Tell the history whose telephone numbers go out, before they do."""
    from outreach.history.recording import record
    from outreach.history.tables import Deed

    if villages := [code for code, phone in numbers if phone]:
        page = f"outreach privacy {command}"
        deed = Deed.TEAM_NUMBERS_TAKEN if of_teams else Deed.NUMBERS_TAKEN
        record(db, deed, at=now, villages=villages, page=page)
        db.flush()


def _reach(
    db: Session, login: str | None, device_id: int | None, since: datetime, until: datetime
) -> Reach:
    from outreach.safekeeping import reach

    if login is not None:
        return reach.reach_of_account(db, login, since, until)
    if device_id is not None:
        return reach.reach_of_device(db, device_id, since, until)
    return reach.reach_of_all(since, until)


def _by_jakarta(told: datetime) -> datetime:
    from outreach.villages.tables import Zone

    return Zone.WIB.moment(told.date(), told.time()).astimezone(UTC)


def _end(told: datetime | None) -> datetime:
    """Read until when; a day alone lasts until it is over."""
    if told is None:
        return datetime.now(UTC)
    is_day = told.time() == datetime.min.time()
    return _by_jakarta(told + timedelta(days=1) if is_day else told)


def _write_new(file: Path, content: bytes) -> None:
    with _new_file(file) as out:
        out.write(content)


@contextmanager
def _new_file(file: Path) -> Iterator[IO[bytes]]:
    """Open a file that is not there yet, for its owner alone: it holds people's data.

    Of one that was not written to its end nothing is left.
    """
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise click.ClickException(
            say("%(file)s is there already: nothing is written over.", file=file)
        ) from error
    except OSError as error:
        raise _unwritten(file, error) from error
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
    except BaseException as error:
        file.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritten(file, error) from error
        raise
    step("Written: %(file)s", file=file)


def _unwritten(file: Path, error: OSError) -> click.ClickException:
    detail = error.strerror or str(error)
    return click.ClickException(
        say("%(file)s cannot be written: %(detail)s", file=file, detail=detail)
    )
