"""The log: one line per event, of fields that are named here and of no others.

Nobody's data stands in it. Of an address its rule is told, of an error its kind and the places in
the code it came through: what it says may quote what somebody typed. Long numbers and addresses of
e-mail are blotted out even of what libraries say.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from outreach.config import ROOT
from outreach.watch.rights import RightsOnce

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

#: What a line tells of what it is about; the other fields are the log's own.
FIELDS = ("request_id", "account_id", "route", "status", "seconds")
_TOP = ("outreach", "tasks")
#: What Celery quotes of a task that failed.
_WORDS_OF_TASKS = {"exc", "traceback", "args", "kwargs", "return_value"}
_LONG_NUMBER = re.compile(r"[+(]?\d(?:[ .()-]{0,2}\d){6,}")
_MAIL = re.compile(r"[^\s<>@:;,'\"]+@[^\s<>@:;,'\"]+\w")
#: A day, a region's code and the address of a machine are nobody's.
_HARMLESS = re.compile(r"\d{4}-\d\d-\d\d|\d\d(?:\.\d\d){1,2}(?:\.\d{4})?|\d{1,3}(?:\.\d{1,3}){3}")

_about: ContextVar[Mapping[str, object]] = ContextVar("about")


@contextmanager
def about(**fields: object) -> Iterator[None]:
    """Let every line of the block tell what it is about, with some of `FIELDS`."""
    before = _about.set({**_about.get({}), **fields})
    try:
        yield
    finally:
        _about.reset(before)


def now_about(**fields: object) -> None:
    """Let every line from here on tell what it is about, until `about_nothing`."""
    _about.set({**_about.get({}), **fields})


def about_nothing() -> None:
    """Forget what lines were about: the next request of this thread is another."""
    _about.set({})


class _Line(logging.Formatter):
    """Makes of a record what may be told of it."""

    def told(self, record: logging.LogRecord) -> dict[str, object]:
        moment = datetime.fromtimestamp(record.created, UTC)
        told: dict[str, object] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
        }
        inherited = _about.get({})
        for name in FIELDS:
            value = getattr(record, name, inherited.get(name))
            if value not in (None, ""):
                told[name] = value
        if record.exc_info and record.exc_info[0]:
            told["error"] = record.exc_info[0].__name__
            told["came_through"] = came_through(record.exc_info[2])
        return told


class JsonLine(_Line):
    """One JSON object per event, for programs."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record as one line of JSON."""
        return json.dumps(self.told(record), ensure_ascii=False, default=str)


class TextLine(_Line):
    """The same for people at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record for people; where an error came through stands on lines of its own."""
        told = self.told(record)
        about = " ".join(f"{name}={told[name]}" for name in FIELDS if name in told)
        lines = [
            f"{told['level']} {told['logger']}: {told['message']}" + (f" [{about}]" * bool(about))
        ]
        if "error" in told:
            places = told["came_through"]
            lines += [f"    {place}" for place in places] if isinstance(places, list) else []
            lines.append(f"    {told['error']}")
        return "\n".join(lines)


def came_through(trace: TracebackType | None) -> list[str]:
    """List the places in the code that an error came through, the last one at the end."""
    frames = traceback.extract_tb(trace)
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _short(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name


def _message(record: logging.LogRecord) -> str:
    if record.name.startswith("gunicorn"):
        return _of_gunicorn(record)
    if record.name.startswith("celery") and isinstance(record.args, Mapping):
        return _of_celery(record, record.args)
    return blotted(record.getMessage())


def _of_celery(record: logging.LogRecord, facts: Mapping[str, object]) -> str:
    """Tell which task failed without the words of its error and without what it was asked."""
    told = {**facts, **dict.fromkeys(_WORDS_OF_TASKS & facts.keys(), "…")}
    return blotted(str(record.msg) % told)


def _of_gunicorn(record: logging.LogRecord) -> str:
    """Tell what the server says without what somebody sent it: addresses, lines, headers."""
    if record.levelno >= logging.WARNING and "request" in str(record.msg):
        return re.split(r" from | %s", str(record.msg), maxsplit=1)[0]
    return blotted(record.getMessage())


def blotted(text: str) -> str:
    """Blot out what looks like a person's number or address."""
    return _LONG_NUMBER.sub(_unless_harmless, _MAIL.sub("…", text))


def _unless_harmless(found: re.Match[str]) -> str:
    return found[0] if _HARMLESS.fullmatch(found[0]) else "…"


class _ErrorCount(logging.Handler):
    """Counts what is logged as an error, for whoever shows how many there were."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.addFilter(RightsOnce())
        self._counted = 0
        self._lock = threading.Lock()

    def emit(self, _record: logging.LogRecord) -> None:
        with self._lock:
            self._counted += 1

    def take(self) -> int:
        with self._lock:
            taken, self._counted = self._counted, 0
            return taken


_errors = _ErrorCount()


def take_errors() -> int:
    """Take the number of errors logged in this process since this was last asked."""
    return _errors.take()


def set_up(log_format: str) -> None:
    """Let this process log as the setting says; unset, as text where a terminal reads it.

    For programs every event is told, for people only what needs somebody.
    """
    is_text = log_format == "text" or (not log_format and sys.stderr.isatty())
    handler = logging.StreamHandler()
    handler.addFilter(RightsOnce())
    handler.setFormatter(TextLine() if is_text else JsonLine())
    logging.captureWarnings(capture=True)
    root = logging.getLogger()
    root.handlers[:] = [handler, _errors]
    root.setLevel(logging.WARNING)
    for name in _TOP:
        logging.getLogger(name).setLevel(logging.WARNING if is_text else logging.INFO)
