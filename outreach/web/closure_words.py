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
    if mark.rhythm is not None:
        words = _("Market day (%(day)s)", day=word(mark.rhythm))
    else:
        words = word(mark.closure) if mark.closure else ""
    return f"{words}: {mark.note}" if mark.note else words


def marks_in_words(marks: Iterable[Mark]) -> str:
    """Say every reason of a day, each once."""
    return "; ".join(dict.fromkeys(map(mark_words, marks)))


def mark_with_region(mark: Mark, names: Mapping[str, str]) -> str:
    """Say what makes a day special, and where."""
    return f"{names.get(mark.region_code, mark.region_code)}: {mark_words(mark)}"
