"""How a web process treats connections of those who do not hang up, and of those it refuses."""

from __future__ import annotations

import errno
import inspect
import logging
import math
import selectors
import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest
from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.workers.gthread import ThreadWorker

from outreach.web import patient_worker, server, waiting_room
from outreach.web.framing import Counted
from outreach.web.patient_worker import MOST_LATE, MOST_LINGERING, PatientWorker
from outreach.web.turning_away import TurnedAway
from outreach.web.waiting_room import MOST_CONNECTIONS
from tests.web.gunicorns import served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def test_what_we_build_on_is_there() -> None:
    """All of it is inside gunicorn and the library: told by name once either changes."""
    for name in (
        "finish_request",
        "murder_pending",
        "run",
        "accept",
        "handle_request",
        "_keepalive_after",
    ):
        assert callable(getattr(ThreadWorker, name)), name
    looked_afters = (
        "finish_request",
        "murder_pending",
        "accept",
        "handle_request",
        "_keepalive_after",
    )
    for looked_after in looked_afters:
        assert f"self.{looked_after}" in inspect.getsource(ThreadWorker), looked_after
    made = ThreadWorker(1, 1, [], None, 30, Config(), None)
    made.tmp.close()
    for read in ("conn.parser", "conn.data_ready", "conn.initialized"):
        assert read in inspect.getsource(ThreadWorker.handle), read
    assert "_expected_100_continue" in inspect.getsource(wsgi.create)
    assert {"nr_conns", "poller", "alive"} <= set(vars(made))
    with ThreadPoolExecutor(1) as threads:  # as outreach/web/server.py asks it
        assert threads._work_queue.qsize() == 0


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(patient_worker, "time", clock)
    return clock


@pytest.fixture
def worker() -> Iterator[PatientWorker]:
    """A worker whose events we look after ourselves."""
    made = PatientWorker(1, 1, [], None, 30, Config(), logging.getLogger("gunicorn.error"))
    made.tmp.close()
    made.poller = selectors.DefaultSelector()
    yield made
    for room in (made._room, made._leaving):
        for conn in room.overdue(math.inf):
            made._dismiss(conn)
    made.poller.close()


@pytest.fixture
def lines(worker: PatientWorker) -> Iterator[list[tuple[Any, socket.socket]]]:
    """Three connections, each with its other side."""
    made = []
    for _ in range(3):
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        made.append((worker.welcome(ours, ("", 0), ("", 0)), theirs))
    worker.nr_conns = len(made)
    yield made
    for conn, theirs in made:
        conn.close()
        theirs.close()


def ended() -> Future[bool]:
    """A request that is through, and whose connection ends with it."""
    done: Future[bool] = Future()
    done.set_result(False)
    return done


def dispatch(worker: PatientWorker) -> None:
    for key, _events in worker.poller.select(0):
        key.data(key.fileobj)


def refuse(worker: PatientWorker, conn: Any) -> None:
    with pytest.raises(ConnectionResetError):
        worker.answer_late(conn.sock, b"later")
    worker.finish_request(conn, ended())


def heard(theirs: socket.socket) -> bytes | None:
    """What came, nothing yet (None), or the end."""
    try:
        return theirs.recv(9999)
    except BlockingIOError:
        return None


def test_who_does_not_hang_up_is_not_waited_for(
    worker: PatientWorker, lines: list[tuple[Any, socket.socket]], clock: Clock
) -> None:
    silent, talking, gone = lines
    for conn, _theirs in lines:
        worker.finish_request(conn, ended())
    assert [heard(theirs) for _conn, theirs in lines] == [b"", b"", b""]
    assert worker.nr_conns == 3
    gone[1].close()
    talking[1].send(b"more")
    dispatch(worker)
    assert worker.nr_conns == 2
    assert gone[0].sock.fileno() == -1
    clock.now += 3
    worker.murder_pending()
    assert worker.nr_conns == 0
    assert [conn.sock.fileno() for conn, _theirs in (silent, talking)] == [-1, -1]


