"""Ends the waiting of corrections whose report never came, so that nothing waits for ever."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.logbook import store
from outreach.logbook.known import read_of_held
from outreach.logbook.tables import HeldReport
from outreach.logbook.taking import Takings, force

if TYPE_CHECKING:
    from sqlmodel import Session

#: As long as a phone may be without signal; ODK Central gives up after the same time.
LONGEST_WAIT = timedelta(days=5)
MOST_AT_ONCE = 100


def force_overdue(db: Session, now: datetime, *, most: int = MOST_AT_ONCE) -> int:
    """Take in corrections that have waited for five days; count those that were looked at.

    One becomes the first report of its visit, flagged, or, if the visit has a report, is kept for
    a person to decide. What waits for it is released as ever.
    """
    due = _with_what_they_wait_for(db, list(db.scalars(_overdue(now).limit(most))))
    if not due:
        return 0
    waiting = {held.id for held in due}
    # First what waits for nothing that waits itself: the beginning of each chain.
    due.sort(key=lambda held: (held.waits_for in waiting, held.received_at, held.id))
    try:
        with db.begin_nested():
            takings = Takings(read_of_held(db, due, now), now)
            for held in due:
                force(db, takings, held)
            store.write(db, takings)
    except store.OvertakenError:
        return 0  # the next round sees what came meanwhile
    return len(due)


def _overdue(now: datetime) -> Any:
    """Select what has waited long enough, and waits for nothing that has not."""
    since = now - LONGEST_WAIT
    young = select(col(HeldReport.id)).where(col(HeldReport.received_at) >= since)
    patient = young.cte("patient", recursive=True)
    # What waits for a younger one goes with it, when that one's time has come. Left in here, a
    # hundred of these would stand before everything else in every round.
    behind = select(col(HeldReport.id)).where(col(HeldReport.waits_for) == patient.c.id)
    patient = patient.union(behind)
    return (
        select(HeldReport)
        .where(col(HeldReport.received_at) < since)
        .where(col(HeldReport.waits_for).not_in(select(patient.c.id)))
        .order_by(col(HeldReport.received_at), col(HeldReport.id))
    )


def _with_what_they_wait_for(db: Session, due: list[HeldReport]) -> list[HeldReport]:
    """Add what a chain begins with; it is due as well, though it may have come much later."""
    found = {held.id: held for held in due}
    while missing := {held.waits_for for held in found.values()} - found.keys():
        bases = db.scalars(select(HeldReport).where(col(HeldReport.id).in_(missing)))
        fresh = {held.id: held for held in bases}
        if not fresh:
            break
        found |= fresh
    return list(found.values())
