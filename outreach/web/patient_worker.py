"""How a web process treats its connections, so that nobody keeps it from the others'.

Two things gunicorn's own worker with threads does not do. Who is refused for asking too much is
answered late, and waits in no thread meanwhile: a program that asks again at once would else be
refused thousands of times a second, and that is work too. And a connection that ends is let go
without the whole process waiting for its other side, for up to two seconds, to hang up.
"""

from __future__ import annotations

import errno
import os
import selectors
import time
from collections import deque
from contextlib import suppress
from functools import partial
from socket import SHUT_WR
from typing import TYPE_CHECKING, Any

from gunicorn.workers.gthread import ThreadWorker

if TYPE_CHECKING:
    from concurrent.futures import Future
    from socket import socket

#: How long a refusal takes at least, and how many a second one process gives.
SOONEST_SECONDS, PER_SECOND = 1.0, 10
#: So many wait, the last of them for half a minute. More are answered at once: a proxy would
#: take a line that ends without a word for a server that is down, and send nobody there.
MOST_LATE = 300
#: How long the other side has to hang up, and what it may still send meanwhile.
_LINGER_SECONDS, _LINGER_BYTES = 2.0, 4 * 1024 * 1024


class PatientWorker(ThreadWorker):  # type: ignore[misc] # untyped
    """gunicorn's worker with threads, patient with those who are not."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._told_late: dict[socket, bytes] = {}
        #: Each with when it is answered, the soonest first.
        self._late: deque[tuple[float, Any, bytes]] = deque()
        self._ending: deque[Any] = deque()

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
        answer = self._told_late.pop(conn.sock, None)
        if answer is not None and len(self._late) < MOST_LATE:
            self._late.append((self._turn(), conn, answer))
        elif answer is not None:
            self._answer(conn, answer)
        elif fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
        else:
            self._let_go(conn)

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
            self.nr_conns -= 1
            conn.close()
            return
        conn.timeout, conn.unheard = time.monotonic() + _LINGER_SECONDS, _LINGER_BYTES
        self._ending.append(conn)

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
        self.nr_conns -= 1
        conn.close()
