"""The history of a visit in words: what changed, from what to what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from outreach.visits.tables import Result, Work
from outreach.web.i18n import clock, long_date, number
from outreach.web.words import reason_words, word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from outreach.visits.rows import HistoryLine

#: What people want to read; travel follows from the place and stands on the page itself.
SHOWN = ("team_id", "day", "slot", "starts_at", "work", "result")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed; what was not there before or after is empty."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ToldLine:
    """A line of history with its changes in words."""

    line: HistoryLine
    changes: tuple[Change, ...]
    reason: str


def told_lines(
    lines: Iterable[HistoryLine], teams: Mapping[int | None, str]
) -> tuple[ToldLine, ...]:
    """Put every line into words, in the order given."""
    return tuple(ToldLine(one, _changes(one, teams), reason_words(one.reason)) for one in lines)


def _changes(line: HistoryLine, teams: Mapping[int | None, str]) -> tuple[Change, ...]:
    return tuple(
        Change(_label(name), _value(name, line.before, teams), _value(name, line.after, teams))
        for name in SHOWN
        if name in line.after and line.before.get(name) != line.after[name]
    )


def _label(name: str) -> str:
    labels = {
        "team_id": _("Team"),
        "day": _("Day"),
        "slot": _("Session of the day"),
        "starts_at": _("Start"),
        "work": _("Status"),
        "result": _("Result"),
    }
    return str(labels[name])


def _value(name: str, facts: Mapping[str, Any], teams: Mapping[int | None, str]) -> str:
    value = facts.get(name)
    if value is None:
        return ""
    written: dict[str, Callable[[Any], str]] = {
        "team_id": lambda team: teams.get(team, str(team)),
        "day": lambda day: long_date(date.fromisoformat(day)),
        "slot": number,
        "starts_at": lambda at: clock(time.fromisoformat(at)),
        "work": lambda work: word(Work(work)),
        "result": lambda result: word(Result(result)),
    }
    return written[name](value)
