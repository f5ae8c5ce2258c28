"""What a stage leaves out, on its pages: said in the steps, asked before the plan goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from outreach.campaigns.tables import Stage
from outreach.db import unit_of_work
from outreach.people.access import within
from outreach.people.tables import AccountArea, BranchRegency, Role
from outreach.visits.tables import Visit, Work
from tests.web.planned import engine_of, words_of
from tests.web.test_coordinator_desk import lines_on

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


def test_a_district_that_falls_to_zero_after_approval_is_shown_until_somebody_says_why(
    english: Callable[[Role], Visitor], planned: Planned
) -> None:
    coordinator, manager = english(Role.COORDINATOR), english(Role.MANAGER)
    assert "None: in every open stage with a plan" in words_of(manager.get("/follow-ups"))
    assert b"nobody has said why" not in manager.get(f"/stages/{planned.stage_id}").data
    with unit_of_work(planned.engine) as db:
        for visit in db.scalars(select(Visit).where(within(Visit.village_code, ["33.72.02"]))):
            visit.work = Work.CANCELLED
    omissions = f"/stages/{planned.stage_id}/omissions"
    assert omissions in lines_on(coordinator, "at-zero")
    for visitor in (coordinator, manager):
        assert "nobody has said why" in words_of(visitor.get(f"/stages/{planned.stage_id}"))
        page = visitor.get("/follow-ups").get_data(as_text=True)
        assert f'href="{omissions}"' in page
    given = {"grounds": "district:33.72.02", "reason": "Jembatan putus"}
    assert coordinator.send(omissions, given).status_code == 303
    assert omissions not in lines_on(coordinator, "at-zero")
    assert omissions not in manager.get("/follow-ups").get_data(as_text=True)


def test_who_sees_a_part_of_the_branch_reads_no_foreign_district(
    english: Callable[[Role], Visitor], left: Planned, world: World
) -> None:
    manager = english(Role.MANAGER)
    path = f"/stages/{left.stage_id}/omissions"
    assert "33.72.0" in words_of(manager.get(path))
    with unit_of_work(left.engine) as db:
        # The branch serves another regency as well now, and that is all this manager sees of it.
        db.get_one(BranchRegency, "33.11").branch_id = world.own["branch_id"]
        account_id = world.accounts[Role.MANAGER][0]
        for area in db.exec(select(AccountArea).where(AccountArea.account_id == account_id)):
            db.delete(area)
        db.add(AccountArea(account_id=account_id, code="33.11"))
    page = words_of(manager.get(path))
    assert "33.72.0" not in page
    what_if = f"/outlook/what-if/{left.stage_id}"
    assert manager.get(f"{what_if}/{world.own['what_if_id']}").status_code == 404
    page = words_of(manager.get(what_if))
    assert "A what-if sums the whole branch up" in page
    assert "Asked so far" not in page
    assert what_if not in manager.get("/outlook").get_data(as_text=True)
    assert manager.get(f"/runs/{world.own['run_id']}").status_code == 404
