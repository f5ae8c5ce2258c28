"""One engine, one way to open a unit of work, one place that commits."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from random import uniform
from typing import TYPE_CHECKING, Any

from sqlalchemy import Enum, MetaData, String, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.pool import NullPool
from sqlmodel import Session, SQLModel

from outreach.errors import UnsafeSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from enum import StrEnum

    from sqlalchemy import URL, Connection, Engine

SQLModel.metadata.naming_convention = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
).naming_convention

#: Region codes compare byte by byte, so that a prefix is a range the index can answer;
#: PostgreSQL's language orders would skip the dots.
CODE = String(13).with_variant(String(13, collation="C"), "postgresql")

#: PostgreSQL broke a unit of work off for another's sake: the same again goes well.
GAVE_WAY = frozenset({"40001", "40P01"})
#: How often one is done before whoever asked for it is told.
MOST_TRIES = 3
#: It cut a unit of work short by the limits that we set it: of a statement, of an idle
#: transaction, of waiting for a row.
CUT_SHORT = frozenset({"57014", "25P03", "55P03"})

#: Its role may not do what it was asked to; while connecting there is no code for it.
NO_RIGHT = "42501"
NO_WAY_IN = "permission denied for database"

#: How long a server may take to let a connection in, and a pool to have one free.
CONNECT_SECONDS = 10

#: How long whoever works in the background waits for a place on a server that is full.
PLACE_SECONDS = 20
#: How a server tells that it is: while connecting there is no code for it.
NO_PLACE = ("too many clients", "too many connections", "connection slots")

#: The default of a new column of text: the code of the version before may run beside this one and
#: writes no such column.
EMPTY = {"server_default": ""}

#: Who waits for a server that is gone without a word, its machine or the way to it, gives it up
#: within half a minute; left to itself, a connection waits a quarter of an hour, or two hours.
VANISHED = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}

#: Rows written or asked for in one statement; SQLite takes 32,766 values.
ROWS_PER_STATEMENT = 500


def words(kind: type[StrEnum]) -> Enum:
    """Store an enum as its word and let a check constraint hold it, on every database alike."""
    return Enum(
        kind,
        native_enum=False,
        length=32,
        create_constraint=True,
        name=kind.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """What the connections of one kind of process may take of a PostgreSQL server.

    No transaction may stand idle for long: whoever waits for something else while holding rows
    holds up everybody. Only a command, which somebody watches, may think in the middle of one.
    """

    name: str
    #: The longest one statement may take; 0 is for ever.
    statement_seconds: int
    #: The longest it may wait for what another holds.
    lock_seconds: int
    #: The most connections that one process opens.
    connections: int = 2
    #: The longest a transaction may stand idle; 0 is for ever.
    idle_seconds: int = 30
    #: Whether connections are kept open while nobody needs them.
    keeps: bool = True


#: Who waits before a screen is told early to come again.
WEB = Limits("web", 5, 3, 15)
#: Hundreds think at the same time, and few of them need the database: none keeps a connection.
WORKER = Limits("worker", 60, 20, keeps=False)
SWEEPER = Limits("sweeper", 60, 20)
#: Loading the registry takes as long as it takes; but a migration that waits for a table keeps
#: everybody waiting behind it.
COMMAND = Limits("command", 0, 30, 15, idle_seconds=0)

#: What a unit of work may take at each step that reckons over the whole country.
PATIENT_SECONDS = 45

#: Connections that are kept open while nobody needs them: one for each thread of a web process.
#: What goes beyond is made anew for each request, and a new one answers its first questions slowly.
KEPT_OPEN = 8


def make_engine(url: str, limits: Limits = COMMAND) -> Engine:
    """Make the engine for *url*; SQLite gets WAL, checked foreign keys and honest write locks.

    The *limits* hold on PostgreSQL, unless `options` in the URL say otherwise.

    Raises
    ------
    UnsafeSettings
        If *url* is no database URL, or names a database we do not support.
    """
    try:
        address = make_url(_with_driver(url))
        more = _limited(address, limits) if address.get_backend_name() == "postgresql" else {}
        engine = create_engine(
            address, hide_parameters=True, pool_pre_ping=True, json_serializer=_json, **more
        )
    except (ArgumentError, ModuleNotFoundError, ValueError) as error:
        raise UnsafeSettings(setting="DATABASE_URL", problem="not_a_database_url") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    elif engine.dialect.name != "postgresql":
        raise UnsafeSettings(setting="DATABASE_URL", problem="unsupported_database")
    elif not limits.keeps:
        event.listen(engine, "do_connect", _connect_in_turn)
    return engine


def _connect_in_turn(dialect: Any, _record: object, words: Any, told: Any) -> Any:
    """Connect; while the server has no place free, wait for one: others are done in moments."""
    until = time.monotonic() + PLACE_SECONDS
    while True:
        try:
            return dialect.connect(*words, **told)
        except dialect.loaded_dbapi.OperationalError as error:
            is_full = any(told_so in str(error) for told_so in NO_PLACE)
            if not is_full or time.monotonic() > until:
                raise
        time.sleep(uniform(0.05, 0.5))  # noqa: S311 - no secret


def _limited(address: URL, limits: Limits) -> dict[str, Any]:
    """Say the limits while connecting: no statement more, and nothing to forget on the way."""
    ours = {
        "statement_timeout": limits.statement_seconds,
        "lock_timeout": limits.lock_seconds,
        "idle_in_transaction_session_timeout": limits.idle_seconds,
    }
    told: dict[str, Any] = {"application_name": f"outreach {limits.name}", **VANISHED}
    told["connect_timeout"] = CONNECT_SECONDS
    # The last word is the URL's.
    options = [f"-c {name}={seconds}s" for name, seconds in ours.items()]
    options += address.normalized_query.get("options", ())
    told = {name: value for name, value in told.items() if name not in address.query}
    connecting = {"connect_args": {**told, "options": " ".join(options)}}
    if not limits.keeps:
        return {**connecting, "poolclass": NullPool}
    kept = min(KEPT_OPEN, limits.connections)
    return {
        **connecting,
        "pool_size": kept,
        "max_overflow": limits.connections - kept,
        "pool_timeout": CONNECT_SECONDS,
    }


def be_patient(db: Session) -> None:
    """Let this unit of work take longer: it reckons over the country, or waits for one that does.

    It is no longer than a proxy waits for an answer.
    """
    if db.get_bind().dialect.name == "postgresql":
        for limit in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            db.execute(text(f"SET LOCAL {limit} = '{PATIENT_SECONDS}s'"))


def _with_driver(url: str) -> str:
    # Hosting platforms hand out "postgres://…", which SQLAlchemy no longer reads.
    return "postgresql+psycopg://" + url.split("://", 1)[1] if url.startswith("postgres") else url


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "busy_timeout=10000",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A deferred BEGIN that turns into a write silently loses updates between processes; readers
    # must not queue behind writers, so they say so and get the plain one.
    reading_only = connection.get_execution_options().get("readonly", False)
    connection.exec_driver_sql("BEGIN" if reading_only else "BEGIN IMMEDIATE")


@contextmanager
def unit_of_work(engine: Engine) -> Iterator[Session]:
    """Commit when the block ends well, roll back when it does not."""
    with Session(engine, expire_on_commit=False) as db, db.begin():
        yield db


def written[Done](engine: Engine, work: Callable[[Session], Done]) -> Done:
    """Do a unit of work; again, up to `MOST_TRIES` times, if it was broken off for another's sake.

    For work alone that may be repeated: it reads all it goes by from the session it is given, and
    changes nothing but the database.
    """
    for tried in range(1, MOST_TRIES):
        try:
            with unit_of_work(engine) as db:
                return work(db)
        except OperationalError as error:
            if not gave_way(error):
                raise
        # Apart, or the same two meet again.
        time.sleep(uniform(0.01, 0.05) * tried)  # noqa: S311 - no secret
    with unit_of_work(engine) as db:
        return work(db)


def gave_way(error: DBAPIError) -> bool:
    """Tell whether a unit of work was broken off for another's sake, and nothing is wrong."""
    return getattr(error.orig, "sqlstate", None) in GAVE_WAY


def lacks_rights(error: BaseException | None) -> bool:
    """Tell whether the database answers and refuses its role: nobody but its owner mends that."""
    told = getattr(error, "orig", None)
    return getattr(told, "sqlstate", None) == NO_RIGHT or NO_WAY_IN in str(told)


def did_not_serve(error: Exception) -> bool:
    """Tell whether the database is away, has no place, refuses its role or cut the work short.

    Nothing is wrong with what was asked: later, the same goes well.
    """
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    is_away = isinstance(error, OperationalError | NoneFree)
    return is_away or state in CUT_SHORT or lacks_rights(error)


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Open a session that only reads: it never waits for a writer and never commits."""
    with Session(engine.execution_options(readonly=True), expire_on_commit=False) as db:
        yield db


def insert_into(db: Session, table: Any) -> Any:
    """Make the insert of the database at hand: the one that can say what to do on a conflict."""
    make = postgresql.insert if db.get_bind().dialect.name == "postgresql" else sqlite.insert
    return make(table)
