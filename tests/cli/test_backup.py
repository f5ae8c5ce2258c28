"""Backups by command: what is said, with which exit code, on a full disk and without programs."""

from __future__ import annotations

import ast
import errno
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

import outreach.safekeeping
from outreach.cli import main
from outreach.cli.backup_words import _reasons, rule_words
from outreach.db import reading, unit_of_work
from outreach.history.backups import last_backup
from outreach.history.drills import last_drill
from outreach.migrations import downgrade
from outreach.safekeeping import erasures, postgres_programs
from outreach.safekeeping.checking import RULES
from outreach.safekeeping.erasures import LEDGER, erasure_of, keep
from outreach.safekeeping.sqlite import _UNWRITTEN
from outreach.safekeeping.subject import Subject
from outreach.web.backup_words import REFUSALS
from tests.field import NOW
from tests.rewriting import unlock_history
from tests.safekeeping.conftest import (
    beside_names,
    installation,
    postgres_season,
    programs,
    season,
    sqlite_season,
)
from tests.safekeeping.season import all_but_the_restore, everything

if TYPE_CHECKING:
    from tests.safekeeping.conftest import Installation

__all__ = ["installation", "postgres_season", "programs", "season", "sqlite_season"]

ON_POSTGRES = pytest.mark.parametrize(
    "season", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)

_LIMITED = """
import resource, sys
most = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
from outreach.cli import main
main()
"""


def test_make_check_and_restore_in_words(installation: Installation) -> None:
    at = installation
    before = everything(at.engine)
    done = at.call("backup", "make", str(at.file))
    assert done.exit_code == 0, done.output
    assert "visits 8, session reports 4, pictures 0" in done.output
    told = at.call("backup", "check", str(at.file))
    assert told.exit_code == 0, told.output
    assert "with the key, without borders" in told.output
    assert "Every byte is as it was written." in told.output
    refused = at.call("backup", "restore", str(at.file))
    assert (refused.exit_code, "--replace" in refused.output) == (1, True)
    with unit_of_work(at.engine) as db:
        unlock_history(db)
        db.execute(text("DELETE FROM visit_event"))
    restored = at.call("backup", "restore", "--replace", str(at.file))
    assert restored.exit_code == 0, restored.output
    assert "is kept as" in restored.output
    is_postgres = at.keeper.kind == "postgresql"
    assert ("give it its rights again: outreach database role" in restored.output) is is_postgres
    assert all_but_the_restore(at.engine) == before
    assert at.call("database", "check").exit_code == 0


def test_a_drill_tells_times_and_leaves_nothing(installation: Installation) -> None:
    at = installation
    before = everything(at.engine)
    done = at.call("backup", "drill")
    assert done.exit_code == 0, done.output
    assert "as many rows as went in" in done.output
    assert "All zeros" in done.output
    after = everything(at.engine)
    assert after.pop("event")[0] == before.pop("event")[0] + 1
    assert after == before
    assert beside_names(at.url) == []
    assert [one.name for one in at.folder.iterdir()] == ["secret"]


def test_a_database_that_waits_for_its_update_can_be_tried(installation: Installation) -> None:
    at = installation
    downgrade(at.engine, "0007")
    before = everything(at.engine)
    done = at.call("backup", "drill")
    assert done.exit_code == 0, done.output
    assert everything(at.engine) == before


def test_a_drill_and_a_check_tell_what_is_wrong(installation: Installation) -> None:
    at = installation
    with unit_of_work(at.engine) as db:
        unlock_history(db)
        db.execute(text("DELETE FROM visit_event WHERE visit_id = 4"))
    for words in (("backup", "drill"), ("database", "check")):
        done = at.call(*words)
        assert done.exit_code == 1
        assert re.search(r" 1  visits without a line of history\n +visit 4\n", done.output)
        assert "Something is wrong" in done.output
    with reading(at.engine) as db:
        told = last_drill(db)
    assert told is not None
    assert "visits_without_history" in told.found


