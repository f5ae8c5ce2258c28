"""Re-plans with the least harm: the difference is drafted first, then applied as a whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlmodel import col

from outreach.campaigns.access import holds_branch
from outreach.campaigns.stages import require_planner, stage_of
from outreach.campaigns.tables import Pick, Stage, StagePick, StageVillage, Status
from outreach.errors import Conflict, NotFound
from outreach.people.closures import ClosedPeriodIn, add_period
from outreach.people.edits import locked
from outreach.people.tables import TeamLeave
from outreach.people.teams import LeaveIn, add_leave
from outreach.villages.tables import ClosedPeriod
from outreach.visits.causes import (
    MODELS,
    AfterCancelling,
    AreaClosed,
    TeamAway,
    Told,
    VillageAdded,
    VillageCancels,
    cause_of,
)
from outreach.visits.lifecycle import Author, settle
from outreach.visits.moving import set_times_without
from outreach.visits.openings import add_visit, place_visit
from outreach.visits.other_stages import refuse_while_planned
from outreach.visits.question import local_day
from outreach.visits.replan_draft import KEPT, Change, draft_of
from outreach.visits.stays import cut_short
from outreach.visits.tables import Cause, Happening, Replan, ReplanState
from outreach.visits.teamday import lock_teams, take_visits

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlmodel import Session

    from outreach.people.access import Person

#: So many re-plans of a stage are listed, the latest first.
LISTED = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """A re-plan as it is shown: what was told, what changes, and the road before and after."""

    replan: Replan
    told: Told
    changes: tuple[Change, ...]
    travel_before: int
    travel_after: int
    travel_unticked: int
    elsewhere: int

    @property
    def moved(self) -> list[Change]:
        """Visits that get another place, and villages that get one."""
        return [one for one in self.changes if one.place is not None and not one.stays]

    @property
    def ended(self) -> list[Change]:
        """Visits that lose their day and get none."""
        lost = [one for one in self.changes if one.place is None and one.before is not None]
        return [one for one in lost if not one.stays]

    @property
    def left(self) -> list[Change]:
        """Villages that had no visit and get none."""
        return [one for one in self.changes if one.place is None and one.before is None]

    @property
    def open_problems(self) -> list[Change]:
        """Confirmed visits that nobody allowed to move: they stand where they cannot be held."""
        return [one for one in self.changes if one.stays]

    @property
    def ending(self) -> Happening:
        """What happens to visits that lose their day and get none."""
        told = self.told
        is_over = isinstance(told, VillageCancels) and told.outcome is AfterCancelling.CANCELLED
        return Happening.CANCELLED if is_over else Happening.POSTPONED

    @property
    def promises(self) -> int:
        """How many villages that knew of their day are touched."""
        return sum(one.was_promised and not one.stays for one in self.changes)


def draft_replan(db: Session, stage_id: int, told: Told, *, by: Person, now: datetime) -> Replan:
    """Find out what a cause changes and keep it to be looked at; the plan stays as it is.

    Raises
    ------
    NotFound
        If the stage, or what the cause speaks of, is missing or outside the person's area.
    NotAllowed
        If the person is no coordinator.
    Conflict
        If the stage is not open, as `refuse_while_planned`, or as `draft_of`.
    Invalid
        As `draft_of`.
    """
    stage = _plannable(db, stage_id, by)
    draft = draft_of(db, stage, told, local_day(db, stage.branch_id, now))
    figures = {
        "travel_before": draft.travel_before,
        "travel_after": draft.travel_after,
        "travel_unticked": draft.travel_unticked,
        "elsewhere": draft.elsewhere,
    }
    made = Replan(
        stage_id=stage_id,
        cause=cause_of(told),
        facts={"told": told.model_dump(mode="json"), **figures},
        changes=[one.told() for one in draft.changes],
        made_by=by.account_id,
        made_at=now,
    )
    db.add(made)
    db.flush()  # for its id
    return made


def difference_of(db: Session, person: Person, replan_id: int) -> Difference:
    """Read one re-plan with its changes.

    Raises
    ------
    NotFound
        If it is missing or any part of its branch lies outside the person's area.
    """
    found = db.get(Replan, replan_id)
    if found is None:
        raise NotFound(kind="Replan", id=replan_id)
    _require_whole(db, person, found.stage_id)
    return _told_of(found)


def replans_of_stage(db: Session, person: Person, stage_id: int) -> list[Difference]:
    """List the last re-plans of a stage, the latest first.

    Raises
    ------
    NotFound
        If the stage is missing or any part of its branch lies outside the person's area.
    """
    _require_whole(db, person, stage_id)
    query = select(Replan).where(col(Replan.stage_id) == stage_id)
    rows = db.scalars(query.order_by(col(Replan.id).desc()).limit(LISTED))
    return [_told_of(one) for one in rows]


def apply_replan(
    db: Session,
    replan_id: int,
    allowed: Collection[int],
    version: int,
    *,
    by: Person,
    now: datetime,
) -> Replan:
    """Make all changes of a draft at once, after looking at each again.

    Confirmed visits move only when they are among `allowed`; the others stay and are kept as
    open problems. What the cause itself says (leave, a closed region) is written too.

    Raises
    ------
    NotFound
        If the re-plan is missing or outside the person's area.
    NotAllowed
        If the person is no coordinator.
    Conflict
        If the draft was settled, somebody saw another version, the stage is not open, as
        `refuse_while_planned`, or anything it stands on has changed since (`replan_stale`): then
        nothing is written and the difference has to be drafted anew.
    """
    replan, stage = _draft_to_settle(db, replan_id, version, by)
    seen = _told_of(replan)
    _write_cause(db, stage, seen.told, by)
    author = Author(by, now, _reason_of(seen.told))
    done = [_decided(seen, one, allowed) for one in seen.changes]
    _take_days(db, done)
    leaving = {one.visit_id for one in done if one.visit_id is not None and not one.stays}
    for change in done:
        if not change.stays:
            _do(db, stage, change, author, leaving, seen.ending)
    if isinstance(seen.told, TeamAway):
        cut_short(db, seen.told.team_id, seen.told.first)
    replan.changes = [one.told() for one in done]
    _settle(replan, ReplanState.APPLIED, now)
    return replan


def discard_replan(
    db: Session, replan_id: int, version: int, *, by: Person, now: datetime
) -> Replan:
    """Put a draft aside; the plan stays as it is.

    Raises
    ------
    NotFound, NotAllowed, Conflict
        As `apply_replan`.
    """
    replan, _ = _draft_to_settle(db, replan_id, version, by)
    _settle(replan, ReplanState.DISCARDED, now)
    return replan


def _require_whole(db: Session, person: Person, stage_id: int) -> None:
    """Let only those read a re-plan who may see every village it names."""
    stage = stage_of(db, person, stage_id)
    if not holds_branch(db, stage.branch_id, person):
        raise NotFound(kind="Stage", id=stage_id)


def why_left_out(db: Session, seen: Difference) -> str | None:
    """Say why the village that a draft adds was left out by hand; None if it was not."""
    if not isinstance(seen.told, VillageAdded):
        return None
    pick = db.get(StagePick, (seen.replan.stage_id, seen.told.village_code))
    return pick.reason if pick is not None and pick.pick is Pick.LEFT_OUT else None


def _reason_of(told: Told) -> str:
    return told.reason if isinstance(told, AreaClosed) else told.why


def _plannable(db: Session, stage_id: int, by: Person) -> Stage:
    stage = stage_of(db, by, stage_id)
    require_planner(db, stage.branch_id, by)
    if stage.status is not Status.OPENED:
        raise Conflict(problem="stage_not_open", status=stage.status)
    refuse_while_planned(db, stage)
    return stage


def _draft_to_settle(db: Session, replan_id: int, version: int, by: Person) -> tuple[Replan, Stage]:
    """Take the draft and all teams of the branch, and see that it still waits."""
    stage = _plannable(db, difference_of(db, by, replan_id).replan.stage_id, by)
    lock_teams(db, stage.branch_id)
    replan = locked(db, Replan, replan_id)
    if replan.state is not ReplanState.DRAFTED:
        raise Conflict(problem="replan_settled", state=replan.state)
    if replan.version != version:
        raise Conflict(problem="changed_meanwhile")
    return replan, stage


def _take_days(db: Session, changes: Collection[Change]) -> None:
    """Take every visit of the days that change, at once: one after the other is no order."""
    ids = [one.visit_id for one in changes if one.visit_id is not None]
    take_visits(db, ids, [(one.place.team_id, one.place.day) for one in changes if one.place])


def _settle(replan: Replan, state: ReplanState, now: datetime) -> None:
    replan.state, replan.settled_at = state, now
    replan.version += 1


def _told_of(replan: Replan) -> Difference:
    facts = replan.facts
    return Difference(
        replan,
        MODELS[Cause(replan.cause)].model_validate(facts["told"]),
        tuple(Change.read(one) for one in replan.changes),
        facts["travel_before"],
        facts["travel_after"],
        facts.get("travel_unticked", facts["travel_after"]),  # drafts of before have none
        facts["elsewhere"],
    )


def _write_cause(db: Session, stage: Stage, told: Told, by: Person) -> None:
    """Write down what the cause itself says, so that nothing else is planned into it."""
    if isinstance(told, TeamAway):
        _write_leave(db, told, by)
    elif isinstance(told, AreaClosed):
        _write_closure(db, told, by)
    elif isinstance(told, VillageAdded):
        _write_village(db, stage, told)
    db.flush()  # before the places are looked at again


def _write_leave(db: Session, told: TeamAway, by: Person) -> None:
    """Note the leave, unless the team's page has it already."""
    noted = select(col(TeamLeave.id)).where(
        col(TeamLeave.team_id) == told.team_id,
        col(TeamLeave.starts) <= told.first,
        col(TeamLeave.ends) >= told.last,
    )
    if db.scalars(noted.limit(1)).first() is None:
        leave = LeaveIn(starts=told.first, ends=told.last, reason=told.why)
        add_leave(db, told.team_id, leave, by=by)


