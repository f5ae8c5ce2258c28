"""The front door: sends each person to where their work is, and keeps the language chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, abort, current_app, redirect, request

from outreach.people.tables import Role
from outreach.web.app import running
from outreach.web.assets import PREFIX
from outreach.web.auth import own_path, person
from outreach.web.i18n import LANGUAGES, cookie_name
from outreach.web.page import HOME
from outreach.web.routing import allow, public

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

pages = Blueprint("home", __name__)


@pages.get("/")
@allow(*Role)
def home() -> ResponseReturnValue:
    """Send a person to the page their work starts from."""
    return redirect(HOME[person().role], 303)


@pages.get("/favicon.ico")
@public
def icon() -> ResponseReturnValue:
    """Lead browsers that ask for the icon by its old name to it: files alone name none."""
    return redirect(PREFIX + current_app.extensions["assets"]["outreach"]["icon.svg"], 303)


@pages.get("/language/<language>")
@public
def choose_language(language: str) -> ResponseReturnValue:
    """Keep the language for a year and go back to where it was chosen."""
    if language not in LANGUAGES:
        abort(404)
    answer = redirect(own_path(request.args.get("next")) or "/", 303)
    answer.set_cookie(
        cookie_name(),
        language,
        max_age=365 * 24 * 3600,
        httponly=True,
        samesite="Lax",
        secure=running().settings.https_only,
    )
    return answer
