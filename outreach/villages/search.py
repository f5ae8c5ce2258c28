"""Find regions by code or by name, within what a person may see."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA

from outreach.errors import NotFound
from outreach.villages.areas import NATION, covers
from outreach.villages.codes import Level, cut, kind, level
from outreach.villages.name_index import EXACT, errors_allowed, index_of, squash

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from sqlmodel import Session

    from outreach.villages.areas import Viewer
    from outreach.villages.name_index import NameIndex
    from outreach.villages.tables import VillageKind

    type Ranked = Iterable[tuple[float, str]]

#: Longer input is cut: the longest name has 44 letters, an address not many more.
LONGEST = 120
#: From here on a name is taken as meant, and its words are not read as "village regency".
SURE = 90.0

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
    return [
        _found(index, code, score)
        for score, code in _first(
            ranked, limit, lambda code: len(code) in levels and covers(areas, code)
        )
    ]


def _areas(person: Viewer, within: str) -> tuple[str, ...]:
    if covers(person.areas, within):
        return (within,)
    inside = tuple(area for area in person.areas if covers((within,), area))
    if within != NATION and not inside:
        raise NotFound(region=within)
    return inside


def _by_code(index: NameIndex, told: str) -> Iterator[tuple[float, str]]:
    digits = re.sub("[^0-9]", "", told)
    for code in index.codes_from(digits):
        yield (EXACT if len(code.replace(".", "")) == len(digits) else SURE), code


def _by_name(index: NameIndex, told: str) -> Ranked:
    bare = _DESIGNATION.sub("", told)
    name, _, place = bare.partition(",")
    if squash(place):
        return _in_place(index, squash(name), squash(place))
    # "Desa Baru" may be a name, or mean the desa Baru.
    best = _merge(_ranked(index, key) for key in {squash(told), squash(bare)})
    if best and best[0][0] >= SURE:
        return best
    return _merge([best, *_by_splitting(index, bare)])


def _by_splitting(index: NameIndex, told: str) -> Iterator[list[tuple[float, str]]]:
    parts = told.split()
    for at in range(1, min(len(parts), 5)):
        name, place = squash("".join(parts[:at])), squash("".join(parts[at:]))
        if len(name) > 2 and len(place) > 2:
            yield [(score - 1, code) for score, code in _in_place(index, name, place)]


def _in_place(index: NameIndex, name: str, place: str) -> list[tuple[float, str]]:
    return [(score, code) for score, code in _ranked(index, name) if _lies(index, code, place)]


def _lies(index: NameIndex, code: str, place: str) -> bool:
    around = (Level.DISTRICT, Level.REGENCY, Level.PROVINCE)
    names = [squash(index.names[cut(code, to)]) for to in around if to < len(code)]
    if place in "".join(names):
        return True
    most = errors_allowed(place)
    bare = [name.removeprefix("kabupaten").removeprefix("kota") for name in names]
    return any(OSA.distance(place, name, score_cutoff=most) <= most for name in bare)


def _ranked(index: NameIndex, key: str) -> list[tuple[float, str]]:
    if len(key) < 2:
        return []
    return [
        (score, code) for score, number in index.matches(key) for code in index.codes_of(number)
    ]


def _merge(rankings: Iterable[Ranked]) -> list[tuple[float, str]]:
    best: dict[str, float] = {}
    for ranked in rankings:
        for score, code in ranked:
            best[code] = max(score, best.get(code, 0.0))
    return sorted(((score, code) for code, score in best.items()), key=_order)


def _order(ranked: tuple[float, str]) -> tuple[float, int, str]:
    score, code = ranked
    return -score, len(code), code


def _first(ranked: Ranked, limit: int, seen: Callable[[str], bool]) -> list[tuple[float, str]]:
    """Keep what may be seen, in order; of equal scores the larger regions first."""
    kept: dict[str, float] = {}
    last = 0.0
    for score, code in ranked:
        if len(kept) >= limit and score < last:
            break
        if code not in kept and seen(code):
            kept[code] = last = score
    return sorted(((score, code) for code, score in kept.items()), key=_order)[:limit]


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
