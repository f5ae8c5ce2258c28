"""A stage made in three steps, copied forward, and the work it gives to each team."""

from __future__ import annotations

import re
from datetime import date
from math import ceil
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from outreach.campaigns.tables import Campaign, Pick, Stage, StagePick, Status
from outreach.db import reading, unit_of_work
from outreach.history.tables import Deed, Event
from outreach.people.tables import Role
from outreach.visits.shortlist import shortlist_of
from outreach.visits.tables import PlanRun, RunState
from tests.visits.world import NOW
from tests.web.planned import engine_of, plan, words_of
from tests.web.stages import FORM, change, client, draft_shapes, drafted, stored

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

__all__ = ["client"]


def test_from_the_first_step_to_the_run_forward_and_back(
    app: Flask, world: World, client: Visitor
) -> None:
    stage_id = drafted(client, world)
    page = client.get(f"/stages/{stage_id}/shortlist")
    assert page.status_code == 200
    saved = client.send(
        f"/stages/{stage_id}/shortlist",
        {"quota": "6", "ordering": "nearest", "version": "1", "act": "save"},
    )
    assert saved.location == f"/stages/{stage_id}/verdict"
    # Back at the first step nothing of the second is lost.
    first = client.get(f"/stages/{stage_id}/edit").get_data(as_text=True)
    assert '<input type="hidden" name="quota" value="6">' in first
    again = client.send(
        f"/stages/{stage_id}/edit",
        {**FORM, "name": "Tahap 2b", "quota": "6", "ordering": "nearest", "version": "2"},
    )
    assert again.status_code == 303
    stage = stored(app, stage_id)
    assert (stage.name, stage.quota, stage.ordering) == ("Tahap 2b", 6, "nearest")
    assert stage.area_codes == ["33.72.02", "33.72.05"]
    words = words_of(client.get(f"/stages/{stage_id}/verdict"))
    assert re.search(r"6 visits, \d+ slots between 9 Nov 2026 and 20 Nov 2026. All of th", words)
    opened = client.send(f"/stages/{stage_id}/open", {"version": "3", "go": "plan"})
    with reading(engine_of(app)) as db:
        (run,) = db.exec(select(PlanRun).where(PlanRun.stage_id == stage_id)).all()
        (told,) = db.exec(select(Event).where(Event.deed == Deed.PLAN_STARTED)).all()
    assert opened.location == f"/runs/{run.id}"
    assert (told.about, told.account_id) == (run.id, run.requested_by)
    assert run.state is RunState.RUNNING
    assert stored(app, stage_id).status is Status.OPENED


def test_opening_with_a_plan_does_both_or_neither(
    app: Flask, world: World, client: Visitor
) -> None:
    client.send(f"/stages/{world.own['stage_id']}/runs")
    stage_id = drafted(client, world)
    refused = client.send(f"/stages/{stage_id}/open", {"version": "1", "go": "plan"})
    assert refused.status_code == 409
    assert "has been planning for this branch" in words_of(refused)
    assert stored(app, stage_id).status is Status.DRAFTED


def test_a_quota_is_seen_before_it_is_saved(app: Flask, world: World, client: Visitor) -> None:
    stage_id = drafted(client, world)
    path = f"/stages/{stage_id}/shortlist"
    seen = client.send(path, {"quota": "5", "ordering": "gap", "act": "see", "version": "1"})
    assert seen.location == f"{path}?quota=5&ordering=gap"
    tried = client.get(seen.location)
    words = words_of(tried)
    assert re.search(r"5 of \d+ villages get in", words)
    assert "Only tried, not saved yet" in words
    html = tried.get_data(as_text=True)
    assert html.count('<tr class="in"') == 5
    assert stored(app, stage_id).quota is None
    wrong = client.send(path, {"quota": "0", "ordering": "gap", "act": "save", "version": "1"})
    assert wrong.status_code == 422
    assert "Must be more than 0." in words_of(wrong)
    assert client.get(f"{path}?page=x").status_code == 422


def test_two_quotas_saved_at_once_show_both(app: Flask, world: World, client: Visitor) -> None:
    stage_id = drafted(client, world)
    path = f"/stages/{stage_id}/shortlist"
    form = {"ordering": "score", "act": "save", "version": "1"}
    assert client.send(path, form | {"quota": "5"}).status_code == 303
    stale = client.send(path, form | {"quota": "7"})
    assert stale.status_code == 409
    assert "Stored meanwhile: 5" in words_of(stale)
    assert 'value="7"' in stale.get_data(as_text=True)
    assert stored(app, stage_id).quota == 5


def test_parts_of_a_score_stand_there_for_eyes_and_ears(world: World, client: Visitor) -> None:
    stage_id = drafted(client, world)
    html = client.get(f"/stages/{stage_id}/shortlist").get_data(as_text=True)
    told = re.search(
        r'aria-label="Gap ([\d.]+), Vulnerable ([\d.]+), Access ([\d.]+),'
        r' Not visited lately ([\d.]+)"',
        html,
    )
    assert told is not None
    score = re.search(r"<strong>([\d.]+)</strong>", html)
    assert score is not None
    assert sum(map(float, told.groups())) == pytest.approx(float(score[1]), abs=0.21)


def test_a_score_tells_from_where_on_a_part_is_full_and_keeps_its_word_apart(
    app: Flask, world: World, client: Visitor
) -> None:
    stage_id = drafted(client, world)
    with reading(engine_of(app)) as db:
        told = shortlist_of(db, db.get_one(Stage, stage_id), NOW.date())
    full = ceil(told.rows[0].full_marks["gap"])
    page = client.get(f"/stages/{stage_id}/shortlist")
    words = words_of(page)
    assert f"are not covered yet; full points from {full:,} on" in words
    html = page.get_data(as_text=True)
    assert "<summary>What the score stands on<" in html
    assert "<summary>Why<" not in html


