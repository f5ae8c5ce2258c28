"""Turns what happened to visits into messages to their officials, and to nobody else.

The history is the source: whatever happened in the last days, concerns an official and has no
message yet gets one. No place in the history is remembered, for its numbers do not become visible
in their order. Any number of sweepers may do this at the same moment.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, func, or_, select, true, update
from sqlalchemy.orm import aliased
from sqlmodel import col

from outreach.db import ROWS_PER_STATEMENT, insert_into
from outreach.messages.tables import Matter, Medium, Message, MessageState
from outreach.people.access import narrow
from outreach.people.tables import Account, Official, Role
from outreach.people.terms import in_office
from outreach.villages.tables import Zone
from outreach.visits.tables import Channel, Happening, Visit, VisitEvent, Work

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from outreach.people.access import Person

#: What is older has been heard of in another way, or does not matter any more.
TELL_WITHIN = timedelta(days=3)

#: What this file tells: the place of a visit to come, or that it will not be.
NEWS = (Matter.ASKED, Matter.MOVED, Matter.CALLED_OFF)
#: The official has been told of the visit.
KNOWN = (Work.AWAITING, Work.CONFIRMED)
ENDED = (Work.POSTPONED, Work.CANCELLED, Work.UNREACHABLE, Work.RETURNED)
_CALLED_OFF = (
    Happening.POSTPONED,
    Happening.CANCELLED,
    Happening.UNREACHABLE,
    Happening.RETURNED,
)

#: After these a village that asked for another day is asked anew.
_ASKS_ANEW = (Happening.ASKED, Happening.MOVED, Happening.LINK_RENEWED)

#: Done at the branch or by the product. By any other way the village itself has said it.
_OUR_CHANNELS = (Channel.PAGE, Channel.SHEET, Channel.PRODUCT)

# Why a message was dropped.
OVERTAKEN, TOLD_OTHERWISE = "overtaken", "told_otherwise"


@dataclass(frozen=True, slots=True)
class _News:
    """The latest thing that happened to a visit and that one of its officials does not know."""

    event_id: int
    visit_id: int
    happening: Happening
    official_id: int
    medium: Medium


@dataclass(frozen=True, slots=True)
class _Earlier:
    """What an official was told of a visit before, or was about to be."""

    matter: Matter
    state: MessageState
    error: str

    @property
    def was_told(self) -> bool:
        return self.state is MessageState.SENT or self.error == TOLD_OTHERWISE


def announce(db: Session, now: datetime, *, by_email: bool = False) -> int:
    """Make the messages that are missing; return how many. Those overtaken are dropped.

    Each official in office is told the latest state of a visit once by each medium they have;
    e-mails are made only with `by_email`. Who has no contact is told by a call: see
    `reach.without_contact`.
    """
    media = (Medium.WHATSAPP, Medium.EMAIL) if by_email else (Medium.WHATSAPP,)
    news = [one for medium in media for one in _news(db, medium, now)]
    earlier = _earlier(db, {one.visit_id for one in news})
    rows = [_row(one, earlier[one.visit_id, one.official_id], now) for one in news]
    made = sum(_insert(db, part) for part in batched(rows, ROWS_PER_STATEMENT))
    drop_overtaken(db, now)
    return made


def called_off_lately(db: Session, person: Person, now: datetime) -> list[int]:
    """List visits of the person's area that were called off in these days and are not over."""
    latest = narrow(_latest(now), VisitEvent.village_code, person)
    query = (
        select(col(Visit.id))
        .join(VisitEvent, col(VisitEvent.visit_id) == col(Visit.id))
        .outerjoin(Account, col(Account.id) == col(VisitEvent.account_id))
        .where(col(VisitEvent.id).in_(latest), *_is_ours_to_tell())
        .where(col(VisitEvent.happening).in_(_CALLED_OFF), ~_is_over(now))
    )
    return [visit_id or 0 for visit_id in db.scalars(query)]


