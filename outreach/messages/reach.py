"""Which villages can be written to; the others have to be called."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from outreach.messages.announce import KNOWN, local_days
from outreach.people.officials import active_officials
from outreach.villages.tables import Zone
from outreach.visits.listing import visits_between

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.visits.rows import VisitRow

#: No plan reaches further.
_AHEAD = timedelta(days=731)


def without_contact(
    db: Session, person: Person, now: datetime, *, by_email: bool = False
) -> list[VisitRow]:
    """List visits to come that a village should know of and cannot be written to about.

    An e-mail address counts only where e-mails are sent.
    """
    today = local_days(now)[Zone.WIB]
    rows = visits_between(db, person, today, today + _AHEAD)
    known = [row for row in rows if row.work in KNOWN]
    officials = active_officials(db, {row.village_code for row in known}, today)
    reached = {
        code
        for code, some in officials.items()
        if any(one.phone or (by_email and one.email) for one in some)
    }
    return [row for row in known if row.village_code not in reached]
