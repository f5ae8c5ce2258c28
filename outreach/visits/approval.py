"""A plan is handed in, taken back, approved or sent back; approving it tells the officials.

Approving stands for asking: every proposal of the plan becomes a visit that awaits its village's
answer. Until a stage has had a plan approved nobody is asked for any visit of it; after that a
single change is settled with the village and shows in the next difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from outreach.campaigns.access import holds_branch, visible_branches
from outreach.campaigns.omissions import unexplained
from outreach.campaigns.stages import require_planner, stage_of
from outreach.campaigns.tables import Stage, Status
from outreach.errors import Conflict, NotAllowed, NotFound
from outreach.people.edits import change, locked
from outreach.people.tables import Role
from outreach.visits.lifecycle import check_reason
from outreach.visits.links import issue_links
from outreach.visits.question import local_day, past_of
from outreach.visits.runs import lock_branch
from outreach.visits.snapshot import (
    Difference,
    PlannedPlace,
    compare,
    places_of_stage,
    read_places,
)
from outreach.visits.tables import (
    Channel,
    Happening,
    PlanRun,
    PlanSubmission,
    RunState,
    SubmissionState,
    Visit,
    VisitEvent,
    Work,
)
from outreach.visits.teamday import lock_teams, take_visits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlmodel import Session

    from outreach.people.access import Person

#: The reason of an official's being asked when a manager approves the whole plan.
PLAN_APPROVED = "plan_approved"


def submit_plan(
    db: Session, stage_id: int, *, by: Person, now: datetime, note: str = ""
) -> PlanSubmission:
    """Hand the plan of an open stage in as it stands.

    One that was handed in before and has changed since is replaced.

    Raises
    ------
    NotFound, NotAllowed
        If the person does not plan for the stage's branch.
    Conflict
        If the stage is not open or being planned, holds no visit, leaves a district or an island
        at zero without a reason, waits already with this very plan, or has nothing that the
        approved plan had not.
    Invalid
        If the note may not be kept.
    """
    check_reason(Happening.ASKED, note)
    branch_id = stage_of(db, by, stage_id).branch_id
    require_planner(db, branch_id, by)
    lock_branch(db, branch_id)
    stage = locked(db, Stage, stage_id)
    _require_settled(db, stage)
    places = places_of_stage(db, stage_id)
    _require_news(db, stage_id, places)
    _require_reasons(db, stage, local_day(db, branch_id, now))
    if waiting := waiting_of(db, stage_id):
        if not is_overtaken(read_places(waiting.places), places, local_day(db, branch_id, now)):
            raise Conflict(problem="already_handed_in")
        _decide(db, waiting.id or 0, SubmissionState.WITHDRAWN, by, now)
        db.flush()  # before the next one waits in its place
    made = PlanSubmission(
        stage_id=stage_id,
        places=[place.told() for place in places],
        note=note.strip(),
        submitted_by=by.account_id,
        submitted_at=now,
    )
    try:
        with db.begin_nested():
            db.add(made)
            db.flush()  # for its id, and to hear now whether another one waits
    except IntegrityError as error:
        raise Conflict(problem="already_handed_in") from error
    return made


def withdraw_plan(db: Session, submission_id: int, *, by: Person, now: datetime) -> PlanSubmission:
    """Take back what was handed in, as long as nobody has decided on it.

    Raises
    ------
    NotFound, NotAllowed
        If the person does not plan for the stage's branch.
    Conflict
        If it does not wait any more.
    """
    branch_id = _branch_of(db, submission_id, by)
    require_planner(db, branch_id, by)
    lock_branch(db, branch_id)
    return _decide(db, submission_id, SubmissionState.WITHDRAWN, by, now)


def approve_plan(db: Session, submission_id: int, *, by: Person, now: datetime) -> tuple[int, ...]:
    """Approve a plan and ask the officials of all its proposals; return the visits asked for.

    Each gets the link by which its village answers.
    A proposal whose day has passed meanwhile is left: there is nothing to ask any more.

    Raises
    ------
    NotFound, NotAllowed
        If the person is no manager, or the branch does not lie in their area as a whole.
    Conflict
        If it does not wait any more, its stage is not open, or the plan is another by now.
    """
    branch_id = require_approver(db, submission_id, by)
    lock_branch(db, branch_id)
    submission = _decide(db, submission_id, SubmissionState.APPROVED, by, now)
    _require_settled(db, locked(db, Stage, submission.stage_id))
    lock_teams(db, branch_id)
    places = read_places(submission.places)
    today = local_day(db, branch_id, now)
    if is_overtaken(places, places_of_stage(db, submission.stage_id), today):
        raise Conflict(problem="plan_changed")
    asked = _publish(db, places, today, by, now)
    issue_links(db, asked, now)
    return asked


def send_back_plan(
    db: Session, submission_id: int, *, by: Person, now: datetime, reason: str
) -> PlanSubmission:
    """Give a plan back to its coordinator with a reason; nothing of it is published.

    Raises
    ------
    NotFound, NotAllowed
        As `approve_plan` has them.
    Conflict
        If it does not wait any more.
    Invalid
        If there is no reason, or it may not be kept.
    """
    check_reason(Happening.SENT_BACK, reason)
    lock_branch(db, require_approver(db, submission_id, by))
    submission = _decide(db, submission_id, SubmissionState.SENT_BACK, by, now)
    submission.reason = reason.strip()
    return submission


def withdraw_waiting(db: Session, stage_id: int, by: Person, now: datetime) -> None:
    """Take back what waits for approval, if anything does: its stage is closed."""
    if waiting := waiting_of(db, stage_id):
        _decide(db, waiting.id or 0, SubmissionState.WITHDRAWN, by, now)


def waiting_of(db: Session, stage_id: int) -> PlanSubmission | None:
    """Read the submission of a stage that waits for a decision."""
    query = select(PlanSubmission).where(
        col(PlanSubmission.stage_id) == stage_id,
        col(PlanSubmission.state) == SubmissionState.SUBMITTED,
    )
    return db.scalars(query).one_or_none()


def approved_of(db: Session, stage_id: int, before: int | None = None) -> PlanSubmission | None:
    """Read the latest approved submission of a stage, or the latest earlier than *before*."""
    query = select(PlanSubmission).where(
        col(PlanSubmission.stage_id) == stage_id,
        col(PlanSubmission.state) == SubmissionState.APPROVED,
    )
    if before is not None:
        query = query.where(col(PlanSubmission.id) < before)
    return db.scalars(query.order_by(col(PlanSubmission.id).desc()).limit(1)).first()


def sent_back_before(db: Session, submission: PlanSubmission) -> PlanSubmission | None:
    """Read what was sent back last before this was handed in, if nothing was approved since."""
    decided = select(PlanSubmission).where(
        col(PlanSubmission.stage_id) == submission.stage_id,
        col(PlanSubmission.id) < submission.id,
        col(PlanSubmission.state).in_((SubmissionState.SENT_BACK, SubmissionState.APPROVED)),
    )
    last = db.scalars(decided.order_by(col(PlanSubmission.id).desc()).limit(1)).first()
    return last if last and last.state is SubmissionState.SENT_BACK else None


def submission_of(db: Session, person: Person, submission_id: int) -> PlanSubmission:
    """Read a submission.

    Raises
    ------
    NotFound
        If it is missing, or its branch does not lie in the person's area as a whole.
    """
    _branch_of(db, submission_id, person)
    return db.get_one(PlanSubmission, submission_id)


def difference_since_approval(db: Session, submission: PlanSubmission) -> Difference:
    """Compare what was handed in with the plan that was approved before it."""
    earlier = approved_of(db, submission.stage_id, submission.id)
    before = read_places(earlier.places) if earlier else []
    return compare(before, read_places(submission.places))


def is_overtaken(
    handed_in: Sequence[PlannedPlace], live: Sequence[PlannedPlace], today: date
) -> bool:
    """Whether approving would publish something else than was handed in.

    What an official knew of already is settled with the village, and may have changed since. A
    proposal has to stand as the manager sees it, and there must be no other. One whose day has
    come while the plan waited is gone by itself, which changes nothing of the rest.
    """
    here = {place.visit_id: place.appointment for place in live}
    seen = {place.visit_id: place.appointment for place in handed_in}
    to_publish = [
        place.visit_id for place in handed_in if place.work is Work.PROPOSED and place.day > today
    ]
    unseen = [place.visit_id for place in live if place.work is Work.PROPOSED]
    return any(seen.get(one) != here.get(one) for one in (*to_publish, *unseen))


def require_approver(db: Session, submission_id: int, by: Person) -> int:
    """Let only a manager whose area holds the whole branch decide; return the branch.

    Raises
    ------
    NotFound
        If the submission is missing or any part of its branch lies outside the person's area.
    NotAllowed
        If the person is no manager.
    """
    branch_id = _branch_of(db, submission_id, by)
    if by.role is not Role.MANAGER:
        raise NotAllowed(role=by.role)
    return branch_id


def _branch_of(db: Session, submission_id: int, person: Person) -> int:
    query = (
        select(col(Stage.branch_id))
        .join(PlanSubmission, col(PlanSubmission.stage_id) == col(Stage.id))
        .where(col(PlanSubmission.id) == submission_id)
        .where(col(Stage.branch_id).in_(visible_branches(db, person)))
    )
    branch_id = db.scalar(query)
    if branch_id is None or not holds_branch(db, branch_id, person):
        raise NotFound(kind="PlanSubmission", id=submission_id)
    return branch_id


def _require_settled(db: Session, stage: Stage) -> None:
    """Refuse a stage that is not open, and one that a planner is at work on."""
    if stage.status is not Status.OPENED:
        raise Conflict(problem="stage_not_open", status=stage.status)
    running = select(col(PlanRun.id)).where(
        col(PlanRun.stage_id) == stage.id, col(PlanRun.state) == RunState.RUNNING
    )
    if db.scalar(running.limit(1)) is not None:
        raise Conflict(problem="being_planned")


def _require_news(db: Session, stage_id: int, places: Sequence[PlannedPlace]) -> None:
    """Refuse a plan that gives a manager nothing to decide."""
    if not places:
        raise Conflict(problem="nothing_to_hand_in")
    approved = approved_of(db, stage_id)
    if approved is None or any(place.work is Work.PROPOSED for place in places):
        return
    if not compare(read_places(approved.places), places).changes:
        raise Conflict(problem="plan_unchanged")


def _require_reasons(db: Session, stage: Stage, today: date) -> None:
    """Refuse a stage that leaves districts or islands at zero while nobody has said why."""
    left = unexplained(db, stage, past_of(db, stage), today)
    if waiting := sum(one.awaits_plan for one in left):
        raise Conflict(problem="parts_not_planned", count=waiting)
    if left:
        raise Conflict(problem="omitted_without_reason", count=len(left))


def _decide(
    db: Session, submission_id: int, state: SubmissionState, by: Person, now: datetime
) -> PlanSubmission:
    submission = locked(db, PlanSubmission, submission_id)
    if submission.state is not SubmissionState.SUBMITTED:
        raise Conflict(problem="not_waiting", status=submission.state)
    decided = {"state": state, "decided_by": by.account_id, "decided_at": now}
    change(submission, decided, submission.version)
    return submission


def _publish(
    db: Session, places: Sequence[PlannedPlace], today: date, by: Person, now: datetime
) -> tuple[int, ...]:
    """Ask for every proposal among the places; one line of history each."""
    wanted = [place.visit_id for place in places if place.day >= today]
    take_visits(db, wanted)
    asked = (
        update(Visit)
        .where(col(Visit.id).in_(wanted), col(Visit.work) == Work.PROPOSED)
        .values(work=Work.AWAITING, version=col(Visit.version) + 1)
        .returning(col(Visit.id), col(Visit.village_code))
        .execution_options(synchronize_session=False)
    )
    codes: dict[int, str] = {row.id: row.village_code for row in db.execute(asked)}
    if codes:
        events = [_asked(visit_id, codes[visit_id], by, now) for visit_id in sorted(codes)]
        db.execute(insert(VisitEvent), events)
    return tuple(sorted(codes))


def _asked(visit_id: int, village_code: str, by: Person, now: datetime) -> dict[str, Any]:
    return {
        "visit_id": visit_id,
        "village_code": village_code,
        "happening": Happening.ASKED,
        "at": now,
        "account_id": by.account_id,
        "before": {"work": Work.PROPOSED.value, "result": None},
        "after": {"work": Work.AWAITING.value, "result": None},
        "reason": PLAN_APPROVED,
        "channel": Channel.PAGE,
    }
