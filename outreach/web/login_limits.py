"""Slows down who guesses passwords: at one name, from one place, and from everywhere at once.

A browser that somebody has logged in with is known for that name: it has tries of its own, so that
strangers who guess at a name, or share an address, keep nobody out who works here every day.
"""

from __future__ import annotations

import secrets
from functools import wraps
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app, g, make_response, request
from itsdangerous import BadData, URLSafeTimedSerializer
from limits import parse

from outreach.web.auth import WRONG, tidy
from outreach.web.blinding import blinded
from outreach.web.database import running
from outreach.web.guessing import is_reached

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response
    from flask_limiter import Limiter

FAILURES_PER_NAME = "10 per 15 minutes"
FAILURES_PER_ADDRESS = "100 per 15 minutes"
#: More wrong logins in an hour than ten thousand people mistype: somebody tries one password with
#: many names, from many places.
FAILURES_FROM_EVERYWHERE = parse("2000 per hour")
#: As long as that lasts, each place has no more tries than one name has.
FAILURES_PER_ADDRESS_THEN = FAILURES_PER_NAME
_EVERYWHERE = "wrong logins from everywhere"
#: No browser keeps a cookie longer.
_KNOWN_SECONDS = 400 * 24 * 3600


def limit_logins(app: Flask) -> None:
    """Count failed logins, per name, per place and together; call it once the pages are known."""
    limiter: Limiter = app.extensions["login_limiter"]
    view: Any = _remembering(app.view_functions["auth.log_in"])
    view = limiter.limit(FAILURES_PER_NAME, key_func=_guesser, deduct_when=_failed)(view)
    per_place = limiter.limit(
        _per_place, exempt_when=lambda: bool(_known_as()), deduct_when=_failed
    )
    app.view_functions["auth.log_in"] = per_place(view)


def _remembering(view: Callable[[], Any]) -> Callable[[], Response]:
    """Count what failed for all places together, and know the browser of who came in."""

    @wraps(view)
    def log_in() -> Response:
        answer = make_response(view())
        if not _failed(answer):
            _remember(answer)
        elif not _known_as():
            is_reached(FAILURES_FROM_EVERYWHERE, _EVERYWHERE, one_more=True)
        return answer

    return log_in


def _failed(answer: Response) -> bool:
    return answer.status_code == WRONG


def _per_place() -> str:
    under_siege = is_reached(FAILURES_FROM_EVERYWHERE, _EVERYWHERE)
    return FAILURES_PER_ADDRESS_THEN if under_siege else FAILURES_PER_ADDRESS


def _guesser() -> str:
    """Whose tries are counted: a known browser's, or everybody's at the name."""
    return f"known:{_known_as()}" if _known_as() else f"name:{_name_tried()}"


def _name_tried() -> str:
    return blinded(tidy(request.form.get("login", "")))


def _known_as() -> str:
    """Tell the number of the browser, if somebody has logged in with it under the name tried."""
    if "known_as" not in g:
        name, _, number = _told().partition(":")
        g.known_as = number if name == _name_tried() else ""
    return str(g.known_as)


def _told() -> str:
    try:
        told = _signer().loads(request.cookies.get(_cookie(), ""), max_age=_KNOWN_SECONDS)
    except BadData:
        return ""
    return told if isinstance(told, str) else ""


def _remember(answer: Response) -> None:
    number = _known_as() or secrets.token_hex(8)
    answer.set_cookie(
        _cookie(),
        str(_signer().dumps(f"{_name_tried()}:{number}")),
        max_age=_KNOWN_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=running().settings.https_only,
    )


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="known browser")


def _cookie() -> str:
    return "__Host-known" if running().settings.https_only else "known"