def test_a_village_is_left_out_with_a_reason_and_comes_back(
    app: Flask, world: World, client: Visitor
) -> None:
    stage_id = drafted(client, world)
    path = f"/stages/{stage_id}/picks"
    code = "33.72.02.1003"
    refused = client.send(path, {"code": code, "pick": "left_out", "page": "1"})
    assert refused.status_code == 422
    assert f'id="problem-{code}"' in refused.get_data(as_text=True)
    nik = {"code": code, "pick": "left_out", "reason": "Pak Joko 3372041512800001"}
    assert "identity number" in words_of(client.send(path, nik))
    done = client.send(
        path, {"code": code, "pick": "left_out", "reason": "Banjir", "text": "serengan"}
    )
    assert done.location == f"/stages/{stage_id}/shortlist?text=serengan"
    words = words_of(client.get(done.location))
    assert "is left out." in words
    assert "Banjir" in words
    assert "1 village is left out by hand." in words_of(client.get(f"/stages/{stage_id}/verdict"))
    assert client.send(path, {"code": code, "pick": ""}).status_code == 303
    with reading(engine_of(app)) as db:
        assert db.exec(select(StagePick)).all() == []
    assert client.send(path, {"code": "33.72.01.1001", "pick": "first"}).status_code == 422
    assert client.send(path, {"code": code, "pick": "first"}).status_code == 303
    with reading(engine_of(app)) as db:
        assert db.exec(select(StagePick.pick)).all() == [Pick.FIRST]


def test_the_area_is_picked_on_a_map_or_from_the_list(
    app: Flask, world: World, client: Visitor, tmp_path: Path
) -> None:
    stage_id = drafted(client, world)
    without = client.get(f"/stages/{stage_id}/edit").get_data(as_text=True)
    assert "data-area=" not in without
    assert 'id="area-33.72.02" checked' in without
    draft_shapes(app, tmp_path)
    html = client.get(f"/stages/{stage_id}/edit").get_data(as_text=True)
    shapes = re.findall(r'href="#area-([\d.]+)"[^>]*class="([^"]+)"', html)
    assert {code for code, _ in shapes} == {f"33.72.0{n}" for n in range(1, 6)}
    assert {code for code, kinds in shapes if "on" in kinds.split()} == {"33.72.02", "33.72.05"}
    # The logged session of the world lies in Laweyan: one of its villages is reached.
    laweyan = re.search(r'aria-label="(Laweyan, Kota Surakarta: [^"]+)"', html)
    assert laweyan is not None
    assert "11 villages, 1 reached (9%), gap" in laweyan[1]


def test_a_stage_is_copied_forward_after_its_form_was_shown(
    app: Flask, world: World, client: Visitor
) -> None:
    old_id = world.own["stage_id"]
    change(app, old_id, ends=date(2026, 11, 20), quota=12)
    path = f"/stages/{old_id}/forward"
    shown = client.get(path)
    words = words_of(shown)
    assert "Tahap 1, copied forward" in words
    assert "with 15 working days, as the old stage had." in words
    # Another stage of the campaign has held a session there.
    assert "Every village that the old stage chose is reached" in words
    assert "2 Sundays" in words
    assert "2 days on which no team works" in words
    html = shown.get_data(as_text=True)
    assert 'name="starts" value="2026-11-23"' in html
    form = {
        "name": re.search(r'name="name" value="([^"]+)"', html)[1],  # type: ignore[index]
        "starts": "2026-11-23",
        "ends": "2026-12-11",
        "quota": "12",
        "area_codes": ["33.72"],
        "go": "next",
    }
    wrong = client.send(path, form | {"ends": "2026-11-01"})
    assert wrong.status_code == 422
    assert "The end lies before the start." in words_of(wrong)
    made = client.send(path, form)
    assert made.status_code == 303
    new = stored(app, int(made.location.split("/")[2]))
    assert (new.name, new.follows_id, new.quota) == ("Tahap 2", old_id, 12)
    assert new.status is Status.DRAFTED
    assert client.get(made.location).status_code == 200


def test_at_the_end_of_its_campaign_nothing_is_copied_forward(
    app: Flask, world: World, client: Visitor
) -> None:
    stage_id = world.own["stage_id"]
    with unit_of_work(engine_of(app)) as db:
        db.get_one(Campaign, world.own["campaign_id"]).ends = date(2026, 12, 20)
    refused = client.get(f"/stages/{stage_id}/forward")
    assert refused.status_code == 409
    assert "No working day is left before the campaign ends." in words_of(refused)


def test_what_each_team_carries_is_told_for_a_stage_and_a_month(
    app: Flask, world: World, client: Visitor, english: Callable[[Role], Visitor]
) -> None:
    plan(app, world)
    stage_id, branch_id = world.own["stage_id"], world.own["branch_id"]
    words = words_of(client.get(f"/stages/{stage_id}/fairness"))
    assert "Tim Satu" in words
    assert "Hard villages" in words
    month = f"/branches/{branch_id}/fairness?month=2026-11"
    manager = words_of(english(Role.MANAGER).get(month))
    assert "01/11/2026 – 30/11/2026" in manager
    assert "Tim Satu" in manager
    empty = words_of(client.get(f"/branches/{branch_id}/fairness?month=2031-01"))
    assert "No team has a visit in this time." in empty
    assert client.get(f"/branches/{branch_id}/fairness?month=13").status_code == 422
    assert f"/branches/{branch_id}/fairness" in client.get("/teams").get_data(as_text=True)
    plan_page = client.get(f"/stages/{stage_id}/plan").get_data(as_text=True)
    assert f"/stages/{stage_id}/fairness" in plan_page
