"""A restore stands in the history of what was restored, and tells of nobody who never came back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.history.drills import command_of, last_drill
from outreach.history.recording import record
from outreach.history.tables import Deed, Event
from outreach.safekeeping.archive import opened
from outreach.safekeeping.backup import restore
from outreach.safekeeping.chain import first_broken_day, newest_seal, seal_days
from tests.field import NOW
from tests.rewriting import let_days_be_over
from tests.safekeeping.conftest import STEPS
from tests.safekeeping.person import LOGIN, settle

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.safekeeping.conftest import Installation

DAY = timedelta(days=1)


def test_a_restore_tells_the_history_to_which_moment_it_went_back(
    installation: Installation,
) -> None:
    at = installation
    let_days_be_over(at.engine)
    with unit_of_work(at.engine) as db:
        record(db, Deed.LOGIN, at=NOW - DAY)
    assert seal_days(at.engine, NOW) == 1
    at.make()
    with unit_of_work(at.engine) as db:
        record(db, Deed.LOGOUT, at=NOW)
    at.engine.dispose()
    with opened(at.file) as archive:
        restore(archive, at.keeper, at.beside, STEPS, NOW + DAY, replaces=True)
    with reading(at.engine) as db:
        first, line = db.scalars(select(Event).order_by(col(Event.id)))
        assert last_drill(db) is None
    assert (first.deed, line.deed) == ("login", "restored")
    assert (line.at, line.account_id) == (NOW + DAY, None)
    assert command_of(line.page) == ("outreach backup restore", NOW)
    assert seal_days(at.engine, NOW + 2 * DAY) == 2
    assert last_closed(at.engine) == (line.id, "")


def last_closed(engine: Engine) -> tuple[int, str]:
    """Tell the newest line that is closed, and the first day that was changed."""
    with reading(engine) as db:
        newest = newest_seal(db)
        assert newest is not None
        return newest.last["event"], first_broken_day(db)


def test_who_was_erased_before_the_backup_is_not_told_as_erased_again(
    installation: Installation,
) -> None:
    at = installation
    settle(at.engine, at.field)
    for words in (("privacy", "erase", LOGIN, "--yes"), ("backup", "make", str(at.file))):
        assert at.call(*words).exit_code == 0
    done = at.call("backup", "restore", "--replace", str(at.file))
    assert (done.exit_code, "erased again" in done.output) == (0, False), done.output


def test_a_command_is_parted_from_the_moment_of_its_backup() -> None:
    assert command_of("outreach backup drill") == ("outreach backup drill", None)
    assert command_of("/stages/<int:stage_id>/runs") == ("/stages/<int:stage_id>/runs", None)
    told = "outreach backup drill 2026-11-20T04:00:00+00:00"
    assert command_of(told) == ("outreach backup drill", NOW)
    for file in ("2026-11-23", "2026-11-22-14", "00010101", "2026-11-20T04:00:00+00:00"):
        made = f"outreach backup make {file}"
        assert command_of(made) == (made, None)
    assert command_of("outreach backup drill 00010101") == ("outreach backup drill 00010101", None)
