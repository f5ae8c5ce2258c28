"""A request as it comes over a line, fast or slow: gathered until it is whole.

A thread of the web is given to nobody for being slow: gunicorn reads what is here, from memory or
from a file without a name, and waits for nothing. Times are those of `time.monotonic`.
"""

from __future__ import annotations

import errno
import os
import time
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING

from gunicorn.http.unreader import Unreader

from outreach.web.departing import forget
from outreach.web.framing import head_end, read_head
from outreach.web.routing import MOST_BYTES

if TYPE_CHECKING:
    from socket import socket

    from outreach.web.framing import Body, Head

#: gunicorn takes a hundred fields of 8 kB, which nobody sends.
MOST_HEAD_BYTES = 64 * 1024
#: Chunks tell their length again and again; who sends more than this is answered without the rest.
MOST_CHUNKED_BYTES = MOST_BYTES + 256 * 1024
IN_MEMORY_BYTES = 64 * 1024
#: A head fits a packet or two. A body has half a minute, and a second more for each kB that came:
#: the slowest network of a phone brings two to five. In a dead spot it may stop for a minute.
HEAD_SECONDS, BODY_SECONDS, BYTES_A_SECOND, STILL_SECONDS = 10.0, 30.0, 1000, 60.0
#: Files larger than any request may hold are read in a thread, for the few who may send them.
LARGE_BYTES_A_SECOND = 32_000
_READ_BYTES, _MOST_READ_BYTES = 64 * 1024, 1024 * 1024
#: gunicorn copies what is left of a piece for each chunk in it: of small pieces that is little.
_READ_CHUNKED_BYTES = 8 * 1024


class Arriving:
    """What came so far of one request."""

    def __init__(self, place: str, silent_seconds: float) -> None:
        #: From where it comes, as far as is known.
        self.place = place
        #: Bytes.
        self.size = 0
        self.head: Head | None = None
        #: Whether the other side was told to go on with the body.
        self.is_told_to_go_on = False
        self._silent_until = time.monotonic() + silent_seconds
        self._began = self._last = 0.0
        self._begun = bytearray()
        self._body: Body | None = None
        self._kept = SpooledTemporaryFile[bytes](max_size=IN_MEMORY_BYTES)

    def add(self, piece: bytes) -> None:
        """Take in what came.

        Raises
        ------
        OSError
            If there is no room on the disk.
        """
        self._last = time.monotonic()
        self._began = self._began or self._last
        self.size += len(piece)
        if self._body is None:
            piece = self._add_to_head(piece)
        if self._body is not None:
            self._body.count(piece)
            self._kept.write(piece)

    @property
    def has_too_long_head(self) -> bool:
        """Whether more came than a head may hold, and no end of it."""
        return self.head is None and len(self._begun) > MOST_HEAD_BYTES

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return self._body is not None and self._body.is_whole

    @property
    def is_large(self) -> bool:
        """Whether it is more than most may send: they are told so without the rest."""
        if self.head is None:
            return False
        if self.head.length is None:
            return self.size > MOST_CHUNKED_BYTES
        return self.head.length > MOST_BYTES

    @property
    def until(self) -> float:
        """How long more is waited for."""
        if not self.size:
            return self._silent_until
        if self._body is None:
            return self._began + HEAD_SECONDS
        return min(
            self._began + BODY_SECONDS + self.size / BYTES_A_SECOND,
            self._last + STILL_SECONDS,
        )

    def close(self) -> None:
        """Forget what came."""
        forget(self._kept)

    def begin_reading(self) -> bytes:
        """Return the head, after which `read` goes on."""
        self._kept.seek(0)
        return bytes(self._begun)

    def read(self, size: int = -1) -> bytes:
        """Return what came after the head, or after what was read before."""
        return self._kept.read(size)

    def _add_to_head(self, piece: bytes) -> bytes:
        looked_at = len(self._begun)
        self._begun += piece
        end = head_end(self._begun, looked_at)
        if not end:
            return b""
        rest = bytes(self._begun[end:])
        del self._begun[end:]
        self.head = read_head(self._begun)
        self._body = self.head.body()
        return rest


class Heard(Unreader):  # type: ignore[misc] # untyped
    """What gunicorn reads a connection's requests from."""

    def __init__(self, connection: socket) -> None:
        super().__init__()
        self._connection = connection
        self._arrived: Arriving | None = None
        self._large_since = 0.0
        self._large_bytes = 0

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the request is missing."""
        return self._arrived is not None and self._arrived.is_whole

    @property
    def size(self) -> int:
        """Bytes of the request that lie here."""
        return self._arrived.size if self._arrived is not None else 0

    @property
    def is_told_to_go_on(self) -> bool:
        """Whether the other side has heard that we wait for the body."""
        return self._arrived is not None and self._arrived.is_told_to_go_on

    def take(self, arrived: Arriving) -> None:
        """Go on with a request that is to be read now."""
        self._arrived = arrived
        self._large_since, self._large_bytes = time.monotonic(), 0
        self.unread(arrived.begin_reading())

    def let_go(self) -> bytes:
        """Return what was sent after the request, which nobody has read."""
        rest: bytes = self.take_buffered()
        if self._arrived is not None:
            rest += self._arrived.read()
            self._arrived.close()
            self._arrived = None
        return rest

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return the next piece; waits for nobody, but for who sends a large file.

        Raises
        ------
        ConnectionResetError
            If there is no more.
        TimeoutError
            If a large file comes too slowly.
        """
        arrived = self._arrived
        if arrived is None:
            return _no_more()
        if _is_chunked(arrived):
            return arrived.read(_READ_CHUNKED_BYTES) or _no_more()
        size = min(max(_READ_BYTES, size_hint or 0), _MOST_READ_BYTES)
        piece = arrived.read(size)
        if piece or arrived.is_whole:
            return piece or _no_more()
        return self._read_on(min(size, size_hint or size))

    def _read_on(self, size: int) -> bytes:
        had = BODY_SECONDS + self._large_bytes / LARGE_BYTES_A_SECOND
        left = self._large_since + had - time.monotonic()
        self._connection.settimeout(max(0.001, left))
        try:
            piece = self._connection.recv(size)
        finally:
            self._connection.settimeout(None)
        self._large_bytes += len(piece)
        return piece


def _is_chunked(arrived: Arriving) -> bool:
    return arrived.head is None or arrived.head.length is None


def _no_more() -> bytes:
    raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
