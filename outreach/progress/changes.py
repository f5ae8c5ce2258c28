"""What has changed since a map last asked, by the growing ids of the visits' history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func
from sqlmodel import col, select

from outreach.progress.scope import Scope, villages_in
from outreach.visits.tables import VisitEvent

if TYPE_CHECKING:
    from sqlmodel import Session

#: PostgreSQL hands out ids before their rows show: a missing id this young may still come.
LATE = timedelta(minutes=1)
#: With more changes than this a map reads everything afresh.
MOST_CHANGES = 2_000


@dataclass(frozen=True, slots=True)
class Change:
    """How far the history has come; two that are equal show the same history.

    Up to `settled` no line is missing. Behind it, after an id that has not shown yet, `unsettled`
    more lines show; asking from `settled` gives them again, until the gap is filled or too old.
    """

    settled: int
    unsettled: int = 0
    newest: int = 0


def latest_change(db: Session, now: datetime) -> Change:
    """Tell how far the history can be read without missing a line that comes late."""
    newest = db.exec(select(func.max(VisitEvent.id))).one() or 0
    young = select(VisitEvent.id).where(VisitEvent.at > now - LATE).order_by(col(VisitEvent.id))
    ids = [number for number in db.exec(young) if number is not None]
    if not ids:
        return Change(newest, 0, newest)
    older = select(func.max(VisitEvent.id)).where(col(VisitEvent.id) < ids[0])
    settled = db.exec(older).one() or 0
    for position, number in enumerate(ids):
        if number > settled + 1:
            return Change(settled, len(ids) - position, newest)
        settled = number
    return Change(settled, 0, newest)


def changes_since(
    db: Session, scope: Scope, since: int, now: datetime
) -> tuple[int, list[str] | None]:
    """List the villages in scope whose visits changed after *since*, and what to ask from next.

    None in place of the list means too many: read everything afresh. Nothing is missed, but what
    changed around a late line is told again.
    """
    latest = latest_change(db, now).settled
    inside = villages_in(scope, VisitEvent.village_code)
    query = select(VisitEvent.village_code).where(col(VisitEvent.id) > since, inside).distinct()
    changed = sorted(db.exec(query.limit(MOST_CHANGES + 1)))
    return latest, changed if len(changed) <= MOST_CHANGES else None
