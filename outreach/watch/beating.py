"""Heartbeats: how a process tells that it lives, and what is known of all of them."""

from __future__ import annotations

import logging
import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, event, make_url, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from outreach.config import fingerprint
from outreach.db import Limits, insert_into, make_engine, unit_of_work
from outreach.watch.logs import take_errors
from outreach.watch.tables import Heartbeat, ProcessKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Engine
    from sqlmodel import Session

BEAT_EVERY = timedelta(seconds=15)
#: Whoever has left no line for so long is late, and may hang or be gone.
LATE_AFTER = timedelta(seconds=60)
#: Lines of processes that ended without a word are shown so long.
FORGOTTEN_AFTER = timedelta(days=1)

#: A beat of a worker waits no longer for the database: it is left out then.
PATIENCE_SECONDS = 2
_BEAT = Limits("beat", PATIENCE_SECONDS, PATIENCE_SECONDS, 1)

#: So many hosts or processes are named where keys differ.
MOST_NAMED = 10

log = logging.getLogger(__name__)

#: Who has told already that others have another key.
_warned: set[Process] = set()


@dataclass(frozen=True, slots=True)
class Process:
    """Who leaves a line."""

    kind: ProcessKind
    pid: int
    started_at: datetime
    #: Those that a worker serves.
    queues: tuple[str, ...] = ()
    #: Of its `SECRET_KEY`.
    key_fingerprint: str = ""

    @property
    def name(self) -> str:
        """Name the process so that no other has the same name while it lives."""
        return name_of(self.kind, self.pid)


def name_of(kind: ProcessKind, pid: int) -> str:
    """Name a process of this machine."""
    return f"{kind.value}-{pid}@{socket.gethostname()}"


def this_process(kind: ProcessKind, secret: str, queues: Iterable[str] = ()) -> Process:
    """Tell who this process is; it starts now. Of its secret only a fingerprint is kept."""
    served = tuple(sorted(queues))
    return Process(kind, os.getpid(), datetime.now(UTC), served, fingerprint(secret))


@cache
def our_version() -> str:
    """Tell the version of the product that this process runs."""
    return version("outreach")


def beat(db: Session, process: Process, now: datetime, errors: int = 0) -> None:
    """Leave the line of a process; `errors` are those logged since the line before."""
    told = {
        "name": process.name,
        "kind": process.kind,
        "host": socket.gethostname(),
        "version": our_version(),
        "started_at": process.started_at,
        "seen_at": now,
        "errors": errors,
        "queues": ",".join(process.queues),
        "key_fingerprint": process.key_fingerprint,
    }
    # The same number on the same machine may be another process's than yesterday.
    is_same = col(Heartbeat.started_at) == process.started_at
    db.execute(delete(Heartbeat).where(col(Heartbeat.name) == process.name, ~is_same))
    made = insert_into(db, Heartbeat).values(**told)
    kept: dict[str, Any] = {"seen_at": now, "errors": Heartbeat.errors + errors}
    db.execute(made.on_conflict_do_update(index_elements=["name"], set_=kept))


def note_errors(db: Session, name: str, errors: int) -> None:
    """Count errors to the line of another process: of the worker whose child has logged them."""
    line = update(Heartbeat).where(col(Heartbeat.name) == name)
    db.execute(line.values(errors=Heartbeat.errors + errors))


def leave(db: Session, process: Process) -> None:
    """Take the line of a process away: it ends as it was told to."""
    db.execute(delete(Heartbeat).where(col(Heartbeat.name) == process.name))


def forget_beats(db: Session, now: datetime) -> None:
    """Take the lines away of whoever ended without a word a day ago."""
    db.execute(delete(Heartbeat).where(col(Heartbeat.seen_at) < now - FORGOTTEN_AFTER))


def read_beats(db: Session) -> Sequence[Heartbeat]:
    """Read all lines: by kind, the longest running first."""
    query = select(Heartbeat).order_by(
        col(Heartbeat.kind), col(Heartbeat.started_at), col(Heartbeat.name)
    )
    return db.scalars(query).all()


def is_late(line: Heartbeat, now: datetime) -> bool:
    """Tell whether a process has been silent for too long."""
    return line.seen_at < now - LATE_AFTER


def living(db: Session, now: datetime) -> dict[ProcessKind, int]:
    """Count the processes of each kind that are not late."""
    alive = select(col(Heartbeat.kind)).where(col(Heartbeat.seen_at) >= now - LATE_AFTER)
    kinds = db.scalars(alive).all()
    return {kind: kinds.count(kind) for kind in ProcessKind}


def hosts_with_another_key(db: Session, process: Process, now: datetime) -> list[str]:
    """Name where processes live whose key is another; who has told none counts as no other."""
    key = col(Heartbeat.key_fingerprint)
    is_other = key.not_in(("", process.key_fingerprint))
    is_alive = col(Heartbeat.seen_at) >= now - LATE_AFTER
    hosts = select(col(Heartbeat.host)).where(is_other, is_alive).distinct()
    return list(db.scalars(hosts.order_by(col(Heartbeat.host))))


def first_named(names: Sequence[str]) -> str:
    """Name the first of many, and tell that there are more."""
    return ", ".join(names[:MOST_NAMED]) + " …" * (len(names) > MOST_NAMED)


def _warn_of_other_keys(db: Session, process: Process, now: datetime) -> None:
    """Say once in a process's life that others have another key: whose is wrong it cannot know."""
    if process in _warned or not process.key_fingerprint:
        return
    hosts = hosts_with_another_key(db, process, now)
    if hosts:
        _warned.add(process)
        log.warning(
            "SECRET_KEY is another here than on %s: what one signs, the other refuses. "
            "Set the same on every machine and start its processes anew.",
            first_named(hosts),
        )


def beat_carefully(engine: Engine, process: Process) -> None:
    """Leave a line in a transaction of its own; a database that is away only leaves it out."""
    try:
        with unit_of_work(engine) as db:
            now = datetime.now(UTC)
            beat(db, process, now, take_errors())
            _warn_of_other_keys(db, process, now)
    except SQLAlchemyError as error:
        log.info("no heartbeat: %s", type(error).__name__)


def leave_carefully(engine: Engine, process: Process) -> None:
    """Take the line away; whoever cannot is found silent."""
    try:
        with unit_of_work(engine) as db:
            leave(db, process)
    except SQLAlchemyError as error:
        log.info("the heartbeat stays: %s", type(error).__name__)


def impatient_engine(url: str) -> Engine:
    """Make an engine for beats alone, which never keeps its process waiting for long.

    It is not the engine of the work, whose connections the children of a worker must not inherit:
    dispose of it after each beat.
    """
    address = make_url(url)
    if address.get_backend_name() == "postgresql":
        address = address.update_query_dict({"connect_timeout": str(PATIENCE_SECONDS)})
    made = make_engine(address.render_as_string(hide_password=False), _BEAT)
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", _wait_briefly)
    return made


def _wait_briefly(connection: Any, _record: object) -> None:
    connection.execute(f"PRAGMA busy_timeout={PATIENCE_SECONDS * 1000}")
