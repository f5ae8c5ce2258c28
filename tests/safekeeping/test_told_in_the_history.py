"""What the history tells of backups and of restores that were tried, each called by its command."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sqlalchemy.exc import DatabaseError

from outreach.db import reading
from outreach.history.backups import Backup, last_backup
from outreach.history.drills import last_drill
from outreach.migrations import downgrade
from outreach.safekeeping import checking
from tests.field import NOW
from tests.safekeeping.conftest import beside_names
from tests.safekeeping.season import everything

if TYPE_CHECKING:
    import pytest
    from sqlalchemy import Engine

    from tests.safekeeping.conftest import Installation


def test_a_kept_backup_is_tried_too_and_the_history_tells_how_it_ended(
    installation: Installation,
) -> None:
    at = installation
    assert at.call("backup", "drill").exit_code == 0
    with reading(at.engine) as db:
        first = last_drill(db)
    assert first is not None
    assert first.held
    at.make()
    good = at.call("backup", "drill", str(at.file))
    assert (good.exit_code, "Backup of 20/11/2026" in good.output) == (0, True), good.output
    with reading(at.engine) as db:
        told = last_drill(db)
    assert told is not None
    assert (told.held, told.made_at) == (True, NOW)
    at.file.write_bytes(at.file.read_bytes()[:-9])
    before = everything(at.engine)["visit"]
    cut = at.call("backup", "drill", str(at.file))
    assert (cut.exit_code, "is damaged" in cut.output) == (1, True)
    with reading(at.engine) as db:
        told = last_drill(db)
    assert told is not None
    assert (told.held, told.made_at) == (False, None)
    assert (told.found, told.file) == (("damaged",), at.file.name)
    assert everything(at.engine)["visit"] == before
    assert beside_names(at.url) == []


def test_a_try_that_breaks_off_is_told_as_one_that_failed(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = installation
    assert at.call("backup", "drill").exit_code == 0

    def broken(engine: Engine) -> None:
        raise DatabaseError("SELECT", {}, Exception("malformed"))

    monkeypatch.setattr(checking, "check_database", broken)
    assert at.call("backup", "drill").exit_code == 1
    with reading(at.engine) as db:
        told = last_drill(db)
    assert told is not None
    assert (told.held, told.found) == (False, ("broke_off",))


def test_the_history_tells_how_backups_end(installation: Installation) -> None:
    at = installation

    def last() -> Backup | None:
        with reading(at.engine) as db:
            return last_backup(db)

    assert at.call("backup", "drill").exit_code == 0
    assert last() is None  # a drill leaves no backup
    assert at.call("backup", "make", str(at.file)).exit_code == 0
    made = last()
    assert made is not None
    assert made == Backup(made.at, made.at, at.file.name)
    assert at.call("backup", "make", str(at.file)).exit_code == 1  # it is there: nothing was tried
    assert last() == made
    nowhere = at.file.parent / "nowhere" / "two words.outreach"
    assert at.call("backup", "make", str(nowhere)).exit_code == 1
    failed = last()
    assert failed is not None
    assert failed == Backup(failed.at, made.at, nowhere.name, "cannot_write")


def test_a_file_may_have_any_name(installation: Installation) -> None:
    at = installation
    file = at.file.parent / os.fsdecode(b"caf\xe9.outreach")
    for command in ("make", "make", "drill"):
        done = at.call("backup", command, os.fsdecode(bytes(file)))
        there = "is there already" in done.output
        assert (done.exit_code, there) == ((1, True) if there else (0, False)), done.output
    with reading(at.engine) as db:
        backup = last_backup(db)
    assert backup is not None
    assert (backup.file, backup.why) == (r"caf\xe9.outreach", "")


def test_no_line_of_history_is_wanted_of_tables_that_wait(installation: Installation) -> None:
    at = installation
    downgrade(at.engine, "0007")
    done = at.call("backup", "make", str(at.file))
    assert done.exit_code == 0, done.output
