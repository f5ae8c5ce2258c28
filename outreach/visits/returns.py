"""Work that is given back: by a village, by a team, or by itself when nobody began it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, false, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from outreach.campaigns.tables import Stage, Status
from outreach.people.access import narrow
from outreach.people.tables import Account
from outreach.villages.tables import Zone
from outreach.visits.calls import open_wishes
from outreach.visits.elsewhere import is_elsewhere
from outreach.visits.lifecycle import Author, settle, turn, visit_of
from outreach.visits.listing import visits_by_id
from outreach.visits.question import (
    ANSWER_MISSING,
    GAVE_WAY,
    NEVER_ASKED,
    REPORT_MISSING,
    WISH_UNMET,
)
from outreach.visits.refilling import FILLED, refill
from outreach.visits.tables import (
    ACTIVE,
    TO_COME,
    Channel,
    Happening,
    Visit,
    VisitEvent,
    Work,
)
from outreach.visits.teamday import lock_teams, take_visits

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

#: By then a village that was asked has to have answered, or its day goes to another: at the end of
#: working hours two days before, so that the next one can be asked on the whole day between, and
#: the team still knows the evening before where it goes.
ANSWER_BY, ANSWER_DAYS = time(18), 2

#: A village that somebody asked, moved or called within this time before keeps its day until the
#: session would begin: nobody answers for a village overnight.
ANSWER_WITHIN = timedelta(days=1)

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
    take_visits(db, (visit_id,))  # with those beside whom its slot is filled
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
    """Fill the slot of a visit that has ended, with any village but its own."""
    if ended.work in ACTIVE:
        return None
    db.flush()  # the pool is read from the tables
    place = (ended.team_id, ended.day)
    return refill(db, ended.stage_id, *place, now, but=ended.village_code)


def run_out_leases(db: Session, now: datetime, most: int = _MOST_AT_ONCE) -> list[int]:
    """Return the visits that nobody began; tell which. Their slots are still to be filled.

    One whose village was asked and says nothing is returned at `ANSWER_BY`; one that nobody was
    asked for, or that was asked for too late for that, as its session would begin; a confirmed
    one when its report is overdue. By the clock of its village.
    """
    # No later than this has any run out; said so that the index of what is to come answers.
    today = max(zone.day(now) for zone in Zone)
    last = today + timedelta(days=ANSWER_DAYS)
    unfinished = and_(col(Visit.work).in_(TO_COME), col(Visit.day) <= last)
    query = select(Visit).where(unfinished, or_(*_run_out(now)))
    query = query.order_by(col(Visit.id)).limit(most)
    # Whoever holds one of them is doing something about it.
    visits = db.scalars(query.with_for_update(skip_locked=True, key_share=True)).all()
    wished = open_wishes(db, [visit.id or 0 for visit in visits])
    for visit in visits:
        author = Author(None, now, _why(visit, wished, now), Channel.PRODUCT)
        settle(db, visit.id or 0, Happening.RETURNED, author)
    return [visit.id or 0 for visit in visits]


def returned_work(db: Session, person: Person, now: datetime) -> list[ReturnedLine]:
    """List the villages whose visit was given back lately and that have no other, latest first."""
    rows = db.execute(narrow(_returned(now), Visit.village_code, person)).all()
    visits = visits_by_id(db, person, [row.visit_id for row in rows])
    fillers = _fillers(db, person, visits.values())
    return [
        ReturnedLine(visit, row.at, row.reason, row.name, fillers.get(visit.id))
        for row in rows
        if (visit := visits[row.visit_id])
    ]


def why_returned(db: Session, visit_ids: Collection[int]) -> dict[int, str]:
    """Read why visits were given back last; the caller knows who may ask."""
    query = (
        select(col(VisitEvent.visit_id), col(VisitEvent.reason))
        .where(col(VisitEvent.visit_id).in_(visit_ids))
        .where(col(VisitEvent.happening) == Happening.RETURNED)
        .order_by(col(VisitEvent.id))
    )
    return {row.visit_id: row.reason for row in db.execute(query)}


def filler_of(db: Session, person: Person, ended: VisitRow) -> VisitRow | None:
    """Find the visit that took the slot of one that has ended, if any did."""
    if ended.work in ACTIVE:
        return None
    return _fillers(db, person, [ended]).get(ended.id)


def _run_out(now: datetime) -> Iterator[ColumnElement[bool]]:
    for zone in Zone:
        here = zone.clock(now)
        begun = or_(
            col(Visit.day) < here.date(),
            and_(col(Visit.day) == here.date(), col(Visit.starts_at) <= here.time()),
        )
        unanswered = and_(col(Visit.work).in_((Work.PROPOSED, Work.AWAITING)), begun)
        unreported = and_(
            col(Visit.work) == Work.CONFIRMED, col(Visit.day) < here.date() - REPORT_WITHIN
        )
        late = and_(col(Visit.work) == Work.AWAITING, or_(false(), *_gives_way(here)))
        yield and_(col(Visit.zone) == zone, or_(unanswered, late, unreported))


def _gives_way(here: datetime) -> Iterator[ColumnElement[bool]]:
    """Hold for visits to come that had to be answered by now and that nobody touched lately."""
    for ahead in range(1, ANSWER_DAYS + 1):
        day = here.date() + timedelta(days=ahead)
        by = datetime.combine(day - timedelta(days=ANSWER_DAYS), ANSWER_BY, here.tzinfo)
        if by <= here:
            touched = exists().where(
                col(VisitEvent.visit_id) == col(Visit.id),
                col(VisitEvent.at) > (by - ANSWER_WITHIN).astimezone(UTC),
            )
            yield and_(col(Visit.day) == day, ~touched)


def _why(visit: Visit, wished: Collection[int], now: datetime) -> str:
    if visit.work is Work.CONFIRMED:
        return REPORT_MISSING
    if visit.work is Work.PROPOSED:
        return NEVER_ASKED
    if visit.id in wished:
        return WISH_UNMET
    is_to_come = visit.day > visit.zone.day(now)
    return GAVE_WAY if is_to_come else ANSWER_MISSING


def _returned(now: datetime) -> Any:
    """Read the latest return of each village of an open stage that has no other visit.

    It may have that one there or in another stage of the campaign.
    """
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
        .where(~is_elsewhere(col(Visit.stage_id), col(Visit.village_code)))
        .order_by(col(VisitEvent.id).desc())
    )


def _fillers(db: Session, person: Person, ended: Collection[VisitRow]) -> dict[int, VisitRow]:
    """Read the visits that took free slots and stand, by the visit that had left the slot."""
    filled_by = _filled_by(db, person, {one.day for one in ended})
    last: dict[int, int] = {}
    for one in ended:
        last[one.id] = one.id
        while last[one.id] in filled_by:  # what took the slot may have been given back too
            last[one.id] = filled_by[last[one.id]]
    rows = visits_by_id(db, person, set(last.values()))
    found = {visit_id: rows[by] for visit_id, by in last.items() if by != visit_id and by in rows}
    return {visit_id: row for visit_id, row in found.items() if row.work in ACTIVE}


def _filled_by(db: Session, person: Person, days: Collection[date]) -> dict[int, int]:
    """Tell which visit took the slot of which, by the order of what happened on a team's day."""
    is_filled = and_(*FILLED)
    query: Any = (
        select(col(Visit.id), col(Visit.team_id), col(Visit.day), is_filled)
        .join(VisitEvent, col(VisitEvent.visit_id) == col(Visit.id))
        .where(col(Visit.day).in_(days))
        .where(or_(is_filled, col(VisitEvent.happening).in_(GIVES_BACK)))
        .order_by(col(VisitEvent.id))
    )
    free: dict[tuple[int, date], list[int]] = defaultdict(list)
    found: dict[int, int] = {}
    for visit_id, team_id, day, fills in db.execute(narrow(query, Visit.village_code, person)):
        if not fills:
            free[team_id, day].append(visit_id)
        elif free[team_id, day]:
            found[free[team_id, day].pop()] = visit_id
    return found
