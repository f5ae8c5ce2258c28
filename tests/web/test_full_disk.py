"""What a web process does where the disk has no room for what somebody sends or is sent."""

from __future__ import annotations

import socket
import time
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from tests.web.gunicorns import served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: One process that may write no file of more than 100 kB, and tells its number.
FULL = """
import os, resource
from werkzeug import Request, Response

worker_class = "outreach.web.patient_worker.PatientWorker"
threads = 2
control_socket_disable = True

@Request.application
def answer(request):
    request.get_data()
    pieces = int(request.path[1:] or 0)
    return Response((b"x" * 1400 for _ in range(pieces)) if pieces else str(os.getpid()))

def post_worker_init(worker):
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    worker.wsgi = answer
"""
#: Less than a file keeps to itself before it writes.
PIECE = b"y" * 1400


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with served(tmp_path, FULL) as port:
        process = asked(port)
        yield port
        assert asked(port) == process, "the process lives on"


def asked(port: int) -> str:
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as line:
        line.request("GET", "/")
        return line.getresponse().read().decode()


def test_who_sends_what_does_not_fit_is_told_to_come_again(port: int) -> None:
    for _ in range(3):
        line = socket.create_connection(("127.0.0.1", port), timeout=30)
        line.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n")
        with closing(line):
            for _ in range(80):
                line.sendall(PIECE)
                time.sleep(0.001)
            answer = line.recv(65536)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 30\r\n" in answer


def test_what_is_to_be_sent_and_does_not_fit_ends_that_line_alone(
    port: int, tmp_path: Path
) -> None:
    line = socket.create_connection(("127.0.0.1", port), timeout=30)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.sendall(b"GET /20000 HTTP/1.1\r\nHost: x\r\n\r\n")
    deadline = time.monotonic() + 60
    while "File too large" not in (tmp_path / "log").read_text() and time.monotonic() < deadline:
        time.sleep(0.1)
    # What was sent before that need not come in crumbs.
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    with closing(line):
        came = sum(len(piece) for piece in iter(lambda: line.recv(65536), b""))
    assert came < 20_000 * 1400
