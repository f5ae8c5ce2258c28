"""What a plan run would do, told before it starts and without writing anything."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from outreach.campaigns.choosing import choose, sites_of
from outreach.campaigns.days import LONGEST_STAGE_DAYS
from outreach.campaigns.stages import stage_of
from outreach.campaigns.tables import Campaign, Stage
from outreach.planning.capacity import Known, verdict
from outreach.planning.cures import Cure, cures_of, with_more
from outreach.planning.workdays import is_friday
from outreach.visits.question import DayLeftOut, days_left_out, free_and_taken, past_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.planning.model import Site, TeamDay


#: The prayers leave room for one session before and one after.
MOST_ON_FRIDAY = 2


@dataclass(frozen=True, slots=True)
class Trial:
    """A change to try before it is made; what is None or 0 stays as it is."""

    ends: date | None = None
    quota: int | None = None
    more_sessions: int = 0
    more_teams: int = 0


@dataclass(frozen=True, slots=True)
class Week:
    """Free team-days of one week, and the sessions that they have room for at most."""

    monday: date
    team_days: int
    sessions: int


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
        Chosen villages that neither a team-day nor a stay could hold.
    team_days, fridays
        Free team-days on which some village is open, and how many of them are on a Friday (two
        sessions at most).
    team_days_taken
        Team-days that other visits take.
    left_out
        Villages of the area that somebody left out by hand.
    first_free, last_free
        First and last day on which a team is free; None without any.
    last_reached
        When the last village would be reached at this pace, be it after the stage's end.
    weeks
        Free team-days by week, weeks without any between them included.
    sessions_possible, shortfall, team_days_needed, by_stay, stays, stay_team_days, waits_for_few
        As in `planning.capacity.Verdict`.
    cures
        What closes the gap, each tried; no cure lets a stage end later than it may.
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
    left_out: int = 0
    first_free: date | None = None
    last_free: date | None = None
    last_reached: date | None = None
    weeks: tuple[Week, ...] = ()
    by_stay: int = 0
    stays: int = 0
    stay_team_days: int = 0
    waits_for_few: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether the stage has no village at all: neither one to plan nor one that stays."""
        return not (self.villages or self.villages_kept)

    @property
    def all_fit(self) -> bool:
        """Whether every chosen village can be held, as far as an estimate can tell."""
        return not (self.shortfall or self.out_of_reach)


def preview(
    db: Session, stage_id: int, by: Person, today: date, trial: Trial | None = None
) -> StagePreview:
    """Tell what `request_run` would start from today, also under a change that is only tried.

    Raises
    ------
    NotFound
        If the stage is missing or outside the person's area.
    """
    tried = trial or Trial()
    stage = _changed(stage_of(db, by, stage_id), tried)
    past = past_of(db, stage)
    choice = choose(db, stage, past, today)
    taken = free_and_taken(db, stage, today)[1]
    codes = [scored.code for scored in choice.chosen]
    longest = as_if(stage, ends=max(stage.ends, _latest_end(db, stage)))
    by_code = {site.code: site for site in sites_of(db, codes, stage.starts, longest.ends)}
    sites = [by_code[code] for code in codes]
    every_day = _with_trial(_useful(free_and_taken(db, longest, today)[0], sites), tried)
    team_days = [one for one in every_day if one.day <= stage.ends]
    days = [team_day.day for team_day in team_days]
    known = Known.of(sites, every_day)
    told = verdict(sites, team_days, known)
    later = [one for one in every_day if one.day > stage.ends]
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
        cures=cures_of(told, sites, team_days, later, known),
        days_left_out=tuple(days_left_out(db, stage, codes)),
        left_out=choice.left_out,
        first_free=min(days, default=None),
        last_free=max(days, default=None),
        last_reached=told.last_day,
        weeks=_weeks(team_days),
        by_stay=told.by_stay,
        stays=told.stays,
        stay_team_days=told.stay_team_days,
        waits_for_few=told.waits_for_few,
    )


def _with_trial(team_days: Sequence[TeamDay], trial: Trial) -> tuple[TeamDay, ...]:
    return with_more(team_days, sessions=trial.more_sessions, teams=trial.more_teams)


def _changed(stage: Stage, trial: Trial) -> Stage:
    changes = {"ends": trial.ends, "quota": trial.quota}
    return as_if(stage, **{name: value for name, value in changes.items() if value is not None})


def as_if(stage: Stage, **changes: Any) -> Stage:
    """Copy a stage with changes in it; the copy is never stored."""
    stored = {name: getattr(stage, name) for name in Stage.model_fields}
    return Stage(**{**stored, **changes})


def _weeks(team_days: Sequence[TeamDay]) -> tuple[Week, ...]:
    by_week: dict[date, list[TeamDay]] = defaultdict(list)
    for one in team_days:
        by_week[one.day - timedelta(days=one.day.weekday())].append(one)
    if not by_week:
        return ()
    first, last = min(by_week), max(by_week)
    mondays = [first + timedelta(weeks=n) for n in range((last - first).days // 7 + 1)]
    return tuple(
        Week(monday, len(by_week[monday]), sum(_sessions(one) for one in by_week[monday]))
        for monday in mondays
    )


def _sessions(team_day: TeamDay) -> int:
    """Most sessions of a team's day; the prayers of a Friday leave room for two."""
    return min(team_day.sessions, MOST_ON_FRIDAY) if is_friday(team_day.day) else team_day.sessions


def _useful(team_days: Sequence[TeamDay], sites: Sequence[Site]) -> tuple[TeamDay, ...]:
    """Leave out the days on which every chosen village is closed."""
    shut = frozenset.intersection(*(site.closed_days for site in sites)) if sites else frozenset()
    return tuple(one for one in team_days if one.day not in shut)


def _latest_end(db: Session, stage: Stage) -> date:
    """Last day on which the stage may end: no cure moves it beyond."""
    longest = stage.starts + timedelta(days=LONGEST_STAGE_DAYS - 1)
    return min(longest, db.get_one(Campaign, stage.campaign_id).ends)
