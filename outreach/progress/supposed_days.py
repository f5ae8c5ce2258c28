"""The team-days of a what-if: those there are, and those that are supposed."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlmodel import col

from outreach.campaigns.choosing import base_point
from outreach.people.rota import leave_days, rest_of_branch, team_day, team_days
from outreach.people.tables import Team
from outreach.planning.model import MINUTES_A_DAY, Point
from outreach.planning.more_days import busiest_first
from outreach.planning.workdays import workdays
from outreach.villages.tables import Village
from outreach.visits.stays import by_day, stays_between
from outreach.visits.tables import ACTIVE, Visit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date

    from sqlmodel import Session

    from outreach.campaigns.tables import Stage
    from outreach.planning.model import TeamDay
    from outreach.progress.what_if import WhatIfIn
    from outreach.visits.stays import StayRow

SATURDAY_ISO = 6
SATURDAY = 5

#: First and last day.
type Span = tuple[date, date]


def supposed_days(db: Session, stage: Stage, changes: WhatIfIn, span: Span) -> tuple[TeamDay, ...]:
    """Team-days under the changes: fewer or more teams, Saturdays, other hours, within a span."""
    own = team_days(db, stage.branch_id, *span)
    saturdays = _saturdays(db, stage, span) if changes.saturdays else ()
    free = free_days(db, stage, [*own, *saturdays], span)
    if changes.extra_teams < 0:
        left = max(0, active_teams(db, stage) + changes.extra_teams)
        free = _of_busiest(free, {*own}, left)
    found = [*free, *_of_extra_teams(db, stage, changes, own, saturdays)]
    ordered = sorted(found, key=lambda one: (one.day, one.team_id))
    return tuple(_later(one, changes.ends_later_minutes) for one in ordered)


def active_teams(db: Session, stage: Stage) -> int:
    """Count the teams of the stage's branch, those that are on leave with them."""
    of_branch = col(Team.branch_id) == stage.branch_id
    return db.scalar(select(func.count()).where(of_branch, col(Team.is_active))) or 0


def free_days(
    db: Session, stage: Stage, days: Sequence[TeamDay], span: Span
) -> tuple[TeamDay, ...]:
    """Leave out the team-days on which a team goes out, or is away, for another stage."""
    query = (
        select(col(Visit.team_id), col(Visit.day))
        .join(Team, col(Team.id) == col(Visit.team_id))
        .where(
            col(Team.branch_id) == stage.branch_id,
            col(Visit.stage_id) != stage.id,
            col(Visit.day).between(*span),
            col(Visit.work).in_(ACTIVE),
        )
    )
    taken = {(row.team_id, row.day) for row in db.execute(query)}
    taken |= by_day(stays_elsewhere(db, stage, span)).keys()
    return tuple(one for one in days if (one.team_id, one.day) not in taken)


def stays_elsewhere(db: Session, stage: Stage, span: Span) -> list[StayRow]:
    """Stays of the branch's teams for other stages that touch a span of days."""
    of_branch, kept_by = col(Team.branch_id) == stage.branch_id, col(Visit.stage_id) != stage.id
    return stays_between(db, *span, of_branch, kept_by=kept_by)


def land_of(db: Session, stage: Stage, changes: WhatIfIn) -> frozenset[int]:
    """Numbers of the islands from which a team starts, those of the extra teams with them."""
    bases = select(col(Village.island)).join(Team, col(Team.base_village_code) == col(Village.code))
    of_teams = bases.where(col(Team.branch_id) == stage.branch_id, col(Team.is_active))
    own = {base_point(db, stage.branch_id).island, _extra_base(db, stage, changes).island}
    return frozenset(own | set(db.scalars(of_teams)))


def _of_busiest(
    free: Sequence[TeamDay], usual: Collection[TeamDay], teams: int
) -> tuple[TeamDay, ...]:
    """Team-days of so many teams: those with the most usual days; who has no day goes first."""
    at_work = busiest_first(one for one in free if one in usual)
    # A team may have free Saturdays and no other day.
    ranked = dict.fromkeys([*at_work, *busiest_first(free)])
    kept = {*islice(ranked, teams)}
    return tuple(one for one in free if one.team_id in kept)


def _of_extra_teams(
    db: Session,
    stage: Stage,
    changes: WhatIfIn,
    own: Sequence[TeamDay],
    saturdays: Sequence[TeamDay],
) -> Iterable[TeamDay]:
    """Team-days of teams that do not exist yet: each works as the team with the most days does."""
    if changes.extra_teams <= 0 or not own:
        return ()
    base = _extra_base(db, stage, changes)
    like = busiest_first(own)[0]
    pattern = [one for one in [*own, *saturdays] if one.team_id == like]
    # Nobody's number: a team to come has none yet.
    return [
        replace(one, team_id=-number, base=base)
        for number in range(1, changes.extra_teams + 1)
        for one in pattern
    ]


def _saturdays(db: Session, stage: Stage, span: Span) -> tuple[TeamDay, ...]:
    """Saturdays, holidays left out, of the teams that do not work on them and are not on leave."""
    query = (
        select(Team, Village)
        .join(Village, col(Village.code) == col(Team.base_village_code))
        .where(col(Team.branch_id) == stage.branch_id, col(Team.is_active))
        .order_by(col(Team.id))
    )
    away = leave_days(db, stage.branch_id, *span)
    holidays = rest_of_branch(db, stage.branch_id, *span).holidays
    days = workdays(*span, weekdays={SATURDAY}, holidays=holidays)
    return tuple(
        team_day(team, base, day)
        for team, base in db.execute(query)
        if SATURDAY_ISO not in team.weekdays
        for day in days
        if day not in away.get(team.id, ())
    )


def _extra_base(db: Session, stage: Stage, changes: WhatIfIn) -> Point:
    if not changes.base_code:
        return base_point(db, stage.branch_id)
    at = db.get_one(Village, changes.base_code)
    return Point(at.latitude, at.longitude, at.code, at.island)


def _later(team_day: TeamDay, minutes: int) -> TeamDay:
    """Let a team come home later or, below 0, earlier; it never comes home before it leaves."""
    ends = min(MINUTES_A_DAY, max(team_day.starts_minute + 1, team_day.ends_minute + minutes))
    return replace(team_day, ends_minute=ends)
