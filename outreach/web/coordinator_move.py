"""What a move would break, in sentences: the live warnings and the check when it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from flask_babel import ngettext
from pydantic import Field

from outreach.people.free_text import Remark  # noqa: TC001 - Pydantic reads it at run time
from outreach.planning.check import Rule
from outreach.planning.workdays import ClosedKind
from outreach.villages.reading import names_of
from outreach.visits.move_warnings import warnings_of_move
from outreach.visits.moving import MoveIn
from outreach.visits.outlook import outlook_of_move
from outreach.web.closure_words import marks_in_words
from outreach.web.enum_words import ENUM_WORDS
from outreach.web.i18n import long_date, number

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.visits.move_warnings import MoveWarning

#: No tick helps against these: another day or session has to be chosen.
NOT_POSSIBLE = frozenset(
    {"slot_taken", "day_full", "in_the_past", "village_has_visit", "village_elsewhere"}
)
#: These need the tick that confirmed visits may move.
CONFIRMED = frozenset({"confirmed", "confirmed_would_move"})


class MoveFormIn(MoveIn):
    """A move as the form sends it: with its reason and the warnings that were seen.

    `back` leads back to the calendar it was made on.
    """

    reason: Remark = ""
    version: int = Field(ge=1, le=2**31 - 1)
    despite: str = Field(default="", max_length=500)
    back: bool = False


#: The move itself sets these right.
OWN_AFFAIR = frozenset({Rule.WRONG_TRAVEL.value})


@dataclass(frozen=True, slots=True)
class Warned:
    """What a move would break, in sentences, by what can be done about it.

    `impossible` stops the move, `confirmed` needs the tick for confirmed visits, `others` the
    tick "move anyway", whose value is `seen`: new warnings have to be seen anew.
    """

    impossible: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    seen: str = ""

    def stops(self, given: MoveFormIn) -> bool:
        """Whether the move as given must be looked at again first."""
        unseen = bool(self.others) and given.despite != self.seen
        return bool(self.impossible or unseen or (self.confirmed and not given.also_confirmed))


def warned(db: Session, visit_id: int, to: MoveIn, *, by: Person, now: datetime) -> Warned:
    """Ask what the move would break and put it into sentences."""
    found = warnings_of_move(db, visit_id, to, by=by, now=now)
    codes = [code for one in found for code in _villages(one.facts)]
    names = {code: f"{name} ({code})" for code, name in names_of(db, codes).items()}
    said = [(one.code, move_words(one, names)) for one in found if one.code not in OWN_AFFAIR]
    others = [code for code, _ in said if code not in NOT_POSSIBLE | CONFIRMED]
    return Warned(
        impossible=_distinct(said, NOT_POSSIBLE),
        confirmed=_distinct(said, CONFIRMED),
        others=_distinct(said, others),
        seen=" ".join(sorted(set(others))),
    )


@dataclass(frozen=True, slots=True)
class Ahead:
    """When the visit would start, and whose start would change, with names."""

    starts_at: time
    shifts: tuple[tuple[str, time, time], ...] = ()


def ahead(db: Session, visit_id: int, to: MoveIn, *, by: Person) -> Ahead:
    """Ask when the visit would start and put names to those that would start at another time."""
    found = outlook_of_move(db, visit_id, to, by=by)
    names = names_of(db, [one.village_code for one in found.shifts])
    return Ahead(
        found.starts_at,
        tuple(
            (names.get(one.village_code, one.village_code), one.before, one.after)
            for one in found.shifts
        ),
    )


def _distinct(said: Sequence[tuple[str, str]], codes: Collection[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words for code, words in said if code in codes))


def _villages(facts: Mapping[str, Any]) -> list[str]:
    code = facts.get("village_code")
    return [*facts.get("villages", ()), *([code] if code else [])]


def move_words(warning: MoveWarning, names: Mapping[str, str]) -> str:
    """Say what a warning is about; *names* are the villages' by their codes."""
    villages = ", ".join(names.get(code, code) for code in _villages(warning.facts))
    if warning.code in set(ClosedKind):
        return _closed(warning.code, warning.facts)
    make = _SENTENCES.get(warning.code)
    if make is not None:
        return str(make(villages, warning.facts))
    words = str(ENUM_WORDS["Rule"].get(warning.code, warning.code))
    return f"{words}: {villages}" if villages else f"{words}."


