"""Tells who reported a session that the report was sent back, and why: once each time.

Who reported it is known from the history. Where they are not in office any more, cannot be
reached or cannot log in, or where somebody of the branch had typed the report, the village's
officials are told. Once anybody was told, nobody else is, whoever leaves or loses a number then.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, or_, select, true, update
from sqlalchemy.orm import aliased
from sqlmodel import col

from outreach.db import ROWS_PER_STATEMENT
from outreach.messages.announce import (
    OVERTAKEN,
    TELL_WITHIN,
    TOLD_OTHERWISE,
    in_reach,
    local_days,
)
from outreach.messages.remind import put_in, was_dropped
from outreach.messages.tables import Matter, Medium, Message, MessageState
from outreach.people.access import narrow
from outreach.people.tables import Account, AccountArea, Official
from outreach.people.terms import in_office
from outreach.villages.tables import Zone
from outreach.visits.tables import Happening, Visit, VisitEvent, Work

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from outreach.people.access import Person

#: A message that could not be sent for so long is given up: by then somebody has called.
TRY_FOR = timedelta(days=30)

_REPORTS = (Happening.REPORTED, Happening.CORRECTED)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An official in office who could be told, and by what."""

    event_id: int
    visit_id: int
    official_id: int
    has_reported: bool
    media: tuple[Medium, ...]


def tell_sent_back(db: Session, now: datetime, *, by_email: bool = False) -> int:
    """Make the messages that are missing; return how many. Those overtaken are dropped.

    E-mails are made only with `by_email`.
    """
    drop_corrected(db, now)
    chosen = _chosen(_candidates(db, now, by_email=by_email))
    told = _told_keys(db, {one.event_id for one in chosen})
    rows = [_row(one, medium, now) for one in chosen for medium in one.media]
    # In one order, so that two sweepers never wait for each other.
    missing = sorted((row for row in rows if row["dedupe_key"] not in told), key=_key)
    return sum(put_in(db, part) for part in batched(missing, ROWS_PER_STATEMENT))


def drop_corrected(db: Session, now: datetime, message_id: int | None = None) -> None:
    """Drop what waits though its report is corrected or decided, or sent back anew since.

    With a number only that message is looked at.
    """
    which = true() if message_id is None else col(Message.id) == message_id
    for state in (MessageState.WAITING, MessageState.FAILED):
        done = update(Message).where(
            which,
            col(Message.matter) == Matter.SENT_BACK,
            col(Message.state) == state,
            or_(~_stands(), ~in_reach(now), col(Message.created_at) < now - TRY_FOR),
        )
        done = done.values(state=MessageState.DROPPED, error=OVERTAKEN, settled_at=now)
        db.execute(done.execution_options(synchronize_session=False))


def sent_back_untold(db: Session, person: Person, now: datetime) -> list[int]:
    """List visits of the person's area sent back in these days of which nobody has a message.

    One that was dropped before it went out is none.
    """
    query = (
        select(col(Visit.id))
        .join(VisitEvent, col(VisitEvent.visit_id) == col(Visit.id))
        .where(*_is_to_be_told(now), ~_has_message(~was_dropped()))
    )
    return [visit_id or 0 for visit_id in db.scalars(narrow(query, Visit.village_code, person))]


def _stands() -> ColumnElement[bool]:
    """Hold while the report waits for what the message asks for."""
    waits = exists().where(
        col(Visit.id) == col(Message.visit_id), col(Visit.work) == Work.SENT_BACK
    )
    return and_(waits, ~_was_sent_back_after(col(Message.visit_id), col(Message.event_id)))


def _was_sent_back_after(visit_id: Any, event_id: Any) -> ColumnElement[bool]:
    later = aliased(VisitEvent)
    return exists().where(
        col(later.visit_id) == visit_id,
        col(later.id) > event_id,
        col(later.happening) == Happening.SENT_BACK,
    )


