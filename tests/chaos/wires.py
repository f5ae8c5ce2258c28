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
#: Closed so, the other side is told by a reset, not by an orderly end.
_RESET = struct.pack("ii", 1, 0)


@dataclass(eq=False)
class _Pair:
    """The two ends of one connection, and how its last request began."""

    near: socket.socket
    far: socket.socket
    asked: bytes = b""
    #: Something was swallowed: what came after it would make no sense to anybody.
    is_torn: bool = False

    def cut(self) -> None:
        for end in (self.near, self.far):
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.shutdown(socket.SHUT_RDWR)
            with suppress(OSError):
                end.close()


@dataclass(eq=False)
class Wire:
    """Passes connections on to a port of this machine."""

    far_port: int
    port: int = field(default=0, init=False)
    _pairs: set[_Pair] = field(default_factory=set, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _is_half_open: bool = field(default=False, init=False)
    _has_swallowed: bool = field(default=False, init=False)
    _before_answer: tuple[bytes, Callable[[], object]] | None = field(default=None, init=False)

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

    def before_answer(self, asked: bytes, act: Callable[[], object]) -> None:
        """Do something once, in place of passing on the next good answer to such a request."""
        self._before_answer = (asked, act)

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
                    pair.asked = data[:64]
                pair.far.sendall(data)

    def _answer(self, pair: _Pair) -> None:
        while data := pair.far.recv(_CHUNK):
            if self._is_awaited(pair, data):
                pair.cut()
            elif not self._swallows(pair):
                pair.near.sendall(data)

    def _swallows(self, pair: _Pair) -> bool:
        pair.is_torn = pair.is_torn or self._is_half_open
        self._has_swallowed |= pair.is_torn
        return pair.is_torn

    def _is_awaited(self, pair: _Pair, data: bytes) -> bool:
        """Whether this answer is the one that never arrives; then what was wished is done."""
        with self._lock:
            awaited = self._before_answer
            is_it = (
                awaited is not None
                and pair.asked.startswith(awaited[0])
                and data.startswith(b"HTTP/1.1 200")
            )
            if is_it:
                self._before_answer = None
        if is_it and awaited is not None:
            awaited[1]()
        return is_it
