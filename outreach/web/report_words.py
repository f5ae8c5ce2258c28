"""The words for what is unlikely about a report, by flag of `logbook.quality`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from outreach.planning.model import Point
from outreach.planning.travel import distance_m
from outreach.visits.tables import Work
from outreach.web.i18n import number
from outreach.web.words import CONFLICTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from outreach.logbook.listing import ReportRow
    from outreach.visits.rows import VisitRow

#: A clock that is off by less is right for our purposes.
_CLOCK_SECONDS = 60

#: What was seen and what to check; the official reads it too.
FLAG_WORDS = {
    "more_signups_than_people": _(
        "More sign-ups than people who were there. Check whether family members were counted."
    ),
    "more_than_estimate": _(
        "More sign-ups than uncovered informal workers by the village's estimate. Check the list."
    ),
    "very_many_people": _("More than a thousand people. Check against the attendance list."),
    "round_numbers": _("All numbers are round. Check whether people were counted."),
    "copied_counts": _(
        "The same numbers as another session of these weeks. Check that they belong to this one."
    ),
    "short_session": _("Shorter than 20 minutes. Check how long it took."),
    "long_session": _("Longer than five hours. Check how long it took."),
    "impossible_travel": _(
        "Too close to another session of the same day for the journey between. Check the hours."
    ),
    "far_from_village": _(
        "The phone was far from the village. Check where the session was held, or whether it was"
        " written down later."
    ),
    "other_day_than_planned": _("Held on another day than planned. Check the date."),
    "at_night": _("Held at night. Check the hour."),
    "not_begun": _(
        "Told before the hour at which it began. Check the hour, and whether the session was held."
    ),
    "clock_wrong": _(
        "The phone's clock was more than ten minutes wrong. Check the day and the hour."
    ),
    "was_far_from_village": _(
        "Of the report before, which this one corrects: the phone was far from the village. This"
        " one tells no place. Check where the session was held."
    ),
    "clock_was_wrong": _(
        "Of the report before, which this one corrects: the phone's clock was more than ten"
        " minutes wrong. Check the day and the hour."
    ),
    "base_never_came": _(
        "Corrects a report that never came. Check whether the visit has another report."
    ),
}

#: The same in two or three words, for lists.
FLAG_MARKS = {
    "more_signups_than_people": _("More sign-ups than people"),
    "more_than_estimate": _("More than the estimate"),
    "very_many_people": _("Very many people"),
    "round_numbers": _("Round numbers"),
    "copied_counts": _("Same counts again"),
    "short_session": _("Very short"),
    "long_session": _("Very long"),
    "impossible_travel": _("Too fast a journey"),
    "far_from_village": _("Far from the village"),
    "other_day_than_planned": _("Another day"),
    "at_night": _("At night"),
    "not_begun": _("Told before its hour"),
    "clock_wrong": _("Clock wrong"),
    "was_far_from_village": _("Report before: far from the village"),
    "clock_was_wrong": _("Report before: clock wrong"),
    "base_never_came": _("First report missing"),
}

#: Why a report disputes what is stored, for whoever decides.
DISPUTE_WORDS = {
    "already_reported": _("The visit had a report already."),
    "already_corrected": _("The report that it corrects had been corrected already."),
    "corrects_another_visit": _("It corrects the report of another visit."),
    "other_content": _("The same form came once more with other numbers."),
    "wrong_status": _("The visit takes no report in its present status."),
    "base_never_came": _("The report that it corrects never came."),
    "visit_moved": _(
        "Held on an earlier day: the visit was given another day since, which is still to come."
    ),
    "slot_taken": _("Other visits have taken all places of the team's day."),
}

#: Why the report of a session that was held does not count yet, for whoever sent it.
KEPT_WORDS = {
    "wrong_status": _(
        "This visit was not open for a report any more. Your report is kept, and your branch"
        " decides."
    ),
    "visit_moved": _(
        "Your branch has given this visit another day since. Your report is kept, and your branch"
        " decides."
    ),
    "village_has_visit": _(
        "Your village has another visit by now. Your report is kept, and your branch decides."
    ),
    "slot_taken": _("The team's day is full by now. Your report is kept, and your branch decides."),
}

#: What stands in the way of taking a disputed report, and what helps.
HINDRANCE_WORDS = {
    "village_has_visit": _(
        "The village has another visit in this stage. If the session that was held should count,"
        " call that visit off first."
    ),
    "slot_taken": _(
        "Other visits have taken all places of the team's day. Move one of them first."
    ),
}


def conflict_words(reason: str) -> str:
    """Say why a report disputes what is stored."""
    words = DISPUTE_WORDS.get(reason) or CONFLICTS.get(reason)
    return str(words or _("It does not go with what is stored."))


def kept_words(reason: str) -> str:
    """Say to whoever sent it why something does not count yet; empty if we have no words."""
    return str(KEPT_WORDS.get(reason) or CONFLICTS.get(reason, ""))


def hindrance_words(hindrance: str) -> str:
    """Say why a disputed report cannot be taken, and what helps; empty if nothing hinders."""
    if not hindrance:
        return ""
    words = HINDRANCE_WORDS.get(hindrance)
    return str(words or _("The other report cannot be taken as the visit stands."))


def flags_in_words(flags: Iterable[str]) -> list[str]:
    """Say what is unlikely about a report, and what to check."""
    return [str(FLAG_WORDS[flag]) for flag in flags if flag in FLAG_WORDS]


def flag_marks(flags: Iterable[str]) -> list[tuple[str, str]]:
    """Say it shortly, each with the whole words."""
    return [(str(FLAG_MARKS[flag]), str(FLAG_WORDS[flag])) for flag in flags if flag in FLAG_MARKS]


def review_words(report: ReportRow) -> str:
    """Say what the branch has made of a report."""
    if report.corrected_by is not None:
        return str(_("Corrected since"))
    decided = {
        Work.APPROVED: _("Approved"),
        Work.SENT_BACK: _("Sent back: please correct it"),
    }
    return str(decided.get(report.work) or _("Your branch has not looked at it yet"))


def position_words(report: ReportRow, visit: VisitRow) -> str:
    """Say how far the phone was from the point of the village; empty if it told no place."""
    if report.latitude is None or report.longitude is None:
        return ""
    village = Point(visit.latitude, visit.longitude, visit.village_code, visit.island)
    here = Point(report.latitude, report.longitude, visit.village_code, visit.island)
    km = number(distance_m(here, village) / 1000, 1)
    return str(gettext("%(km)s km from the point of the village on the map", km=km))


def clock_words(report: ReportRow) -> str:
    """Say how wrong the phone's clock was; empty if it was right, or nobody knows."""
    skew = report.skew_seconds
    if skew is None or abs(skew) < _CLOCK_SECONDS:
        return ""
    minutes = number(round(abs(skew) / 60))
    if skew > 0:
        return str(gettext("The phone's clock was %(minutes)s min ahead.", minutes=minutes))
    return str(gettext("The phone's clock was %(minutes)s min behind.", minutes=minutes))


def further_facts(report: ReportRow, visit: VisitRow) -> list[tuple[str, str]]:
    """Name what else is known of a report, each with its label."""
    length = number(report.minutes) if report.minutes else ""
    told = (
        (gettext("Length of the session"), length and gettext("%(minutes)s min", minutes=length)),
        (gettext("Where the phone was"), position_words(report, visit)),
        (gettext("Clock"), clock_words(report)),
    )
    return [(str(label), str(words)) for label, words in told if words]
