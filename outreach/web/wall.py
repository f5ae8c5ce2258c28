"""The one wall every request passes: it enforces what the views declare."""

from __future__ import annotations

from flask import current_app, request
from werkzeug.exceptions import BadRequest

from outreach.errors import (
    BehindPin,
    DeviceRevoked,
    LoginRequired,
    NotAllowed,
    NotFound,
    NotFromOurPage,
    NotInOffice,
    OtherPerson,
)
from outreach.watch.logs import now_about
from outreach.web.auth import current_person, is_behind_pin, is_out_of_office, is_revoked
from outreach.web.metrics_page import require_monitor
from outreach.web.our_page import is_from_our_page
from outreach.web.routing import BY_TOKEN, FOR_MONITORS, PUBLIC, may_open
from outreach.web.token_holder import require_token

#: What a column of whole numbers holds on every database; a larger id breaks the query.
LARGEST_ID = 2**31 - 1
#: For whom a phone sends what it kept: by the time it goes out, another person may be connected.
FOR_WHOM = "X-Account"
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def guard() -> None:
    """Let through only those whom the view declares; runs before every request.

    Raises
    ------
    BadRequest
        If something holds the zero sign: PostgreSQL takes it in no text, and nobody types it.
    NotFromOurPage
        If it would change something below /api/ and does not say that a page of ours sends it.
    DeviceRevoked
        If the phone that asks was taken back and the view is not public.
    NotInOffice
        If the phone's official is not in office and the view is not public.
    LoginRequired
        If nobody is logged in and the view is not public.
    TokenRequired
        If the view is for programs and the request shows no token that holds.
    Unauthorized
        If the view is for monitors and the request does not show the token of the settings.
    BehindPin
        If the phone has a PIN and not its own page asks, which knows whether it was given.
    NotAllowed
        If the person has none of the view's roles.
    OtherPerson
        If it says for whom it was saved, and somebody else is logged in.
    NotFound
        If the address holds a number that can be nobody's id.
    """
    if request.endpoint is None:
        return
    _take_more()
    if _holds_zero_sign():
        raise BadRequest
    wanted = may_open(current_app, request.endpoint)
    if wanted == BY_TOKEN:
        require_token()
    elif wanted == FOR_MONITORS:
        require_monitor()
    elif wanted != PUBLIC:
        _refuse_others(wanted)
    if _is_forged():
        raise NotFromOurPage
    for value in (request.view_args or {}).values():
        if isinstance(value, int) and value > LARGEST_ID:
            raise NotFound(id=value)


def _refuse_others(wanted: frozenset[str] | None) -> None:
    person = current_person()
    if person is None:
        if is_out_of_office():
            raise NotInOffice
        raise DeviceRevoked if is_revoked() else LoginRequired
    if is_behind_pin() and not is_from_our_page():
        raise BehindPin
    now_about(account_id=person.account_id)
    if wanted is None or person.role not in wanted:
        raise NotAllowed(role=person.role)
    for_whom = request.headers.get(FOR_WHOM)
    if for_whom is not None and for_whom != str(person.account_id):
        raise OtherPerson


def _is_forged() -> bool:
    if request.method not in CHANGING or not request.path.startswith("/api/"):
        return False
    return not is_from_our_page()


def _take_more() -> None:
    """Let those whom a view is for send it what it takes, before anything reads what was sent."""
    view = current_app.view_functions[request.endpoint or ""]
    most_bytes = getattr(view, "most_bytes", None)
    if most_bytes is None:
        return
    person = current_person()
    wanted = may_open(current_app, request.endpoint or "") or PUBLIC
    if person is not None and person.role in wanted:
        request.max_content_length = most_bytes


def _holds_zero_sign() -> bool:
    texts = (text for _, several in request.values.lists() for text in several)
    return "\0" in request.path or any("\0" in text for text in texts)
