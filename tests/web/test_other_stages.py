"""A stage's pages tell what the other stages of the branch have its teams and villages for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from outreach.campaigns.tables import Stage, StageVillage, Status
from outreach.db import unit_of_work
from outreach.people.tables import Role
from outreach.villages.tables import Village
from outreach.visits.preview import as_if
from outreach.visits.tables import Visit, Work
from tests.web.planned import Planned, ask_for_plan, engine_of, hang_clock, stay_over, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World


@pytest.fixture
def other_id(app: Flask, planned: Planned) -> int:
    """Another stage of the branch and the campaign, without a visit, over the same days."""
    with unit_of_work(engine_of(app)) as db:
        own = db.get_one(Stage, planned.stage_id)
        other = as_if(own, id=None, name="Tahap 9", status=Status.OPENED)
        db.add(other)
        db.flush()
        return other.id or 0


def with_a_visit(app: Flask, planned: Planned, other_id: int) -> None:
    """Give the other stage a visit of its own, so that its calendar has rows."""
    last = planned.visits()[-1]
    facts = last.model_dump(exclude={"id", "stay_id", "run_id", "batch_id"})
    with unit_of_work(engine_of(app)) as db:
        later = {"stage_id": other_id, "day": last.day + timedelta(weeks=1)}
        db.add(Visit(**{**facts, **later}))


def test_the_calendar_of_a_stage_shows_what_its_teams_do_for_another(
    app: Flask, planned: Planned, other_id: int, english: Callable[[Role], Visitor]
) -> None:
    first = planned.visits()[0]
    hub = stay_over(planned)
    with unit_of_work(engine_of(app)) as db:
        own = db.get_one(Stage, planned.stage_id).name
    with_a_visit(app, planned, other_id)
    address = f"/stages/{{}}/plan/calendar?week={first.day.isoformat()}"
    answer = english(Role.COORDINATOR).get(address.format(other_id))
    words = words_of(answer)
    # In the row of the team, and once more in the list that phones show.
    assert words.count(f"for another stage: {own} , stays at {hub}") == 2
    assert f"for another stage: {own} , visits villages" in words
    link = f'href="/stages/{planned.stage_id}/plan/calendar?week={first.day.isoformat()}"'
    assert link in answer.get_data(as_text=True)
    # The stage itself has its teams for itself.
    own_words = words_of(english(Role.COORDINATOR).get(address.format(planned.stage_id)))
    assert f"for another stage: {own}" not in own_words


def test_a_village_of_another_stage_is_not_offered_as_waiting(
    app: Flask, planned: Planned, other_id: int, english: Callable[[Role], Visitor]
) -> None:
    visit = planned.visits()[0]
    with unit_of_work(engine_of(app)) as db:
        db.add(StageVillage(stage_id=other_id, village_code=visit.village_code, rank=1, score=1.0))
        name = db.get_one(Village, visit.village_code).name
    path = f"/stages/{other_id}/plan/unplaced"
    answer = english(Role.COORDINATOR).get(path)
    words = words_of(answer)
    assert "Visited by another stage of this campaign" in words
    assert f"{name} {visit.village_code}" in words
    assert "Fill the gaps" not in words
    assert f'href="/visits/{visit.id}"' in answer.get_data(as_text=True)
    with unit_of_work(engine_of(app)) as db:
        db.get_one(Visit, visit.id).work = Work.CANCELLED
    words = words_of(english(Role.COORDINATOR).get(path))
    assert "Visited by another stage" not in words
    assert "Fill the gaps" in words


def test_who_cannot_change_a_plan_reads_whose_planning_is_in_the_way(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    hang_clock(app)
    run_id = ask_for_plan(app, world)
    with unit_of_work(engine_of(app)) as db:
        own = db.get_one(Stage, world.own["stage_id"])
        name, ends = own.name, own.ends
        other = as_if(own, id=None, name="Tahap 9", status=Status.OPENED)
        days = {"starts": ends + timedelta(days=1), "ends": ends + timedelta(days=6)}
        later = as_if(other, name="Tahap 10", **days)
        db.add_all([other, later])
        db.flush()
        stages = own.id, other.id, later.id
    visitor = english(Role.COORDINATOR)
    said = []
    for stage_id in stages:
        answer = visitor.send(f"/stages/{stage_id}/replan", {"cause": "gaps"})
        html = answer.get_data(as_text=True)
        said.append((answer.status_code, f'href="/runs/{run_id}"' in html, words_of(answer)))
    assert [one[:2] for one in said] == [(409, True), (409, True), (303, False)]
    assert "has been planning this stage since" in said[0][2]
    assert f"has been planning {name} since" in said[1][2]
    assert "Watch the run" in said[1][2]
