"""The order of two days that somebody tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from datetime import date


def check_order(starts: date | None, ends: date | None) -> None:
    """Refuse an end before the start; without one of them there is nothing to compare."""
    if starts is not None and ends is not None and ends < starts:
        raise PydanticCustomError("ends_before_it_starts", "It ends before it starts")
