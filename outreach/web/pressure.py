"""Tells phones early to come again when more ask at once than can be served: never slowly.

Five hundred phones come back at the same moment when a network does. Whoever is told at once when
to come again spends no battery on waiting, and takes no thread from those who are served.
"""

from __future__ import annotations

import math
import secrets
import threading
from typing import TYPE_CHECKING

from flask import current_app, g, request
from werkzeug.exceptions import ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

_PATHS = "/api/v1/"
#: Nobody comes again at once, and nobody later than a person would try by hand.
SOONEST_SECONDS, LATEST_SECONDS = 2, 60
#: Assumption, on the safe side: a process answers so many requests of phones in a second.
ANSWERED_PER_SECOND = 25


class Load:
    """How many requests of phones one process has taken on, and how many wait for a thread."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.waiting: Callable[[], int] = lambda: 0
        self._lock = threading.Lock()
        self._in_work = 0

    def enter(self) -> int:
        """Count one more; tell by how many there are too many now."""
        with self._lock:
            self._in_work += 1
            return self._in_work + self.waiting() - self.most

    def leave(self) -> None:
        """Count one less."""
        with self._lock:
            self._in_work -= 1


def install(app: Flask, most: int) -> None:
    """Look at the load before anything else is done for a phone's request."""
    app.extensions["load"] = Load(most)
    app.before_request(_guard)
    app.teardown_request(_leave)


def load_of(app: Flask) -> Load:
    """Give the load of this process; gunicorn tells it how many requests wait."""
    load: Load = app.extensions["load"]
    return load


def seconds_to_wait(waiting: int = 0) -> int:
    """Draw when to come again: spread over the time in which those who wait can be served."""
    span = min(LATEST_SECONDS - SOONEST_SECONDS, max(3, math.ceil(waiting / ANSWERED_PER_SECOND)))
    return SOONEST_SECONDS + secrets.randbelow(span + 1)


def _guard() -> None:
    if not request.path.startswith(_PATHS):
        return
    load = load_of(current_app)
    beyond = load.enter()
    g.counts_as_load = True
    if beyond > 0:
        raise ServiceUnavailable(retry_after=seconds_to_wait(beyond + load.most))


def _leave(_error: BaseException | None) -> None:
    if g.pop("counts_as_load", False):
        load_of(current_app).leave()
