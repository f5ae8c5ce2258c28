"""One archive with a manifest: written whole, sealed, and read only if every byte is as written.

A zip file. Its comment, the last bytes of the file, is the SHA-256 of everything before: so that a
file cut short anywhere and a byte changed anywhere are told before anything else is read. The seal
tells damage; whoever alters an archive on purpose can seal it anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from contextlib import contextmanager
from datetime import datetime
from typing import IO, TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from outreach.safekeeping.leftovers import scratch_folder
from outreach.safekeeping.refused import BackupRefused, writing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FORMAT = 1
MANIFEST = "manifest.json"
#: What is half done stands in a folder of such a name beside the file to be.
FOLDER = "backup"
#: The first entry, by which the first bytes of a file tell that it is ours, however short it is.
_MARK = "outreach-backup.txt"
_TOLD = b"A backup of Outreach. `outreach backup check FILE` tells what it holds.\n"
_BEGINS = 30  # a zip file's first name stands behind so many bytes
_SEAL = b"outreach-sha256:"
_DIGITS = 64
_CHUNK = 1 << 20
#: The manifest is read whole. One of ours takes some thousand bytes.
_MOST_MANIFEST_BYTES = 4 << 20
#: What unpacking says of bytes that were damaged, or made up, before they were sealed.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


class Part(BaseModel):
    """One file in the archive: its name, its size and what its bytes add up to."""

    model_config = ConfigDict(frozen=True)
    name: str
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What an archive holds.

    `database` is `sqlite` or `postgresql`, `server` the first number of the server's version.
    `tables` are the rows of every table, `migration` is the step they stand at. `key` is a
    fingerprint of the installation's key.
    """

    model_config = ConfigDict(frozen=True)
    format: int = FORMAT
    made_at: datetime
    version: str
    migration: str
    database: str
    server: int
    tables: dict[str, int]
    key: str
    parts: tuple[Part, ...]


class Writer:
    """An archive that is being written."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.parts: list[Part] = []

    def add(self, name: str, chunks: Iterable[bytes], *, packed: bool = False) -> None:
        """Write one part; *packed* when its bytes are compressed already."""
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        digest, size = hashlib.sha256(), 0
        with self._archive.open(info, "w", force_zip64=True) as out:
            for chunk in chunks:
                out.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        self.parts.append(Part(name=name, bytes=size, sha256=digest.hexdigest()))

    def close(self, manifest: Manifest) -> None:
        """Write the manifest, which names the parts."""
        self._archive.writestr(MANIFEST, manifest.model_dump_json(indent=1))


@contextmanager
def written(path: Path) -> Iterator[Writer]:
    """Write an archive aside, for its owner alone, and give it the name when it is whole.

    Raises
    ------
    BackupRefused
        If the file is there already, or cannot be written.
    """
    with writing(path), _draft_of(path) as file:
        with zipfile.ZipFile(file, "w") as archive:
            archive.comment = _SEAL + b"0" * _DIGITS
            archive.writestr(_MARK, _TOLD)
            yield Writer(archive)
        _seal(file)


@contextmanager
def _draft_of(path: Path) -> Iterator[IO[bytes]]:
    if path.exists():
        raise BackupRefused("file_there", file=path)
    with scratch_folder(path.parent, FOLDER) as folder:
        draft = folder / "draft"
        draft.touch(mode=0o600)
        with draft.open("w+b") as file:
            yield file
        if path.exists():
            raise BackupRefused("file_there", file=path)
        draft.rename(path)


def _seal(file: IO[bytes]) -> None:
    file.flush()
    size = file.seek(0, 2)
    digest = _digest_until(file, size - _DIGITS)
    file.seek(size - _DIGITS)
    file.write(digest.encode())
    file.flush()
    os.fsync(file.fileno())  # a name must never stand for bytes that a loss of power takes away


def _digest_until(file: IO[bytes], end: int) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while (left := end - file.tell()) > 0:
        chunk = file.read(min(left, _CHUNK))
        if not chunk:
            break
        digest.update(chunk)
    return digest.hexdigest()


class Archive:
    """An archive of which every byte is as it was written."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest, folder: Path) -> None:
        self._archive = archive
        self.manifest = manifest
        self.folder = folder

    def __contains__(self, name: str) -> bool:
        return any(part.name == name for part in self.manifest.parts)

    def chunks(self, name: str) -> Iterator[bytes]:
        """Read a part, piece by piece."""
        return _chunks(self._archive, name)

    def read(self, name: str) -> bytes:
        """Read a small part."""
        return b"".join(self.chunks(name))


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open an archive after every byte of it was held against its seal and every part measured.

    Raises
    ------
    BackupRefused
        `not_ours`, `damaged` or, of a later format than this version knows, `newer_format`.
    """
    with path.open("rb") as file:
        _check_seal(file)
        try:
            archive = zipfile.ZipFile(file)
        except zipfile.BadZipFile as error:
            raise BackupRefused("damaged", file=path) from error
        with archive:
            manifest = _manifest(archive)
            _check_parts(archive, manifest)
            yield Archive(archive, manifest, path.parent)


def _check_seal(file: IO[bytes]) -> None:
    begins = file.read(_BEGINS + len(_MARK))
    if begins[_BEGINS:] != _MARK.encode():
        raise BackupRefused("not_ours", file=file.name)
    size = file.seek(0, 2)
    file.seek(max(0, size - _DIGITS - len(_SEAL)))
    seal = file.read()
    wanted = _SEAL + _digest_until(file, size - _DIGITS).encode()
    if seal != wanted:
        raise BackupRefused("damaged", file=file.name)


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    try:
        if archive.getinfo(MANIFEST).file_size > _MOST_MANIFEST_BYTES:
            raise BackupRefused("damaged", file=archive.filename)
        told = json.loads(archive.read(MANIFEST))
        if told["format"] > FORMAT:
            raise BackupRefused("newer_format", format=told["format"], known=FORMAT)
        return Manifest.model_validate(told)
    except (KeyError, TypeError, ValueError, ValidationError, *_BROKEN) as error:
        raise BackupRefused("damaged", file=archive.filename) from error


def _check_parts(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Hold every part against the manifest: none too many, none missing, each as it was."""
    there = sorted(set(archive.namelist()) - {_MARK, MANIFEST})
    is_whole = there == sorted(part.name for part in manifest.parts)
    if not is_whole or not all(_is_right(archive, part) for part in manifest.parts):
        raise BackupRefused("damaged", file=archive.filename)


def _is_right(archive: zipfile.ZipFile, part: Part) -> bool:
    digest, size = hashlib.sha256(), 0
    try:
        for chunk in _chunks(archive, part.name):
            digest.update(chunk)
            size += len(chunk)
    except _BROKEN:
        return False
    return (size, digest.hexdigest()) == (part.bytes, part.sha256)


def _chunks(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(name) as file:
        yield from pieces(file)


def pieces(file: IO[bytes]) -> Iterator[bytes]:
    """Read a file piece by piece."""
    return iter(lambda: file.read(_CHUNK), b"")
