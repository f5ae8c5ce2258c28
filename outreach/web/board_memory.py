"""Boards counted lately: the same one is not counted again until something has changed."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from flask import current_app

from outreach.progress.board import board
from outreach.progress.changes import latest_change
from outreach.web.map_data import Memory

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlmodel import Session

    from outreach.progress.board import Asked, Board
    from outreach.progress.board_targets import RegionTargets

#: What changes without a line in the visits' history, such as a phone's unsent reports, shows
#: after so long.
KEPT_SECONDS = 30


class BoardMemory:
    """Safe for the threads of a process; two that ask at once may both count."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._boards: Memory[Board] = Memory()

    def board(
        self, db: Session, asked: Asked, targets: RegionTargets, *, today: date, now: datetime
    ) -> Board:
        """Answer what `progress.board.board` answers."""
        period = int(time.monotonic() // KEPT_SECONDS)
        whose = frozenset(targets.targets.items())
        key = (asked.scope, asked.by, today, latest_change(db, now), whose, period)
        with self._lock:
            kept = self._boards.get(key)
        if kept is None:
            kept = board(db, asked, targets, today=today, now=now)
            with self._lock:
                self._boards.put(key, kept)
        return kept


def board_memory() -> BoardMemory:
    """Return what this process remembers of its boards."""
    kept: BoardMemory = current_app.extensions.setdefault("boards", BoardMemory())
    return kept
