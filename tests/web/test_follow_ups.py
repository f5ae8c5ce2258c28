"""Follow-up on the page: lists with their rules, thresholds, and a stage made of one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, select
from sqlmodel import col

from outreach.campaigns.tables import Campaign, Pick, Purpose, Stage, StagePick, Status
from outreach.db import reading, unit_of_work
from outreach.people.tables import Role
from outreach.progress.tables import Sponsorship
from outreach.visits.tables import Visit, Work
from tests.web.planned import engine_of, hang_clock, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlmodel import Session
    from werkzeug.test import TestResponse

    from tests.web.conftest import Visitor
    from tests.web.world import World

LIST = "/follow-ups?list=sponsor_ending"
FORM = {
    "campaign_id": "",
    "campaign_name": "Tindak lanjut 2026",
    "name": "Sponsor berakhir",
    "starts": "2026-11-27",
    "ends": "2026-12-10",
}


@pytest.fixture(autouse=True)
def november(app: Flask, world: World) -> None:
    """The own village has a sponsor that ends with the year, and no visit before that."""
    hang_clock(app, datetime(2026, 11, 20, 3, tzinfo=UTC))
    with unit_of_work(engine_of(app)) as db:
        db.get_one(Visit, world.own["visit_id"]).work = Work.POSTPONED
        # Its last session was held a week before the time to ask begins.
        db.get_one(Sponsorship, world.own["sponsorship_id"]).conversion_days = 50


@pytest.fixture
def coordinator(english: Callable[[Role], Visitor]) -> Visitor:
    return english(Role.COORDINATOR)


def _make(visitor: Visitor, path: str = LIST, **changes: Any) -> TestResponse:
    answer: TestResponse = visitor.send(path, {**FORM, **changes})
    return answer


def _stages(app: Flask) -> list[Stage]:
    with reading(engine_of(app)) as db:
        return list(db.scalars(select(Stage).where(col(Stage.is_listed))))


def test_every_list_is_there_with_its_rule_and_its_denominator(coordinator: Visitor) -> None:
    page = words_of(coordinator.get("/follow-ups"))
    for title in (
        "Many met, few signed up",
        "Promised and lapsed",
        "Signed up and never paid",
        "Paid first and stopped",
        "Sponsor ending",
    ):
        assert title in page
    assert "Sponsor ending 1 of 1 (100.0%)" in page
    assert "at least 14 days ago" in page
    assert "Too thin to say: 1 villages reached, 9 sign-ups." in page
    assert "Informal workers (estimate)" in page


def test_thresholds_move_within_bounds(coordinator: Visitor) -> None:
    page = words_of(coordinator.get("/follow-ups?lapsed_days=2"))
    assert "at least 2 days ago" in page
    assert "Promised and lapsed 1 of 1" in page
    answer = coordinator.get("/follow-ups?lapsed_days=9999")
    assert answer.status_code == 422
    assert "At most 365." in words_of(answer)


def test_the_lists_are_counted_anew_once_something_has_changed(
    coordinator: Visitor, app: Flask, world: World
) -> None:
    def listed() -> str:
        page = words_of(coordinator.get("/follow-ups"))
        found = re.search(r"Sponsor ending (\d+(?: of \d+)?)", page)
        assert found
        return found[1]

    def change(work: Callable[[Session], object]) -> str:
        with unit_of_work(engine_of(app)) as db:
            work(db)
        return listed()

    assert listed() == "1 of 1"
    assert _make(coordinator, villages=world.own["code"]).status_code == 303
    assert listed() == "0 of 1"
    assert change(lambda db: db.execute(delete(StagePick))) == "1 of 1"
    assert change(lambda db: db.execute(delete(Sponsorship))) == "0"


def test_a_list_tells_the_figures_that_put_a_village_on_it(coordinator: Visitor) -> None:
    page = coordinator.get(LIST)
    words = words_of(page)
    assert "1 village to go to of 1 that the rule could judge" in words
    assert "about 100 workers (estimate), paid by Desa until 31 Dec 2026" in words
    assert page.data.count(b'name="villages"') == page.data.count(b" checked>") == 1


def test_the_ticked_villages_become_a_drafted_stage_of_a_new_campaign(
    coordinator: Visitor, app: Flask, world: World
) -> None:
    answer = _make(coordinator, villages=world.own["code"])
    (stage,) = _stages(app)
    assert answer.status_code == 303
    assert answer.location.endswith(f"/stages/{stage.id}")
    with reading(engine_of(app)) as db:
        campaign = db.get_one(Campaign, stage.campaign_id)
        (pick,) = db.scalars(select(StagePick).where(col(StagePick.stage_id) == stage.id))
    assert (campaign.purpose, campaign.status) == (Purpose.KEEP, Status.OPENED)
    assert (pick.village_code, pick.pick) == (world.own["code"], Pick.FIRST)
    assert pick.reason.startswith("Sponsor ending: Workers of the village are paid for")
    shown = words_of(coordinator.get(answer.location))
    assert "The stage is drafted with 1 village." in shown
    assert "This stage is a follow-up list" in shown
    # Whoever stands in a stage already is on no list any more.
    assert "1 more is left out: somebody goes there already, or has been there since." in words_of(
        coordinator.get(LIST)
    )


def test_an_open_campaign_that_keeps_can_be_chosen_and_no_other(
    coordinator: Visitor, app: Flask, world: World
) -> None:
    wrong = _make(coordinator, villages=world.own["code"], campaign_id=world.own["campaign_id"])
    assert wrong.status_code == 404
    foreign = world.foreign["campaign_id"]
    with unit_of_work(engine_of(app)) as db:
        for number in (world.own["campaign_id"], foreign):
            db.get_one(Campaign, number).purpose = Purpose.KEEP
    assert _make(coordinator, villages=world.own["code"], campaign_id=foreign).status_code == 404
    own = world.own["campaign_id"]
    # This one has held a session there already, and a campaign reaches a village once.
    taken = _make(coordinator, villages=world.own["code"], campaign_id=own)
    assert taken.status_code == 422
    assert "This campaign has reached all of these villages already" in words_of(taken)
    assert _stages(app) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"campaign_name": ""}, "Please fill this in."),
        ({"name": ""}, "Please fill this in."),
        ({"ends": "2026-11-01"}, "The end lies before the start."),
        ({"villages": ""}, "Please fill this in."),
        ({"villages": "33.72.02.1001"}, "None of these villages is on the list any more."),
        ({"villages": "33.11.01.2001"}, "None of these villages is on the list any more."),
    ],
)
def test_what_cannot_be_made_is_said_and_nothing_is_stored(
    coordinator: Visitor, app: Flask, world: World, changes: dict[str, str], words: str
) -> None:
    answer = _make(coordinator, **{"villages": world.own["code"], **changes})
    assert answer.status_code == 422
    assert words in words_of(answer)
    assert _stages(app) == []
    with reading(engine_of(app)) as db:
        named = select(Campaign).where(col(Campaign.name) == FORM["campaign_name"])
        assert db.scalars(named).all() == []


def test_a_manager_reads_the_list_and_makes_no_stage(
    english: Callable[[Role], Visitor], world: World
) -> None:
    manager = english(Role.MANAGER)
    page = manager.get(LIST)
    assert page.status_code == 200
    assert b'name="villages"' not in page.data
    assert _make(manager, villages=world.own["code"]).status_code == 403


def test_a_form_without_its_list_is_nothing(coordinator: Visitor, app: Flask, world: World) -> None:
    for path in ("/follow-ups", "/follow-ups?list=wrong", f"{LIST}&lapsed_days=0"):
        assert _make(coordinator, path, villages=world.own["code"]).status_code == 422
        assert _stages(app) == []


@pytest.mark.parametrize("query", ["area=33.11", "campaign=999999", "kind=wrong"])
def test_foreign_filters_are_not_there(coordinator: Visitor, query: str) -> None:
    assert coordinator.get(f"/follow-ups?{query}").status_code == 404
