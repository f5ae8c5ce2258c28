"""What phones talk to: JSON in, JSON out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, jsonify, request

from outreach.errors import Invalid
from outreach.logbook.sync import Answer, take_in
from outreach.people.tables import Role
from outreach.web.auth import person
from outreach.web.database import writing_db
from outreach.web.routing import allow
from outreach.web.words import problem_words, word

if TYPE_CHECKING:
    from flask import Flask
    from flask.typing import ResponseReturnValue
    from flask_wtf.csrf import CSRFProtect

pages = Blueprint("api", __name__, url_prefix="/api/v1")


def protect(app: Flask) -> None:
    """Ask for no token of a form: `wall.guard` asks for the header that only our pages send."""
    csrf: CSRFProtect = app.extensions["csrf"]
    csrf.exempt(pages)


@pages.post("/reports")
@allow(Role.OFFICIAL, Role.COORDINATOR)
def send_reports() -> ResponseReturnValue:
    """Take in up to a hundred reports and answer each; a phone forgets what is named as stored."""
    with writing_db() as db:
        answers = take_in(db, _reports(), person(), datetime.now(UTC))
    return jsonify(answers=[_told(answer) for answer in answers])


def _reports() -> list[Any]:
    given = request.get_json(force=True, silent=True)
    reports = given.get("reports") if isinstance(given, dict) else given
    if not isinstance(reports, list):
        raise Invalid(problems={"reports": ["list_type"]})
    return reports


def _told(answer: Answer) -> dict[str, Any]:
    return {
        "id": answer.id,
        "outcome": answer.outcome.value,
        "message": word(answer.outcome),
        "reason": answer.reason,
        "problems": answer.problems,
        "words": {
            field: [problem_words(code) for code in codes]
            for field, codes in answer.problems.items()
        },
    }
