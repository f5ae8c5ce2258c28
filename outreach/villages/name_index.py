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

from outreach.villages.tables import District, Province, Regency, RegistryLoad, Village

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlmodel import Session

#: Databases whose index is kept; one in production, a few in a test run.
KEPT = 2
EXACT = 100.0
#: Looking for one name may find so many at the most; "sari" is part of 2,900.
NAMES_AT_MOST = 4_000

_NOT_LETTERS = re.compile(r"[^a-z0-9]+")
_CITY_OR_REGENCY = re.compile(r"^(kabupaten|kota)( administrasi)? ", re.IGNORECASE)
_kept: OrderedDict[object, NameIndex] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True, slots=True)
class NameIndex:
    """Names by code and codes by squashed name.

    `keys` are the distinct squashed names in order; those of `keys[i]` are
    `key_codes[starts[i]:starts[i + 1]]`. `digits` and `codes` stand side by side in order.
    """

    version: object
    names: dict[str, str]
    codes: list[str]
    digits: list[str]
    keys: list[str]
    starts: list[int]
    key_codes: list[str]
    text: str
    text_starts: list[int]

    def codes_from(self, digits: str) -> Iterator[str]:
        """List the codes that begin with *digits*, in order."""
        at = bisect_left(self.digits, digits)
        while at < len(self.digits) and self.digits[at].startswith(digits):
            yield self.codes[at]
            at += 1

    def codes_of(self, key: int) -> list[str]:
        """List the regions that bear a name, given as its number."""
        return self.key_codes[self.starts[key] : self.starts[key + 1]]

    def matches(self, key: str) -> list[tuple[float, int]]:
        """Find names like the squashed *key*, as (score to 100, number), best first.

        Exact, then beginning with it, then one or a few letters wrong, then containing it.
        """
        scores = self._containing(key)
        for number, score in self._misspelt(key):
            scores[number] = max(score, scores.get(number, 0.0))
        return sorted(
            ((score, number) for number, score in scores.items()),
            key=lambda found: (-found[0], found[1]),
        )

    def _containing(self, key: str) -> dict[int, float]:
        scores: dict[int, float] = {}
        at = self.text.find(key)
        while at >= 0 and len(scores) < NAMES_AT_MOST:
            number = bisect_left(self.text_starts, at + 1) - 1
            share = len(key) / len(self.keys[number])
            begins = at == self.text_starts[number]
            scores[number] = EXACT if share == 1 else (80 if begins else 60) + 15 * share
            at = self.text.find(key, self.text_starts[number] + len(self.keys[number]))
        at = bisect_left(self.keys, key)
        if at < len(self.keys) and self.keys[at] == key:
            scores[at] = EXACT
        return scores

    def _misspelt(self, key: str) -> Iterator[tuple[int, float]]:
        most = errors_allowed(key)
        if most:
            found = process.extract(
                key, self.keys, scorer=OSA.distance, score_cutoff=most, limit=NAMES_AT_MOST
            )
            for name, errors, number in found:
                yield number, EXACT if not errors else 95 * (1 - errors / max(len(name), len(key)))


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
    version, bind = _version(db), db.get_bind().engine.url
    with _lock:
        kept = _kept.get(bind)
        if kept is None or kept.version != version:
            kept = _kept[bind] = _build(db, version)
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
    pairs = sorted({(key, code) for code in codes for key in _keys(code, names[code]) if key})
    keys = sorted({key for key, _ in pairs})
    text = "\n".join(keys)
    return NameIndex(
        version=version,
        names=names,
        codes=codes,
        digits=[code.replace(".", "") for code in codes],
        keys=keys,
        starts=_starts([key for key, _ in pairs]),
        key_codes=[code for _, code in pairs],
        text=text,
        text_starts=[0, *(match.end() for match in re.finditer("\n", text))],
    )


def _starts(sorted_keys: list[str]) -> list[int]:
    first = [i for i, key in enumerate(sorted_keys) if i == 0 or sorted_keys[i - 1] != key]
    return [*first, len(sorted_keys)]


def _names(db: Session) -> dict[str, str]:
    names: dict[str, str] = {}
    tables: tuple[Any, ...] = (Province, Regency, District, Village)
    for table in tables:
        names.update((code, name) for code, name in db.execute(select(table.code, table.name)))
    return names


def _keys(code: str, name: str) -> set[str]:
    # "Kabupaten Sragen" is called Sragen.
    bare = _CITY_OR_REGENCY.sub("", name) if len(code) == 5 else name
    return {squash(name), squash(bare)}
