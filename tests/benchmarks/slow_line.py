"""A slow line between a browser and a server: all connections share its rate.

Every question and its answer take a round trip; making a connection is not counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE = 4_096


@dataclass
class Line:
    """A line of so many bytes a second, on which a question and its answer take a round trip."""

    name: str
    bytes_per_second: float
    round_trip_seconds: float
    _free_at: float = field(default=0.0)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry an answer's bytes: one after the other, each half a round trip under way."""
        loop, delay = asyncio.get_running_loop(), self.round_trip_seconds / 2
        while piece := await reader.read(_PIECE):
            now = time.monotonic()
            self._free_at = max(self._free_at, now) + len(piece) / self.bytes_per_second
            await asyncio.sleep(self._free_at - now)
            loop.call_later(delay, writer.write, piece)
        await asyncio.sleep(delay)

    async def ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry a question, which is small: delayed by half a round trip."""
        while piece := await reader.read(_PIECE):
            await asyncio.sleep(self.round_trip_seconds / 2)
            writer.write(piece)
            await writer.drain()


def slow_3g() -> Line:
    return Line("slow 3G", 50_000, 0.4)


def fast_3g() -> Line:
    return Line("fast 3G", 180_000, 0.15)


@contextmanager
def through(line: Line, base: str) -> Iterator[str]:
    """Let a server be reached over a line while the block runs; answer the address there."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    port = urlsplit(base).port
    try:
        opened = asyncio.run_coroutine_threadsafe(_open(line, port), loop).result()
        yield f"http://127.0.0.1:{opened}"
    finally:
        asyncio.run_coroutine_threadsafe(_close_all(), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=5)
        loop.close()


async def _open(line: Line, port: int | None) -> int:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        asking = asyncio.ensure_future(line.ask(reader, back))
        with contextlib.suppress(OSError):
            await line.carry(there, writer)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        back.close()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    found: int = server.sockets[0].getsockname()[1]
    return found


async def _close_all() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
