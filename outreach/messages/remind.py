"""Reminds officials of a visit three days and one day before it: once each, and of what stands.

The day is the village's own. What was overtaken is dropped; if it comes to hold again before
anybody was told, it waits again.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import batched, product
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, or_, select, true, update
from sqlalchemy.orm import aliased
from sqlmodel import col

from outreach.db import ROWS_PER_STATEMENT, insert_into
from outreach.messages.announce import (
    NEWS,
    OVERTAKEN,
    has_contact,
    in_reach,
    is_wished,
    local_days,
)
from outreach.messages.tables import Matter, Medium, Message, MessageState
from outreach.people.tables import Official
from outreach.people.terms import in_office
from outreach.villages.tables import Zone
from outreach.visits.tables import Visit, Work

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

EARLY, LATE = 3, 1
#: How many days before a visit its reminders go out, and on which days each may still be made: a
#: product that starts late sends the one that is due and never both.
LEADS = {EARLY: (3, 2), LATE: (1,)}
#: After an official was told anything about a visit they are not told the same again for so long.
REST = timedelta(hours=12)

_STANDS = (Work.AWAITING, Work.CONFIRMED)


def remind(db: Session, now: datetime, *, by_email: bool = False) -> int:
    """Make the reminders that are due; return how many. Those overtaken are dropped.

    To each official in office by each medium they have; e-mails only with `by_email`.
    """
    drop_overtaken_reminders(db, now)
    media = (Medium.WHATSAPP, Medium.EMAIL) if by_email else (Medium.WHATSAPP,)
    rows = [row for medium, lead in product(media, LEADS) for row in _due(db, medium, lead, now)]
    # In one order, so that two sweepers never wait for each other.
    rows.sort(key=lambda row: str(row["dedupe_key"]))
    return sum(put_in(db, part) for part in batched(rows, ROWS_PER_STATEMENT))


def drop_overtaken_reminders(db: Session, now: datetime, message_id: int | None = None) -> None:
    """Drop reminders that wait and tell what does not stand any more, or come too late.

    With a number only that message is looked at. One that was refused for good stays so: dropped
    it would wait again, and be refused again, as soon as the visit stands again.
    """
    which = true() if message_id is None else col(Message.id) == message_id
    waits = col(Message.state) == MessageState.WAITING
    done = update(Message).where(which, waits, _is_overtaken(now))
    done = done.values(state=MessageState.DROPPED, error=OVERTAKEN, settled_at=now)
    db.execute(done.execution_options(synchronize_session=False))


def _is_overtaken(now: datetime) -> ColumnElement[bool]:
    holds = exists().where(
        col(Visit.id) == col(Message.visit_id),
        col(Visit.day) == col(Message.for_day),
        *_is_worth_a_reminder(),
        _is_in_time(now),
    )
    rests = _was_told(
        now,
        visit_id=col(Message.visit_id),
        official_id=col(Message.official_id),
        medium=col(Message.medium),
        but=col(Message.id),
    )
    return and_(col(Message.matter) == Matter.REMINDER, or_(~holds, ~in_reach(now), rests))


def _is_worth_a_reminder() -> tuple[ColumnElement[bool], ...]:
    """Hold for visits that stand, unless the village has said that the day does not suit."""
    return col(Visit.work).in_(_STANDS), or_(col(Visit.work) != Work.AWAITING, ~is_wished())


def _is_in_time(now: datetime) -> ColumnElement[bool]:
    """Hold while a reminder tells something: until the next one's day, or until it begins."""
    early = col(Message.lead_days) == EARLY
    days = local_days(now)
    return or_(
        *(
            and_(
                col(Visit.zone) == zone,
                or_(
                    and_(early, col(Visit.day) >= today + timedelta(days=min(LEADS[EARLY]))),
                    and_(~early, _has_not_begun(today, now, zone)),
                ),
            )
            for zone, today in days.items()
        )
    )


