"""Takes in what an official's phone answers to a visit: any number of times, each once."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from sqlmodel import select

from outreach.db import insert_into
from outreach.errors import Conflict, Invalid, OutreachError
from outreach.logbook.sync import Answer, Outcome
from outreach.logbook.tables import ItemKind, TakenItem
from outreach.logbook.taking import refusal
from outreach.people.free_text import Remark
from outreach.visits import tables
from outreach.visits.answers import AnswerIn, answer_by_official
from outreach.visits.lifecycle import visit_of
from outreach.visits.offers import PLACE, read_key
from outreach.visits.teamday import clock_time

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from outreach.people.access import Person

#: As many as a phone puts into one envelope.
MOST_AT_ONCE = 100

_MINUTES_A_DAY = 24 * 60

Number = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]


class AnswerItem(BaseModel):
    """An answer as a phone sends it; `version` is that of the visit its official saw."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: UUID
    visit_id: Number
    version: Number
    answer: tables.Answer
    place: Annotated[str, StringConstraints(pattern=PLACE)] = ""
    reason: Remark = ""


def read_items(items: object) -> list[object]:
    """Check that there is a list of a length we take.

    Raises
    ------
    Invalid
        If there is none, or too many at once.
    """
    if not isinstance(items, list):
        raise Invalid(problems={"answers": ["not_a_list"]})
    if len(items) > MOST_AT_ONCE:
        raise Invalid(problems={"answers": ["too_many"]}, most=MOST_AT_ONCE)
    return items


def take_answer(db: Session, raw: object, by: Person, now: datetime) -> Answer:
    """Do what one answer says and tell what became of it; the same again changes nothing.

    One that comes too late, for somebody else changed the visit or took the day, is a conflict:
    it is noted as such, so that it can never do anything later.
    """
    item = read_answer(raw)
    if isinstance(item, Answer):
        return item
    try:
        # Before anything else: whether there is an id tells nobody of a foreign visit.
        visit_of(db, by, item.visit_id)
        return _known(db, item) or _take(db, item, by, now)
    except OutreachError as error:
        return refusal(str(item.id), error)


def read_answer(raw: object) -> AnswerItem | Answer:
    """Read one answer; what is none is refused with its problems."""
    try:
        return AnswerItem.model_validate(raw)
    except ValidationError as error:
        problems: dict[str, list[str]] = {}
        for line in error.errors(include_url=False, include_input=False):
            problems.setdefault(".".join(map(str, line["loc"])) or "answer", []).append(
                line["type"]
            )
    given = raw.get("id") if isinstance(raw, dict) else None
    return Answer(
        str(given) if isinstance(given, str) else "", Outcome.REJECTED, "invalid", problems
    )


def _take(db: Session, item: AnswerItem, by: Person, now: datetime) -> Answer:
    """Note the answer and do what it says, both or neither."""
    outcome = Answer(str(item.id), Outcome.ACCEPTED)
    try:
        with db.begin_nested():
            if not _note(db, item, outcome, by, now):
                return _known(db, item) or outcome
            given = AnswerIn(answer=item.answer, place=item.place, reason=item.reason)
            answer_by_official(db, item.visit_id, given, by=by, now=now, version=item.version)
            db.flush()
    except Conflict as error:
        outcome = refusal(str(item.id), error)
        _note(db, item, outcome, by, now)
    return outcome


def _known(db: Session, item: AnswerItem) -> Answer | None:
    """Answer for an id that has come before."""
    query = select(TakenItem).where(TakenItem.id == str(item.id))
    taken = db.exec(query.execution_options(populate_existing=True)).first()
    if taken is None:
        return None
    if taken.fingerprint != fingerprint(item):
        return Answer(taken.id, Outcome.CONFLICT, "other_answer")
    if taken.outcome == Outcome.ACCEPTED:
        return Answer(taken.id, Outcome.DUPLICATE)
    return Answer(taken.id, Outcome(taken.outcome), taken.reason)


def _note(db: Session, item: AnswerItem, became: Answer, by: Person, now: datetime) -> bool:
    """Write what became of an answer; false if somebody else sent it at the same moment."""
    row = {
        "id": str(item.id),
        "kind": ItemKind.ANSWER,
        "visit_id": item.visit_id,
        "fingerprint": fingerprint(item),
        "outcome": became.outcome.value,
        "reason": became.reason,
        "content": _said(item) if became.outcome is Outcome.CONFLICT else {},
        "account_id": by.account_id,
        "received_at": now,
    }
    statement: Any = insert_into(db, TakenItem).values(**row).on_conflict_do_nothing()
    return db.execute(statement.returning(TakenItem.id)).first() is not None


def _said(item: AnswerItem) -> dict[str, str]:
    """Write what was said, for the branch to read: it did nothing."""
    said = {"answer": item.answer.value, "reason": item.reason}
    if item.answer is tables.Answer.ANOTHER_DAY and item.place:
        _team, day, minute, _position = read_key(item.place)
        said["day"] = day.isoformat()
        if minute < _MINUTES_A_DAY:  # a place that nobody offered may name any
            said["starts_at"] = clock_time(minute).isoformat("minutes")
    return said


def fingerprint(item: AnswerItem) -> str:
    """SHA-256 of what was said, so that the same id with another answer is told from a repeat."""
    told = json.dumps(item.model_dump(mode="json"), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()
