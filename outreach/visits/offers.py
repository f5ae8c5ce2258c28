"""The other days a village may choose from, and how its choice travels through a page."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.choosing import sites_of
from outreach.campaigns.tables import Stage, Status
from outreach.errors import Conflict, Invalid, NotFound
from outreach.planning.insertion import Place, places_on
from outreach.visits.openings import open_days, openings
from outreach.visits.question import local_day
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlmodel import Session

#: How many other days a village is offered.
OFFERS = 3
#: More than there are days in a stage.
_ALL = 1000
#: Two starts on one day that lie closer than this are no choice.
_APART_MINUTES = 90

#: How a `place_key` is written.
PLACE = r"^(\d{1,9}\.\d{4}-\d\d-\d\d\.[1-3]\.\d{1,4})?$"


def offers(db: Session, visit_id: int, *, today: date) -> tuple[Place, ...]:
    """Find up to three other places in the plan for a village to choose from, by date.

    Three days if there are, else other hours on those that are free. A place at which another
    village would have to begin at another time is the last resort: one village's choice should
    not be another's news. A stage that is closed offers nothing.
    """
    status = select(col(Stage.status)).join(Visit, col(Visit.stage_id) == col(Stage.id))
    if db.scalar(status.where(col(Visit.id) == visit_id)) is Status.CLOSED:
        return ()
    found = openings(db, visit_id, today=today, most=_ALL)
    best = sorted(found, key=lambda one: bool(one.shifts))[:OFFERS]
    if 0 < len(best) < OFFERS:
        best = _with_other_hours(best, _same_days(db, visit_id, best))
    return tuple(sorted(best, key=lambda one: (one.day, one.starts_minute)))


def place_key(place: Place) -> str:
    """Write an opening as a page sends it back: what the village saw when it chose."""
    parts = (place.team_id, place.day.isoformat(), place.position, place.starts_minute)
    return ".".join(map(str, parts))


def read_key(key: str) -> tuple[int, date, int, int]:
    """Read team, day, starting minute and position out of a `place_key`.

    Raises
    ------
    Invalid
        If the day is none of the calendar's.
    """
    team, day, position, minute = key.split(".")
    try:
        return int(team), date.fromisoformat(day), int(minute), int(position)
    except ValueError as error:  # a day like 2026-02-31
        raise Invalid(problems={"place": ["date_parsing"]}) from error


def chosen_place(db: Session, visit: Visit, key: str, now: datetime) -> Place:
    """Read the opening that was chosen; whether it is still free is seen when it is taken.

    Raises
    ------
    Conflict
        If it can be none that was offered: past, or outside the stage.
    Invalid
        As `read_key`.
    """
    team_id, day, minute, position = read_key(key)
    stage = db.get_one(Stage, visit.stage_id)
    tomorrow = local_day(db, stage.branch_id, now) + timedelta(days=1)
    if not max(stage.starts, tomorrow) <= day <= stage.ends:
        raise Conflict(problem="opening_gone", villages=[visit.village_code], day=day)
    return Place(team_id, day, position, minute, travel_minutes=0, extra_minutes=0)


def offered_place(db: Session, visit: Visit, key: str, now: datetime) -> Place:
    """Find the opening that was chosen among those that are offered.

    Raises
    ------
    Conflict
        If it is not, or no more, among them.
    Invalid
        As `read_key`.
    """
    day = read_key(key)[1]
    today = visit.zone.day(now)
    for place in offers(db, visit.id or 0, today=today):
        if place_key(place) == key:
            return place
    raise Conflict(problem="opening_gone", villages=[visit.village_code], day=day)


def _same_days(db: Session, visit_id: int, best: Sequence[Place]) -> Iterator[Place]:
    """Find every place on the days of these, those first that change nobody's start."""
    visit = db.get(Visit, visit_id)
    if visit is None:
        raise NotFound(kind="Visit", id=visit_id)
    days = {one.day for one in best}
    stage = db.get_one(Stage, visit.stage_id)
    (site,) = sites_of(db, (visit.village_code,), min(days), max(days))
    site = replace(site, session_minutes=visit.session_minutes)
    free = open_days(db, stage, min(days), max(days), without=(visit_id,))
    found = [one for day in free if day.team_day.day in days for one in places_on(site, day)]
    yield from sorted(found, key=lambda one: (bool(one.shifts), one.extra_minutes))


def _with_other_hours(best: Sequence[Place], more: Iterator[Place]) -> list[Place]:
    taken = list(best)
    for place in more:
        near = (
            one.day == place.day and abs(one.starts_minute - place.starts_minute) < _APART_MINUTES
            for one in taken
        )
        if len(taken) < OFFERS and not any(near):
            taken.append(place)
    return taken
