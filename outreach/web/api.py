"""What phones talk to: JSON in, JSON out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, jsonify, request

from outreach.errors import Invalid
from outreach.logbook.sending import Sending, skew_of
from outreach.logbook.sync import Answer, take_in
from outreach.logbook.tables import ReportSource
from outreach.people.tables import Role
from outreach.web.auth import current_login, person, phone_spoke
from outreach.web.database import written
from outreach.web.item_words import told
from outreach.web.metrics import note_answers
from outreach.web.routing import allow

if TYPE_CHECKING:
    from flask import Flask
    from flask.typing import ResponseReturnValue
    from flask_limiter import Limiter
    from flask_wtf.csrf import CSRFProtect
    from sqlmodel import Session

pages = Blueprint("api", __name__, url_prefix="/api/v1")


#: Far more than an honest phone sends: its pauses grow, and a request holds a hundred reports.
#: Each kind of request is counted for itself, so that none keeps another back.
SENDINGS = "300 per 15 minutes"
LIMITED = ("send_reports", "send_answers", "ask_evidence", "send_evidence")


def protect(app: Flask) -> None:
    """Ask for no token of a form, for `wall.guard` asks for our header; slow down who runs wild."""
    csrf: CSRFProtect = app.extensions["csrf"]
    csrf.exempt(pages)
    limiter: Limiter = app.extensions["login_limiter"]
    for name in LIMITED:
        view: Any = app.view_functions[f"api.{name}"]
        app.view_functions[f"api.{name}"] = limiter.limit(SENDINGS, key_func=_sender)(view)


def _sender() -> str:
    login = current_login()
    if login is not None and login.device_id is not None:
        return f"device:{login.device_id}"
    return f"account:{person().account_id}"


def told_json() -> object:
    """Read the JSON that was sent; None for what is none, or nests deeper than Python reads."""
    try:
        return request.get_json(force=True, silent=True)
    except RecursionError:
        return None


@pages.post("/reports")
@allow(Role.OFFICIAL, Role.COORDINATOR)
def send_reports() -> ResponseReturnValue:
    """Take in up to a hundred reports and answer each; a phone forgets what is named as stored."""
    given = told_json()
    envelope: dict[str, Any] = given if isinstance(given, dict) else {"reports": given}
    reports = envelope.get("reports")
    if not isinstance(reports, list):
        raise Invalid(problems={"reports": ["not_a_list"]})
    now = datetime.now(UTC)
    sending = _sending(envelope, now)
    answers = written(lambda db: _taken(db, reports, now, sending, envelope.get("unsent")))
    note_answers(answers)
    return jsonify(answers=[told(answer) for answer in answers])


def _taken(
    db: Session, reports: list[Any], now: datetime, sending: Sending, unsent: object
) -> list[Answer]:
    answers = take_in(db, reports, person(), now, sending)
    # Last, so that nothing else of this phone waits for the row meanwhile.
    phone_spoke(
        db,
        now,
        unsent=unsent if type(unsent) is int else None,
        skew_seconds=sending.skew_seconds,
    )
    return answers


def _sending(envelope: dict[str, Any], now: datetime) -> Sending:
    login = current_login()
    return Sending(
        device_id=login.device_id if login else None,
        skew_seconds=skew_of(envelope.get("sent_at"), now),
        source=ReportSource.PHONE,
    )
