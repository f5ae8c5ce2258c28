"""Tells phones early to come again when more ask at once than can be served: never slowly.

Five hundred phones come back at the same moment when a network does. Whoever is told at once when
to come again spends no battery on waiting, and takes no thread from those who are served.
"""

from __future__ import annotations

import math
import secrets
import threading
import time
from typing import TYPE_CHECKING

from flask import current_app, g, request
from werkzeug.exceptions import ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

_PATHS = "/api/v1/"
#: ODK Collect and KoboCollect send their forms here.
_SUBMISSION = "openrosa.submit"
#: Nobody comes again at once, and nobody later than a person would try by hand.
SOONEST_SECONDS, LATEST_SECONDS = 2, 60
#: Until a process knows its own pace: assumed on the safe side.
FIRST_PACE_SECONDS = 0.04
#: How much the newest request says about the pace, and the longest that one may say.
_NEWEST, _SLOWEST_SECONDS = 0.05, 1.0
#: What made a process slow is believed half as much after so long without a request.
_HALF_FORGOTTEN_SECONDS = 30.0
#: Below this many nobody is put off, however slow the last ones were.
_ALWAYS = 8
#: However many ask, half of the threads are at work for those who were let in: else, while all are
#: busy telling others to come again, hardly anybody is served, which looks like slowness.
_ALWAYS_IN_WORK = 4


class Load:
    """How many requests of phones one process has taken on, and how fast it works them off.

    Who is put off is not taken on, and says nothing about the pace.
    """

    def __init__(self, most_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.most_seconds = most_seconds
        self.waiting: Callable[[], int] = lambda: 0
        self._clock = clock
        self._lock = threading.Lock()
        self._in_work = 0
        self._pace = FIRST_PACE_SECONDS
        #: When the last one was served, or the first one came after nothing was in work.
        self._since = clock()

    def enter(self) -> float:
        """Take one more on and return 0, or tell in how many seconds the last would be served."""
        with self._lock:
            if self._in_work == 0:
                self._begin_again()
            ahead = 1 + self._in_work + self.waiting()
            until_served = ahead * self._pace
            is_let_in = self._in_work < _ALWAYS_IN_WORK or ahead <= _ALWAYS
            if not is_let_in and until_served > self.most_seconds:
                return until_served
            self._in_work += 1
            return 0.0

    def leave(self, *, served: bool) -> None:
        """Count one less; while any are in work, the time between two served ones is the pace."""
        with self._lock:
            self._in_work -= 1
            if not served:
                return
            now = self._clock()
            took = min(now - self._since, _SLOWEST_SECONDS)
            self._pace += _NEWEST * (took - self._pace)
            self._since = now

    def _begin_again(self) -> None:
        """Count no idle time as slowness, and forget over it that we were slow."""
        now = self._clock()
        if self._pace > FIRST_PACE_SECONDS:
            kept: float = 0.5 ** ((now - self._since) / _HALF_FORGOTTEN_SECONDS)
            self._pace = FIRST_PACE_SECONDS + (self._pace - FIRST_PACE_SECONDS) * kept
        self._since = now


def install(app: Flask, most_seconds: float) -> None:
    """Look at the load before anything else is done for a phone's request."""
    app.extensions["load"] = Load(most_seconds)
    app.before_request(_guard)
    app.teardown_request(_leave)


def load_of(app: Flask) -> Load:
    """Give the load of this process; gunicorn tells it how many requests wait."""
    load: Load = app.extensions["load"]
    return load


def not_served() -> None:
    """Count a request no more that is refused after all: it says nothing about the pace."""
    if g.pop("load_entered", False):
        load_of(current_app).leave(served=False)


def seconds_to_wait(until_served: float = 0.0) -> int:
    """Draw when to come again: spread over twice the time in which those who wait are served."""
    span = min(LATEST_SECONDS - SOONEST_SECONDS, max(3, math.ceil(2 * until_served)))
    return SOONEST_SECONDS + secrets.randbelow(span + 1)


def _guard() -> None:
    if not request.path.startswith(_PATHS) and request.endpoint != _SUBMISSION:
        return
    if until_served := load_of(current_app).enter():
        raise ServiceUnavailable(retry_after=seconds_to_wait(until_served))
    g.load_entered = True


def _leave(error: BaseException | None) -> None:
    if g.pop("load_entered", False):
        load_of(current_app).leave(served=error is None)
