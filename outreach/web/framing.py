"""Where a request ends, read from its head and its chunks: only to know when all of it is there.

What a request *is* gunicorn alone decides, from the same bytes. Where it would read another end
than we do, it finds no more bytes than those, and the connection ends: nobody can smuggle a
second request past one of the two.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Protocol

#: With bare line feeds too: gunicorn refuses those, once it sees them.
_HEAD_END = re.compile(rb"\n\r?\n")
#: gunicorn refuses longer lines, of chunks as of the head.
_MOST_LINE_BYTES = 8192
#: To read the length of a chunk is work, whoever sends it: so many, and one more for each so many
#: bytes. A program that streams sends thousands of bytes in each.
_FREE_CHUNKS, _BYTES_A_CHUNK = 256, 100


class Body(Protocol):
    """Counts what came of a body."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""

    def count(self, piece: bytes) -> None:
        """Take note of more of it."""


class Counted:
    """A body that told its length."""

    def __init__(self, length: int) -> None:
        self._missing = length

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return self._missing <= 0

    def count(self, piece: bytes) -> None:
        """Take note of more of it."""
        self._missing -= len(piece)


class Chunked:
    """A body in chunks, of which each tells its length; one that makes no sense counts as whole."""

    def __init__(self) -> None:
        self.is_whole = False
        self._chunks = self._bytes = 0
        self._line = b""
        self._to_pass = 0
        self._is_in_trailers = False

    def count(self, piece: bytes) -> None:
        """Take note of more of it."""
        at = 0
        while at < len(piece) and not self.is_whole:
            if self._to_pass:
                passed = min(self._to_pass, len(piece) - at)
                self._to_pass -= passed
                at += passed
            else:
                at = self._read_line(piece, at)

    def _read_line(self, piece: bytes, at: int) -> int:
        end = piece.find(b"\n", at) + 1 or len(piece)
        self._line += piece[at:end]
        if self._line.endswith(b"\n"):
            self._understand(self._line.strip())
            self._line = b""
        elif len(self._line) > _MOST_LINE_BYTES:
            self.is_whole = True
        return end

    def _understand(self, line: bytes) -> None:
        if self._is_in_trailers:
            self.is_whole = not line
            return
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            size = -1
        self._chunks += 1
        self._bytes += size
        is_crumbled = self._chunks > _FREE_CHUNKS + self._bytes // _BYTES_A_CHUNK
        self.is_whole = size < 0 or is_crumbled
        self._is_in_trailers = size == 0
        self._to_pass = size + 2 if size > 0 else 0  # and the end of its line


class Head(NamedTuple):
    """What the head of a request tells of what follows; `length` is None for chunks."""

    length: int | None
    expects_word: bool
    forwarded_for: tuple[str, ...]

    def body(self) -> Counted | Chunked:
        """Begin to count what follows."""
        return Chunked() if self.length is None else Counted(self.length)


def head_end(begun: bytes | bytearray, looked_at: int = 0) -> int:
    """Tell where a head ends, having looked at so many bytes before; 0 if it goes on."""
    found = _HEAD_END.search(begun, max(0, looked_at - 3))
    return found.end() if found else 0


def read_head(head: bytes | bytearray) -> Head:
    """Read a whole head; what gunicorn will refuse has no body to wait for."""
    told: dict[str, list[str]] = {}
    asked, *lines = bytes(head).decode("latin-1").strip().split("\n")
    for line in lines:
        name, _, value = line.partition(":")
        told.setdefault(name.lower(), []).append(value.strip())
    is_chunked = ",".join(told.get("transfer-encoding", ())).lower().endswith("chunked")
    is_new = asked.rstrip().endswith("HTTP/1.1")
    lengths = told.get("content-length", ["0"])
    is_plain = lengths[-1].isascii() and lengths[-1].isdigit() and len(lengths[-1]) < 20
    return Head(
        length=None if is_chunked else int(lengths[-1]) if is_plain else 0,
        expects_word=is_new and [one.lower() for one in told.get("expect", ())] == ["100-continue"],
        forwarded_for=tuple(
            place
            for one in ",".join(told.get("x-forwarded-for", ())).split(",")
            if (place := one.strip())
        ),
    )
