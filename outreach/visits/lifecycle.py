"""How a visit's status moves: one table of what is allowed, and a line of history for each."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - dataclass fields are read at run time
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.access import Person, narrow
from outreach.people.edits import locked
from outreach.people.identity import holds_identity_number
from outreach.people.tables import Role
from outreach.visits.links import renew_link
from outreach.visits.tables import (
    ACTIVE,
    Channel,
    Happening,
    PlanSubmission,
    Result,
    SubmissionState,
    Visit,
    VisitEvent,
    Work,
)

if TYPE_CHECKING:
    from sqlmodel import Session

_COORDINATOR = frozenset[Role | None]({Role.COORDINATOR})
_BOTH = frozenset[Role | None]({Role.COORDINATOR, Role.OFFICIAL})
#: None is the product itself, when a lease has run out.
_ANYBODY = _BOTH | {None}

#: From which status, by what, to which, and who may. What does not stand here is not allowed.
#: A proposal is the coordinator's alone until the official has been asked.
MOVES: dict[tuple[Work, Happening], tuple[Work, frozenset[Role | None]]] = {
    (Work.PROPOSED, Happening.ASKED): (Work.AWAITING, _COORDINATOR),
    (Work.PROPOSED, Happening.CONFIRMED): (Work.CONFIRMED, _COORDINATOR),
    (Work.AWAITING, Happening.CONFIRMED): (Work.CONFIRMED, _BOTH),
    (Work.PROPOSED, Happening.POSTPONED): (Work.POSTPONED, _COORDINATOR),
    (Work.AWAITING, Happening.POSTPONED): (Work.POSTPONED, _BOTH),
    (Work.CONFIRMED, Happening.POSTPONED): (Work.POSTPONED, _BOTH),
    (Work.PROPOSED, Happening.CANCELLED): (Work.CANCELLED, _COORDINATOR),
    (Work.AWAITING, Happening.CANCELLED): (Work.CANCELLED, _COORDINATOR),
    (Work.CONFIRMED, Happening.CANCELLED): (Work.CANCELLED, _COORDINATOR),
    (Work.PROPOSED, Happening.UNREACHABLE): (Work.UNREACHABLE, _COORDINATOR),
    (Work.AWAITING, Happening.UNREACHABLE): (Work.UNREACHABLE, _COORDINATOR),
    (Work.CONFIRMED, Happening.UNREACHABLE): (Work.UNREACHABLE, _COORDINATOR),
    (Work.PROPOSED, Happening.RETURNED): (Work.RETURNED, _COORDINATOR | {None}),
    (Work.AWAITING, Happening.RETURNED): (Work.RETURNED, _ANYBODY),
    (Work.CONFIRMED, Happening.RETURNED): (Work.RETURNED, _ANYBODY),
    (Work.AWAITING, Happening.CALLED): (Work.AWAITING, _COORDINATOR),
    # None of the days offered suits: somebody has to find another with the village.
    (Work.AWAITING, Happening.WISHED): (Work.AWAITING, _BOTH),
    (Work.PROPOSED, Happening.REPORTED): (Work.DONE, _COORDINATOR),
    (Work.AWAITING, Happening.REPORTED): (Work.DONE, _BOTH),
    (Work.CONFIRMED, Happening.REPORTED): (Work.DONE, _BOTH),
    # A lease ran out, and then a phone that had been offline tells that the session was held.
    (Work.RETURNED, Happening.REPORTED): (Work.DONE, _BOTH),
    # Called off, and held after all: what an official tells of it waits for the coordinator.
    (Work.POSTPONED, Happening.REPORTED): (Work.DONE, _COORDINATOR),
    (Work.CANCELLED, Happening.REPORTED): (Work.DONE, _COORDINATOR),
    (Work.UNREACHABLE, Happening.REPORTED): (Work.DONE, _COORDINATOR),
    (Work.DONE, Happening.CORRECTED): (Work.DONE, _BOTH),
    (Work.SENT_BACK, Happening.CORRECTED): (Work.DONE, _BOTH),
    # What was approved has changed, so it has to be approved again.
    (Work.APPROVED, Happening.CORRECTED): (Work.DONE, _BOTH),
    (Work.DONE, Happening.APPROVED): (Work.APPROVED, _COORDINATOR),
    (Work.DONE, Happening.SENT_BACK): (Work.SENT_BACK, _COORDINATOR),
    (Work.APPROVED, Happening.SENT_BACK): (Work.SENT_BACK, _COORDINATOR),
}

#: These leave somebody waiting for an explanation.
NEED_A_REASON = frozenset(
    {
        Happening.POSTPONED,
        Happening.CANCELLED,
        Happening.UNREACHABLE,
        Happening.SENT_BACK,
        Happening.RETURNED,
        Happening.WISHED,
    }
)
#: These make a promise to a village, so somebody has to have approved the stage's plan first.
TELLS_THE_VILLAGE = (Happening.ASKED, Happening.CONFIRMED)
LONGEST_REASON = 1000
SLOTS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Author:
    """Who does something to a visit, when, by which way and why: what its history says.

    Without a person it is the village that answers by its link, or the product itself.
    """

    by: Person | None
    now: datetime
    reason: str = ""
    channel: Channel = Channel.PAGE

    @property
    def role(self) -> Role | None:
        """The role whose rights hold; none for the product itself."""
        if self.by is not None:
            return self.by.role
        return Role.OFFICIAL if self.channel is Channel.LINK else None


def visit_of(db: Session, person: Person, visit_id: int) -> Visit:
    """Read one visit.

    Raises
    ------
    NotFound
        If there is none, or its village lies outside the person's area.
    """
    query = narrow(select(Visit), Visit.village_code, person).where(col(Visit.id) == visit_id)
    visit = db.scalars(query).one_or_none()
    if visit is None:
        raise NotFound(kind="Visit", id=visit_id)
    return visit


def ask(
    db: Session, visit_id: int, *, version: int, by: Person, now: datetime, reason: str = ""
) -> Visit:
    """Ask the official of the village to confirm a proposed visit."""
    return turn(db, visit_id, Happening.ASKED, version=version, by=by, now=now, reason=reason)


def confirm(
    db: Session, visit_id: int, *, version: int, by: Person, now: datetime, reason: str = ""
) -> Visit:
    """Confirm a visit: from now on nothing moves it silently."""
    return turn(db, visit_id, Happening.CONFIRMED, version=version, by=by, now=now, reason=reason)


def postpone(
    db: Session, visit_id: int, *, version: int, by: Person, now: datetime, reason: str
) -> Visit:
    """Give the day back; the village waits for a new one."""
    return turn(db, visit_id, Happening.POSTPONED, version=version, by=by, now=now, reason=reason)


def cancel(
    db: Session, visit_id: int, *, version: int, by: Person, now: datetime, reason: str
) -> Visit:
    """Call the visit off."""
    return turn(db, visit_id, Happening.CANCELLED, version=version, by=by, now=now, reason=reason)


def approve(
    db: Session, visit_id: int, *, version: int, by: Person, now: datetime, reason: str = ""
) -> Visit:
    """Accept what was reported."""
    return turn(db, visit_id, Happening.APPROVED, version=version, by=by, now=now, reason=reason)


def turn(
    db: Session,
    visit_id: int,
    happening: Happening,
    *,
    by: Person,
    now: datetime,
    version: int | None = None,
    reason: str = "",
    result: Result | None = None,
    channel: Channel = Channel.PAGE,
) -> Visit:
    """Move a visit's status as `MOVES` allows and write the line of history.

    Raises
    ------
    NotFound
        If the visit is missing or outside the person's area.
    NotAllowed
        If the person's role may not do this to a visit in this status.
    Conflict
        If the visit's status does not allow it, somebody changed the visit since `version`, or
        a village would be told of a plan that nobody has approved yet.
    Invalid
        If a reason is needed and missing, or holds what may not be kept.
    """
    check_reason(happening, reason)
    visit_of(db, by, visit_id)
    author = Author(by, now, reason, channel)
    return settle(db, visit_id, happening, author, version=version, result=result)


def settle(
    db: Session,
    visit_id: int,
    happening: Happening,
    author: Author,
    *,
    version: int | None = None,
    result: Result | None = None,
) -> Visit:
    """Do what `turn` does, for an author whose right to see the visit is known.

    Raises
    ------
    NotAllowed, Conflict, Invalid
        As `turn` has them.
    """
    check_reason(happening, author.reason)
    visit = locked(db, Visit, visit_id)
    after = status_after(visit.work, happening, author)
    _require_approved_plan(db, visit, happening)
    check_version(visit, version, {"work": after})
    before = _told(visit)
    if after in ACTIVE and visit.work not in ACTIVE:
        take_place_again(db, visit, after)
    visit.work = after
    visit.result = visit.result if result is None else result
    visit.version += 1
    write_event(db, visit, happening, before, _told(visit), author)
    if before["work"] != visit.work.value:
        renew_link(db, visit, author.now)
    return visit


def allowed_moves(work: Work, role: Role) -> tuple[Happening, ...]:
    """List what a person of this role may do to a visit in this status: the buttons to show."""
    return tuple(
        happening
        for (before, happening), (_, roles) in MOVES.items()
        if before is work and role in roles
    )


def check_reason(happening: Happening, reason: str) -> None:
    """Refuse a missing reason, one too long, and one with an identity number in it.

    Raises
    ------
    Invalid
        For the field `reason`.
    """
    if happening in NEED_A_REASON and not reason.strip():
        raise Invalid(problems={"reason": ["missing"]})
    if len(reason) > LONGEST_REASON:
        raise Invalid(problems={"reason": ["too_long"]}, most=LONGEST_REASON)
    if holds_identity_number(reason):
        raise Invalid(problems={"reason": ["identity_number"]})


def check_version(visit: Visit, version: int | None, yours: dict[str, Any]) -> None:
    """Refuse an edit of what somebody else has changed meanwhile.

    Raises
    ------
    Conflict
        With both values: `yours` and `theirs`.
    """
    if version is not None and visit.version != version:
        theirs = {name: getattr(visit, name) for name in yours}
        raise Conflict(problem="changed_meanwhile", yours=yours, theirs=theirs)


def write_event(
    db: Session,
    visit: Visit,
    happening: Happening,
    before: dict[str, Any],
    after: dict[str, Any],
    author: Author,
) -> None:
    """Add one line to the history of the visit."""
    event = VisitEvent(
        visit_id=cast("int", visit.id),
        village_code=visit.village_code,
        happening=happening,
        at=author.now,
        account_id=None if author.by is None else author.by.account_id,
        before=before,
        after=after,
        reason=author.reason.strip(),
        channel=author.channel,
    )
    db.add(event)


def status_after(work: Work, happening: Happening, author: Author) -> Work:
    """Tell to which status this leads.

    Raises
    ------
    Conflict, NotAllowed
        If `MOVES` does not have it, or not for this author's role.
    """
    move = MOVES.get((work, happening))
    if move is None:
        raise Conflict(problem="wrong_status", status=work, wanted=happening)
    after, roles = move
    if author.role not in roles:
        raise NotAllowed(role=author.role, wanted=happening)
    return after


def take_place_again(db: Session, visit: Visit, after: Work) -> None:
    """Give a visit that had ended its village and a slot of its day again.

    Its own slot may have been filled meanwhile; what was held needs one only to be listed.

    Raises
    ------
    Conflict
        If the village has another visit, or the day no slot left.
    """
    slot = visit.slot
    for tried in (slot, *(one for one in SLOTS if one != slot)):
        with suppress(IntegrityError), db.begin_nested():
            visit.slot, visit.work = tried, after
            db.flush()  # to hear now whether the tables take it
            return
        db.refresh(visit)
    problem = lost_place(db, visit) or "slot_taken"
    raise Conflict(problem=problem, day=visit.day, slot=slot, villages=[visit.village_code])


def lost_place(db: Session, visit: Visit) -> str | None:
    """Tell, as a code, why a visit that had ended cannot take its place again; None if it can."""
    if village_has_another(db, visit):
        return "village_has_visit"
    query = select(Visit.slot).where(
        Visit.team_id == visit.team_id,
        Visit.day == visit.day,
        Visit.id != visit.id,
        col(Visit.work).in_(ACTIVE),
    )
    return "slot_taken" if set(SLOTS) <= set(db.scalars(query)) else None


def village_has_another(db: Session, visit: Visit) -> bool:
    """Whether another visit stands in the place of one that had ended."""
    query = select(Visit.id).where(
        Visit.id != visit.id,
        Visit.stage_id == visit.stage_id,
        Visit.village_code == visit.village_code,
        col(Visit.work).in_(ACTIVE),
    )
    return db.scalars(query).first() is not None


def is_plan_approved(db: Session, stage_id: int) -> bool:
    """Whether a plan of the stage was ever approved, so that villages may be told of visits."""
    approved = select(PlanSubmission.id).where(
        PlanSubmission.stage_id == stage_id,
        PlanSubmission.state == SubmissionState.APPROVED,
    )
    return db.exec(approved.limit(1)).first() is not None


def _require_approved_plan(db: Session, visit: Visit, happening: Happening) -> None:
    """Refuse to tell a village of a proposal while its stage has never had a plan approved."""
    if visit.work is not Work.PROPOSED or happening not in TELLS_THE_VILLAGE:
        return
    if not is_plan_approved(db, visit.stage_id):
        raise Conflict(problem="plan_not_approved", stage_id=visit.stage_id)


def _told(visit: Visit) -> dict[str, Any]:
    return {"work": visit.work.value, "result": visit.result and visit.result.value}
