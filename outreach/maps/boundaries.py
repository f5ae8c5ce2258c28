"""Matches the rows of a file of borders with the registry, by code and never by name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from outreach.errors import Invalid
from outreach.maps.boundary_reading import unusable
from outreach.maps.shapes import Regions
from outreach.people.identity import without_identity
from outreach.villages.codes import Level, parse

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from outreach.maps.boundary_reading import ReadBorders
    from outreach.maps.columns import Places

#: Levels that borders are kept for; a file of villages is joined to districts.
LEVELS = (Level.PROVINCE, Level.REGENCY, Level.DISTRICT)
#: A region fewer of whose villages lie within its border than this is told of.
LEAST_INSIDE = 0.5
#: Notes of the reader that a row is refused for.
_REFUSED = {"broken", "no_area", "outside"}


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was left out: its number from 1, what stands for a code there, and why."""

    row: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a file brought: `rows` are those accepted and those refused, nothing else.

    `missing` are regions of the registry that the file does not hold: they keep the derived shape.
    `elsewhere` are regions most of whose villages lie outside the border that bears their code.
    """

    column: str
    level: Level
    is_joined: bool
    rows: int
    accepted: int
    matched: int
    refused: tuple[Refused, ...]
    twice: tuple[tuple[str, int], ...]
    missing: tuple[str, ...]
    elsewhere: tuple[str, ...]
    mended: int
    was_high: bool


def match(
    read: ReadBorders, places: Places, registry: Mapping[Level, Collection[str]], level: str = ""
) -> tuple[Report, Regions]:
    """Match rows with the registry's codes; the column is the one that most regions are found by.

    Raises
    ------
    Invalid
        For the field `file`, if no column holds codes of the registry (of the *level* named).
    """
    column, codes, found = _best_column(read, registry, Level[level.upper()] if level else None)
    refused = _refused(read, codes, registry, found, read.columns[column])
    left_out = {one.row for one in refused}
    kept = [at for at in range(len(codes)) if at + 1 not in left_out]
    if not kept:
        raise unusable("borders_nothing_left", reasons=sorted({one.reason for one in refused}))
    to = min(found, Level.DISTRICT)
    regions = _dissolved([codes[at][:to] for at in kept], read.shapes[kept].tolist())
    times = Counter(codes[at] for at in kept)
    report = Report(
        column=without_identity(column),
        level=to,
        is_joined=found is Level.VILLAGE,
        rows=len(codes),
        accepted=len(kept),
        matched=len(regions.codes),
        refused=tuple(refused),
        twice=tuple(sorted((code, n) for code, n in times.items() if n > 1)),
        missing=tuple(sorted(set(registry[to]) - set(regions.codes))),
        elsewhere=_elsewhere(regions, places),
        mended=sum(read.notes[at] == "mended" for at in kept),
        was_high=read.was_high,
    )
    return report, regions


def _best_column(
    read: ReadBorders, registry: Mapping[Level, Collection[str]], wanted: Level | None
) -> tuple[str, list[str], Level]:
    choices: list[tuple[int, str, list[str], Level]] = []
    for name, values in read.columns.items():
        codes = [_code(value) for value in values]
        for level in [wanted] if wanted else Level:
            found = len(set(codes) & set(registry[level]))
            choices.append((found, name, codes, level))
    found, name, codes, level = max(choices, key=lambda one: one[0])
    if not found:
        raise unusable("borders_no_match", columns=sorted(read.columns)[:40])
    if sum(len(code) == level for code in codes) * 2 <= len(codes):
        raise unusable("borders_mixed_levels", column=name)
    return name, codes, level


def _code(text: str) -> str:
    try:
        return parse(text)
    except Invalid:
        return ""


def _refused(
    read: ReadBorders,
    codes: Sequence[str],
    registry: Mapping[Level, Collection[str]],
    level: Level,
    texts: Sequence[str],
) -> list[Refused]:
    known = set(registry[level])
    others = set().union(*registry.values()) - known
    refused = []
    for at, (code, note) in enumerate(zip(codes, read.notes, strict=True)):
        reason = (note if note in _REFUSED else "") if code in known else _unknown(code, others)
        if reason:
            refused.append(Refused(at + 1, code or without_identity(texts[at]), reason))
    return refused


def _unknown(code: str, others: Collection[str]) -> str:
    """Say why a code is none of the level; *others* are those of all other levels."""
    if not code:
        return "no_code"
    return "other_level" if code in others else "not_in_registry"


def _dissolved(codes: Sequence[str], shapes: Sequence[shapely.Geometry]) -> Regions:
    """Join the shapes of one code; they may touch, overlap or lie apart."""
    groups: dict[str, list[shapely.Geometry]] = {}
    for code, shape in zip(codes, shapes, strict=True):
        groups.setdefault(code, []).append(shape)
    ordered = sorted(groups)
    joined = [
        groups[code][0] if len(groups[code]) == 1 else shapely.union_all(groups[code])
        for code in ordered
    ]
    return Regions(ordered, np.array(joined, dtype=object))


def _elsewhere(regions: Regions, places: Places) -> tuple[str, ...]:
    """Find regions most of whose villages lie elsewhere: the codes may be of another numbering."""
    if not regions.codes:
        return ()
    sure = np.flatnonzero(~places.approximate)
    at_places = np.column_stack([places.longitudes[sure], places.latitudes[sure]])
    points = shapely.get_parts(shapely.MultiPoint(at_places))
    own = places.codes[sure].astype(f"<U{len(regions.codes[0])}")
    names = np.array(regions.codes)
    at, region = shapely.STRtree(points).query(regions.shapes, predicate="intersects")[::-1]
    inside = Counter(names[region[own[at] == names[region]]].tolist())
    every = Counter(own[np.isin(own, names)].tolist())
    return tuple(sorted(c for c, n in every.items() if inside[c] < LEAST_INSIDE * n))
