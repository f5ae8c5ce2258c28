"""The team-days that a set of moves touches, read at once: what stands there, and how it is timed.

Moving visits one by one cannot swap two of them; looked at together they can.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.choosing import sites_of
from outreach.people.rota import leave_days, rest_of_branch, team_day
from outreach.people.tables import Team
from outreach.planning.daytrip import visits_of_day
from outreach.planning.model import Site, TravelTable  # noqa: TC001 - as above
from outreach.planning.workdays import why_closed
from outreach.villages.tables import Village
from outreach.visits.day_ways import ways_of_visits
from outreach.visits.elsewhere import taken_elsewhere
from outreach.visits.stays import StayRow, at_hub, stays_of_teams
from outreach.visits.tables import ACTIVE, Visit
from outreach.visits.teamday import (
    MINUTES_A_DAY,
    TOLD,
    TeamAndDay,
    day_minute,
    lock_teams,
    take_visits,
    why_away,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlmodel import Session

    from outreach.campaigns.tables import Stage
    from outreach.planning.model import PlannedVisit, TeamDay
    from outreach.planning.workdays import Closed
    from outreach.villages.calendar import Rest


@dataclass(frozen=True, slots=True)
class Seat:
    """A village in a slot of a day; without a visit when it would be a new one."""

    slot: int
    code: str
    visit: Visit | None
    is_moved: bool

    @property
    def minutes(self) -> int | None:
        """Length of the session, where it is written down."""
        return None if self.visit is None else self.visit.session_minutes

    @property
    def not_before_minute(self) -> int:
        """Minute that a village was told, before which nobody starts there."""
        if self.visit is None or self.is_moved or self.visit.work not in TOLD:
            return 0
        return day_minute(self.visit.starts_at)


@dataclass(frozen=True, slots=True)
class Board:
    """What stands on the touched days, with all it takes to time them anew.

    `elsewhere` are villages that another stage of the campaign has.
    """

    visits: Mapping[int, Visit]
    by_day: Mapping[TeamAndDay, tuple[Visit, ...]]
    teams: Mapping[int, Team]
    bases: Mapping[str, Village]
    sites: Mapping[str, Site]
    leave: Mapping[int, set[date]]
    rest: Rest
    stays: Mapping[TeamAndDay, StayRow]
    travel: TravelTable | None = None
    elsewhere: frozenset[str] = frozenset()

    def day(self, key: TeamAndDay) -> TeamDay:
        """Hours and base of a team on a day; the hub during a stay."""
        team = self.teams[key[0]]
        whole = team_day(team, self.bases[team.base_village_code], key[1])
        return at_hub(whole, self.stays)

    def why_closed(self, key: TeamAndDay) -> tuple[Closed, ...]:
        """Every reason why the team does not go out on the day."""
        team, day = self.teams[key[0]], key[1]
        away = {day: ""} if day in self.leave.get(key[0], ()) else {}
        closed = why_closed(
            day,
            weekdays={iso - 1 for iso in team.weekdays},
            leave=away,
            holidays=self.rest.holidays,
            sundays_too=self.rest.works_sundays,
        )
        return closed + why_away(self.stays, key)

    def site(self, seat: Seat) -> Site:
        """Return the village of a seat, with the length of its session."""
        site = self.sites[seat.code]
        return site if seat.minutes is None else replace(site, session_minutes=seat.minutes)

    def timed(self, key: TeamAndDay, seats: Sequence[Seat]) -> tuple[PlannedVisit, ...] | None:
        """Time the seats in their order; None if the last would not start before midnight."""
        planned = visits_of_day(
            self.day(key),
            [self.site(seat) for seat in seats],
            even_if_late=True,
            not_before=[seat.not_before_minute for seat in seats],
            measured=self.travel,
        )
        if any(one.starts_minute >= MINUTES_A_DAY for one in planned or ()):
            return None
        pairs = zip(planned or (), seats, strict=True)
        return tuple(replace(one, slot=seat.slot) for one, seat in pairs)


def read_board(
    db: Session,
    branch_id: int,
    visit_ids: Collection[int],
    days: Collection[TeamAndDay],
    codes: Collection[str],
    stage: Stage | None = None,
) -> Board:
    """Take the branch's teams and read the visits, their days, and the other days.

    Until the unit of work ends nobody else moves anything of the branch. With a stage those of
    the *codes* are told that another stage of its campaign has.
    """
    lock_teams(db, branch_id)
    visits = {one.id or 0: one for one in take_visits(db, visit_ids, days)}
    keys = {*days, *((one.team_id, one.day) for one in visits.values())}
    by_day: dict[TeamAndDay, list[Visit]] = {key: [] for key in keys}
    for visit in sorted(visits.values(), key=lambda one: one.slot):
        if visit.work in ACTIVE:  # ended ones that are to come back stand nowhere
            by_day[visit.team_id, visit.day].append(visit)
    of_branch = select(Team).where(col(Team.branch_id) == branch_id)
    teams = {team.id or 0: team for team in db.scalars(of_branch)}
    span = sorted(day for _, day in keys)
    first, last = (span[0], span[-1]) if span else (date.min, date.min)
    everywhere = {*codes, *(one.village_code for one in visits.values())}
    return Board(
        visits,
        {key: tuple(some) for key, some in by_day.items()},
        teams,
        _bases(db, teams.values()),
        {site.code: site for site in sites_of(db, everywhere, first, last)} if span else {},
        leave_days(db, branch_id, first, last),
        rest_of_branch(db, branch_id, first, last),
        stays_of_teams(db, teams, first, last),
        ways_of_visits(db, visits.values()),
        frozenset() if stage is None else taken_elsewhere(db, stage, codes),
    )


def _bases(db: Session, teams: Iterable[Team]) -> dict[str, Village]:
    codes = {team.base_village_code for team in teams}
    return {
        one.code: one for one in db.scalars(select(Village).where(col(Village.code).in_(codes)))
    }
