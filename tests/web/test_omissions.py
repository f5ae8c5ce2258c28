"""What a stage leaves out, on its pages: said in the steps, asked before the plan goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from outreach.campaigns.tables import Stage
from outreach.db import unit_of_work
from outreach.people.tables import Role
from tests.web.planned import engine_of, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.planned import Planned
    from tests.web.world import World


@pytest.fixture
def short(app: Flask, world: World) -> int:
    """The own stage takes a single village, before anything is planned."""
    stage_id: int = world.own["stage_id"]
    with unit_of_work(engine_of(app)) as db:
        db.get_one(Stage, stage_id).quota = 2
    return stage_id


@pytest.fixture
def left(short: int, planned: Planned) -> Planned:
    """The same, planned: the other districts of the city stay at zero."""
    return planned


def test_a_plan_is_handed_in_only_with_the_reasons(
    english: Callable[[Role], Visitor], left: Planned
) -> None:
    coordinator, manager = english(Role.COORDINATOR), english(Role.MANAGER)
    stage = f"/stages/{left.stage_id}"
    for page in (stage, f"{stage}/verdict", f"{stage}/hand-in"):
        assert "nobody has said why" in words_of(coordinator.get(page))
    refused = coordinator.send(f"{stage}/hand-in")
    assert refused.status_code == 409
    assert "nobody has said why" in words_of(refused)
    listed = coordinator.get(f"{stage}/omissions")
    grounds = [
        one.split('"')[0] for one in listed.get_data(as_text=True).split('name="grounds" value="')
    ][1:]
    assert len(grounds) >= 3
    assert all(one.startswith("district:33.72.") for one in grounds)
    empty = coordinator.send(f"{stage}/omissions", {"grounds": grounds[0], "reason": " "})
    assert empty.status_code == 422
    given = {"grounds": grounds, "reason": "Menyusul pada tahap 2"}
    assert coordinator.send(f"{stage}/omissions", given).status_code == 303
    assert coordinator.send(f"{stage}/hand-in").status_code == 303
    waiting = manager.get("/approvals").get_data(as_text=True)
    path = waiting.split('href="/approvals/')[1].split('"')[0]
    shown = words_of(manager.get(f"/approvals/{path}"))
    assert "Menyusul pada tahap 2" in shown
    assert "each with a reason" in shown


def test_a_manager_reads_the_reasons_and_gives_none(
    english: Callable[[Role], Visitor], left: Planned
) -> None:
    manager = english(Role.MANAGER)
    path = f"/stages/{left.stage_id}/omissions"
    page = manager.get(path)
    assert "no reason yet" in words_of(page)
    assert b'name="grounds"' not in page.data
    assert manager.send(path, {"grounds": "district:33.72.01", "reason": "x"}).status_code == 403


def test_a_reason_for_what_is_not_left_out_is_refused(
    english: Callable[[Role], Visitor], left: Planned
) -> None:
    coordinator = english(Role.COORDINATOR)
    path = f"/stages/{left.stage_id}/omissions"
    answer = coordinator.send(path, {"grounds": "district:33.11.01", "reason": "Alasan"})
    assert answer.status_code == 422
    assert "is not left out any more" in words_of(answer)
    assert b"Alasan" in answer.data


def test_a_draft_tells_what_planning_it_would_leave_out(
    english: Callable[[Role], Visitor], short: int
) -> None:
    page = words_of(english(Role.COORDINATOR).get(f"/stages/{short}/omissions"))
    assert "One reason for all that you tick" in page
    assert page.count("no reason yet") >= 3
