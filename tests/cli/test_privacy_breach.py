"""The breach list by command: what is refused, what its file holds, whom it keeps waiting."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from outreach.cli import privacy
from outreach.db import make_engine, reading, unit_of_work
from outreach.history.recording import record
from outreach.history.tables import Deed, Event
from outreach.people.tables import Official, Team
from outreach.safekeeping import reach
from tests.cli.test_privacy import (
    installation,
    postgres_season,
    programs,
    season,
    somebody,
    sqlite_season,
)
from tests.field import NOW

if TYPE_CHECKING:
    from pathlib import Path

    from sqlmodel import Session

    from tests.safekeeping.conftest import Installation
    from tests.safekeeping.person import Somebody

__all__ = ["installation", "postgres_season", "programs", "season", "somebody", "sqlite_season"]

ASKED = ("privacy", "breach", "--since", "2026-11-18", "--until", "2026-11-21")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--account", ""), "--account is empty"),
        (("--account", "  "), "--account is empty"),
        (("--account", "", "--device", "1"), "not both"),
        (("--device", "0"), "0 is not in the range"),
        (("--device", "99999999999999999999"), "is not in the range"),
        (("--until", "9999-12-31"), "the year must be from 2000 to 2100"),
        (("--since", "0001-01-01"), "the year must be from 2000 to 2100"),
    ],
)
def test_what_would_be_taken_for_everybody_or_for_never_is_refused(
    installation: Installation, tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    out = tmp_path / "list.csv"
    done = installation.call(*ASKED, *words, "--out", str(out))
    assert (done.exit_code, sentence in done.output) == (2, True), done.output
    assert not out.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("privacy", "report", "--official"),
        ("privacy", "erase", "--dry-run", "--official"),
        ("plan", "export"),
    ],
)
def test_a_number_that_no_row_can_have_is_refused(
    installation: Installation, words: tuple[str, ...]
) -> None:
    for number in ("99999999999999999999", "2147483648", "0"):
        done = installation.call(*words, number)
        assert (done.exit_code, "is not in the range" in done.output) == (2, True), done.output


def test_the_first_and_the_last_year_are_taken(installation: Installation, tmp_path: Path) -> None:
    words = ("privacy", "breach", "--since", "2000-01-01", "--until", "2100-12-31", "--out")
    done = installation.call(*words, str(tmp_path / "b"))
    assert done.exit_code == 0, done.output


def test_whoever_writes_does_not_wait_for_the_list(
    installation: Installation,
    somebody: Somebody,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gathered = reach.affected

    def slowly(db: Session, asked: reach.Reach) -> Any:
        found = gathered(db, asked)
        other = make_engine(installation.url)
        with unit_of_work(other) as writing:
            if other.dialect.name == "sqlite":
                writing.execute(text("PRAGMA busy_timeout=50"))
            record(writing, Deed.LOGIN, at=NOW)
        other.dispose()
        return found

    monkeypatch.setattr(reach, "affected", slowly)
    # Of SQLite one waits before the first statement, so that much is told to all connections.
    monkeypatch.setattr("outreach.db._prepare_sqlite", _impatient)
    done = installation.call(*ASKED, "--out", str(tmp_path / "b"))
    assert done.exit_code == 0, done.output


def _impatient(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA busy_timeout=50")


def lines(at: Installation) -> list[Event]:
    taken = col(Event.deed).in_([Deed.NUMBERS_TAKEN.value, Deed.TEAM_NUMBERS_TAKEN.value])
    with reading(at.engine) as db:
        return list(db.scalars(select(Event).where(taken)))


def test_the_line_stands_before_the_list_does(
    installation: Installation,
    somebody: Somebody,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the file cannot be written to its end, nothing of it is left, and it is told."""
    at, out = installation, tmp_path / "b"
    seen: list[int] = []

    def full(_found: object) -> bytes:
        seen.append(len(lines(at)))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("outreach.cli.privacy_words.breach_file", full)
    done = at.call(*ASKED, "--out", str(out))
    assert (done.exit_code, "cannot be written: No space left" in done.output) == (1, True)
    assert seen == [1]
    assert not out.exists()


def test_what_fails_leaves_no_file_behind(
    installation: Installation,
    somebody: Somebody,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failed(*_told: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(privacy, "_note_found", failed)
    out = tmp_path / "b"
    assert installation.call(*ASKED, "--out", str(out)).exit_code == 1
    assert not out.exists()
    assert lines(installation) == []


def test_no_line_is_told_of_a_file_that_cannot_be(
    installation: Installation, somebody: Somebody, tmp_path: Path
) -> None:
    nowhere = tmp_path / "no folder" / "b"
    done = installation.call(*ASKED, "--out", str(nowhere))
    assert (done.exit_code, "cannot be written" in done.output) == (1, True)
    assert lines(installation) == []


def test_the_file_names_the_members_of_a_team(
    installation: Installation, somebody: Somebody, tmp_path: Path
) -> None:
    with unit_of_work(installation.engine) as db:
        db.scalars(select(Team)).one().members = ["Wening", "Bagas"]
    out = tmp_path / "b"
    done = installation.call(*ASKED, "--account", "koordinator", "--out", str(out))
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(out.read_text("utf-8-sig").splitlines(), delimiter=";"))
    told = {row["Kind of person"]: (row["Members"], row["Data within reach"]) for row in rows}
    assert told["team"] == ("Wening; Bagas", "name, telephone, names of the members")
    assert told["official"][0] == ""
    assert told["account"] == ("", "name")


def test_who_may_have_been_elsewhere_is_counted(
    installation: Installation, somebody: Somebody, tmp_path: Path
) -> None:
    at = installation
    by = at.field.coordinator.account_id
    with unit_of_work(at.engine) as db:
        record(db, Deed.OFFICIAL_CHANGED, at=NOW, by=by, about=somebody.other_id)
        db.get_one(Official, somebody.other_id).village_code = at.field.codes[30]
    done = at.call(*ASKED, "--account", "perangkat", "--out", str(tmp_path / "b"))
    assert done.exit_code == 0, done.output
    assert "listed to be safe, as not certain: 1" in done.output
