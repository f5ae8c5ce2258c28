"""Moves a visit by hand: never moves what is confirmed silently, keeps it all."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field
from sqlalchemy.exc import IntegrityError

from outreach.campaigns.stages import require_planner
from outreach.campaigns.tables import Stage, Status
from outreach.errors import Conflict, Invalid, NotFound
from outreach.people.tables import Team
from outreach.visits.elsewhere import refuse_if_elsewhere
from outreach.visits.lifecycle import (
    Author,
    check_reason,
    check_version,
    visit_of,
    write_event,
)
from outreach.visits.links import renew_link
from outreach.visits.question import local_day
from outreach.visits.saving import told_place
from outreach.visits.slots import put_at
from outreach.visits.tables import ACTIVE, REPORTED, Channel, Happening, Visit, Work
from outreach.visits.teamday import (
    Stop,
    TeamAndDay,
    day_of_team,
    lock_teams,
    stops_of,
    take_visits,
    visits_on,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlmodel import Session

    from outreach.people.access import Person

#: What becomes of a visit that is moved: a confirmed one has to be confirmed anew, one that had
#: ended is proposed again. What does not stand here does not move.
AFTER_A_MOVE = {
    Work.PROPOSED: Work.PROPOSED,
    Work.AWAITING: Work.AWAITING,
    Work.CONFIRMED: Work.AWAITING,
    Work.POSTPONED: Work.PROPOSED,
    Work.UNREACHABLE: Work.PROPOSED,
    Work.RETURNED: Work.PROPOSED,
}

#: What a village is asked for: a link for anything else than this is out of date.
OFFERED = ("team_id", "day", "starts_at", "work")


class MoveIn(BaseModel):
    """Where a person wants a visit: its start follows from the order of the slots.

    `also_confirmed` says that visits an official has confirmed may move too; `insert` that those
    at the slot and after it make room.
    """

    team_id: int = Field(ge=1, le=2**31 - 1)
    day: date
    slot: int = Field(ge=1, le=3)
    also_confirmed: bool = False
    insert: bool = False


def move_visit(
    db: Session,
    visit_id: int,
    to: MoveIn,
    *,
    version: int,
    by: Person,
    now: datetime,
    reason: str = "",
) -> Visit:
    """Give a visit another team, day or slot, and set the times of both days anew.

    A confirmed visit that moves, or whose start changes, has to be confirmed anew.

    Raises
    ------
    NotFound
        If the visit or the team is missing or outside the person's area.
    NotAllowed
        If the person is no coordinator.
    Conflict
        If the visit was reported or cancelled, its stage is closed, somebody changed it since
        `version`, the slot is taken, the village has another visit, in this or, for one that
        had ended, in another stage of the campaign, confirmed visits would move and
        `also_confirmed` is not set, or the day would not end before midnight.
    Invalid
        If the day is past, or the reason may not be kept.
    """
    stage = db.get_one(Stage, visit_of(db, by, visit_id).stage_id)
    require_planner(db, stage.branch_id, by)
    return relocate(db, visit_id, to, Author(by, now, reason), version=version)


def relocate(
    db: Session,
    visit_id: int,
    to: MoveIn,
    author: Author,
    *,
    version: int | None = None,
    leaving: Collection[int] = (),
    not_before_minute: int = 0,
    alone: bool = False,
) -> Visit:
    """Do what `move_visit` does, for an author whose right to move the visit is known.

    Visits that are `leaving` their day as well get no new time there; the visit itself does not
    start before `not_before_minute`. With `alone` what `to.also_confirmed` allows is meant for
    the visit itself: no other confirmed one gets another start.

    Raises
    ------
    NotFound, Conflict, Invalid
        As `move_visit` has them.
    """
    check_reason(Happening.MOVED, author.reason)
    stage = db.get_one(Stage, db.get_one(Visit, visit_id).stage_id)
    team = team_of_branch(db, to.team_id, stage.branch_id)
    lock_teams(db, stage.branch_id)
    _require_open(db, stage, to, author.now)
    visit = _take(db, visit_id, to, version)
    left = visit.team_id, visit.day
    before = told_move(visit)
    told = told_on(db, to.team_id, to.day)
    _place(db, visit, to)
    allowed, earliest = to.also_confirmed and not alone, not_before_minute
    _set_times(db, team, to.day, visit, author, told, also_confirmed=allowed, earliest=earliest)
    if left != (to.team_id, to.day):
        set_times_without(db, left, author, leaving)
    note_move(db, visit, before, author)
    return visit


def set_times_after(
    db: Session, added: Visit, author: Author, told: Mapping[int, dict[str, Any]]
) -> None:
    """Set the times of a day to which a visit was added; a Conflict if a confirmed one would move.

    `told` is how the others stood before, from `told_on`.
    """
    team = db.get_one(Team, added.team_id)
    _set_times(db, team, added.day, added, author, told)


def set_times_without(
    db: Session, left: TeamAndDay, author: Author, leaving: Collection[int] = ()
) -> None:
    """Set the times of the day that a visit has left; every start that a village knows stays.

    A visit that goes makes room, so nothing but the way changes for those who were told.
    """
    for stop in stops_left(db, *left, leaving):
        if stop.visit.work not in REPORTED:
            _set_time(db, stop, told_move(stop.visit), author)


def stops_left(db: Session, team_id: int, day: date, without: Collection[int]) -> list[Stop]:
    """Time a day as it is once these visits have left it."""
    team = db.get_one(Team, team_id)
    rest = [(one.slot, one) for one in visits_on(db, team_id, day) if one.id not in without]
    return [stop.as_told() for stop in stops_of(db, day_of_team(db, team, day), rest)]


def told_on(db: Session, team_id: int, day: date) -> dict[int, dict[str, Any]]:
    """Tell how the visits of a day stand, for their history."""
    return {one.id or 0: told_move(one) for one in visits_on(db, team_id, day)}


def firm_of(stops: Sequence[Stop], moved: Visit) -> list[str]:
    """Villages other than the moved one's that have confirmed a time which would change."""
    return [
        stop.visit.village_code
        for stop in stops
        if stop.visit is not moved and stop.visit.work is Work.CONFIRMED and stop.is_shifted
    ]


