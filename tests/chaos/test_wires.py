"""A wire tells what is asked and not answered, and cuts the one answer that is never to arrive."""

from __future__ import annotations

import socket
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from tests.chaos.faults.aim import waited_for
from tests.chaos.wires import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 5.0
ASKED = b"POST /api/v1/reports HTTP/1.1\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\n\r\n"
NEW, OLD = b'{"outcome": "accepted"}', b'{"outcome": "duplicate"}'


@contextmanager
def ends() -> Iterator[tuple[Wire, socket.socket, socket.socket]]:
    """A wire with somebody at each of its ends."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(SECONDS)
        wire = Wire(server.getsockname()[1])
        with socket.create_connection(("127.0.0.1", wire.port), SECONDS) as near:
            far, _ = server.accept()
            with far:
                far.settimeout(SECONDS)
                yield wire, near, far
        wire.close()


def _ask(near: socket.socket, far: socket.socket) -> None:
    near.sendall(ASKED)
    assert far.recv(1000) == ASKED


@pytest.mark.parametrize("pieces", [[HEAD + NEW], [HEAD, NEW], [HEAD, NEW[:15], NEW[15:]]])
def test_an_answer_that_tells_something_new_never_arrives(pieces: list[bytes]) -> None:
    done: list[bool] = []
    with ends() as (wire, near, far):
        wire.before_answer(b"POST /api/v1/reports", b'"accepted"', lambda: done.append(True))
        _ask(near, far)
        *before, last = pieces
        for piece in before:
            far.sendall(piece)
            assert near.recv(1000) == piece
        far.sendall(last)
        with suppress(ConnectionResetError):
            assert near.recv(1000) == b""
        assert (done, wire.disarm()) == ([True], False)


def test_an_answer_that_tells_nothing_new_arrives() -> None:
    with ends() as (wire, near, far):
        wire.before_answer(b"POST /api/v1/reports", b'"accepted"', lambda: None)
        for answer in (HEAD + OLD, b"HTTP/1.1 503 Busy\r\n\r\n" + NEW):
            _ask(near, far)
            far.sendall(answer)
            assert near.recv(1000) == answer
        assert wire.disarm()


def test_what_is_asked_and_never_answered_is_counted() -> None:
    with ends() as (wire, near, far):
        assert not wire.is_asked()
        _ask(near, far)
        assert wire.is_asked()
        far.sendall(HEAD)
        assert near.recv(1000) == HEAD
        assert not wire.is_asked()
        _ask(near, far)
        assert wire.unanswered == 0
        far.close()
        assert waited_for(lambda: wire.unanswered == 1, SECONDS)
