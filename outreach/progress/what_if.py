"""What-ifs from asking to answer; nothing of a stage is ever written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.access import branch_regencies, holds_branch
from outreach.campaigns.stages import stage_of
from outreach.campaigns.tables import Stage, Status
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.access import covers
from outreach.people.edits import locked
from outreach.people.regions import RegionCode, refuse_unknown
from outreach.people.tables import Account
from outreach.progress.supposed_days import active_teams
from outreach.progress.tables import AskedState, WhatIf
from outreach.villages.codes import Level
from outreach.visits.leased_rows import MOST_SENT, RESEND_AFTER, LeasedRows
from outreach.visits.question import local_day
from outreach.visits.runs import lock_branch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.visits.leased_rows import Claim

MOST_EXTRA_TEAMS = 4
MOST_LATER_MINUTES = 120
#: Hours of teams change by so many minutes at a time.
LATER_STEP_MINUTES = 30
MOST_MORE_WEEKS = 8
#: A stage that is supposed to end earlier keeps so many days: a working week.
FEWEST_DAYS = 5
#: There are no more in the whole country.
MOST_VILLAGES = 100_000
#: No more questions of one branch wait at a time: each takes a worker for a while.
MOST_WAITING = 4
#: So many are listed, the latest first.
MOST_LISTED = 20

#: How far an answer is, in hundredths.
STEPS = 100

OPEN = (AskedState.READY, AskedState.RUNNING)

_QUESTIONS = LeasedRows(WhatIf, AskedState)


class WhatIfIn(BaseModel):
    """What is supposed; at least one thing has to differ from today.

    Attributes
    ----------
    extra_teams
        Below 0 so many teams fewer; those with the fewest days go, one on leave all the time first.
    base_code
        Village of the branch that the extra teams start from; without one the branch's base.
    ends_later_minutes
        So much later every team comes home; below 0 earlier.
    more_weeks
        So many weeks later the stage ends; below 0 earlier.
    only_area
        Only the villages of this regency, district or village of the branch.
    most_villages
        Only so many villages, those that rank first in the stage.
    """

    extra_teams: int = Field(default=0, ge=-MOST_EXTRA_TEAMS, le=MOST_EXTRA_TEAMS)
    base_code: RegionCode | None = None
    ends_later_minutes: int = Field(
        default=0, ge=-MOST_LATER_MINUTES, le=MOST_LATER_MINUTES, multiple_of=LATER_STEP_MINUTES
    )
    more_weeks: int = Field(default=0, ge=-MOST_MORE_WEEKS, le=MOST_MORE_WEEKS)
    only_area: RegionCode | None = None
    most_villages: int | None = Field(default=None, ge=1, le=MOST_VILLAGES)
    saturdays: bool = False
    skip_islands: bool = False

    @field_validator("base_code")
    @classmethod
    def _is_a_village(cls, code: str | None) -> str | None:
        if code is not None and len(code) != Level.VILLAGE:
            raise PydanticCustomError("not_a_village", "not a village")
        return code

    @model_validator(mode="after")
    def _supposes_something(self) -> WhatIfIn:
        teams_and_days = self.extra_teams or self.saturdays or self.more_weeks
        scope = self.skip_islands or self.only_area or self.most_villages
        if not (teams_and_days or self.ends_later_minutes or scope):
            raise PydanticCustomError("nothing_supposed", "nothing differs from today")
        return self


@dataclass(frozen=True, slots=True)
class Question:
    """A what-if as people see it."""

    id: int
    stage_id: int
    branch_id: int
    changes: WhatIfIn
    state: AskedState
    steps: int
    steps_done: int
    answer: Mapping[str, Any]
    attempts: int
    error: str
    asked_by: str
    asked_at: datetime
    finished_at: datetime | None


def may_ask(db: Session, stage: Stage, person: Person) -> bool:
    """Whether the person's area holds the whole branch of the stage."""
    return holds_branch(db, stage.branch_id, person)


