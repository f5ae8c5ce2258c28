"""The source is taken only whole, and our corrections only where they still correct something."""

from __future__ import annotations

import gzip
import shutil
from typing import TYPE_CHECKING

import pytest

from outreach.villages.source import (
    TABLES,
    RegistryFault,
    _package_data,
    read_corrections,
    read_source,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


#: A gzip file with a damaged middle, and one that holds no UTF-8; without the time of packing, so
#: that the tests bear the same names in every process.
CORRUPT = bytearray(gzip.compress(b"id,name\n" * 1000, mtime=0))
CORRUPT[12:20] = b"\xff" * 8
NOT_TEXT = gzip.compress(b"id,name\n11,\xff\xfe\n", mtime=0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(_package_data(), tmp_path / "data")


def _rewrite(path: Path, change: Callable[[list[str]], list[str]]) -> None:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        lines = file.readlines()
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        file.writelines(change(lines))


def _fault(folder: Path, corrections: Path | None = None) -> dict[str, object]:
    with pytest.raises(RegistryFault) as caught:
        read_source(folder, corrections)
    return caught.value.facts


def test_a_missing_village_is_noticed(folder: Path) -> None:
    _rewrite(folder / "villages" / "villages_33.csv.gz", lambda lines: lines[:-1])
    assert _fault(folder) == {
        "problem": "wrong_count",
        "level": "villages",
        "expected": 83_762,
        "lines": 83_761,
        "codes": 83_761,
    }


def test_a_double_village_is_noticed(folder: Path) -> None:
    _rewrite(folder / "villages" / "villages_33.csv.gz", lambda lines: [*lines[:-1], lines[1]])
    assert _fault(folder) | {"lines": 83_762, "codes": 83_761} == _fault(folder)


def test_a_missing_province_file_is_noticed(folder: Path) -> None:
    (folder / "villages" / "villages_11.csv.gz").unlink()
    assert _fault(folder)["lines"] == 83_762 - 6_500


def test_a_village_of_no_district_is_noticed(folder: Path) -> None:
    path = folder / "villages" / "villages_33.csv.gz"
    _rewrite(path, lambda lines: [*lines[:-1], "3399992001,339999,Nowhere,1,-7.0,110.0\n"])
    assert _fault(folder) == {
        "problem": "no_region_above",
        "level": "villages",
        "codes": ["3399992001"],
    }


@pytest.mark.parametrize("broken", [b"", b"not gzip", b"\x1f\x8b\x08\x00broken", CORRUPT, NOT_TEXT])
def test_a_broken_file_is_noticed(folder: Path, broken: bytes) -> None:
    (folder / "regencies.csv.gz").write_bytes(broken)
    assert _fault(folder)["problem"] in ("unreadable", "wrong_count")


def test_every_correction_is_applied() -> None:
    source = read_source()
    levels = (source.provinces, source.regencies, source.districts, source.villages)
    by_code = {line["id"]: line for lines in levels for line in lines}
    corrections = read_corrections(TABLES / "corrections.csv")
    assert len(corrections) >= 9
    for correction in corrections:
        assert by_code[correction.code.replace(".", "")][correction.field] == correction.value
        assert correction.reason
        assert correction.source
        assert correction.was != correction.value


@pytest.mark.parametrize(
    "line",
    [
        "74.07,longitude,99.9,123.5,repaired upstream,test",
        "74.07,longtude,23.5,123.5,misspelt field,test",
        "74.99,longitude,23.5,123.5,no such region,test",
    ],
)
def test_a_correction_that_corrects_nothing_is_noticed(tmp_path: Path, line: str) -> None:
    table = tmp_path / "corrections.csv"
    table.write_text(f"code,field,was,value,reason,source\n{line}\n", encoding="utf-8")
    with pytest.raises(RegistryFault) as caught:
        read_source(corrections=table)
    facts = caught.value.facts
    assert (facts["problem"], facts["region"]) == ("stale_correction", line[:5])
