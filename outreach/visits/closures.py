"""Visits still to come on days on which their village is closed: noting a closure moves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.villages.calendar import closed_days
from outreach.visits.leave import TO_COME
from outreach.visits.listing import visits_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.villages.calendar import Mark
    from outreach.visits.rows import VisitRow


def on_closed_days(db: Session, rows: Iterable[VisitRow]) -> Mapping[int, tuple[Mark, ...]]:
    """Why the villages of those visits still to come are closed on their day, by visit."""
    coming = [row for row in rows if row.work in TO_COME]
    if not coming:
        return {}
    days = [row.day for row in coming]
    closed = closed_days(db, {row.village_code for row in coming}, min(days), max(days))
    return {
        row.id: marks
        for row in coming
        if (marks := closed.get(row.village_code, {}).get(row.day, ()))
    }


def visits_on_closed_days(
    db: Session, person: Person, first: date, last: date
) -> list[tuple[VisitRow, tuple[Mark, ...]]]:
    """List the visits of the person's area still to come whose village is closed on their day."""
    rows = visits_between(db, person, first, last)
    why = on_closed_days(db, rows)
    return [(row, why[row.id]) for row in rows if row.id in why]
