"""A web process tells every few seconds that it lives."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from outreach.watch.beating import (
    BEAT_EVERY,
    beat_carefully,
    leave_carefully,
    this_process,
)
from outreach.watch.tables import ProcessKind

if TYPE_CHECKING:
    from sqlalchemy import Engine


class Beats:
    """The heartbeat of one process, on a thread of its own."""

    def __init__(self, engine: Engine, secret: str) -> None:
        self._engine = engine
        self._process = this_process(ProcessKind.WEB, secret)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)

    def start(self) -> None:
        """Begin; the first line is left at once."""
        self._thread.start()

    def stop(self) -> None:
        """End, and take the line away."""
        self._stopped.set()
        self._thread.join(timeout=1)
        leave_carefully(self._engine, self._process)

    def _go_on(self) -> None:
        while not self._stopped.is_set():
            beat_carefully(self._engine, self._process)
            self._stopped.wait(BEAT_EVERY.total_seconds())
