"""What a plan run would do, told before it starts and without writing anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from outreach.campaigns.choosing import choose, sites_of
from outreach.campaigns.days import is_too_long_for_a_stage
from outreach.campaigns.stages import stage_of
from outreach.planning.capacity import Cure, verdict
from outreach.planning.workdays import is_friday
from outreach.visits.question import DayLeftOut, days_left_out, free_and_taken, past_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlmodel import Session

    from outreach.campaigns.tables import Stage
    from outreach.people.access import Person
    from outreach.planning.model import Site, TeamDay


@dataclass(frozen=True, slots=True)
class StagePreview:
    """What a plan run of a stage would start from, and how far it would come.

    Attributes
    ----------
    villages
        Villages chosen, to be planned now.
    villages_in_area
        All villages of the stage's area and kinds.
    villages_kept
        Villages whose visit is asked, confirmed or held and stays as it is.
    villages_elsewhere
        Villages of the area that another stage of the campaign reached or is about to visit.
    out_of_reach
        Chosen villages that no team-day could hold.
    team_days, fridays
        Free team-days on which some village is open, and how many of them are on a Friday (two
        sessions at most).
    team_days_taken
        Team-days that other visits take.
    sessions_possible, shortfall, team_days_needed, cures
        As in `planning.capacity.Verdict`; no cure makes a stage longer than any may be.
    """

    stage_id: int
    villages: int
    villages_in_area: int
    villages_kept: int
    villages_elsewhere: int
    out_of_reach: int
    team_days: int
    fridays: int
    team_days_taken: int
    team_days_needed: int
    sessions_possible: int
    shortfall: int
    cures: tuple[Cure, ...]
    days_left_out: tuple[DayLeftOut, ...]


def preview(db: Session, stage_id: int, by: Person, today: date) -> StagePreview:
    """Tell what `request_run` would start from today.

    Raises
    ------
    NotFound
        If the stage is missing or outside the person's area.
    """
    stage = stage_of(db, by, stage_id)
    past = past_of(db, stage)
    choice = choose(db, stage, past, today)
    team_days, taken = free_and_taken(db, stage, today)
    codes = [scored.code for scored in choice.chosen]
    sites = sites_of(db, codes, stage.starts, stage.ends)
    team_days = _useful(team_days, sites)
    told = verdict(sites, team_days)
    return StagePreview(
        stage_id=stage_id,
        villages=len(choice.chosen),
        villages_in_area=choice.in_area,
        villages_kept=len(past.kept),
        villages_elsewhere=choice.elsewhere,
        out_of_reach=told.out_of_reach,
        team_days=len(team_days),
        fridays=sum(is_friday(team_day.day) for team_day in team_days),
        team_days_taken=taken,
        team_days_needed=told.team_days_needed,
        sessions_possible=told.sessions_possible,
        shortfall=told.shortfall,
        cures=tuple(cure for cure in told.cures if _can_be_taken(cure, stage)),
        days_left_out=tuple(days_left_out(db, stage)),
    )


def _useful(team_days: Sequence[TeamDay], sites: Sequence[Site]) -> tuple[TeamDay, ...]:
    """Leave out the days on which every chosen village is closed."""
    shut = frozenset.intersection(*(site.closed_days for site in sites)) if sites else frozenset()
    return tuple(one for one in team_days if one.day not in shut)


def _can_be_taken(cure: Cure, stage: Stage) -> bool:
    return cure.until is None or not is_too_long_for_a_stage(stage.starts, cure.until)
