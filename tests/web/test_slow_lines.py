"""Who sends slowly, or never ends, takes no thread from the others."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from outreach.web.patient_worker import SOONEST_SECONDS
from tests.web.gunicorns import served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: One process with two threads that tells how much it was sent; patience is short in it.
COUNTS = """
from werkzeug import Request, Response
from outreach.web import arriving, departing

worker_class = "outreach.web.patient_worker.PatientWorker"
threads = 2
keepalive = 3
control_socket_disable = True
arriving.HEAD_SECONDS = 3.0
arriving.BODY_SECONDS = 5.0
departing.SECONDS, departing.BYTES_A_SECOND = 2.0, 1_000_000

@Request.application
def answer(request):
    request.max_content_length = arriving.MOST_BYTES
    if request.method == "GET":
        return Response(b"0123456789" * (int(request.path[1:]) // 10))
    return Response(str(len(request.get_data())))

def post_worker_init(worker):
    worker.wsgi = answer
"""
MOST = 2 * 1024 * 1024


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder: Path = tmp_path_factory.mktemp("slow")
    with served(folder, COUNTS) as port:
        assert ask(port) == "0"
        yield port
    assert "Traceback" not in (folder / "log").read_text(encoding="utf-8")


def ask(port: int, body: bytes = b"") -> str:
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as line:
        line.request("POST", "/", body)
        return line.getresponse().read().decode()


def line_to(port: int, sent: bytes = b"") -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), timeout=30)
    line.sendall(sent)
    return line


def posting(length: int, more: str = "") -> bytes:
    return f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{more}\r\n".encode()


def heard(line: socket.socket) -> bytes:
    """All that comes until the other side hangs up."""
    with closing(line):
        return b"".join(iter(lambda: line.recv(65536), b""))


def test_many_who_send_slowly_keep_nobody_waiting(port: int) -> None:
    with ExitStack() as lines:
        for _ in range(40):
            for begun in (b"POST / HT", posting(100_000) + b"begun..", b""):
                lines.enter_context(line_to(port, begun))
        began = time.monotonic()
        assert [ask(port, b"x" * 1000) for _ in range(20)] == ["1000"] * 20
        assert time.monotonic() - began < 2


def test_who_sends_an_honest_body_slowly_is_served(port: int) -> None:
    line = line_to(port, posting(20_000, "Connection: close\r\n")[:30])
    time.sleep(0.2)
    line.sendall(posting(20_000, "Connection: close\r\n")[30:])
    for _ in range(80):
        line.sendall(b"x" * 250)
        time.sleep(0.05)
    assert heard(line).endswith(b"\r\n\r\n20000")


def test_large_bodies_arrive_whole(port: int) -> None:
    for length in (65_536, 65_537, 500_000, MOST):
        assert ask(port, b"y" * length) == str(length)


def test_who_sends_too_much_hears_so_before_it_has_come(port: int) -> None:
    answer = heard(line_to(port, posting(MOST + 1) + b"begun"))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert heard(line_to(port, posting(MOST + 1) + b"z" * (MOST + 1))).startswith(b"HTTP/1.1 413 ")


def test_who_asks_whether_to_go_on_is_told_so_once(port: int) -> None:
    line = line_to(port, posting(5, "Expect: 100-continue\r\nConnection: close\r\n"))
    assert line.recv(99) == b"HTTP/1.1 100 Continue\r\n\r\n"
    line.sendall(b"12345")
    answer = heard(line)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\n5")


def chunked(more: str = "") -> bytes:
    return f"POST / HTTP/1.1\r\nHost: x\r\n{more}Transfer-Encoding: chunked\r\n\r\n".encode()


def test_chunks_are_put_together_however_they_come(port: int) -> None:
    sent = (
        chunked("Connection: close\r\n") + b"5\r\nabcde\r\nA;x=1\r\n0123456789\r\n0\r\nT: 1\r\n\r\n"
    )
    line = line_to(port)
    for at in range(len(sent)):
        line.sendall(sent[at : at + 1])
        time.sleep(0.002)
    assert heard(line).endswith(b"\r\n\r\n15")


def test_chunks_without_sense_or_end_are_refused(port: int) -> None:
    for bad in (b"-5\r\n", b"x" * 9000, b"5\r\nabcdefgh\r\n0\r\n\r\n"):
        answer = heard(line_to(port, chunked() + bad))
        assert not answer.startswith(b"HTTP/1.1 200 "), bad


def test_many_chunks_of_some_size_are_taken(port: int) -> None:
    line = line_to(port, chunked("Connection: close\r\n"))
    line.sendall((b"80\r\n" + b"c" * 0x80 + b"\r\n") * 4000 + b"0\r\n\r\n")
    assert heard(line).endswith(f"\r\n\r\n{4000 * 0x80}".encode())


def test_chunks_that_are_too_much_are_answered_without_the_rest(port: int) -> None:
    too_much = b"".join([b"100000\r\n" + b"c" * 0x100000 + b"\r\n"] * 3)
    # What Werkzeug reads of it, at most.
    assert heard(line_to(port, chunked() + too_much)).endswith(f"\r\n\r\n{MOST}".encode())


def test_requests_one_after_the_other_share_a_line(port: int) -> None:
    both = posting(3) + b"abc" + posting(70_000) + b"d" * 70_000
    line = line_to(port, both + posting(2, "Connection: close\r\n") + b"ef")
    answers = heard(line)
    assert answers.count(b"HTTP/1.1 200 ") == 3
    assert [answers.index(b"\r\n\r\n" + told) for told in (b"3", b"70000", b"2")]
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as kept:
        for length in (1, 100_000, 2):
            kept.request("POST", "/", b"g" * length)
            assert kept.getresponse().read() == str(length).encode()


def test_who_never_sends_or_never_ends_is_sent_away(port: int) -> None:
    began = time.monotonic()
    silent, head, body = (line_to(port, sent) for sent in (b"", b"GET", posting(9) + b"1"))
    assert heard(silent) == b""
    for line in (head, body):
        answer = heard(line).decode()
        assert answer.startswith("HTTP/1.1 408 ")
        assert "terlalu lambat" in answer
        assert "too slowly" in answer
    assert 4 < time.monotonic() - began < 15


def test_a_head_without_end_is_refused(port: int) -> None:
    answer = heard(line_to(port, b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000))
    assert answer.startswith(b"HTTP/1.1 431 ")


def test_what_makes_no_sense_is_refused_late_and_in_words(port: int) -> None:
    began = time.monotonic()
    asked = b"POST / HTTP/1.1\r\nHost: x\r\n"
    for bad in (
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"\r\n\r\n",
        asked + b"Content-Length: x\r\n\r\n",
        asked + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        asked + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ):
        answer = heard(line_to(port, bad)).decode()
        assert answer.startswith("HTTP/1.1 400 "), bad
        assert "tidak dapat dibaca" in answer
    assert time.monotonic() - began >= 5 * SOONEST_SECONDS


def test_who_reads_slowly_keeps_nobody_waiting_and_gets_all(port: int) -> None:
    size = 20_000_000
    asked = f"GET /{size} HTTP/1.1\r\nHost: x\r\n"
    slow = [
        line_to(port, f"{asked}\r\n{asked}Connection: close\r\n\r\n".encode()) for _ in range(5)
    ]
    time.sleep(0.3)
    began = time.monotonic()
    assert [ask(port, b"x" * 1000) for _ in range(20)] == ["1000"] * 20
    assert time.monotonic() - began < 2
    slow.pop().close()
    for line in slow:
        time.sleep(0.1)
        first, second = heard(line).split(b"HTTP/1.1 200 OK")[1:]
        for answer in (first, second):
            assert answer.partition(b"\r\n\r\n")[2] == b"0123456789" * (size // 10)


def send_for(line: socket.socket, seconds: float) -> None:
    """Send, and read nothing."""
    with closing(line):
        for _ in range(round(seconds * 2)):
            line.send(b"x")
            time.sleep(0.5)


def test_who_never_reads_is_sent_away(port: int) -> None:
    line = line_to(port, b"GET /8000000 HTTP/1.1\r\nHost: x\r\n\r\n")
    with pytest.raises(ConnectionError):
        send_for(line, 60)
