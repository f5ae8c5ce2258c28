"""Says whether the product is up: the database answers and its tables are the newest."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, current_app, jsonify
from sqlalchemy.exc import SQLAlchemyError

import outreach
from outreach.web.app import reading_db
from outreach.web.routing import public

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

pages = Blueprint("health", __name__)


@pages.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """Answer 200 once the product can work, else 503; carries no data."""
    problem = _problem()
    if problem:
        return jsonify(status=problem), 503
    return jsonify(status="ok")


def _problem() -> str | None:
    try:
        with reading_db() as db:
            at = MigrationContext.configure(db.connection()).get_current_heads()
    except SQLAlchemyError:
        current_app.logger.exception("the database does not answer")
        return "database_does_not_answer"
    return None if set(at) == _newest() else "tables_not_up_to_date"


@cache
def _newest() -> set[str]:
    folder = Path(outreach.__file__).parent / "migrations"
    return set(ScriptDirectory(str(folder)).get_heads())
