"""Whether the villages of a stage fit: the verdict before it is planned, and cures tried on it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from flask_babel import force_locale
from sqlmodel import col, select

from outreach.campaigns.tables import Stage, Status
from outreach.db import reading, unit_of_work
from outreach.planning.cures import Cure, CureKind
from outreach.villages.tables import ClosedPeriod, Closure, MarketDay, MarketRhythm, Village
from outreach.visits.preview import Trial, preview
from outreach.web.verdict_words import cure_lines, pace_words
from tests.visits.world import NOW
from tests.web.planned import coordinator, engine_of, words_of
from tests.web.stages import change, client, drafted, stored

if TYPE_CHECKING:
    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

__all__ = ["client"]


def test_a_stage_without_a_village_offers_to_choose_some_and_no_plan(
    app: Flask, world: World, client: Visitor
) -> None:
    stage_id = drafted(client, world, kinds=["desa_adat"])
    path = f"/stages/{stage_id}/verdict"
    html = client.get(path).get_data(as_text=True)
    assert "There is no village to plan" in html
    assert "Open the stage and plan it" not in html
    assert re.search(rf'btn-primary" href="/stages/{stage_id}/edit">Choose other villages<', html)
    change(app, stage_id, status=Status.OPENED)
    page = client.get(f"/stages/{stage_id}").get_data(as_text=True)
    assert "Choose other villages" in page
    assert "Plan this stage" not in page
    change(app, stage_id, kinds=["kelurahan"])
    assert "Plan this stage" in client.get(path).get_data(as_text=True)


def test_a_cure_is_tried_and_then_taken_with_the_verdict_after_it(
    app: Flask, world: World, client: Visitor
) -> None:
    stage_id = world.own["stage_id"]
    change(app, stage_id, ends=date(2026, 11, 13))
    with reading(engine_of(app)) as db:
        told = preview(db, stage_id, coordinator(app, world), NOW.date())
        until = next(cure.until for cure in told.cures if cure.until)
        after = preview(db, stage_id, coordinator(app, world), NOW.date(), Trial(ends=until))
    assert told.shortfall > 0
    path = f"/stages/{stage_id}/verdict"
    tried = words_of(client.get(f"{path}?ends={until}"))
    assert "Trying out: the stage ends on" in tried
    assert f"{after.villages} visits, {after.sessions_possible} slots between" in tried
    assert f"{told.shortfall} villages would be left without a visit." in tried
    assert "At this pace the last is reached on" in tried
    assert stored(app, stage_id).ends == date(2026, 11, 13)
    done = client.send(path, {"ends": until.isoformat(), "version": "1"})
    assert done.location == path
    assert stored(app, stage_id).ends == until
    assert "This is what it comes to now." in words_of(client.get(path))
    assert client.send(path, {"ends": until.isoformat(), "version": "1"}).status_code == 409


def test_a_cure_beyond_the_campaign_is_refused_in_words(
    app: Flask, world: World, client: Visitor
) -> None:
    stage_id = world.own["stage_id"]
    path = f"/stages/{stage_id}/verdict"
    refused = client.send(path, {"ends": "2027-02-01", "version": "1"})
    assert refused.status_code == 422
    assert "outside the dates of the campaign" in words_of(refused)
    assert client.get(f"{path}?quota=-3").status_code == 422


@pytest.mark.parametrize(
    ("ends", "words"),
    [("2026-01-01", "The end lies before the start."), ("2029-01-01", "A stage lasts at most 366")],
)
def test_an_end_that_no_stage_may_have_is_refused_in_words(
    app: Flask, world: World, client: Visitor, ends: str, words: str
) -> None:
    stage_id = world.own["stage_id"]
    path = f"/stages/{stage_id}/verdict"
    before = stored(app, stage_id).ends
    for answer in (client.get(f"{path}?ends={ends}"), client.send(path, {"ends": ends})):
        assert answer.status_code == 422
        assert words in words_of(answer)
        assert "Trying out" not in words_of(answer)
    assert stored(app, stage_id).ends == before


def test_villages_that_nobody_reaches_are_never_said_to_fit(
    app: Flask, world: World, client: Visitor
) -> None:
    stage_id = drafted(client, world)
    path = f"/stages/{stage_id}/verdict"
    assert "All of them fit." in words_of(client.get(path))

    def shut(district: str) -> None:
        with unit_of_work(engine_of(app)) as db:
            stage = db.get_one(Stage, stage_id)
            closed = ClosedPeriod(
                region_code=district,
                starts=stage.starts,
                ends=stage.ends,
                closure=Closure.HARVEST,
            )
            closed.note = "padi"
            db.add(closed)

    shut("33.72.02")
    words = words_of(client.get(path))
    assert re.search(
        r"2026\. \d+ villages cannot be visited by any team, not even by staying overnight\."
        r" All others fit\.",
        words,
    )
    assert "At this pace the last is reached on" in words
    shut("33.72.05")
    words = words_of(client.get(path))
    assert "so no village would get a visit" in words
    for claim in ("All of them fit", "All others fit", "At this pace", "Any one of these"):
        assert claim not in words


def test_villages_beyond_a_days_reach_are_said_to_be_visited_by_a_stay(
    app: Flask, world: World, client: Visitor
) -> None:
    stage_id = drafted(client, world)
    with unit_of_work(engine_of(app)) as db:
        inside = col(Village.code).startswith("33.72.02.")
        far = len(db.exec(select(Village).where(inside)).all())
        for village in db.exec(select(Village).where(inside)):
            village.latitude = (village.latitude or 0) - 2
    words = words_of(client.get(f"/stages/{stage_id}/verdict?more_teams=2"))
    said = r"villages are visited by staying overnight \(about \d+ stays, \d+ team-days\)\."
    assert re.search(rf"2026\. {far} {said} All of them fit\.", words)


@pytest.mark.parametrize(("fewer", "is_offered"), [(2, True), (35, False)])
def test_a_lower_quota_that_costs_many_visits_is_no_cure(
    app: Flask, world: World, fewer: int, is_offered: bool
) -> None:
    with reading(engine_of(app)) as db:
        told = preview(db, world.own["stage_id"], coordinator(app, world), NOW.date())
        stage = db.get_one(Stage, world.own["stage_id"])
    quota = Cure(CureKind.LOWER_QUOTA, 74, villages=-fewer)
    told = replace(told, sessions_possible=53, cures=(quota,))
    with app.test_request_context():
        assert bool(cure_lines(told, stage)) is is_offered


def test_a_late_last_day_says_whom_the_last_villages_wait_for(app: Flask, world: World) -> None:
    with reading(engine_of(app)) as db:
        told = preview(db, world.own["stage_id"], coordinator(app, world), NOW.date())
    told = replace(told, last_reached=date(2027, 8, 5))
    with app.test_request_context(), force_locale("en"):
        assert "wait for" not in pace_words(replace(told, waits_for_few=False))
        assert "on only some of the team-days, and wait for those" in pace_words(
            replace(told, waits_for_few=True)
        )


def test_a_closed_day_is_told_by_what_closes_it(app: Flask, world: World, client: Visitor) -> None:
    stage_id = drafted(client, world)
    with unit_of_work(engine_of(app)) as db:
        day = date(2026, 11, 10)
        harvest = ClosedPeriod(region_code="33.72", starts=day, ends=day, closure=Closure.HARVEST)
        harvest.note = "padi"
        db.add(harvest)
        db.add(MarketDay(region_code="33.72", rhythm=MarketRhythm.WEDNESDAY))
    words = words_of(client.get(f"/stages/{stage_id}/verdict"))
    assert "Closed by the branch" not in words
    assert re.search(r"10 November 2026: Harvest: padi", words)
    assert re.search(r"11 November 2026: Market day \(Wednesday\)", words)
