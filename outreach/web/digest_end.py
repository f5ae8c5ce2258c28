"""Ending the weekly e-mail from the letter itself, without a login: by its link, or by one click.

Opening the address ends nothing, because mail programs open links: a button does, or the POST that
mail programs send for their own button (RFC 8058). Whether a code is right is never told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, render_template

from outreach.progress.digests import end_by_code, key_of
from outreach.web.database import running, writing_db
from outreach.web.routing import public
from outreach.web.secret_addresses import keep_secret

if TYPE_CHECKING:
    from flask import Flask
    from flask.typing import ResponseReturnValue
    from flask_limiter import Limiter
    from flask_wtf.csrf import CSRFProtect

pages = Blueprint("digest_end", __name__)

#: As many tries as one place has; a code is far too long to be guessed in them.
TRIES = "100 per 15 minutes"


def protect(app: Flask) -> None:
    """Count tries, and ask for no token of a form: nothing but the address gives the right."""
    limiter: Limiter = app.extensions["login_limiter"]
    csrf: CSRFProtect = app.extensions["csrf"]
    view: Any = app.view_functions["digest_end.end"]
    csrf.exempt(view)
    app.view_functions["digest_end.end"] = limiter.limit(TRIES)(view)


pages.after_request(keep_secret)


@pages.get("/digest/end/<end_code>")
@public
def ask(end_code: str) -> ResponseReturnValue:
    """Ask whether the letters shall end."""
    return render_template("digest_end.html", code=end_code, is_ended=False)


@pages.post("/digest/end/<end_code>")
@public
def end(end_code: str) -> ResponseReturnValue:
    """End the letters."""
    with writing_db() as db:
        end_by_code(db, end_code, key_of(running().settings.secret))
    return render_template("digest_end.html", code="", is_ended=True)
