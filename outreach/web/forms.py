"""Reads a form into a Pydantic model: blanks left out, lists whole, all problems at once."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import time
from typing import TYPE_CHECKING, Any, Protocol, get_args, get_origin

from pydantic import BaseModel, ValidationError

from outreach.errors import Invalid, OutreachError
from outreach.web.words import problems_in_words, sentence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from werkzeug.datastructures import MultiDict


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it stands: what is in the fields, what is wrong, what others stored meanwhile."""

    values: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    problems: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    trouble: str = ""
    theirs: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def value(self, name: str, default: str = "") -> str:
        """Return what stands in a field."""
        return next(iter(self.values.get(name, ())), default)

    def has(self, name: str, value: object) -> bool:
        """Whether a choice of a list is taken."""
        return str(value) in self.values.get(name, ())

    def wrong(self, name: str) -> list[str]:
        """Return the words of a field's problems, those of single items of a list included."""
        found = (w for n, w in self.problems.items() if n == name or n.startswith(f"{name}."))
        return list(dict.fromkeys(words for several in found for words in several))

    def asking(self, name: str, words: str) -> Filled:
        """Ask about a field instead of saying what is wrong with it."""
        return dataclasses.replace(self, problems={**self.problems, name: (words,)})


def fill(**values: object) -> Filled:
    """Fill a form with what is stored."""
    return Filled(values={name: _texts(value) for name, value in values.items()})


def refill(form: MultiDict[str, str], error: OutreachError, **values: object) -> Filled:
    """Keep what was typed and say what is wrong; *values* replace fields, such as the version."""
    kept = {**{name: form.getlist(name) for name in form}, **fill(**values).values}
    theirs = error.facts.get("theirs", {})
    return Filled(
        values=kept,
        problems=problems_in_words(error),
        trouble=sentence(error),
        theirs={n: ", ".join(_texts(v)) for n, v in theirs.items()},  # type: ignore[attr-defined]
    )


class Versioned(Protocol):
    """A row that two people may edit."""

    @property
    def version(self) -> int:
        """How often it was changed."""


def refill_edit(form: MultiDict[str, str], error: OutreachError, row: Versioned) -> Filled:
    """Keep what was typed into the form of a stored row.

    A form that is only wrong keeps the version it was made from: nobody has seen the other
    person's values yet. Once they stand beside it, it carries the stored one, and saving once
    more is a decision made with both in sight.
    """
    seen = error.facts.get("problem") == "changed_meanwhile"
    return refill(form, error, version=row.version if seen else version_of(form))


def _texts(value: object) -> list[str]:
    if isinstance(value, list | tuple | set | frozenset):
        return [text for item in value for text in _texts(item)]
    if isinstance(value, time):
        return [value.strftime("%H:%M")]
    if isinstance(value, bool):
        return ["on"] if value else []
    return [] if value is None else [str(value)]


LISTS = (list, tuple, set, frozenset)
#: No page of ours writes a version or the number of a line with so many digits.
LONGEST_NUMBER = 10


def read[M: BaseModel](model: type[M], form: MultiDict[str, str]) -> M:
    """Read *form* into *model*.

    A blank field counts as not given, so its default holds, or it is `missing`. A field of a list
    type takes every value of its name. Lines of a table are named `signups.0.sector`,
    `signups.0.workers`, … and become a list of dicts.

    Raises
    ------
    Invalid
        `problems` maps each field to its codes, `limits` to the figures they speak of.
    """
    return check(model, _given(model, form))


def check[M: BaseModel](model: type[M], data: Mapping[str, Any]) -> M:
    """Take *data* as *model*, with all problems at once; for JSON as well.

    Raises
    ------
    Invalid
        As `read` does.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise as_invalid(error) from None


def as_invalid(error: ValidationError) -> Invalid:
    """Gather what Pydantic found by field; a problem of the whole stands under the field ``""``."""
    problems: dict[str, list[str]] = {}
    limits: dict[str, dict[str, Any]] = {}
    for found in error.errors(include_url=False, include_input=False):
        field = ".".join(str(part) for part in found["loc"])
        codes = problems.setdefault(field, [])
        if found["type"] not in codes:
            codes.append(found["type"])
        limits.setdefault(field, {}).update(_figures(found.get("ctx", {})))
    return Invalid(problems=problems, limits={k: v for k, v in limits.items() if v})


def _figures(context: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v if isinstance(v, int | float | str) else str(v) for k, v in context.items()}


def _given(model: type[BaseModel], form: MultiDict[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        values = [value.strip() for value in form.getlist(field.alias or name)]
        filled = [value for value in values if value]
        if _is_list(field.annotation):
            lines = _lines(form, name)
            if filled or lines:
                given[name] = lines or filled
        elif filled:
            given[name] = filled[0]
    return given


def _is_list(annotation: Any) -> bool:
    """Whether an annotation is a list type, also as one half of ``| None``."""
    origin = get_origin(annotation) or annotation
    return origin in LISTS or any(_is_list(part) for part in get_args(annotation))


def _lines(form: MultiDict[str, str], name: str) -> list[dict[str, str]]:
    """Lines of a table, by number; a line of blanks alone is no line."""
    lines: dict[int, dict[str, str]] = {}
    for key, value in form.items():
        start, _, rest = key.partition(".")
        number, _, column = rest.partition(".")
        is_line = start == name and number.isdecimal() and len(number) < LONGEST_NUMBER
        if is_line and column and value.strip():
            lines.setdefault(int(number), {})[column] = value.strip()
    return [lines[number] for number in sorted(lines)]


def version_of(form: MultiDict[str, str]) -> int:
    """Read which version of a row the page showed; without one, none that could be current."""
    text = form.get("version", "")
    return int(text) if text.isdecimal() and len(text) < LONGEST_NUMBER else 0
