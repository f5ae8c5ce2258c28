"""Commands that read a file refuse what is hostile in one sentence, without a word of Python's."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from outreach.cli import main
from outreach.safekeeping import archive
from tests.security import doors, hostile_files
from tests.security.outside import CANARY, Outside, lying_outside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from outreach.config import Settings

#: What stands behind the file.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "backup check": (),
    "backup drill": (),
    "backup restore": ("--replace",),
    "ledger import": (),
    "maps boundaries": ("--source", "BIG"),
    "plan solve": (),
}
#: What the doors of the web are not asked in the same way; all of it is asked of them.
FEW = (
    "a program", "zero signs", "pdf", "half a sign", "a million columns", "deep lists",
    "lists 9000 deep", "deep objects", "numbers without end", "thousands of digits", "zip bomb",
    "zip cut short", "vrt of a file", "path as text",
)  # fmt: skip
#: Each starts a process for every file.
FEWER = {"maps boundaries": ("vrt of a file", "zip bomb", "lists 9000 deep")}


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    with lying_outside(tmp_path) as found:
        yield found


def test_every_command_that_reads_a_file_is_asked() -> None:
    assert set(doors.commands()) == set(ARGUMENTS)


def backups() -> dict[str, bytes]:
    """Archives that are sealed as ours are, and hold what ours never would."""
    deep = b'{"format":' + b"[" * hostile_files.DEEP + b"]" * hostile_files.DEEP + b"}"
    told = {"format": 1, "made_at": "2026-01-01T00:00:00Z", "version": "1", "migration": "0007"}
    told |= {"database": "sqlite", "server": 3, "tables": {}, "key": "", "parts": []}
    led_out = {"name": "../../out", "bytes": 1, "sha256": "0" * 64}
    return {
        "a deep manifest": sealed({archive.MANIFEST: deep}),
        "a manifest that explodes": sealed({archive.MANIFEST: b" " * 300_000_000}),
        "no manifest": sealed({}),
        "a list": sealed({archive.MANIFEST: b"[]"}),
        "numbers without end": sealed({archive.MANIFEST: b'{"format":-1e999,"server":NaN}'}),
        "a later format": sealed({archive.MANIFEST: b'{"format":99}'}),
        "a part that leads out": sealed(
            {archive.MANIFEST: json.dumps({**told, "parts": [led_out]}).encode(), "../../out": b"x"}
        ),
        "a part too many": sealed({archive.MANIFEST: json.dumps(told).encode(), "more": b"x"}),
        "a strange method": sealed({archive.MANIFEST: b"{}" * 50}, spoil=hostile_files.strange),
        "a locked part": sealed({archive.MANIFEST: b"{}" * 50}, spoil=hostile_files.locked),
    }


def sealed(parts: Mapping[str, bytes], spoil: Callable[[bytes], bytes] = bytes) -> bytes:
    """Write an archive and seal it, as whoever alters one on purpose can."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.comment = archive._SEAL + b"0" * archive._DIGITS
        packed.writestr(zipfile.ZipInfo(archive._MARK), archive._TOLD)
        for name, content in parts.items():
            packed.writestr(name, content)
    content = spoil(out.getvalue())
    held = io.BytesIO(content)
    digest = archive._digest_until(held, len(content) - archive._DIGITS)
    return content[: -archive._DIGITS] + digest.encode()


@pytest.mark.parametrize("command", sorted(ARGUMENTS))
def test_what_is_hostile_is_refused_in_a_sentence(
    command: str, settings: Settings, outside: Outside, tmp_path: Path
) -> None:
    made = hostile_files.pretending(outside)
    given = {name: made[name] for name in FEWER.get(command, FEW)}
    if command.startswith("backup"):
        given |= backups()
    file, found = tmp_path / "given", []
    env = {"DATABASE_URL": settings.database_url, "VAR_DIR": str(tmp_path / "var"), "LOCALE": "id"}
    for name, content in given.items():
        file.write_bytes(content)
        asked = [*command.split(), str(file), *ARGUMENTS[command]]
        done = CliRunner().invoke(main, asked, env=env)
        if not is_refused(done.exit_code, done.output, done.exception):
            found.append(f"{name}: {done.exit_code} {done.exception!r} {done.output[-300:]}")
    assert not found, "\n".join(found)
    assert outside.knocks == []
    assert not (tmp_path.parent / "out").exists()


def is_refused(status: int, words: str, error: BaseException | None) -> bool:
    says = re.search(r"\w+ \w+ \w+", words) is not None and CANARY not in words
    return status in (1, 2) and says and isinstance(error, SystemExit)
