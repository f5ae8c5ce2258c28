"""Reads the logs of our programs: whatever breaks beside them, some errors none may ever log."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GRAVE = frozenset({"ERROR", "CRITICAL"})
#: What we log ourselves, and what Celery tells of our tasks; what libraries say of their own
#: connections goes by no rule.
_OURS = ("outreach", "tasks", "celery.app.trace")
#: Kinds of errors that tell that a server was away, or took back what was begun.
AWAY = frozenset(
    {
        "OperationalError",  # of SQLAlchemy, and of the queue
        "InternalError",  # a transaction that cannot go on
        "TimeoutError",
        "ConnectionError",
        "ConnectionResetError",
        "BrokenPipeError",
    }
)
_MOST_WORDS = 600


def astonishing(folder: Path) -> list[str]:
    """Tell the errors in all logs of a folder that no server explains which was away."""
    return [
        f"{file.stem} logged {json.dumps(line)[:_MOST_WORDS]}"
        for file in sorted(folder.glob("*.log"))
        for line in _lines(file)
        if _is_astonishing(line)
    ]


def _is_astonishing(line: dict[str, Any]) -> bool:
    is_ours = str(line.get("logger", "")).startswith(_OURS)
    return is_ours and line.get("level") in _GRAVE and line.get("error") not in AWAY


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    """Read the lines that are JSON: who is killed in the middle of one leaves another thing."""
    with file.open(errors="replace") as lines:
        for line in lines:
            with suppress(ValueError):
                told = json.loads(line)
                if isinstance(told, dict):
                    yield told


def forget(folder: Path) -> None:
    """Take away the logs and the backup that an earlier seed of the same number left."""
    for file in (*folder.glob("*.log"), *folder.glob("*.outreach")):
        file.unlink()
