"""Says what a village's score stands on: each part, its fact and its points of how many."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _lazy
from flask_babel import ngettext

from outreach.web.i18n import number, short_date
from outreach.web.words import word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from outreach.visits.shortlist import Listed

#: Names of the parts, in the order people read them.
PART_WORDS = {
    "gap": _lazy("Gap"),
    "vulnerable": _lazy("Vulnerable"),
    "access": _lazy("Access"),
    "staleness": _lazy("Not visited lately"),
    "promise": _lazy("Promised"),
    "sponsor_end": _lazy("Sponsor ends"),
}

#: What each weight rewards, for the form of a campaign.
PART_HINTS = {
    "gap": _lazy("Many informal workers who are not covered yet."),
    "vulnerable": _lazy("Many vulnerable workers who are not covered yet."),
    "access": _lazy("A short way from the base, boats and flights included."),
    "staleness": _lazy("No session for long; after a year as if there had been none."),
    "promise": _lazy("A visit that was confirmed or chosen before and did not come about."),
    "sponsor_end": _lazy("A sponsorship that ends within half a year."),
}


@dataclass(frozen=True, slots=True)
class ToldPart:
    """A part of a score: its name, the fact behind it, its points and the most it could have."""

    name: str
    fact: str
    points: float
    most: float


def told_parts(one: Listed, most: Mapping[str, float]) -> list[ToldPart]:
    """Explain a score, part by part; a part that weighs nothing here is left out."""
    facts = {
        "gap": _("%(count)s informal workers are not covered yet", count=number(one.gap))
        + _full_from(one, "gap"),
        "vulnerable": _(
            "%(count)s vulnerable workers are not covered", count=number(one.vulnerable)
        )
        + _full_from(one, "vulnerable"),
        "access": _way(one),
        "staleness": _last_session(one),
        "promise": word(one.promise) if one.promise else _("nothing was promised"),
        "sponsor_end": _sponsor(one),
    }
    return [
        ToldPart(str(PART_WORDS[part]), facts[part], points, most[part])
        for part, points in one.parts.items()
        if most[part]
    ]


def _full_from(one: Listed, part: str) -> str:
    """Say from how many people on a part gives all its points; nothing where any number does."""
    full = ceil(one.full_marks[part])
    return f"; {_('full points from %(full)s on', full=number(full))}" if full > 0 else ""


def _way(one: Listed) -> str:
    if one.travel_minutes is None:
        return str(_("no place is known"))
    told = _("about %(minutes)s minutes from the base", minutes=number(one.travel_minutes))
    return f"{told}, {word(one.way).lower()}" if one.way else str(told)


def _last_session(one: Listed) -> str:
    if one.last_held is None:
        return str(_("no session was ever held"))
    return str(_("last session on %(day)s", day=short_date(one.last_held)))


def _sponsor(one: Listed) -> str:
    days = one.days_to_sponsor_end
    if days is None:
        return str(_("no sponsorship runs"))
    return str(
        ngettext(
            "a sponsorship ends in %(shown)s day",
            "a sponsorship ends in %(shown)s days",
            days,
            shown=number(days),
        )
    )
