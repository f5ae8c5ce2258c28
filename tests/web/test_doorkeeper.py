"""What stands before the app remembers refusals, and no more of them than it has room for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client

from outreach.web import doorkeeper
from outreach.web.doorkeeper import Doorkeeper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment


class Refusing:
    """An app that refuses everybody, in parts; notes whom it looked at."""

    def __init__(self) -> None:
        self.looked_at: list[str] = []
        self.closed = 0

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Refusing:
        self.looked_at.append(environ["PATH_INFO"])
        doorkeeper.refused(environ, 60.0)
        start("429 TOO MANY REQUESTS", [("Content-Type", "text/plain"), ("Set-Cookie", "a=b")])
        return self

    def __iter__(self) -> Iterator[bytes]:
        yield b"too "
        yield b"much"

    def close(self) -> None:
        self.closed += 1


def test_a_refusal_in_parts_is_told_whole_and_ended() -> None:
    inner = Refusing()
    client = Client(Doorkeeper(inner))
    for _ in range(2):
        answer = client.get("/a")
        assert (answer.status_code, answer.data) == (429, b"too much")
        assert dict(answer.headers) == {"Content-Type": "text/plain", "Content-Length": "8"}
    assert (inner.looked_at, inner.closed) == (["/a"], 1)


def test_who_varies_what_is_asked_pushes_out_only_the_oldest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doorkeeper, "MOST_REMEMBERED", 3)
    inner = Refusing()
    client = Client(Doorkeeper(inner))
    for path in ("/a", "/b", "/c", "/d", "/b", "/c", "/d", "/a"):
        client.get(path)
    assert inner.looked_at == ["/a", "/b", "/c", "/d", "/a"]


def test_where_the_server_can_the_answer_goes_late_and_whole() -> None:
    sent: list[tuple[Any, bytes]] = []

    def late(connection: Any, answer: bytes) -> None:
        sent.append((connection, answer))
        raise ConnectionResetError

    door = Doorkeeper(Refusing())
    door.late = late
    with pytest.raises(ConnectionResetError):
        Client(door).get("/a", environ_base={"gunicorn.socket": "line"})
    head = b"HTTP/1.1 429 TOO MANY REQUESTS\r\nContent-Type: text/plain\r\n"
    assert sent == [
        ("line", head + b"Content-Length: 8\r\nConnection: close\r\n\r\ntoo much"),
    ]