def _closed(code: str, facts: Mapping[str, Any]) -> str:
    kind = str(ENUM_WORDS["ClosedKind"][code])
    words = f"{kind}: {facts['name']}" if facts.get("name") else kind
    if facts.get("is_estimate"):
        return str(
            _("The team does not go out on that day (%(why)s; date not certain yet).", why=words)
        )
    return str(_("The team does not go out on that day (%(why)s).", why=words))


def _minutes(facts: Mapping[str, Any]) -> int:
    return int(facts.get("minutes", 0))


def _too_many(_villages: str, facts: Mapping[str, Any]) -> str:
    return str(
        _(
            "The team would hold %(sessions)s sessions on that day, %(most)s are usual.",
            sessions=number(facts["sessions"]),
            most=number(facts["most"]),
        )
    )


def _late(_villages: str, facts: Mapping[str, Any]) -> str:
    return str(
        ngettext(
            "The team would be back %(minutes)s minute after its hours.",
            "The team would be back %(minutes)s minutes after its hours.",
            _minutes(facts),
            minutes=number(_minutes(facts)),
        )
    )


def _early(villages: str, facts: Mapping[str, Any]) -> str:
    return str(
        _(
            "The team would come %(minutes)s minutes too late for the session in %(villages)s.",
            minutes=number(_minutes(facts)),
            villages=villages,
        )
    )


def _outside(_villages: str, facts: Mapping[str, Any]) -> str:
    return str(
        _(
            "The day lies outside the stage, which runs from %(starts)s to %(ends)s.",
            starts=_day(facts["starts"]),
            ends=_day(facts["ends"]),
        )
    )


def _day(day: object) -> str:
    return long_date(day) if isinstance(day, date) else str(day)


def _village_closed(villages: str, facts: Mapping[str, Any]) -> str:
    why = marks_in_words(facts.get("marks", ()))
    return str(_("%(villages)s is closed on that day: %(why)s.", villages=villages, why=why))


def _for_another_stage(_villages: str, facts: Mapping[str, Any]) -> str:
    if not facts["is_stay"]:
        words = _("On that day the team visits for another stage: %(stage)s.", stage=facts["stage"])
    elif facts["hub"]:
        words = _(
            "On that day the team is away for another stage (%(stage)s) and stays at %(hub)s.",
            stage=facts["stage"],
            hub=facts["hub"],
        )
    else:
        words = _(
            "On that day the team is away for another stage: %(stage)s.", stage=facts["stage"]
        )
    return str(words)


_SENTENCES: dict[str, Any] = {
    Rule.VILLAGE_CLOSED.value: _village_closed,
    Rule.VILLAGE_HOURS.value: lambda villages, _facts: _(
        "The session in %(villages)s lies outside the hours of the village.", villages=villages
    ),
    Rule.TOO_MANY_SESSIONS.value: _too_many,
    Rule.OUTSIDE_HOURS.value: _late,
    Rule.TOO_EARLY.value: _early,
    Rule.FRIDAY_PRAYERS.value: lambda villages, _facts: _(
        "The session in %(villages)s overlaps Friday prayers (11.30 to 13.30).", villages=villages
    ),
    "outside_stage": _outside,
    "in_the_past": lambda _villages, _facts: _("That day is over. Choose today or a later day."),
    "day_full": lambda villages, _facts: _(
        "The team already has three visits on that day: %(villages)s.", villages=villages
    ),
    "slot_taken": lambda villages, _facts: _(
        "The team already has a visit as that session: %(villages)s.", villages=villages
    ),
    "village_has_visit": lambda villages, _facts: _(
        "The village already has another visit in this stage: %(villages)s.", villages=villages
    ),
    "for_another_stage": _for_another_stage,
    "village_elsewhere": lambda _villages, _facts: _(
        "Another stage of this campaign has reached the village or is about to visit it."
    ),
    "confirmed": lambda _villages, _facts: _(
        "The village has confirmed this visit. It has to be asked again after a move."
    ),
    "told_would_move": lambda villages, _facts: _(
        "These villages were asked and have to be told another time: %(villages)s.",
        villages=villages,
    ),
    "confirmed_would_move": lambda villages, _facts: _(
        "These villages have confirmed and would start at another time: %(villages)s.",
        villages=villages,
    ),
}
