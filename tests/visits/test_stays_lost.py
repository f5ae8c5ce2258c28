"""A team that is ill during a stay: from then on nobody is at the hub."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.people.tables import TeamLeave
from outreach.visits.causes import TeamAway
from outreach.visits.leave import visits_in_leave, without_team
from outreach.visits.listing import visits_of_stage
from outreach.visits.stays import stays_of_stage, team_days
from outreach.visits.tables import Stay, Visit, Work
from tests.visits.away import BACK, FIRST, HUB, OUT, SECOND
from tests.visits.upset import apply, draft
from tests.visits.world import ENDS, STARTS, World

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Engine


def ill(world: World, first: date, last: date) -> TeamAway:
    return TeamAway(team_id=world.team_ids[0], first=first, last=last, why="Sakit")


def days_at_hub(engine: Engine, world: World) -> set[date]:
    with reading(engine) as db:
        days = team_days(db, world.branch_id, STARTS, ENDS)
    return {one.day for one in days if one.base.region_code == HUB}


@pytest.mark.parametrize("first", [OUT, FIRST], ids=["out", "first"])
def test_who_cannot_set_out_visits_nobody_of_the_stay(
    engine: Engine, away: World, first: date
) -> None:
    seen = draft(engine, away, ill(away, first, first))
    assert {one.before["day"] for one in seen.changes if one.before} == {
        FIRST.isoformat(),
        SECOND.isoformat(),
    }
    team = away.team_ids[0]
    assert not any(
        one.place and one.place.team_id == team and one.place.day <= BACK for one in seen.changes
    )
    apply(engine, away, seen)
    assert days_at_hub(engine, away) == set()
    with reading(engine) as db:
        assert stays_of_stage(db, away.coordinator, away.stage_id) == []


def test_who_falls_ill_at_the_hub_keeps_what_came_before_and_is_not_shown_there_after(
    engine: Engine, away: World
) -> None:
    seen = draft(engine, away, ill(away, SECOND, SECOND))
    assert [one.before["day"] for one in seen.changes if one.before] == [SECOND.isoformat()]
    apply(engine, away, seen)
    assert days_at_hub(engine, away) == {FIRST}
    with reading(engine) as db:
        (stay,) = stays_of_stage(db, away.coordinator, away.stage_id)
        free = {
            one.day
            for one in team_days(db, away.branch_id, STARTS, ENDS)
            if one.team_id == away.team_ids[0]
        }
    assert (stay.starts, stay.ends, stay.travel_days) == (OUT, FIRST, (OUT,))
    assert BACK in free, "the team is at home again"


def test_a_stay_of_which_a_confirmed_visit_stays_waits_for_a_decision(
    engine: Engine, away: World
) -> None:
    with unit_of_work(engine) as db:
        told = update(Visit).where(col(Visit.day) == SECOND).values(work=Work.CONFIRMED)
        db.execute(told)
    seen = apply(engine, away, draft(engine, away, ill(away, SECOND, SECOND)))
    assert len(seen.open_problems) == 1
    with reading(engine) as db:
        assert db.scalars(select(Stay)).one().ends == BACK


def test_leave_on_the_way_out_collides_with_every_visit_of_the_stay(
    engine: Engine, away: World
) -> None:
    with unit_of_work(engine) as db:
        leave = TeamLeave(team_id=away.team_ids[0], starts=OUT, ends=OUT, reason="Sakit")
        db.add(leave)
        db.flush()
        hit = {row.day for row in visits_in_leave(db, away.coordinator, leave)}
        rows = visits_of_stage(db, away.coordinator, away.stage_id)
        collide = without_team(db, away.branch_id, rows)
    assert hit == {FIRST, SECOND}
    assert {row.day for row in rows if row.id in collide} == {FIRST, SECOND}


def test_leave_after_a_stay_takes_none_of_it(engine: Engine, away: World) -> None:
    after = BACK + timedelta(days=1)
    assert draft(engine, away, ill(away, after, after)).changes == ()
    assert days_at_hub(engine, away) == {FIRST, SECOND}