def test_who_sends_without_end_into_a_closed_line_is_cut_off(
    worker: PatientWorker,
    lines: list[tuple[Any, socket.socket]],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patient_worker, "_LINGER_BYTES", 3)
    conn, theirs = lines[0]
    worker.finish_request(conn, ended())
    theirs.send(b"more")
    dispatch(worker)
    assert conn.sock.fileno() == -1


def test_refusals_are_given_late_one_after_the_other(
    worker: PatientWorker,
    lines: list[tuple[Any, socket.socket]],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patient_worker, "PER_SECOND", 1)
    for conn, _theirs in lines:
        refuse(worker, conn)
    told = []
    for _ in range(5):
        worker.murder_pending()
        told.append([heard(theirs) for _conn, theirs in lines])
        clock.now += 1
    # The answer, and at once the end.
    nothing = None
    assert told[:4] == [
        [nothing, nothing, nothing],
        [b"later", nothing, nothing],
        [b"", b"later", nothing],
        [b"", b"", b"later"],
    ]
    clock.now += 3
    worker.murder_pending()
    assert worker.nr_conns == 0


def test_more_than_so_many_are_answered_at_once(
    worker: PatientWorker,
    lines: list[tuple[Any, socket.socket]],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patient_worker, "MOST_LATE", 1)
    for conn, _theirs in lines:
        refuse(worker, conn)
    # Without a word a proxy would take the whole process for dead.
    assert [heard(theirs) for _conn, theirs in lines] == [None, b"later", b"later"]
    assert [heard(theirs) for _conn, theirs in lines] == [None, b"", b""]


def test_a_process_that_ends_answers_whom_it_kept_waiting(
    worker: PatientWorker, lines: list[tuple[Any, socket.socket]], clock: Clock
) -> None:
    for conn, _theirs in lines:
        refuse(worker, conn)
    worker.alive = False
    worker.murder_pending()
    assert [heard(theirs) for _conn, theirs in lines] == [b"later"] * 3


def test_who_was_refused_and_went_away_is_forgotten(
    worker: PatientWorker, lines: list[tuple[Any, socket.socket]], clock: Clock
) -> None:
    conn, theirs = lines[0]
    refuse(worker, conn)
    theirs.close()
    clock.now += 2
    worker.murder_pending()
    dispatch(worker)
    assert conn.sock.fileno() == -1
    assert worker.nr_conns == 2


def test_what_somebody_leaves_behind_is_bounded(
    worker: PatientWorker,
    lines: list[tuple[Any, socket.socket]],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patient_worker, "MOST_LINGERING", 1)
    for conn, _theirs in lines:
        worker.finish_request(conn, ended())
    assert [conn.sock.fileno() == -1 for conn, _theirs in lines] == [True, True, False]
    assert worker.nr_conns == 1


def test_all_who_wait_leave_room_for_somebody_new() -> None:
    waiting = 2 * MOST_CONNECTIONS + MOST_LATE + MOST_LINGERING
    assert server.worker_connections > 1.5 * waiting
    assert 2 * server.worker_connections < server.FILES


class NoFiles:
    def accept(self) -> None:
        raise OSError(errno.EMFILE, "too many")


