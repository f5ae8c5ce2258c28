"""Files made once and served as they are: named by their content, compressed beforehand."""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import hashlib
import json
import os
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import brotli

from outreach.maps.columns import encode_places, encode_texts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from outreach.maps.columns import Places

_HASHED = re.compile(r"-[0-9a-f]{16}\.[a-z]+$")
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*(/[a-z0-9][a-z0-9_.-]*)*")
_TYPES = {
    ".json": "application/json",
    ".bin": "application/octet-stream",
    ".js": "text/javascript",
    ".css": "text/css",
    ".png": "image/png",
}
#: Above this many bytes brotli's best quality takes seconds: worth it only for what is built once.
_QUICK_BYTES = 60_000
#: Far longer than a page with a map stays open.
PLACES_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as it goes out: `encoding` is "br", "gzip" or "" and belongs in Content-Encoding."""

    body: bytes
    media_type: str
    encoding: str
    immutable: bool


class Store:
    """A folder of artefacts; a name never changes its content, so only the manifest has a lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, stem: str, suffix: str, data: bytes, *, best: bool = False) -> str:
        """Write *data* under a name that carries its hash, with compressed siblings; answer it.

        `best` spends seconds on large files; without it only small ones get brotli's quality 11.
        """
        name = f"{stem}-{hashlib.sha256(data).hexdigest()[:16]}{suffix}"
        path = self.folder / name
        if not path.exists():
            quality = 11 if best or len(data) <= _QUICK_BYTES else 6
            write_whole(path.with_name(path.name + ".br"), brotli.compress(data, quality=quality))
            write_whole(path.with_name(path.name + ".gz"), gzip.compress(data, 9, mtime=0))
            write_whole(path, data)  # last: whoever sees it finds its siblings
        return name

    def open(self, name: str, accept_encoding: str = "") -> Stored | None:
        """Read an artefact in the best encoding the reader takes; none if there is no such name."""
        path = self.folder / name
        media_type = _TYPES.get(path.suffix)
        if media_type is None or not _NAME.fullmatch(name) or not path.is_file():
            return None
        for ending, encoding in ((".br", "br"), (".gz", "gzip")):
            packed = path.with_name(path.name + ending)
            if _takes(accept_encoding, encoding) and packed.is_file():
                return Stored(packed.read_bytes(), media_type, encoding, bool(_HASHED.search(name)))
        return Stored(path.read_bytes(), media_type, "", bool(_HASHED.search(name)))

    def manifest(self) -> dict[str, Any]:
        """Read what was built last: empty before the first build."""
        path = self.folder / "manifest.json"
        if not path.exists():
            return {}
        known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return known

    def map_manifest(self) -> dict[str, Any]:
        """Read what a map is shown from: empty before its shapes are drawn and its scripts made.

        So it is in a folder that cannot be read.
        """
        try:
            known = self.manifest()
        except (OSError, ValueError):
            return {}
        return known if {"areas", "assets"} <= known.keys() else {}

    def note(self, **entries: Any) -> None:
        """Put entries into the manifest, in place of those of the same key."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "manifest.lock").open("w") as lock:
            # Held for a moment: who reads before another writes would write that one's away.
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = {**self.manifest(), **entries}
            write_whole(self.folder / "manifest.json", json.dumps(known, indent=1).encode())


def _takes(accept_encoding: str, encoding: str) -> bool:
    for part in accept_encoding.lower().split(","):
        name, _, rest = part.strip().partition(";")
        if name.strip() == encoding:
            return rest.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Every writer its own: two processes may make the same file at once.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    draft.write_bytes(data)
    draft.replace(path)


def keep_places(store: Store, places: Places, *, best: bool = False) -> str:
    """Keep the village columns of one scope; the same villages give the same name."""
    name = store.keep("places", ".bin", encode_places(places), best=best)
    with contextlib.suppress(FileNotFoundError):
        os.utime(store.folder / name)  # still in use: `forget_old_places` goes by this
    return name


def forget_old_places(store: Store, now: datetime) -> int:
    """Remove the files of places that nobody's map has been made from for long; say how many.

    Every kind of filter and every change of the registry leaves one behind.
    """
    limit = (now - PLACES_KEPT).timestamp()
    old = [path for path in store.folder.glob("places-*.bin") if _changed(path) < limit]
    for path in old:
        for ending in ("", ".br", ".gz"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
    return len(old)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another process was quicker
        return float("inf")


def keep_texts(store: Store, words: Mapping[str, str], names: Mapping[str, str]) -> str:
    """Keep the words of the maps in one language, and the names of provinces and regencies."""
    return store.keep("texts", ".json", encode_texts(words, names))
