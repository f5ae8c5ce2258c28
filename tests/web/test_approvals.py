"""The way of a plan through the pages: handed in, looked at, sent back, handed in, approved."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update
from sqlmodel import col, select

from outreach.db import reading, unit_of_work
from outreach.logbook.sync import take_in
from outreach.logbook.tables import SessionReport
from outreach.people.access import person_of
from outreach.people.tables import Role, Team
from outreach.planning.forecast import FEWEST_SESSIONS
from outreach.visits.snapshot import places_of_stage
from outreach.visits.tables import PlanSubmission, Visit, Work
from tests.field import told as report
from tests.visits.world import NOW
from tests.web.planned import engine_of, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.planned import Planned
    from tests.web.world import World


def hand_in(client: Visitor, planned: Planned, **form: str) -> int:
    answer = client.send(f"/stages/{planned.stage_id}/hand-in", form)
    assert answer.status_code == 303
    shown = client.get(f"/stages/{planned.stage_id}").get_data(as_text=True)
    found = re.search(r'/approvals/(\d+)"', shown)
    assert found is not None
    return int(found[1])


def test_a_plan_goes_to_the_manager_and_back_and_is_approved(
    planned: Planned, english: Callable[[Role], Visitor]
) -> None:
    coordinator, manager = english(Role.COORDINATOR), english(Role.MANAGER)
    stage = f"/stages/{planned.stage_id}"
    assert "Changed since approval" in words_of(coordinator.get(stage))
    first = hand_in(coordinator, planned, note="Mohon disetujui")
    told = words_of(coordinator.get(stage))
    assert "Waiting for approval Handed in by Si coordinator" in told
    assert "Decides: Si manager." in told
    assert "Approvals 1 waiting for you" in words_of(manager.get("/campaigns"))
    told = words_of(manager.get("/approvals"))
    assert "Waiting for you (1)" in told
    assert "“Mohon disetujui”" in told

    again = manager.send(f"/approvals/{first}/send-back", {"reason": " "})
    assert again.status_code == 422
    assert "Please fill this in." in words_of(again)
    manager.send(f"/approvals/{first}/send-back", {"reason": "Serengan dulu"})
    told = words_of(coordinator.get(stage))
    assert "Plan sent back Si manager" in told
    assert "“Serengan dulu”" in told
    assert "Hand in again" in told
    assert "Waiting for you (0)" in words_of(manager.get("/approvals"))

    second = hand_in(coordinator, planned)
    proposed = [one for one in planned.visits() if one.work is Work.PROPOSED]
    approved = manager.send(f"/approvals/{second}/approve", follow_redirects=True)
    assert f"{len(proposed)} officials are asked to confirm." in words_of(approved)
    assert {planned.visit(one.id).work for one in proposed} == {Work.AWAITING}
    assert "Plan approved Si manager" in words_of(coordinator.get(stage))
    late = manager.send(f"/approvals/{second}/approve")
    assert late.status_code == 409
    assert "does not wait for a decision any more" in words_of(late)


def test_the_difference_names_what_is_added_moved_and_dropped_and_why(
    app: Flask, planned: Planned, english: Callable[[Role], Visitor]
) -> None:
    coordinator, manager = english(Role.COORDINATOR), english(Role.MANAGER)
    manager.send(f"/approvals/{hand_in(coordinator, planned)}/approve")
    moved, dropped, *_ = [one for one in planned.visits() if one.work is Work.AWAITING]
    with unit_of_work(engine_of(app)) as db:
        later = moved.starts_at.replace(minute=(moved.starts_at.minute + 1) % 60)
        change = update(Visit).where(col(Visit.id) == moved.id)
        db.execute(change.values(starts_at=later, work=Work.PROPOSED))
    coordinator.send(
        f"/visits/{dropped.id}/status",
        {"happening": "cancelled", "remark": "Banjir", "version": dropped.version},
    )
    page = f"/approvals/{hand_in(coordinator, planned)}"
    told = words_of(manager.get(page))
    assert "Dropped (1) Moved (1) Added (0)" in told
    assert dropped.village_code in told
    assert "Cancelled: Banjir" in told
    assert moved.village_code in words_of(manager.get(f"{page}?kind=moved"))
    assert manager.get(f"{page}?kind=no&page=0").status_code == 200
    coordinators = coordinator.get(page).get_data(as_text=True)
    assert f"{page}/withdraw" in coordinators
    assert f"{page}/approve" not in coordinators


def test_expected_signups_follow_what_the_campaign_has_brought_as_in_a_what_if(
    app: Flask, world: World, planned: Planned, english: Callable[[Role], Visitor]
) -> None:
    coordinator, manager = english(Role.COORDINATOR), english(Role.MANAGER)
    with reading(engine_of(app)) as db:
        places = {one.village_code: one for one in places_of_stage(db, planned.stage_id)}
    whole = sum(one.value for one in places.values())
    told = words_of(coordinator.get(f"/stages/{planned.stage_id}/hand-in"))
    assert f"Sign-ups expected (estimate) {whole:,.0f} before:" in told
    assert "Sign-ups: five of a hundred informal workers not yet covered, an assumption" in told

    held = [one for one in planned.visits() if one.work is Work.PROPOSED][:FEWEST_SESSIONS]
    with unit_of_work(engine_of(app)) as db:
        change = update(Visit).where(col(Visit.id).in_([one.id for one in held]))
        db.execute(change.values(work=Work.CONFIRMED))
        by = person_of(db, world.accounts[Role.COORDINATOR][0])
        assert by is not None
        reports = [report(one.id or 0, held_on=one.day.isoformat(), signups=3) for one in held]
        answers = take_in(db, reports, by, NOW + timedelta(days=30))
        assert {one.outcome.value for one in answers} == {"accepted"}
    brought = sum(db_signups(app).values())
    rate = brought / sum(places[code].value for code in db_signups(app))
    told = words_of(manager.get(f"/approvals/{hand_in(coordinator, planned)}"))
    assert f"Sign-ups expected (estimate) {rate * whole:,.0f} before:" in told
    assert f"times {rate:.2f}, as" in told
    assert re.search(r"Reckoned on 2 Nov\w* 2026\.", told)


def db_signups(app: Flask) -> dict[str, int]:
    """Sign-ups by village of all sessions reported in the branch."""
    query = select(SessionReport.village_code, SessionReport.signups).where(
        col(SessionReport.village_code).startswith("33.72")
    )
    with reading(engine_of(app)) as db:
        return {code: signups for code, signups in db.execute(query)}  # noqa: C416 - rows


def test_a_manager_sees_what_changed_since_the_plan_was_sent_back_and_who_carries_most(
    app: Flask, world: World, planned: Planned, english: Callable[[Role], Visitor]
) -> None:
    coordinator, manager = english(Role.COORDINATOR), english(Role.MANAGER)
    with unit_of_work(engine_of(app)) as db:
        team = db.get_one(Team, world.own["team_id"]).model_dump(exclude={"id"})
        db.add(Team(**{**team, "name": "Tim Dua"}))
    first = hand_in(coordinator, planned)
    told = words_of(manager.get(f"/approvals/{first}"))
    assert "sent back" not in told.replace("Send back", "")
    assert "Tim Satu carries most" in told
    fair = words_of(coordinator.get(f"/stages/{planned.stage_id}/fairness"))
    assert "move whole days to come from Tim Satu (" in fair
    assert "to Tim Dua (" in fair
    assert f"/stages/{planned.stage_id}/fairness" in manager.get(f"/approvals/{first}").get_data(
        as_text=True
    )
    manager.send(f"/approvals/{first}/send-back", {"reason": "Serengan dulu"})
    moved = next(one for one in planned.visits() if one.work is Work.PROPOSED)
    with unit_of_work(engine_of(app)) as db:
        later = moved.starts_at.replace(minute=(moved.starts_at.minute + 1) % 60)
        db.execute(update(Visit).where(col(Visit.id) == moved.id).values(starts_at=later))
    page = f"/approvals/{hand_in(coordinator, planned)}"
    told = words_of(manager.get(page))
    assert "“Serengan dulu”" in told
    assert "Changed since then: 0 dropped, 1 moved, 0 added." in told
    since = words_of(manager.get(f"{page}?since=sent_back"))
    assert "What changes since it was sent back" in since
    assert "Dropped (0) Moved (1) Added (0)" in since
    assert moved.village_code in since
    assert "since=sent_back" in manager.get(f"{page}?since=sent_back").get_data(as_text=True)
    manager.send(f"{page}/approve")
    campaign = words_of(manager.get(f"/campaigns/{world.own['campaign_id']}"))
    assert "Plan approved" in campaign


def test_a_plan_that_changed_meanwhile_cannot_be_approved_and_says_so(
    app: Flask, planned: Planned, english: Callable[[Role], Visitor]
) -> None:
    coordinator, manager = english(Role.COORDINATOR), english(Role.MANAGER)
    submission = hand_in(coordinator, planned)
    assert f"/approvals/{submission}/approve" in manager.get(f"/approvals/{submission}").get_data(
        as_text=True
    )
    visit = next(one for one in planned.visits() if one.work is Work.PROPOSED)
    coordinator.send(
        f"/visits/{visit.id}/status",
        {"happening": "cancelled", "remark": "Banjir", "version": visit.version},
    )
    page = manager.get(f"/approvals/{submission}")
    assert "The plan has changed since it was handed in." in words_of(page)
    assert f"/approvals/{submission}/approve" not in page.get_data(as_text=True)
    assert manager.send(f"/approvals/{submission}/approve").status_code == 409
    told = words_of(coordinator.get(f"/stages/{planned.stage_id}"))
    assert "so it has to be handed in again" in told
    second = hand_in(coordinator, planned)
    assert second != submission
    assert manager.send(f"/approvals/{second}/approve").status_code == 303


def test_taking_back_makes_it_a_draft_again(
    app: Flask, planned: Planned, english: Callable[[Role], Visitor]
) -> None:
    coordinator = english(Role.COORDINATOR)
    submission = hand_in(coordinator, planned)
    answer = coordinator.send(f"/approvals/{submission}/withdraw", follow_redirects=True)
    assert "The plan is taken back." in words_of(answer)
    assert coordinator.send(f"/approvals/{submission}/withdraw").status_code == 409
    assert "Taken back" in words_of(coordinator.get(f"/approvals/{submission}"))


def test_an_official_is_not_asked_before_the_plan_is_approved(
    app: Flask, planned: Planned, english: Callable[[Role], Visitor]
) -> None:
    with unit_of_work(engine_of(app)) as db:
        db.execute(PlanSubmission.__table__.delete())  # type: ignore[attr-defined]
    coordinator = english(Role.COORDINATOR)
    visit = next(one for one in planned.visits() if one.work is Work.PROPOSED)
    page = coordinator.get(f"/visits/{visit.id}")
    assert "asked once a manager has approved the plan" in words_of(page)
    assert 'value="asked"' not in page.get_data(as_text=True)
    form = {"happening": "asked", "version": visit.version}
    answer = coordinator.send(f"/visits/{visit.id}/status", form)
    assert answer.status_code == 409
    assert "The plan of this stage has not been approved yet." in words_of(answer)
    assert planned.visit(visit.id).work is Work.PROPOSED
