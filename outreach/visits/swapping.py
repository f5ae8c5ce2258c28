"""Two visits that change places, where both days allow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.campaigns.stages import require_planner
from outreach.campaigns.tables import Stage, Status
from outreach.errors import Conflict, NotFound
from outreach.planning.insertion import places_on
from outreach.visits.lifecycle import Author, check_reason, check_version, visit_of
from outreach.visits.moving import AFTER_A_MOVE, note_move, set_times_after, told_move, told_on
from outreach.visits.openings import open_days, site_of
from outreach.visits.question import local_day
from outreach.visits.tables import TO_COME, Happening, Visit, Work
from outreach.visits.teamday import lock_teams, take_visits, visits_on

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlmodel import Session

    from outreach.people.access import Person


def may_swap(db: Session, first: Visit, second: Visit, today: date) -> bool:
    """Whether two visits can change places and every rule of both days is kept.

    Nobody else who has confirmed would start at another time.
    """
    seats = [(one.team_id, one.day) for one in (first, second)]
    return (
        seats[0] != seats[1]
        and all(one.work in TO_COME and one.day > today for one in (first, second))
        and first.stage_id == second.stage_id
        and _fits(db, first, second)
        and _fits(db, second, first)
    )


def swap_visits(
    db: Session,
    visit_id: int,
    other_id: int,
    *,
    versions: tuple[int, int],
    by: Person,
    now: datetime,
    reason: str,
    also_confirmed: bool = False,
) -> None:
    """Let two visits of a stage change places; a confirmed one has to be confirmed anew.

    Raises
    ------
    NotFound
        If one is missing or outside the person's area, or of another stage.
    NotAllowed
        If the person is no coordinator.
    Conflict
        If the stage is closed, somebody changed one of them, one is confirmed and
        `also_confirmed` is not set, or the days do not allow it (`swap_impossible`).
    Invalid
        If the reason may not be kept.
    """
    check_reason(Happening.MOVED, reason)
    one, other = visit_of(db, by, visit_id), visit_of(db, by, other_id)
    if one.stage_id != other.stage_id:
        raise NotFound(kind="Visit", id=other_id)
    stage = db.get_one(Stage, one.stage_id)
    require_planner(db, stage.branch_id, by)
    if stage.status is Status.CLOSED:
        raise Conflict(problem="closed")
    lock_teams(db, stage.branch_id)
    take_visits(db, (visit_id, other_id))
    for visit, version in zip((one, other), versions, strict=True):
        check_version(visit, version, {"work": visit.work})
        if visit.work is Work.CONFIRMED and not also_confirmed:
            raise Conflict(problem="confirmed", villages=[visit.village_code])
    if not may_swap(db, one, other, local_day(db, stage.branch_id, now)):
        raise Conflict(problem="swap_impossible")
    _exchange(db, one, other, Author(by, now, reason))


def _fits(db: Session, comer: Visit, leaver: Visit) -> bool:
    """Whether one visit fits exactly where the other stands."""
    stage = db.get_one(Stage, leaver.stage_id)
    if comer.id is None or leaver.id is None:
        return False
    days = open_days(db, stage, leaver.day, leaver.day, without=(comer.id, leaver.id))
    site = site_of(db, comer.village_code, leaver.day, leaver.day, comer.session_minutes)
    before = [v for v in visits_on(db, leaver.team_id, leaver.day) if v.slot < leaver.slot]
    return any(
        place.position == len(before) + 1
        for day in days
        if day.team_day.team_id == leaver.team_id
        for place in places_on(site, day)
    )


def _exchange(db: Session, one: Visit, other: Visit, author: Author) -> None:
    told = [told_move(one), told_move(other)]
    seats = [(v.team_id, v.day, v.slot) for v in (one, other)]
    works = [AFTER_A_MOVE[v.work] for v in (one, other)]
    days = [told_on(db, team_id, day) for team_id, day, _ in seats]
    # Out of its slot first, so that the other can come in.
    one.work = Work.POSTPONED
    db.flush()
    other.team_id, other.day, other.slot = seats[0]
    other.work = works[1]
    db.flush()
    one.team_id, one.day, one.slot = seats[1]
    one.work = works[0]
    db.flush()
    set_times_after(db, other, author, days[0])
    set_times_after(db, one, author, days[1])
    note_move(db, one, told[0], author)
    note_move(db, other, told[1], author)
