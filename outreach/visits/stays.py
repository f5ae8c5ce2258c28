"""Stays: days on which a team starts from a hub village, and days on which it travels there.

A stay lasts as long as a visit planned in it stands on one of its days: nothing has to end it. What
is put into its days by hand does not keep it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, insert, select
from sqlmodel import col

from outreach.campaigns.stages import stage_of
from outreach.people import rota
from outreach.people.access import covers
from outreach.people.tables import Team
from outreach.planning.blocks import DAYS_AT_HOME
from outreach.planning.model import Point, TeamDay  # noqa: TC001 - read at run time
from outreach.planning.workdays import ClosedKind, days_between
from outreach.villages.access import PLACE, point_of, with_access
from outreach.villages.tables import Village
from outreach.visits.tables import ACTIVE, Stay, Visit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.planning import model
    from outreach.visits.tables import Batch


@dataclass(frozen=True, slots=True)
class StayRow:
    """A stay that lasts.

    Attributes
    ----------
    hub
        Where the team stays: the base of its day-trips.
    travel_days
        Working days without a session: on the way to the hub and back, or waiting there.
    access_minutes
        From the team's base to the hub, one way.
    """

    id: int
    stage_id: int
    team_id: int
    team: str
    hub_code: str
    hub_name: str
    hub: Point
    starts: date
    ends: date
    travel_days: tuple[date, ...]
    session_days: tuple[date, ...]
    access_minutes: int

    def why_idle(self, day: date) -> ClosedKind | None:
        """Say why a day of the stay holds no session; None of a day that does."""
        if day in self.session_days:
            return None
        if day not in self.travel_days:
            return ClosedKind.STAY_REST
        sides = {session < day for session in self.session_days}
        return ClosedKind.STAY_WAIT if len(sides) > 1 else ClosedKind.STAY

    def is_on_the_way(self, day: date) -> bool:
        """Whether the team spends a day of the stay between its base and the hub."""
        return self.why_idle(day) is ClosedKind.STAY


def stays_between(
    db: Session,
    first: date,
    last: date,
    of_team: ColumnElement[bool],
    *,
    kept_by: ColumnElement[bool] | None = None,
) -> list[StayRow]:
    """List the stays that last and touch a day from *first* to *last*, by their start and team.

    Parameters
    ----------
    of_team
        Holds for the teams (table `team`) whose stays are asked for.
    kept_by
        Holds for the visits that keep a stay; None lets all active ones.
    """
    query: Any = (
        select(Stay, col(Team.name).label("team"), col(Village.name), *PLACE)
        .select_from(Stay)
        .join(Team, col(Team.id) == col(Stay.team_id))
        .join(Village, col(Village.code) == col(Stay.hub_village_code))
    )
    query = (
        with_access(query)
        .where(of_team, col(Stay.starts) <= last, col(Stay.ends) >= first, lasts(kept_by))
        .order_by(col(Stay.starts), col(Stay.team_id))
    )
    return [_row(found) for found in db.execute(query)]


def stays_of_stage(db: Session, person: Person, stage_id: int) -> list[StayRow]:
    """List the stays of a stage that last, as far as their hubs lie in the person's area.

    Raises
    ------
    NotFound
        If the stage is missing or outside the person's area.
    """
    branch_id = stage_of(db, person, stage_id).branch_id
    of_branch = col(Team.branch_id) == branch_id
    return [
        stay
        for stay in stays_between(db, date.min, date.max, of_branch)
        if stay.stage_id == stage_id and covers(person.areas, stay.hub_code)
    ]


def lasts(kept_by: ColumnElement[bool] | None = None) -> ColumnElement[bool]:
    """Hold for a stay (table `stay` in the query) of which a visit stands."""
    standing = [is_in_stay(), col(Visit.work).in_(ACTIVE)]
    return exists().where(*standing, *([] if kept_by is None else [kept_by]))


def is_in_stay() -> ColumnElement[bool]:
    """Hold for a visit and the stay (tables of the query) that it was planned in and is still."""
    return and_(
        col(Visit.stay_id) == col(Stay.id),
        col(Visit.team_id) == col(Stay.team_id),
        col(Visit.day).between(col(Stay.starts), col(Stay.ends)),
    )


def _row(found: Any) -> StayRow:
    stay = found.Stay
    return StayRow(
        id=stay.id,
        stage_id=stay.stage_id,
        team_id=stay.team_id,
        team=found.team,
        hub_code=stay.hub_village_code,
        hub_name=found.name,
        hub=point_of(found),
        starts=stay.starts,
        ends=stay.ends,
        travel_days=tuple(map(date.fromisoformat, stay.travel_days)),
        session_days=tuple(map(date.fromisoformat, stay.session_days)),
        access_minutes=stay.access_minutes,
    )


def by_day(stays: Iterable[StayRow]) -> dict[tuple[int, date], StayRow]:
    """Say for every day of the stays, those of rest included, which one a team is on."""
    return {
        (stay.team_id, day): stay for stay in stays for day in days_between(stay.starts, stay.ends)
    }


def days_away(stays: Iterable[StayRow]) -> dict[int, frozenset[date]]:
    """List the days of the stays, those of rest included, by team."""
    found: dict[int, set[date]] = {}
    for team_id, day in by_day(stays):
        found.setdefault(team_id, set()).add(day)
    return {team_id: frozenset(days) for team_id, days in found.items()}


def away_beside(db: Session, team_days: Collection[tuple[int, date]]) -> dict[int, frozenset[date]]:
    """List by team the days of the stays that last and leave it no days at home beside these."""
    if not team_days:
        return {}
    days, home = [day for _, day in team_days], timedelta(days=DAYS_AT_HOME)
    of_teams = col(Team.id).in_({team_id for team_id, _ in team_days})
    return days_away(stays_between(db, min(days) - home, max(days) + home, of_teams))


def stays_of_teams(
    db: Session, team_ids: Collection[int], first: date, last: date
) -> dict[tuple[int, date], StayRow]:
    """Say which stay each of the teams is on, by team and day."""
    return by_day(stays_between(db, first, last, col(Team.id).in_(team_ids)))


def with_lost_stays(
    away: Mapping[int, Collection[date]], stays: Iterable[StayRow]
) -> dict[int, set[date]]:
    """Add to the days on which teams are away those of their stays that are lost with them.

    From its first day away on nobody is at the hub, nor on the way there.
    """
    lost = {team_id: set(days) for team_id, days in away.items()}
    for stay in stays:
        hit = [day for day in away.get(stay.team_id, ()) if stay.starts <= day <= stay.ends]
        if hit:
            lost[stay.team_id].update(days_between(min(hit), stay.ends))
    return lost


def cut_short(db: Session, team_id: int, first: date) -> None:
    """End the stay of a team that is away from a day on, the day before.

    Not one of which a visit still stands from then on: somebody has to decide on it.
    """
    stands = exists().where(
        col(Visit.stay_id) == col(Stay.id),
        col(Visit.team_id) == col(Stay.team_id),
        col(Visit.day).between(first, col(Stay.ends)),
        col(Visit.work).in_(ACTIVE),
    )
    begun = select(Stay).where(
        col(Stay.team_id) == team_id, col(Stay.starts) < first, col(Stay.ends) >= first, ~stands
    )
    for stay in db.scalars(begun):
        stay.ends = first - timedelta(days=1)
        stay.travel_days = [day for day in stay.travel_days if day < first.isoformat()]
        stay.session_days = [day for day in stay.session_days if day < first.isoformat()]


def way_minutes(stays: Iterable[StayRow]) -> int:
    """Minutes on the road to the hubs and back."""
    return sum(2 * stay.access_minutes for stay in stays)


def at_hub(whole: TeamDay, stays: Mapping[tuple[int, date], StayRow]) -> TeamDay:
    """Let a day that lies in a stay start and end at its hub."""
    stay = stays.get((whole.team_id, whole.day))
    return whole if stay is None else replace(whole, base=stay.hub)


def team_days(db: Session, branch_id: int, starts: date, ends: date) -> tuple[TeamDay, ...]:
    """Every day on which a team of a branch can hold a visit, as `rota.team_days` has them.

    Days of a stay start and end at its hub; those without a session are left out.
    """
    stays = by_day(stays_between(db, starts, ends, col(Team.branch_id) == branch_id))
    return tuple(
        at_hub(one, stays)
        for one in rota.team_days(db, branch_id, starts, ends)
        if not is_idle(stays, one.team_id, one.day)
    )


def is_idle(stays: Mapping[tuple[int, date], StayRow], team_id: int, day: date) -> bool:
    """Whether a team holds no session on a day because of a stay."""
    stay = stays.get((team_id, day))
    return stay is not None and stay.why_idle(day) is not None


def save_stays(
    db: Session, stage_id: int, batch: Batch, stays: Sequence[model.Stay]
) -> dict[tuple[int, date], int]:
    """Write the stays of a batch's plan; return the number of the stay of each team's day."""
    numbers: dict[tuple[int, date], int] = {}
    for stay in stays:
        days = sorted({*stay.travel_days, *stay.session_days})
        row = {
            "stage_id": stage_id,
            "batch_id": batch.id,
            "team_id": stay.team_id,
            "hub_village_code": stay.hub_code,
            "starts": days[0],
            "ends": days[-1],
            "travel_days": [day.isoformat() for day in stay.travel_days],
            "session_days": [day.isoformat() for day in stay.session_days],
            "access_minutes": stay.access_minutes,
        }
        number: int = db.execute(insert(Stay).values(row).returning(col(Stay.id))).scalar_one()
        numbers.update(dict.fromkeys(((stay.team_id, day) for day in stay.session_days), number))
    return numbers
