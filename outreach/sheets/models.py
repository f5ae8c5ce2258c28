"""Checks rows with the input models of the other rooms, so that a sheet asks what a form asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from outreach.errors import Invalid
    from outreach.sheets.kinds import Row


def taken[M: BaseModel](
    model: type[M], row: Row, given: Mapping[str, Any], columns: Mapping[str, str] | None = None
) -> M | None:
    """Take *given* as *model*; where it is wrong, refuse the row and return None.

    *columns* names the column of a field where the two differ.
    """
    try:
        return model.model_validate({k: v for k, v in given.items() if v is not None})
    except ValidationError as error:
        for found in error.errors(include_url=False, include_input=False):
            name = str(found["loc"][0]) if found["loc"] else ""
            facts = {k: _plain(v) for k, v in found.get("ctx", {}).items()}
            row.refuse((columns or {}).get(name, name), found["type"], **facts)
    return None


def refuse(row: Row, error: Invalid, columns: Mapping[str, str] | None = None) -> None:
    """Refuse a row for what a room's function said is wrong with it."""
    problems: Any = error.facts.get("problems", {})
    limits: Any = error.facts.get("limits", {})
    for name, codes in problems.items():
        for code in codes:
            row.refuse((columns or {}).get(name, name), code, **limits.get(name, {}))


def _plain(value: object) -> int | float | str:
    return value if isinstance(value, int | float | str) else str(value)
