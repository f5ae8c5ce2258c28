"""What click itself says when it asks, or refuses a command, in the operator's language.

Click asks gettext for its words, which knows only the language of the shell, and has no Indonesian
ones. The pages of `--help` stay in English, as what they describe is.
"""

from __future__ import annotations

from click import core, exceptions, parser, termui, types

from outreach.saying import in_own_words
from outreach.saying import lazy as _lazy

#: Word by word as click writes them; what is missing here comes in English.
WORDS = (
    _lazy("Aborted!"),
    _lazy("Error: {message}"),
    _lazy("Error: invalid input"),
    _lazy("Error: The two entered values do not match."),
    _lazy("Repeat for confirmation"),
    _lazy("Try '{command} {option}' for help."),
    _lazy("Missing argument"),
    _lazy("Missing command."),
    _lazy("Missing option"),
    _lazy("Choose from:\n\t{choices}"),
    _lazy("Invalid value: {message}"),
    _lazy("Invalid value for {param_hint}: {message}"),
    _lazy("No such command {name!r}."),
    _lazy("No such option {name!r}."),
    _lazy("Did you mean {possibility}?"),
    _lazy("(Did you mean one of: {possibilities}?)"),
    _lazy("Got unexpected extra argument ({args})"),
    _lazy("Got unexpected extra arguments ({args})"),
    _lazy("Option {name!r} does not take a value."),
    _lazy("Option {name!r} requires an argument."),
    _lazy("{value!r} is not a valid {number_type}."),
    _lazy("{value} is not in the range {range}."),
    _lazy("{name} {filename!r} does not exist."),
    _lazy("{name} {filename!r} is a directory."),
    _lazy("{value!r} does not match the format {format}."),
    _lazy("{value!r} does not match the formats {formats}."),
    _lazy("Could not open file {filename!r}: {message}"),
)


def _said(text: str) -> str:
    # Nothing else: a word of ours that is the same as one in `--help` is no reason to mix it.
    return in_own_words(text) if text in WORDS else text


def _one_or_many(one: str, many: str, count: int) -> str:
    return _said(one if count == 1 else many)


def install() -> None:
    """Let click look its words up where ours stand; it has no place to hand a catalogue over."""
    for module in (core, exceptions, parser, termui, types):
        vars(module)["_"] = _said
        if "ngettext" in vars(module):
            vars(module)["ngettext"] = _one_or_many
