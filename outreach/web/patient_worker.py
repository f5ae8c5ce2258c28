"""How a web process treats its connections, so that nobody keeps it from the others'.

Four things gunicorn's own worker with threads does not do. A connection gets a thread once its
request has wholly come, as behind a proxy that buffers: who sends slowly, or never ends, takes
none. Who reads an answer slowly takes none either: what is left of it is sent from the loop. Who is
refused for asking too much is answered late, and waits in no thread meanwhile: a program that asks
again at once would else be refused thousands of times a second, and that is work too. And a
connection that ends is let go without the whole process waiting for its other side, for up to two
seconds, to hang up.
"""

from __future__ import annotations

import errno
import math
import os
import selectors
import time
from collections import deque
from contextlib import suppress
from functools import partial
from socket import SHUT_WR
from typing import TYPE_CHECKING, Any

from gunicorn.http import get_parser
from gunicorn.http.errors import (
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    ParseException,
)
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from outreach.web.arriving import Arriving, Heard
from outreach.web.departing import PatientSocket, Rest
from outreach.web.guessing import place_of
from outreach.web.turning_away import ANSWERS, TurnedAway
from outreach.web.waiting_room import MOST_TOGETHER_BYTES, WaitingRoom

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from socket import socket

    from outreach.web.framing import Head

#: How often those who came too slowly are looked for.
_LOOK_SECONDS = 0.5
_GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
#: Nobody is there any more to be accepted, or there is no room for them.
_GONE = frozenset({errno.EAGAIN, errno.ECONNABORTED})
_NO_FILES = frozenset({errno.EMFILE, errno.ENFILE})
_UNTIL_FILES_SECONDS = 0.05
#: What gunicorn names as it names what somebody sent, and the app did.
_OF_THE_APP = (InvalidResponseHeader, InvalidResponseHeaderName)

#: How long a refusal takes at least, and how many a second one process gives.
SOONEST_SECONDS, PER_SECOND = 1.0, 10
#: So many wait, the last of them for half a minute. More are answered at once: a proxy would
#: take a line that ends without a word for a server that is down, and send nobody there.
MOST_LATE = 300
#: How long the other side has to hang up, and what it may still send meanwhile.
_LINGER_SECONDS, _LINGER_BYTES, MOST_LINGERING = 2.0, 4 * 1024 * 1024, 200
#: Whole requests, in a thread or waiting for one, hold so much together.
MOST_AT_WORK_BYTES = MOST_TOGETHER_BYTES


