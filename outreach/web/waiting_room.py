"""Where connections wait until a whole request is there, and who has to leave when it is full.

Who comes from one place alone is sent away first, however many connections they have: all others
keep theirs. Behind a proxy that may tell, places are those it tells.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from outreach.web.arriving import Arriving

#: Of one process: connections, and what came over all of them, in bytes.
MOST_CONNECTIONS, MOST_TOGETHER_BYTES = 400, 128 * 1024 * 1024


class WaitingRoom:
    """The connections that wait, each with what came; used by one thread."""

    def __init__(self) -> None:
        self._arriving: dict[Any, Arriving] = {}
        self._bytes = 0

    def __contains__(self, conn: Any) -> bool:
        return conn in self._arriving

    def __len__(self) -> int:
        return len(self._arriving)

    def of(self, conn: Any) -> Arriving:
        """Give what came over a connection that waits."""
        return self._arriving[conn]

    def enter(self, conn: Any, arriving: Arriving) -> None:
        """Let a connection wait."""
        self._arriving[conn] = arriving
        self._bytes += arriving.received

    def note(self, received: int) -> None:
        """Count so many bytes more of those who wait."""
        self._bytes += received

    def leave(self, conn: Any) -> Arriving:
        """Let a connection wait no more; give what came."""
        arriving = self._arriving.pop(conn)
        self._bytes -= arriving.received
        return arriving

    def overdue(self, now: float) -> Iterator[Any]:
        """Give the connections that were waited for long enough."""
        yield from [conn for conn, one in self._arriving.items() if one.until <= now]

    def crowded_out(self) -> Any | None:
        """Give the connection that has to leave for the others, if any has to."""
        if len(self._arriving) > MOST_CONNECTIONS:
            nearest_end = self._of_fullest_place(lambda _one: 1)
            return min(nearest_end, key=lambda conn: self._arriving[conn].until)
        if self._bytes > MOST_TOGETHER_BYTES:
            largest = self._of_fullest_place(lambda one: one.received)
            return max(largest, key=lambda conn: self._arriving[conn].received)
        return None

    def _of_fullest_place(self, weight: Callable[[Arriving], int]) -> list[Any]:
        places = Counter[str]()
        for one in self._arriving.values():
            places[one.place] += weight(one)
        fullest = places.most_common(1)[0][0]
        return [conn for conn, one in self._arriving.items() if one.place == fullest]
