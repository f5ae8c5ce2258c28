"""Days that a campaign or a stage may have: none that nobody plans for, and in their order."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

FIRST_YEAR, LAST_YEAR = 2000, 2100
LONGEST_CAMPAIGN_YEARS = 10
LONGEST_STAGE_DAYS = 366


def _in_our_time(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        limits = {"first": FIRST_YEAR, "last": LAST_YEAR}
        raise PydanticCustomError("year_out_of_range", "Not a day anybody plans for", limits)
    return day


#: A day that can be planned for.
PlannedDay = Annotated[date, AfterValidator(_in_our_time)]


def check_campaign_length(starts: date | None, ends: date) -> None:
    """Refuse a campaign beyond the tenth anniversary of its first day."""
    if starts is None:
        return
    tenth = (starts.year + LONGEST_CAMPAIGN_YEARS, starts.month, starts.day)
    if (ends.year, ends.month, ends.day) > tenth:
        limits = {"years": LONGEST_CAMPAIGN_YEARS}
        raise PydanticCustomError("campaign_too_long", "Longer than any campaign", limits)


def is_too_long_for_a_stage(starts: date, ends: date) -> bool:
    """Whether a stage from one day to another, both included, has more days than one may."""
    return (ends - starts).days >= LONGEST_STAGE_DAYS


def check_stage_length(starts: date | None, ends: date) -> None:
    """Refuse a stage of more than 366 days."""
    if starts is not None and is_too_long_for_a_stage(starts, ends):
        limits = {"days": LONGEST_STAGE_DAYS}
        raise PydanticCustomError("stage_too_long", "Longer than any stage", limits)
