"""Nobody who may only add to the history can stop it being closed by what is added."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from outreach.cli import main
from outreach.db import reading, unit_of_work
from outreach.safekeeping import chain
from outreach.safekeeping.chain import newest_seal, seal_days, stands_still
from tests.rewriting import let_days_be_over
from tests.safekeeping.test_history_kept import running, tell

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["running"]

TODAY = datetime.now(UTC).replace(hour=12)
DAY = timedelta(days=1)
LINE = "INSERT INTO event (id, at, deed, role, regions, numbers, page)"
TOLD = "'2026-01-01 00:00:00', 'login', '', '', 0, ''"


def seal(day: datetime, event: int = 1) -> str:
    last = f'{{"event": {event}, "ledger_change": 0, "visit_event": 0}}'
    return (
        "INSERT INTO sealed_day (day, last, lines, digest, sealed_at) VALUES"
        f" ('{day:%Y-%m-%d}', '{last}', 0, 'x', '2026-01-01 00:00:00')"
    )


def put(engine: Engine, statement: str) -> None:
    with engine.begin() as db:
        db.exec_driver_sql(statement)


@pytest.fixture
def closed(engine: Engine) -> Engine:
    """Two lines, the first of them in a day that was closed two days ago."""
    tell(engine, at=TODAY - 4 * DAY)
    assert seal_days(engine, TODAY - 2 * DAY) == 1
    tell(engine, at=TODAY - 2 * DAY)
    return engine


#: Each would stand in the way of every day to come, or of the lines of it.
REFUSED = {
    "a day to come": seal(TODAY + 400 * DAY),
    "today": seal(TODAY),
    "a day left out": seal(TODAY - DAY),
    "a day before the first": seal(TODAY - 9 * DAY),
    "numbers to come": seal(TODAY - 2 * DAY, 3),
    "numbers that were closed": seal(TODAY - 2 * DAY, 0),
    "no numbers": seal(TODAY - 2 * DAY).replace("event", "other"),
    "the last number": f"{LINE} VALUES (2147483647, {TOLD})",
    "a number to come": f"{LINE} VALUES (4, {TOLD})",
    "a number before the first": f"{LINE} VALUES (0, {TOLD})",
    "a number below zero": f"{LINE} VALUES (-5, {TOLD})",
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_would_stop_the_closing_is_refused(closed: Engine, what: str) -> None:
    with pytest.raises(IntegrityError, match=r"out of turn|not over"):
        put(closed, REFUSED[what])
    assert seal_days(closed, TODAY) == 2
    tell(closed)
    with reading(closed) as db:
        newest = newest_seal(db)
        assert newest is not None
        assert (newest.day, newest.last["event"]) == ((TODAY - DAY).date(), 2)


def test_the_next_day_goes_in(closed: Engine) -> None:
    put(closed, seal(TODAY - 2 * DAY, 2))


@pytest.mark.postgres
def test_a_number_that_a_closed_day_has_passed_is_refused(postgres_engine: Engine) -> None:
    """What was given and not used leaves a gap; in a closed day nothing is slipped into it."""
    put(postgres_engine, "SELECT nextval('event_id_seq')")
    tell(postgres_engine, at=TODAY - 3 * DAY)
    assert seal_days(postgres_engine, TODAY) == 1
    with pytest.raises(IntegrityError, match="out of turn"):
        put(postgres_engine, f"{LINE} VALUES (1, {TOLD})")


@pytest.mark.postgres
def test_tables_of_ones_own_do_not_deceive_the_triggers(running: tuple[Engine, Engine]) -> None:
    _, product = running
    with product.connect() as db:
        db.execute(text("CREATE TEMP TABLE sealed_day (day date, last json)"))
        db.execute(text("SET search_path = pg_temp, public"))
        day = seal(TODAY - 400 * DAY).replace("INTO sealed", "INTO public.sealed")
        with pytest.raises(IntegrityError, match="out of turn"):
            db.exec_driver_sql(day)


def test_a_day_too_early_is_told_aloud(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    """Where it stands there from before, or somebody went around the triggers."""
    let_days_be_over(engine)
    with reading(engine) as db:
        assert not stands_still(db, TODAY)
    put(engine, seal(TODAY + 400 * DAY, 0))
    assert seal_days(engine, TODAY) == 0
    assert [one.levelname for one in caplog.records] == ["ERROR"]
    assert f"{TODAY + 400 * DAY:%Y-%m-%d}" in caplog.text
    with reading(engine) as db:
        assert stands_still(db, TODAY)


def test_days_that_nobody_closes_are_told(closed: Engine) -> None:
    with reading(closed) as db:
        assert stands_still(db, TODAY)
        assert not stands_still(db, TODAY - 2 * DAY)
        assert not stands_still(db, TODAY - DAY)  # the sweeper is at it


def test_a_history_of_which_no_day_was_ever_closed_is_told(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SECRET_KEY", "of-this-test-alone-0123456789-0123456789")
    monkeypatch.setenv("LOCALE", "en")
    with reading(engine) as db:
        assert not stands_still(db, TODAY)  # there is nothing to close
    tell(engine, at=TODAY - 2 * DAY)
    with reading(engine) as db:
        assert not stands_still(db, TODAY - DAY)  # the sweeper is at it
        assert stands_still(db, TODAY)
    monkeypatch.setattr(chain, "_has_lock", lambda _db, number: number != chain.WRITING)
    done = CliRunner().invoke(main, ("history", "close"))
    assert "Days closed: 0" in done.output
    assert (done.exit_code, "cannot be closed" in done.output) == (1, True), done.output


def test_the_command_tells_that_nothing_can_be_closed(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SECRET_KEY", "of-this-test-alone-0123456789-0123456789")
    monkeypatch.setenv("LOCALE", "en")
    done = CliRunner().invoke(main, ("history", "close"))
    assert (done.exit_code, "Days closed: 1" in done.output) == (0, True), done.output
    let_days_be_over(engine)
    with unit_of_work(engine) as db:
        db.execute(text(seal(TODAY, 0).replace('":', '"\\:')))
    done = CliRunner().invoke(main, ("history", "close"))
    assert (done.exit_code, "cannot be closed" in done.output) == (1, True), done.output
