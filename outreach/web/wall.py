"""The one wall every request passes: it enforces what the views declare."""

from __future__ import annotations

from flask import current_app, request

from outreach.errors import LoginRequired, NotAllowed
from outreach.web.auth import current_person
from outreach.web.routing import PUBLIC, may_open


def guard() -> None:
    """Let through only those whom the view declares; runs before every request.

    Raises
    ------
    LoginRequired
        If nobody is logged in and the view is not public.
    NotAllowed
        If the person has none of the view's roles.
    """
    if request.endpoint is None:
        return
    wanted = may_open(current_app, request.endpoint)
    if wanted == PUBLIC:
        return
    person = current_person()
    if person is None:
        raise LoginRequired
    if wanted is None or person.role not in wanted:
        raise NotAllowed(role=person.role)
