"""How far the plans of stages are on their way to approval, and what waits for whom."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - dataclass fields are read at run time
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from outreach.campaigns.access import branch_regencies, visible_branches
from outreach.campaigns.stages import stage_of
from outreach.campaigns.tables import Campaign, Stage, Status
from outreach.people.access import covers
from outreach.people.tables import Account, AccountArea, Branch, BranchRegency, Role
from outreach.visits.approval import is_overtaken
from outreach.visits.snapshot import places_of_stage, read_places
from outreach.visits.tables import ACTIVE, PlanSubmission, SubmissionState, Visit, Work

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date

    from sqlmodel import Session

    from outreach.people.access import Person

_Submitter: Any = aliased(Account)
_Decider: Any = aliased(Account)

#: Of a submission and its stage: that somebody has to decide.
_WAITS = (
    col(PlanSubmission.state) == SubmissionState.SUBMITTED,
    col(Stage.status) == Status.OPENED,
)


class Stand(StrEnum):
    """Where the plan of a stage stands; `CHANGED` holds proposals that nobody has approved."""

    NO_PLAN = "no_plan"
    DRAFT = "draft"
    SUBMITTED = "submitted"
    SENT_BACK = "sent_back"
    APPROVED = "approved"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class SubmissionLine:
    """A plan that was handed in, with the names people know; without its places."""

    id: int
    stage_id: int
    stage: str
    campaign: str
    branch_id: int
    branch: str
    state: SubmissionState
    note: str
    submitted_by: str
    submitted_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the plan of one stage stands.

    Attributes
    ----------
    proposals
        Visits to come of which no official knows yet.
    latest
        What was handed in last and not taken back.
    approved
        What was approved last.
    is_overtaken
        Whether the plan has changed since it was handed in, so that it has to be again.
    approvers
        Who may decide on it, while somebody has to.
    """

    stage_id: int
    stage: str
    stand: Stand
    proposals: int
    latest: SubmissionLine | None
    approved: SubmissionLine | None
    is_overtaken: bool = False
    approvers: tuple[str, ...] = ()


def standing_of_stage(db: Session, person: Person, stage_id: int, today: date) -> Standing:
    """Tell where the plan of a stage stands.

    Raises
    ------
    NotFound
        If the stage is missing or outside the person's area.
    """
    return _standings(db, [stage_of(db, person, stage_id)], today)[0]


def open_standings(db: Session, person: Person, today: date) -> list[Standing]:
    """Tell where the plans of all open stages in the person's area stand, the earliest first."""
    query = select(Stage).where(
        col(Stage.status) == Status.OPENED,
        col(Stage.branch_id).in_(visible_branches(db, person)),
    )
    stages = db.scalars(query.order_by(col(Stage.starts), col(Stage.id))).all()
    return _standings(db, stages, today)


def waiting_for(db: Session, person: Person) -> list[SubmissionLine]:
    """List the plans that wait for this manager's decision, the longest waiting first."""
    return _held_by(db, person, _lines(db, *_WAITS))


def count_waiting(db: Session, person: Person) -> int:
    """Count the plans that wait for this manager's decision: each page of theirs tells it."""
    query: Any = select(col(Stage.branch_id)).join(
        PlanSubmission, col(PlanSubmission.stage_id) == col(Stage.id)
    )
    branches = db.scalars(query.where(*_WAITS)).all()
    held = _held(db, person, set(branches))
    return sum(branch_id in held for branch_id in branches)


def lately_decided(db: Session, person: Person, most: int) -> list[SubmissionLine]:
    """List what was decided lately in this manager's area, the latest first."""
    decided = (SubmissionState.APPROVED, SubmissionState.SENT_BACK)
    lines = _lines(db, col(PlanSubmission.state).in_(decided))
    lines.sort(key=lambda line: (line.decided_at or line.submitted_at, line.id), reverse=True)
    return _held_by(db, person, lines)[:most]


def line_of(db: Session, submission_id: int) -> SubmissionLine:
    """Read one submission with its names; that the person may see it is known."""
    return _lines(db, col(PlanSubmission.id) == submission_id)[0]


def approvers_of(db: Session, branch_id: int) -> tuple[str, ...]:
    """Names of the managers who may decide on the plans of a branch, in order."""
    query: Any = (
        select(col(Account.id), col(Account.name), col(AccountArea.code))
        .join(AccountArea, col(AccountArea.account_id) == col(Account.id))
        .where(col(Account.role) == Role.MANAGER, col(Account.is_active))
    )
    areas: dict[tuple[int, str], list[str]] = defaultdict(list)
    for account_id, name, code in db.execute(query):
        areas[account_id, name].append(code)
    served = branch_regencies(db, branch_id)
    holding = [
        name
        for (_, name), codes in areas.items()
        if served and all(covers(codes, one) for one in served)
    ]
    return tuple(sorted(holding))


