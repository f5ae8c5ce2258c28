"""Whom to reach and how: addresses that open elsewhere, villages without a number, calls."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from outreach.db import unit_of_work
from outreach.papers.letterhead import LetterheadIn, letterhead_of, save_letterhead
from outreach.people.tables import Official, Role
from outreach.visits.links import issue_links
from outreach.visits.tables import PlanSubmission, SubmissionState, Visit, Work
from outreach.web import coordinator_forms
from tests.web.planned import coordinator as coordinator_of
from tests.web.planned import hang_clock, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

#: Two days before the visit of the world.
NOW = datetime(2026, 11, 16, 4, tzinfo=UTC)
OWN = "no village can use them"


@pytest.fixture
def coordinator(app: Flask, world: World, english: Callable[[Role], Visitor]) -> Visitor:
    """A coordinator whose one visit awaits the answer of a village that has a number."""
    hang_clock(app, NOW)
    with _write(app) as db:
        db.execute(update(Official).values(phone="+6281234567890", email=""))
        _await(db, world)
        issue_links(db, [world.own["visit_id"]], NOW)
    return english(Role.COORDINATOR)


def _write(app: Flask) -> Any:
    return unit_of_work(app.extensions["outreach"].engine)


def _await(db: Any, world: World) -> None:
    own = col(Visit.id) == world.own["visit_id"]
    db.execute(update(Visit).where(own).values(work=Work.AWAITING))


def _without_numbers(app: Flask) -> None:
    with _write(app) as db:
        db.execute(update(Official).values(phone="", email=""))


def _reached_at(app: Flask, url: str) -> None:
    running = app.extensions["outreach"]
    public = running.settings.model_copy(update={"public_url": url})
    app.extensions["outreach"] = type(running)(public, running.engine)


@pytest.mark.parametrize(
    "path",
    [
        "/messages",
        "/visits/{visit_id}",
        "/stages/{stage_id}/ask",
        "/teams/{team_id}/calendar",
        "/villages/{code}/calendar",
    ],
)
def test_an_address_that_opens_only_here_is_warned_of(
    app: Flask, coordinator: Visitor, world: World, path: str
) -> None:
    where = path.format(**world.own)
    for url, is_warned in (
        ("", True),
        ("http://192.168.1.20:8000", True),
        ("http://peladen.local", True),
        ("https://desa.example.id", False),
    ):
        _reached_at(app, url)
        assert (OWN in words_of(coordinator.get(where))) is is_warned, url


def test_codes_that_lead_nowhere_are_warned_of_before_papers_are_printed(
    app: Flask, coordinator: Visitor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coordinator_forms, "MOST_IN_A_FILE", 1)
    with _write(app) as db:
        first = db.get_one(Visit, world.own["visit_id"])
        second = first.model_dump(exclude={"id"}) | {"slot": 2, "village_code": "33.72.01.1002"}
        db.add(Visit(**second))
    for path in ("/visits/{visit_id}", "/stages/{stage_id}/papers", "/stages/{stage_id}/forms"):
        for url, is_warned in (("", True), ("https://desa.example.id", False)):
            _reached_at(app, url)
            shown = words_of(coordinator.get(path.format(**world.own)))
            assert ("whoever scans one elsewhere finds nothing" in shown) is is_warned, (path, url)


def test_villages_without_a_number_are_counted_where_they_are_asked(
    app: Flask, coordinator: Visitor, world: World, english: Callable[[Role], Visitor]
) -> None:
    stage = f"/stages/{world.own['stage_id']}"
    assert "cannot be written to" not in words_of(coordinator.get(f"{stage}/ask"))
    _without_numbers(app)
    for path in (f"{stage}/ask", f"{stage}/hand-in"):
        page = coordinator.get(path)
        assert "1 village of this plan cannot be written to" in words_of(page), path
        assert f'href="{stage}/unreached"' in page.text
    listed = coordinator.get(f"{stage}/unreached").text
    add = f'href="/officials/new?village={world.own["code"]}"'
    assert add in listed
    assert add in coordinator.get(f"{stage}/ask").text
    assert add in coordinator.get("/messages").text
    assert add not in english(Role.MANAGER).get(f"{stage}/unreached").text


def test_a_manager_reads_it_before_approving(
    app: Flask, coordinator: Visitor, world: World, english: Callable[[Role], Visitor]
) -> None:
    _without_numbers(app)
    with _write(app) as db:
        own = col(Visit.id) == world.own["visit_id"]
        db.execute(update(Visit).where(own).values(work=Work.PROPOSED))
        db.execute(update(PlanSubmission).values(state=SubmissionState.SUBMITTED))
    page = english(Role.MANAGER).get(f"/approvals/{world.own['submission_id']}")
    assert "1 village of this plan cannot be written to" in words_of(page)


def test_a_village_without_a_number_is_among_those_to_call_today(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    assert words_of(coordinator.get("/desk/calls")).count("Cemani") == 0
    _without_numbers(app)
    page = coordinator.get("/desk/calls")
    assert "No phone number and no e-mail known" in words_of(page)
    assert f'href="/officials/new?village={world.own["code"]}"' in page.text


def test_who_has_to_be_called_stands_with_the_number_and_the_text(
    app: Flask, coordinator: Visitor, world: World
) -> None:
    hang_clock(app, datetime(2026, 11, 18, 1, tzinfo=UTC))  # the day of the visit
    page = coordinator.get("/desk/calls")
    assert 'href="tel:+6281234567890"' in page.text
    assert re.search(r'href="https://wa\.me/6281234567890\?text=[^"]+', page.text)
    assert "Sri Lestari" in unescape(page.text)


def test_a_village_reads_how_to_reach_the_office(
    app: Flask, client: Visitor, coordinator: Visitor, world: World
) -> None:
    client.set_cookie("language", "en")
    page = coordinator.get(f"/visits/{world.own['visit_id']}").text
    (link,) = re.findall(r'value="http://localhost(/k/\w+)"', page)
    client.post(link, data={"answer": "can"})
    before = words_of(client.get(link))
    assert "please reply to the message that brought this link" in before
    branch_id = world.own["branch_id"]
    by = coordinator_of(app, world)
    with _write(app) as db:
        told = {
            **letterhead_of(db, branch_id).model_dump(),
            "contact": "(0271) 123456",
            "signer_name": "Budi Santoso",
        }
        save_letterhead(db, branch_id, LetterheadIn.model_validate(told), version=0, by=by)
    after = words_of(client.get(link))
    assert "(0271) 123456" in after
    assert "please call" in after
