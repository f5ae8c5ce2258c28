"""What is wrong with a problem, in the operator's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.cli.say import say
from outreach.planning.check import Rule
from outreach.planning.problem_form import CLOCK_PATTERN, REGION_PATTERN, VILLAGE_PATTERN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from outreach.planning.check import Violation
    from outreach.planning.problem_faults import Fault
    from outreach.planning.problem_file import TravelNotes

#: Problems of pydantic that say the same to people.
_ALIKE = {
    "date_type": "date_parsing",
    "date_from_datetime_parsing": "date_parsing",
    "dict_type": "model_type",
    "model_attributes_type": "model_type",
    "tuple_type": "list_type",
    "finite_number": "float_type",
    "int_from_float": "int_type",
    "int_parsing_size": "int_type",
}


def fault_words(fault: Fault) -> str:
    """Say in one sentence what is wrong."""
    pattern = str(fault.facts.get("pattern", ""))
    sentence = _of_patterns().get(pattern)
    sentence = sentence or sentences().get(_ALIKE.get(fault.problem, fault.problem))
    if sentence is None:
        return say("Not as it should be (%(problem)s).", problem=fault.problem)
    return sentence % {name: _plain(fact) for name, fact in fault.facts.items()}


def _plain(fact: object) -> object:
    """Write a whole number as one: a limit of 0.0 is 0."""
    return int(fact) if isinstance(fact, float) and fact.is_integer() else fact


def sentences() -> dict[str, str]:
    """Sentences by problem, facts still to be filled in."""
    return _of_files() | _of_fields() | _across_fields()


def _of_files() -> dict[str, str]:
    return {
        "too_large": say("The file is too large: at most %%(most)s MB."),
        "not_utf8": say("The file is no text in UTF-8 (byte %%(byte)s)."),
        "not_json": say(
            "The file is no JSON or ends too early: line %%(line)s, column %%(column)s."
        ),
        "no_sensible_json": say("The file holds a number or brackets that nothing can read."),
        "name_twice": say("Stands more than once in the same object."),
    }


def _of_fields() -> dict[str, str]:
    return {
        "missing": say("Is missing."),
        "extra_forbidden": say("There is no field of this name."),
        "int_type": say("Must be a whole number."),
        "float_type": say("Must be a number."),
        "string_type": say("Must be a text."),
        "list_type": say("Must be a list."),
        "model_type": say("Must be an object with fields."),
        "date_parsing": say("Must be a date like 2027-01-11."),
        "string_pattern_mismatch": say("Is not written as it should be: %%(pattern)s"),
        "enum": say("Must be one of: %%(expected)s."),
        "literal_error": say("Must be %%(expected)s."),
        "greater_than_equal": say("Must be at least %%(ge)s."),
        "greater_than": say("Must be more than %%(gt)s."),
        "less_than_equal": say("Must be at most %%(le)s."),
        "less_than": say("Must be less than %%(lt)s."),
        "too_long": say("Too many: at most %%(max_length)s."),
        "too_short": say("Too few: at least %%(min_length)s."),
        "string_too_long": say("Too long: at most %%(max_length)s signs."),
        "string_too_short": say("Too short: at least %%(min_length)s signs."),
    }


def _of_patterns() -> dict[str, str]:
    """Sentences by the pattern that a text does not have."""
    return {
        CLOCK_PATTERN: say("Must be a time like 08:00, at the latest 47:59."),
        VILLAGE_PATTERN: say("Must be the code of a village like 33.72.01.1001."),
        REGION_PATTERN: say("Must be the code of a region like 33.72 or 33.72.01."),
    }


def _across_fields() -> dict[str, str]:
    return {
        "double": say("%%(value)s stands already at %%(first)s."),
        "not_square": say("Has %%(found)s numbers, but there are %%(rows)s rows."),
        "not_zero": say("A place is 0 seconds from itself, not %%(found)s."),
        "place_beside_table": say("With a table of travel, name the row instead: %%(instead)s."),
        "row_without_table": say(
            "Without a table of travel, name the place instead: %%(instead)s."
        ),
        "no_such_row": say("The last row of the table is %%(last)s."),
        "ends_before_it_starts": say("Ends before it begins."),
        "open_and_closed": say("%%(day)s stands among the closed days too."),
        "no_working_day": say("The team has no working day."),
        "too_many_days": say("Too many days: %%(found)s, at most %%(most)s."),
        "too_many_team_days": say("Too many days of teams: %%(found)s, at most %%(most)s."),
        "team_twice_on_a_day": say("Team %%(team)s stands twice on %%(day)s."),
        "pin_without_place": say("A visit that stands needs the village's place."),
        "unknown_team": say("There is no team %%(team)s."),
        "team_does_not_work": say("Team %%(team)s does not work on %%(day)s."),
        "village_is_closed": say("The village is closed on %%(day)s."),
        "outside_hours": say("The session does not lie between %%(opens)s and %%(closes)s."),
    }


def broken_words(broken: Iterable[Violation]) -> Iterator[str]:
    """Say which rules the visits that stand break; nothing where they break none."""
    found = list(broken)
    if not found:
        return
    yield say("These visits that stand break a rule; the plan keeps them as they are:")
    for one in found:
        where = ", ".join(str(part) for part in (one.code, one.team_id, one.day) if part)
        yield f"  {where}: {_of_rules().get(one.rule, one.rule.value)}"


def _of_rules() -> dict[Rule, str]:
    """Sentences of the rules that a visit at its pin can break."""
    return {
        Rule.NO_TEAM_DAY: say("The team does not work on that day"),
        Rule.CLOSED_DAY: say("Nobody works on that day"),
        Rule.VILLAGE_CLOSED: say("The village is closed on that day"),
        Rule.VILLAGE_HOURS: say("The session lies outside the hours of the village"),
        Rule.TOO_MANY_SESSIONS: say("More sessions than the day can hold"),
        Rule.SLOT_ORDER: say("The order of the day's sessions is wrong"),
        Rule.OUTSIDE_HOURS: say("The team would be back too late"),
        Rule.TOO_EARLY: say("The team cannot be there yet"),
        Rule.FRIDAY_PRAYERS: say("The session overlaps Friday prayers"),
    }


def note_words(notes: TravelNotes) -> Iterator[str]:
    """Say what was done to the table of travel."""
    if notes.evened_pairs:
        yield say(
            "Travel: %(pairs)s pairs take longer one way than the other (up to %(seconds)d s);"
            " the longer holds.",
            pairs=notes.evened_pairs,
            seconds=notes.most_apart_s,
        )
    if notes.shortened_pairs:
        yield say(
            "Travel: %(pairs)s pairs are reached sooner over other places; that way holds.",
            pairs=notes.shortened_pairs,
        )
