"""A plan's pages say where a team stays overnight, and the map starts its trips from there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from outreach.db import unit_of_work
from outreach.people.tables import Role, Team
from outreach.visits.snapshot import figures_of, places_of_stage
from outreach.visits.tables import Batch, Stay
from tests.web.planned import Planned, engine_of, stay_over, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World


@pytest.fixture
def hub(planned: Planned) -> str:
    return stay_over(planned)


def test_every_view_of_a_plan_tells_of_its_stays(
    hub: str, world: World, english: Callable[[Role], Visitor]
) -> None:
    path = f"/stages/{world.own['stage_id']}/plan"
    for view in ("", "/calendar", "/map"):
        words = words_of(english(Role.COORDINATOR).get(path + view))
        assert "1 stay overnight" in words
        assert f"stays at {hub}" in words
        assert "1 day with sessions" in words
        assert "night away" not in words


def test_a_long_stay_tells_its_nights_and_days_off(
    app: Flask, hub: str, planned: Planned, world: World, english: Callable[[Role], Visitor]
) -> None:
    first = planned.visits()[0]
    with unit_of_work(engine_of(app)) as db:
        stay = db.exec(select(Stay)).one()
        stay.starts, stay.ends = first.day - timedelta(days=1), first.day + timedelta(days=3)
        stay.travel_days = [stay.starts.isoformat(), stay.ends.isoformat()]
    words = words_of(english(Role.COORDINATOR).get(f"/stages/{world.own['stage_id']}/plan"))
    assert "2 days without a session (on the way), 1 day with sessions" in words
    assert "4 nights away, 2 days off" in " ".join(words.split()).replace(" ,", ",")


def test_what_was_shared_fairly_is_told_of_the_day_the_plan_was_made(
    app: Flask, hub: str, planned: Planned, world: World, english: Callable[[Role], Visitor]
) -> None:
    with unit_of_work(engine_of(app)) as db:
        batch = db.exec(select(Batch).where(Batch.run_id == planned.run_id)).one()
        loads = {"fallen": {"1": 900, "2": 100}, "shared": {"1": 500, "2": 500}, "strangers": 0}
        batch.figures = {**batch.figures, "shares": loads}
    visitor, path = english(Role.COORDINATOR), f"/stages/{world.own['stage_id']}/fairness"
    assert "The planner gave trips" not in words_of(visitor.get(path)), "there is one team only"
    with unit_of_work(engine_of(app)) as db:
        team = db.get_one(Team, world.own["team_id"])
        db.add(Team(**team.model_dump(exclude={"id", "name"}), name="Tim Kedua"))
    told = words_of(visitor.get(path))
    assert "their loads lay 13.3 h apart and then 0.0 h" in told
    assert "That was when the plan was made; the table shows how it is now." in told
    with unit_of_work(engine_of(app)) as db:
        batch = db.exec(select(Batch).where(Batch.run_id == planned.run_id)).one()
        price = {"handed": 2, "travel_minutes": 90, "cost_minutes": 150}
        batch.figures = {**batch.figures, "shares": loads | price}
    told = words_of(visitor.get(path))
    assert "their loads lay 13.3 h apart and then 0.0 h" in told
    assert (
        "2 trips start from another base because of it. The price: 1.5 h more on the road" in told
    )
    assert "2.5 h with waiting and team-days counted" in told


def test_who_hands_a_plan_in_sees_its_stays_and_their_ways_in_its_figures(
    app: Flask, hub: str, world: World, english: Callable[[Role], Visitor]
) -> None:
    page = english(Role.COORDINATOR).get(f"/stages/{world.own['stage_id']}/hand-in")
    assert f"stays at {hub}" in words_of(page)
    with unit_of_work(engine_of(app)) as db:
        places = places_of_stage(db, world.own["stage_id"])
    # 300 minutes to the hub, and as many back.
    minutes = figures_of(places).travel_minutes
    assert minutes == sum(place.travel_minutes for place in places) + 600
    assert f"{minutes / 60:,.1f} h" in words_of(page)


def test_the_map_starts_the_trips_of_a_stay_at_its_hub(
    hub: str, world: World, english: Callable[[Role], Visitor]
) -> None:
    frame = english(Role.COORDINATOR).get(f"/stages/{world.own['stage_id']}/plan/map/frame")
    assert f"staying at {hub}" in frame.get_data(as_text=True)


def test_a_plan_without_stays_does_not_speak_of_them(
    planned: Planned, world: World, english: Callable[[Role], Visitor]
) -> None:
    answer = english(Role.COORDINATOR).get(f"/stages/{world.own['stage_id']}/plan")
    assert "overnight" not in words_of(answer)
