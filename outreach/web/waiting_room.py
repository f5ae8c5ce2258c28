"""Where connections wait, for the rest of a request or to take that of an answer.

When it is full somebody has to leave.

Who comes from one place alone is sent away first, however many connections they have: all others
keep theirs. Behind a proxy that may tell, places are those it tells.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Of one process: connections, and what came over all of them, in bytes.
MOST_CONNECTIONS, MOST_TOGETHER_BYTES = 400, 128 * 1024 * 1024


class Waiting(Protocol):
    """What somebody waits with: from where, so many bytes of it, and until when."""

    place: str
    size: int

    @property
    def until(self) -> float:
        """How long, by `time.monotonic`."""


class WaitingRoom[W: Waiting]:
    """The connections that wait, each with what it waits with; used by one thread."""

    def __init__(self) -> None:
        self._waiting: dict[Any, W] = {}
        self._bytes = 0

    def __contains__(self, conn: Any) -> bool:
        return conn in self._waiting

    def __len__(self) -> int:
        return len(self._waiting)

    def of(self, conn: Any) -> W:
        """Give what a connection waits with."""
        return self._waiting[conn]

    def enter(self, conn: Any, waiting: W) -> None:
        """Let a connection wait."""
        self._waiting[conn] = waiting
        self._bytes += waiting.size

    def note(self, more_bytes: int) -> None:
        """Count so many bytes more of those who wait."""
        self._bytes += more_bytes

    def leave(self, conn: Any) -> W:
        """Let a connection wait no more; give what it waited with."""
        waiting = self._waiting.pop(conn)
        self._bytes -= waiting.size
        return waiting

    def overdue(self, now: float) -> Iterator[Any]:
        """Give the connections that were waited for long enough."""
        yield from [conn for conn, one in self._waiting.items() if one.until <= now]

    def crowded_out(self) -> Any | None:
        """Give the connection that has to leave for the others, if any has to."""
        if len(self._waiting) > MOST_CONNECTIONS:
            nearest_end = self._of_fullest_place(lambda _one: 1)
            return min(nearest_end, key=lambda conn: self._waiting[conn].until)
        if self._bytes > MOST_TOGETHER_BYTES:
            largest = self._of_fullest_place(lambda one: one.size)
            return max(largest, key=lambda conn: self._waiting[conn].size)
        return None

    def _of_fullest_place(self, weight: Callable[[W], int]) -> list[Any]:
        places = Counter[str]()
        for one in self._waiting.values():
            places[one.place] += weight(one)
        fullest = places.most_common(1)[0][0]
        return [conn for conn, one in self._waiting.items() if one.place == fullest]