def test_a_check_wants_the_newest_tables(installation: Installation) -> None:
    downgrade(installation.engine, "0006")
    done = installation.call("database", "check")
    assert (done.exit_code, "migrations upgrade" in done.output) == (1, True)


def test_a_cut_or_altered_one_changes_nothing(installation: Installation) -> None:
    at = installation
    at.make()
    whole, before = at.file.read_bytes(), everything(at.engine)
    cut = [whole[:length] for length in (0, 40, 400, len(whole) // 2, len(whole) - 1)]
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 64]) + whole[middle + 1 :]
    for content in (*cut, flipped):
        at.file.write_bytes(content)
        for words in (("check",), ("restore", "--replace")):
            done = at.call("backup", *words, str(at.file))
            assert done.exit_code == 1
            assert re.search("is damaged|is no backup", done.output), done.output
    assert everything(at.engine) == before
    assert beside_names(at.url) == []


def limited(most: int, *words: str) -> subprocess.CompletedProcess[str]:
    """Call the command line where no file may grow beyond so many bytes."""
    called = [sys.executable, "-c", _LIMITED, str(most), *words]
    return subprocess.run(called, capture_output=True, text=True, timeout=120, check=False)


def test_a_full_disk_leaves_no_half_a_backup(installation: Installation) -> None:
    at = installation
    before = sorted(at.file.parent.iterdir())
    at.engine.dispose()
    done = limited(40_000, "backup", "make", str(at.file))
    assert done.returncode == 1
    assert re.search("No room to write|cannot be written: disk I/O error", done.stderr)
    # A line of history is short; SQLite puts it where it belongs as soon as there is room.
    with reading(at.engine) as db:
        told = last_backup(db)
    at.engine.dispose()
    assert told is not None
    assert (told.why in {"no_room", "cannot_write"}, told.good_at) == (True, None)
    assert sorted(at.file.parent.iterdir()) == before


#: The server writes the files of a PostgreSQL database.
@pytest.mark.parametrize("season", ["sqlite"], indirect=True)
def test_a_full_disk_leaves_the_database_as_it_was(installation: Installation) -> None:
    at = installation
    at.make()
    before = everything(at.engine)
    at.engine.dispose()
    done = limited(200_000, "backup", "restore", "--replace", str(at.file))
    assert done.returncode == 1
    assert "No room to write" in done.stderr, done.stderr
    assert everything(at.engine) == before
    assert beside_names(at.url) == []


@pytest.mark.postgres
def test_one_kind_of_database_does_not_go_into_the_other(
    installation: Installation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    postgres_server: str,
) -> None:
    at = installation
    at.make()
    urls = {"postgresql": f"sqlite:///{tmp_path / 'other.sqlite'}", "sqlite": postgres_server}
    monkeypatch.setenv("DATABASE_URL", urls[at.keeper.kind])
    done = at.call("backup", "restore", "--replace", str(at.file))
    ours, other = (
        ("SQLite", "PostgreSQL") if at.keeper.kind == "sqlite" else ("PostgreSQL", "SQLite")
    )
    assert done.exit_code == 1
    assert f"backup of a {ours} database, but DATABASE_URL names a {other} database" in done.output


