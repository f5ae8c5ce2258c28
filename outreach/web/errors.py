"""What people and programs are told when something goes wrong; nothing internal leaks."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import current_app, jsonify, redirect, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from outreach.db import did_not_serve, gave_way
from outreach.errors import (
    BehindPin,
    Conflict,
    DeviceRevoked,
    Invalid,
    LoginRequired,
    NotInOffice,
    OutreachError,
)
from outreach.web.pressure import seconds_to_wait
from outreach.web.read_frame import PREFIX, problem
from outreach.web.status_words import cut_short_words, status_words, title_words
from outreach.web.words import problems_in_words, sentence

if TYPE_CHECKING:
    from flask import Flask
    from flask.typing import ResponseReturnValue

log = logging.getLogger(__name__)


def install(app: Flask) -> None:
    """Answer every error in the reader's words and in the form the reader asked for."""
    app.register_error_handler(OutreachError, _told)
    app.register_error_handler(LoginRequired, _ask_to_log_in)
    app.register_error_handler(BehindPin, _to_the_pin)
    app.register_error_handler(DeviceRevoked, _to_the_phone)
    app.register_error_handler(NotInOffice, _to_the_phone)
    app.register_error_handler(CSRFError, _stale_page)
    app.register_error_handler(HTTPException, _by_status)
    app.register_error_handler(IntegrityError, _refused_by_tables)
    app.register_error_handler(StaleDataError, _refused_by_tables)
    app.register_error_handler(DBAPIError, _database_away)
    app.register_error_handler(NoneFree, _database_away)


def wants_json() -> bool:
    """Say whether the answer is read by a program."""
    if request.path.startswith("/api/"):
        return True
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]


def answer(status: int, code: str, words: str, **more: object) -> ResponseReturnValue:
    """Tell what went wrong, as a page or as JSON."""
    if request.path.startswith(f"{PREFIX}/"):  # what its own pages did not catch themselves
        return problem(status, code, words, dict(more))
    if wants_json():
        return jsonify(code=code, message=words, **more), status
    title = title_words(status)
    return render_template("error.html", status=status, title=title, words=words), status


def _told(error: OutreachError) -> ResponseReturnValue:
    if error.status >= 500:
        log.error("%s", error)
        return answer(error.status, error.code, status_words(500))
    more = {"problems": problems_in_words(error)} if isinstance(error, Invalid) else {}
    return answer(error.status, error.code, sentence(error), **more)


def _ask_to_log_in(error: LoginRequired) -> ResponseReturnValue:
    if wants_json():
        return _told(error)
    # After a form there is no way back to what was typed, so nothing to return to either.
    after = request.full_path.rstrip("?") if request.method == "GET" else ""
    return redirect("/login" + (f"?next={quote(after)}" if after not in ("", "/") else ""), 303)


def _to_the_pin(error: BehindPin) -> ResponseReturnValue:
    """Lead to where the page on the phone says why, and what to do about it."""
    return _told(error) if wants_json() else redirect("/phone/#behind-pin", 303)


def _to_the_phone(error: DeviceRevoked | NotInOffice) -> ResponseReturnValue:
    """Lead to the page that stands on the phone: what it has not sent yet is safe only there."""
    return _told(error) if wants_json() else redirect("/phone/", 303)


def _stale_page(_error: CSRFError) -> ResponseReturnValue:
    words = _("This page has been open too long. Load it again and repeat the last step.")
    return answer(400, "stale_page", words)


def _by_status(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()
    shown = answer(error.code, f"http_{error.code}", status_words(error.code))
    made = current_app.make_response(shown)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            made.headers[name] = value
    return made


def _refused_by_tables(error: Exception) -> ResponseReturnValue:
    log.warning("refused by the tables: %s", type(error).__name__)
    return _told(Conflict())


def _database_away(error: DBAPIError | NoneFree) -> ResponseReturnValue:
    """Ask to come again: in each of these cases the unit of work was taken back as a whole."""
    if isinstance(error, DBAPIError) and gave_way(error):
        return _refused_by_tables(error)
    if not did_not_serve(error):
        raise error  # a fault of ours, which no waiting mends
    cut = cut_short_words(getattr(getattr(error, "orig", None), "sqlstate", None) or "")
    log.exception("the database does not answer, or not in time")
    shown = current_app.make_response(answer(503, "unavailable", cut or status_words(503)))
    shown.headers["Retry-After"] = str(seconds_to_wait())
    return shown
