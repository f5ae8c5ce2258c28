"""Has a file of borders read by a process with limits of its own, and takes over what it tells."""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, TimeoutExpired
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from outreach.children import run_child
from outreach.errors import Invalid
from outreach.maps.apart import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

#: What one upload may weigh; the reader unpacks a zip to five times as much at most.
MOST_BYTES = 32 * 1024 * 1024
_SECONDS = 60
_READER = Path(__file__).with_name("boundary_process.py")


@dataclass(frozen=True, slots=True)
class ReadBorders:
    """The rows of a file: columns that may hold codes, shapes in degrees, and notes on each."""

    columns: Mapping[str, Sequence[str]]
    shapes: NDArray[np.object_]
    notes: Sequence[str]
    was_high: bool


def read_borders(content: bytes, *, column: str = "", layer: str = "") -> ReadBorders:
    """Read a GeoJSON, a GeoPackage or a zipped shapefile, whatever its name says.

    Raises
    ------
    Invalid
        For the field `file`, if it is none of these, is damaged, too much or lies nowhere.
    """
    if len(content) > MOST_BYTES:
        raise unusable("borders_too_large", most=MOST_BYTES // 1024 // 1024)
    with tempfile.TemporaryDirectory(prefix="borders-") as folder:
        told, body = _run(Path(folder), content, column, layer)
    if "problem" in told:
        raise unusable(told.pop("problem"), **told)
    return ReadBorders(
        told["columns"], _shapes(told["lengths"], body), told["notes"], told["was_high"]
    )


def unusable(problem: str, **limits: object) -> Invalid:
    """Make the error that a file as a whole cannot be used."""
    return Invalid(problems={"file": [problem]}, limits={"file": limits}, problem=problem, **limits)


def _run(folder: Path, content: bytes, column: str, layer: str) -> tuple[dict[str, Any], bytes]:
    # Named by us and by what it is, for GDAL goes by endings; the reader looks at the bytes.
    given = folder / ("borders.gpkg" if content.startswith(b"SQLite") else "borders.bin")
    given.write_bytes(content)
    out = folder / "out"
    command = [sys.executable, "-I", str(_READER), str(given), column[:60], layer[:60]]
    try:
        with out.open("wb") as told:
            done = run_child(
                command,
                env=ENVIRONMENT,
                timeout_seconds=_SECONDS,
                cwd=folder,
                stdout=told,
                stderr=DEVNULL,
            )
    except TimeoutExpired:
        raise unusable("borders_too_heavy") from None
    if done.returncode != 0:
        raise unusable("borders_too_heavy")
    head, _, body = out.read_bytes().partition(b"\n")
    return json.loads(head), body


def _shapes(lengths: Sequence[int], body: bytes) -> NDArray[np.object_]:
    stops = np.cumsum([0, *lengths]).tolist()
    parts = [body[a:b] or None for a, b in itertools.pairwise(stops)]
    shapes: NDArray[np.object_] = shapely.from_wkb(np.array(parts, dtype=object))
    return shapes
