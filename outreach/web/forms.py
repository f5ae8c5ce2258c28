"""Reads a form into a Pydantic model: blanks left out, lists whole, all problems at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from outreach.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.datastructures import MultiDict

LISTS = (list, tuple, set, frozenset)


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
        if start == name and number.isdecimal() and column and value.strip():
            lines.setdefault(int(number), {})[column] = value.strip()
    return [lines[number] for number in sorted(lines)]