def drop_overtaken(db: Session, now: datetime, message_id: int | None = None) -> None:
    """Drop what waits and would tell nothing, or tell it to somebody who is not in office.

    With a number only that message is looked at. Reminders and what was sent back have rules of
    their own: see `remind` and `sent_back`.
    """
    which = true() if message_id is None else col(Message.id) == message_id
    for state in (MessageState.WAITING, MessageState.FAILED):
        done = update(Message).where(
            which,
            col(Message.state) == state,
            col(Message.matter).in_(NEWS),
            or_(*_overtaken(now)),
        )
        done = done.values(state=MessageState.DROPPED, error=OVERTAKEN, settled_at=now)
        db.execute(done.execution_options(synchronize_session=False))


def local_days(now: datetime) -> dict[Zone, date]:
    """Tell which day it is in each zone."""
    return {zone: zone.day(now) for zone in Zone}


def _overtaken(now: datetime) -> tuple[ColumnElement[bool], ...]:
    newer = aliased(Message)
    same = exists().where(
        col(newer.visit_id) == col(Message.visit_id),
        col(newer.official_id) == col(Message.official_id),
        col(newer.medium) == col(Message.medium),
        col(newer.matter).in_(NEWS),
        col(newer.event_id) > col(Message.event_id),
    )
    stands = exists().where(
        col(Visit.id) == col(Message.visit_id),
        _stands(is_off=col(Message.matter) == Matter.CALLED_OFF),
        ~_is_over(now),
    )
    return same, ~stands, ~in_reach(now)


def in_reach(now: datetime) -> ColumnElement[bool]:
    """Hold for messages to officials in office who have what the message travels by."""
    return exists().where(
        col(Official.id) == col(Message.official_id),
        in_office(local_days(now)[Zone.WIB]),
        or_(*(and_(col(Message.medium) == medium, has_contact(medium)) for medium in Medium)),
    )


def _stands(is_off: ColumnElement[bool]) -> ColumnElement[bool]:
    """Hold while the visit still is what there is to tell: called off, or waiting for an answer."""
    return or_(
        and_(~is_off, col(Visit.work) == Work.AWAITING, ~is_wished()),
        and_(is_off, col(Visit.work).in_((Work.PROPOSED, *ENDED))),
    )


def is_wished() -> ColumnElement[bool]:
    """Hold for visits whose village has asked for another day and was not asked anew since."""
    wished, later = aliased(VisitEvent), aliased(VisitEvent)
    asked_anew = exists().where(
        col(later.visit_id) == col(wished.visit_id),
        col(later.id) > col(wished.id),
        col(later.happening).in_(_ASKS_ANEW),
    )
    return exists().where(
        col(wished.visit_id) == col(Visit.id),
        col(wished.happening) == Happening.WISHED,
        ~asked_anew,
    )


def _is_over(now: datetime) -> ColumnElement[bool]:
    """Hold for visits whose day has passed in their village."""
    days = local_days(now)
    return or_(*(and_(col(Visit.zone) == zone, col(Visit.day) < days[zone]) for zone in days))


def _news(db: Session, medium: Medium, now: datetime) -> Iterable[_News]:
    """Find the latest of each visit, for each of its officials who has no message of it."""
    query = (
        select(col(VisitEvent.id), col(Visit.id), col(VisitEvent.happening), col(Official.id))
        .join(Visit, col(Visit.id) == col(VisitEvent.visit_id))
        .join(Official, col(Official.village_code) == col(Visit.village_code))
        .outerjoin(Account, col(Account.id) == col(VisitEvent.account_id))
        .where(col(VisitEvent.id).in_(_latest(now)), *_is_ours_to_tell())
        .where(has_contact(medium), in_office(local_days(now)[Zone.WIB]), ~_is_over(now))
        .where(~_has_message(medium))
        .order_by(col(VisitEvent.id), col(Official.id))
    )
    for event_id, visit_id, happening, official_id in db.execute(query):
        yield _News(event_id, visit_id, happening, official_id, medium)


