"""A link by which anybody who tries the demonstration connects a phone of its official."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlmodel import col, select

from outreach.demonstration.logins import COORDINATOR, OFFICIAL
from outreach.errors import OutreachError
from outreach.people.access import person_of
from outreach.people.enrolment import give_codes, open_codes, withdraw_code
from outreach.people.tables import Account, Enrolment, Official

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlmodel import Session

#: A link that is printed holds for so long at least.
LASTS = timedelta(days=1)


def demo_code(db: Session, *, now: datetime, today: date) -> Enrolment | None:
    """Give the demonstration's official a code, unless one waits; None if there is no official.

    One that soon runs out gives way to another: it would fail whoever tries it tomorrow.
    """
    whose = select(Official.id).join(Account, col(Account.id) == col(Official.account_id))
    official_id = db.exec(whose.where(Account.login == OFFICIAL.login, Account.is_demo)).first()
    giver = select(Account.id).where(Account.login == COORDINATOR.login, Account.is_demo)
    by = person_of(db, db.exec(giver).first() or 0)
    if official_id is None or by is None:
        return None
    try:
        waiting = open_codes(db, [official_id], now).get(official_id)
        if waiting and waiting.expires_at < now + LASTS:
            withdraw_code(db, official_id, by=by, now=now)
        give_codes(db, [official_id], by=by, now=now, today=today)
    except OutreachError:  # somebody has tried out what ends an office or an account
        return None
    return open_codes(db, [official_id], now).get(official_id)
