"""Terms of office: who serves on a day, and the last day of who has left."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlmodel import and_, col, or_

from outreach.people.tables import Official
from outreach.villages.tables import Zone

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import ColumnElement


class Term(NamedTuple):
    """When an official serves, as it stands or is told; both days are days in office."""

    is_active: bool
    starts: date | None
    ends: date | None


#: What stands of somebody who was not known before.
UNKNOWN = Term(is_active=True, starts=None, ends=None)


def term_of(official: Official) -> Term:
    """Read the term of an official."""
    return Term(official.is_active, official.term_starts, official.term_ends)


def day_of(now: datetime) -> date:
    """Tell the day in the agency's own zone, the last of the country's to end it."""
    return Zone.WIB.day(now)


def last_day(stood: Term, told: Term, today: date) -> date | None:
    """Choose the last day in office to note, where *told* is to stand instead of *stood*.

    Who has left has one, today if no earlier one is known: their data are forgotten by it. Who
    serves again serves on, and a day that is over is not their last any more. Who leaves before
    having begun gets theirs when that day comes: see `outreach.safekeeping.retaining`.
    """
    is_over = told.ends is not None and told.ends <= today
    if told.is_active:
        comes_back = not stood.is_active and told.ends == stood.ends
        return None if comes_back and is_over else told.ends
    if is_over or (told.starts is not None and told.starts > today):
        return told.ends
    return stood.ends if stood.ends is not None and stood.ends <= today else today


def in_office(day: date) -> ColumnElement[bool]:
    """Hold for the officials who serve on a day; a term that is not known does not end."""
    starts, ends = col(Official.term_starts), col(Official.term_ends)
    return and_(
        col(Official.is_active),
        or_(starts.is_(None), starts <= day),
        or_(ends.is_(None), ends >= day),
    )


def serves(official: Official, now: datetime) -> bool:
    """Tell whether an official is in office at a moment, by the rule of `in_office`."""
    day = day_of(now)
    has_begun = official.term_starts is None or official.term_starts <= day
    lasts = official.term_ends is None or official.term_ends >= day
    return official.is_active and has_begun and lasts
