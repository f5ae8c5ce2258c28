"""How much work a request is: time of the processor, its children's too, and of the database.

Not the time it takes: who sends a picture over a slow line, or asks while the server or the
database is busy with others, is no more work than anybody else.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from outreach.children import children_seconds

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: What the newest request of a kind says about the next one.
_NEWEST = 0.25
#: Of a kind that was never asked for.
FIRST_SECONDS = 0.05
#: What the server does for each request before it comes in and after it is answered: reads it,
#: sends the answer, closes the connection, changes threads.
AROUND_SECONDS = 0.001
#: A database works for somebody on most of the time that he waits for it.
DATABASE_SHARE = 0.5
#: So many seconds of waiting count for each that the request itself works: for a quiet PostgreSQL
#: pages wait a tenth as long as they work, those of the whole nation once to twice as long.
#: Whoever waits longer waits for others, or for a row that one of them holds.
MOST_WAITING = 1.0


class _Waiting(threading.local):
    began = (0.0, 0.0)
    seconds = 0.0
    cut_short = 0


_waiting = _Waiting()


def count_waiting(engine: Engine) -> None:
    """Measure from now on how long each thread waits for this database.

    SQLite works in the thread itself: who waits for it waits for others.
    """
    event.listen(engine, "handle_error", _note_cut)
    if engine.dialect.name != "sqlite":
        event.listen(engine, "before_cursor_execute", _begin)
        event.listen(engine, "after_cursor_execute", _end)


def _begin(*_told: Any) -> None:
    _waiting.began = time.perf_counter(), time.thread_time()


def _end(*_told: Any) -> None:
    clock, processor = _waiting.began
    waited = time.perf_counter() - clock - (time.thread_time() - processor)
    _waiting.seconds += max(0.0, waited)


def _note_cut(_told: Any) -> None:
    _waiting.cut_short += 1


def _processor() -> float:
    return time.thread_time() + children_seconds()


@dataclass(slots=True)
class Stopwatch:
    """Measures the work of one request in its thread."""

    processor: float = field(default_factory=_processor)
    waited: float = field(default_factory=lambda: _waiting.seconds)
    cut_short: int = field(default_factory=lambda: _waiting.cut_short)

    def seconds(self) -> float:
        """Seconds of work so far: at most half as much again as those of the processor."""
        processor = _processor() - self.processor
        waited = min(_waiting.seconds - self.waited, MOST_WAITING * processor)
        return AROUND_SECONDS + processor + DATABASE_SHARE * waited

    @property
    def is_cut_short(self) -> bool:
        """Whether the database refused or broke off anything: what it did till then is unknown."""
        return _waiting.cut_short > self.cut_short


class Experience:
    """What requests of each kind took lately, in one process."""

    def __init__(self) -> None:
        self._known: dict[str, float] = {}

    def expected_seconds(self, kind: str) -> float:
        """Tell how much work the next one will probably be."""
        return self._known.get(kind, FIRST_SECONDS)

    def note(self, kind: str, seconds: float) -> None:
        """Learn from one; of two at the same moment one may be forgotten."""
        known = self._known.get(kind)
        self._known[kind] = seconds if known is None else known + _NEWEST * (seconds - known)
