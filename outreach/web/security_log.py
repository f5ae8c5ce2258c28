"""Notes who came in, who was refused and whose rights were changed, to be looked into later.

A line names people by the number of their account alone, and a page by its rule: names, login
names, passwords, tokens, codes and addresses of pages never stand in it. Where nobody is known it
tells the network address that asked.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import request
from sqlalchemy.exc import SQLAlchemyError

from outreach.history.recording import record
from outreach.history.tables import Deed
from outreach.web.database import writing_db
from outreach.web.request_ids import route

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask, Response

    from outreach.people.access import Person

log = logging.getLogger(__name__)


class Event(Enum):
    """What is worth knowing afterwards; SECURITY.md lists them."""

    LOGIN = "login"
    LOGIN_FAILED = "login failed"
    LOGOUT = "logout"
    PHONE_CONNECTED = "phone connected"
    PASSWORD_CHANGED = "password changed"  # noqa: S105 - an event, no password
    ACCOUNT_ADDED = "account added"
    ACCOUNT_CHANGED = "account changed"
    LOGINS_ENDED = "logins ended"
    TOKEN_MADE = "token made"  # noqa: S105 - as above
    TOKEN_WITHDRAWN = "token withdrawn"  # noqa: S105 - as above
    REFUSED = "refused"


#: What somebody may have tried who should not: told even where only warnings are.
_SERIOUS = {Event.LOGIN_FAILED}
_SERIOUS_STATUS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}


def note(event: Event, account_id: int | None, *, about: int | None = None) -> None:
    """Note an event of an account, here and in the history that nobody can change afterwards.

    `about` is the account or token that was changed, if any. Call it when what is told is done:
    it opens a unit of work of its own.
    """
    with writing_db() as db:
        deed = Deed[event.name]
        record(db, deed, at=datetime.now(UTC), by=account_id, about=about, page=route())
    _write(event, account_id, "" if about is None else f" of {about}", event in _SERIOUS)


def install(app: Flask, asking: Callable[[], Person | None]) -> None:
    """Note every refusal; *asking* tells the person behind a request."""

    def note_refusal(response: Response) -> Response:
        if _is_refusal(response.status_code):
            words = f" with {response.status_code}"
            serious = response.status_code in _SERIOUS_STATUS
            _write(Event.REFUSED, _known(asking), words, serious, response.status_code)
        return response

    app.after_request(note_refusal)


def _is_refusal(status: int) -> bool:
    """Whether somebody was refused something there is, or a thing that may be another's."""
    return request.url_rule is not None and 400 <= status < 500


def _known(asking: Callable[[], Person | None]) -> int | None:
    try:
        person = asking()
    except SQLAlchemyError:  # what was refused is told even while the database is away
        return None
    return person.account_id if person else None


def _write(
    event: Event, account_id: int | None, words: str, serious: bool, status: int | None = None
) -> None:
    who = f"account {account_id}" if account_id is not None else f"{request.remote_addr}"
    rule = route()
    facts = {"account_id": account_id, "route": rule, "status": status}
    level = logging.WARNING if serious else logging.INFO
    told = "%s%s: %s at %s %s"
    log.log(level, told, event.value, words, who, request.method, rule, extra=facts)
