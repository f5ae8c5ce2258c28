"""Fair work: hours and hard villages per team, and how far the teams lie apart.

Only active visits count: what was called off cost nobody a day.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date  # noqa: TC003 - dataclass fields are read at run time
from enum import StrEnum
from itertools import permutations
from statistics import fmean
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from outreach.people.rota import team_days
from outreach.people.tables import Account, Role, Team
from outreach.planning.model import Access
from outreach.villages.tables import District, Village, VillageAccess
from outreach.visits.answers import HEARD_BY
from outreach.visits.stays import stays_between
from outreach.visits.tables import (
    ACTIVE,
    Answer,
    Channel,
    ConfirmationLink,
    Happening,
    Result,
    Visit,
    VisitEvent,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlmodel import Session

    from outreach.visits.stays import StayRow

#: A team that is on the road before or after these minutes of the day drives in the dark.
NIGHT_ENDS_MINUTE, NIGHT_STARTS_MINUTE = 6 * 60, 18 * 60

#: So many times put off, handed back or refused make a village a hard one.
REPEATED = 2


class Hardship(StrEnum):
    """What makes a village hard for the team that goes there."""

    BOAT = "boat"
    NIGHT = "night"
    REFUSALS = "refusals"


@dataclass(frozen=True, slots=True)
class HardVisit:
    """A visit to a hard village; `refusals` counts those so far, whoever the team was."""

    visit_id: int
    village_code: str
    village: str
    district: str
    day: date
    hardships: tuple[Hardship, ...]
    refusals: int


@dataclass(frozen=True, slots=True)
class TeamLoad:
    """What one team carries; days of travel of stays and their ways count as work.

    `working_days` are those of the span on which the team is on duty, whatever is planned on them,
    and those on which it has work all the same; of these there are `off_duty_days`.
    """

    team_id: int
    team: str
    visits: int
    team_days: int
    travel_minutes: int
    session_minutes: int
    hard: tuple[HardVisit, ...]
    base_code: str = ""
    working_days: int = 0
    off_duty_days: int = 0

    @property
    def a_day(self) -> float:
        """Minutes by working day; 0 without any."""
        return self.minutes / self.working_days if self.working_days else 0.0

    @property
    def minutes(self) -> int:
        """On the road and in the hall together."""
        return self.travel_minutes + self.session_minutes

    def count(self, hardship: Hardship) -> int:
        """Visits that are hard in this way."""
        return sum(hardship in one.hardships for one in self.hard)


@dataclass(frozen=True, slots=True)
class Spread:
    """How far teams lie apart in one measure; the first of those that are equal is named.

    So many teams carry the least: `with_least`.
    """

    highest: TeamLoad
    most: float
    lowest: TeamLoad
    least: float
    mean: float
    with_least: int

    @property
    def apart(self) -> float:
        """From the lowest to the highest."""
        return self.most - self.least

    @property
    def above_mean(self) -> float:
        """How much the highest carries beyond the mean."""
        return self.most - self.mean


@dataclass(frozen=True, slots=True)
class Fairness:
    """The loads of all teams, by name, and the spread; none of a single team.

    `hours` compares minutes by working day: who works fewer days is due fewer hours. `uneven` are
    teams of one base with most and with least of them, where the one with least has a day free and
    a usual day of the other brings them together: trips may go from the one to the other for no
    minute more on the road. None where there are no such two.
    """

    loads: tuple[TeamLoad, ...]
    hours: Spread | None
    hard: Spread | None

    @property
    def uneven(self) -> tuple[TeamLoad, TeamLoad] | None:
        """Pair of teams of one base that lie farthest apart by their working days."""
        at_work = [one for one in self.loads if one.working_days and one.base_code]
        pairs = [
            (one, other)
            for one, other in permutations(at_work, 2)
            if one.base_code == other.base_code and _comes_closer(one, other)
        ]
        return max(pairs, key=lambda pair: pair[0].a_day - pair[1].a_day, default=None)


def _comes_closer(giver: TeamLoad, taker: TeamLoad) -> bool:
    """Whether a usual day of one team, given to a free day of another, brings them together."""
    if giver.a_day <= taker.a_day or taker.team_days >= taker.working_days:
        return False
    usual = giver.minutes / max(1, giver.team_days)
    moved = usual / giver.working_days + usual / taker.working_days
    return moved < 2 * (giver.a_day - taker.a_day)


def fairness(
    db: Session, branch_id: int, first: date, last: date, *, stage_id: int | None = None
) -> Fairness:
    """Tell what each team of a branch carries from one day to another, both included.

    Of one stage, or of all. Teams that work count without any visit as well; others only with
    one. Whoever calls has seen that the person may look at the branch.
    """
    rows = _visits(db, branch_id, first, last)
    dark = _in_the_dark(rows)
    counted = [row for row in rows if stage_id is None or row.stage_id == stage_id]
    refusals = _refusals(db, {row.village_code for row in counted})
    stays = [
        stay
        for stay in stays_between(db, first, last, col(Team.branch_id) == branch_id)
        if stage_id is None or stay.stage_id == stage_id
    ]
    by_team: dict[int, list[Any]] = defaultdict(list)
    for row in counted:
        by_team[row.team_id].append(row)
    on_duty: dict[int, set[date]] = defaultdict(set)
    for one in team_days(db, branch_id, first, last):
        on_duty[one.team_id].add(one.day)
    loads = tuple(
        _with_ways(
            _load(team, by_team[team.id], dark, refusals, on_duty[team.id]), stays, first, last
        )
        for team in _teams(db, branch_id)
        if team.is_active or team.id in by_team
    )
    return Fairness(
        loads,
        _hours_apart(loads),
        _spread(loads, lambda load: len(load.hard)),
    )


def _teams(db: Session, branch_id: int) -> Sequence[Any]:
    query = select(col(Team.id), col(Team.name), col(Team.is_active), col(Team.base_village_code))
    return db.execute(query.where(col(Team.branch_id) == branch_id).order_by(Team.name)).all()


def _visits(db: Session, branch_id: int, first: date, last: date) -> Sequence[Any]:
    """Active visits of the branch's teams with where they lead and where the team starts from."""
    base = aliased(Village)
    query: Any = (
        select(
            col(Visit.id),
            col(Visit.stage_id),
            col(Visit.team_id),
            col(Visit.day),
            col(Visit.starts_at),
            col(Visit.session_minutes),
            col(Visit.travel_minutes),
            col(Visit.return_minutes),
            col(Visit.village_code),
            col(Village.name).label("village"),
            col(District.name).label("district"),
            or_(
                col(Village.island) != col(base.island),
                col(VillageAccess.access).is_not_distinct_from(Access.BOAT),
            ).label("by_boat"),
        )
        .join(Team, col(Team.id) == col(Visit.team_id))
        .join(base, col(base.code) == col(Team.base_village_code))
        .join(Village, col(Village.code) == col(Visit.village_code))
        .join(District, col(District.code) == col(Village.district_code))
        .outerjoin(VillageAccess, col(VillageAccess.village_code) == col(Village.code))
        .where(
            col(Team.branch_id) == branch_id,
            col(Visit.day).between(first, last),
            col(Visit.work).in_(ACTIVE),
        )
        .order_by(col(Visit.day), col(Visit.team_id), col(Visit.slot))
    )
    rows: Sequence[Any] = db.execute(query).all()
    return rows


