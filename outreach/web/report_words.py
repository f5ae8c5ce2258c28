"""The words for what is unlikely about a report, by flag of `logbook.record.unlikely`."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

FLAG_WORDS = {
    "more_signups_than_people": _("More sign-ups than people who were there."),
    "very_many_people": _("More than a thousand people."),
    "other_day_than_planned": _("Held on another day than planned."),
    "at_night": _("Held at night."),
    "clock_wrong": _("The phone's clock was more than ten minutes wrong."),
    "base_never_came": _("Corrects a report that never came."),
}