def _has_message(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Hold for events of which there is such a message."""
    return exists().where(col(Message.event_id) == col(VisitEvent.id), *conditions)


def _was_told() -> ColumnElement[bool]:
    """Hold for messages that went out, or whose official was told in another way."""
    return or_(col(Message.state) == MessageState.SENT, col(Message.error) == TOLD_OTHERWISE)


def _is_to_be_told(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Hold for the latest sending back of a visit whose report still waits, while it is new.

    New once more is what a message was to tell, if that was dropped in these days.
    """
    lately = now - TELL_WITHIN
    lost_its_message = _has_message(was_dropped(), col(Message.settled_at) >= lately)
    at = col(VisitEvent.at)
    return (
        col(Visit.work) == Work.SENT_BACK,
        col(VisitEvent.happening) == Happening.SENT_BACK,
        ~_was_sent_back_after(col(VisitEvent.visit_id), col(VisitEvent.id)),
        # No longer than a message is kept waiting: else it would be dropped and made in turn.
        or_(at >= lately, and_(at >= now - TRY_FOR, lost_its_message)),
    )


def _candidates(db: Session, now: datetime, *, by_email: bool) -> list[_Candidate]:
    """Read who could be told of what nobody was told yet: who reported it, the village's own."""
    reporter = _reporter()
    is_of_the_village = col(Official.village_code) == col(VisitEvent.village_code)
    sees_it = exists().where(
        col(AccountArea.account_id) == col(Official.account_id),
        col(AccountArea.code) == col(VisitEvent.village_code),
    )
    has_reported = and_(col(Official.account_id) == reporter, sees_it)
    query: Any = (
        select(VisitEvent.id, VisitEvent.visit_id, Official, reporter, Account.is_active)  # type: ignore[call-overload]
        .join(Visit, col(Visit.id) == col(VisitEvent.visit_id))
        .join(Official, or_(is_of_the_village, has_reported))
        .outerjoin(Account, col(Account.id) == col(Official.account_id))
        .where(*_is_to_be_told(now), ~_has_message(_was_told()))
        .where(in_office(local_days(now)[Zone.WIB]))
    )
    return [
        _Candidate(
            event_id,
            visit_id,
            official.id,
            bool(may_log_in) and official.account_id == account_id,
            _media(official, by_email=by_email),
        )
        for event_id, visit_id, official, account_id, may_log_in in db.execute(query)
    ]


def _reporter() -> Any:
    """Select whose report was sent back: the last that came before."""
    report = aliased(VisitEvent)
    return (
        select(col(report.account_id))
        .where(
            col(report.visit_id) == col(VisitEvent.visit_id),
            col(report.id) < col(VisitEvent.id),
            col(report.happening).in_(_REPORTS),
        )
        .order_by(col(report.id).desc())
        .limit(1)
        .correlate(VisitEvent)
        .scalar_subquery()
    )


def _media(official: Official, *, by_email: bool) -> tuple[Medium, ...]:
    """List what reaches an official."""
    has = {Medium.WHATSAPP: official.phone, Medium.EMAIL: official.email if by_email else ""}
    return tuple(medium for medium, address in has.items() if address)


def _chosen(candidates: Iterable[_Candidate]) -> list[_Candidate]:
    """Keep who reported, where they can be reached; else all of the village who can."""
    by_event: dict[int, list[_Candidate]] = defaultdict(list)
    for one in candidates:
        if one.media:
            by_event[one.event_id].append(one)
    return [
        one
        for some in by_event.values()
        for one in [who for who in some if who.has_reported] or some
    ]


def _told_keys(db: Session, event_ids: set[int]) -> set[str]:
    """Read which messages there are, so that nothing is written where nothing is new.

    What was dropped because its official could not be reached waits again once they can be.
    """
    return {
        key
        for part in batched(sorted(event_ids), ROWS_PER_STATEMENT)
        for key in db.scalars(
            select(col(Message.dedupe_key)).where(col(Message.event_id).in_(part), ~was_dropped())
        )
    }


def _key(row: dict[str, Any]) -> str:
    return str(row["dedupe_key"])


def _row(one: _Candidate, medium: Medium, now: datetime) -> dict[str, Any]:
    return {
        "dedupe_key": f"sent-back-{one.event_id}-{one.official_id}-{medium.value}",
        "visit_id": one.visit_id,
        "event_id": one.event_id,
        "official_id": one.official_id,
        "medium": medium,
        "matter": Matter.SENT_BACK,
        "state": MessageState.WAITING,
        "attempts": 0,
        "next_try_at": now,
        "created_at": now,
        "error": "",
    }
