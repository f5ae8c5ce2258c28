"""Work that is given back: by a village, by a team, or by itself when nobody began it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from outreach.campaigns.tables import Stage, Status
from outreach.people.access import narrow
from outreach.people.tables import Account
from outreach.villages.tables import Zone
from outreach.visits.lifecycle import Author, settle, turn, visit_of
from outreach.visits.listing import visits_by_id
from outreach.visits.question import ANSWER_MISSING, NEVER_ASKED, REPORT_MISSING
from outreach.visits.refilling import FILLED, refill
from outreach.visits.tables import ACTIVE, Channel, Happening, Visit, VisitEvent, Work
from outreach.visits.teamday import lock_teams

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import date

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.visits.rows import VisitRow

#: A report may be this late: an official may be without signal for days, and the team's next
#: week is planned from what is open by then. One that comes later still counts.
REPORT_WITHIN = timedelta(days=7)

#: How long returned work stays on the desk.
SHOWN_FOR = timedelta(days=30)

#: These end a visit before its session and set its slot free.
GIVES_BACK = frozenset(
    {Happening.POSTPONED, Happening.CANCELLED, Happening.UNREACHABLE, Happening.RETURNED}
)

_MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class GivenBack:
    """A visit that ended before its session, and the one that took its slot, if any."""

    visit: Visit
    filled: Visit | None


@dataclass(frozen=True, slots=True)
class ReturnedLine:
    """A village whose visit was given back and that has no other yet.

    `who` is None when the product did it; `filled` is the visit that took the slot.
    """

    visit: VisitRow
    at: datetime
    reason: str
    who: str | None
    filled: VisitRow | None


def return_visit(
    db: Session,
    visit_id: int,
    *,
    by: Person,
    now: datetime,
    reason: str,
    version: int | None = None,
    channel: Channel = Channel.PAGE,
) -> GivenBack:
    """Give a visit back, for its village or its team; its slot is filled from the pool.

    Raises
    ------
    NotFound, NotAllowed, Conflict, Invalid
        As `lifecycle.turn` has them; a reason is needed.
    """
    return end_visit(
        db,
        visit_id,
        Happening.RETURNED,
        by=by,
        now=now,
        reason=reason,
        version=version,
        channel=channel,
    )


def end_visit(
    db: Session,
    visit_id: int,
    happening: Happening,
    *,
    by: Person,
    now: datetime,
    reason: str,
    version: int | None = None,
    channel: Channel = Channel.PAGE,
) -> GivenBack:
    """End a visit before its session, in one of the ways of `GIVES_BACK`; fill its slot.

    Raises
    ------
    NotFound, NotAllowed, Conflict, Invalid
        As `lifecycle.turn` has them.
    """
    lock_teams(db, db.get_one(Stage, visit_of(db, by, visit_id).stage_id).branch_id)
    visit = turn(
        db,
        visit_id,
        happening,
        by=by,
        now=now,
        version=version,
        reason=reason,
        channel=channel,
    )
    return GivenBack(visit, fill_slot_of(db, visit, now))


def fill_slot_of(db: Session, ended: Visit, now: datetime) -> Visit | None:
    """Fill the slot of a visit that has just ended; the caller holds its team."""
    if ended.work in ACTIVE:
        return None
    db.flush()  # the pool is read from the tables
    return refill(db, ended.stage_id, ended.team_id, ended.day, now)


def run_out_leases(db: Session, now: datetime, most: int = _MOST_AT_ONCE) -> int:
    """Return the visits that nobody began; count them.

    A visit that nobody was asked for, or nobody answered for, is returned as its session would
    begin; a confirmed one when its report is overdue. By the clock of its village.
    """
    query = select(Visit).where(or_(*_run_out(now))).order_by(col(Visit.id)).limit(most)
    # Whoever holds one of them is doing something about it.
    visits = db.scalars(query.with_for_update(skip_locked=True, key_share=True)).all()
    for visit in visits:
        author = Author(None, now, _why(visit), Channel.PRODUCT)
        settle(db, visit.id or 0, Happening.RETURNED, author)
    return len(visits)


def returned_work(db: Session, person: Person, now: datetime) -> list[ReturnedLine]:
    """List the villages whose visit was given back lately and that have no other, latest first."""
    rows = db.execute(narrow(_returned(now), Visit.village_code, person)).all()
    visits = visits_by_id(db, person, [row.visit_id for row in rows])
    fillers = _fillers(db, person, visits.values())
    return [
        ReturnedLine(visit, row.at, row.reason, row.name, fillers.get((visit.team_id, visit.day)))
        for row in rows
        if (visit := visits[row.visit_id])
    ]


def filler_of(db: Session, person: Person, ended: VisitRow) -> VisitRow | None:
    """Find the visit that took the slot of one that has ended, if any did."""
    if ended.work in ACTIVE:
        return None
    return _fillers(db, person, [ended]).get((ended.team_id, ended.day))


def _run_out(now: datetime) -> Iterator[ColumnElement[bool]]:
    for zone in Zone:
        here = now.astimezone(ZoneInfo(zone.value))
        begun = or_(
            col(Visit.day) < here.date(),
            and_(col(Visit.day) == here.date(), col(Visit.starts_at) <= here.time()),
        )
        unanswered = and_(col(Visit.work).in_((Work.PROPOSED, Work.AWAITING)), begun)
        unreported = and_(
            col(Visit.work) == Work.CONFIRMED, col(Visit.day) < here.date() - REPORT_WITHIN
        )
        yield and_(col(Visit.zone) == zone, or_(unanswered, unreported))


def _why(visit: Visit) -> str:
    if visit.work is Work.CONFIRMED:
        return REPORT_MISSING
    return NEVER_ASKED if visit.work is Work.PROPOSED else ANSWER_MISSING


def _returned(now: datetime) -> Any:
    """Read the latest return of each village of an open stage that has no active visit there."""
    other = aliased(Visit)
    again = exists().where(
        col(other.stage_id) == col(Visit.stage_id),
        col(other.village_code) == col(Visit.village_code),
        col(other.work).in_(ACTIVE),
    )
    latest = (
        select(func.max(col(VisitEvent.id)))
        .join(Visit, col(Visit.id) == col(VisitEvent.visit_id))
        .where(
            col(VisitEvent.happening) == Happening.RETURNED,
            col(VisitEvent.at) > now - SHOWN_FOR,
            col(Visit.work) == Work.RETURNED,
        )
        .group_by(col(Visit.stage_id), col(Visit.village_code))
    )
    return (
        select(
            col(VisitEvent.visit_id),
            col(VisitEvent.at),
            col(VisitEvent.reason),
            col(Account.name),
        )
        .join(Visit, col(Visit.id) == col(VisitEvent.visit_id))
        .join(Stage, col(Stage.id) == col(Visit.stage_id))
        .outerjoin(Account, col(Account.id) == col(VisitEvent.account_id))
        .where(col(VisitEvent.id).in_(latest), col(Stage.status) == Status.OPENED, ~again)
        .order_by(col(VisitEvent.id).desc())
    )


def _fillers(
    db: Session, person: Person, ended: Collection[VisitRow]
) -> dict[tuple[int, date], VisitRow]:
    """Read the visits that took a free slot, by team and day."""
    query = (
        select(col(Visit.id))
        .join(VisitEvent, col(VisitEvent.visit_id) == col(Visit.id))
        .where(*FILLED, col(Visit.work).in_(ACTIVE))
        .where(col(Visit.day).in_({one.day for one in ended}))
    )
    rows = visits_by_id(db, person, list(db.scalars(query)))
    return {(row.team_id, row.day): row for row in rows.values()}
