"""The words for an answer that came too late to be taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from outreach.web.i18n import clock, long_date
from outreach.web.words import CONFLICTS, word

if TYPE_CHECKING:
    from outreach.logbook.answers_late import LateAnswer
    from outreach.villages.tables import Zone


#: Why an answer was not taken, for its branch.
_WHY = {
    "changed_meanwhile": _("The visit had been changed before it came."),
    "opening_gone": _("The day it chose had been given away before it came."),
    "wrong_status": _("The visit awaited no answer any more."),
}


def said_words(late: LateAnswer, zone: Zone) -> str:
    """Say what the village had answered: `Another day: Friday, 20 November 2026, 09:30 WIB “…”`."""
    if late.answer is None:
        return str(gettext("What it said was not kept."))
    words = word(late.answer)
    if late.day is not None:
        hour = clock(late.starts_at, zone) if late.starts_at else ""
        words = f"{words}: {', '.join(filter(None, (long_date(late.day), hour)))}"
    return f"{words} “{late.words}”" if late.words else words


def why_words(late: LateAnswer) -> str:
    """Say why it was not taken; empty if we have no words."""
    return str(_WHY.get(late.why) or CONFLICTS.get(late.why, ""))
