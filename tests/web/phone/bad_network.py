"""A line between a phone and our server that does what lines in villages do.

It speaks HTTP as far as it must to know which request it spoils. The server sees real requests.
"""

from __future__ import annotations

import asyncio
import re
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
_HOP = re.compile(rb"\r\nconnection:[^\r\n]*", re.IGNORECASE)
PORTAL = "<!doctype html><title>Wi-Fi gratis</title><h1>Silakan masuk</h1>"


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to a request.

    `passes` says whether the server gets it. `keeps` is how many bytes of the answer arrive before
    the line is cut; -1 for all. `instead` is answered in the server's place.
    """

    passes: bool = True
    keeps: int = -1
    seconds: float = 0.0
    instead: bytes | None = None


def answers(status: str, body: str = "", kind: str = "text/html", **headers: str) -> Fault:
    """Something answers in our server's place."""
    told = {"Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(body.encode()))}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    head = f"HTTP/1.1 {status}\r\n{lines}Connection: close\r\n\r\n"
    return Fault(passes=False, instead=(head + body).encode())


DEAD = Fault(passes=False, keeps=0)
ANSWER_LOST = Fault(keeps=0)
CUT_IN_THE_HEAD = Fault(keeps=40)
SWALLOWED = Fault(passes=False, keeps=0, seconds=3600)
CAPTIVE_PORTAL = answers("200 OK", PORTAL)
REDIRECTED = answers("302 Found", Location="http://127.0.0.1:9/login")
BROKEN = answers("500 Internal Server Error", "<h1>oh</h1>")


@dataclass
class BadNetwork:
    """Which requests are spoiled, by the start of their path; the first that fits counts.

    `carried_bytes` counts all that came down the line, headers and all, whoever asked for it.
    """

    port: int = 0
    faults: dict[str, Fault] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    carried_bytes: int = 0
    under_way: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def count(self, start: str) -> int:
        """Count the requests so far, by method and start of their path: `POST /api/v1/reports`."""
        return sum(line.startswith(start) for line in self.asked)

    def fault_of(self, path: str) -> Fault:
        fitting = (fault for start, fault in self.faults.items() if path.startswith(start))
        return next(fitting, Fault())


@contextmanager
def bad_network(server_port: int) -> Iterator[BadNetwork]:
    """Stand between phones and the server at the port while the block runs."""
    network = BadNetwork()
    loop = asyncio.new_event_loop()
    began = threading.Event()
    servers: list[asyncio.Server] = []
    tasks: set[asyncio.Task[None] | None] = set()

    async def run() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            # Held on to: a task whose browser is gone hangs in the air, and would be swept away.
            tasks.add(asyncio.current_task())
            try:
                await _carry(network, server_port, reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                pass  # the browser hung up: lines do that
            finally:
                await _hang_up(writer)
                tasks.discard(asyncio.current_task())

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        network.port = server.sockets[0].getsockname()[1]
        servers.append(server)
        began.set()

    starting = loop.create_task(run())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    assert began.wait(10), starting
    try:
        yield network
    finally:
        asyncio.run_coroutine_threadsafe(_end(servers), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end(servers: list[asyncio.Server]) -> None:
    for server in servers:
        server.close()
    await asyncio.sleep(0.05)  # who was just let in has a task by then
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0.05)  # and what was just closed is gone


async def _carry(
    network: BadNetwork,
    server_port: int,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    method, path, _ = head.decode("latin-1").split(" ", 2)
    length = _LENGTH.search(head)
    body = await reader.readexactly(int(length[1])) if length else b""
    network.asked.append(f"{method} {path}")
    network.under_way += 1
    try:
        await _answer(network, server_port, writer, head, body, network.fault_of(path))
    finally:
        network.under_way -= 1


async def _answer(
    network: BadNetwork,
    server_port: int,
    writer: asyncio.StreamWriter,
    head: bytes,
    body: bytes,
    fault: Fault,
) -> None:
    await asyncio.sleep(fault.seconds)
    answer = fault.instead or b""
    if fault.passes:
        answer = await _ask(server_port, head, body)
    told = answer if fault.keeps < 0 else answer[: fault.keeps]
    network.carried_bytes += len(told)
    writer.write(told)
    await writer.drain()
    if fault.keeps >= 0:
        writer.transport.abort()


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def _ask(server_port: int, head: bytes, body: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", server_port)
    told = _HOP.sub(b"", head).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    try:
        writer.write(told + body)
        await writer.drain()
        return await reader.read()
    finally:
        await _hang_up(writer)