def _write_closure(db: Session, told: AreaClosed, by: Person) -> None:
    noted = select(col(ClosedPeriod.id)).where(
        col(ClosedPeriod.region_code) == told.region_code,
        col(ClosedPeriod.starts) <= told.first,
        col(ClosedPeriod.ends) >= told.last,
    )
    if db.scalars(noted.limit(1)).first() is None:
        given = ClosedPeriodIn(
            region_code=told.region_code,
            starts=told.first,
            ends=told.last,
            closure=told.closure,
            note=told.why[:200],
        )
        add_period(db, given, by=by)


def _write_village(db: Session, stage: Stage, told: VillageAdded) -> None:
    """Take the village into the stage, for later plans of it too."""
    key = (stage.id, told.village_code)
    if db.get(StageVillage, key) is None:
        ranks = select(func.max(col(StageVillage.rank))).where(
            col(StageVillage.stage_id) == stage.id
        )
        last = db.scalar(ranks) or 0
        db.add(
            StageVillage(
                stage_id=stage.id or 0, village_code=told.village_code, rank=last + 1, score=0.0
            )
        )
    pick = db.get(StagePick, key)
    if pick is None:
        db.add(
            StagePick(
                stage_id=stage.id or 0,
                village_code=told.village_code,
                pick=Pick.FIRST,
                reason=told.why,
            )
        )
    elif pick.pick is not Pick.FIRST or told.why:
        # Why it was left out is no reason to put it first.
        pick.pick, pick.reason = Pick.FIRST, told.why


