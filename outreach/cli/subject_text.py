"""What is held of a person, written for that person: every name and code in words."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, time
from enum import Enum
from typing import TYPE_CHECKING, Any

from babel.dates import get_day_names

from outreach.cli import subject_words
from outreach.cli.dates import day, moment
from outreach.cli.say import language, number, say
from outreach.history.tables import Deed
from outreach.logbook.record import Met
from outreach.logbook.tables import Package, Payer, ReportSource, Sector
from outreach.logbook.taking import Outcome
from outreach.people.tables import Role
from outreach.visits.tables import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Held = Mapping[str, Sequence[Mapping[str, Any]]]

#: Columns, and fields of what a phone sent, that keep the value of a choice as plain text.
CHOICES: dict[str, type[Enum]] = {
    "deed": Deed,
    "role": Role,
    "outcome": Outcome,
    "met": Met,
    "answer": Answer,
    "sector": Sector,
    "package": Package,
    "payer": Payer,
    "source": ReportSource,
}
#: Fields of JSON that are days, hours or moments in ISO 8601.
_CLOCKS: dict[str, type[date | time]] = {
    "held_on": date,
    "day": date,
    "held_at": time,
    "starts_at": time,
    "saved_at": datetime,
    "noted_at": datetime,
}


def as_text(told: Held, now: datetime) -> str:
    """Write everything held of a person for people: section by section, a line each."""
    titles = sections()
    lines = [
        say("What Outreach holds about one person, on %(when)s", when=moment(now)),
        say(
            "By law 27/2022 on the protection of personal data whoever is asked answers within "
            "three times 24 hours (article 32). Nobody else's data stand here."
        ),
    ]
    for name, rows in told.items():
        lines += ["", f"== {titles[name]} ({number(len(rows))})"]
        lines += [f"- {_line(row, '; ')}" for row in rows]
    return "\n".join(lines)


def _line(row: Mapping[str, Any], between: str) -> str:
    words = subject_words.labels()
    shown = ((words.get(key, key), in_words(key, value)) for key, value in row.items())
    return between.join(f"{label}: {told}" for label, told in shown if told)


def in_words(key: str, value: Any) -> str:
    """Write the value of a column, or of a field of what a phone sent, as people do."""
    match value:
        case bool():
            told = say("yes") if value else say("no")
        case Enum():
            told = subject_words.word_of(value)
        case date() | time():
            told = _clock(value)
        case dict():
            told = f"({_line(value, ', ')})" if value else ""
        case list():
            told = ", ".join(in_words(key, one) for one in value)
        case str():
            told = _text(key, value)
        case int() if key == "weekday":
            told = get_day_names("wide", locale=language())[value - 1]
        case _:
            told = "" if value is None else str(value)
    return told


def _clock(value: date | time) -> str:
    if isinstance(value, datetime):
        return moment(value)
    return day(value) if isinstance(value, date) else f"{value:%H.%M}"


def _text(key: str, value: str) -> str:
    """Write plain text: chosen values by their word, days and hours of JSON as anywhere else."""
    if key in CHOICES and value in {one.value for one in CHOICES[key]}:
        return subject_words.word_of(CHOICES[key](value))
    if key in _CLOCKS:
        with suppress(ValueError):  # a phone's clock writes as it likes
            return _clock(_CLOCKS[key].fromisoformat(value))
    codes: dict[str, Callable[[], dict[str, str]]] = {
        "table": subject_words.tables,
        "column": subject_words.columns,
        "error": lambda: {value: _why_not_sent(value)},
        "media_type": lambda: {value: value.removeprefix("image/").upper()},
    }
    return codes[key]().get(value, value) if key in codes else value


def _why_not_sent(code: str) -> str:
    """Say why a message did not go out: the outbox keeps a code and no address."""
    name, _mark, answer = code.partition("_")
    if name == "refused":
        return say("The mail server refused it (%(answer)s).", answer=answer)
    known = {
        "": "",
        "address_unusable": say("The e-mail address cannot be used."),
        "overtaken": say("a newer message took its place"),
        "told_otherwise": say("told in another way"),
    }
    return known.get(code, say("it could not be sent (%(code)s)", code=code))


def sections() -> dict[str, str]:
    """Give each section of what is told of a person its title."""
    return {
        "official": say("Official"),
        "enrolments": say("Codes for a phone"),
        "messages": say("Messages to the person"),
        "links": say("Links of the visits they were told of"),
        "account": say("Account"),
        "areas": say("Regions that the account sees"),
        "devices": say("Phones"),
        "tokens": say("Tokens for programs"),
        "digest": say("Weekly e-mail"),
        "views": say("Saved views"),
        "reports": say("Session reports sent"),
        "disputed": say("Reports that contradict a stored one"),
        "held": say("Corrections that wait for their report"),
        "answers": say("What phones sent beside reports"),
        "pictures": say("Pictures sent"),
        "waiting_pictures": say("Pictures that wait for their report"),
        "events": say("What the person did with visits"),
        "uploads": say("Sheets brought in"),
        "did": say("What the person did, line by line of the history"),
        "done": say("What was done to their entry, account and phones"),
        "numbers_shown": say("When telephone numbers of their village were shown or taken along"),
        "acts": say("Rows that name the account as who did it"),
        "mentions": say("Other places that name the person"),
    }