def _standings(db: Session, stages: Sequence[Stage], today: date) -> list[Standing]:
    ids = [stage.id or 0 for stage in stages]
    visits = _count_visits(db, ids, today)
    not_withdrawn = col(PlanSubmission.state) != SubmissionState.WITHDRAWN
    latest = _latest(db, ids, not_withdrawn)
    approved = _latest(db, ids, col(PlanSubmission.state) == SubmissionState.APPROVED)
    return [
        _standing(db, stage, visits.get(of, (0, 0)), latest.get(of), approved.get(of), today)
        for stage, of in zip(stages, ids, strict=True)
    ]


def _standing(
    db: Session,
    stage: Stage,
    visits: tuple[int, int],
    latest: SubmissionLine | None,
    approved: SubmissionLine | None,
    today: date,
) -> Standing:
    stand = _stand(visits, latest)
    waits = stand is Stand.SUBMITTED and latest is not None
    return Standing(
        stage_id=stage.id or 0,
        stage=stage.name,
        stand=stand,
        proposals=visits[1],
        latest=latest,
        approved=approved,
        is_overtaken=waits and latest is not None and has_changed(db, latest.id, today),
        approvers=approvers_of(db, stage.branch_id) if stand is not Stand.APPROVED else (),
    )


def has_changed(db: Session, submission_id: int, today: date) -> bool:
    """Whether the plan is another by now than the one that was handed in."""
    submission = db.get_one(PlanSubmission, submission_id)
    live = places_of_stage(db, submission.stage_id)
    return is_overtaken(read_places(submission.places), live, today)


def _stand(visits: tuple[int, int], latest: SubmissionLine | None) -> Stand:
    standing, proposals = visits
    if latest is not None and latest.state is SubmissionState.SUBMITTED:
        return Stand.SUBMITTED
    if not standing or (latest is None and not proposals):
        return Stand.NO_PLAN  # or one from before there were approvals: nothing to decide on
    if latest is None:
        return Stand.DRAFT
    if latest.state is SubmissionState.SENT_BACK:
        return Stand.SENT_BACK
    return Stand.CHANGED if proposals else Stand.APPROVED


def _count_visits(db: Session, stage_ids: Iterable[int], today: date) -> dict[int, tuple[int, int]]:
    """Count per stage the visits that stand, and those to come that are only proposed."""
    is_proposal = and_(col(Visit.work) == Work.PROPOSED, col(Visit.day) >= today)
    query: Any = (
        select(col(Visit.stage_id), func.count(), func.sum(case((is_proposal, 1), else_=0)))
        .where(col(Visit.stage_id).in_(stage_ids), col(Visit.work).in_(ACTIVE))
        .group_by(col(Visit.stage_id))
    )
    return {stage_id: (visits, proposals) for stage_id, visits, proposals in db.execute(query)}


def _latest(db: Session, stage_ids: Iterable[int], *which: Any) -> dict[int, SubmissionLine]:
    """Read the last submission of each stage that is one of *which*."""
    last = (
        select(func.max(col(PlanSubmission.id)))
        .where(col(PlanSubmission.stage_id).in_(stage_ids), *which)
        .group_by(col(PlanSubmission.stage_id))
    )
    return {line.stage_id: line for line in _lines(db, col(PlanSubmission.id).in_(last))}


def _lines(db: Session, *which: Any) -> list[SubmissionLine]:
    query: Any = (
        select(
            col(PlanSubmission.id),
            col(PlanSubmission.stage_id),
            col(Stage.name),
            col(Campaign.name),
            col(Stage.branch_id),
            col(Branch.name),
            col(PlanSubmission.state),
            col(PlanSubmission.note),
            _Submitter.name,
            col(PlanSubmission.submitted_at),
            _Decider.name,
            col(PlanSubmission.decided_at),
            col(PlanSubmission.reason),
        )
        .join(Stage, col(Stage.id) == col(PlanSubmission.stage_id))
        .join(Campaign, col(Campaign.id) == col(Stage.campaign_id))
        .join(Branch, col(Branch.id) == col(Stage.branch_id))
        .join(_Submitter, _Submitter.id == col(PlanSubmission.submitted_by))
        .outerjoin(_Decider, _Decider.id == col(PlanSubmission.decided_by))
        .where(*which)
        .order_by(col(PlanSubmission.id))
    )
    return [SubmissionLine(*row) for row in db.execute(query)]


def _held_by(db: Session, person: Person, lines: Sequence[SubmissionLine]) -> list[SubmissionLine]:
    """Keep the lines of branches that lie in the person's area as a whole."""
    held = _held(db, person, {line.branch_id for line in lines})
    return [line for line in lines if line.branch_id in held]


def _held(db: Session, person: Person, branches: Collection[int]) -> set[int]:
    """Keep the branches that lie in the person's area as a whole."""
    if not branches:
        return set()
    query: Any = select(col(BranchRegency.branch_id), col(BranchRegency.regency_code))
    rows = db.execute(query.where(col(BranchRegency.branch_id).in_(branches))).all()
    beyond = {branch_id for branch_id, code in rows if not covers(person.areas, code)}
    return {branch_id for branch_id, _ in rows} - beyond
