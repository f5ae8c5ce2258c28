"""Phones that send their reports over plain sockets: an asyncio client with nothing in it.

On two cores a client takes from the server what it uses itself; this one uses little.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import dataclass, field

#: As the phone's page does it: after the network returns, and between two tries.
AFTER_ONLINE_SECONDS = 5.0
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 5.0, 30.0
PATIENCE_SECONDS = 45.0
GIVES_UP_SECONDS = 240.0


@dataclass
class Phone:
    """One official's phone: its token, what it holds, and how its sending went."""

    token: str
    reports: list[dict[str, object]]
    #: The network goes away once, after the request has left and before the answer is there.
    is_cut_off: bool = False
    #: How long each answer took: those that took reports, and those that asked to come again.
    accepted_seconds: list[float] = field(default_factory=list)
    put_off_seconds: list[float] = field(default_factory=list)
    failed: int = 0
    #: For each report, from the phone's first try until an answer named it as stored.
    stored_after: list[float] = field(default_factory=list)

    def request(self, host: str) -> bytes:
        body = json.dumps(
            {"sent_at": "2026-11-20T04:00:00Z", "unsent": 0, "reports": self.reports}
        ).encode()
        head = (
            f"POST /api/v1/reports HTTP/1.1\r\nHost: {host}\r\nCookie: phone={self.token}\r\n"
            "X-Requested-With: outreach\r\nContent-Type: application/json\r\n"
            f"Accept: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        return head.encode() + body


async def storm(phones: list[Phone], port: int, *, within_seconds: float, seed: int = 1) -> float:
    """Let all phones send, beginning within so many seconds; return how long all took."""
    drawn = random.Random(seed)
    starts = [drawn.uniform(0, within_seconds) for _ in phones]
    began = time.perf_counter()
    await asyncio.gather(
        *(
            _send_until_done(phone, port, start, random.Random(number))
            for number, (phone, start) in enumerate(zip(phones, starts, strict=True))
        )
    )
    return time.perf_counter() - began


async def _send_until_done(phone: Phone, port: int, start: float, drawn: random.Random) -> None:
    await asyncio.sleep(start)
    began = time.perf_counter()
    longest = FIRST_WAIT_SECONDS
    while phone.reports and time.perf_counter() - began < GIVES_UP_SECONDS:
        bidden = await _try(phone, port, began)
        if not phone.reports:
            break
        await asyncio.sleep((bidden or 0) + drawn.uniform(0, longest))
        longest = min(longest * 2, LONGEST_WAIT_SECONDS)


async def _try(phone: Phone, port: int, first_try: float) -> float | None:
    """Send once; drop what an answer names as stored; return the seconds we are told to wait."""
    began = time.perf_counter()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            status, headers, body = await _exchange(phone, port)
    except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError, IndexError):
        phone.failed += 1
        return None
    now = time.perf_counter()
    if status in (429, 503):
        phone.put_off_seconds.append(now - began)
        return float(headers["retry-after"])
    if status != 200:
        raise AssertionError(f"a phone was answered {status}: {body[:200]!r}")
    phone.accepted_seconds.append(now - began)
    kept = {
        answer["id"]
        for answer in json.loads(body)["answers"]
        if answer["outcome"] in ("accepted", "duplicate", "conflict")
    }
    unsent = [report for report in phone.reports if report["id"] not in kept]
    phone.stored_after += [now - first_try] * (len(phone.reports) - len(unsent))
    phone.reports = unsent
    return None


async def _exchange(phone: Phone, port: int) -> tuple[int, dict[str, str], bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(phone.request(f"127.0.0.1:{port}"))
        await writer.drain()
        if phone.is_cut_off:
            phone.is_cut_off = False
            await asyncio.sleep(0.05)
            raise OSError("the network is gone")
        raw = await reader.read()
    finally:
        writer.close()
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    return int(first.split()[1]), headers, body
