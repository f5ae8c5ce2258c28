"""The status of a visit by page: what may be typed in, and what the page then shows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from outreach.db import unit_of_work
from outreach.logbook.tables import SessionReport
from outreach.people.tables import Role
from outreach.visits.tables import Work
from tests.web.planned import Planned, hang_clock, proposed, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World


@pytest.fixture
def client(english: Callable[[Role], Visitor], planned: Planned) -> Visitor:
    return english(Role.COORDINATOR)


def test_a_coordinator_types_in_what_happened(planned: Planned, client: Visitor) -> None:
    visit = proposed(planned)
    path = f"/visits/{visit.id}/status"
    given = {"happening": "confirmed", "remark": "Lewat telepon", "version": visit.version}
    assert client.send(path, given).status_code == 303
    assert planned.visit(visit.id).work is Work.CONFIRMED
    words = words_of(client.get(f"/visits/{visit.id}"))
    assert "Noted: Confirmed." in words
    assert "Why: Lewat telepon" in words
    stale = client.send(path, {"happening": "unreachable", "remark": "x", "version": 1})
    assert stale.status_code == 409
    assert planned.visit(visit.id).work is Work.CONFIRMED


@pytest.mark.parametrize("happening", ["postponed", "cancelled", "unreachable"])
def test_what_leaves_somebody_waiting_needs_a_reason(
    happening: str, planned: Planned, client: Visitor
) -> None:
    visit = proposed(planned)
    given = {"happening": happening, "version": visit.version}
    answer = client.send(f"/visits/{visit.id}/status", given)
    assert answer.status_code == 422
    html = answer.get_data(as_text=True)
    assert 'id="remark-problem"' in html
    assert planned.visit(visit.id).work is Work.PROPOSED
    told = given | {"remark": "Banjir"}
    assert client.send(f"/visits/{visit.id}/status", told).status_code == 303
    assert planned.visit(visit.id).work is Work(happening)


@pytest.mark.parametrize("happening", ["", "moved", "reported", "nonsense"])
def test_only_what_a_page_offers_can_be_typed_in(
    happening: str, planned: Planned, client: Visitor
) -> None:
    visit = proposed(planned)
    given = {"happening": happening, "version": visit.version}
    assert client.send(f"/visits/{visit.id}/status", given).status_code == 422


def test_a_step_that_the_status_does_not_allow_is_a_conflict(
    planned: Planned, client: Visitor
) -> None:
    visit = proposed(planned)
    given = {"happening": "approved", "version": visit.version}
    answer = client.send(f"/visits/{visit.id}/status", given)
    assert answer.status_code == 409
    assert "not possible in the present status" in words_of(answer)


def test_the_page_links_to_the_village_and_when_its_day_has_come_to_the_report(
    app: Flask, world: World, planned: Planned, client: Visitor
) -> None:
    visit_id = world.own["visit_id"]
    before = client.get(f"/visits/{visit_id}").get_data(as_text=True)
    assert f'href="/villages/{world.own["code"]}"' in before
    assert "/report" not in before
    hang_clock(app, datetime(2026, 11, 18, 3, tzinfo=UTC))
    assert f"/my/visits/{visit_id}/report" in client.get(f"/visits/{visit_id}").get_data(
        as_text=True
    )


def test_a_reported_visit_shows_its_report_beside_the_decision(
    world: World, planned: Planned, client: Visitor, english: Callable[[Role], Visitor]
) -> None:
    report = world.own["report_id"]
    with unit_of_work(planned.engine) as db:
        stored = db.get_one(SessionReport, report)
        stored.remarks, stored.flags = "Hujan deras", ["at_night"]
        visit_id = stored.visit_id
    page = client.get(f"/visits/{visit_id}")
    words, html = words_of(page), page.get_data(as_text=True)
    for told in (
        "Men 18",
        "Women 24",
        "Sign-ups 9",
        "Traders JKK + JKM The worker 9",
        "Hujan deras",
        "Held at night.",
        "Balai kelurahan",
        "Wednesday, 4 November 2026, 09:00 WIB",
        "Si coordinator",
        "Result People signed up",
    ):
        assert told in words
    for link in (f"/my/reports/{report}", f"/my/reports/{report}/correct"):
        assert f'href="{link}"' in html
    assert html.index("report-title") < html.index('value="approved"') < html.index("History")
    assert 'value="sent_back"' in html
    manager = english(Role.MANAGER).get(f"/visits/{visit_id}").get_data(as_text=True)
    assert "Hujan deras" in manager
    assert "/correct" not in manager
    assert 'value="approved"' not in manager


def test_a_cancelled_visit_says_where_to_plan_the_village_again(
    planned: Planned, client: Visitor
) -> None:
    visit = proposed(planned)
    told = {"happening": "cancelled", "remark": "Banjir", "version": visit.version}
    client.send(f"/visits/{visit.id}/status", told)
    html = client.get(f"/visits/{visit.id}").get_data(as_text=True)
    assert f'<a href="/stages/{planned.stage_id}">Plan the stage again</a>' in html
