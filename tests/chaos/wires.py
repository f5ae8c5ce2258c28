"""Wires between programs, which can be cut, hang half open, or tell when an answer has begun."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 65536
#: So much of a request tells what it asks for.
_BEGINNING = 64
#: Closed so, the other side is told by a reset, not by an orderly end.
_RESET = struct.pack("ii", 1, 0)


@dataclass(eq=False)
class _Pair:
    """The two ends of one connection, how its last request began, and what is answered so far."""

    near: socket.socket
    far: socket.socket
    asked: bytes = b""
    answered: bytes = b""
    #: Something was swallowed: what came after it would make no sense to anybody.
    is_torn: bool = False

    def cut(self) -> None:
        for end in (self.near, self.far):
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.shutdown(socket.SHUT_RDWR)
            with suppress(OSError):
                end.close()


@dataclass(frozen=True)
class _Awaited:
    """An answer that is never to arrive: to which request, with what in it, and what is done."""

    asked: bytes
    holds: bytes
    act: Callable[[], object]

    def is_it(self, pair: _Pair) -> bool:
        is_good = pair.answered.startswith(b"HTTP/1.1 200") and self.holds in pair.answered
        return is_good and pair.asked.startswith(self.asked)


@dataclass(eq=False)
class Wire:
    """Passes connections on to a port of this machine."""

    far_port: int
    port: int = field(default=0, init=False)
    _pairs: set[_Pair] = field(default_factory=set, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _is_half_open: bool = field(default=False, init=False)
    _has_swallowed: bool = field(default=False, init=False)
    _before_answer: _Awaited | None = field(default=None, init=False)
    #: Requests that ended without a word of an answer.
    unanswered: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._door = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._let_in, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):  # wakes who waits at the door
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self.cut()

    def cut(self) -> None:
        """Reset every connection that is open."""
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            pair.cut()

    def half_open(self, seconds: float) -> bool:
        """Swallow what both sides say, without a word to either; reset them after so long.

        Answer whether anything was swallowed.
        """
        self._has_swallowed = False
        self._is_half_open = True
        try:
            time.sleep(seconds)
        finally:
            self._is_half_open = False
            self.cut()
        return self._has_swallowed

    def is_asked(self) -> bool:
        """Whether somebody has asked something and waits for the answer."""
        with self._lock:
            return any(pair.asked and not pair.answered for pair in self._pairs)

    def before_answer(self, asked: bytes, holds: bytes, act: Callable[[], object]) -> None:
        """Do something once, in place of passing on the next good answer to such a request.

        Of the answer that *holds* this, no part is passed on that comes with it or after it.
        """
        self._before_answer = _Awaited(asked, holds, act)

    def disarm(self) -> bool:
        """Do nothing any more; False where it is done already, or just being done."""
        with self._lock:
            was_armed = self._before_answer is not None
            self._before_answer = None
        return was_armed

    def _let_in(self) -> None:
        while True:
            try:
                near, _ = self._door.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.far_port), timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            self._pass_on(_Pair(near, far))

    def _pass_on(self, pair: _Pair) -> None:
        with self._lock:
            self._pairs.add(pair)
        for pump in (self._ask, self._answer):
            threading.Thread(target=self._carefully, args=(pump, pair), daemon=True).start()

    def _carefully(self, pump: Callable[[_Pair], None], pair: _Pair) -> None:
        with suppress(OSError):
            pump(pair)
        with self._lock:
            self._pairs.discard(pair)
        for end in (pair.near, pair.far):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _ask(self, pair: _Pair) -> None:
        while data := pair.near.recv(_CHUNK):
            if not self._swallows(pair):
                if data.startswith((b"POST ", b"GET ", b"PUT ")):
                    pair.asked, pair.answered = data[:_BEGINNING], b""
                pair.far.sendall(data)

    def _answer(self, pair: _Pair) -> None:
        try:
            while data := pair.far.recv(_CHUNK):
                # However it is cut into pieces: what is looked for may come after the first.
                pair.answered = (pair.answered + data)[:_CHUNK]
                if self._is_awaited(pair):
                    pair.cut()
                elif not self._swallows(pair):
                    pair.near.sendall(data)
        finally:
            if pair.asked and not pair.answered:
                self.unanswered += 1

    def _swallows(self, pair: _Pair) -> bool:
        pair.is_torn = pair.is_torn or self._is_half_open
        self._has_swallowed |= pair.is_torn
        return pair.is_torn

    def _is_awaited(self, pair: _Pair) -> bool:
        """Whether this answer is the one that never arrives; then what was wished is done."""
        with self._lock:
            awaited = self._before_answer
            if awaited is None or not awaited.is_it(pair):
                return False
            self._before_answer = None
        awaited.act()
        return True