def _latest(now: datetime) -> Any:
    """Select the latest event of each visit that an official should know of."""
    return (
        select(func.max(col(VisitEvent.id)))
        .where(col(VisitEvent.at) >= now - TELL_WITHIN, _concerns_an_official())
        .group_by(col(VisitEvent.visit_id))
    )


def _concerns_an_official() -> ColumnElement[bool]:
    """Hold for events that change what an official has been told, or tell it first."""
    happening = col(VisitEvent.happening)
    was_known = _before("work").in_([one.value for one in KNOWN])
    is_moved = or_(*(_before(name) != _after(name) for name in ("day", "starts_at", "team_id")))
    return or_(
        happening == Happening.ASKED,
        and_(happening.in_(_CALLED_OFF), was_known),
        and_(happening == Happening.MOVED, was_known, is_moved),
    )


def _before(name: str) -> Any:
    return col(VisitEvent.before)[name].as_string()


def _after(name: str) -> Any:
    return col(VisitEvent.after)[name].as_string()


def _is_ours_to_tell() -> tuple[ColumnElement[bool], ...]:
    """Hold where the village has not said it itself, and where the visit still stands so."""
    return (
        col(VisitEvent.channel).in_(_OUR_CHANNELS),
        or_(col(Account.role).is_(None), col(Account.role) != Role.OFFICIAL),
        _stands(is_off=col(VisitEvent.happening).in_(_CALLED_OFF)),
    )


def has_contact(medium: Medium) -> ColumnElement[bool]:
    """Hold for officials whom a medium reaches."""
    return (col(Official.phone) if medium is Medium.WHATSAPP else col(Official.email)) != ""


def _has_message(medium: Medium) -> ColumnElement[bool]:
    return exists().where(
        col(Message.visit_id) == col(VisitEvent.visit_id),
        col(Message.official_id) == col(Official.id),
        col(Message.medium) == medium,
        col(Message.matter).in_(NEWS),
        col(Message.event_id) >= col(VisitEvent.id),
    )


def _earlier(db: Session, visit_ids: set[int]) -> dict[tuple[int, int], list[_Earlier]]:
    """Read the messages about visits, by visit and official, the oldest first."""
    found: dict[tuple[int, int], list[_Earlier]] = defaultdict(list)
    for part in batched(sorted(visit_ids), ROWS_PER_STATEMENT):
        query = select(
            col(Message.visit_id),
            col(Message.official_id),
            col(Message.matter),
            col(Message.state),
            col(Message.error),
        ).where(col(Message.visit_id).in_(part))
        for visit_id, official_id, *rest in db.execute(query.order_by(col(Message.id))):
            found[visit_id, official_id].append(_Earlier(*rest))
    return found


def _row(news: _News, earlier: Sequence[_Earlier], now: datetime) -> dict[str, Any]:
    return {
        "dedupe_key": f"{news.event_id}-{news.official_id}-{news.medium.value}",
        "visit_id": news.visit_id,
        "event_id": news.event_id,
        "official_id": news.official_id,
        "medium": news.medium,
        "matter": _matter(news, earlier),
        "state": MessageState.WAITING,
        "attempts": 0,
        "next_try_at": now,
        "created_at": now,
        "settled_at": None,
        "error": "",
    }


def _matter(news: _News, earlier: Sequence[_Earlier]) -> Matter:
    """Choose what the message is about.

    The end is told also where the first message still waits: the text is copied and read out too,
    and a team that does not come is worse than one word too many.
    """
    if news.happening in _CALLED_OFF:
        return Matter.CALLED_OFF
    told = [one for one in earlier if one.was_told]
    has_unsent = any(one.state is MessageState.WAITING for one in earlier)
    if told:
        return Matter.ASKED if told[-1].matter is Matter.CALLED_OFF else Matter.MOVED
    return Matter.MOVED if news.happening is Happening.MOVED and not has_unsent else Matter.ASKED


def _insert(db: Session, rows: Sequence[dict[str, Any]]) -> int:
    """Insert what no other sweeper has; count it."""
    statement = insert_into(db, Message).values(list(rows)).on_conflict_do_nothing()
    return len(db.scalars(statement.returning(col(Message.id))).all())
