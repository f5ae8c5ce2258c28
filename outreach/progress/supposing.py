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

from outreach.campaigns.choosing import sites_of
from outreach.campaigns.tables import Stage, StageVillage
from outreach.people.rota import days_off, team_days
from outreach.planning.blocks import DAYS_AT_HOME
from outreach.planning.model import USUAL, Problem
from outreach.planning.what_if import what_if
from outreach.progress.expected import Expectation, expectation_of
from outreach.progress.supposed_days import (
    free_days,
    land_of,
    stays_elsewhere,
    supposed_days,
)
from outreach.progress.tables import WhatIf
from outreach.progress.weeks import monday_of
from outreach.progress.what_if import WhatIfIn
from outreach.villages.areas import covers
from outreach.visits.elsewhere import is_elsewhere
from outreach.visits.question import local_day
from outreach.visits.snapshot import figures_of, places_of_stage
from outreach.visits.stays import days_away
from outreach.visits.tables import ACTIVE, REPORTED, TO_COME, Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime

    from sqlmodel import Session

    from outreach.planning.model import Site, TeamDay, TravelTable
    from outreach.planning.what_if import Difference, Outlook
    from outreach.visits.leased_rows import Claim

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
    on_islands, out_of_scope
        Villages left out because they lie across the water, or because only others are asked for.
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
    out_of_scope: int
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
    ends = stage.ends + timedelta(weeks=changes.more_weeks)
    longest = max(stage.ends, ends)
    sites = sites_of(db, codes, starts, longest)
    expectation = expectation_of(db, stage)
    own = team_days(db, stage.branch_id, starts, stage.ends)
    in_scope = _in_scope(db, stage, sites, changes)
    near = _without_islands(db, stage, in_scope, changes)
    return Supposition(
        today=today,
        held=done,
        as_it_stands=_as_it_stands(db, stage, today, len(sites), expectation),
        sites=sites,
        team_days=free_days(db, stage, own, (starts, stage.ends)),
        supposed_sites=near,
        supposed_days=supposed_days(db, stage, changes, (starts, ends)),
        on_islands=len(in_scope) - len(near),
        out_of_scope=len(sites) - len(in_scope),
        expectation=expectation,
        seed=asked.seed,
        rests=days_off(db, stage.branch_id, starts, longest + timedelta(weeks=1)),
        away=days_away(stays_elsewhere(db, stage, (starts - HOME, longest + HOME))),
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
    supposed = replace(problem, sites=asked.supposed_sites, team_days=asked.supposed_days)
    told = what_if(problem, supposed, tell)
    expected = asked.expectation
    return {
        "today": asked.today.isoformat(),
        "villages": len(asked.sites),
        "held": asked.held,
        "on_islands": asked.on_islands,
        "out_of_scope": asked.out_of_scope,
        "rate": round(asked.expectation.rate, 3),
        "sessions": asked.expectation.sessions,
        "gained": len(told.gained),
        "lost": len(told.lost),
        "signups_by_week": _signups_by_week(told, expected),
        "as_it_stands": asdict(asked.as_it_stands),
        "anew": asdict(_way(told.before, len(asked.sites), expected)),
        "supposed": asdict(_way(told.after, len(asked.sites), expected)),
    }


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


def _signups_by_week(told: Difference, expectation: Expectation) -> dict[str, list[float]]:
    """Add the sign-ups expected up to the end of each week with a session, anew and supposed."""
    return {
        monday_of(day).isoformat(): [round(expectation.signups(value), 1) for value in reached]
        for day, *reached in told.value_by_date
    }


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


def _in_scope(
    db: Session, stage: Stage, sites: tuple[Site, ...], changes: WhatIfIn
) -> tuple[Site, ...]:
    """Leave out the villages outside the area asked for, and those above the number asked for."""
    if changes.only_area is not None:
        sites = tuple(site for site in sites if covers([changes.only_area], site.code))
    if changes.most_villages is None:
        return sites
    ranked = select(col(StageVillage.village_code)).where(col(StageVillage.stage_id) == stage.id)
    rank = {code: at for at, code in enumerate(db.scalars(ranked.order_by(col(StageVillage.rank))))}
    first = sorted(sites, key=lambda site: rank[site.code])[: changes.most_villages]
    kept = {site.code for site in first}
    return tuple(site for site in sites if site.code in kept)


def _without_islands(
    db: Session, stage: Stage, sites: tuple[Site, ...], changes: WhatIfIn
) -> tuple[Site, ...]:
    """Leave out the villages that no team reaches without crossing the sea, if that is asked."""
    if not changes.skip_islands:
        return sites
    land = land_of(db, stage, changes)
    return tuple(site for site in sites if site.point.island in land)
