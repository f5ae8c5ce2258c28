"""What-ifs that were given up or called off: what their pages offer, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.db import unit_of_work
from outreach.progress.tables import AskedState, WhatIf
from outreach.progress.what_if import WhatIfIn, claim, fail
from tests.visits.world import NOW
from tests.web.test_outlook import LEASE, asked_path, engine, manager

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.web.conftest import Visitor
    from tests.web.world import World

__all__ = ["engine", "manager"]


def test_a_dead_question_has_one_button_and_one_called_off_stays_so(
    manager: Visitor, world: World, engine: Engine
) -> None:
    for _ in range(5):
        with unit_of_work(engine) as db:
            held = claim(db, world.own["what_if_id"], NOW, LEASE)
            assert held is not None
            fail(db, held, ValueError("a village stands twice"), NOW)
    page = manager.get(asked_path(world)).text
    assert "ValueError: a village stands twice" in page
    assert f"{asked_path(world)}/retry" in page
    assert manager.send(f"{asked_path(world)}/retry").status_code == 303
    assert manager.send(f"{asked_path(world)}/retry").status_code == 409
    assert manager.send(f"{asked_path(world)}/cancel").status_code == 303
    assert "The question was called off." in manager.get(asked_path(world)).text
    with unit_of_work(engine) as db:
        assert db.get_one(WhatIf, world.own["what_if_id"]).state is AskedState.CANCELLED


def test_a_dead_question_that_cannot_be_asked_any_more_says_which_part(
    manager: Visitor, world: World, engine: Engine
) -> None:
    with unit_of_work(engine) as db:
        row = db.get_one(WhatIf, world.own["what_if_id"])
        row.state, row.changes = AskedState.DEAD, WhatIfIn(extra_teams=-4).model_dump()
    refused = manager.send(f"{asked_path(world)}/retry")
    assert refused.status_code == 422
    assert "At least one team has to be left." in refused.text
    with unit_of_work(engine) as db:
        assert db.get_one(WhatIf, world.own["what_if_id"]).state is AskedState.DEAD


def test_a_question_is_found_below_its_own_stage_only(manager: Visitor, world: World) -> None:
    other = f"/outlook/what-if/999999/{world.own['what_if_id']}"
    assert manager.get(other).status_code == 404
    foreign = f"/outlook/what-if/{world.own['stage_id']}/{world.foreign['what_if_id']}"
    assert manager.get(foreign).status_code == 404
