"""What planning would do, told by week, and under a change that is only tried."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from outreach.campaigns.choosing import choose
from outreach.campaigns.tables import Campaign, Stage
from outreach.db import reading, unit_of_work
from outreach.people.tables import Team, TeamLeave
from outreach.planning.cures import Cure, CureKind
from outreach.villages.tables import ClosedPeriod, Closure
from outreach.visits.preview import StagePreview, Trial, as_if, preview
from outreach.visits.question import past_of
from tests.visits.world import ENDS, STARTS, TODAY, World

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: Two teams cannot hold the city's 54 villages in these days.
EARLY = date(2026, 11, 7)


@pytest.fixture
def short(engine: Engine, world: World) -> World:
    with unit_of_work(engine) as db:
        db.get_one(Stage, world.stage_id).ends = EARLY
    return world


def told(engine: Engine, world: World, trial: Trial | None = None) -> StagePreview:
    with reading(engine) as db:
        return preview(db, world.stage_id, world.coordinator, TODAY, trial)


def test_weeks_hold_every_free_team_day_and_the_days_between_first_and_last(
    engine: Engine, world: World
) -> None:
    whole = told(engine, world)
    assert (whole.first_free, whole.last_free) == (STARTS, ENDS)
    assert [(week.monday.day, week.team_days) for week in whole.weeks] == [(2, 10), (9, 12)]
    assert sum(week.team_days for week in whole.weeks) == whole.team_days
    # Three a day, two on the Friday, for two teams.
    assert whole.weeks[1].sessions == 2 * (5 * 3 + 2)


def test_the_last_is_reached_within_the_stage_or_behind_it(engine: Engine, world: World) -> None:
    enough = told(engine, world)
    assert enough.shortfall == 0
    assert enough.last_reached is not None
    assert STARTS < enough.last_reached <= ENDS
    with unit_of_work(engine) as db:
        db.get_one(Stage, world.stage_id).ends = EARLY
    missing = told(engine, world)
    assert missing.shortfall > 0
    assert missing.last_reached is not None
    assert EARLY < missing.last_reached <= ENDS
    until = {cure.until for cure in missing.cures if cure.kind is CureKind.LONGER_STAGE}
    assert until == {missing.last_reached}


def _trial(cure: Cure, missing: StagePreview) -> Trial:
    """Try a cure the way the page does."""
    return {
        CureKind.LONGER_STAGE: Trial(ends=cure.until),
        CureKind.LOWER_QUOTA: Trial(quota=missing.villages - cure.amount),
        CureKind.ADD_TEAMS: Trial(more_teams=cure.amount),
        CureKind.MORE_SESSIONS: Trial(more_sessions=cure.amount),
    }[cure.kind]


def test_every_cure_closes_the_gap_when_it_is_tried(engine: Engine, short: World) -> None:
    missing = told(engine, short)
    kinds = [cure.kind for cure in missing.cures]
    assert len(kinds) == len(set(kinds)) > 1
    for cure in missing.cures:
        tried = told(engine, short, _trial(cure, missing))
        assert tried.shortfall == 0 < missing.shortfall, cure


def test_more_teams_and_sessions_make_more_room(engine: Engine, short: World) -> None:
    now = told(engine, short)
    assert told(engine, short, Trial(more_teams=1)).team_days == now.team_days * 3 // 2
    assert told(engine, short, Trial(more_teams=2)).team_days == now.team_days * 2
    more = told(engine, short, Trial(more_sessions=1))
    assert more.sessions_possible >= now.sessions_possible
    # Nobody holds four sessions a day.
    assert max(week.sessions for week in more.weeks) <= 3 * now.team_days


def test_a_trial_writes_nothing(engine: Engine, short: World) -> None:
    with unit_of_work(engine) as db:
        tried = Trial(ends=ENDS, quota=5, more_teams=3)
        shown = preview(db, short.stage_id, short.coordinator, TODAY, tried)
        assert shown.villages == 5
    with reading(engine) as db:
        (stage,) = db.exec(select(Stage)).all()
        assert (stage.ends, stage.quota, stage.version) == (EARLY, None, 2)
        assert as_if(stage, quota=1).quota == 1
        assert stage not in db.dirty


def test_no_cure_lets_the_stage_end_after_its_campaign(engine: Engine, short: World) -> None:
    longer = {CureKind.LONGER_STAGE, CureKind.ADD_TEAMS, CureKind.LOWER_QUOTA}
    with unit_of_work(engine) as db:
        for team_id in short.team_ids:
            db.get_one(Team, team_id).sessions_per_day = 2
    assert {cure.kind for cure in told(engine, short).cures} > {CureKind.LONGER_STAGE}
    with unit_of_work(engine) as db:
        stage = db.get_one(Stage, short.stage_id)
        db.get_one(Campaign, stage.campaign_id).ends = EARLY
    assert {cure.kind for cure in told(engine, short).cures} == longer - {CureKind.LONGER_STAGE}


def test_days_on_which_every_chosen_village_is_closed_are_told_with_what_closes_them(
    engine: Engine, world: World
) -> None:
    with unit_of_work(engine) as db:
        stage = db.get_one(Stage, world.stage_id)
        stage.area_codes, stage.quota = ["33.72.01", "33.72.02"], 1
        before = preview(db, world.stage_id, world.coordinator, TODAY)
        (code,) = (one.code for one in choose(db, stage, past_of(db, stage), TODAY).chosen)
        day = date(2026, 11, 10)
        harvest = ClosedPeriod(region_code=code, starts=day, ends=day, closure=Closure.HARVEST)
        harvest.note = "padi"
        db.add(harvest)
    after = told(engine, world)
    assert after.team_days == before.team_days - 2
    (left_out,) = [one for one in after.days_left_out if one.day == day]
    assert [(one.closure, one.note) for one in left_out.marks] == [(Closure.HARVEST, "padi")]


@pytest.mark.parametrize("quota", [14, 20, 27, 33, 40, 46])
@pytest.mark.parametrize("sessions", [1, 2, 3])
def test_cures_hold_when_they_are_tried_around_leave_holidays_and_fewer_sessions(
    engine: Engine, short: World, quota: int, sessions: int
) -> None:
    with unit_of_work(engine) as db:
        db.get_one(Stage, short.stage_id).quota = quota
        for team_id in short.team_ids:
            db.get_one(Team, team_id).sessions_per_day = sessions
        starts, ends = date(2026, 11, 6), date(2026, 11, 11)
        team_id = short.team_ids[0]
        db.add(TeamLeave(team_id=team_id, starts=starts, ends=ends, reason="cuti"))
    missing = told(engine, short)
    assert bool(missing.cures) == (missing.shortfall > 0)
    for cure in missing.cures:
        assert told(engine, short, _trial(cure, missing)).shortfall == 0, cure
