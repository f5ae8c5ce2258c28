"""Answers that officials gave on their phones and that could not be taken, for their branch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - dataclass fields are read at run time
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.logbook.tables import ItemKind, TakenItem
from outreach.logbook.taking import Outcome
from outreach.people.access import narrow
from outreach.people.tables import Account
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.people.access import Person

#: The last ones tell the story; older ones were of days that are over.
MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class LateAnswer:
    """An answer that came too late; `reason` is the code of why, `who` the official's name."""

    at: datetime
    who: str
    reason: str


def late_answers(db: Session, person: Person, visit_id: int) -> list[LateAnswer]:
    """List the last answers to a visit that were not taken, the newest first."""
    query: Any = (
        select(col(TakenItem.received_at), col(Account.name), col(TakenItem.reason))
        .join(Visit, col(Visit.id) == col(TakenItem.visit_id))
        .join(Account, col(Account.id) == col(TakenItem.account_id))
        .where(
            col(TakenItem.visit_id) == visit_id,
            col(TakenItem.kind) == ItemKind.ANSWER,
            col(TakenItem.outcome) == Outcome.CONFLICT,
        )
        .order_by(col(TakenItem.received_at).desc(), col(TakenItem.id))
        .limit(MOST_TOLD)
    )
    return [LateAnswer(*row) for row in db.execute(narrow(query, Visit.village_code, person))]