def _in_the_dark(rows: Iterable[Any]) -> set[int]:
    """Visits for which a team leaves its base before six or is back there after eighteen.

    The first of the day makes it leave early, the last makes it come home late; the rows are in
    the order of the day.
    """
    days: dict[tuple[int, date], list[Any]] = defaultdict(list)
    for row in rows:
        days[row.team_id, row.day].append(row)
    early = {
        day[0].id
        for day in days.values()
        if _minute(day[0]) - day[0].travel_minutes < NIGHT_ENDS_MINUTE
    }
    late = {
        day[-1].id
        for day in days.values()
        if _minute(day[-1]) + day[-1].session_minutes + day[-1].return_minutes > NIGHT_STARTS_MINUTE
    }
    return early | late


def _minute(row: Any) -> int:
    return int(row.starts_at.hour * 60 + row.starts_at.minute)


def _refusals(db: Session, codes: set[str]) -> dict[str, int]:
    """Visits so far that a village put off, handed back, said no to or refused, by village.

    A visit counts once, whatever became of it afterwards. What the branch put off by itself, or
    the product handed back, says nothing about the village.
    """
    said_no = exists().where(
        col(ConfirmationLink.visit_id) == col(Visit.id),
        col(ConfirmationLink.answer) == Answer.NO,
    )
    by_official = exists().where(
        col(Account.id) == col(VisitEvent.account_id), col(Account.role) == Role.OFFICIAL
    )
    put_off = exists().where(
        col(VisitEvent.visit_id) == col(Visit.id),
        col(VisitEvent.happening).in_((Happening.POSTPONED, Happening.RETURNED)),
        or_(col(VisitEvent.channel).in_((Channel.LINK, *HEARD_BY)), by_official),
    )
    query = (
        select(col(Visit.village_code), func.count())
        .where(
            col(Visit.village_code).in_(codes),
            or_(col(Visit.result) == Result.REFUSED, said_no, put_off),
        )
        .group_by(col(Visit.village_code))
    )
    return {code: int(times) for code, times in db.execute(query)}


