"""Every day is closed once; whoever changes, removes or adds a line afterwards is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlmodel import Session, col, select

from outreach.cli import main
from outreach.db import make_engine, reading, unit_of_work
from outreach.history.tables import SealedDay
from outreach.safekeeping.chain import first_broken_day, seal_days
from outreach.safekeeping.checking import check_data
from tests.rewriting import let_days_be_over, unlock_history
from tests.safekeeping.test_history_kept import tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from tests.field import Field

FIRST = datetime(2026, 12, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def sealed(engine: Engine) -> list[SealedDay]:
    with reading(engine) as db:
        return list(db.scalars(select(SealedDay).order_by(col(SealedDay.day))))


def broken(engine: Engine) -> str:
    with reading(engine) as db:
        return first_broken_day(db)


@pytest.fixture
def closed(season: tuple[str, Field]) -> Iterator[Engine]:
    """Three closed days, from 30 November on, and a line of the day that is on."""
    engine = make_engine(season[0])
    let_days_be_over(engine)
    for day in range(3):
        now = FIRST + day * DAY
        tell(engine, at=now - DAY, about=day)
        tell(engine, at=now - DAY, about=day + 10)
        assert seal_days(engine, now) == 1
    tell(engine, at=FIRST + 2 * DAY)
    yield engine
    engine.dispose()


def test_every_day_is_closed_once_and_holds_its_own_lines(closed: Engine) -> None:
    days = sealed(closed)
    assert [one.day for one in days] == [date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 2)]
    season = days[0].last["visit_event"]
    assert [one.lines for one in days] == [season + 2, 2, 2]  # what was before is in the first
    assert season > 8
    assert [one.last["event"] for one in days] == [2, 4, 6]
    assert len({one.digest for one in days}) == 3
    assert seal_days(closed, FIRST + 2 * DAY + timedelta(hours=22)) == 0
    assert broken(closed) == ""


def test_the_first_closing_of_a_new_installation_is_of_nothing(engine: Engine) -> None:
    let_days_be_over(engine)
    assert seal_days(engine, FIRST) == 1
    assert [one.lines for one in sealed(engine)] == [0]
    assert broken(engine) == ""


def test_days_without_a_sweeper_are_closed_one_by_one(closed: Engine) -> None:
    assert seal_days(closed, FIRST + 6 * DAY) == 4
    assert [one.lines for one in sealed(closed)][3:] == [1, 0, 0, 0]
    assert broken(closed) == ""


def test_a_line_that_comes_late_belongs_to_the_next_day(closed: Engine) -> None:
    tell(closed, at=FIRST)  # of 1 December, which is closed
    assert broken(closed) == ""
    assert seal_days(closed, FIRST + 3 * DAY) == 1
    assert sealed(closed)[-1].lines == 2
    assert broken(closed) == ""


#: What somebody does who goes around the database, and the first day that does not agree.
FAULTS = {
    "UPDATE event SET about = 99 WHERE id = 3": "2026-12-01",
    "UPDATE event SET account_id = 1 WHERE id = 6": "2026-12-02",
    "UPDATE event SET at = '2026-12-01 05:00:00.000000' WHERE id = 6": "2026-12-02",
    "UPDATE visit_event SET reason = 'nothing' WHERE id = 1": "2026-11-30",
    "DELETE FROM event WHERE id = 4": "2026-12-01",
    "DELETE FROM event WHERE id = 6": "2026-12-02",
    "UPDATE event SET id = 100 WHERE id = 3": "2026-12-01",
    "UPDATE event SET id = -1 WHERE id = 5": "2026-11-30",
    "INSERT INTO event (id, at, deed, role, regions, numbers, page)"
    " SELECT 0, at, deed, role, regions, numbers, page FROM event WHERE id = 4": "2026-11-30",
    "UPDATE sealed_day SET lines = lines + 1 WHERE day = '2026-12-01'": "2026-12-01",
    "DELETE FROM sealed_day WHERE day = '2026-12-01'": "2026-12-02",
    "DELETE FROM sealed_day WHERE day = '2026-11-30'": "2026-12-01",
    "UPDATE sealed_day SET day = '2026-12-09' WHERE day = '2026-12-02'": "2026-12-09",
}


def test_whoever_goes_around_the_database_is_told(closed: Engine) -> None:
    with closed.connect() as connection:
        unlock_history(connection)
        for fault, day in FAULTS.items():
            with connection.begin_nested() as planted:
                connection.execute(text(fault))
                with Session(connection, join_transaction_mode="create_savepoint") as db:
                    assert first_broken_day(db) == day, fault
                planted.rollback()
        connection.rollback()
    assert broken(closed) == ""


def test_a_line_slipped_in_is_told(closed: Engine) -> None:
    """Where another was: between closed lines there is no free number."""
    with unit_of_work(closed) as db:
        unlock_history(db)
        db.execute(text("DELETE FROM event WHERE id = 3"))
        db.execute(
            text(
                "INSERT INTO event (id, at, deed, role, regions, numbers, page)"
                " SELECT 3, at, deed, role, regions, numbers, page FROM event WHERE id = 4"
            )
        )
    assert broken(closed) == "2026-12-01"
    with reading(closed) as db:
        found = {one.rule: one.broken for one in check_data(db)}
    assert found["history_rewritten"] == ("day 2026-12-01",)


@pytest.mark.postgres
def test_no_day_is_closed_while_somebody_writes(postgres_engine: Engine) -> None:
    let_days_be_over(postgres_engine)
    tell(postgres_engine, at=FIRST - DAY)
    with unit_of_work(postgres_engine) as db:
        db.execute(
            text(
                "INSERT INTO event (at, deed, role, regions, numbers, page)"
                " SELECT at, deed, role, regions, numbers, page FROM event"
            )
        )
        tell(postgres_engine, at=FIRST - DAY)  # others go on: with a higher number, and sooner
        assert seal_days(postgres_engine, FIRST) == 0
    assert seal_days(postgres_engine, FIRST) == 1
    assert sealed(postgres_engine)[0].lines == 3
    assert broken(postgres_engine) == ""


def test_the_command_tells_what_was_changed(
    closed: Engine, season: tuple[str, Field], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", season[0])
    monkeypatch.setenv("SECRET_KEY", "of-this-test-alone-0123456789-0123456789")
    monkeypatch.setenv("LOCALE", "en")
    told = CliRunner().invoke(main, ("history", "check"))
    assert told.exit_code == 0, told.output
    assert sealed(closed)[-1].digest in told.output.replace(":", "")
    assert f"{sealed(closed)[-1].day:%d/%m/%Y}" in told.output
    kept = told.output.split()[-1]
    assert CliRunner().invoke(main, ("history", "check", "--had", kept)).exit_code == 0
    with unit_of_work(closed) as db:
        unlock_history(db)
        db.execute(text("DELETE FROM sealed_day WHERE day = '2026-12-02'"))
    assert CliRunner().invoke(main, ("history", "check")).exit_code == 0
    mistyped = CliRunner().invoke(main, ("history", "check", "--had", kept[:-1]))
    assert mistyped.exit_code == 1
    assert "64" in mistyped.output
    other = CliRunner().invoke(main, ("history", "check", "--had", kept))
    assert (other.exit_code, "another history" in other.output) == (1, True)
    with unit_of_work(closed) as db:
        unlock_history(db)
        db.execute(text("DELETE FROM event WHERE id = 4"))
    told = CliRunner().invoke(main, ("history", "check"))
    assert (told.exit_code, "01/12/2026" in told.output) == (1, True)
