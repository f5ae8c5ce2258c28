"""A road service on this machine that answers like OSRM's table service, well or badly."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator  # noqa: TC003 - read at run time by the decorator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import atan2, cos, hypot, radians
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

EARTH_RADIUS_M = 6_371_008.8
#: No machine is this late by itself; who asks gives up long before.
SLOW_SECONDS = 30.0

type Place = tuple[float, float]


def seconds_between(here: Place, there: Place) -> float:
    """Seconds at 40 km/h on the straight line, a tenth more towards the west."""
    east = radians(there[0] - here[0]) * cos(radians(here[1]))
    north = radians(there[1] - here[1])
    seconds = hypot(east, north) * EARTH_RADIUS_M / (40 / 3.6)
    return seconds * (1.1 if atan2(north, east) > radians(90) else 1.0)


@dataclass
class RoadServer:
    """What the service does with a question; `url` is where it answers.

    Attributes
    ----------
    answer
        Makes the table of its places; None for where there is no road.
    manner
        ``ok``, or how it fails: ``refuse``, ``slow``, ``trickle``, ``cut``, ``endless``,
        ``redirect`` or ``words``.
    fails_first
        So many questions fail in that manner, all later ones are answered; None for all.
    asked
        The places of every question.
    """

    url: str = ""
    answer: Callable[[list[Place]], Any] = field(
        default=lambda places: [
            [seconds_between(here, there) for there in places] for here in places
        ]
    )
    manner: str = "ok"
    fails_first: int | None = None
    asked: list[list[Place]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def manner_now(self) -> str:
        is_failing = self.fails_first is None or len(self.asked) <= self.fails_first
        return self.manner if is_failing else "ok"


@contextmanager
def road_server(**wanted: Any) -> Iterator[RoadServer]:
    told = RoadServer(**wanted)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.paths.append(self.path)
            _serve(self, told)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield told
    finally:
        told.over.set()
        server.shutdown()
        server.server_close()


def _serve(handler: BaseHTTPRequestHandler, told: RoadServer) -> None:
    address = urlsplit(handler.path)
    assert address.path.startswith("/table/v1/driving/")
    assert parse_qs(address.query) == {"annotations": ["duration"]}
    pairs = address.path.rsplit("/", 1)[1].split(";")
    places = [(float(east), float(north)) for east, north in (one.split(",") for one in pairs)]
    told.asked.append(places)
    body = json.dumps({"code": "Ok", "durations": told.answer(places)}).encode()
    match told.manner_now():
        case "refuse":
            _send(handler, 400, b'{"code": "TooBig", "message": "Too many table coordinates"}')
        case "redirect":
            handler.send_response(302)
            handler.send_header("Location", f"{told.url}/elsewhere")
            handler.end_headers()
        case "words":
            _send(handler, 200, b"<html>Please log in</html>")
        case "slow":
            told.over.wait(SLOW_SECONDS)
        case "cut":
            _send(handler, 200, body[: len(body) // 2], told_length=len(body))
        case "trickle":
            _trickle(handler, told, len(body))
        case "endless":
            _pour(handler, told)
        case _:
            _send(handler, 200, body)


def _send(
    handler: BaseHTTPRequestHandler, status: int, body: bytes, told_length: int | None = None
) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(told_length or len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def _trickle(handler: BaseHTTPRequestHandler, told: RoadServer, length: int) -> None:
    _send(handler, 200, b"", told_length=length)
    while not told.over.wait(0.05):
        _write(handler, told, b" ")


def _pour(handler: BaseHTTPRequestHandler, told: RoadServer) -> None:
    handler.send_response(200)
    handler.end_headers()
    while not told.over.is_set():
        _write(handler, told, b" " * 65_536)


def _write(handler: BaseHTTPRequestHandler, told: RoadServer, body: bytes) -> None:
    try:
        handler.wfile.write(body)
    except OSError:  # who asked has gone
        told.over.set()
