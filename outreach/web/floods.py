"""Gives each person a share of the server, so that nobody's flood slows down the others.

Somebody is an account that is logged in, a program by its token, an ODK phone by its key; of all
others, whoever asks from one place. Ordinary work never meets the limits: they are for programs
that ask without end, and for somebody who has one large file made after the other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from flask import Flask, current_app, g, request, session
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import TooManyRequests

from outreach.web import doorkeeper
from outreach.web.auth import current_login
from outreach.web.budgets import Allowance, Budgets
from outreach.web.errors import answer as told_as
from outreach.web.guessing import place_asking
from outreach.web.openrosa import odk_device
from outreach.web.pressure import not_served
from outreach.web.routing import BY_TOKEN, FOR_MONITORS, may_open
from outreach.web.token_holder import shown_holder
from outreach.web.work import Experience, count_waiting

if TYPE_CHECKING:
    from flask import Response
    from flask.typing import ResponseReturnValue

    from outreach.web.auth import Login
    from outreach.web.work import Stopwatch

#: A page takes a tenth of a second: a hundred in a row, and then one every two seconds for ever.
PERSON = Allowance(seconds=12.0, per_second=0.05, at_once=8, at_once_when_scarce=2)
#: Many strangers may share an address: an office that logs in, a whole provider's phones.
PLACE = Allowance(seconds=10.0, per_second=0.1, at_once=12, at_once_when_scarce=4)
#: Monitors ask every few seconds, and must not be refused for what others ask from there: else a
#: machine would be taken for dead.
MONITOR = Allowance(seconds=5.0, per_second=0.1, at_once=8, at_once_when_scarce=2)
#: Whether this process lives, and whether it can do its work.
HEALTH = frozenset({"health.healthz", "health.readyz"})
#: Nobody is told to come again at once, nor much later than the bucket takes to fill.
SOONEST_SECONDS, LATEST_SECONDS = 2, 240


class AskedTooMuch(TooManyRequests):
    """Somebody took more than a share of the server; `retry_after` tells the seconds to wait."""


@dataclass(slots=True)
class Entered:
    """A request in work."""

    who: str
    ticket: str
    kind: str
    expected_seconds: float
    #: Runs since the request came in: to learn who asks is work too.
    stopwatch: Stopwatch


class Asker(NamedTuple):
    """Who asks, by the name of the bucket, and what they may take."""

    who: str
    allowed: Allowance
    #: By this process alone.
    is_counted_here: bool = False


def install(app: Flask, redis_url: str) -> None:
    """Stand before whatever asks the database for a request."""
    count_waiting(app.extensions["outreach"].engine)
    app.extensions["budgets"] = Budgets(redis_url)
    app.extensions["experience"] = Experience()
    app.before_request(_enter)
    # Registered early, it runs late: once the answer is packed.
    app.after_request(_leave)
    doorkeeper.stand_before(app)
    app.register_error_handler(AskedTooMuch, _told)


def _enter() -> None:
    """Begin the request, or refuse it.

    Raises
    ------
    AskedTooMuch
        If whoever asks has too many requests in work, or took too much lately.
    """
    endpoint = request.endpoint or ""
    try:
        asker = _asker(endpoint)
    except SQLAlchemyError:
        if "login_unknown" not in g:
            raise  # programs and ODK phones are nobody without the database
        # Nobody's place is charged for those we cannot tell apart just now. The view says so, if it
        # needs to know at all who asks; one that does not is no work for the database.
        return
    experience: Experience = current_app.extensions["experience"]
    expected = experience.expected_seconds(endpoint)
    budgets = _budgets(current_app)
    enter = budgets.enter_here if asker.is_counted_here else budgets.enter
    answer = enter(asker.who, asker.allowed, expected)
    if answer.wait_seconds:
        not_served()
        wait = math.ceil(answer.wait_seconds)
        told = min(LATEST_SECONDS, max(SOONEST_SECONDS, wait))
        # It holds as long as it tells. Other pages may be less work: refused is this one.
        doorkeeper.refused(request.environ, told)
        raise AskedTooMuch(retry_after=told)
    stopwatch = doorkeeper.work_since_door(request.environ)
    entered = Entered(asker.who, answer.ticket, endpoint, expected, stopwatch)
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    doorkeeper.at_end(request.environ, partial(_settle, app, entered))


def _leave(response: Response) -> Response:
    """End the request here, unless its answer is yet to be made as it is sent."""
    if not response.is_streamed:
        doorkeeper.end(request.environ)
    if response.cache_control.public:
        # We alone looked at the login: the answer is everybody's, and carries nobody's cookie.
        session.modified = session.accessed = False
    return response


def _budgets(app: Flask) -> Budgets:
    budgets: Budgets = app.extensions["budgets"]
    return budgets


def _asker(endpoint: str) -> Asker:
    wanted = may_open(current_app, endpoint) if endpoint else None
    if endpoint in HEALTH or wanted == FOR_MONITORS:
        return Asker(f"monitor:{place_asking()}", MONITOR, is_counted_here=True)
    known = _program() if wanted == BY_TOKEN else _official_by_odk() or _person()
    return Asker(known, PERSON) if known else Asker(f"place:{place_asking()}", PLACE)


def _program() -> str | None:
    found = shown_holder()
    return f"token:{found.token_id}" if found else None


def _official_by_odk() -> str | None:
    device_id = odk_device()
    return None if device_id is None else f"device:{device_id}"


def _person() -> str | None:
    login: Login | None = current_login()
    if login is None:
        return None
    # Everybody who tries the product out logs in with the same accounts.
    where = f"@{place_asking()}" if login.is_demo else ""
    return f"account:{login.person.account_id}{where}"


def _told(error: AskedTooMuch) -> ResponseReturnValue:
    g.is_refused = True  # the page that says so asks the database for nothing more
    words = _(
        "You are asking for more than one person's share of the server. Nothing was changed: "
        "please wait %(seconds)s seconds, then do it once more.",
        seconds=error.retry_after,
    )
    shown = current_app.make_response(told_as(429, "asked_too_much", words))
    shown.headers["Retry-After"] = str(error.retry_after)
    return shown


def _settle(app: Flask, entered: Entered) -> None:
    """Take from the bucket what the request really was."""
    seconds = entered.stopwatch.seconds()
    if entered.stopwatch.is_cut_short:
        # Else what is heaviest would be free, just because it is never brought to its end.
        seconds = max(seconds, entered.expected_seconds)
    else:
        app.extensions["experience"].note(entered.kind, seconds)
    less = entered.expected_seconds - seconds
    _budgets(app).leave(entered.who, entered.ticket, less)
