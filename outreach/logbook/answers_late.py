"""Answers that officials gave on their phones and that could not be taken, for their branch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.orm import aliased
from sqlmodel import col

from outreach.logbook.tables import ItemKind, TakenItem
from outreach.logbook.taking import Outcome
from outreach.people.access import narrow
from outreach.people.tables import Account, Role
from outreach.visits.lifecycle import visit_of
from outreach.visits.tables import ACTIVE, TO_COME, Answer, Channel, Visit, VisitEvent, Work

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.people.access import Person

#: The last ones tell the story; older ones were of days that are over.
MOST_TOLD = 5
#: When somebody of the branch was done with an answer, beside what it said.
_NOTED = "noted_at"
#: Whoever does one thing by these does it to other visits as well.
_MANY_AT_ONCE = (Channel.SHEET, Channel.PRODUCT)
#: Ended, but not because anybody called the village off: its answer may bring the visit back.
_GIVEN_UP = (Work.RETURNED, Work.POSTPONED, Work.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class LateAnswer:
    """An answer that came too late; `why` is the code of why, `who` the official's name.

    `answer`, `day`, `starts_at` and `words` are what was said: whether the village can, which
    other day it chose, and in its own words. None and empty where that was not kept.
    """

    visit_id: int
    at: datetime
    who: str
    why: str
    answer: Answer | None
    day: date | None
    starts_at: time | None
    words: str


def late_answers(db: Session, person: Person, visit_id: int) -> list[LateAnswer]:
    """List the last answers to a visit that were not taken, the newest first."""
    query = _late(person).where(col(TakenItem.visit_id) == visit_id)
    return _read(db, query.limit(MOST_TOLD))


def late_answers_to_see(
    db: Session, person: Person, today: date, visit_id: int | None = None
) -> list[LateAnswer]:
    """List the answers that somebody has yet to act upon: of each visit the last one.

    That is over when a coordinator has noted it or touched this very visit since, when its day is
    over, it was called off or reported, or the village has another visit instead. A yes to a visit
    that is confirmed changes nothing. No sign that anybody of the branch has read it is what the
    village says afterwards, by whichever phone or link, what a manager approves as a whole, what
    a sheet changes and what the product does by itself. `visit_id` None is every visit.
    """
    noted = col(TakenItem.content)[_NOTED].as_string()
    query = _late(person).where(
        col(Visit.day) >= today, _stands(), ~_touched_since(), noted.is_(None)
    )
    if visit_id is not None:
        query = query.where(col(Visit.id) == visit_id)
    latest: dict[int, tuple[LateAnswer, Work]] = {}
    for row in db.execute(query.add_columns(col(Visit.work))):
        latest.setdefault(row.visit_id, (_answer(row), row.work))
    return [
        late
        for late, work in latest.values()
        if late.answer is not Answer.CAN or work is not Work.CONFIRMED
    ]


def note_late_answers(
    db: Session, person: Person, visit_id: int, until: datetime, now: datetime
) -> None:
    """Note that somebody has read what was answered to a visit up to a moment, and is done.

    Raises
    ------
    NotFound
        If the visit is missing or outside the person's area.
    """
    visit_of(db, person, visit_id)
    query = _late(person).where(
        col(TakenItem.visit_id) == visit_id, col(TakenItem.received_at) <= until
    )
    rows = [
        {"id": row.id, "content": {**row.content, _NOTED: now.isoformat()}}
        for row in db.execute(query.add_columns(col(TakenItem.id)))
        if _NOTED not in row.content
    ]
    if rows:
        db.execute(update(TakenItem), rows)


def _late(person: Person) -> Any:
    query: Any = (
        select(
            col(TakenItem.visit_id),
            col(TakenItem.received_at),
            col(Account.name),
            col(TakenItem.reason),
            col(TakenItem.content),
        )
        .join(Visit, col(Visit.id) == col(TakenItem.visit_id))
        .join(Account, col(Account.id) == col(TakenItem.account_id))
        .where(
            col(TakenItem.kind) == ItemKind.ANSWER, col(TakenItem.outcome) == Outcome.CONFLICT.value
        )
        .order_by(col(TakenItem.received_at).desc(), col(TakenItem.id))
    )
    return narrow(query, Visit.village_code, person)


def _stands() -> Any:
    """Hold for a visit that is still to be held, or could be."""
    other = aliased(Visit)
    instead = exists().where(
        col(other.stage_id) == col(Visit.stage_id),
        col(other.village_code) == col(Visit.village_code),
        col(other.work).in_(ACTIVE),
    )
    return or_(col(Visit.work).in_(TO_COME), and_(col(Visit.work).in_(_GIVEN_UP), ~instead))


def _touched_since() -> Any:
    """Hold where a coordinator has done something to the visit itself since the answer came."""
    author = aliased(Account)
    return exists().where(
        col(VisitEvent.visit_id) == col(TakenItem.visit_id),
        col(VisitEvent.at) > col(TakenItem.received_at),
        col(VisitEvent.channel).not_in(_MANY_AT_ONCE),
        col(author.id) == col(VisitEvent.account_id),
        col(author.role) == Role.COORDINATOR,
    )


def _read(db: Session, query: Any) -> list[LateAnswer]:
    return [_answer(row) for row in db.execute(query)]


def _answer(row: Any) -> LateAnswer:
    said = row.content
    return LateAnswer(
        visit_id=row.visit_id,
        at=row.received_at,
        who=row.name,
        why=row.reason,
        answer=Answer(said["answer"]) if "answer" in said else None,
        day=date.fromisoformat(said["day"]) if "day" in said else None,
        starts_at=time.fromisoformat(said["starts_at"]) if "starts_at" in said else None,
        words=said.get("reason", ""),
    )
