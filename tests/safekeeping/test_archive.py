"""A file cut short anywhere, or of which one byte is another, is told before anything is read."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from outreach.safekeeping import archive as archives
from outreach.safekeeping.archive import Manifest, opened, written
from outreach.safekeeping.refused import BackupRefused
from tests.field import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An archive of two parts, one packed already."""
    path = tmp_path / "saved.outreach"
    with written(path) as archive:
        archive.add("database.sqlite", [b"rows " * 400, b"more rows"])
        archive.add("secret", [bytes(range(256))], packed=True)
        archive.close(
            Manifest(
                made_at=NOW,
                version="1",
                migration="0006",
                database="sqlite",
                server=3,
                tables={"visit": 3},
                key="",
                parts=tuple(archive.parts),
            )
        )
    return path


def reason(path: Path) -> str:
    with pytest.raises(BackupRefused) as refused, opened(path):
        pass
    return refused.value.reason


def test_what_went_in_comes_out(file: Path) -> None:
    with opened(file) as archive:
        assert archive.manifest.tables == {"visit": 3}
        assert archive.read("database.sqlite") == b"rows " * 400 + b"more rows"
        assert archive.read("secret") == bytes(range(256))
        assert "borders.json" not in archive
    with zipfile.ZipFile(file) as plain:  # and other programs read it too
        assert plain.testzip() is None


def test_cut_short_anywhere_it_is_refused(file: Path) -> None:
    whole = file.read_bytes()
    for length in range(0, len(whole), 7):
        file.write_bytes(whole[:length])
        assert reason(file) in ("damaged", "not_ours"), length
    file.write_bytes(whole[:60])
    assert reason(file) == "damaged"


def test_any_byte_that_is_another_is_told(file: Path) -> None:
    whole = file.read_bytes()
    for place in range(0, len(whole), 3):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert reason(file) in ("damaged", "not_ours"), place


def test_bytes_behind_its_end_are_told(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\n")
    assert reason(file) == "damaged"


@pytest.mark.parametrize("content", [b"", b"PK", b"SQLite format 3\0" * 100, b"x" * 5000])
def test_a_foreign_file_is_no_backup(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "something"
    path.write_bytes(content)
    assert reason(path) == "not_ours"


def test_another_zip_file_is_no_backup(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("manifest.json", '{"format": 1}')
    assert reason(tmp_path / "other.zip") == "not_ours"


def test_one_sealed_anew_is_still_measured_part_by_part(file: Path) -> None:
    whole = file.read_bytes()
    altered = whole.replace(bytes(range(256)), bytes(range(255, -1, -1)))
    assert altered != whole
    file.write_bytes(altered)
    with file.open("r+b") as again:
        archives._seal(again)
    assert reason(file) == "damaged"


def test_a_later_format_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "FORMAT", 0)
    assert reason(file) == "newer_format"


def test_what_fails_while_it_is_written_leaves_no_file(tmp_path: Path) -> None:
    def half() -> Iterator[bytes]:
        yield b"rows"
        raise RuntimeError

    with pytest.raises(RuntimeError), written(tmp_path / "half") as archive:
        archive.add("database.sqlite", half())
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_came_there_meanwhile_stays(file: Path) -> None:
    other = file.with_name("other")
    with pytest.raises(BackupRefused, match="file_there"), written(other):
        other.write_bytes(b"somebody else's")
    assert other.read_bytes() == b"somebody else's"
    assert sorted(one.name for one in file.parent.iterdir()) == ["other", "saved.outreach"]
