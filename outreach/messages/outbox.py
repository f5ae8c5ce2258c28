"""The outbox: which messages are due, who sends them, and what became of them.

A message is taken by a conditional update that counts its tries up; whoever comes late with the
count of an earlier try settles nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, or_, select, update
from sqlmodel import col

from outreach.errors import Conflict, NotFound
from outreach.messages.announce import OVERTAKEN, TOLD_OTHERWISE, drop_overtaken
from outreach.messages.outgoing import all_outgoing
from outreach.messages.remind import drop_overtaken_reminders
from outreach.messages.report_pages import report_paths
from outreach.messages.sent_back import drop_corrected
from outreach.messages.tables import Matter, Medium, Message, MessageState
from outreach.people.access import narrow
from outreach.people.tables import Official
from outreach.villages.tables import Zone
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from outreach.messages.outgoing import Outgoing
    from outreach.people.access import Person

#: A message at which so many workers have died is given up.
MOST_LOST = 5
#: How long to wait after each failure; after the last of these it is tried until the visit is over.
#: A server may be away for a day, and its officials should hear of the visit all the same.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (2, 8, 32, 120))
#: No mail to villages from nine in the evening to six in the morning, by their own clock.
QUIET_FROM, QUIET_UNTIL = time(21), time(6)
#: A message that was sent to a worker waits this long before it is sent to one again.
RESEND_AFTER = timedelta(seconds=60)
#: A worker that has not come back by then has died: twice the longest talk with a mail server.
LEASE = timedelta(minutes=2)
MOST_DUE = 64


@dataclass(frozen=True, slots=True)
class Taken:
    """The right to settle one try of one message."""

    message_id: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Tap:
    """A WhatsApp message that waits to be sent by a person.

    `report_path` is where its official reports, if anywhere: see `report_pages`.
    """

    message_id: int
    matter: Matter
    report_path: str = ""


def due(db: Session, now: datetime, most: int = MOST_DUE) -> list[int]:
    """List e-mails whose time has come, and keep others from listing them for a minute."""
    _give_up(db, now)
    query: Any = (
        select(col(Message.id))
        .join(Visit, col(Visit.id) == col(Message.visit_id))
        .where(
            col(Message.medium) == Medium.EMAIL,
            *_is_free(now),
            col(Message.next_try_at) <= now,
            col(Visit.zone).in_(awake(now)),
        )
        .order_by(col(Message.next_try_at), col(Message.id))
        .limit(most)
        .with_for_update(skip_locked=True, of=Message)
    )
    ids = list(db.scalars(query))
    _write(db, col(Message.id).in_(ids), next_try_at=now + RESEND_AFTER)
    return ids


def _give_up(db: Session, now: datetime) -> None:
    """Give up what every worker that took it has died of."""
    stuck = and_(col(Message.medium) == Medium.EMAIL, ~_may_be_tried(), *_is_free(now))
    _write(db, stuck, state=MessageState.FAILED, error="worker_lost", settled_at=now)


def awake(now: datetime) -> list[Zone]:
    """List the zones where it is no time of quiet."""
    clocks = {zone: zone.clock(now).time() for zone in Zone}
    return [zone for zone, clock in clocks.items() if QUIET_UNTIL <= clock < QUIET_FROM]


def take(db: Session, message_id: int, now: datetime) -> Taken | None:
    """Take one e-mail to send it; none if it is settled, being sent, or tells nothing any more."""
    drop_overtaken(db, now, message_id)
    drop_overtaken_reminders(db, now, message_id)
    drop_corrected(db, now, message_id)
    taken = (
        update(Message)
        .where(
            col(Message.id) == message_id,
            col(Message.medium) == Medium.EMAIL,
            _may_be_tried(),
            exists().where(col(Visit.id) == col(Message.visit_id), col(Visit.zone).in_(awake(now))),
            *_is_free(now),
        )
        .values(attempts=col(Message.attempts) + 1, lease_until=now + LEASE)
        .returning(col(Message.attempts))
        .execution_options(synchronize_session=False)
    )
    attempts = db.scalar(taken)
    return None if attempts is None else Taken(message_id, attempts)


def sent(db: Session, taken: Taken, now: datetime) -> None:
    """Note that a message has gone out; also one that was overtaken while it did."""
    _settle(
        db,
        taken,
        (MessageState.WAITING, MessageState.DROPPED),
        state=MessageState.SENT,
        settled_at=now,
        error="",
    )


def failed(
    db: Session, taken: Taken, code: str, now: datetime, *, is_final: bool, spread: float
) -> None:
    """Note that a try has failed: for good, or until the next one.

    `spread`, from 0 to 1, draws the tries apart that failed at the same moment.
    """
    values: dict[str, Any] = {"error": code, "lease_until": None}
    if is_final:
        values |= {"state": MessageState.FAILED, "settled_at": now}
    else:
        values["next_try_at"] = now + wait_after(taken.attempts, spread)
    _settle(db, taken, (MessageState.WAITING,), **values)


def wait_after(attempts: int, spread: float) -> timedelta:
    """How long to wait after so many tries: longer each time up to the longest, and half more."""
    return WAITS[min(attempts, len(WAITS)) - 1] * (1 + spread / 2)


def to_send_by_hand(db: Session, person: Person) -> list[Outgoing]:
    """List the WhatsApp messages of the person's area that wait for a tap, by day and village."""
    return messages_of(db, person, Medium.WHATSAPP, (MessageState.WAITING,))


