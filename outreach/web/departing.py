"""An answer as it goes out over a line: what the other side does not take yet waits for it.

The thread that made the answer goes on with the next one; the rest, in memory or in a file without
a name, is sent as fast as it is taken. Times are those of `time.monotonic`.
"""

from __future__ import annotations

import errno
import os
import select
import time
from contextlib import suppress
from socket import MSG_DONTWAIT, socket
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Buffer

IN_MEMORY_BYTES = 64 * 1024
#: What the network holds itself is taken unseen, and then nothing for long: so the whole counts.
SECONDS, BYTES_A_SECOND = 120.0, 1000
_PIECE_BYTES = 64 * 1024


class Rest:
    """What is left of an answer."""

    def __init__(self) -> None:
        #: To where it goes, as far as is known.
        self.place = ""
        #: Bytes.
        self.size = 0
        self.until = 0.0
        self._kept = SpooledTemporaryFile[bytes](max_size=IN_MEMORY_BYTES)
        self._piece = b""

    def add(self, data: Buffer) -> None:
        """Keep more of it."""
        self.size += self._kept.write(data)

    def begin(self, place: str) -> None:
        """Begin to send it."""
        self.place = place
        self.until = time.monotonic() + SECONDS + self.size / BYTES_A_SECOND
        self._kept.seek(0)

    def send_over(self, connection: socket) -> bool:
        """Send as much as is taken at once; tell whether that was all.

        Raises
        ------
        OSError
            If the other side went away.
        """
        self._piece = self._piece or self._kept.read(_PIECE_BYTES)
        if self._piece:
            with suppress(BlockingIOError):
                self._piece = self._piece[connection.send(self._piece, MSG_DONTWAIT) :]
        return not self._piece and self._kept.tell() == self.size

    def close(self) -> None:
        """Forget it."""
        forget(self._kept)


def forget(kept: SpooledTemporaryFile[bytes]) -> None:
    """Close a file without a name; what a full disk did not take is not missed."""
    with suppress(OSError):
        kept.close()


class PatientSocket(socket):
    """A connection over which a thread sends without waiting."""

    rest: Rest | None = None

    def sendall(self, data: Buffer, flags: int = 0, /) -> None:
        """Send what is taken at once, and keep the rest.

        Raises
        ------
        OSError
            If the other side went away, or there is no room on the disk.
        """
        left = memoryview(data)
        if self.rest is None:
            with suppress(BlockingIOError):
                left = left[self.send(left, flags | MSG_DONTWAIT) :]
        elif self._is_gone():
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        if left:
            self.rest = self.rest or Rest()
            self.rest.add(left)

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """Send a file, or so many bytes of it, in the same way."""
        file.seek(offset)
        sent = 0
        while piece := file.read(
            _PIECE_BYTES if count is None else min(_PIECE_BYTES, count - sent)
        ):
            self.sendall(piece)
            sent += len(piece)
        return sent

    def _is_gone(self) -> bool:
        looked = select.poll()
        looked.register(self, 0)  # that a line is broken is told unasked
        return bool(looked.poll(0))

    def close(self) -> None:
        """Hang up, and forget what was left."""
        if self.rest is not None:
            self.rest.close()
            self.rest = None
        super().close()