def _load(
    team: Any, rows: Sequence[Any], dark: set[int], refusals: dict[str, int], on_duty: set[date]
) -> TeamLoad:
    days = {row.day for row in rows}
    hard = (_hard_visit(row, dark, refusals.get(row.village_code, 0)) for row in rows)
    return TeamLoad(
        team_id=team.id,
        team=team.name,
        visits=len(rows),
        team_days=len(days),
        travel_minutes=sum(row.travel_minutes + row.return_minutes for row in rows),
        session_minutes=sum(row.session_minutes for row in rows),
        hard=tuple(one for one in hard if one.hardships),
        base_code=team.base_village_code or "",
        working_days=len(on_duty | days),
        off_duty_days=len(days - on_duty),
    )


def _with_ways(load: TeamLoad, stays: Iterable[StayRow], first: date, last: date) -> TeamLoad:
    """Add the ways to hubs and back, each on its days of travel, as far as they lie in the span."""
    mine = [stay for stay in stays if stay.team_id == load.team_id]
    days = [(stay, day) for stay in mine for day in stay.travel_days if first <= day <= last]
    way = sum(2 * stay.access_minutes / len(stay.travel_days) for stay, _ in days)
    return replace(
        load,
        team_days=load.team_days + len(days),
        travel_minutes=load.travel_minutes + round(way),
    )


def _hard_visit(row: Any, dark: set[int], refusals: int) -> HardVisit:
    found = {
        Hardship.BOAT: bool(row.by_boat),
        Hardship.NIGHT: row.id in dark,
        Hardship.REFUSALS: refusals >= REPEATED,
    }
    hardships = tuple(hardship for hardship, holds in found.items() if holds)
    return HardVisit(
        row.id, row.village_code, row.village, row.district, row.day, hardships, refusals
    )


def _hours_apart(loads: Iterable[TeamLoad]) -> Spread | None:
    """Compare minutes by working day; the mean is that of all days, not of the teams."""
    at_work = [load for load in loads if load.working_days]
    if (spread := _spread(at_work, lambda load: load.a_day)) is None:
        return None
    days = sum(load.working_days for load in at_work)
    return replace(spread, mean=sum(load.minutes for load in at_work) / days)


def _spread(loads: Sequence[TeamLoad], of: Callable[[TeamLoad], float]) -> Spread | None:
    if len(loads) < 2:
        return None
    highest, lowest = max(loads, key=of), min(loads, key=of)
    least = of(lowest)
    mean, with_least = fmean(of(load) for load in loads), sum(of(load) == least for load in loads)
    return Spread(highest, of(highest), lowest, least, mean, with_least)
