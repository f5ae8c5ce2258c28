"""Terms of office: who serves on a day."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlmodel import and_, col, or_

from outreach.people.tables import Official
from outreach.villages.tables import Zone

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import ColumnElement


def in_office(day: date) -> ColumnElement[bool]:
    """Hold for the officials who serve on a day; a term that is not known does not end."""
    starts, ends = col(Official.term_starts), col(Official.term_ends)
    return and_(
        col(Official.is_active),
        or_(starts.is_(None), starts <= day),
        or_(ends.is_(None), ends >= day),
    )


def serves(official: Official, now: datetime) -> bool:
    """Tell whether an official is in office at a moment, by the rule of `in_office`.

    The day is that of the agency's own zone, the last of the country's to end it.
    """
    day = now.astimezone(ZoneInfo(Zone.WIB)).date()
    has_begun = official.term_starts is None or official.term_starts <= day
    lasts = official.term_ends is None or official.term_ends >= day
    return official.is_active and has_begun and lasts
