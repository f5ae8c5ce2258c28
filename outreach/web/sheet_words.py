"""What the pages about spreadsheets say: refused rows, changes and what to know of them.

The sheet that gives errors back is Indonesian, whatever the page speaks: its headers are.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass, replace
from datetime import date, time
from typing import TYPE_CHECKING, Any

from flask_babel import force_locale
from flask_babel import gettext as _

from outreach.planning.check import Rule
from outreach.planning.workdays import ClosedKind
from outreach.sheets.kinds import Cell
from outreach.sheets.ledger import ABOVE_ESTIMATE
from outreach.sheets.writing import shown
from outreach.villages.reading import names_of
from outreach.visits.move_warnings import MoveWarning
from outreach.visits.tables import Work
from outreach.web.coordinator_move import CONFIRMED, NOT_POSSIBLE, move_words
from outreach.web.i18n import clock, language, number, short_date
from outreach.web.sheet_phrases import ALLOW_THERE, FILES, HEADERS, NOTES, ROWS
from outreach.web.words import PROBLEMS, problem_words, problems_in_words, sentence, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlmodel import Session

    from outreach.errors import OutreachError
    from outreach.sheets.kinds import Change, Column, Problem, Row, Value

_OF_MOVES = {
    *(rule.value for rule in Rule),
    *(kind.value for kind in ClosedKind),
    "outside_stage",
    "slot_taken",
    "village_elsewhere",
    "confirmed_would_move",
    "told_would_move",
    "others_would_move",
}
#: What the form of a single move wants a tick for, and counts that can hardly be.
_WARNINGS = (_OF_MOVES - NOT_POSSIBLE - CONFIRMED - {"others_would_move"}) | {ABOVE_ESTIMATE}
#: How many choices are named where a cell holds none of them, and how much of what it holds.
_MOST_CHOICES, _MOST_SIGNS = 8, 60


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A refused row: its number, what stands in it, what is wrong."""

    number: int
    about: str
    problems: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ShownChange:
    """A change: of what, which values from where to where, what to know and what warns of it."""

    row: int
    label: str
    act: str
    act_words: str
    values: tuple[tuple[str, str, str], ...]
    notes: Mapping[str, bool]


def file_trouble(error: OutreachError) -> str:
    """Say why a file cannot be used."""
    problems: Any = error.facts.get("problems", {})
    limits: Any = error.facts.get("limits", {})
    for code in problems.get("file", ()):
        if code in FILES:
            return _filled(FILES[code], limits.get("file", {}))
    return " ".join(w for ws in problems_in_words(error).values() for w in ws) or sentence(error)


def refused_rows(db: Session, rows: Sequence[Row], columns: Sequence[Column]) -> list[ShownRow]:
    """Say what is wrong with every refused row."""
    refused = [row for row in rows if row.is_refused]
    names = _names(db, (problem for row in refused for problem in row.problems))
    by_key = {one.key: one for one in columns}
    return [
        ShownRow(
            row.number,
            _about(row, columns),
            tuple(_cell_problem(row, p, by_key.get(p.column), names) for p in row.problems),
        )
        for row in refused
    ]


def _cell_problem(
    row: Row, problem: Problem, column: Column | None, names: Mapping[str, str]
) -> tuple[str, str]:
    """Name the column and say what is wrong there, with what the cell holds and might hold."""
    if column is None:
        return "", problem_sentence(problem, names)
    given = row.given.get(column.key, "")
    value = given if len(given) <= _MOST_SIGNS else f"{given[:_MOST_SIGNS]}…"
    facts = {"choices": _choices(column), **problem.facts, "value": value}
    return column.header, problem_sentence(replace(problem, facts=facts), names)


def _choices(column: Column) -> str:
    """List the first choices that are offered, with the sign that ends the sentence."""
    offered = [one.label for one in column.choices if one.is_offered]
    ending = " …" if len(offered) > _MOST_CHOICES else "."
    return (", ".join(offered[:_MOST_CHOICES]) or "–") + ending


def _about(row: Row, columns: Sequence[Column]) -> str:
    """Say what a row is about: what stands in its first columns."""
    texts = [row.given.get(one.key, "") for one in columns]
    return " · ".join([text for text in texts if text][:3])