def test_where_no_files_are_left_the_loop_goes_on_and_not_round(
    worker: PatientWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    worker.accept(NoFiles())  # type: ignore[arg-type]
    assert (len(slept), worker.nr_conns) == (1, 0)


def come(worker: PatientWorker, line: tuple[Any, socket.socket], sent: bytes = b"") -> Any:
    """Begin to wait for what somebody sends."""
    conn, theirs = line
    theirs.sendall(sent)
    worker._wait_for_request(conn)
    return conn


def post(more: str = "", length: int = 5) -> bytes:
    return f"POST / HTTP/1.1\r\nHost: x\r\n{more}Content-Length: {length}\r\n\r\n".encode()


def test_what_fails_to_be_kept_is_counted_as_gone(
    worker: PatientWorker,
    lines: list[tuple[Any, socket.socket]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[TurnedAway] = []
    worker.note_turned_away = told.append
    monkeypatch.setattr(Counted, "count", lambda *_: 1 / 0)
    for line in lines:
        come(worker, line, post() + b"12")
    assert [(heard(theirs) or b"")[:12] for _conn, theirs in lines] == [b"HTTP/1.1 503"] * 3
    assert told == [TurnedAway.NO_ROOM] * 3
    assert (len(worker._room), worker._room._bytes) == (0, 0)


def test_whole_requests_that_wait_for_a_thread_are_bounded(
    worker: PatientWorker,
    lines: list[tuple[Any, socket.socket]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worked: list[Any] = []
    monkeypatch.setattr(worker, "enqueue_req", worked.append)
    asked = post() + b"12345"
    monkeypatch.setattr(patient_worker, "MOST_AT_WORK_BYTES", 2 * len(asked))
    conns = [come(worker, line, asked) for line in lines]
    assert worked == conns[:2]
    assert (heard(lines[2][1]) or b"")[:12] == b"HTTP/1.1 503"
    worker.finish_request(conns[0], ended())
    assert worker._at_work_bytes == len(asked)
    worker.finish_request(conns[1], ended())
    assert worker._at_work_bytes == 0


def test_who_reads_slowly_is_told_apart_behind_a_proxy(
    worker: PatientWorker,
    lines: list[tuple[Any, socket.socket]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker.trusted_proxies = 1
    monkeypatch.setattr(worker, "enqueue_req", lambda _conn: None)
    for at, line in enumerate(lines):
        conn = come(worker, line, post(f"X-Forwarded-For: 10.0.0.{at}\r\n") + b"12345")
        conn.sock.sendall(b"x" * 2_000_000)
        worker.finish_request(conn, ended())
    places = [worker._leaving.of(conn).place for conn, _theirs in lines]
    assert places == ["10.0.0.0", "10.0.0.1", "10.0.0.2"]


def test_who_asked_for_nothing_yet_is_sent_away_without_a_word(
    worker: PatientWorker,
    lines: list[tuple[Any, socket.socket]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting_room, "MOST_CONNECTIONS", 2)
    for line in lines:
        come(worker, line)
    assert [heard(theirs) for _conn, theirs in lines] == [b"", None, None]


def test_nothing_more_is_made_for_who_went_away(
    worker: PatientWorker, lines: list[tuple[Any, socket.socket]]
) -> None:
    conn, theirs = lines[0]
    conn.sock.sendall(b"x" * 2_000_000)
    theirs.close()
    with pytest.raises(BrokenPipeError):
        conn.sock.sendall(b"more")


#: One process with one thread; whom it refuses for long, and whom it answers.
REAL = """
from outreach.web.doorkeeper import Doorkeeper, refused

worker_class = "outreach.web.patient_worker.PatientWorker"
threads = 1
keepalive = 60
control_socket_disable = True

def inner(environ, start):
    is_refused = environ["PATH_INFO"] == "/refused"
    if is_refused:
        refused(environ, 60.0)
    body = b"too much " * 900 if is_refused else b"served"
    start("429 X" if is_refused else "200 OK", [("Content-Length", str(len(body)))])
    return [body]

door = Doorkeeper(inner)

def post_worker_init(worker):
    door.late = worker.answer_late
    worker.wsgi = door
"""


def ask(line: HTTPConnection, path: str) -> tuple[int, bytes]:
    line.request("GET", path)
    answer = line.getresponse()
    return answer.status, answer.read()


def test_a_real_server_refuses_late_and_whole_and_serves_others_meanwhile(tmp_path: Path) -> None:
    refusal = 429, b"too much " * 900
    with served(tmp_path, REAL) as port:
        # One that keeps its line, and others beside it.
        first, second, other = (HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(3))
        assert ask(first, "/") == (200, b"served")
        kept = first.sock
        for _ in range(2):  # looked at, and again unseen
            began = time.monotonic()
            first.request("GET", "/refused")
            second.request("GET", "/refused")
            # The only thread is free.
            assert [ask(other, "/") for _ in range(3)] == [(200, b"served")] * 3
            for line in (first, second):
                answer = line.getresponse()
                assert (answer.status, answer.read()) == refusal
                assert answer.will_close
                assert time.monotonic() - began >= patient_worker.SOONEST_SECONDS
            assert first.sock is not kept, "the line ends with the refusal"
        # Who was refused is served again on a line of their own.
        assert ask(first, "/") == (200, b"served")
        for line in (first, second, other):
            line.close()