def ask(
    db: Session, stage_id: int, given: WhatIfIn, *, by: Person, now: datetime, request_id: str = ""
) -> WhatIf:
    """Ask what a plan of a stage would bring under other conditions.

    A question that waits already is not asked a second time: it is returned.

    Raises
    ------
    NotFound
        If the stage is missing or outside the person's area.
    NotAllowed
        If they see only a part of its branch.
    Invalid
        If the base is no village of the branch, the area lies outside it, or no team or no week
        would be left.
    Conflict
        If the stage is not open or has no day left, or too many questions of the branch wait.
    """
    stage = stage_of(db, by, stage_id)
    if not may_ask(db, stage, by):
        raise NotAllowed(role=by.role)
    lock_branch(db, stage.branch_id)
    _require_possible(db, stage, given, now)
    waiting = select(WhatIf).where(
        col(WhatIf.branch_id) == stage.branch_id, col(WhatIf.state).in_(OPEN)
    )
    rows = db.scalars(waiting.order_by(col(WhatIf.id))).all()
    for row in rows:
        if (row.stage_id, row.changes) == (stage_id, given.model_dump()):
            return row
    if len(rows) >= MOST_WAITING:
        raise Conflict(problem="what_ifs_wait", most=MOST_WAITING)
    row = WhatIf(
        stage_id=stage_id,
        branch_id=stage.branch_id,
        changes=given.model_dump(),
        seed=stage_id,
        steps=STEPS,
        asked_by=by.account_id,
        asked_at=now,
        request_id=request_id,
    )
    db.add(row)
    db.flush()  # for its id
    return row


def what_if_of(db: Session, person: Person, what_if_id: int) -> Question:
    """Read one question with what is known of its answer.

    Raises
    ------
    NotFound
        If there is none, or any part of its branch lies outside the person's area: the answer
        sums the whole branch up.
    """
    row = db.get(WhatIf, what_if_id)
    if row is None or not holds_branch(db, row.branch_id, person):
        raise NotFound(kind="WhatIf", id=what_if_id)
    return _question(row, db.get_one(Account, row.asked_by).name)


def list_what_ifs(db: Session, person: Person, stage_id: int) -> list[Question]:
    """List the questions about a stage, the latest first; none to who sees a part of its branch.

    Raises
    ------
    NotFound
        If the stage is missing or outside the person's area.
    """
    if not may_ask(db, stage_of(db, person, stage_id), person):
        return []
    query = (
        select(WhatIf, col(Account.name))
        .join(Account, col(Account.id) == col(WhatIf.asked_by))
        .where(col(WhatIf.stage_id) == stage_id)
        .order_by(col(WhatIf.id).desc())
        .limit(MOST_LISTED)
    )
    return [_question(row, name) for row, name in db.execute(query)]


def cancel(db: Session, what_if_id: int, *, by: Person, now: datetime) -> None:
    """Call a question off: no answer to it will be written.

    Raises
    ------
    NotFound
        As `what_if_of`.
    Conflict
        If it is not waiting any more.
    """
    what_if_of(db, by, what_if_id)
    row = locked(db, WhatIf, what_if_id)
    if row.state not in OPEN:
        raise Conflict(problem="what_if_over", state=row.state)
    row.state, row.finished_at, row.lease_until = AskedState.CANCELLED, now, None


def try_again(
    db: Session, what_if_id: int, *, by: Person, now: datetime, request_id: str = ""
) -> None:
    """Give a dead question five new attempts, if it could be asked today.

    Raises
    ------
    NotFound
        As `what_if_of`.
    Invalid
        As `ask`: teams, weeks or regencies of the branch may have gone since.
    Conflict
        If it is not dead, or its stage is not open or has no day left.
    """
    what_if_of(db, by, what_if_id)
    row = locked(db, WhatIf, what_if_id)
    if row.state is not AskedState.DEAD:
        raise Conflict(problem="what_if_not_dead", state=row.state)
    stage = db.get_one(Stage, row.stage_id)
    _require_possible(db, stage, WhatIfIn.model_construct(**row.changes), now)
    row.state, row.attempts, row.steps_done, row.error = AskedState.READY, 0, 0, ""
    row.sent_at = row.finished_at = row.lease_until = None
    row.retried_at, row.request_id = now, request_id