class PatientWorker(ThreadWorker):  # type: ignore[misc] # untyped
    """gunicorn's worker with threads, patient with those who are not."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._told_late: dict[socket, bytes] = {}
        #: Each with when it is answered, the soonest first.
        self._late: deque[tuple[float, Any, bytes]] = deque()
        self._ending: deque[Any] = deque()
        self._room = WaitingRoom[Arriving]()
        self._leaving = WaitingRoom[Rest]()
        self._look_again = self._stops_at = 0.0
        self._at_work_bytes = 0
        #: How many proxies before us tell for whom they ask.
        self.trusted_proxies = 0
        #: Hears why somebody is turned away.
        self.note_turned_away: Callable[[TurnedAway], None] = lambda _why: None

    def accept(self, listener: socket) -> None:
        """Take on a new connection; it gets a thread once a request has come."""
        try:
            connection, client = listener.accept()
        except OSError as error:
            if error.errno in _NO_FILES:
                time.sleep(_UNTIL_FILES_SECONDS)  # else the loop would turn round and round
            elif error.errno not in _GONE:
                raise
            return
        self.nr_conns += 1
        self._wait_for_request(self.welcome(connection, client, listener.getsockname()))

    def welcome(self, connection: socket, client: Any, server: Any) -> Any:
        """Make of a socket what gunicorn works with, reading only what has come."""
        connection = PatientSocket(fileno=connection.detach())
        conn = TConn(self.cfg, connection, client, server)
        conn.data_ready, conn.place = True, ""
        conn.parser = get_parser(self.cfg, connection, client)
        conn.parser.unreader = Heard(connection)
        return conn

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request; runs in a thread."""
        if conn.parser.unreader.is_told_to_go_on:
            req._expected_100_continue = False  # noqa: SLF001 - one word is enough
        return super().handle_request(req, conn)

    def handle_error(self, req: Any, client: socket, addr: Any, exc: BaseException) -> None:
        """Answer what makes no sense, as late as what is too much; runs in a thread."""
        if isinstance(exc, ParseException) and not isinstance(exc, _OF_THE_APP):
            self.log.warning("Invalid request: %s", type(exc).__name__)
            self._told_late[client] = self._turning_away(TurnedAway.MALFORMED)
        else:
            super().handle_error(req, client, addr, exc)

    def answer_late(self, connection: socket, answer: bytes) -> None:
        """Take a connection from the request in work, and answer it later; call it in a thread.

        Raises
        ------
        ConnectionResetError
            Always: it ends the request for this thread.
        """
        self._told_late[connection] = answer
        raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """Go on with a connection whose request is through; runs beside no other of its kind."""
        self._at_work_bytes -= conn.parser.unreader.size
        answer, more = self._told_late.pop(conn.sock, None), conn.parser.unreader.let_go()
        if answer is not None and len(self._late) < MOST_LATE:
            self._late.append((self._turn(), conn, answer))
        elif answer is not None:
            self._answer(conn, answer)
        elif fs.cancelled() or fs.exception():
            super().finish_request(conn, fs)
        else:
            self._go_on(conn, more if fs.result() else None)

    def murder_pending(self) -> None:
        """Do what has become due; runs at least once a second."""
        super().murder_pending()
        now = time.monotonic()
        # A process that is told to end keeps nobody waiting.
        while self._late and (self._late[0][0] <= now or not self.alive):
            _due, conn, answer = self._late.popleft()
            self._answer(conn, answer)
        while self._ending and self._ending[0].timeout <= now:
            self._close(self._ending[0])
        if self._look_again <= now or not self.alive:
            self._look_again = now + _LOOK_SECONDS
            self._end_the_slow(now)

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        # Of a request that was not taken whole nobody waits for the rest.
        is_whole = conn.parser.unreader.is_whole
        return bool(is_whole and super()._keepalive_after(conn, keepalive))

    def _go_on(self, conn: Any, sent: bytes | None) -> None:
        """Go on once an answer is made; `sent` came of the next request, None if there is none."""
        if conn.sock.rest is not None:
            self._send_rest(conn, sent)
        elif sent is not None:
            self._wait_for_request(conn, sent)
        else:
            self._let_go(conn)

    def _send_rest(self, conn: Any, sent: bytes | None) -> None:
        try:
            conn.sock.rest.begin(conn.place)
        except OSError:  # the disk is full, and took not even what was to be sent
            self._hang_up(conn)
            return
        if self._look_after(conn, selectors.EVENT_WRITE, partial(self._send_on, conn, sent)):
            self._leaving.enter(conn, conn.sock.rest)
            self._make_room(self._leaving)

    def _send_on(self, conn: Any, sent: bytes | None, _socket: socket) -> None:
        if conn not in self._leaving:  # sent away since the event came
            return
        try:
            is_sent = conn.sock.rest.send_over(conn.sock)
        except OSError:
            self._dismiss(conn)
            return
        if is_sent:
            self._stop_waiting(conn).close()
            conn.sock.rest = None
            self._go_on(conn, sent)

    def _look_after(self, conn: Any, event: int, then: Callable[[socket], None]) -> bool:
        try:
            conn.sock.setblocking(False)
            self.poller.register(conn.sock, event, then)
        except (OSError, ValueError, KeyError):
            self._hang_up(conn)
            return False
        return True

    def _wait_for_request(self, conn: Any, sent: bytes = b"") -> None:
        if not self._look_after(conn, selectors.EVENT_READ, partial(self._hear, conn)):
            return
        self._room.enter(conn, Arriving(_place(conn), self.cfg.keepalive))
        if sent:
            self._take_in(conn, sent)
        else:
            self._hear(conn)  # mostly it is there already
        self._make_room(self._room)

    def _hear(self, conn: Any, _socket: socket | None = None) -> None:
        if conn not in self._room:  # sent away since the event came
            return
        try:
            piece = conn.sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if piece:
            self._take_in(conn, piece)
        else:
            self._dismiss(conn)

    def _take_in(self, conn: Any, piece: bytes) -> None:
        arriving = self._room.of(conn)
        is_new = arriving.head is None
        self._room.note(len(piece))
        try:
            arriving.add(piece)
            if is_ready := arriving.is_whole or arriving.is_large:
                conn.parser.unreader.take(arriving)
        except Exception:  # whatever somebody sends, the process goes on for all others
            self.log.exception("Could not take in what was sent")
            self._turn_away(conn, TurnedAway.NO_ROOM)
            return
        head = arriving.head if is_new else None
        if head:
            self._learn_place(conn, arriving, head)
        if is_ready:
            self._have_answered(conn, arriving)
        elif arriving.has_too_long_head:
            self._turn_away(conn, TurnedAway.TOO_LONG_HEAD)
        else:
            if head and head.expects_word:
                self._ask_for_body(conn, arriving)
            self._make_room(self._room)

    def _learn_place(self, conn: Any, arriving: Arriving, head: Head) -> None:
        told = head.forwarded_for
        if self.trusted_proxies and len(told) >= self.trusted_proxies:
            arriving.place = place_of(told[-self.trusted_proxies])
        conn.place = arriving.place

    def _ask_for_body(self, conn: Any, arriving: Arriving) -> None:
        arriving.is_told_to_go_on = True
        with suppress(OSError):
            conn.sock.send(_GO_ON)

    def _have_answered(self, conn: Any, arriving: Arriving) -> None:
        if self._at_work_bytes + arriving.size > MOST_AT_WORK_BYTES:
            self._turn_away(conn, TurnedAway.CROWDED_OUT)
            return
        self._at_work_bytes += arriving.size
        self._stop_waiting(conn)
        self.enqueue_req(conn)

    def _end_the_slow(self, now: float) -> None:
        if not self.alive:
            self._stops_at = self._stops_at or now + STOP_KEEPALIVE_LINGER
        is_over = 0 < self._stops_at <= now
        for conn in self._room.overdue(math.inf if is_over else now):
            self._send_away(conn, TurnedAway.TOO_SLOW)
        for conn in self._leaving.overdue(now):
            self._dismiss(conn)

    def _make_room(self, room: WaitingRoom[Any]) -> None:
        if (crowded_out := room.crowded_out()) is not None:
            self._send_away(crowded_out, TurnedAway.CROWDED_OUT)

    def _send_away(self, conn: Any, why: TurnedAway) -> None:
        """Tell why, where an answer is waited for and none has begun."""
        if conn in self._room and self._room.of(conn).size:
            self._turn_away(conn, why)
        else:
            self._dismiss(conn)

    def _turn_away(self, conn: Any, why: TurnedAway) -> None:
        self._stop_waiting(conn).close()
        self._answer(conn, self._turning_away(why))

    def _turning_away(self, why: TurnedAway) -> bytes:
        self.note_turned_away(why)
        return ANSWERS[why]

    def _dismiss(self, conn: Any) -> None:
        self._stop_waiting(conn).close()
        self._hang_up(conn)

    def _hang_up(self, conn: Any) -> None:
        self.nr_conns -= 1
        conn.close()

    def _stop_waiting(self, conn: Any) -> Arriving | Rest:
        with suppress(OSError, ValueError, KeyError):
            self.poller.unregister(conn.sock)
        return self._room.leave(conn) if conn in self._room else self._leaving.leave(conn)

    def _turn(self) -> float:
        soonest = time.monotonic() + SOONEST_SECONDS
        return max(soonest, self._late[-1][0] + 1 / PER_SECOND) if self._late else soonest

    def _answer(self, conn: Any, answer: bytes) -> None:
        with suppress(OSError):
            conn.sock.setblocking(False)
            conn.sock.send(answer)
        self._let_go(conn)

    def _let_go(self, conn: Any) -> None:
        """End our side, and read on: unread, what the other sends would void our answer."""
        try:
            conn.sock.shutdown(SHUT_WR)
            conn.sock.setblocking(False)
            listen = partial(self._hear_out, conn)
            self.poller.register(conn.sock, selectors.EVENT_READ, listen)
        except (OSError, ValueError, KeyError):
            self._hang_up(conn)
            return
        conn.timeout, conn.unheard = time.monotonic() + _LINGER_SECONDS, _LINGER_BYTES
        self._ending.append(conn)
        if len(self._ending) > MOST_LINGERING:
            self._close(self._ending[0])

    def _hear_out(self, conn: Any, _socket: socket) -> None:
        try:
            heard = len(conn.sock.recv(65536))
        except BlockingIOError:
            return
        except OSError:
            heard = 0
        conn.unheard -= heard
        if heard == 0 or conn.unheard < 0:
            self._close(conn)

    def _close(self, conn: Any) -> None:
        self._ending.remove(conn)
        with suppress(OSError, ValueError, KeyError):
            self.poller.unregister(conn.sock)
        self._hang_up(conn)


def _place(conn: Any) -> str:
    return place_of(conn.client[0]) if isinstance(conn.client, tuple) else ""