def error_words(db: Session, rows: Sequence[Row], columns: Sequence[Column]) -> dict[int, str]:
    """Words for the last column of the sheet that gives errors back: always in Indonesian."""
    with force_locale("id"):
        return {
            row.number: " ".join(
                f"{header}: {words}" if header else words for header, words in row.problems
            )
            for row in refused_rows(db, rows, columns)
        }


def shown_changes(
    db: Session, changes: Sequence[Change], columns: Sequence[Column]
) -> list[ShownChange]:
    """Put the difference into words."""
    names = _names(db, (note for change in changes for note in change.notes))
    by_key = {one.key: one for one in columns}
    return [
        ShownChange(
            change.row,
            change.label,
            change.act.value,
            word(change.act),
            tuple(_values(change, by_key)),
            {note_sentence(note, names): note.code in _WARNINGS for note in change.notes},
        )
        for change in changes
    ]


def changes_with_warnings(changes: Iterable[Change]) -> int:
    """Count the changes that need a tick."""
    return sum(any(note.code in _WARNINGS for note in change.notes) for change in changes)


def problem_sentence(problem: Problem, names: Mapping[str, str]) -> str:
    """Say why a row was refused."""
    if problem.code in ROWS:
        return _filled(ROWS[problem.code], problem.facts)
    if problem.code in PROBLEMS or problem.code not in _OF_MOVES:
        return problem_words(problem.code, problem.facts)
    words = move_words(MoveWarning(problem.code, problem.facts), names)
    return f"{words} {ALLOW_THERE}" if problem.code == "confirmed_would_move" else words


def note_sentence(note: Problem, names: Mapping[str, str]) -> str:
    """Say what a person should know about a change."""
    if note.code in NOTES:
        return _filled(NOTES[note.code], note.facts)
    villages = ", ".join(names.get(code, code) for code in note.facts.get("villages", ()))
    if note.code == "told_would_move":
        return str(_("Told another time, for they know theirs: %(villages)s.", villages=villages))
    if note.code == "others_would_move":
        return str(_("Another time, not told yet: %(villages)s.", villages=villages))
    if note.code == Rule.VILLAGE_CLOSED.value:
        village = str(note.facts.get("village_code", ""))
        return f"{word(Rule.VILLAGE_CLOSED)}: {names.get(village, village)}."
    if note.code == "outside_stage":
        facts = {name: date.fromisoformat(day) for name, day in note.facts.items()}
        return move_words(MoveWarning(note.code, facts), names)
    return problem_sentence(note, names)


def header_words(column: Column) -> str:
    """Name a column: as the sheet does, in English with its meaning where we know it."""
    words = HEADERS.get(column.key)
    return column.header if language() == "id" or words is None else str(words)


def value_words(value: Value, column: Column | None) -> str:
    """Write a value of the difference."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, str):
        return _text_words(value, column)
    return _figure_words(value)


def _text_words(value: str, column: Column | None) -> str:
    if column is not None and column.key == "status" and value in set(Work):
        return word(Work(value))
    return value if column is None or column.cell is not Cell.CHOICE else shown(value, column)


def _figure_words(value: float | date | time) -> str:
    if isinstance(value, date):
        return short_date(value)
    if isinstance(value, time):
        return clock(value)
    return number(value, 0 if float(value).is_integer() else 1)


def _values(change: Change, by_key: Mapping[str, Column]) -> Iterable[tuple[str, str, str]]:
    """Tell what differs, in the order of the columns."""
    differing = {*change.before, *change.after}
    for key, column in by_key.items():
        if key in differing:
            before, after = change.before.get(key), change.after.get(key)
            words = value_words(before, column), value_words(after, column)
            yield header_words(column), *words


def _names(db: Session, problems: Iterable[Problem]) -> dict[str, str]:
    """Names of the villages that the problems speak of, by code."""
    codes: set[str] = set()
    for problem in problems:
        villages = problem.facts.get("villages", ())
        codes.update(villages if isinstance(villages, list) else ())
        codes.add(str(problem.facts.get("village_code", "")))
    return {code: f"{name} ({code})" for code, name in names_of(db, codes - {""}).items()}


def _filled(words: Any, facts: Mapping[str, Any]) -> str:
    told = {n: number(f) if isinstance(f, int | float) else f for n, f in facts.items()}
    text = str(words)
    for name, fact in told.items():
        text = text.replace(f"%({name})s", str(fact))
    return text
