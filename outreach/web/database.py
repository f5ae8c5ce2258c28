"""The database behind a request: one engine per app, sessions that read, units that write."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import current_app
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from outreach.db import reading, unit_of_work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.config import Settings


#: PostgreSQL broke a unit of work off for another's sake: the same again goes well.
GAVE_WAY = frozenset({"40001", "40P01"})


@dataclass(frozen=True, slots=True)
class Running:
    """What one running app holds for as long as it lives."""

    settings: Settings
    engine: Engine


def running() -> Running:
    """Return the settings and the engine of the app that answers the request."""
    held: Running = current_app.extensions["outreach"]
    return held


@contextmanager
def reading_db() -> Iterator[Session]:
    """Open a session that only reads, for a view that shows."""
    with reading(running().engine) as db:
        yield db


@contextmanager
def writing_db() -> Iterator[Session]:
    """Open the unit of work of a view that changes something; it commits when it ends well."""
    with unit_of_work(running().engine) as db:
        yield db


def written[Done](work: Callable[[Session], Done]) -> Done:
    """Do a unit of work; once more if the database broke it off for another's sake."""
    try:
        with writing_db() as db:
            return work(db)
    except OperationalError as error:
        if not gave_way(error):
            raise
    with writing_db() as db:
        return work(db)


def gave_way(error: OperationalError) -> bool:
    """Tell whether a unit of work was broken off for another's sake, and nothing is wrong."""
    return getattr(error.orig, "sqlstate", None) in GAVE_WAY


def wait_briefly(db: Session) -> None:
    """Give up early on a row that another holds: who is told to come again waits better."""
    if db.get_bind().dialect.name == "postgresql":
        db.execute(text("SET LOCAL lock_timeout = '3s'"))
