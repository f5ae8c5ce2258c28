"""Opens an uploaded file, whatever it is, as rows of cells; refuses what is no sheet or too much.

An XLSX file is a zip and can be a bomb: its sizes are looked at first, and a process with limits
of its own reads it. CSV may come with any usual separator and encoding.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from subprocess import TimeoutExpired
from typing import TYPE_CHECKING, Any

from outreach.children import run_child
from outreach.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MOST_ROWS = 20_000
MOST_COLUMNS = 100
_MOST_ENTRIES = 500
_MOST_UNPACKED_BYTES = 100 * 1024 * 1024
#: A sheet of ours packs 8 to 1; a sheet of one letter over and over some 60 to 1.
_MOST_TIMES_PACKED = 120
_SECONDS = 30
_READER = Path(__file__).with_name("reader_process.py")

#: What a file starts with that people take for a spreadsheet.
_OTHERS = (
    (b"%PDF", "pdf_file"),
    (b"\x89PNG", "image_file"),
    (b"\xff\xd8\xff", "image_file"),
    (b"GIF8", "image_file"),
    (b"RIFF", "image_file"),
    (b"{\\rtf", "not_a_sheet"),
    (b"<", "not_a_sheet"),  # pages that call themselves .xls
    (b"Rar!", "not_a_sheet"),
    (b"7z\xbc\xaf", "not_a_sheet"),
)
_COMPOUND = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


@dataclass(frozen=True, slots=True)
class Opened:
    """A file as rows of cells; `first` is the number that its reader gives the first row."""

    first: int
    rows: list[list[Any]]


def open_file(content: bytes, title: str, fits: Callable[[Sequence[Any]], int]) -> Opened:
    """Open the worksheet `title` of a file, or its first one.

    `fits` counts the headers that a row holds: the separator of a CSV is the one that finds most.

    Raises
    ------
    Invalid
        For the field `file`, if it is no sheet, is damaged, or holds too much.
    """
    if not content.strip():
        raise unusable("file_empty")
    if content.startswith(b"PK"):
        return _open_xlsx(content, title)
    _refuse_others(content)
    return _open_csv(_decoded(content), fits)


def unusable(problem: str, **limits: object) -> Invalid:
    """Make the error that a file as a whole cannot be used."""
    return Invalid(problems={"file": [problem]}, limits={"file": limits})


def _refuse_others(content: bytes) -> None:
    if content.startswith(_COMPOUND):
        # Excel wraps a protected workbook into the old format.
        raise unusable("password_protected" if _ENCRYPTED in content else "old_excel")
    start = content[:64].removeprefix(codecs.BOM_UTF8).lstrip()
    for mark, problem in _OTHERS:
        if start.startswith(mark):
            raise unusable(problem)


def _open_xlsx(content: bytes, title: str) -> Opened:
    check_zip(content)
    try:
        done = run_child(
            [sys.executable, "-I", str(_READER), title, str(MOST_ROWS), str(MOST_COLUMNS)],
            env={},  # the server's holds the keys of database and mail
            sent=content,
            timeout_seconds=_SECONDS,
        )
    except TimeoutExpired:
        raise unusable("file_too_heavy") from None
    if done.returncode != 0:
        raise unusable("file_too_heavy")
    told = json.loads(done.stdout)
    if "problem" in told:
        raise unusable(told["problem"], most=_most(told["problem"]))
    rows: list[list[Any]] = told["rows"]
    return Opened(told["first"], rows)


def _most(problem: str) -> int:
    return MOST_COLUMNS if problem == "too_many_columns" else MOST_ROWS


def check_zip(content: bytes) -> None:
    """Look at what a zip says of itself, without unpacking anything.

    Raises
    ------
    Invalid
        If it is no XLSX file, is damaged, or would unpack to too much.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            entries = packed.infolist()
            names = {entry.filename for entry in entries}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise unusable("file_damaged") from None
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > _MOST_ENTRIES or unpacked > _MOST_UNPACKED_BYTES:
        raise unusable("file_too_heavy")
    if unpacked > _MOST_TIMES_PACKED * max(len(content), 10_000):
        raise unusable("file_too_heavy")
    if any(entry.flag_bits & 1 for entry in entries):
        raise unusable("password_protected")
    if "content.xml" in names:
        raise unusable("open_document")
    if "xl/workbook.xml" not in names:
        raise unusable("not_a_sheet")
    if any(name.startswith(("/", "\\")) or ".." in name.split("/") for name in names):
        raise unusable("file_damaged")


def _decoded(content: bytes) -> str:
    """Read text in the encodings that Excel and other programs write."""
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if content.startswith(mark):
            return _text(content, encoding)
    if b"\0" in content[:200]:
        return _text(content, "utf-16-le" if content[1:2] == b"\0" else "utf-16-be")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _text(content, "cp1252")


def _text(content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise unusable("not_a_sheet") from None
    if "\0" in text:
        raise unusable("not_a_sheet")
    return text


def _open_csv(text: str, fits: Callable[[Sequence[Any]], int]) -> Opened:
    if "\0" in text:
        raise unusable("not_a_sheet")
    first, separators = 1, ";,\t|"
    start, _, rest = text.partition("\n")
    # Excel's own note of the separator.
    if start.strip().lower().startswith("sep=") and len(start.strip()) == len("sep=x"):
        first, separators, text = 2, start.strip()[-1], rest
    if separators == '"':  # which already means something else
        raise unusable("file_damaged")
    best = max(separators, key=lambda one: _headers_found(text, one, fits))
    try:
        rows = list(_lines(text, best))
    except csv.Error:
        raise unusable("file_damaged") from None
    return Opened(first, rows)


def _headers_found(text: str, separator: str, fits: Callable[[Sequence[Any]], int]) -> int:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        return max((fits(line) for line, _ in zip(lines, range(10), strict=False)), default=0)
    except csv.Error:
        return 0


def _lines(text: str, separator: str) -> Iterator[list[Any]]:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    for count, line in enumerate(lines):
        if count > MOST_ROWS * 2:
            raise unusable("too_many_rows", most=MOST_ROWS)
        if len(line) > MOST_COLUMNS:
            raise unusable("too_many_columns", most=MOST_COLUMNS)
        yield list(line)
