"""One team's day as it stands: its visits in their order, and the times that follow."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, time
from itertools import batched
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.choosing import sites_of
from outreach.db import ROWS_PER_STATEMENT
from outreach.errors import Conflict
from outreach.people.rota import rest_of_branch, team_day
from outreach.people.tables import Team, TeamLeave
from outreach.planning.daytrip import visits_of_day
from outreach.planning.workdays import Closed, why_closed
from outreach.villages.tables import Village
from outreach.visits.day_ways import ways_of_visits
from outreach.visits.stays import at_hub, stays_of_teams
from outreach.visits.tables import ACTIVE, REPORTED, Visit, Work

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from outreach.planning.model import PlannedVisit, Site, TeamDay
    from outreach.visits.stays import StayRow

MINUTES_A_DAY = 24 * 60

#: One team on one day.
type TeamAndDay = tuple[int, date]

#: The village knows the start: it changes only when the road leaves no other way.
TOLD = frozenset({Work.AWAITING, Work.CONFIRMED, *REPORTED})


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

    def as_told(self) -> Stop:
        """Return the stop with the start that its village knows, if it knows one."""
        if self.visit.work not in TOLD:
            return self
        start = day_minute(self.visit.starts_at)
        return replace(self, planned=replace(self.planned, starts_minute=start))

    @property
    def is_shifted(self) -> bool:
        """Whether the session would start at another time than is written down."""
        return self.visit.work not in REPORTED and self.starts_at != self.visit.starts_at


def clock_time(minute: int) -> time:
    """Turn minutes after local midnight into a time of day."""
    return time(*divmod(minute, 60))


def lock_teams(db: Session, branch_id: int) -> None:
    """Take the calendars of a branch's teams for this unit of work.

    Whoever changes more than the status of one visit comes by here first, and then by
    `take_visits`. One order holds everywhere, or two would wait for each other's rows: the
    branch's planning (`runs.lock_branch`), its run and the run's batch, the teams, what is
    decided on (submission, stage, re-plan), the visits by their numbers, their reports by their
    ids, the link.

    A stage that is being closed is taken before the teams; nobody else has it then, for its
    branch is held, and a row that is taken never keeps others from pointing to it.
    """
    query = select(col(Team.id)).where(col(Team.branch_id) == branch_id).order_by(col(Team.id))
    db.execute(query.with_for_update(key_share=True))


def take_visits(
    db: Session, visit_ids: Iterable[int], days: Iterable[TeamAndDay] = ()
) -> list[Visit]:
    """Take visits with all that are active on their days and on these, and read them afresh.

    Only so is what is decided on a day decided on its visits as they stand: a village may say
    yes at any moment. The caller holds the branch's teams, so no visit comes or goes meanwhile.
    """
    wanted = set(visit_ids)
    seats = select(col(Visit.team_id), col(Visit.day))
    keys = {*days}
    for part in batched(wanted, ROWS_PER_STATEMENT):
        keys.update((row.team_id, row.day) for row in db.execute(seats.where(_are(part))))
    wanted |= _ids_on(db, keys)
    query = select(Visit).order_by(col(Visit.id)).with_for_update(key_share=True)
    return [
        visit
        for part in batched(sorted(wanted), ROWS_PER_STATEMENT)
        for visit in db.scalars(
            query.where(_are(part)), execution_options={"populate_existing": True}
        )
    ]


def _are(visit_ids: Collection[int]) -> ColumnElement[bool]:
    return col(Visit.id).in_(visit_ids)


def _ids_on(db: Session, keys: Iterable[TeamAndDay]) -> set[int]:
    by_team: dict[int, list[date]] = defaultdict(list)
    for team_id, day in keys:
        by_team[team_id].append(day)
    query = select(col(Visit.id)).where(col(Visit.work).in_(ACTIVE))
    return {
        visit_id or 0
        for team_id, days in by_team.items()
        for visit_id in db.scalars(
            query.where(col(Visit.team_id) == team_id, col(Visit.day).in_(days))
        )
    }


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
    travel = ways_of_visits(db, (visit for _, visit in ordered))
    planned = (
        visits_of_day(whole, stops, even_if_late=True, not_before=not_before, measured=travel) or ()
    )
    if any(one.starts_minute >= MINUTES_A_DAY for one in planned):
        raise Conflict(problem="day_too_long", day=whole.day)
    return [
        Stop(visit, site, replace(one, slot=slot))
        for (slot, visit), site, one in zip(ordered, stops, planned, strict=True)
    ]


def day_of_team(db: Session, team: Team, day: date) -> TeamDay:
    """Hours and base of a team on any day, be it a working day or not; the hub during a stay."""
    whole = team_day(team, db.get_one(Village, team.base_village_code), day)
    return at_hub(whole, stays_of_teams(db, (team.id or 0,), day, day))


def why_away(stays: Mapping[TeamAndDay, StayRow], key: TeamAndDay) -> tuple[Closed, ...]:
    """Say why a day of a stay holds no session, and at which hub; empty on any other day."""
    stay = stays.get(key)
    kind = stay and stay.why_idle(key[1])
    return (Closed(kind, stay.hub_name),) if stay and kind else ()


def why_team_stays(db: Session, team: Team, day: date) -> tuple[Closed, ...]:
    """Every reason why the team does not go out on a day; empty when it does."""
    leave = select(col(TeamLeave.reason)).where(
        col(TeamLeave.team_id) == team.id,
        col(TeamLeave.starts) <= day,
        col(TeamLeave.ends) >= day,
    )
    away = {day: "; ".join(names)} if (names := db.scalars(leave).all()) else {}
    rest = rest_of_branch(db, team.branch_id, day, day)
    closed = why_closed(
        day,
        weekdays={iso - 1 for iso in team.weekdays},
        leave=away,
        holidays=rest.holidays,
        sundays_too=rest.works_sundays,
    )
    key = team.id or 0, day
    return closed + why_away(stays_of_teams(db, key[:1], day, day), key)