def messages_of(
    db: Session,
    person: Person,
    medium: Medium,
    states: tuple[MessageState, ...],
    *,
    since: datetime | None = None,
) -> list[Outgoing]:
    """List messages of the person's area, by the day of the visit, village and official.

    With `since` only those that were settled later, or are not settled yet.
    """
    conditions = [col(Message.medium) == medium, col(Message.state).in_(states)]
    if since is not None:
        settled = col(Message.settled_at)
        conditions.append(or_(settled.is_(None), settled > since))
    return _read(db, person, *conditions)


def messages_of_visit(db: Session, person: Person, visit_id: int) -> list[Outgoing]:
    """List what the officials of one visit were told or are to be told, the latest first."""
    rows = _read(
        db,
        person,
        col(Message.visit_id) == visit_id,
        col(Message.error) != OVERTAKEN,
    )
    return sorted(rows, key=lambda one: one.message.id or 0, reverse=True)


def taps_of(db: Session, visit_ids: Collection[int]) -> dict[tuple[int, str], Tap]:
    """Find the WhatsApp messages of visits that wait for a tap, by visit and phone number.

    Of visits that are to come: what was sent back has no other text than its own.
    """
    query: Any = (
        select(Message, col(Official.phone))
        .join(Official, col(Official.id) == col(Message.official_id))
        .where(col(Message.visit_id).in_(visit_ids), col(Message.matter) != Matter.SENT_BACK)
        .where(col(Message.medium) == Medium.WHATSAPP, col(Message.state) == MessageState.WAITING)
    )
    rows = db.execute(query).all()
    paths = report_paths(db, {one.official_id for one, _ in rows})
    return {
        (one.visit_id, phone): Tap(one.id, one.matter, paths.get(one.official_id, ""))
        for one, phone in rows
    }


def mark_sent_by_hand(db: Session, message_id: int, *, by: Person, now: datetime) -> Message:
    """Note that a person has sent a WhatsApp message; once more changes nothing.

    A reminder that was overtaken after its text was opened did go out, as an e-mail may: else the
    next one would follow at once.

    Raises
    ------
    NotFound
        If it is missing, outside the person's area, or no WhatsApp message.
    Conflict
        If it is news and was dropped meanwhile: what it told is not so any more.
    """
    message = _own(db, message_id, by, Medium.WHATSAPP)
    if message.matter is Matter.REMINDER and message.error == OVERTAKEN:
        message.state = MessageState.WAITING
    return _close(message, MessageState.SENT, "", now)


def drop(db: Session, message_id: int, *, by: Person, now: datetime) -> Message:
    """Note that the official was told in another way, so that the message need not go out.

    Raises
    ------
    NotFound
        If it is missing or outside the person's area.
    Conflict
        If it has been sent already.
    """
    message = _own(db, message_id, by)
    return _close(message, MessageState.DROPPED, TOLD_OTHERWISE, now)


def put_back(db: Session, message_id: int, *, by: Person, now: datetime) -> Message:
    """Let a message wait again: marked as sent by a slip, dropped, or failed.

    Raises
    ------
    NotFound
        If it is missing or outside the person's area.
    Conflict
        If it is an e-mail that has gone out, or what it tells is not so any more.
    """
    message = _own(db, message_id, by)
    is_gone = message.medium is Medium.EMAIL and message.state is MessageState.SENT
    if is_gone or message.error == OVERTAKEN:
        raise Conflict(problem="message_settled", state=message.state)
    message.state, message.error, message.settled_at = MessageState.WAITING, "", None
    message.attempts, message.next_try_at, message.lease_until = 0, now, None
    return message


def _close(message: Message, state: MessageState, error: str, now: datetime) -> Message:
    if message.state is state:
        return message
    if message.state not in (MessageState.WAITING, MessageState.FAILED):
        raise Conflict(problem="message_settled", state=message.state)
    message.state, message.error, message.settled_at = state, error, now
    return message


def _own(db: Session, message_id: int, by: Person, medium: Medium | None = None) -> Message:
    query = select(Message).join(Visit, col(Visit.id) == col(Message.visit_id))
    query = narrow(query, Visit.village_code, by).where(col(Message.id) == message_id)
    if medium is not None:
        query = query.where(col(Message.medium) == medium)
    query = query.with_for_update(of=Message, key_share=True).execution_options(
        populate_existing=True
    )
    message = db.scalars(query).one_or_none()
    if message is None:
        raise NotFound(kind="Message", id=message_id)
    return message


def _read(db: Session, person: Person, *conditions: ColumnElement[bool]) -> list[Outgoing]:
    query: Any = (
        select(Message, Official)
        .join(Visit, col(Visit.id) == col(Message.visit_id))
        .join(Official, col(Official.id) == col(Message.official_id))
        .where(*conditions)
        .order_by(col(Visit.day), col(Visit.starts_at), col(Visit.id), col(Message.id))
    )
    rows = db.execute(narrow(query, Visit.village_code, person)).all()
    return all_outgoing(db, [(message, official) for message, official in rows])


def _may_be_tried() -> ColumnElement[bool]:
    """Hold unless every worker that took it has died: a failure gives the message back."""
    return or_(col(Message.attempts) < MOST_LOST, col(Message.lease_until).is_(None))


def _is_free(now: datetime) -> tuple[ColumnElement[bool], ...]:
    lease = col(Message.lease_until)
    return (col(Message.state) == MessageState.WAITING, or_(lease.is_(None), lease <= now))


def _settle(db: Session, taken: Taken, states: tuple[MessageState, ...], **values: object) -> None:
    _write(
        db,
        (col(Message.id) == taken.message_id)
        & (col(Message.attempts) == taken.attempts)
        & col(Message.state).in_(states),
        **values,
    )


def _write(db: Session, which: ColumnElement[bool], **values: object) -> None:
    statement = update(Message).where(which).values(**values)
    db.execute(statement.execution_options(synchronize_session=False))
