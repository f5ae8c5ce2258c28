"""Says from outside whether this process lives, and whether the product can do its work."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, current_app, jsonify
from sqlalchemy.exc import SQLAlchemyError

import outreach
from outreach.watch.beating import living
from outreach.watch.judging import missing
from outreach.web.database import reading_db
from outreach.web.routing import public

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

pages = Blueprint("health", __name__)


@pages.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """Answer 200 as long as this process answers at all; it asks nobody else."""
    return jsonify(status="ok")


@pages.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """Answer 200 once all parts are there, else 503 with what is missing; carries no data."""
    missing = _missing()
    if missing:
        return jsonify(status="not_ready", missing=missing), 503
    return jsonify(status="ok")


def _missing() -> list[str]:
    try:
        with reading_db() as db:
            at = MigrationContext.configure(db.connection()).get_current_heads()
            if set(at) != _newest():
                return ["tables_not_up_to_date"]
            alive = living(db, datetime.now(UTC))
            return missing([kind for kind, count in alive.items() if count])
    except SQLAlchemyError as error:
        current_app.logger.warning("the database does not answer: %s", type(error).__name__)
        return ["database_does_not_answer"]


@cache
def _newest() -> set[str]:
    folder = Path(outreach.__file__).parent / "migrations"
    return set(ScriptDirectory(str(folder)).get_heads())