def team_of_branch(db: Session, team_id: int, branch_id: int) -> Team:
    """Read a team of the branch; one of another branch reads like none.

    Raises
    ------
    NotFound
        If there is none.
    """
    team = db.get(Team, team_id)
    if team is None or team.branch_id != branch_id:
        raise NotFound(kind="Team", id=team_id)
    return team


def _require_open(db: Session, stage: Stage, to: MoveIn, now: datetime) -> None:
    db.refresh(stage)  # who closes it had the teams before
    if stage.status is Status.CLOSED:
        raise Conflict(problem="closed")
    if to.day < local_day(db, stage.branch_id, now):
        raise Invalid(problems={"day": ["in_the_past"]})


def _take(db: Session, visit_id: int, to: MoveIn, version: int | None) -> Visit:
    """Take the visit with both days, and see that it may move."""
    taken = take_visits(db, (visit_id,), [(to.team_id, to.day)])
    (visit,) = (one for one in taken if one.id == visit_id)
    check_version(visit, version, to.model_dump(include={"team_id", "day", "slot"}))
    if visit.work not in AFTER_A_MOVE:
        raise Conflict(problem="wrong_status", status=visit.work, wanted=Happening.MOVED)
    if visit.work is Work.CONFIRMED and not to.also_confirmed:
        raise Conflict(problem="confirmed", villages=[visit.village_code])
    if visit.work not in ACTIVE:
        refuse_if_elsewhere(db, visit.stage_id, visit.village_code)
    return visit


def _place(db: Session, visit: Visit, to: MoveIn) -> None:
    """Put the visit there and let the tables refuse a double booking."""
    work = AFTER_A_MOVE[visit.work]
    try:
        with db.begin_nested():
            if to.insert:
                put_at(db, visit, to.team_id, to.day, to.slot, work)
            else:
                visit.team_id, visit.day, visit.slot = to.team_id, to.day, to.slot
                visit.work = work
                db.flush()  # to hear now whether the slot is free
    except IntegrityError as error:
        at_slot = [one for one in visits_on(db, to.team_id, to.day) if one.slot == to.slot]
        taken = bool(at_slot) and not to.insert
        problem = "slot_taken" if taken else "village_has_visit"
        villages = [one.village_code for one in at_slot] if taken else [visit.village_code]
        raise Conflict(problem=problem, day=to.day, slot=to.slot, villages=villages) from error


def _set_times(
    db: Session,
    team: Team,
    day: date,
    moved: Visit,
    author: Author,
    told: Mapping[int, dict[str, Any]],
    *,
    also_confirmed: bool = False,
    earliest: int = 0,
) -> None:
    """Write the times that follow from the order of a day; those reported keep theirs.

    `told` is how the visits of the day stood before their slots were numbered anew.
    """
    ordered = [(one.slot, one) for one in visits_on(db, team.id or 0, day)]
    stops = stops_of(db, day_of_team(db, team, day), ordered, moved, earliest)
    firm = firm_of(stops, moved)
    if firm and not also_confirmed:
        raise Conflict(problem="confirmed_would_move", villages=firm)
    for stop in stops:
        if stop.visit.work not in REPORTED:
            before = told.get(stop.visit.id or 0) or told_move(stop.visit)
            _set_time(db, stop, before, author, is_moved=stop.visit is moved)


def _set_time(
    db: Session, stop: Stop, before: dict[str, Any], author: Author, *, is_moved: bool = False
) -> None:
    visit, shifted = stop.visit, stop.is_shifted
    visit.starts_at = stop.starts_at
    visit.travel_minutes = stop.planned.travel_minutes
    visit.return_minutes = stop.planned.return_minutes
    if not is_moved and before != told_move(visit):
        visit.work = AFTER_A_MOVE[visit.work] if shifted else visit.work
        # Its village has not asked for it, by whatever way the other one did.
        note_move(db, visit, before, replace(author, channel=Channel.PRODUCT))


def note_move(db: Session, visit: Visit, before: dict[str, Any], author: Author) -> None:
    """Write into the history that a visit moved from `before`, and see to its link."""
    visit.version += 1
    after = told_move(visit)
    write_event(db, visit, Happening.MOVED, before, after, author)
    if any(before[name] != after[name] for name in OFFERED):
        renew_link(db, visit, author.now)


def told_move(visit: Visit) -> dict[str, Any]:
    """Tell a visit's place, way and status, as the history of moves keeps them."""
    travel = {"travel_minutes": visit.travel_minutes, "return_minutes": visit.return_minutes}
    return {**told_place(visit.model_dump()), **travel, "work": visit.work.value}
