"""What a coordinator does with the links of visits: look, give a new one, take one back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlmodel import col, select

from outreach.campaigns.stages import require_planner
from outreach.campaigns.tables import Stage
from outreach.errors import Conflict
from outreach.people.edits import locked
from outreach.visits.lifecycle import Author, visit_of, write_event
from outreach.visits.links import expiry, live_links, renew_link, withdraw_links
from outreach.visits.listing import visits_of_stage
from outreach.visits.rows import VisitFilters
from outreach.visits.tables import ConfirmationLink, Happening, Visit, Work

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.visits.rows import VisitRow

#: What a village may know of: a proposal is the coordinator's alone.
TOLD = (Work.AWAITING, Work.CONFIRMED)


@dataclass(frozen=True, slots=True)
class Asked:
    """A visit of a day's list, and the link by which its village may still answer."""

    visit: VisitRow
    link: ConfirmationLink | None


def last_link(db: Session, person: Person, visit_id: int) -> ConfirmationLink | None:
    """Read the latest link of a visit, whatever became of it.

    Raises
    ------
    NotFound
        If the visit is missing or outside the person's area.
    """
    visit_of(db, person, visit_id)
    query = select(ConfirmationLink).where(col(ConfirmationLink.visit_id) == visit_id)
    return db.exec(query.order_by(col(ConfirmationLink.id).desc()).limit(1)).first()


def new_link(db: Session, visit_id: int, *, by: Person, now: datetime) -> None:
    """Give a visit a new link; the one before it ends.

    Raises
    ------
    NotFound, NotAllowed
        If the person does not plan the visit.
    Conflict
        If the visit awaits no answer (`wrong_status`), or its day has begun (`in_the_past`).
    """
    visit = _planned(db, visit_id, by)
    if visit.work is not Work.AWAITING:
        raise Conflict(problem="wrong_status", status=visit.work)
    if expiry(visit.day, visit.zone) <= now:
        raise Conflict(problem="link_too_late")
    renew_link(db, visit, now)
    write_event(db, visit, Happening.LINK_RENEWED, {}, {}, Author(by, now))


def take_link_back(db: Session, visit_id: int, *, by: Person, now: datetime) -> None:
    """End the visit's links, for they went to somebody they are not for; answered ones too.

    Raises
    ------
    NotFound, NotAllowed
        If the person does not plan the visit.
    """
    visit = _planned(db, visit_id, by)
    if withdraw_links(db, (visit.id or 0,), now, answered=True):
        write_event(db, visit, Happening.LINK_WITHDRAWN, {}, {}, Author(by, now))


def asked_on(
    db: Session,
    person: Person,
    stage_id: int,
    now: datetime,
    *,
    day: date | None = None,
    team_id: int | None = None,
) -> list[Asked]:
    """List the visits of a stage that villages know of, each with its link, by day and team.

    Raises
    ------
    NotFound
        If the stage is missing or outside the person's area.
    """
    filters = VisitFilters(team_id=team_id, day_from=day, day_to=day)
    visits = [row for row in visits_of_stage(db, person, stage_id, filters) if row.work in TOLD]
    links = live_links(db, [row.id for row in visits], now)
    return [Asked(row, links.get(row.id)) for row in visits]


def _planned(db: Session, visit_id: int, by: Person) -> Visit:
    visit = visit_of(db, by, visit_id)
    require_planner(db, db.get_one(Stage, visit.stage_id).branch_id, by)
    return locked(db, Visit, visit_id)
