"""The limits on PostgreSQL: nothing holds up everybody, and what gave way is done again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoneFree

from outreach import db as databases
from outreach.db import (
    COMMAND,
    MOST_TRIES,
    SWEEPER,
    WEB,
    WORKER,
    Limits,
    be_patient,
    make_engine,
    reading,
    unit_of_work,
    written,
)
from tests.at_once import at_once
from tests.conftest import fresh_postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine
    from sqlmodel import Session

pytestmark = pytest.mark.postgres

SHORT = Limits("test", 3, 1, 3)


@pytest.fixture
def url(postgres_server: str) -> Iterator[str]:
    """A database with two rows of money."""
    with fresh_postgres(postgres_server, None) as url:
        made = make_engine(url)
        with unit_of_work(made) as db:
            db.execute(text("CREATE TABLE purse (id int PRIMARY KEY, coins int)"))
            db.execute(text("INSERT INTO purse VALUES (1, 0), (2, 0)"))
        made.dispose()
        yield url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made = make_engine(url, SHORT)
    yield made
    made.dispose()


def _told(db: Session, setting: str) -> str:
    return str(db.execute(text(f"SHOW {setting}")).scalar_one())


def _coins(engine: Engine) -> list[int]:
    with reading(engine) as db:
        return list(db.execute(text("SELECT coins FROM purse ORDER BY id")).scalars())


def _add(db: Session, number: int) -> None:
    db.execute(text("UPDATE purse SET coins = coins + 1 WHERE id = :id"), {"id": number})


@pytest.mark.parametrize(
    ("limits", "statement", "lock", "idle", "name"),
    [
        (WEB, "5s", "3s", "30s", "outreach web"),
        (WORKER, "1min", "20s", "30s", "outreach worker"),
        (SWEEPER, "1min", "20s", "30s", "outreach sweeper"),
        (COMMAND, "0", "30s", "0", "outreach command"),
    ],
)
def test_each_kind_of_process_has_its_limits(
    url: str, limits: Limits, statement: str, lock: str, idle: str, name: str
) -> None:
    made = make_engine(url, limits)
    with reading(made) as db:
        assert _told(db, "statement_timeout") == statement
        assert _told(db, "lock_timeout") == lock
        assert _told(db, "idle_in_transaction_session_timeout") == idle
        assert _told(db, "application_name") == name
    made.dispose()


def test_the_url_has_the_last_word(url: str) -> None:
    made = make_engine(f"{url}&options=-c%20statement_timeout%3D7s&application_name=ours", WEB)
    with reading(made) as db:
        assert _told(db, "statement_timeout") == "7s"
        assert _told(db, "lock_timeout") == "3s"
        assert _told(db, "application_name") == "ours"
    made.dispose()


def test_a_unit_of_work_over_the_whole_country_may_take_longer_and_no_other(url: str) -> None:
    made = make_engine(url, Limits("web", 5, 3, 1))
    with reading(made) as db:
        be_patient(db)
        assert _told(db, "statement_timeout") == _told(db, "lock_timeout") == "45s"
    with reading(made) as db:
        assert _told(db, "statement_timeout") == "5s"
    made.dispose()


def test_a_long_statement_is_cut_and_leaves_nothing(engine: Engine) -> None:
    assert _cut(engine, lambda db: _add(db, 1), _sleep) == "57014"
    assert _coins(engine) == [0, 0]


def test_a_lock_that_another_holds_is_waited_for_so_long(engine: Engine) -> None:
    with unit_of_work(engine) as first:
        _add(first, 1)
        assert _cut(engine, lambda db: _add(db, 2), lambda db: _add(db, 1)) == "55P03"
    assert _coins(engine) == [1, 0]


def test_whoever_holds_rows_and_does_nothing_is_ended(url: str) -> None:
    made = make_engine(f"{url}&options=-c%20idle_in_transaction_session_timeout%3D100", SHORT)

    def let_another_wait(_db: Session) -> None:
        with unit_of_work(made) as other:
            _add(other, 1)

    assert _cut(made, lambda db: _add(db, 1), let_another_wait, lambda db: _add(db, 1))
    assert _coins(made) == [1, 0]
    made.dispose()


def _sleep(db: Session) -> None:
    db.execute(text("SELECT pg_sleep(600)"))


def _cut(engine: Engine, *steps: Callable[[Session], None]) -> str:
    """Do the steps as one unit of work, which is broken off; tell by which code."""

    def do_all() -> None:
        with unit_of_work(engine) as db:
            for step in steps:
                step(db)

    with pytest.raises(DBAPIError) as cut:
        do_all()
    return str(getattr(cut.value.orig, "sqlstate", None) or cut.value.orig)


def test_a_process_opens_no_more_connections_than_it_may(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "CONNECT_SECONDS", 1)
    made = make_engine(url, SHORT)
    held = [made.connect() for _ in range(SHORT.connections)]
    with pytest.raises(NoneFree):
        made.connect()
    held.pop().close()
    made.connect().close()
    for one in held:
        one.close()
    made.dispose()


def test_two_that_wait_for_each_other_are_both_done(engine: Engine) -> None:
    tries: list[int] = []
    both = threading.Barrier(2)

    def crossing(first: int, second: int) -> Callable[[Session], None]:
        def work(db: Session) -> None:
            tries.append(first)
            # Patience, so that the database finds the ring before the wait is over.
            be_patient(db)
            _add(db, first)
            if tries.count(first) == 1:
                both.wait(30)
            _add(db, second)

        return work

    at_once(lambda: written(engine, crossing(1, 2)), lambda: written(engine, crossing(2, 1)))
    assert _coins(engine) == [2, 2]
    assert len(tries) == 3


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_who_gives_way_every_time_is_told_in_the_end(engine: Engine, sqlstate: str) -> None:
    tries = []

    def work(db: Session) -> None:
        tries.append(1)
        _add(db, 1)
        db.execute(
            text(f"DO $$ BEGIN RAISE EXCEPTION 'gave way' USING ERRCODE = '{sqlstate}'; END $$")
        )

    with pytest.raises(OperationalError):
        written(engine, work)
    assert len(tries) == MOST_TRIES
    assert _coins(engine) == [0, 0]


def test_another_error_is_not_tried_again(engine: Engine) -> None:
    tries = []

    def work(db: Session) -> None:
        tries.append(1)
        _add(db, 1)
        _sleep(db)

    with pytest.raises(OperationalError):
        written(engine, work)
    assert len(tries) == 1
    assert _coins(engine) == [0, 0]


@pytest.fixture
def narrow(url: str) -> Iterator[str]:
    """The same database for a role that gets one connection at a time."""
    made = make_engine(url)
    name = f"narrow_{made.url.database}"
    password = "one-at-a-time"
    with unit_of_work(made) as db:
        db.execute(text(f"CREATE ROLE {name} LOGIN CONNECTION LIMIT 1 PASSWORD '{password}'"))
    yield made.url.set(username=name, password=password).render_as_string(hide_password=False)
    with unit_of_work(made) as db:
        db.execute(text(f"DROP ROLE {name}"))
    made.dispose()


def test_a_worker_keeps_no_connection_while_it_thinks(narrow: str) -> None:
    workers = [make_engine(narrow, WORKER) for _ in range(3)]
    for worker in workers:
        with unit_of_work(worker) as db:
            assert db.execute(text("SELECT 1")).scalar_one() == 1
    # Who keeps one has to be told to give it up, or nobody else gets in.
    keeper = make_engine(narrow, SWEEPER)
    with unit_of_work(keeper) as db:
        db.execute(text("SELECT 1"))
    with pytest.raises(OperationalError), unit_of_work(make_engine(narrow, WEB)) as db:
        db.execute(text("SELECT 1"))
    keeper.dispose()


def test_a_worker_waits_for_a_place_on_a_server_that_is_full(
    narrow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder, waiting = make_engine(narrow, SHORT), make_engine(narrow, WORKER)
    tried, told = threading.Event(), []

    def tries(*_seconds: float) -> float:
        tried.set()
        return 0.05

    monkeypatch.setattr(databases, "uniform", tries)

    def ask() -> None:
        with unit_of_work(waiting) as db:
            told.append(db.execute(text("SELECT 1")).scalar_one())

    with unit_of_work(holder) as db:
        db.execute(text("SELECT 1"))
        asking = threading.Thread(target=ask)
        asking.start()
        assert tried.wait(60)
        assert told == []
    holder.dispose()
    asking.join(60)
    assert told == [1]
    # Not for ever: whoever never gets in says so.
    monkeypatch.setattr(databases, "PLACE_SECONDS", 0.1)
    with unit_of_work(holder) as db:
        db.execute(text("SELECT 1"))
        with pytest.raises(OperationalError), unit_of_work(waiting) as other:
            other.execute(text("SELECT 1"))
    holder.dispose()