def _has_not_begun(today: date, now: datetime, zone: Zone) -> ColumnElement[bool]:
    clock = zone.clock(now).time()
    starts_later = and_(col(Visit.day) == today, col(Visit.starts_at) > clock)
    return or_(col(Visit.day) > today, starts_later)


def _was_told(now: datetime, **of: Any) -> ColumnElement[bool]:
    """Hold where the official hears of the visit anyway: news waits, or something just went out.

    That a report was sent back is told of a session that is over, and reminds of nothing.
    """
    other = aliased(Message)
    is_news = and_(col(other.matter).in_(NEWS), col(other.state) == MessageState.WAITING)
    is_fresh = and_(col(other.state) == MessageState.SENT, col(other.settled_at) > now - REST)
    but = (col(other.id) != of.pop("but"),) if "but" in of else ()
    same = (col(getattr(other, name)) == value for name, value in of.items())
    is_of_it = col(other.matter).in_((*NEWS, Matter.REMINDER))
    return exists().where(*same, *but, is_of_it, or_(is_news, is_fresh))


def _due(db: Session, medium: Medium, lead: int, now: datetime) -> list[dict[str, Any]]:
    """Find what is to be told by one medium so many days before, and has not been."""
    days = local_days(now)
    on_the_day = or_(
        *(
            and_(
                col(Visit.zone) == zone,
                col(Visit.day).in_([today + timedelta(days=left) for left in LEADS[lead]]),
            )
            for zone, today in days.items()
        )
    )
    of = {"visit_id": col(Visit.id), "official_id": col(Official.id)}
    query = (
        select(col(Visit.id), col(Visit.day), col(Official.id))
        .join(Official, col(Official.village_code) == col(Visit.village_code))
        .where(on_the_day, *_is_worth_a_reminder())
        .where(has_contact(medium), in_office(days[Zone.WIB]))
        .where(~_has_one(medium, lead), ~_was_told(now, **of, medium=medium))
    )
    return [
        _row((visit_id, official_id), day, medium, lead, now)
        for visit_id, day, official_id in db.execute(query)
    ]


def _has_one(medium: Medium, lead: int) -> ColumnElement[bool]:
    """Hold where there is this reminder already, or the later one, and it was not dropped unsent.

    The later one can be first where the server's clock was put back.
    """
    return exists().where(
        col(Message.visit_id) == col(Visit.id),
        col(Message.official_id) == col(Official.id),
        col(Message.medium) == medium,
        col(Message.matter) == Matter.REMINDER,
        col(Message.for_day) == col(Visit.day),
        col(Message.lead_days) <= lead,
        ~was_dropped(),
    )


def was_dropped() -> ColumnElement[bool]:
    """Hold for messages that were overtaken before anybody was told."""
    return and_(col(Message.state) == MessageState.DROPPED, col(Message.error) == OVERTAKEN)


def _row(
    about: tuple[int, int], day: date, medium: Medium, lead: int, now: datetime
) -> dict[str, Any]:
    visit_id, official_id = about
    return {
        "dedupe_key": f"reminder-{visit_id}-{official_id}-{medium.value}-{day}-{lead}",
        "visit_id": visit_id,
        "official_id": official_id,
        "medium": medium,
        "matter": Matter.REMINDER,
        "for_day": day,
        "lead_days": lead,
        "state": MessageState.WAITING,
        "attempts": 0,
        "next_try_at": now,
        "created_at": now,
        "error": "",
    }


def put_in(db: Session, rows: Sequence[dict[str, Any]]) -> int:
    """Insert what no other sweeper has, and let wait again what was dropped; count them.

    The tries and the lease of a dropped one stay: a worker may still be at it.
    """
    statement: Any = insert_into(db, Message).values(list(rows))
    statement = statement.on_conflict_do_update(
        index_elements=["dedupe_key"],
        set_={
            "state": MessageState.WAITING,
            "error": "",
            "settled_at": None,
            "next_try_at": statement.excluded.next_try_at,
        },
        where=was_dropped(),
    )
    return len(db.scalars(statement.returning(col(Message.id))).all())
