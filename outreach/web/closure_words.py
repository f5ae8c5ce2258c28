"""Says why a village's day is closed, or what market it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _

from outreach.web.words import word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from outreach.villages.calendar import Mark


def mark_words(mark: Mark) -> str:
    """Say what makes a day special: `Harvest: rice`, `Market day (Kliwon)`."""
    words = _named(mark)
    if mark.is_estimate:
        return str(_("%(what)s (estimate)", what=words))
    return words


def _named(mark: Mark) -> str:
    if mark.feast is not None:
        return f"{word(mark.feast)} {mark.note}".strip()
    return named(_kind(mark), mark.note)


def named(kind: str, name: str) -> str:
    """Say what kind of day it is and its name, without saying a word twice."""
    if name.casefold().startswith(kind.casefold()):
        return name
    return f"{kind}: {name}" if name else kind


def _kind(mark: Mark) -> str:
    if mark.rhythm is None:
        return word(mark.closure or mark.layer)
    if mark.is_missed:
        return str(_("No market day (the market is on %(day)s)", day=word(mark.rhythm)))
    return str(_("Market day (%(day)s)", day=word(mark.rhythm)))


def marks_in_words(marks: Iterable[Mark]) -> str:
    """Say every reason of a day, each once."""
    return "; ".join(dict.fromkeys(map(mark_words, marks)))


def mark_with_region(mark: Mark, names: Mapping[str, str]) -> str:
    """Say what makes a day special, and where."""
    return f"{names.get(mark.region_code, mark.region_code)}: {mark_words(mark)}"
