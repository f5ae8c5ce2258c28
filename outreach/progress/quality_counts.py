"""What a person should look at: reports with signs, reports that contradict, silent phones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import String, and_, case, cast, func, or_, select
from sqlmodel import col

from outreach.logbook.tables import DisputedReport, SessionReport
from outreach.people.tables import Account, Device, DeviceKind, Official
from outreach.progress.brought import region_key
from outreach.progress.scope import Scope, current_reports, villages_in, visits_in
from outreach.visits.phones import SILENT_AFTER
from outreach.visits.tables import Visit, Work

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from outreach.villages.codes import Level

#: How the column says that a report has no sign.
_NO_SIGN = "[]"


class Phones(NamedTuple):
    """Phones with our page that are in use.

    `held` of them kept `unsent` reports back when they last spoke; `silent` have not for long.
    """

    phones: int = 0
    held: int = 0
    unsent: int = 0
    silent: int = 0


def signs_by(db: Session, scope: Scope, level: Level | None) -> dict[str, int]:
    """Count the current reports with a sign of doubt that nobody has approved yet."""
    query = select(region_key(level).label("key"), func.count()).select_from(Visit)
    doubted = cast(col(SessionReport.flags), String) != _NO_SIGN
    open_ = col(Visit.work) != Work.APPROVED
    rows = current_reports(query, scope).where(doubted, open_).group_by("key")
    return {key: int(count) for key, count in db.execute(rows)}


def disputes_by(db: Session, scope: Scope, level: Level | None) -> dict[str, int]:
    """Count the visits with a report that contradicts the stored one, not decided on yet."""
    query: Any = (
        select(region_key(level).label("key"), func.count(col(Visit.id).distinct()))
        .select_from(Visit)
        .join(DisputedReport, col(DisputedReport.visit_id) == col(Visit.id))
        .where(visits_in(scope), col(DisputedReport.ruling).is_(None))
    )
    return {key: int(count) for key, count in db.execute(query.group_by("key"))}


def phones_by(db: Session, scope: Scope, level: Level, now: datetime) -> dict[str, Phones]:
    """Count the phones of the officials of villages in scope, by the regions of *level*."""
    since = now - SILENT_AFTER
    never = and_(col(Device.last_seen_at).is_(None), col(Device.enrolled_at) < since)
    silent = or_(col(Device.last_seen_at) < since, never)
    query: Any = (
        select(
            func.substr(col(Official.village_code), 1, int(level)).label("key"),
            func.count(),
            func.sum(case((col(Device.unsent) > 0, 1), else_=0)),
            func.sum(func.coalesce(col(Device.unsent), 0)),
            func.sum(case((silent, 1), else_=0)),
        )
        .select_from(Device)
        .join(Account, col(Account.id) == col(Device.account_id))
        .join(Official, col(Official.account_id) == col(Account.id))
        .where(
            villages_in(scope, Official.village_code),
            col(Account.is_active),
            col(Device.kind) == DeviceKind.PAGE,
            col(Device.revoked_at).is_(None),
        )
    )
    rows = db.execute(query.group_by("key"))
    return {key: Phones(*map(int, row)) for key, *row in rows}
