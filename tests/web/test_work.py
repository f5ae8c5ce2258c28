"""What a request is charged is its own work, however busy the server and the database are."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from outreach.db import did_not_serve
from outreach.visits.leased_rows import Failure, error_text, failure_of
from outreach.web.work import AROUND_SECONDS, DATABASE_SHARE, MOST_WAITING, Stopwatch, count_waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

#: What the database is asked to take, and so many times as much work is told for it at most.
SLEEP_SECONDS = 0.5
MOST_TIMES = 1 + DATABASE_SHARE * MOST_WAITING


@pytest.fixture
def counted(postgres_engine: Engine) -> Iterator[Connection]:
    engine = create_engine(postgres_engine.url)
    count_waiting(engine)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _work(seconds: float) -> float:
    """Work so long, whoever else does; answer what it took of the processor."""
    began = time.thread_time()
    while time.thread_time() - began < seconds:
        pass
    return time.thread_time() - began


@pytest.mark.postgres
def test_waiting_for_the_database_counts_as_far_as_there_is_work_with_it(
    counted: Connection,
) -> None:
    counted.execute(text("SELECT 1"))
    stopwatch = Stopwatch()
    counted.execute(text(f"SELECT pg_sleep({SLEEP_SECONDS})"))
    assert stopwatch.seconds() < DATABASE_SHARE * SLEEP_SECONDS / 2, "it waits for others"
    worked = _work(2 * SLEEP_SECONDS)
    assert stopwatch.seconds() >= worked + DATABASE_SHARE * SLEEP_SECONDS
    assert not stopwatch.is_cut_short


@pytest.mark.postgres
def test_a_page_costs_the_same_beside_busy_threads(counted: Connection) -> None:
    """They wait for each other at every statement; each is charged for itself."""

    def page() -> float:
        stopwatch = Stopwatch()
        began = time.thread_time()
        for _ in range(50):
            counted.execute(text("SELECT 1"))
            _work(0.001)
        own = time.thread_time() - began
        return (stopwatch.seconds() - AROUND_SECONDS) / own

    others = [threading.Thread(target=_work, args=(1.0,)) for _ in range(7)]
    for one in others:
        one.start()
    times = page()
    for one in others:
        one.join()
    assert 1.0 <= times <= MOST_TIMES + 0.01


@pytest.mark.postgres
def test_a_statement_that_is_broken_off_is_seen(counted: Connection) -> None:
    whole, broken = Stopwatch(), Stopwatch()
    counted.execute(text("SET LOCAL statement_timeout = 100"))
    assert not whole.is_cut_short
    with pytest.raises(DBAPIError, match="statement timeout"):
        counted.execute(text("SELECT pg_sleep(5)"))
    assert broken.is_cut_short
    assert not Stopwatch().is_cut_short, "the next request's is another"


def test_who_waits_for_sqlite_waits_for_others(sqlite_engine: Engine) -> None:
    """It works in the thread itself, which the processor's time tells."""
    engine = create_engine(sqlite_engine.url)
    count_waiting(engine)
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.create_function("nap", 0, lambda: time.sleep(SLEEP_SECONDS))
        stopwatch = Stopwatch()
        connection.execute(text("SELECT nap()"))
        _work(SLEEP_SECONDS)
        assert stopwatch.seconds() < 1.5 * SLEEP_SECONDS
    engine.dispose()


@pytest.mark.postgres
def test_what_the_database_cut_short_is_told_from_what_is_wrong(
    postgres_engine: Engine,
) -> None:
    def broken(statement: str, limit: str = "SELECT 1") -> DBAPIError:
        with postgres_engine.connect() as connection:
            connection.execute(text(limit))
            time.sleep(0.3)
            with pytest.raises(DBAPIError) as told:
                connection.execute(text(statement))
        return told.value

    idle = broken("SELECT 1", "SET LOCAL idle_in_transaction_session_timeout = 100")
    slow = broken("SELECT pg_sleep(5)", "SET LOCAL statement_timeout = 100")
    assert did_not_serve(idle)
    assert did_not_serve(slow)
    assert not did_not_serve(broken("SELECT 1/0"))
    assert failure_of(error_text(idle)) is Failure.DATABASE
