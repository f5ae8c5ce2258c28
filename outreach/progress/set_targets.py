"""Targets set by hand: of the nation or of a branch, with the source of each, and taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from outreach.campaigns.access import holds_branch, visible_branches
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.access import NATION, covers
from outreach.people.edits import change, locked
from outreach.people.free_text import Name
from outreach.people.order import check_order
from outreach.people.tables import Account, Branch, Role
from outreach.progress.sponsorships import FIRST, LAST
from outreach.progress.tables import Target

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from outreach.people.access import Person

#: Ten years: every week of a period is looked at.
MOST_DAYS = 3_653


class TargetIn(BaseModel):
    """A target as a person sets it; without a branch it is the nation's."""

    branch_id: int | None = Field(default=None, le=2**31 - 1)
    starts: date = Field(ge=FIRST, le=LAST)
    ends: date = Field(ge=FIRST, le=LAST)
    signups: int = Field(gt=0, le=200_000_000)
    source: Name

    @field_validator("ends")
    @classmethod
    def _ends_in_time(cls, ends: date, others: ValidationInfo) -> date:
        starts = others.data.get("starts")
        check_order(starts, ends)
        if starts and ends - starts > timedelta(days=MOST_DAYS):
            limits = {"days": MOST_DAYS}
            raise PydanticCustomError("span_too_long", "longer than anybody plans", limits)
        return ends


@dataclass(frozen=True, slots=True)
class TargetLine:
    """A target set by hand, as a list shows it; `may_change` whether the reader may."""

    id: int
    branch_id: int | None
    branch: str
    starts: date
    ends: date
    signups: int
    source: str
    set_by: str
    set_at: datetime
    version: int
    may_change: bool


def list_targets(db: Session, person: Person) -> list[TargetLine]:
    """List the targets set by hand for the nation and for the branches the person sees."""
    query = (
        select(Target, col(Branch.name), col(Account.name))
        .outerjoin(Branch, col(Branch.id) == col(Target.branch_id))
        .join(Account, col(Account.id) == col(Target.set_by))
        .where(
            or_(
                col(Target.branch_id).is_(None),
                col(Target.branch_id).in_(visible_branches(db, person)),
            )
        )
        .order_by(
            col(Target.ends).desc(),
            col(Target.branch_id).is_not(None),
            col(Branch.name),
            col(Target.id),
        )
    )
    return [
        TargetLine(
            row.id,
            row.branch_id,
            branch or "",
            row.starts,
            row.ends,
            row.signups,
            row.source,
            set_by,
            row.set_at,
            row.version,
            may_set(db, row.branch_id, person),
        )
        for row, branch, set_by in db.execute(query)
    ]


def may_set(db: Session, branch_id: int | None, person: Person) -> bool:
    """Whether the person may set a branch's target, or without one the nation's."""
    if person.role is not Role.MANAGER:
        return False
    if branch_id is None:
        return covers(person.areas, NATION)
    return holds_branch(db, branch_id, person)


def target_of(db: Session, target_id: int, person: Person) -> Target:
    """Read one target that the person may see.

    Raises
    ------
    NotFound
        If there is none, or its branch lies outside the person's area.
    """
    row = db.get(Target, target_id)
    if row is None or (
        row.branch_id is not None and row.branch_id not in visible_branches(db, person)
    ):
        raise NotFound(kind="Target", id=target_id)
    return row


def set_target(db: Session, given: TargetIn, *, by: Person, now: datetime) -> Target:
    """Set a target by hand for a period.

    Raises
    ------
    NotFound
        If the branch is missing or outside the person's area.
    NotAllowed
        If the person may not set it.
    Invalid
        If one is set for this period already.
    """
    _require_setter(db, given.branch_id, by)
    row = Target(**given.model_dump(), set_by=by.account_id, set_at=now)
    try:
        with db.begin_nested():
            db.add(row)
            db.flush()  # for its id, and to hear now whether the period is free
    except IntegrityError as error:
        raise Invalid(problems={"starts": ["period_taken"]}) from error
    return row


def change_target(
    db: Session, target_id: int, given: TargetIn, version: int, *, by: Person, now: datetime
) -> Target:
    """Change a target set by hand; whose it is stays.

    Raises
    ------
    NotFound, NotAllowed
        As `set_target`.
    Conflict
        If somebody changed it since: `yours` and `theirs` hold what differs.
    Invalid
        If another one is set for this period already.
    """
    target_of(db, target_id, by)
    row = locked(db, Target, target_id)
    _require_setter(db, row.branch_id, by)
    try:
        with db.begin_nested():
            change(row, given.model_dump(exclude={"branch_id"}), version)
            row.set_by, row.set_at = by.account_id, now
            db.flush()  # to hear now whether the period is free
    except IntegrityError as error:
        raise Invalid(problems={"starts": ["period_taken"]}) from error
    return row


def take_target_back(db: Session, target_id: int, version: int, *, by: Person) -> None:
    """Take a target set by hand back: what follows from the published path holds again.

    Raises
    ------
    NotFound, NotAllowed
        As `set_target`.
    Conflict
        If somebody changed it since.
    """
    target_of(db, target_id, by)
    row = locked(db, Target, target_id)
    _require_setter(db, row.branch_id, by)
    if row.version != version:
        raise Conflict(problem="changed_meanwhile", theirs={"signups": row.signups})
    db.delete(row)
    db.flush()


def _require_setter(db: Session, branch_id: int | None, by: Person) -> None:
    if branch_id is not None and branch_id not in visible_branches(db, by):
        raise NotFound(kind="Branch", id=branch_id)
    if not may_set(db, branch_id, by):
        raise NotAllowed(role=by.role)
