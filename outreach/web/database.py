"""The database behind a request: one engine per app, sessions that read, units that write."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import current_app

from outreach import db as databases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.config import Settings


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
    """Open a session that only reads, for a view that shows; `be_patient` gives it more time."""
    with databases.reading(running().engine) as db:
        yield db


@contextmanager
def writing_db() -> Iterator[Session]:
    """Open the unit of work of a view that changes something; it commits when it ends well."""
    with databases.unit_of_work(running().engine) as db:
        yield db


def written[Done](work: Callable[[Session], Done]) -> Done:
    """Do a unit of work that may be repeated, as `outreach.db.written` does.

    Only what reads all it goes by from the session it is given: a view that has written to the
    person's session or has sent anything would do so twice. Those leave it to whoever pressed.
    """
    return databases.written(running().engine, work)
