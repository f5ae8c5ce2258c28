"""Moves a visit by hand: warns first, never moves what is confirmed silently, keeps it all."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from outreach.campaigns.stages import require_planner
from outreach.campaigns.tables import Stage, Status
from outreach.errors import Conflict, Invalid, NotFound
from outreach.people.edits import locked
from outreach.people.tables import Team
from outreach.planning.check import Rule, violations_of_day
from outreach.villages.calendar import why_closed
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
from outreach.visits.slots import MOST_SLOTS, put_at
from outreach.visits.tables import ACTIVE, Channel, Happening, Visit, Work
from outreach.visits.teamday import (
    HELD,
    Stop,
    day_of_team,
    lock_teams,
    stops_of,
    visits_on,
    why_team_stays,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
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


@dataclass(frozen=True, slots=True)
class MoveWarning:
    """Something a person should know before moving a visit.

    `code` is the value of a `planning.check.Rule` or of a `planning.workdays.ClosedKind`, or one
    of `outside_stage`, `in_the_past`, `slot_taken`, `day_full`, `village_has_visit`, `confirmed`,
    `confirmed_would_move`.
    """

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def warnings_of_move(
    db: Session, visit_id: int, to: MoveIn, *, by: Person, now: datetime
) -> tuple[MoveWarning, ...]:
    """Tell what is wrong with a move, without writing anything; empty when nothing is.

    Raises
    ------
    NotFound
        If the visit or the team is missing or outside the person's area.
    Conflict
        If the last session of the day would not start before midnight.
    """
    visit = visit_of(db, by, visit_id)
    stage = db.get_one(Stage, visit.stage_id)
    team = team_of_branch(db, to.team_id, stage.branch_id)
    return (
        *_calendar_warnings(db, stage, team, to, local_day(db, stage.branch_id, now)),
        *_order_warnings(db, visit, team, to),
    )


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
        `version`, the slot is taken, the village has another visit, confirmed visits would
        move and `also_confirmed` is not set, or the day would not end before midnight.
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
) -> Visit:
    """Do what `move_visit` does, for an author whose right to move the visit is known.

    Visits that are `leaving` their day as well get no new time there; the visit itself does not
    start before `not_before_minute`.

    Raises
    ------
    NotFound, Conflict, Invalid
        As `move_visit` has them.
    """
    check_reason(Happening.MOVED, author.reason)
    stage = db.get_one(Stage, db.get_one(Visit, visit_id).stage_id)
    team = team_of_branch(db, to.team_id, stage.branch_id)
    _require_open(db, stage, to, author.now)
    visit = _take(db, visit_id, to, version)
    left = db.get_one(Team, visit.team_id), visit.day
    before = told_move(visit)
    told = told_on(db, to.team_id, to.day)
    _place(db, visit, to)
    allowed, earliest = to.also_confirmed, not_before_minute
    _set_times(db, team, to.day, visit, author, told, also_confirmed=allowed, earliest=earliest)
    if (left[0].id, left[1]) != (to.team_id, to.day):
        _set_times(db, *left, visit, author, {}, also_confirmed=allowed, leaving=leaving)
    note_move(db, visit, before, author)
    return visit


def set_times_after(
    db: Session, added: Visit, author: Author, told: Mapping[int, dict[str, Any]]
) -> None:
    """Set the times of a day to which a visit was added; a Conflict if a confirmed one would move.

    `told` is how the others stood before, from `told_on`.
    """
    team = db.get_one(Team, added.team_id)
    _set_times(db, team, added.day, added, author, told, also_confirmed=False)


def set_times_without(
    db: Session, gone: Visit, author: Author, leaving: Collection[int] = ()
) -> None:
    """Set the times of the day that a visit has left; what a village was told stays."""
    team = db.get_one(Team, gone.team_id)
    _set_times(db, team, gone.day, gone, author, {}, also_confirmed=False, leaving=leaving)


def told_on(db: Session, team_id: int, day: date) -> dict[int, dict[str, Any]]:
    """Tell how the visits of a day stand, for their history."""
    return {one.id or 0: told_move(one) for one in visits_on(db, team_id, day)}


def _calendar_warnings(
    db: Session, stage: Stage, team: Team, to: MoveIn, today: date
) -> Iterator[MoveWarning]:
    for closed in why_team_stays(db, team, to.day):
        facts = {"name": closed.name, "is_estimate": closed.is_estimate}
        yield MoveWarning(closed.kind.value, facts)
    if not stage.starts <= to.day <= stage.ends:
        yield MoveWarning("outside_stage", {"starts": stage.starts, "ends": stage.ends})
    if to.day < today:
        yield MoveWarning("in_the_past")


def _order_warnings(db: Session, visit: Visit, team: Team, to: MoveIn) -> Iterator[MoveWarning]:
    """Tell what is wrong with the two days in their new order."""
    others = [one for one in visits_on(db, to.team_id, to.day) if one.id != visit.id]
    taken = [one.village_code for one in others if one.slot == to.slot]
    if to.insert and len(others) >= MOST_SLOTS:
        yield MoveWarning("day_full", {"villages": [one.village_code for one in others]})
    elif taken and not to.insert:
        yield MoveWarning("slot_taken", {"villages": taken})
    if _has_another(db, visit):
        yield MoveWarning("village_has_visit", {"villages": [visit.village_code]})
    team_day = day_of_team(db, team, to.day)
    stops = stops_after(db, visit, team, to)
    sites = {stop.planned.code: stop.site for stop in stops}
    for found in violations_of_day(team_day, [stop.planned for stop in stops], sites):
        # Slots only keep the order, so a gap between them is no fault.
        if found.rule is Rule.VILLAGE_CLOSED:
            facts = {"village_code": found.code, "marks": why_closed(db, found.code, to.day)}
            yield MoveWarning(found.rule.value, facts)
        elif found.rule is not Rule.SLOT_ORDER:
            yield MoveWarning(found.rule.value, {"village_code": found.code, **found.facts})
    if visit.work is Work.CONFIRMED:
        yield MoveWarning("confirmed", {"villages": [visit.village_code]})
    stops += left_behind(db, visit, to)
    if firm := _firm(stops, visit):
        yield MoveWarning("confirmed_would_move", {"villages": firm})


def stops_after(db: Session, visit: Visit, team: Team, to: MoveIn) -> list[Stop]:
    """Time the day that the visit comes to, with it."""
    others = [one for one in visits_on(db, to.team_id, to.day) if one.id != visit.id]
    return stops_of(db, day_of_team(db, team, to.day), _in_order(visit, others, to), visit)


def _in_order(visit: Visit, others: Sequence[Visit], to: MoveIn) -> list[tuple[int, Visit]]:
    """Put the visits of a day, each with its slot, in the order they would have."""
    if to.insert:
        # A slot is the rank among all: those at it and after it make room.
        line = list(others)
        line.insert(to.slot - 1, visit)
        return list(enumerate(line, start=1))
    ordered = [(one.slot, one) for one in others] + [(to.slot, visit)]
    return sorted(ordered, key=lambda pair: (pair[0], pair[1] is visit))


def _has_another(db: Session, visit: Visit) -> bool:
    """Whether a visit that had ended would come back beside the one made in its place."""
    query = select(col(Visit.id)).where(
        col(Visit.stage_id) == visit.stage_id,
        col(Visit.village_code) == visit.village_code,
        col(Visit.id) != visit.id,
        col(Visit.work).in_(ACTIVE),
    )
    return db.scalar(query.limit(1)) is not None


def left_behind(db: Session, visit: Visit, to: MoveIn) -> list[Stop]:
    """Time the day that the visit leaves without it."""
    if (visit.team_id, visit.day) == (to.team_id, to.day):
        return []
    team = db.get_one(Team, visit.team_id)
    rest = [one for one in visits_on(db, visit.team_id, visit.day) if one.id != visit.id]
    return stops_of(db, day_of_team(db, team, visit.day), [(one.slot, one) for one in rest])


def _firm(stops: Sequence[Stop], moved: Visit) -> list[str]:
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
    if stage.status is Status.CLOSED:
        raise Conflict(problem="closed")
    if to.day < local_day(db, stage.branch_id, now):
        raise Invalid(problems={"day": ["in_the_past"]})


def _take(db: Session, visit_id: int, to: MoveIn, version: int | None) -> Visit:
    """Take both teams' calendars and the visit, and see that it may move."""
    team_id = db.scalar(select(col(Visit.team_id)).where(col(Visit.id) == visit_id))
    lock_teams(db, col(Team.id).in_((to.team_id, team_id)))
    visit = locked(db, Visit, visit_id)
    check_version(visit, version, to.model_dump(include={"team_id", "day", "slot"}))
    if visit.work not in AFTER_A_MOVE:
        raise Conflict(problem="wrong_status", status=visit.work, wanted=Happening.MOVED)
    if visit.work is Work.CONFIRMED and not to.also_confirmed:
        raise Conflict(problem="confirmed", villages=[visit.village_code])
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
    also_confirmed: bool,
    leaving: Collection[int] = (),
    earliest: int = 0,
) -> None:
    """Write the times that follow from the order of a day; those reported keep theirs.

    `told` is how the visits of the day stood before their slots were numbered anew.
    """
    stands = [one for one in visits_on(db, team.id or 0, day) if one.id not in leaving]
    ordered = [(one.slot, one) for one in stands]
    stops = stops_of(db, day_of_team(db, team, day), ordered, moved, earliest)
    firm = _firm(stops, moved)
    if firm and not also_confirmed:
        raise Conflict(problem="confirmed_would_move", villages=firm)
    for stop in stops:
        if stop.visit.work not in HELD:
            before = told.get(stop.visit.id or 0) or told_move(stop.visit)
            _set_time(db, stop, moved, before, author)


def _set_time(
    db: Session, stop: Stop, moved: Visit, before: dict[str, Any], author: Author
) -> None:
    visit, shifted = stop.visit, stop.is_shifted
    visit.starts_at = stop.starts_at
    visit.travel_minutes = stop.planned.travel_minutes
    visit.return_minutes = stop.planned.return_minutes
    if visit is not moved and before != told_move(visit):
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
