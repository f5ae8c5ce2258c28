"""Hours that somebody tells, and the order of two days."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from datetime import date


def _without_zone(at: time) -> time:
    if at.tzinfo is not None:
        raise PydanticCustomError("not_local_time", "the place's own time, without a zone")
    return at.replace(second=0, microsecond=0)


#: To the minute, by the clock of the place it is about.
ClockTime = Annotated[time, AfterValidator(_without_zone)]


def check_order(starts: date | None, ends: date | None) -> None:
    """Refuse an end before the start; without one of them there is nothing to compare."""
    if starts is not None and ends is not None and ends < starts:
        raise PydanticCustomError("ends_before_it_starts", "It ends before it starts")
