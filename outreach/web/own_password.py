"""Where people who log in with a password change it; whoever comes by phone alone has none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from outreach.errors import Invalid, LoginRequired, NotFound
from outreach.people.accounts import change_password
from outreach.people.tables import Role
from outreach.web.auth import Login, current_login, person, start
from outreach.web.database import writing_db
from outreach.web.forms import Filled
from outreach.web.login_limits import FAILURES_PER_NAME
from outreach.web.routing import allow
from outreach.web.security_log import Event, note
from outreach.web.words import problems_in_words, sentence

if TYPE_CHECKING:
    from flask import Flask, Response
    from flask.typing import ResponseReturnValue
    from flask_limiter import Limiter

pages = Blueprint("own_password", __name__)


def limit_guesses(app: Flask) -> None:
    """Count wrong present passwords as wrong logins are: an open page is no way round that."""
    limiter: Limiter = app.extensions["login_limiter"]
    view: Any = app.view_functions["own_password.save"]
    limited = limiter.limit(FAILURES_PER_NAME, key_func=_account, deduct_when=_was_guess)(view)
    app.view_functions["own_password.save"] = limited


def _account() -> str:
    return f"password of {person().account_id}"


def _was_guess(_response: Response) -> bool:
    return bool(g.get("present_password_was_wrong"))


@pages.get("/password")
@allow(*Role)
def show() -> ResponseReturnValue:
    """Show the form."""
    _own_login()
    return _page(Filled())


@pages.post("/password")
@allow(*Role)
def save() -> ResponseReturnValue:
    """Take a new password from whoever knows the present one; this browser stays logged in."""
    login = _own_login()
    try:
        new = _new_one()
        with writing_db() as db:
            present = request.form.get("present", "")
            account = change_password(db, login.person.account_id, present, new)
    except Invalid as error:
        return _refused(error), error.status
    note(Event.PASSWORD_CHANGED, login.person.account_id)
    start(replace(login, stamp=account.password_stamp))
    flash(_("Your password is changed. Wherever else you were logged in, you are not any more."))
    return redirect(url_for("own_password.show"), 303)


def _new_one() -> str:
    """Read the new password, which is typed twice.

    Raises
    ------
    Invalid
        If one of the two holds a slip.
    """
    new = request.form.get("new", "")
    if new != request.form.get("again", ""):
        raise Invalid(problems={"again": ["passwords_differ"]})
    return new


def _own_login() -> Login:
    """Return the login, if it was made with a password.

    Raises
    ------
    LoginRequired
        If nobody is logged in.
    NotFound
        If a phone asks, which needs none.
    """
    login = current_login()
    if login is None:
        raise LoginRequired
    if login.device_id is not None:
        raise NotFound(kind="password")
    return login


def _refused(error: Invalid) -> str:
    problems = problems_in_words(error)
    g.present_password_was_wrong = "present" in problems
    # What is wrong with the new one is found under the name that all forms with one use.
    by_field = {("new" if name == "password" else name): words for name, words in problems.items()}
    return _page(Filled(problems=by_field, trouble=sentence(error)))


def _page(form: Filled) -> str:
    return render_template("own_password.html", form=form)
