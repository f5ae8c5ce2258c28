"""PostgreSQL's own programs that save and put back a database, in a version that can do it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.conninfo import make_conninfo

from outreach.safekeeping.archive import pieces
from outreach.safekeeping.refused import BackupRefused

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from sqlalchemy import URL

#: Where systems keep the programs of a server whose folder is not in PATH.
_USUAL = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
#: What such a program may know of our environment.
_TOLD = re.compile("HOME|PATH|LD_LIBRARY_PATH|PG[A-Z]+")
#: How such a program tells its own error, and the server's in it.
_ERROR = re.compile(r".*\berror:\s+(\S.*)", re.IGNORECASE)
_NO_RIGHTS = re.compile("permission denied|must be owner|lack .*privilege")


@dataclass(frozen=True, slots=True)
class Program:
    """A program that was found, and the first number of its version."""

    path: str
    major: int


def find_program(name: str, at_least: int, folder: str = "") -> Program:
    """Find a program that is not older than the server.

    Parameters
    ----------
    at_least
        The first number of the server's version.
    folder
        Where to look first; else in PATH and where systems keep servers.

    Raises
    ------
    BackupRefused
        `no_program` or `program_too_old`.
    """
    newest = 0
    for place in _folders(folder):
        path = shutil.which(name, path=str(place))
        major = _major(path) if path else 0
        if path and major >= at_least:
            return Program(path, major)
        newest = max(newest, major)
    reason = "program_too_old" if newest else "no_program"
    raise BackupRefused(reason, program=name, found=newest, needed=at_least)


def _folders(folder: str) -> Iterator[Path]:
    if folder:
        yield Path(folder)
    yield from map(Path, filter(None, os.environ.get("PATH", "").split(os.pathsep)))
    for pattern in _USUAL:
        yield from sorted(Path("/").glob(pattern[1:]), reverse=True)


def _major(path: str) -> int:
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20)  # noqa: S603, PLW1510 - a program found in PATH; what it says decides
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r"\) (\d+)", told.stdout)
    return int(found[1]) if found else 0


def conninfo(url: URL) -> tuple[str, dict[str, str]]:
    """Write the address of a database for such a program; the password stands in its environment.

    On its command line anybody on the machine could read it.
    """
    told = url.translate_connect_args(username="user", database="dbname")
    password = str(told.pop("password", "") or "")
    more = {
        name: value if isinstance(value, str) else ",".join(value)
        for name, value in url.query.items()
    }
    environment = {name: value for name, value in os.environ.items() if _TOLD.fullmatch(name)}
    secret = {"PGPASSWORD": password} if password else {}
    return make_conninfo(**{**told, **more}), {**environment, **secret, "LC_ALL": "C"}


def output_of(program: Program, url: URL, *options: str) -> Generator[bytes]:
    """Run a program and read what it writes.

    Raises
    ------
    BackupRefused
        `program_may_not` if its role lacks rights, else `program_failed`: with its own reason.
    """
    with _running(program, url, options, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None  # noqa: S101 - it is piped
        yield from pieces(process.stdout)


def put_into(program: Program, url: URL, chunks: Iterable[bytes], *options: str) -> None:
    """Run a program and give it the bytes to read.

    Raises
    ------
    BackupRefused
        `program_may_not` if its role lacks rights, else `program_failed`: with its own reason.
    """
    with _running(program, url, options, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None  # noqa: S101 - it is piped
        # Whoever stops reading before the end says why in its last words.
        with suppress(BrokenPipeError), process.stdin:
            for chunk in chunks:
                process.stdin.write(chunk)


@contextmanager
def _running(
    program: Program, url: URL, options: tuple[str, ...], **pipes: int
) -> Iterator[subprocess.Popen[bytes]]:
    address, environment = conninfo(url)
    called = [program.path, *options, f"--dbname={address}"]
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(called, env=environment, stderr=said, **pipes) as process:  # type: ignore[call-overload] # noqa: S603 - a program found in PATH
            try:
                yield process
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            said.seek(0)
            detail = _reason(said.read().decode(errors="replace")) or str(process.returncode)
            failed = "program_may_not" if _NO_RIGHTS.search(detail) else "program_failed"
            raise BackupRefused(failed, program=Path(program.path).name, detail=detail)


def _reason(words: str) -> str:
    """Find why it failed: its last words may be the statement at which it did."""
    lines = words.strip().splitlines()
    errors = filter(None, map(_ERROR.match, lines))
    return next((one[1] for one in errors), lines[-1] if lines else "")
