"""The one wall every request passes: it enforces what the views declare."""

from __future__ import annotations

from flask import current_app, request
from werkzeug.exceptions import BadRequest

from outreach.errors import LoginRequired, NotAllowed, NotFound
from outreach.web.auth import current_person
from outreach.web.routing import PUBLIC, may_open

#: What a column of whole numbers holds on every database; a larger id breaks the query.
LARGEST_ID = 2**31 - 1


def guard() -> None:
    """Let through only those whom the view declares; runs before every request.

    Raises
    ------
    BadRequest
        If something holds the zero sign: PostgreSQL takes it in no text, and nobody types it.
    LoginRequired
        If nobody is logged in and the view is not public.
    NotAllowed
        If the person has none of the view's roles.
    NotFound
        If the address holds a number that can be nobody's id.
    """
    if request.endpoint is None:
        return
    if _holds_zero_sign():
        raise BadRequest
    wanted = may_open(current_app, request.endpoint)
    if wanted == PUBLIC:
        return
    person = current_person()
    if person is None:
        raise LoginRequired
    if wanted is None or person.role not in wanted:
        raise NotAllowed(role=person.role)
    for value in (request.view_args or {}).values():
        if isinstance(value, int) and value > LARGEST_ID:
            raise NotFound(id=value)


def _holds_zero_sign() -> bool:
    texts = (text for _, several in request.values.lists() for text in several)
    return "\0" in request.path or any("\0" in text for text in texts)
