"""The pages on which a coordinator says which of two reports holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from outreach.db import reading, unit_of_work
from outreach.logbook.tables import DisputedReport, Ruling, SessionReport
from outreach.people.tables import Role
from outreach.visits.tables import Visit, Work
from tests.web.planned import engine_of, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

WHY = "Dicocokkan dengan daftar hadir"


@pytest.fixture
def client(english: Callable[[Role], Visitor]) -> Visitor:
    return english(Role.COORDINATOR)


def rule(client: Visitor, world: World, ruling: str, **form: Any) -> Any:
    told = {"ruling": ruling, "why": WHY, "version": 1, **form}
    return client.send(f"/disputes/{world.own['dispute_id']}/ruling", told)


def ruling_of(app: Flask, world: World) -> Ruling | None:
    with reading(engine_of(app)) as db:
        return db.get_one(DisputedReport, world.own["dispute_id"]).ruling


def test_the_list_holds_the_branchs_own_disputes(client: Visitor, world: World) -> None:
    html = client.get("/disputes").get_data(as_text=True)
    assert re.findall(r'href="(/disputes/\d+)"', html) == [f"/disputes/{world.own['dispute_id']}"]
    assert "The visit had a report already." in html
    assert 'href="/disputes"' in client.get("/desk").get_data(as_text=True)


def test_both_reports_stand_side_by_side_and_what_differs_is_marked(
    client: Visitor, world: World
) -> None:
    answer = client.get(f"/disputes/{world.own['dispute_id']}")
    words = words_of(answer)
    for told in ("Time 09:00 09:30 differs", "Men 18 20 differs", "Sign-ups 9 11 differs"):
        assert told in words
    assert "Women 24 24 Sign-ups" in words  # the same: not marked
    assert "Si coordinator" in words
    assert "Si official" in words
    assert 'value="taken"' in answer.get_data(as_text=True)


def test_the_stored_one_holds_and_the_reason_is_kept(
    app: Flask, client: Visitor, world: World
) -> None:
    assert rule(client, world, "set_aside").status_code == 303
    assert ruling_of(app, world) is Ruling.SET_ASIDE
    assert "The stored report stays." in words_of(client.get("/disputes"))
    shown = words_of(client.get(f"/disputes/{world.own['dispute_id']}"))
    assert WHY in shown
    assert "Si coordinator" in shown
    assert 'name="ruling"' not in shown


def test_the_other_one_is_taken(app: Flask, client: Visitor, world: World) -> None:
    assert rule(client, world, "taken").status_code == 303
    with reading(engine_of(app)) as db:
        old = db.get_one(SessionReport, world.own["report_id"])
        new = db.get_one(SessionReport, old.corrected_by)
        assert (new.men, new.signups) == (20, 11)
    html = client.get(f"/disputes/{world.own['dispute_id']}").get_data(as_text=True)
    assert f'href="/my/reports/{new.id}"' in html
    assert "Men 18 20 differs" in words_of(client.get(f"/disputes/{world.own['dispute_id']}"))


def test_without_a_reason_nothing_is_decided(app: Flask, client: Visitor, world: World) -> None:
    for form in ({"why": ""}, {"why": "NIK 3372011234560001"}, {"why": "x" * 1001}):
        answer = rule(client, world, "taken", **form)
        assert answer.status_code == 422
        assert "why-problem" in answer.get_data(as_text=True)
    assert rule(client, world, "burnt").status_code == 422
    assert ruling_of(app, world) is None


def test_who_comes_too_late_is_told_and_sees_the_decision(
    app: Flask, client: Visitor, world: World, english: Callable[[Role], Visitor]
) -> None:
    english(Role.COORDINATOR).get("/disputes")
    rule(client, world, "set_aside")
    answer = rule(client, world, "taken")
    assert answer.status_code == 409
    assert "Set aside" in words_of(answer)
    assert ruling_of(app, world) is Ruling.SET_ASIDE


def test_a_report_that_the_visit_cannot_take_is_not_offered(
    app: Flask, client: Visitor, world: World
) -> None:
    with unit_of_work(engine_of(app)) as db:
        visit_id = db.get_one(DisputedReport, world.own["dispute_id"]).visit_id
        db.execute(update(Visit).where(col(Visit.id) == visit_id).values(work=Work.CANCELLED))
    html = client.get(f"/disputes/{world.own['dispute_id']}").get_data(as_text=True)
    assert 'value="taken"' not in html
    assert rule(client, world, "taken").status_code == 409
    assert ruling_of(app, world) is None


def test_a_report_that_todays_rules_refuse_can_only_be_set_aside(
    app: Flask, client: Visitor, world: World
) -> None:
    with unit_of_work(engine_of(app)) as db:
        dispute = db.get_one(DisputedReport, world.own["dispute_id"])
        dispute.content = {**dispute.content, "men": -1}
    answer = client.get(f"/disputes/{world.own['dispute_id']}")
    assert "can no longer be read" in words_of(answer)
    assert 'value="taken"' not in answer.get_data(as_text=True)
    assert rule(client, world, "taken").status_code == 422
    assert rule(client, world, "set_aside").status_code == 303
