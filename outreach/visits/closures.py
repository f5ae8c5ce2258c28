"""Visits still to come on days on which their village is closed: noting a closure moves nothing."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.tables import StageVillage
from outreach.people.access import narrow
from outreach.villages.calendar import closed_dates, shut_days
from outreach.visits.listing import visits_between
from outreach.visits.tables import TO_COME, Visit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
    closed = shut_days(db, {row.village_code for row in coming}, min(days), max(days))
    return {
        row.id: marks
        for row in coming
        if (marks := closed.get(row.village_code, {}).get(row.day, ()))
    }


def count_on_closed_days(db: Session, person: Person, first: date, last: date) -> int:
    """Count the visits of the person's area still to come on days on which their village is closed.

    Of the days from *first* to *last*, both included.
    """
    query: Any = select(col(Visit.village_code), col(Visit.day)).where(
        col(Visit.day).between(first, last), col(Visit.work).in_(TO_COME)
    )
    coming = db.execute(narrow(query, Visit.village_code, person)).all()
    shut = shut_days(db, {row.village_code for row in coming}, first, last)
    return sum(row.day in shut.get(row.village_code, ()) for row in coming)


def closed_villages(db: Session, stage_id: int, first: date, last: date) -> dict[date, int]:
    """Count the villages of a stage that are closed, by day; days without any are left out."""
    query = select(col(StageVillage.village_code)).where(col(StageVillage.stage_id) == stage_id)
    closed = closed_dates(db, db.scalars(query).all(), first, last)
    return Counter(day for days in closed.values() for day in days)


def visits_on_closed_days(
    db: Session, person: Person, first: date, last: date = date.max
) -> list[tuple[VisitRow, tuple[Mark, ...]]]:
    """List the visits of the person's area still to come whose village is closed on their day.

    The soonest first. Without a last day all to come: feasts are announced a year ahead.
    """
    rows = visits_between(db, person, first, last)
    why = on_closed_days(db, rows)
    hit = [(row, why[row.id]) for row in rows if row.id in why]
    return sorted(hit, key=lambda both: (both[0].day, both[0].starts_at, both[0].id))
