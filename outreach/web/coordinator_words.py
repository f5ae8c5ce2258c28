"""Sentences of the coordinator's pages: days left out, remedies, what a move would break."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from outreach.planning.workdays import ClosedKind
from outreach.web.closure_words import marks_in_words
from outreach.web.enum_words import ENUM_WORDS
from outreach.web.i18n import moment, number, short_date
from outreach.web.words import sentence, word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from outreach.errors import Conflict
    from outreach.visits.question import DayLeftOut


WEEKLY = (ClosedKind.SUNDAY, ClosedKind.NOT_A_WORKING_WEEKDAY)


@dataclass(frozen=True, slots=True)
class Advice:
    """A sentence, and where its advice can be followed, if it gives any."""

    words: str
    link: str = ""
    link_words: str = ""


@dataclass(frozen=True, slots=True)
class ClosedDay:
    """A day left out, and everything that closes it in words."""

    day: date
    words: str
    is_estimate: bool


@dataclass(frozen=True, slots=True)
class DaysOff:
    """Days of a stage without visits: the weekly ones counted, the others one by one."""

    sundays: int
    other_weekdays: int
    single: tuple[ClosedDay, ...]


def outside_words(count: int) -> str:
    """Say how many visits to come their stage does not take in any more."""
    words = ngettext(
        "%(shown)s visit lies outside the dates, the area or the kinds of this stage now.",
        "%(shown)s visits lie outside the dates, the area or the kinds of this stage now.",
        count,
        shown=number(count),
    )
    return str(words)


def days_in_words(days: Iterable[DayLeftOut]) -> DaysOff:
    """Count the weekly days off; gather the others, one line a day."""
    days = tuple(days)
    kinds = Counter(one.closed.kind for one in days)
    lines: dict[date, list[DayLeftOut]] = {}
    for one in days:
        if one.closed.kind not in WEEKLY:
            lines.setdefault(one.day, []).append(one)
    return DaysOff(
        kinds[ClosedKind.SUNDAY],
        kinds[ClosedKind.NOT_A_WORKING_WEEKDAY],
        tuple(_closed_day(day, closed) for day, closed in sorted(lines.items())),
    )


def _closed_day(day: date, closed: list[DayLeftOut]) -> ClosedDay:
    words = "; ".join(dict.fromkeys(closed_words(one) for one in closed))
    return ClosedDay(day, words, any(one.closed.is_estimate for one in closed))


def closed_words(left_out: DayLeftOut) -> str:
    """Say what closes a day, and for whom if not for all."""
    if left_out.marks:
        return marks_in_words(left_out.marks)
    kind = str(ENUM_WORDS["ClosedKind"][left_out.closed.kind.value])
    words = left_out.closed.name or kind
    if left_out.closed.kind is ClosedKind.LEAVE and left_out.closed.name:
        words = f"{kind}: {left_out.closed.name}"
    return f"{left_out.team}: {words}" if left_out.team else words


def run_refusal(error: Conflict) -> Advice:
    """Say why a stage is not planned, or its plan not changed, now; where a run is on, whose."""
    words = _RUNS.get(str(error.facts.get("problem")))
    if words is None or "by" not in error.facts:
        return Advice(sentence(error))
    since = error.facts["since"]
    told = words(
        error.facts["by"],
        moment(since) if isinstance(since, datetime) else since,
        error.facts.get("stage", ""),
    )
    link = url_for("coordinator.run", run_id=error.facts["run_id"])
    return Advice(str(told), link, _("Watch the run"))


#: Which run is in the way: by whom, since when, of which stage.
_RUNS: dict[str, Any] = {
    "run_open": lambda who, since, _stage: _(
        "%(who)s has been planning for this branch since %(since)s."
        " Wait for that run or call it off.",
        who=who,
        since=since,
    ),
    "being_planned": lambda who, since, _stage: _(
        "%(who)s has been planning this stage since %(since)s. Wait for that run or call it off.",
        who=who,
        since=since,
    ),
    "neighbour_planned": lambda who, since, stage: _(
        "%(who)s has been planning %(stage)s since %(since)s. It shares days and teams with this"
        " stage, so nothing can be changed here meanwhile. Wait for that run or call it off.",
        who=who,
        stage=stage,
        since=since,
    ),
}


def show_value(value: object) -> str:
    """Write a stored value for people, whatever kind it is."""
    if isinstance(value, list | tuple):
        return ", ".join(map(show_value, value)) or "–"
    if isinstance(value, StrEnum):
        return word(value)
    if isinstance(value, date):
        return short_date(value)
    if isinstance(value, int):
        return number(value)
    return str(value) if value else "–"
