"""Looking for officials as people speak of them: "Bu Sri", "Kelurahan Pajang"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, or_
from sqlmodel import col

from outreach.people.tables import Official
from outreach.villages.tables import District, Regency, Village

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

#: Said before names of people and villages, and hardly ever stored with them.
_FORMS_OF_ADDRESS = frozenset(
    ("bu", "ibu", "pak", "bapak", "bpk", "mas", "mbak", "mba", "h", "hj", "sdr", "sdri")
)
_KINDS = frozenset(("desa", "ds", "kelurahan", "kel"))


def looked_for(words: str) -> list[str]:
    """Return the words that tell one official from another, small; all if none does."""
    told = words.casefold().split()
    return [word for word in told if word.strip(".") not in _FORMS_OF_ADDRESS | _KINDS] or told


def has_word(word: str) -> ColumnElement[bool]:
    """Hold where a word stands in the name, the position, the code or the names of the places.

    The query joins the village, its district and its regency.
    """
    columns = (Official.name, Official.position, Official.village_code)
    places = (Village.name, District.name, Regency.name)
    return or_(*(_contains(one, word) for one in (*columns, *places)))


def is_named(word: str) -> ColumnElement[bool]:
    """Hold where a word stands in the official's own name."""
    return _contains(Official.name, word)


def _contains(column: str, word: str) -> ColumnElement[bool]:
    return func.lower(col(column)).contains(word, autoescape=True)