@ON_POSTGRES
def test_programs_that_lack_are_told(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = installation
    at.make()
    monkeypatch.setenv("POSTGRES_BIN", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres_programs, "_USUAL", ())
    other = str(tmp_path / "another.outreach")
    acts = {"pg_dump": ("make", other), "pg_restore": ("restore", "--replace", str(at.file))}
    for name, words in acts.items():
        missing = at.call("backup", *words)
        assert f"{name} is not on this machine" in missing.output
        (tmp_path / name).write_text(f'#!/bin/sh\necho "{name} (PostgreSQL) 12.9"\n')
        (tmp_path / name).chmod(0o700)
        old = at.call("backup", *words)
        assert f"{name} on this machine is of PostgreSQL 12, older" in old.output
        assert (missing.exit_code, old.exit_code) == (1, 1)
    assert not Path(other).exists()


@ON_POSTGRES
def test_a_user_who_may_make_no_database_is_told(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = installation
    with at.engine.begin() as connection:
        connection.execute(text("DROP ROLE IF EXISTS outreach_plain"))
        connection.execute(text("CREATE ROLE outreach_plain"))
        for kind in ("TABLES", "SEQUENCES"):
            granted = f"GRANT ALL ON ALL {kind} IN SCHEMA public TO outreach_plain"
            connection.execute(text(granted))
    monkeypatch.setenv("DATABASE_URL", f"{at.url}&options=-crole%3Doutreach_plain")
    done = at.call("backup", "drill")
    with at.engine.begin() as connection:
        connection.execute(text("DROP OWNED BY outreach_plain"))
        connection.execute(text("DROP ROLE outreach_plain"))
    assert done.exit_code == 1
    assert "needs the right CREATEDB" in done.output


@pytest.mark.parametrize("is_beside_it", [True, False])
def test_a_ledger_that_may_not_be_read_stops_a_backup_in_words(
    installation: Installation, *, is_beside_it: bool
) -> None:
    """As one that belongs to somebody else does: what stands in its place is no file to read."""
    at = installation
    ledger = (at.file.parent if is_beside_it else at.folder) / LEDGER
    ledger.mkdir()
    before = sorted(at.file.parent.iterdir())
    done = at.call("backup", "make", str(at.file))
    assert done.exit_code == 1
    assert re.search(
        r"erasures\.jsonl, which tells who was erased, cannot be read: Is", done.output
    )
    assert sorted(at.file.parent.iterdir()) == before


def test_a_ledger_that_may_not_be_written_leaves_no_backup(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = installation
    with unit_of_work(at.engine) as db:
        keep(db, [erasure_of(db, Subject(1, None), NOW)])

    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    at.engine.dispose()
    monkeypatch.setattr(erasures, "os", SimpleNamespace(**{**vars(os), "open": refuse}))
    before = sorted(at.file.parent.iterdir())
    done = at.call("backup", "make", str(at.file))
    assert (done.exit_code, "Permission denied" in done.output) == (1, True), done.output
    assert sorted(at.file.parent.iterdir()) == before


def test_without_a_database_there_is_nothing_to_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installation: Installation
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'none.sqlite'}")
    done = installation.call("backup", "make", str(tmp_path / "file"))
    assert (done.exit_code, "no database here yet" in done.output) == (1, True)
    assert not (tmp_path / "none.sqlite").exists()


def raised() -> dict[str, set[str]]:
    """Which reasons our code gives for refusing, and the facts that it tells with each."""
    found: dict[str, set[str]] = {}
    for path in Path(outreach.safekeeping.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for call in (one for one in ast.walk(tree) if isinstance(one, ast.Call)):
            if isinstance(call.func, ast.Name) and call.func.id == "BackupRefused":
                facts = {str(one.arg) for one in call.keywords}
                for reason in _texts(call.args[0], tree):
                    found[reason] = found.get(reason, facts) & facts
    return found


def _texts(given: ast.expr, tree: ast.Module) -> set[str]:
    if isinstance(given, ast.Constant):
        return {str(given.value)}
    assert isinstance(given, ast.Name)
    values = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == given.id
    ]
    told = {
        str(one.value)
        for value in values
        if isinstance(value, ast.IfExp)
        for one in (value.body, value.orelse)
        if isinstance(one, ast.Constant)
    }
    return told or set(_UNWRITTEN.values())


def test_every_refusal_has_a_sentence_that_its_facts_fill() -> None:
    found, words = raised(), _reasons()
    assert found.keys() == words.keys()
    assert len(found) > 15
    for reason, facts in found.items():
        assert set(re.findall(r"%\((\w+)\)s", words[reason])) <= facts, reason


def test_every_rule_of_the_data_has_words() -> None:
    assert rule_words().keys() == RULES.keys()
    assert REFUSALS.keys() <= _reasons().keys()


def test_the_commands_are_there() -> None:
    assert {"backup", "database"} <= set(main.list_commands(None))  # type: ignore[arg-type]
