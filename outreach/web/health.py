"""Says from outside whether this process lives, and whether the product can do its work."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from alembic.migration import MigrationContext
from flask import Blueprint, current_app, jsonify
from sqlalchemy.exc import SQLAlchemyError

from outreach.db import lacks_rights
from outreach.migrations import steps
from outreach.watch.beating import read_beats
from outreach.watch.judging import missing, with_another_key
from outreach.web.database import reading_db
from outreach.web.map_data import map_data
from outreach.web.routing import public

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from flask.typing import ResponseReturnValue

    from outreach.watch.tables import Heartbeat

pages = Blueprint("health", __name__)


@pages.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """Answer 200 as long as this process answers at all; it asks nobody else."""
    return jsonify(status="ok")


@pages.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """Answer 200 where people and phones can be served, else 503 with what keeps us from it.

    Plans wait where no worker or no sweeper lives. That is told, and takes no web out of service:
    what people and phones send is kept meanwhile. So are keys that differ, for which of them is
    wrong nobody knows: all webs could go; and a map that this web lacks. Carries no data.
    """
    try:
        with reading_db() as db:
            at = MigrationContext.configure(db.connection()).get_current_heads()
            if not _serves(at):
                return _not_ready("tables_not_up_to_date")
            lines = read_beats(db)
    except SQLAlchemyError as error:
        return _not_ready(_why_not(error))
    now = datetime.now(UTC)
    away, wrong = missing(lines, now), _wrong(lines, now)
    if not away and not wrong:
        return jsonify(status="ok")
    return jsonify(status="plans_wait" if away else "needs_somebody", missing=[*away, *wrong])


def _wrong(lines: Sequence[Heartbeat], now: datetime) -> list[str]:
    """Name what a person has to mend while everybody works on."""
    differ = ["keys_differ"] if with_another_key(lines, now) else []
    return differ if map_data().store.map_manifest() else [*differ, "no_map"]


def _why_not(error: SQLAlchemyError) -> str:
    """Tell a database that is away from one that answers and refuses our role."""
    if lacks_rights(error):
        # With the error, by which the log knows what to say instead, and how often.
        current_app.logger.warning("the database's role lacks rights", exc_info=error)
        return "rights_missing"
    current_app.logger.warning("the database does not answer: %s", type(error).__name__)
    return "database_does_not_answer"


def _not_ready(why: str) -> ResponseReturnValue:
    return jsonify(status="not_ready", missing=[why]), 503


def _serves(at: Collection[str]) -> bool:
    """Whether tables that have come so far are ours, or of a step that we do not know yet.

    Steps only add: while an update goes from machine to machine, the version before serves on.
    """
    known = _steps()
    return bool(at) and all(step == known[-1] or step not in known for step in at)


_steps = cache(steps)
