"""Which villages can be written to; the others have to be called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.messages.announce import called_off_lately, local_days
from outreach.messages.sent_back import sent_back_untold
from outreach.people.officials import active_officials
from outreach.villages.tables import Zone
from outreach.visits.listing import awaiting, visits_by_id

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.visits.rows import VisitRow


def without_contact(
    db: Session, person: Person, now: datetime, *, by_email: bool = False
) -> list[VisitRow]:
    """List visits that a village has to be told something of, and only by a call.

    It is to be asked, or to hear that nobody comes or that its report was sent back. Nobody in
    office there can be written to; an e-mail address counts only where e-mails are sent. The
    soonest first.
    """
    today = local_days(now)[Zone.WIB]
    news = {row.id: row for row in awaiting(db, person) if row.day >= today}
    others = [*called_off_lately(db, person, now), *sent_back_untold(db, person, now)]
    news |= visits_by_id(db, person, others)
    codes = {row.village_code for row in news.values()}
    unreachable = unreachable_villages(db, codes, today, by_email=by_email)
    left = [row for row in news.values() if row.village_code in unreachable]
    return sorted(left, key=lambda row: (row.day, row.starts_at, row.id))


def unreachable_villages(
    db: Session, codes: Collection[str], day: date, *, by_email: bool = True
) -> set[str]:
    """Tell in which of these villages nobody in office has a phone number or an e-mail address."""
    officials = active_officials(db, codes, day)
    return {
        code
        for code in codes
        if not any(one.phone or (by_email and one.email) for one in officials.get(code, ()))
    }
