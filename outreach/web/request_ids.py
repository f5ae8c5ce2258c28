"""One request from the page to what workers do for it: its id, its line in the log, its time."""

from __future__ import annotations

import logging
import re
import time
import uuid
from typing import TYPE_CHECKING

from flask import g, has_request_context, request

from outreach.watch.logs import about_nothing, now_about
from outreach.web.database import running
from outreach.web.metrics import note_request

if TYPE_CHECKING:
    from flask import Flask, Response

HEADER = "X-Request-ID"
#: As proxies make them, with and without hyphens. Digits alone would be somebody's number.
_LOOKS_LIKE_ONE = re.compile(
    r"(?=.*[a-f])(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32})"
)
#: A method of one's own may say anything.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: What no page of ours answers.
NO_ROUTE = "none"

log = logging.getLogger(__name__)


def install(app: Flask) -> None:
    """Name each request before anything else is done for it, and tell of it when it is answered."""
    app.before_request(_begin)
    app.after_request(_told)
    app.teardown_request(_forget)


def request_id() -> str:
    """Tell the id of the request being answered."""
    return str(g.get("request_id", "")) if has_request_context() else ""


def route() -> str:
    """Tell the rule of the address asked for; never the address itself, which may be a key."""
    return request.url_rule.rule if request.url_rule else NO_ROUTE


def _begin() -> None:
    g.began = time.perf_counter()
    g.request_id = _given() or str(uuid.uuid4())
    about_nothing()
    now_about(request_id=g.request_id, route=route())


def _given() -> str:
    """Take the id that a trusted proxy gave; whoever else sends one gets one of ours."""
    given = request.headers.get(HEADER, "").lower()
    is_trusted = running().settings.trusted_proxies > 0
    return given if is_trusted and _LOOKS_LIKE_ONE.fullmatch(given) else ""


def _told(response: Response) -> Response:
    if "began" not in g:
        return response
    response.headers[HEADER] = g.request_id
    seconds = time.perf_counter() - g.began
    note_request(route(), response.status_code, seconds)
    told = {"status": response.status_code, "seconds": round(seconds, 4)}
    method = request.method if request.method in _METHODS else "a request"
    log.info("%s answered", method, extra=told)
    return response


def _forget(_error: BaseException | None) -> None:
    about_nothing()
