"""The history of a visit in words: what changed, from what to what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from outreach.visits.tables import Answer, Channel, Happening, Result, Work
from outreach.web.i18n import clock, long_date, number
from outreach.web.words import reason_words, word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from outreach.visits.rows import HistoryLine

#: What people want to read; travel follows from the place and stands on the page itself.
SHOWN = ("team_id", "day", "slot", "starts_at", "work", "result")
#: Which answer of the village a line tells; a postponement is one only where the village spoke.
_ANSWERS = {
    Happening.CONFIRMED: Answer.CAN,
    Happening.WISHED: Answer.ANOTHER_DAY,
    Happening.POSTPONED: Answer.NO,
}
_OWN_ACTS = (Channel.PAGE, Channel.SHEET, Channel.PRODUCT)


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

    @property
    def says(self) -> bool:
        """Whether there is anything to read beside what happened."""
        return bool(self.changes or self.reason)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the village answered last, in which line, and the day and start it was about."""

    answer: Answer
    line: HistoryLine
    day: date | None
    starts_at: time | None


def last_answer(lines: Iterable[HistoryLine]) -> Heard | None:
    """Find the village's last answer in the history of a visit, the oldest line first."""
    heard, moved_at = None, None
    placed: Mapping[str, Any] = {}
    for line in lines:
        if "day" in line.after:
            placed, moved_at = line.after, (line.at, line.channel)
        answer = _ANSWERS.get(line.happening)
        if answer is None or (answer is Answer.NO and line.channel in _OWN_ACTS):
            continue
        if moved_at == (line.at, line.channel):  # it took a day that was offered
            answer = Answer.ANOTHER_DAY
        day, at = placed.get("day"), placed.get("starts_at")
        heard = Heard(
            answer,
            line,
            date.fromisoformat(day) if day else None,
            time.fromisoformat(at) if at else None,
        )
    return heard


def told_lines(
    lines: Iterable[HistoryLine], teams: Mapping[int | None, str]
) -> tuple[ToldLine, ...]:
    """Put every line into words, in the order given.

    A move of which nothing stands here changed the way there alone: nobody reads of that.
    """
    told = (ToldLine(one, _changes(one, teams), reason_words(one.reason)) for one in lines)
    return tuple(one for one in told if one.line.happening is not Happening.MOVED or one.says)


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
