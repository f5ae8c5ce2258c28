"""Looking for officials as people speak of them: "Bu Sri", "Kelurahan Pajang"."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import false, func, or_
from sqlmodel import col

from outreach.people.tables import Official
from outreach.villages.tables import District, Regency, Village

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

#: Said before names of people and of villages, and hardly ever stored with them.
_FORMS_OF_ADDRESS = frozenset(
    ("bu", "ibu", "pak", "bapak", "bpk", "mas", "mbak", "mba", "h", "hj", "sdr", "sdri")
)
_KINDS = frozenset(("desa", "ds", "kelurahan", "kel"))
#: After these the kind belongs to what somebody is: "kepala desa".
_POSITIONS = frozenset(
    ("kepala", "sekretaris", "bendahara", "perangkat", "aparat", "pamong", "staf")
)


class Word(NamedTuple):
    """A word looked for, small; one said after "desa" or "kelurahan" names a place."""

    text: str
    names_place: bool = False


def looked_for(words: str) -> list[Word]:
    """Return the words that tell one official from another.

    What is said before names is left out, but only before another word: who types no more than
    "ibu" looks for it, and "desa Mas" is the village of Mas.
    """
    told = words.casefold().split()
    kept: list[Word] = []
    before, names_place = "", False
    for number, word in enumerate(told, start=1):
        plain, is_last = word.strip("."), number == len(told)
        is_kind = plain in _KINDS and before not in _POSITIONS
        if names_place or is_last or not (is_kind or plain in _FORMS_OF_ADDRESS):
            kept.append(Word(word, names_place))
            is_kind = False
        before, names_place = plain, is_kind
    return kept


def has_word(word: Word) -> ColumnElement[bool]:
    """Hold where a word stands in the name, the position, the code or the names of the places.

    The query joins the village, its district and its regency.
    """
    places = (Official.village_code, Village.name, District.name, Regency.name)
    columns = places if word.names_place else (Official.name, Official.position, *places)
    return or_(*(_contains(one, word.text) for one in columns))


def is_named(word: Word) -> ColumnElement[bool]:
    """Hold where a word stands in the official's own name."""
    return false() if word.names_place else _contains(Official.name, word.text)


def _contains(column: str, word: str) -> ColumnElement[bool]:
    return func.lower(col(column)).contains(word, autoescape=True)