def claim(db: Session, what_if_id: int, now: datetime, lease: timedelta) -> Claim | None:
    """Take a question to answer, as `LeasedRows.claim`."""
    return _QUESTIONS.claim(db, what_if_id, now, lease, steps_done=0)


def renew(db: Session, held: Claim, done: float, now: datetime, lease: timedelta) -> bool:
    """Extend the lease and tell how far the answer is; False tells to stop."""
    steps_done = min(STEPS, int(done * STEPS))
    return _QUESTIONS.write(db, held, lease_until=now + lease, steps_done=steps_done)


def save(db: Session, held: Claim, answer: dict[str, Any], now: datetime) -> bool:
    """Write the answer; False when the question was called off or claimed by somebody else."""
    return _QUESTIONS.settle(db, held, now, answer=answer, steps_done=STEPS)


def fail(db: Session, held: Claim, error: BaseException, now: datetime) -> None:
    """Note that an attempt failed, as `LeasedRows.fail`."""
    _QUESTIONS.fail(db, held, error, now)


def due_what_ifs(
    db: Session, now: datetime, resend_after: timedelta = RESEND_AFTER, most: int = MOST_SENT
) -> list[int]:
    """Take the questions to send now, as `LeasedRows.due`."""
    return _QUESTIONS.due(db, now, resend_after, most)


def most_weeks_earlier(stage: Stage, today: date) -> int:
    """Weeks by which the stage may be supposed to end earlier, seen from a day of its own."""
    first = max(stage.starts, today + timedelta(days=1))
    spare_days = (stage.ends - first).days + 1 - FEWEST_DAYS
    return min(MOST_MORE_WEEKS, max(0, spare_days // 7))


def _require_possible(db: Session, stage: Stage, given: WhatIfIn, now: datetime) -> None:
    """Refuse what cannot be supposed of a stage as it is now."""
    _require_days_left(db, stage, now)
    _require_a_week(db, stage, now, given.more_weeks)
    _require_inside(db, stage, base_code=given.base_code, only_area=given.only_area)
    _require_a_team(db, stage, given.extra_teams)


def _require_days_left(db: Session, stage: Stage, now: datetime) -> None:
    if stage.status is not Status.OPENED:
        raise Conflict(problem="stage_not_open", status=stage.status)
    if stage.ends <= local_day(db, stage.branch_id, now):
        raise Conflict(problem="stage_has_no_day_left", ends=stage.ends)


def _require_a_week(db: Session, stage: Stage, now: datetime, more_weeks: int) -> None:
    if -more_weeks > most_weeks_earlier(stage, local_day(db, stage.branch_id, now)):
        raise Invalid(problems={"more_weeks": ["no_week_left"]})


def _require_inside(db: Session, stage: Stage, **codes: str | None) -> None:
    told = {name: code for name, code in codes.items() if code is not None}
    refuse_unknown(db, **{name: [code] for name, code in told.items()})
    regencies = branch_regencies(db, stage.branch_id)
    outside = [name for name, code in told.items() if not covers(regencies, code)]
    if outside:
        raise Invalid(problems={name: ["outside_branch"] for name in outside})


def _require_a_team(db: Session, stage: Stage, extra_teams: int) -> None:
    if extra_teams < 0 and active_teams(db, stage) + extra_teams < 1:
        raise Invalid(problems={"extra_teams": ["no_team_left"]})


def _question(row: WhatIf, asked_by: str) -> Question:
    return Question(
        id=row.id or 0,
        stage_id=row.stage_id,
        branch_id=row.branch_id,
        changes=WhatIfIn.model_construct(**row.changes),
        state=row.state,
        steps=row.steps,
        steps_done=row.steps_done,
        answer=row.answer,
        attempts=row.attempts,
        error=row.error,
        asked_by=asked_by,
        asked_at=row.asked_at,
        finished_at=row.finished_at,
    )
