"""All region names of the registry in memory, to be looked up by code, name or nearly that name.

One index per process and database, made from the database at the first search (about half a second)
and made again when a load has changed the registry.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlmodel import col, select

from outreach.villages.codes import Level, cut
from outreach.villages.tables import District, Province, Regency, RegistryLoad, Village

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlmodel import Session

#: Databases whose index is kept; one in production, a few in a test run.
KEPT = 2
EXACT = 100.0
#: Three letters and more are also looked for inside names.
SHORTEST_INSIDE = 3

_NOT_LETTERS = re.compile(r"[^a-z0-9]+")
_CITY_OR_REGENCY = re.compile(r"^(kabupaten|kota)( administrasi)? ", re.IGNORECASE)
_kept: OrderedDict[object, NameIndex] = OrderedDict()
_lock = Lock()


class Names:
    """Squashed names in order, each with the codes of the regions that bear it."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        ordered = sorted(pairs)
        self._codes = [code for _, code in ordered]
        names = [name for name, _ in ordered]
        first = [i for i, name in enumerate(names) if i == 0 or names[i - 1] != name]
        self._starts = [*first, len(names)]
        self.names = [names[i] for i in first]
        self._text = "\n".join(self.names)
        self._text_starts = [0, *(found.end() for found in re.finditer("\n", self._text))]
        self._by_length: dict[int, list[int]] = {}
        for number, name in enumerate(self.names):
            self._by_length.setdefault(len(name), []).append(number)
        self._of_length = {
            length: [self.names[number] for number in numbers]
            for length, numbers in self._by_length.items()
        }

    def has(self, key: str) -> bool:
        """Say whether *key* is one of the names."""
        at = bisect_left(self.names, key)
        return at < len(self.names) and self.names[at] == key

    def like(self, key: str) -> Iterator[tuple[float, str]]:
        """Find regions with names like *key*, as (score to 100, code), best first.

        Exact, then beginning with it or a few letters wrong, last those that only contain it; each
        sort is looked for only when somebody asks for that many.
        """
        exact = {at: EXACT for at in self._beginning(key) if self.names[at] == key}
        yield from self._with_codes(exact)
        near = self._near(key)
        yield from self._with_codes({at: near[at] for at in near if at not in exact})
        if len(key) >= SHORTEST_INSIDE:
            inside = {
                number: score for number, score in self._containing(key) if number not in near
            }
            yield from self._with_codes(inside)

    def _with_codes(self, scores: dict[int, float]) -> Iterator[tuple[float, str]]:
        for number, score in sorted(scores.items(), key=lambda found: (-found[1], found[0])):
            for code in self._codes[self._starts[number] : self._starts[number + 1]]:
                yield score, code

    def _beginning(self, key: str) -> range:
        # The brace follows the z.
        return range(bisect_left(self.names, key), bisect_left(self.names, key + "{"))

    def _near(self, key: str) -> dict[int, float]:
        scores = {at: score_of_beginning(key, self.names[at]) for at in self._beginning(key)}
        most = errors_allowed(key)
        for length in range(len(key) - most, len(key) + most + 1) if most else ():
            numbers = self._by_length.get(length, ())
            for place, score in misspelt(key, self._of_length.get(length, ())):
                scores[numbers[place]] = max(score, scores.get(numbers[place], 0.0))
        return scores

    def _containing(self, key: str) -> Iterator[tuple[int, float]]:
        at = self._text.find(key)
        while at >= 0:
            number = bisect_left(self._text_starts, at + 1) - 1
            yield number, 35 + 15 * len(key) / len(self.names[number])
            at = self._text.find(key, self._text_starts[number] + len(self.names[number]))


