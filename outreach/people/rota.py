"""Which team works on which day: the team-days the planner may use."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlmodel import col, select

from outreach.people.tables import BranchRegency, Team, TeamLeave
from outreach.planning import workdays
from outreach.planning.model import Point, TeamDay
from outreach.villages.calendar import rest_of
from outreach.villages.calendar_rules import read_book
from outreach.villages.tables import CalendarLayer, Village

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, time

    from sqlmodel import Session

    from outreach.villages.calendar import Rest


def team_days(
    db: Session,
    branch_id: int,
    starts: date,
    ends: date,
    *,
    holidays: Mapping[date, workdays.Holiday] | None = None,
    extra_closed: Mapping[date, str] | None = None,
) -> tuple[TeamDay, ...]:
    """Every working day of every active team of a branch, both ends included, by day and team.

    Holidays and Sundays are left out as the calendar of the branch's area has them; so are the
    branch's own closed days, a team's free weekdays and its leave. `holidays` None looks them up.
    """
    rest = rest_of_branch(db, branch_id, starts, ends)
    if holidays is not None:
        rest = replace(rest, holidays=holidays)
    away = leave_days(db, branch_id, starts, ends)
    days = [
        team_day(team, base, day)
        for team, base in _teams(db, branch_id)
        for day in _workdays(team, rest, starts, ends, extra_closed)
        if day not in away.get(team.id or 0, ())
    ]
    return tuple(sorted(days, key=lambda d: (d.day, d.team_id)))


def days_off(db: Session, branch_id: int, starts: date, ends: date) -> dict[int, frozenset[date]]:
    """Days on which a team of a branch rests with everybody or each week, by team; no leave."""
    rest = rest_of_branch(db, branch_id, starts, ends)
    days = frozenset(workdays.days_between(starts, ends))
    return {
        team.id or 0: days.difference(_workdays(team, rest, starts, ends))
        for team, _ in _teams(db, branch_id)
    }


def _workdays(
    team: Team,
    rest: Rest,
    starts: date,
    ends: date,
    extra_closed: Mapping[date, str] | None = None,
) -> tuple[date, ...]:
    return workdays.workdays(
        starts,
        ends,
        weekdays={iso - 1 for iso in team.weekdays},
        extra_closed=extra_closed,
        holidays=rest.holidays,
        sundays_too=rest.works_sundays,
    )


def rest_of_branch(db: Session, branch_id: int, starts: date, ends: date) -> Rest:
    """Days from one to another, both included, on which no team of a branch works."""
    return rest_of(db, _areas(db, branch_id), starts, ends)


def works_sundays(db: Session, branch_id: int) -> bool:
    """Whether the calendar of some part of the branch's area lets teams work on Sundays."""
    return not read_book(db).keeps_rest(CalendarLayer.SUNDAY, _areas(db, branch_id))


def _areas(db: Session, branch_id: int) -> Sequence[str]:
    served = select(BranchRegency.regency_code).where(BranchRegency.branch_id == branch_id)
    return db.exec(served).all()


def _teams(db: Session, branch_id: int) -> list[tuple[Team, Village]]:
    query = (
        select(Team, Village)
        .join(Village, col(Village.code) == Team.base_village_code)
        .where(Team.branch_id == branch_id, Team.is_active)
        .order_by(col(Team.id))
    )
    return [(team, base) for team, base in db.exec(query)]


def leave_days(db: Session, branch_id: int, starts: date, ends: date) -> dict[int, set[date]]:
    """Days from one to another, both included, on which teams of a branch are on leave, by team."""
    query = (
        select(TeamLeave)
        .join(Team, col(Team.id) == TeamLeave.team_id)
        .where(
            Team.branch_id == branch_id,
            col(TeamLeave.starts) <= ends,
            col(TeamLeave.ends) >= starts,
        )
    )
    away: dict[int, set[date]] = {}
    for leave in db.exec(query):
        span = workdays.days_between(max(leave.starts, starts), min(leave.ends, ends))
        away.setdefault(leave.team_id, set()).update(span)
    return away


def team_day(team: Team, base: Village, day: date) -> TeamDay:
    """Hours, base and sessions of a team on any day, be it a working day or not."""
    return TeamDay(
        team_id=team.id or 0,
        day=day,
        base=Point(base.latitude, base.longitude, base.code, base.island),
        sessions=team.sessions_per_day,
        starts_minute=_minute(team.day_starts),
        ends_minute=_minute(team.day_ends),
    )


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute
