"""Fills a slot that became free: the most valuable village of the pool that fits is proposed.

The coordinator still has to ask it; no village that knows its time starts at another for its sake.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, or_, select
from sqlmodel import col

from outreach.campaigns.choosing import sites_of
from outreach.campaigns.tables import Stage, StageVillage, Status
from outreach.errors import Conflict
from outreach.planning.insertion import places_on
from outreach.visits.elsewhere import is_elsewhere
from outreach.visits.lifecycle import Author
from outreach.visits.openings import add_visit, open_days
from outreach.visits.other_stages import run_in_the_way
from outreach.visits.question import (
    GAVE_WAY,
    NEVER_ASKED,
    lacks_report,
    local_day,
    was_released,
)
from outreach.visits.tables import (
    ACTIVE,
    Channel,
    Happening,
    Visit,
    VisitEvent,
    Work,
)
from outreach.visits.teamday import lock_teams

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from sqlmodel import Session

    from outreach.planning.insertion import OpenDay, Place

#: A village that gave its visit back is not chosen again by itself for so long: it has just
#: said why it cannot, and the coordinator may know better. Nor is one whose day came with no
#: answer: the session may have been held, and its report be under way.
REST_AFTER_RETURN = timedelta(days=14)

#: Why the product proposed a visit; the words are the web's.
REFILLED = "refilled"

#: The product gave these back before their day, for no fault of their village's.
_NO_FAULT = (NEVER_ASKED, GAVE_WAY)

#: Hold for the event by which the product filled a slot.
FILLED = (
    col(VisitEvent.happening) == Happening.PLANNED,
    col(VisitEvent.reason) == REFILLED,
    col(VisitEvent.channel) == Channel.PRODUCT,
)


def refill(
    db: Session, stage_id: int, team_id: int, day: date, now: datetime, *, but: str = ""
) -> Visit | None:
    """Propose the most valuable village of the pool that fits into a team's day, but not *but*.

    No start that a village knows of changes. Nothing happens on a day that is not to come, lies
    outside the stage or is full, nor while the stage is closed or being planned.
    """
    stage = db.get_one(Stage, stage_id)
    tomorrow = local_day(db, stage.branch_id, now) + timedelta(days=1)
    if not max(tomorrow, stage.starts) <= day <= stage.ends or not _is_steady(db, stage):
        return None
    lock_teams(db, stage.branch_id)
    days = [one for one in open_days(db, stage, day, day) if one.team_day.team_id == team_id]
    author = Author(None, now, REFILLED, Channel.PRODUCT)
    codes = [code for code in _pool(db, stage_id, now) if code != but]
    for code, place in (one for open_day in days for one in _fitting(db, codes, open_day)):
        # Another slot that became free may just have taken this village.
        with suppress(Conflict), db.begin_nested():
            return add_visit(db, stage_id, code, place, author)
    return None


def is_refilled(db: Session, visit_id: int) -> bool:
    """Whether the product proposed a visit for a slot that had become free."""
    return bool(db.scalar(select(exists().where(col(VisitEvent.visit_id) == visit_id, *FILLED))))


def _is_steady(db: Session, stage: Stage) -> bool:
    """Whether the stage is open and no run is about to give its team-days away."""
    return stage.status is Status.OPENED and run_in_the_way(db, stage) is None


def _fitting(db: Session, codes: Sequence[str], open_day: OpenDay) -> Iterator[tuple[str, Place]]:
    """Villages that fit into the day, in their order."""
    day = open_day.team_day.day
    told = {stop.site.code for stop in open_day.stops if stop.is_told}
    sites = {one.code: one for one in sites_of(db, codes, day, day)}
    for code in codes:
        places = places_on(sites[code], open_day) if code in sites else ()
        for place in (one for one in places if told.isdisjoint(one.shifts)):
            yield code, place
            break


def _pool(db: Session, stage_id: int, now: datetime) -> list[str]:
    """Villages of a stage that may take a free slot by themselves, the most valuable first."""
    of_village = and_(
        col(Visit.stage_id) == stage_id,
        col(Visit.village_code) == col(StageVillage.village_code),
    )
    has_visit = exists().where(of_village, col(Visit.work).in_(ACTIVE))
    given_up = exists().where(
        of_village,
        or_(
            and_(col(Visit.work).in_((Work.CANCELLED, Work.UNREACHABLE)), ~was_released()),
            lacks_report(),
        ),
    )
    rests = exists().where(
        of_village,
        col(VisitEvent.visit_id) == col(Visit.id),
        col(VisitEvent.happening).in_((Happening.RETURNED, Happening.POSTPONED)),
        col(VisitEvent.reason).not_in(_NO_FAULT),
        col(VisitEvent.at) > now - REST_AFTER_RETURN,
    )
    query = (
        select(col(StageVillage.village_code))
        .where(col(StageVillage.stage_id) == stage_id, ~has_visit, ~given_up, ~rests)
        .where(~is_elsewhere(stage_id, col(StageVillage.village_code)))
        .order_by(col(StageVillage.rank), col(StageVillage.village_code))
    )
    return list(db.scalars(query))
