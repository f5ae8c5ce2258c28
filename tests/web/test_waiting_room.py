"""Who has to leave where connections wait for the rest of a request."""

from __future__ import annotations

import math
import socket
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from outreach.web import arriving, waiting_room
from outreach.web.arriving import Arriving
from outreach.web.framing import Chunked, read_head
from outreach.web.guessing import place_of
from outreach.web.waiting_room import WaitingRoom
from tests.web.gunicorns import served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def room() -> Iterator[WaitingRoom[Arriving]]:
    made = WaitingRoom[Arriving]()
    yield made
    for conn in list(made.overdue(math.inf)):
        made.leave(conn).close()


def begun(place: str, *, received: int = 0) -> Arriving:
    made = Arriving(place, 5.0)
    if received:
        made.add(b"POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\n")
        made.add(b"x" * (received - made.size))
    return made


def sent_away(room: WaitingRoom[Arriving]) -> list[Any]:
    """Make room until nobody has to leave."""
    gone = []
    while (conn := room.crowded_out()) is not None:
        room.leave(conn).close()
        gone.append(conn)
    return gone


def test_the_place_with_most_connections_makes_room(
    room: WaitingRoom[Arriving], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_room, "MOST_CONNECTIONS", 4)
    for name, place in (("honest", "a"), ("1", "b"), ("2", "b"), ("3", "b"), ("other", "c")):
        room.enter(name, begun(place, received=50 if name != "2" else 0))
    assert sent_away(room) == ["2"], "who is nearest to the end of patience"
    assert len(room) == 4


def test_the_place_that_holds_most_bytes_makes_room(
    room: WaitingRoom[Arriving], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_room, "MOST_TOGETHER_BYTES", 3000)
    for name, place, received in (("honest", "a", 1000), ("1", "b", 900), ("2", "b", 1000)):
        room.enter(name, begun(place, received=received))
    assert sent_away(room) == []
    room.of("1").add(b"y" * 200)
    room.note(200)
    assert sent_away(room) == ["1"]


def test_patience_grows_with_what_came(
    room: WaitingRoom[Arriving], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Counter(now=1000)
    monkeypatch.setattr(time, "monotonic", lambda: clock["now"])
    room.enter("silent", begun("a"))
    room.enter("body", begun("a", received=10_000))
    head = Arriving("a", 5.0)
    head.add(b"POST")
    room.enter("head", head)
    gone_at = {}
    for clock["now"] in range(1000, 1100):
        for conn in room.overdue(clock["now"]):
            gone_at[conn] = clock["now"] - 1000
            room.leave(conn).close()
    assert gone_at == {
        "silent": 5,
        "head": arriving.HEAD_SECONDS,
        "body": arriving.BODY_SECONDS + 10_000 / arriving.BYTES_A_SECOND,
    }


def test_a_head_tells_what_follows_and_for_whom() -> None:
    head = read_head(
        b"\r\nPOST /a HTTP/1.1\r\nContent-length: 12\r\nX-Forwarded-For: 1, 2 \r\n\r\n"
    )
    assert (head.length, head.expects_word, head.forwarded_for) == (12, False, ("1", "2"))
    expecting = (
        "POST / HTTP/1.{}\r\nExpect: 100-Continue\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n"
    )
    assert [read_head(expecting.format(n).encode()).expects_word for n in (0, 1)] == [False, True]
    assert read_head(expecting.encode()).length is None
    assert read_head(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").forwarded_for == ()


def test_chunks_of_next_to_nothing_are_not_counted_on() -> None:
    crumbs, chunks = Chunked(), Chunked()
    crumbs.count(b"1\r\nx\r\n" * 400)
    chunks.count((b"80\r\n" + b"c" * 0x80 + b"\r\n") * 4000)
    assert (crumbs.is_whole, chunks.is_whole) == (True, False)


def test_one_network_is_one_place() -> None:
    assert place_of("2001:db8:0:ff::1") == place_of("2001:db8::2") == "2001:db8::/56"
    assert place_of("2001:db8:0:100::1") == "2001:db8:0:100::/56"
    assert place_of("::ffff:10.0.0.1") == place_of("10.0.0.1")


#: One process behind a proxy, in which few may wait.
CROWDED = """
from outreach.web import waiting_room

worker_class = "outreach.web.patient_worker.PatientWorker"
threads = 1
control_socket_disable = True
waiting_room.MOST_CONNECTIONS = 5

def post_worker_init(worker):
    worker.trusted_proxies = 1
"""


def test_behind_a_proxy_who_sends_over_many_lines_loses_them_first(tmp_path: Path) -> None:
    with served(tmp_path, CROWDED) as port:

        def begin(from_: str) -> socket.socket:
            line = socket.create_connection(("127.0.0.1", port), timeout=30)
            line.sendall(
                f"POST / HTTP/1.1\r\nConnection: close\r\nX-Forwarded-For: 8.8.8.8, {from_}\r\n"
                "Content-Length: 2\r\n\r\n1".encode()
            )
            time.sleep(0.05)
            return line

        honest = begin("10.0.0.1")
        flood = [begin("10.0.0.2") for _ in range(8)]
        assert [line.recv(12) for line in flood[:4]] == [b"HTTP/1.1 503"] * 4
        honest.sendall(b"2")
        assert honest.recv(12) == b"HTTP/1.1 200"
        for line in (honest, *flood):
            line.close()
