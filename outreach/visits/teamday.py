"""One team's day as it stands: its visits in their order, and the times that follow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, time
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.choosing import sites_of
from outreach.errors import Conflict
from outreach.people.rota import team_day
from outreach.people.tables import Team, TeamLeave
from outreach.planning.daytrip import visits_of_day
from outreach.planning.workdays import Closed, why_closed
from outreach.villages.tables import Village
from outreach.visits.tables import ACTIVE, Visit, Work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from outreach.planning.model import PlannedVisit, Site, TeamDay

MINUTES_A_DAY = 24 * 60

#: Reported: what happened stays as it happened.
HELD = (Work.DONE, Work.APPROVED, Work.SENT_BACK)

#: The village knows the start: it changes only when the road leaves no other way.
TOLD = frozenset({Work.AWAITING, Work.CONFIRMED, *HELD})


@dataclass(frozen=True, slots=True)
class Stop:
    """A visit at its place in a day, with the times that follow from the order."""

    visit: Visit
    site: Site
    planned: PlannedVisit

    @property
    def starts_at(self) -> time:
        """Start of the session."""
        return clock_time(self.planned.starts_minute)

    @property
    def is_shifted(self) -> bool:
        """Whether the session would start at another time than is written down."""
        return self.visit.work not in HELD and self.starts_at != self.visit.starts_at


def clock_time(minute: int) -> time:
    """Turn minutes after local midnight into a time of day."""
    return time(*divmod(minute, 60))


def lock_teams(db: Session, which: ColumnElement[bool]) -> None:
    """Take teams for this unit of work, in order of their numbers and before any visit of theirs.

    Whoever changes several visits of a team at once comes by here, or two would wait for each
    other's rows.
    """
    query = select(col(Team.id)).where(which).order_by(col(Team.id))
    db.execute(query.with_for_update(key_share=True))


def visits_on(db: Session, team_id: int, day: date) -> list[Visit]:
    """Active visits of a team on a day, of whatever stage, by slot."""
    query = select(Visit).where(
        col(Visit.team_id) == team_id, col(Visit.day) == day, col(Visit.work).in_(ACTIVE)
    )
    return list(db.scalars(query.order_by(col(Visit.slot))))


def day_minute(at: time) -> int:
    """Turn a time of day into minutes after midnight."""
    return at.hour * 60 + at.minute


def stops_of(
    db: Session,
    whole: TeamDay,
    ordered: Sequence[tuple[int, Visit]],
    moved: Visit | None = None,
    not_before_minute: int = 0,
) -> list[Stop]:
    """Put the visits, each with its slot, into the times that follow from their order.

    A start that a village has been told stays where it can; that of the visit `moved` is new, and
    not before `not_before_minute`.

    Raises
    ------
    Conflict
        If the last session would not start on the same day.
    """
    codes = [visit.village_code for _, visit in ordered]
    sites = {site.code: site for site in sites_of(db, codes, whole.day, whole.day)}
    stops = [
        replace(sites[visit.village_code], session_minutes=visit.session_minutes)
        for _, visit in ordered
    ]
    not_before = [
        not_before_minute
        if visit is moved
        else (day_minute(visit.starts_at) if visit.work in TOLD else 0)
        for _, visit in ordered
    ]
    planned = visits_of_day(whole, stops, even_if_late=True, not_before=not_before) or ()
    if any(one.starts_minute >= MINUTES_A_DAY for one in planned):
        raise Conflict(problem="day_too_long", day=whole.day)
    return [
        Stop(visit, site, replace(one, slot=slot))
        for (slot, visit), site, one in zip(ordered, stops, planned, strict=True)
    ]


def day_of_team(db: Session, team: Team, day: date) -> TeamDay:
    """Hours and base of a team on any day, be it a working day or not."""
    return team_day(team, db.get_one(Village, team.base_village_code), day)


def why_team_stays(db: Session, team: Team, day: date) -> tuple[Closed, ...]:
    """Every reason why the team does not go out on a day; empty when it does."""
    leave = select(col(TeamLeave.reason)).where(
        col(TeamLeave.team_id) == team.id,
        col(TeamLeave.starts) <= day,
        col(TeamLeave.ends) >= day,
    )
    away = {day: "; ".join(names)} if (names := db.scalars(leave).all()) else {}
    return why_closed(day, weekdays={iso - 1 for iso in team.weekdays}, leave=away)
