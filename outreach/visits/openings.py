"""Where a visit or a village without one would still fit, and putting it there."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from outreach.campaigns.choosing import sites_of
from outreach.campaigns.tables import Stage, StageVillage, Status
from outreach.errors import Conflict, NotFound
from outreach.planning.insertion import DayStop, OpenDay, Place, place_at, places, places_on
from outreach.villages.tables import Village
from outreach.visits.day_ways import ways_of
from outreach.visits.elsewhere import refuse_if_elsewhere
from outreach.visits.lifecycle import write_event
from outreach.visits.moving import MoveIn, relocate, set_times_after, told_on
from outreach.visits.saving import told_place
from outreach.visits.slots import put_at
from outreach.visits.stays import team_days
from outreach.visits.tables import ACTIVE, REPORTED, Happening, Visit, Work
from outreach.visits.teamday import TOLD, clock_time, day_minute, lock_teams, take_visits

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlmodel import Session

    from outreach.planning.model import Site, TeamDay, TravelTable
    from outreach.visits.lifecycle import Author

#: The start of these never changes for the sake of another visit.
FIRM = frozenset({Work.CONFIRMED, *REPORTED})


def open_days(
    db: Session,
    stage: Stage,
    first: date,
    last: date,
    *,
    without: Collection[int] = (),
    firm: Collection[Work] = FIRM,
) -> tuple[OpenDay, ...]:
    """Read every team-day of the stage's branch in a span, with the visits that stand on it.

    Their ways are those by which the plan was made.

    Parameters
    ----------
    without
        Visits to look at as if they were not there: those that seek another place.
    firm
        Visits in these statuses keep their start.
    """
    whole = team_days(db, stage.branch_id, first, last) if first <= last else ()
    stops, travel = _stops(db, stage, whole, without, firm)
    return tuple(OpenDay(one, stops.get((one.team_id, one.day), ()), travel) for one in whole)


def openings(db: Session, visit_id: int, *, today: date, most: int = 3) -> tuple[Place, ...]:
    """Find other days of its stage for a visit, from tomorrow on, the nearest and cheapest first.

    Its own day is not among them; nobody who has confirmed would start at another time.

    Raises
    ------
    NotFound
        If there is no such visit.
    """
    visit = _visit(db, visit_id)
    stage = db.get_one(Stage, visit.stage_id)
    first = max(stage.starts, today + timedelta(days=1))
    days = open_days(db, stage, first, stage.ends, without=(visit_id,))
    return places(
        site_of(db, visit.village_code, first, stage.ends, visit.session_minutes),
        [one for one in days if one.team_day.day != visit.day],
        most=most,
        wanted_day=visit.day,
    )


def place_visit(
    db: Session,
    visit_id: int,
    place: Place,
    author: Author,
    version: int | None = None,
    *,
    leaving: Collection[int] = (),
    keep_start: bool = False,
    firm: Collection[Work] = FIRM,
) -> Visit:
    """Move a visit to a place that was found for it, if the place is still as it was.

    The author's right to move it is known. The day's slots are numbered anew, other starts that
    have been confirmed stay; a confirmed visit has to be confirmed anew. `leaving` is as in
    `moving.relocate`. With `keep_start` the start is the one of the place, even if a visit that
    was to come before it that day has stayed away. `firm` is as in `open_days`.

    Raises
    ------
    NotFound
        If there is no such visit.
    Conflict
        If somebody has used the place meanwhile (`opening_gone`), or as `moving.relocate`.
    Invalid
        As `moving.relocate`.
    """
    visit = _visit(db, visit_id)
    stage = db.get_one(Stage, visit.stage_id)
    lock_teams(db, stage.branch_id)
    take_visits(db, (visit_id,), [(place.team_id, place.day)])
    site = site_of(db, visit.village_code, place.day, place.day, visit.session_minutes)
    now = _still_open(db, stage, site, place, without=(visit_id,), keep_start=keep_start, firm=firm)
    to = MoveIn(
        team_id=now.team_id, day=now.day, slot=now.position, also_confirmed=True, insert=True
    )
    earliest = now.starts_minute if keep_start else 0
    return relocate(
        db,
        visit_id,
        to,
        author,
        version=version,
        leaving=leaving,
        not_before_minute=earliest,
        alone=True,
    )


def add_visit(
    db: Session,
    stage_id: int,
    code: str,
    place: Place,
    author: Author,
    *,
    firm: Collection[Work] = FIRM,
) -> Visit:
    """Propose a visit to a village of the stage that has none, at a place found for it.

    Raises
    ------
    NotFound
        If the village is not one of the stage's.
    Conflict
        If the stage is not open, the village has a visit, in this or in another stage of the
        campaign, or the place is gone.
    """
    stage = db.get_one(Stage, stage_id)
    lock_teams(db, stage.branch_id)
    db.refresh(stage)  # who closes it had the teams before
    take_visits(db, (), [(place.team_id, place.day)])
    if stage.status is not Status.OPENED:
        raise Conflict(problem="stage_not_open", status=stage.status)
    waiting = db.get(StageVillage, (stage_id, code))
    if waiting is None:
        raise NotFound(kind="Village", code=code)
    refuse_if_elsewhere(db, stage_id, code)
    site = site_of(db, code, place.day, place.day)
    _still_open(db, stage, site, place, firm=firm)
    told = told_on(db, place.team_id, place.day)
    visit = _insert(db, stage_id, site, place)
    waiting.reason, waiting.remedy, waiting.remedy_amount = None, None, 0
    write_event(db, visit, Happening.PLANNED, {}, told_place(visit.model_dump()), author)
    set_times_after(db, visit, author, told)
    return visit


def _insert(db: Session, stage_id: int, site: Site, place: Place) -> Visit:
    """Write the visit; the tables refuse a second one of the village and a slot that is taken."""
    visit = Visit(
        stage_id=stage_id,
        village_code=site.code,
        team_id=place.team_id,
        day=place.day,
        slot=place.position,
        starts_at=clock_time(place.starts_minute),
        zone=db.get_one(Village, site.code).zone,
        session_minutes=site.session_minutes,
        travel_minutes=place.travel_minutes,
    )
    try:
        with db.begin_nested():
            put_at(db, visit, place.team_id, place.day, place.position, Work.PROPOSED)
    except IntegrityError as error:
        raise Conflict(problem="village_has_visit", villages=[site.code]) from error
    return visit


def _stops(
    db: Session,
    stage: Stage,
    whole: Sequence[TeamDay],
    without: Collection[int],
    firm: Collection[Work],
) -> tuple[dict[tuple[int, date], tuple[DayStop, ...]], TravelTable | None]:
    """Read the visits on the days, each as a stop, in the order of their slots; and the ways."""
    if not whole:
        return {}, None
    days = [one.day for one in whole]
    query = select(Visit).where(
        col(Visit.team_id).in_({one.team_id for one in whole}),
        col(Visit.day).between(min(days), max(days)),
        col(Visit.work).in_(ACTIVE),
    )
    held = [
        visit
        for visit in db.scalars(query.order_by(col(Visit.day), col(Visit.team_id), col(Visit.slot)))
        if visit.id not in without
    ]
    codes = {visit.village_code for visit in held}
    sites = {one.code: one for one in sites_of(db, codes, min(days), max(days))}
    stops: dict[tuple[int, date], list[DayStop]] = defaultdict(list)
    for visit in held:
        site = replace(sites[visit.village_code], session_minutes=visit.session_minutes)
        stop = DayStop(site, day_minute(visit.starts_at), visit.work in firm, visit.work in TOLD)
        stops[visit.team_id, visit.day].append(stop)
    batches = {visit.batch_id for visit in held if visit.batch_id is not None}
    travel = ways_of(db, {stage.id or 0}, batches)
    return {key: tuple(some) for key, some in stops.items()}, travel


def _still_open(
    db: Session,
    stage: Stage,
    site: Site,
    place: Place,
    *,
    without: Collection[int] = (),
    keep_start: bool = False,
    firm: Collection[Work],
) -> Place:
    """Find the place again; refuse one that somebody else has used, or that was never one."""
    days = [
        one
        for one in open_days(db, stage, place.day, place.day, without=without, firm=firm)
        if one.team_day.team_id == place.team_id
    ]
    for day in days:
        if keep_start and (again := place_at(site, day, place.starts_minute)):
            return again
        for again in places_on(site, day):
            if (again.position, again.starts_minute) == (place.position, place.starts_minute):
                return again
    raise Conflict(problem="opening_gone", villages=[site.code], day=place.day)


def _visit(db: Session, visit_id: int) -> Visit:
    visit = db.get(Visit, visit_id)
    if visit is None:
        raise NotFound(kind="Visit", id=visit_id)
    return visit


def site_of(db: Session, code: str, first: date, last: date, minutes: int | None = None) -> Site:
    """Read one village as the planner asks for it, with the length of its session."""
    (site,) = sites_of(db, (code,), first, last)
    return site if minutes is None else replace(site, session_minutes=minutes)