def _decided(seen: Difference, change: Change, allowed: Collection[int]) -> Change:
    """Let a confirmed visit stay, unless its move was allowed or is the village's own wish."""
    own_wish = Cause(seen.replan.cause) is Cause.VILLAGE_CANCELS
    may_move = own_wish or not change.was_confirmed or change.visit_id in allowed
    return change if may_move else replace(change, stays=True)


def _do(
    db: Session,
    stage: Stage,
    change: Change,
    author: Author,
    leaving: Collection[int],
    ending: Happening,
) -> None:
    try:
        if change.place is None:
            _end(db, change, author, leaving, ending)
        elif change.visit_id is None:
            add_visit(db, stage.id or 0, change.village_code, change.place, author, firm=KEPT)
        else:
            place_visit(
                db,
                change.visit_id,
                change.place,
                author,
                change.version,
                leaving=leaving,
                keep_start=True,
                firm=KEPT,
            )
    except Conflict as error:
        raise Conflict(problem="replan_stale", villages=[change.village_code]) from error
    _write_reason(db, stage, change)


def _end(
    db: Session, change: Change, author: Author, leaving: Collection[int], ending: Happening
) -> None:
    """Give the day back, when there was one: the village waits for a new one, or wants none."""
    if change.visit_id is not None:
        gone = settle(db, change.visit_id, ending, author, version=change.version)
        db.flush()  # before the rest of its day is read
        set_times_without(db, (gone.team_id, gone.day), author, leaving)


def _write_reason(db: Session, stage: Stage, change: Change) -> None:
    if waiting := db.get(StageVillage, (stage.id, change.village_code)):
        told = change.reason, change.remedy, change.remedy_amount
        waiting.reason, waiting.remedy, waiting.remedy_amount = told
