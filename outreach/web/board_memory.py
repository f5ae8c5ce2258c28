"""Figures counted lately: the same ones are not counted again until something has changed."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from flask import current_app

from outreach.progress.board import board
from outreach.progress.versions import figures_version
from outreach.web.map_data import Memory

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from sqlmodel import Session

    from outreach.progress.board import Asked, Board
    from outreach.progress.board_targets import RegionTargets
    from outreach.progress.scope import Scope

#: What changes without changing the figures' version, such as a phone's unsent reports, shows after
#: so long.
KEPT_SECONDS = 120


class BoardMemory:
    """Safe for the threads of a process; two that ask at once may both count."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: Memory[Any] = Memory()

    def board(
        self, db: Session, asked: Asked, targets: RegionTargets, *, today: date, now: datetime
    ) -> Board:
        """Answer what `progress.board.board` answers."""
        served = (frozenset(asked.branches.items()), frozenset(asked.offices.items()))
        key = (asked.by, served, today, frozenset(targets.targets.items()), targets.whole)
        found: Board = self.other(
            db, asked.scope, key, lambda: board(db, asked, targets, today=today, now=now), now=now
        )
        return found

    def other(
        self, db: Session, scope: Scope, key: object, reckon: Callable[[], Any], *, now: datetime
    ) -> Any:
        """Answer what *reckon* answers of a scope, of what else it depends on by *key*."""
        period = int(time.monotonic() // KEPT_SECONDS)
        version = figures_version(db, now, with_choice=scope.campaign_id is not None)
        whole_key = (scope, key, version, period)
        with self._lock:
            kept = self._kept.get(whole_key)
        if kept is None:
            kept = reckon()
            with self._lock:
                self._kept.put(whole_key, kept)
        return kept


def board_memory() -> BoardMemory:
    """Return what this process remembers of its boards."""
    kept: BoardMemory = current_app.extensions.setdefault("boards", BoardMemory())
    return kept