@dataclass(frozen=True, slots=True)
class NameIndex:
    """Every region by code and by name; `codes`, `digits` and `squashed` stand side by side.

    `all` holds each region under its names; `around` holds districts, regencies and provinces,
    also under their name followed by that of the region above.
    """

    version: object
    names: dict[str, str]
    codes: list[str]
    digits: list[str]
    squashed: list[str]
    all: Names
    around: Names

    def codes_from(self, digits: str) -> Sequence[str]:
        """List the codes that begin with *digits*, in order."""
        # The colon follows the nine.
        return self.codes[bisect_left(self.digits, digits) : bisect_left(self.digits, f"{digits}:")]

    def like_inside(self, region: str, key: str) -> Iterator[tuple[float, str]]:
        """Find what lies inside *region* with a name like *key*, in any order."""
        first, end = bisect_left(self.codes, f"{region}."), bisect_left(self.codes, f"{region}/")
        names = self.squashed[first:end]
        for at, name in enumerate(names):
            if name.startswith(key):
                yield score_of_beginning(key, name), self.codes[first + at]
        for at, score in misspelt(key, names):
            yield score, self.codes[first + at]


def misspelt(key: str, names: Sequence[str]) -> Iterator[tuple[int, float]]:
    """Find the places of names that are *key* but for a few letters, with scores below 95."""
    most = errors_allowed(key)
    if most and names:
        found = process.extract(key, names, scorer=OSA.distance, score_cutoff=most, limit=None)
        for name, errors, place in found:
            if errors:
                yield place, 95 * (1 - errors / max(len(name), len(key)))


def score_of_beginning(key: str, name: str) -> float:
    """Score a name that begins with *key*, from 80 upwards; the whole name scores 100."""
    return EXACT if key == name else 80 + 15 * len(key) / len(name)


def errors_allowed(key: str) -> int:
    """Say how many letters wrong, missing, too many or swapped still mean the same name."""
    return 0 if len(key) < 4 else 1 if len(key) < 6 else 2 if len(key) < 10 else 3


def squash(text: str) -> str:
    """Reduce a name to its small letters and digits: "Sumber Rejo" and "Sumberrejo" are one."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
    return _NOT_LETTERS.sub("", text.lower())


def index_of(db: Session) -> NameIndex:
    """Give the index of this database as the registry now is."""
    version, database = _version(db), db.get_bind().engine.url
    with _lock:
        kept = _kept.get(database)
        if kept is None or kept.version != version:
            kept = _kept[database] = _build(db, version)
            if len(_kept) > KEPT:
                _kept.popitem(last=False)
        return kept


def _version(db: Session) -> object:
    load = db.execute(
        select(
            RegistryLoad.id,
            RegistryLoad.loaded_at,
            RegistryLoad.inserted,
            RegistryLoad.changed,
        )
        .order_by(col(RegistryLoad.id).desc())
        .limit(1)
    ).first()
    return tuple(load) if load else None


def _build(db: Session, version: object) -> NameIndex:
    names = _names(db)
    codes = sorted(names)
    squashed = [squash(names[code]) for code in codes]
    own = set(zip(squashed, codes, strict=True))
    own |= {(squash(_bare(names[code])), code) for code in codes if len(code) == Level.REGENCY}
    return NameIndex(
        version=version,
        names=names,
        codes=codes,
        digits=[code.replace(".", "") for code in codes],
        squashed=squashed,
        all=Names(own),
        around=Names({pair for code in codes if len(code) < 13 for pair in _called(names, code)}),
    )


def _names(db: Session) -> dict[str, str]:
    names: dict[str, str] = {}
    tables: tuple[Any, ...] = (Province, Regency, District, Village)
    for table in tables:
        names.update((code, name) for code, name in db.execute(select(table.code, table.name)))
    return names


def _bare(name: str) -> str:
    # "Kabupaten Sragen" is called Sragen.
    return _CITY_OR_REGENCY.sub("", name)


def _called(names: dict[str, str], code: str) -> Iterator[tuple[str, str]]:
    for own in {names[code], _bare(names[code])}:
        yield squash(own), code
        for above in (Level.PROVINCE, Level.REGENCY):
            if above < len(code):
                for over in {names[cut(code, above)], _bare(names[cut(code, above)])}:
                    yield squash(own + over), code
