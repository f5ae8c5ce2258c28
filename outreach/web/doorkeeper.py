"""Stands before the app: hears when an answer is sent, and knows whom the app just refused.

Whoever asks for the same again at once, with the same credentials, gets the same refusal unseen by
the rest of the app: it costs a tenth of a millisecond. Where the server can, refusals are given
late, see `patient_worker`. Such an answer carries the id of the request that was looked at, for
that is where the log tells of it; all are counted, see `metrics`.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

from outreach.web.metrics import note_asked_too_much
from outreach.web.work import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment

    from flask import Flask

#: How long the app is not asked again, and how many refusals are remembered.
AGAIN_SECONDS, MOST_REMEMBERED = 5.0, 1_000

_BEGAN, _AT_END, _REFUSED = "outreach.began", "outreach.at_end", "outreach.refused"
#: What belongs to one answer alone, or is written anew.
_NOT_AGAIN = frozenset({"connection", "set-cookie"})
#: By what an answer may differ, besides what was sent along. Who varies it is looked at each time,
#: for only a look tells whether a cookie is somebody's; refused late all the same, that is rare.
_ASKED_WITH = (
    "REQUEST_METHOD",
    "PATH_INFO",
    "REMOTE_ADDR",
    "HTTP_COOKIE",
    "HTTP_AUTHORIZATION",
    "HTTP_ACCEPT",
    "HTTP_ACCEPT_ENCODING",
)


def work_since_door(environ: WSGIEnvironment) -> Stopwatch:
    """Return the measure of a request's work that runs since it came in."""
    stopwatch: Stopwatch = environ[_BEGAN]
    return stopwatch


def at_end(environ: WSGIEnvironment, then: Callable[[], None]) -> None:
    """Have something done, in the same thread, once the whole answer is sent or given up."""
    environ[_AT_END] = then


def end(environ: WSGIEnvironment) -> None:
    """Have it done at once, and only once: nothing is left to do but to send."""
    environ.pop(_AT_END, _nothing)()


def refused(environ: WSGIEnvironment, again_after_seconds: float) -> None:
    """Say that the answer will be a refusal that holds so long."""
    environ[_REFUSED] = again_after_seconds


def stand_before(app: Flask) -> None:
    """Stand before the app from now on."""
    app.extensions["doorkeeper"] = door = Doorkeeper(app.wsgi_app)
    app.wsgi_app = door  # type: ignore[assignment, method-assign]


def doorkeeper_of(app: Flask) -> Doorkeeper:
    """Return who stands before the app."""
    door: Doorkeeper = app.extensions["doorkeeper"]
    return door


class Refusal(NamedTuple):
    """An answer as it is sent, and until when it holds."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes
    until: float

    def as_bytes(self) -> bytes:
        """Write it as it goes over the line."""
        lines = [f"HTTP/1.1 {self.status}", *(f"{name}: {told}" for name, told in self.headers)]
        return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + self.body


class Doorkeeper:
    """Safe for the threads of a process; `late` sends bytes later over a connection."""

    def __init__(self, inner: Callable[..., Iterable[bytes]]) -> None:
        self._inner = inner
        self._lock = threading.Lock()
        #: The oldest first.
        self._remembered: OrderedDict[tuple[str, ...], Refusal] = OrderedDict()
        self.late: Callable[[Any, bytes], None] | None = None

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        asked = tuple(str(environ.get(name, "")) for name in _ASKED_WITH)
        known = self._remembered.get(asked)
        if known is not None and known.until > time.monotonic():
            note_asked_too_much(again=True)
            return self._refuse(environ, start, known)
        environ[_BEGAN] = Stopwatch()
        began: list[Any] = []

        def begin(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            began[:] = status, headers
            return _nothing if _REFUSED in environ else start(status, headers, *error)

        try:
            parts = self._inner(environ, begin)
        except BaseException:
            end(environ)
            raise
        if _AT_END in environ:
            return _HeardOut(parts, environ)
        if _REFUSED not in environ:
            return parts
        note_asked_too_much(again=False)
        refusal = _read(began, parts, min(AGAIN_SECONDS, environ[_REFUSED]))
        self._remember(asked, refusal)
        return self._refuse(environ, start, refusal)

    def _remember(self, asked: tuple[str, ...], refusal: Refusal) -> None:
        with self._lock:
            self._remembered[asked] = refusal
            self._remembered.move_to_end(asked)
            if len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)

    def _refuse(
        self, environ: WSGIEnvironment, start: StartResponse, refusal: Refusal
    ) -> Iterable[bytes]:
        connection = environ.get("gunicorn.socket")
        if self.late is not None and connection is not None:
            self.late(connection, refusal.as_bytes())
        start(refusal.status, refusal.headers)
        return [refusal.body]


class _HeardOut:
    """The parts of an answer; tells when they are through."""

    def __init__(self, parts: Iterable[bytes], environ: WSGIEnvironment) -> None:
        self._parts, self._environ = parts, environ

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    def close(self) -> None:
        """End the answer, sent or not."""
        try:
            getattr(self._parts, "close", _nothing)()
        finally:
            end(self._environ)


def _nothing(*_told: object) -> None:
    pass


def _read(began: list[Any], parts: Iterable[bytes], holds_seconds: float) -> Refusal:
    body = b"".join(parts)
    getattr(parts, "close", _nothing)()
    status, headers = began
    kept = [one for one in headers if one[0].lower() not in _NOT_AGAIN]
    # What answers HEAD tells the length of what GET would bring.
    if not any(name.lower() == "content-length" for name, _told in kept):
        kept.append(("Content-Length", str(len(body))))
    return Refusal(status, kept, body, time.monotonic() + holds_seconds)
