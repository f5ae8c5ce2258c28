"""What a village answers to the day it is asked for: by link, on a phone, or told by a call."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, StringConstraints, model_validator
from sqlalchemy import update
from sqlmodel import col

from outreach.campaigns.stages import require_planner
from outreach.campaigns.tables import Stage
from outreach.errors import Conflict, Invalid, NotAllowed
from outreach.people.edits import locked
from outreach.people.free_text import Remark
from outreach.people.tables import Role
from outreach.visits.lifecycle import Author, check_version, settle, visit_of
from outreach.visits.links import LinkState, is_open, state_of
from outreach.visits.offers import PLACE, chosen_place, offered_place, read_key
from outreach.visits.openings import place_visit
from outreach.visits.returns import fill_slot_of, return_visit
from outreach.visits.tables import (
    Answer,
    Channel,
    ConfirmationLink,
    Happening,
    Visit,
    Work,
)
from outreach.visits.teamday import day_minute, lock_teams, take_visits

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from outreach.people.access import Person

#: By which ways a coordinator hears an answer.
HEARD_BY = (Channel.PHONE, Channel.WHATSAPP, Channel.EMAIL, Channel.IN_PERSON, Channel.LETTER)

_CLOSED = {
    LinkState.ANSWERED: "link_answered",
    LinkState.EXPIRED: "link_expired",
    LinkState.WITHDRAWN: "link_withdrawn",
}


class AnswerIn(BaseModel):
    """An answer as a page sends it.

    `place` is the `place_key` of the opening that was chosen; another day without one is a wish,
    and says in `reason` what would suit.
    """

    answer: Answer
    place: Annotated[str, StringConstraints(pattern=PLACE)] = ""
    reason: Remark = ""

    @model_validator(mode="after")
    def _place_is_of_another_day(self) -> Self:
        if self.answer is not Answer.ANOTHER_DAY:
            self.place = ""
        return self


def answer_by_link(db: Session, link_id: int, given: AnswerIn, now: datetime) -> Visit:
    """Take the answer of a village by its link; the same answer again changes nothing.

    Raises
    ------
    Conflict
        If the link was answered otherwise (`link_answered`), has run out (`link_expired`) or was
        withdrawn (`link_withdrawn`), or the day chosen went to somebody else (`opening_gone`).
    Invalid
        If a reason is needed and missing, or holds what may not be kept.
    """
    author = Author(None, now, given.reason, Channel.LINK)
    visit = _take(db, db.get_one(ConfirmationLink, link_id).visit_id, given)
    link = locked(db, ConfirmationLink, link_id)
    state = state_of(link, now)
    if state is LinkState.ANSWERED and _stands(visit, link, given):
        return visit
    if state is not LinkState.LIVE:
        raise Conflict(problem=_CLOSED[state], answer=link.answer)
    return _act(db, visit, given, author)


def answer_by_official(
    db: Session, visit_id: int, given: AnswerIn, *, by: Person, now: datetime, version: int
) -> Visit:
    """Take what an official of the village says on the own phone, by the rules of the link's page.

    `version` is that of the visit the official saw: what was said to another day than the one
    that stands now is no answer to it. A no to a visit that is confirmed gives it back.

    Raises
    ------
    NotFound
        If the visit is missing or outside the person's area.
    NotAllowed
        If the person is no official.
    Conflict
        If somebody changed the visit since `version`, it awaits no answer, or the day chosen went
        to somebody else.
    Invalid
        If a reason is needed and missing, or a yes is for a day that has passed.
    """
    if by.role is not Role.OFFICIAL:
        raise NotAllowed(role=by.role, wanted=given.answer)
    visit_of(db, by, visit_id)
    visit = _take(db, visit_id, given)
    check_version(visit, version, {"work": visit.work})
    if visit.work is Work.CONFIRMED and given.answer is Answer.NO:
        return return_visit(db, visit_id, by=by, now=now, reason=given.reason).visit
    _require_answerable(visit, given, now)
    return _act(db, visit, given, Author(by, now, given.reason, Channel.PAGE))


def typed_answer(
    db: Session,
    visit_id: int,
    given: AnswerIn,
    channel: Channel,
    *,
    by: Person,
    now: datetime,
    version: int,
) -> Visit:
    """Note what a village told the coordinator; its link then says that the answer is known.

    Raises
    ------
    NotFound
        If the visit is missing or outside the person's area.
    NotAllowed
        If the person does not plan for the branch.
    Conflict
        If the visit awaits no answer, somebody changed it since `version`, or the day chosen
        went to somebody else.
    Invalid
        If a reason is needed and missing, the channel is none by which people answer, or a yes
        is for a day that has passed.
    """
    require_planner(db, _stage(db, visit_of(db, by, visit_id)).branch_id, by)
    _require_heard(channel)
    visit = _take(db, visit_id, given)
    check_version(visit, version, {"work": visit.work})
    _require_answerable(visit, given, now)
    return _act(db, visit, given, Author(by, now, given.reason, channel))


def called_in_vain(
    db: Session,
    visit_id: int,
    channel: Channel,
    *,
    by: Person,
    now: datetime,
    version: int,
    remark: str = "",
) -> Visit:
    """Note that somebody tried to reach the village and could not.

    Raises
    ------
    NotFound, NotAllowed, Conflict, Invalid
        As `typed_answer` has them.
    """
    require_planner(db, _stage(db, visit_of(db, by, visit_id)).branch_id, by)
    _require_heard(channel)
    author = Author(by, now, remark, channel)
    return settle(db, visit_id, Happening.CALLED, author, version=version)


def _take(db: Session, visit_id: int, given: AnswerIn) -> Visit:
    """Take the teams if the visit may move or its slot be filled, then the visit."""
    if given.place or given.answer is Answer.NO:
        lock_teams(db, _stage(db, db.get_one(Visit, visit_id)).branch_id)
        take_visits(db, (visit_id,), [read_key(given.place)[:2]] if given.place else ())
    return locked(db, Visit, visit_id)


def _stage(db: Session, visit: Visit) -> Stage:
    return db.get_one(Stage, visit.stage_id)


def _require_answerable(visit: Visit, given: AnswerIn, now: datetime) -> None:
    if visit.work is not Work.AWAITING:
        raise Conflict(problem="wrong_status", status=visit.work, wanted=given.answer)
    today = visit.zone.day(now)
    if given.answer is Answer.CAN and visit.day < today:
        raise Invalid(problems={"answer": ["in_the_past"]})


def _require_heard(channel: Channel) -> None:
    if channel not in HEARD_BY:
        raise Invalid(problems={"channel": ["enum"]})


def _stands(visit: Visit, link: ConfirmationLink, given: AnswerIn) -> bool:
    """Whether an answer given again is the one that was taken."""
    if link.answer is not given.answer:
        return False
    if given.answer is not Answer.ANOTHER_DAY:
        return True
    if not given.place:
        return visit.work is Work.AWAITING
    return read_key(given.place)[:3] == (visit.team_id, visit.day, day_minute(visit.starts_at))


def _act(db: Session, visit: Visit, given: AnswerIn, author: Author) -> Visit:
    visit_id = visit.id or 0
    _close_link(db, visit_id, given.answer, author.now)
    if given.place:
        # Whoever plans may know more days than a village is offered.
        find = chosen_place if author.channel in HEARD_BY else offered_place
        place_visit(db, visit_id, find(db, visit, given.place, author.now), author)
        # Why the day does not suit stands beside the move; the yes that follows needs no reason.
        author = replace(author, reason="")
        db.flush()  # for the row is read afresh
    settled = settle(db, visit_id, _happening(given), author)
    fill_slot_of(db, settled, author.now)
    return settled


def _happening(given: AnswerIn) -> Happening:
    match given.answer:
        case Answer.CAN:
            return Happening.CONFIRMED
        case Answer.NO:
            return Happening.POSTPONED
        case Answer.ANOTHER_DAY:
            # The village took a day that was offered: that is its yes.
            return Happening.CONFIRMED if given.place else Happening.WISHED


def _close_link(db: Session, visit_id: int, answer: Answer, now: datetime) -> None:
    """Mark the visit's link as answered, if one is open; two answers at once meet here."""
    db.flush()
    statement = update(ConfirmationLink).where(
        col(ConfirmationLink.visit_id) == visit_id, *is_open()
    )
    db.execute(statement.values(answered_at=now, answer=answer))
