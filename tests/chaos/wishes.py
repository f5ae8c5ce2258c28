"""Plans that faults wish for, so that there is something to break; coordinators grant them."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Wishes:
    """How many plans are wished for or being made: so many are kept, and no more."""

    def __init__(self) -> None:
        self._wished = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._open = 0

    def keep(self, plans: int) -> None:
        """Wish for as many plans as are lacking for so many to be wished for or under way."""
        with self._lock:
            while self._open < plans:
                self._open += 1
                self._wished.release()

    @contextmanager
    def granting(self, seconds: float) -> Iterator[bool]:
        """Wait so long for a wish; tell whether there is one, which is granted by the block."""
        is_wished = self._wished.acquire(timeout=seconds)
        try:
            yield is_wished
        finally:
            if is_wished:
                with self._lock:
                    self._open -= 1
