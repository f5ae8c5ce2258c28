"""One person's flood: what it takes from everybody else, on the product as it runs.

Two gunicorn processes, PostgreSQL (else SQLite) and Redis on this machine, the whole country
loaded. Six managers go from page to page; beside them, turn by turn, nobody or one who asks with
many connections, without a pause, for what costs most. Each flood has rounds of both, one after
the other, so that what else the machine does strikes both alike; the first twenty seconds, in which
a flood spends what anybody has saved up, are told apart.

A flood may slow the others down by a fifth. It runs in a process of its own, of low priority: on
these cores it would else take from the server what in life it takes from its own machine.
"""

from __future__ import annotations

import asyncio
import http.client
import multiprocessing
import os
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from outreach.cli.maps import build_if_missing
from outreach.config import Settings
from outreach.db import unit_of_work
from outreach.people.tables import Role
from outreach.villages.registry import load_registry, read_registry
from outreach.web.app import create_app
from tests.benchmarks.databases import fresh_database
from tests.benchmarks.serving import SECRET, cpu_seconds, redis_server, web_server
from tests.builders import account
from tests.field import make_field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Engine

ROUNDS, ROUND_SECONDS, FIRST_SECONDS = 5, 8.0, 20.0
#: It saves up again while it is away, and spends that before it is measured.
AGAIN_SECONDS = 6.0
CONNECTIONS = 48
GOAL = 1.2
#: Between two pages, at least and at most: somebody who only looks where to go next. Each has an
#: order and a pace of their own: in step, six would queue behind each other, and any small thing
#: that brings them out of step or into it would look like the flood's doing.
PAUSE_SECONDS = (0.4, 1.0)
#: Where people are, and what they look at there.
AREAS = ("33", "35", "73", "12", "51", "64")
PAGES = (
    "/board?area={area}",
    "/map?area={area}",
    "/map/search?q=suka+maju",
    "/villages?q=jaya&area={area}",
    "/follow-ups?area={area}",
    "/ledger?area={area}",
    "/map/table?area={area}",
)


@dataclass(frozen=True)
class Flood:
    """What somebody asks for without end; a stranger has no cookie."""

    name: str
    paths: tuple[str, ...]
    is_stranger: bool = False
    #: Makes a connection for each request, and never hangs up itself.
    hangs_on: bool = False
    #: Sends of each request a byte a second, half of the connections of its head, half of its body.
    dribbles: bool = False


FLOODS = (
    Flood("exports", ("/map/export.gpkg", "/map/export.geojson?area=33", "/board/table.xlsx")),
    Flood("boards and searches", ("/board", "/map/search?q=desa+sukamju+jya", "/outlook")),
    Flood("a stranger's login page", ("/login", "/board"), is_stranger=True),
    Flood("a stranger who hangs on", ("/login",), is_stranger=True, hangs_on=True),
    Flood("a stranger who dribbles", ("/login",), is_stranger=True, dribbles=True),
)


@dataclass
class Person:
    """Somebody who goes from page to page, and how long each answer took, by round."""

    cookie: str
    area: str
    took: dict[str, list[float]] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)

    def work(self, port: int, until: float, into: str) -> None:
        drawn = Random(self.area)  # the same in each round, with the flood and without it
        pages = drawn.sample(PAGES, len(PAGES))
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while time.monotonic() < until:
            for page in pages:
                time.sleep(drawn.uniform(*PAUSE_SECONDS))
                began = time.perf_counter()
                line.request("GET", page.format(area=self.area), headers={"Cookie": self.cookie})
                answer = line.getresponse()
                answer.read()
                self.took.setdefault(into, []).append(time.perf_counter() - began)
                self.statuses[answer.status] += 1
        line.close()


def main() -> None:
    wanted = [one for one in FLOODS if not sys.argv[1:] or one.name in sys.argv[1:]]
    try:
        with fresh_database("postgres") as engine:
            _run(engine, wanted)
    except ModuleNotFoundError as error:
        print(f"SQLite, for {error.name} is not installed")
        with fresh_database("sqlite") as engine:
            _run(engine, wanted)


def _run(engine: Engine, floods: Sequence[Flood]) -> None:
    with unit_of_work(engine) as db:
        load_registry(db, now=datetime(2026, 1, 5, tzinfo=UTC), registry=read_registry())
        make_field(db, 1)
        names = ("flooder", *AREAS)
        people = [account(db, Role.MANAGER, f"m{n}", whole_nation=True) for n in names]
        keys = [f"{one.id}:{one.password_stamp}" for one in people]
    with tempfile.TemporaryDirectory() as folder, redis_server() as redis_url:
        settings = Settings(
            _env_file=None,
            database_url=engine.url.render_as_string(hide_password=False),
            secret_key=SECRET,
            var_dir=Path(folder),
        )
        flooder, *cookies = _cookies(settings, keys)
        build_if_missing(engine, settings)
        with web_server(engine, redis_url, Path(folder)) as (port, pid):
            for one in floods:
                _measure(port, pid, one, "" if one.is_stranger else flooder, cookies)


