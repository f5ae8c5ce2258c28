"""What the months of one village brought by channel: claimed by its reports, and confirmed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date  # noqa: TC003 - dataclass fields are read at run time
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.logbook.tables import LedgerEntry, SessionReport, SignUp, SignupChannel
from outreach.logbook.tariff import month_of
from outreach.progress.ledger import CHANNEL_OF, entries_in, reports_in
from outreach.progress.scope import Scope

if TYPE_CHECKING:
    from sqlmodel import Session

#: The channels in the order in which they are listed.
_ORDER = {channel: number for number, channel in enumerate(SignupChannel)}


@dataclass(frozen=True, slots=True)
class VillageMonth:
    """Those who signed up in a month by a channel: claimed forms, and the agency's counts if any.

    Claimed sign-ups without a payer count as the workers' own.
    """

    month: date
    channel: SignupChannel
    claimed_forms: int
    confirmed: LedgerEntry | None


def months_of_village(db: Session, code: str, *, until: date) -> list[VillageMonth]:
    """List what is told of a village up to a day, the newest month first."""
    scope = Scope((code,))
    claimed = _claimed(db, scope, until)
    entries = db.scalars(select(LedgerEntry).where(*entries_in(db, scope, until)))
    confirmed = {(one.month, one.channel): one for one in entries}
    keys = sorted(
        claimed.keys() | confirmed.keys(), key=lambda key: (-key[0].toordinal(), _ORDER[key[1]])
    )
    return [VillageMonth(*key, claimed[key], confirmed.get(key)) for key in keys]


def _claimed(db: Session, scope: Scope, until: date) -> Counter[tuple[date, SignupChannel]]:
    whole = reports_in(select(col(SessionReport.held_on), col(SessionReport.signups)), scope, until)
    details: Any = select(col(SessionReport.held_on), col(SignUp.payer), col(SignUp.workers))
    details = reports_in(details, scope, until)
    details = details.join(SignUp, col(SignUp.report_id) == col(SessionReport.id))
    found: Counter[tuple[date, SignupChannel]] = Counter()
    for held_on, signups in db.execute(whole):
        found[month_of(held_on), SignupChannel.OWN] += signups
    for held_on, payer, workers in db.execute(details):
        found[month_of(held_on), SignupChannel.OWN] -= workers
        found[month_of(held_on), CHANNEL_OF[payer]] += workers
    return +found
