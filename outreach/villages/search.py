"""Find regions by code or by name, within what a person may see."""

from __future__ import annotations

import heapq
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from outreach.errors import NotFound
from outreach.villages.areas import NATION, covers
from outreach.villages.codes import Level, cut, kind, level
from outreach.villages.name_index import EXACT, index_of, squash

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from sqlmodel import Session

    from outreach.villages.areas import Viewer
    from outreach.villages.name_index import NameIndex
    from outreach.villages.tables import VillageKind

    type Ranked = Iterable[tuple[float, str]]

#: Longer input is cut: the longest name has 44 letters, an address not many more.
LONGEST = 120
#: So many words may belong to the name, and so many regions may be meant by the words behind it.
WORDS, PLACES = 5, 8
#: A place that only contains the words is not meant.
UNSURE = 55.0

_CODE = re.compile(r"[0-9. ]*[0-9][0-9. ]*")
_DESIGNATION = re.compile(
    r"\b(desa|ds|kelurahan|kel|kecamatan|kec|kab|provinsi|prov)\b[. ]*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Found:
    """A region found; the names of the regions around it tell apart those of one name.

    `score` runs to 100, which is an exact match. Names above the region's own level are empty.
    """

    code: str
    name: str
    level: Level
    kind: VillageKind | None
    district: str
    regency: str
    province: str
    score: float


def search(
    db: Session,
    person: Viewer,
    words: str,
    *,
    within: str = NATION,
    levels: Collection[Level] = tuple(Level),
    limit: int = 20,
) -> list[Found]:
    """Find the regions that *words* may mean, best first; nothing to look for finds nothing.

    A code may be dotted or not and may be unfinished. A name may have a few letters wrong and may
    be followed by where it is: "Jebres, Surakarta" or "jebres surakarta".

    Raises
    ------
    NotFound
        If no part of *within* lies in the person's area.
    """
    areas = _areas(person, within)
    index = index_of(db)
    told = " ".join(words[:LONGEST].split())
    ranked = _by_code(index, told) if _CODE.fullmatch(told) else _by_name(index, told)
    best = _first((one for one in ranked if len(one[1]) in levels), limit, areas)
    return [_found(index, code, score) for score, code in best]


def _areas(person: Viewer, within: str) -> tuple[str, ...]:
    if covers(person.areas, within):
        return (within,)
    inside = tuple(area for area in person.areas if covers((within,), area))
    if within != NATION and not inside:
        raise NotFound(region=within)
    return inside


def _by_code(index: NameIndex, told: str) -> Iterator[tuple[float, str]]:
    digits = re.sub("[^0-9]", "", told)
    codes = index.codes_from(digits)
    for depth, to in enumerate(Level):
        for code in codes:
            if len(code) == to:
                whole = len(code) - depth == len(digits)
                yield (EXACT if whole else 90.0 - depth), code


def _by_name(index: NameIndex, told: str) -> Ranked:
    bare = _DESIGNATION.sub("", told)
    name, _, place = bare.partition(",")
    if squash(place):
        return _sorted(_in_place(index, squash(name), squash(place)))
    # "Desa Baru" may be a name, or mean the desa Baru.
    keys = sorted({key for key in (squash(told), squash(bare)) if len(key) > 1})
    rankings = [index.all.like(key) for key in keys]
    if not any(index.all.has(key) for key in keys):
        rankings.append(iter(_sorted(_by_splitting(index, bare.split()))))
    return heapq.merge(*rankings, key=lambda ranked: -ranked[0])


def _by_splitting(index: NameIndex, parts: list[str]) -> Iterator[tuple[float, str]]:
    """Read the last words as the place where a region named by the first ones lies."""
    for at in range(1, min(len(parts), WORDS + 1)):
        name, place = squash("".join(parts[:at])), squash("".join(parts[at:]))
        yield from _in_place(index, name, place)


def _in_place(index: NameIndex, name: str, place: str) -> Iterator[tuple[float, str]]:
    if len(name) < 2 or len(place) < 3:
        return
    for sure, region in islice(index.around.like(place), PLACES):
        if sure < UNSURE:
            return
        for score, code in index.like_inside(region, name):
            yield score * sure / 100 - 1, code


def _sorted(ranked: Ranked) -> list[tuple[float, str]]:
    return sorted(ranked, key=_order)


def _order(ranked: tuple[float, str]) -> tuple[float, int, str]:
    score, code = ranked
    return -score, len(code), code


def _first(ranked: Ranked, limit: int, areas: tuple[str, ...]) -> list[tuple[float, str]]:
    """Keep what lies in the areas; of equal scores the larger regions first, then by code."""
    inside = tuple(f"{area}." for area in areas)
    kept: dict[str, float] = {}
    last = 0.0
    for score, code in ranked:
        if len(kept) >= limit and score < last:
            break
        seen = NATION in areas or code in areas or code.startswith(inside)
        if seen and code not in kept:
            kept[code] = last = score
    return _sorted((score, code) for code, score in kept.items())[:limit]


def _found(index: NameIndex, code: str, score: float) -> Found:
    above = {to: index.names[cut(code, to)] if to < len(code) else "" for to in Level}
    return Found(
        code=code,
        name=index.names[code],
        level=level(code),
        kind=kind(code) if len(code) == Level.VILLAGE else None,
        district=above[Level.DISTRICT],
        regency=above[Level.REGENCY],
        province=above[Level.PROVINCE],
        score=round(score, 1),
    )