def _cookies(settings: Settings, keys: Sequence[str]) -> list[str]:
    """Log in without passwords, as the app would have it."""
    app, made = create_app(settings), []
    for key in keys:
        client = app.test_client()
        with client.session_transaction() as session:
            session.update({"_user_id": key, "_fresh": True, "since": int(time.time())})
        cookie = client.get_cookie("outreach")
        assert cookie is not None
        made.append(f"outreach={cookie.value}")
    app.extensions["outreach"].engine.dispose()
    return made


def _measure(port: int, pid: int, flood: Flood, cookie: str, cookies: Sequence[str]) -> None:
    people = [Person(*told) for told in zip(cookies, AREAS, strict=True)]
    _together(people, port, 3.0, "warm")
    for number in range(ROUNDS):
        _together(people, port, ROUND_SECONDS, "alone")
        with _flooding(port, flood, cookie) as statuses:
            _together(people, port, AGAIN_SECONDS if number else FIRST_SECONDS, "first")
            before, began = cpu_seconds(pid), time.monotonic()
            _together(people, port, ROUND_SECONDS, "flood")
            busy = (cpu_seconds(pid) - before) / (time.monotonic() - began)
    _tell(flood, people, dict(statuses), busy)


def _together(people: Sequence[Person], port: int, seconds: float, into: str) -> None:
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=one.work, args=(port, until, into)) for one in people]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


def _tell(flood: Flood, people: Sequence[Person], statuses: dict[int, int], busy: float) -> None:
    by_kind = {k: [t for p in people for t in p.took[k]] for k in ("alone", "first", "flood")}
    print(f"\n{flood.name}: {CONNECTIONS} connections; the last round's answers {statuses}")
    for kind, words in (("alone", "nobody"), ("first", "first seconds"), ("flood", "flood")):
        times = by_kind[kind]
        print(
            f"  {words:14s} p50 {statistics.median(times) * 1000:6.0f} ms, "
            f"p95 {_p95(times) * 1000:6.0f} ms ({len(times)} pages)"
        )
    alone, under = by_kind["alone"], by_kind["flood"]
    middle = statistics.median(under) / statistics.median(alone)
    print(f"  ratio          p50 {middle:.2f}, p95 {_p95(under) / _p95(alone):.2f} (goal {GOAL})")
    print(f"  the web took {busy:.2f} processors; others were answered {_statuses(people)}")


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _statuses(people: Sequence[Person]) -> dict[int, int]:
    return dict(sum((one.statuses for one in people), Counter()))


@contextmanager
def _flooding(port: int, flood: Flood, cookie: str) -> Iterator[Any]:
    """Let a process of its own flood meanwhile; what it was answered is known afterwards."""
    away = multiprocessing.get_context("spawn")
    with away.Manager() as manager:
        counted = manager.dict()
        process = away.Process(target=_flood, args=(port, flood, cookie, counted), daemon=True)
        process.start()
        while not counted:  # it has begun
            time.sleep(0.1)
        statuses: Counter[int] = Counter()
        try:
            yield statuses
        finally:
            process.terminate()
            process.join()
            statuses.update(dict(counted))


def _flood(port: int, flood: Flood, cookie: str, counted: Any) -> None:
    os.nice(5)
    asyncio.run(_all_connections(port, flood, cookie, counted))


async def _all_connections(port: int, flood: Flood, cookie: str, counted: Any) -> None:
    statuses: Counter[int] = Counter()
    ends = "Connection: close\r\n" if flood.hangs_on else ""
    requests = [
        f"GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n{ends}\r\n".encode()
        for path in flood.paths
    ]
    async with asyncio.TaskGroup() as group:
        for number in range(CONNECTIONS):
            if flood.dribbles:
                group.create_task(_dribble_on(port, statuses, into_body=number % 2 == 0))
            else:
                group.create_task(_ask_on(port, requests[number % len(requests)], flood, statuses))
        while True:
            await asyncio.sleep(0.5)
            counted.update(statuses)


async def _ask_on(port: int, request: bytes, flood: Flood, statuses: Counter[int]) -> None:
    held: list[asyncio.StreamWriter] = []
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            while True:
                writer.write(request)
                status, ends = await _read(reader)
                statuses[status] += 1
                if ends or flood.hangs_on:
                    break
        except (OSError, ValueError, IndexError, asyncio.IncompleteReadError):
            statuses[0] += 1
            await asyncio.sleep(0.01)
            continue
        held.append(writer)
        for old in held[: -200 if flood.hangs_on else None]:
            old.close()
        del held[: -200 if flood.hangs_on else None]


async def _dribble_on(port: int, statuses: Counter[int], *, into_body: bool) -> None:
    """Count 0 for each connection begun, and what is answered if it is given up."""
    head = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"
    while True:
        try:
            statuses[0] += 1
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head + b"\r\nbegun.." if into_body else head)
            answer = asyncio.create_task(_read(reader))
            while not answer.done():
                writer.write(b"x")
                await asyncio.wait([answer], timeout=1.0)
            statuses[answer.result()[0]] += 1
            writer.close()
        except (OSError, ValueError, IndexError, asyncio.IncompleteReadError):
            await asyncio.sleep(0.01)


async def _read(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """Read one answer; tell its status, and whether the connection ends with it."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    told = {
        name.lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])
    }
    if "content-length" in told:
        await reader.readexactly(int(told["content-length"]))
    elif "transfer-encoding" in told:
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    return int(head.split()[1]), told.get("connection", "").lower() == "close"


if __name__ == "__main__":
    main()
