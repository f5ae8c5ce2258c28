"""What somebody is told whom the server turns away before the app could look at the request.

No language is known there, so each page says its sentence in both.
"""

from __future__ import annotations

from enum import StrEnum

_PAGE = (
    '<!doctype html><html lang="id"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>Outreach</title>'
    '<p>{indonesian}</p><p lang="en">{english}</p></html>'
)


class TurnedAway(StrEnum):
    """Why; as the metrics count it."""

    TOO_SLOW = "too_slow"
    TOO_LONG_HEAD = "too_long_head"
    MALFORMED = "malformed"
    CROWDED_OUT = "crowded_out"
    NO_ROOM = "no_room"


def _answer(status: str, indonesian: str, english: str, *headers: str) -> bytes:
    page = _PAGE.format(indonesian=indonesian, english=english).encode()
    lines = (
        f"HTTP/1.1 {status}",
        *headers,
        "Content-Type: text/html; charset=utf-8",
        f"Content-Length: {len(page)}",
        "Cache-Control: no-store",
        "Connection: close",
    )
    return "\r\n".join([*lines, "", ""]).encode() + page


_FULL = (
    "503 Service Unavailable",
    "Server sedang terlalu ramai. Tidak ada yang berubah: coba lagi setengah menit lagi.",
    "The server is too busy. Nothing was changed: try again in half a minute.",
    "Retry-After: 30",
)
ANSWERS = {
    TurnedAway.TOO_SLOW: _answer(
        "408 Request Timeout",
        "Kiriman Anda terputus atau terlalu lambat. Tidak ada yang berubah: coba kirim lagi.",
        "What you sent broke off or came too slowly. Nothing was changed: try to send it again.",
    ),
    TurnedAway.TOO_LONG_HEAD: _answer(
        "431 Request Header Fields Too Large",
        "Permintaan ini terlalu panjang. Hapus cookie situs ini di peramban, lalu coba lagi.",
        "This request is too long. Delete this site's cookies in your browser, then try again.",
    ),
    TurnedAway.MALFORMED: _answer(
        "400 Bad Request",
        "Permintaan ini tidak dapat dibaca. Muat ulang halaman, lalu coba lagi.",
        "This request cannot be read. Load the page again, then try once more.",
    ),
    TurnedAway.CROWDED_OUT: _answer(*_FULL),
    TurnedAway.NO_ROOM: _answer(*_FULL),
}
