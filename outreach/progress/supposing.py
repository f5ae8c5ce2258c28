"""What a what-if asks the planner, and the figures of its answer beside those of today's plan.

Everything from tomorrow on is planned twice, as if nobody had been told of a visit yet: with the
teams and days of today, and with what is supposed. So the difference comes from what is supposed
and from nothing else. The plan as it stands is told beside them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.choosing import base_point, sites_of
from outreach.campaigns.tables import Stage, StageVillage
from outreach.people.rota import days_off, leave_days, rest_of_branch, team_day, team_days
from outreach.people.tables import Team
from outreach.planning.blocks import DAYS_AT_HOME
from outreach.planning.model import USUAL, Point, Problem, TeamDay
from outreach.planning.what_if import Change, what_if
from outreach.planning.workdays import workdays
from outreach.progress.expected import Expectation, expectation_of
from outreach.progress.tables import WhatIf
from outreach.progress.weeks import monday_of
from outreach.progress.what_if import WhatIfIn
from outreach.villages.tables import Village
from outreach.visits.elsewhere import is_elsewhere
from outreach.visits.question import local_day
from outreach.visits.snapshot import figures_of, places_of_stage
from outreach.visits.stays import by_day, days_away, stays_between
from outreach.visits.tables import ACTIVE, REPORTED, TO_COME, Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from datetime import datetime

    from sqlmodel import Session

    from outreach.planning.model import Site, TravelTable
    from outreach.planning.what_if import Outlook
    from outreach.visits.leased_rows import Claim
    from outreach.visits.stays import StayRow

SATURDAY_ISO = 6
SATURDAY = 5
#: Stays of other stages so long before and behind a stage still matter to its own.
HOME = timedelta(days=DAYS_AT_HOME)
#: Shares of the villages that wait whose day is told: that of the last visit hides the pace.
HALF, MOST = 0.5, 0.9


@dataclass(frozen=True, slots=True)
class Way:
    """One way to go on from tomorrow: its figures.

    `signups` are expected, `by_week` counts visits by the Monday of their week. `half_by` and
    `most_by` are the days on which half and nine tenths of all villages that wait have had their
    visit; None where that is not reached.
    """

    visits: int
    signups: float
    last_day: str | None
    team_days: int
    travel_minutes: int
    by_week: dict[str, int]
    half_by: str | None
    most_by: str | None


@dataclass(frozen=True, slots=True)
class Supposition:
    """What the planner is asked, read at one moment.

    Attributes
    ----------
    today
        The day at the branch; all that is planned comes after it.
    held
        Villages of the stage whose session is held or is due today.
    on_islands
        Villages left out because they lie across the water.
    rests, away
        Days off of the teams that there are, and days of their stays for other stages.
    """

    today: date
    held: int
    as_it_stands: Way
    sites: tuple[Site, ...]
    team_days: tuple[TeamDay, ...]
    supposed_sites: tuple[Site, ...]
    supposed_days: tuple[TeamDay, ...]
    on_islands: int
    expectation: Expectation
    seed: int
    rests: dict[int, frozenset[date]]
    away: dict[int, frozenset[date]]


def read_supposition(db: Session, held: Claim, now: datetime) -> Supposition:
    """Read all that the answer takes; nothing is read later."""
    asked = db.get_one(WhatIf, held.row_id)
    stage = db.get_one(Stage, asked.stage_id)
    changes = WhatIfIn.model_construct(**asked.changes)
    today = local_day(db, stage.branch_id, now)
    codes, done = _villages(db, stage, today)
    starts = max(stage.starts, today + timedelta(days=1))
    sites = sites_of(db, codes, starts, stage.ends)
    expectation = expectation_of(db, stage)
    free = _free(db, stage, starts, team_days(db, stage.branch_id, starts, stage.ends))
    more = _more_days(db, stage, starts, changes)
    near = _without_islands(db, stage, sites, changes)
    return Supposition(
        today=today,
        held=done,
        as_it_stands=_as_it_stands(db, stage, today, len(sites), expectation),
        sites=sites,
        team_days=free,
        supposed_sites=near,
        supposed_days=tuple(sorted([*free, *more], key=lambda one: (one.day, one.team_id))),
        on_islands=len(sites) - len(near),
        expectation=expectation,
        seed=asked.seed,
        rests=days_off(db, stage.branch_id, starts, stage.ends + timedelta(weeks=1)),
        away=days_away(_stays_elsewhere(db, stage, starts - HOME, stage.ends + HOME)),
    )


def answer_of(
    asked: Supposition,
    tell: Callable[[float], None],
    *,
    rounds: int | None = None,
    travel: TravelTable | None = None,
) -> dict[str, Any]:
    """Plan both ways and sum them up; `tell` hears how far it is, from 0 to 1.

    Without measured times in `travel` both stand on estimates.

    What `tell` raises ends the planning and comes out here. With fewer *rounds* than the size of
    the stage asks for, both plans are rougher.
    """
    parameters = replace(USUAL, rounds=rounds)
    problem = Problem(
        asked.sites, asked.team_days, asked.seed, parameters, travel, asked.rests, asked.away
    )
    told = what_if(problem, _change(asked), tell)
    expected = asked.expectation
    return {
        "today": asked.today.isoformat(),
        "villages": len(asked.sites),
        "held": asked.held,
        "on_islands": asked.on_islands,
        "rate": round(asked.expectation.rate, 3),
        "sessions": asked.expectation.sessions,
        "as_it_stands": asdict(asked.as_it_stands),
        "anew": asdict(_way(told.before, len(asked.sites), expected)),
        "supposed": asdict(_way(told.after, len(asked.sites), expected)),
    }


def _change(asked: Supposition) -> Change:
    """Name the team-days that only the supposition has, and the villages it leaves out."""
    known, near = {*asked.team_days}, {site.code for site in asked.supposed_sites}
    return Change(
        more_days=tuple(one for one in asked.supposed_days if one not in known),
        without=frozenset(site.code for site in asked.sites) - near,
    )


def _way(outlook: Outlook, villages: int, expectation: Expectation) -> Way:
    days = [visit.day for visit in outlook.plan.visits]
    return Way(
        visits=len(days),
        signups=round(expectation.signups(outlook.value), 1),
        last_day=_day_of(days, len(days)),
        team_days=outlook.plan.team_days_used,
        travel_minutes=outlook.plan.travel_minutes,
        by_week=_by_week(days),
        half_by=_day_of(days, ceil(villages * HALF)),
        most_by=_day_of(days, ceil(villages * MOST)),
    )


def _by_week(days: Iterable[date]) -> dict[str, int]:
    return dict(sorted(Counter(monday_of(day).isoformat() for day in days).items()))


def _day_of(days: Collection[date], number: int) -> str | None:
    """Day of the visit with this number, from 1; None where there are fewer."""
    return sorted(days)[number - 1].isoformat() if 0 < number <= len(days) else None


def _as_it_stands(
    db: Session, stage: Stage, today: date, villages: int, expectation: Expectation
) -> Way:
    """Sum up the visits of the stage from tomorrow on."""
    places = [
        place
        for place in places_of_stage(db, stage.id or 0)
        if place.day > today and place.work in TO_COME
    ]
    figures = figures_of(places)
    days = [place.day for place in places]
    return Way(
        visits=figures.visits,
        signups=round(expectation.signups(figures.value), 1),
        last_day=_day_of(days, len(days)),
        team_days=figures.team_days,
        travel_minutes=figures.travel_minutes,
        by_week=_by_week(days),
        half_by=_day_of(days, ceil(villages * HALF)),
        most_by=_day_of(days, ceil(villages * MOST)),
    )


def _villages(db: Session, stage: Stage, today: date) -> tuple[list[str], int]:
    """List the villages chosen whose session is not held, nor due by today; count the others."""
    over = (
        select(col(Visit.village_code))
        .where(col(Visit.stage_id) == stage.id)
        .where(
            col(Visit.work).in_(REPORTED)
            | (col(Visit.work).in_(ACTIVE) & (col(Visit.day) <= today))
        )
    )
    chosen = select(col(StageVillage.village_code)).where(
        col(StageVillage.stage_id) == stage.id,
        ~is_elsewhere(stage.id, col(StageVillage.village_code)),
    )
    held = set(db.scalars(over))
    return [code for code in db.scalars(chosen) if code not in held], len(held)


def _free(db: Session, stage: Stage, starts: date, days: Sequence[TeamDay]) -> tuple[TeamDay, ...]:
    """Leave out the team-days on which a team goes out, or is away, for another stage."""
    query = (
        select(col(Visit.team_id), col(Visit.day))
        .join(Team, col(Team.id) == col(Visit.team_id))
        .where(
            col(Team.branch_id) == stage.branch_id,
            col(Visit.stage_id) != stage.id,
            col(Visit.day).between(starts, stage.ends),
            col(Visit.work).in_(ACTIVE),
        )
    )
    taken = {(row.team_id, row.day) for row in db.execute(query)}
    taken |= by_day(_stays_elsewhere(db, stage, starts, stage.ends)).keys()
    return tuple(one for one in days if (one.team_id, one.day) not in taken)


def _stays_elsewhere(db: Session, stage: Stage, first: date, last: date) -> list[StayRow]:
    of_branch, kept_by = col(Team.branch_id) == stage.branch_id, col(Visit.stage_id) != stage.id
    return stays_between(db, first, last, of_branch, kept_by=kept_by)


def _more_days(db: Session, stage: Stage, starts: date, changes: WhatIfIn) -> list[TeamDay]:
    """Team-days that only the supposition has: Saturdays of teams that rest then, and new teams."""
    saturdays = _saturdays(db, stage, starts) if changes.saturdays else ()
    own = team_days(db, stage.branch_id, starts, stage.ends)
    more = list(_free(db, stage, starts, saturdays))
    if not changes.extra_teams or not own:
        return more
    base = _extra_base(db, stage, changes)
    like = max({one.team_id for one in own}, key=lambda team: _worked(own, team))
    pattern = [one for one in [*own, *saturdays] if one.team_id == like]
    # Nobody's number: a team to come has none yet.
    return more + [
        replace(one, team_id=-number, base=base)
        for number in range(1, changes.extra_teams + 1)
        for one in pattern
    ]


def _worked(days: Sequence[TeamDay], team_id: int) -> tuple[int, int]:
    return sum(one.team_id == team_id for one in days), -team_id


def _saturdays(db: Session, stage: Stage, starts: date) -> tuple[TeamDay, ...]:
    """Saturdays, holidays left out, of the teams that do not work on them and are not on leave."""
    query = (
        select(Team, Village)
        .join(Village, col(Village.code) == col(Team.base_village_code))
        .where(col(Team.branch_id) == stage.branch_id, col(Team.is_active))
        .order_by(col(Team.id))
    )
    away = leave_days(db, stage.branch_id, starts, stage.ends)
    holidays = rest_of_branch(db, stage.branch_id, starts, stage.ends).holidays
    days = workdays(starts, stage.ends, weekdays={SATURDAY}, holidays=holidays)
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


def _without_islands(
    db: Session, stage: Stage, sites: tuple[Site, ...], changes: WhatIfIn
) -> tuple[Site, ...]:
    """Leave out the villages that no team reaches without crossing the sea, if that is asked."""
    if not changes.skip_islands:
        return sites
    land = {base_point(db, stage.branch_id).island, _extra_base(db, stage, changes).island}
    bases = select(col(Village.island)).join(Team, col(Team.base_village_code) == col(Village.code))
    land |= set(
        db.scalars(bases.where(col(Team.branch_id) == stage.branch_id, col(Team.is_active)))
    )
    return tuple(site for site in sites if site.point.island in land)
