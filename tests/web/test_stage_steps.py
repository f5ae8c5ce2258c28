"""A stage made in three steps, copied forward, and the work it gives to each team."""

from __future__ import annotations

import re
from datetime import date
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from sqlmodel import col, select

from outreach.campaigns.tables import Campaign, Pick, Stage, StagePick, Status
from outreach.db import reading, unit_of_work
from outreach.maps.artefacts import Store
from outreach.maps.topology import encode_topology
from outreach.people.tables import Role
from outreach.villages.tables import (
    ClosedPeriod,
    Closure,
    District,
    MarketDay,
    MarketRhythm,
    Village,
)
from outreach.visits.preview import Trial, preview
from outreach.visits.shortlist import shortlist_of
from outreach.visits.tables import PlanRun, RunState
from outreach.web.map_data import MapData
from tests.visits.world import NOW
from tests.web.planned import coordinator, engine_of, hang_clock, plan, words_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

FORM = {
    "name": "Tahap 2",
    "starts": "2026-11-09",
    "ends": "2026-11-20",
    "area_codes": ["33.72.02", "33.72.05"],
    "kinds": ["kelurahan"],
}


@pytest.fixture
def client(app: Flask, english: Callable[[Role], Visitor]) -> Visitor:
    hang_clock(app)
    return english(Role.COORDINATOR)


def draft_shapes(app: Flask, folder: Path) -> None:
    """Give the app's maps a square for every district of the city."""
    with reading(engine_of(app)) as db:
        codes = db.exec(
            select(District.code).where(col(District.code).startswith("33.72.")).order_by("code")
        ).all()
    boxes = [shapely.box(110 + n / 10, -7.5, 110.1 + n / 10, -7.4) for n in range(len(codes))]
    middles = [{"p": np.round(box.bounds[:2], 3).tolist()} for box in boxes]
    store = Store(folder)
    body = encode_topology(list(codes), boxes, middles)
    store.note(districts={"33": store.keep("districts-33", ".json", body)})
    app.extensions["map_data"] = MapData(store)


def stored(app: Flask, stage_id: int) -> Stage:
    with reading(engine_of(app)) as db:
        return db.get_one(Stage, stage_id)


def change(app: Flask, stage_id: int, **values: object) -> None:
    with unit_of_work(engine_of(app)) as db:
        stage = db.get_one(Stage, stage_id)
        for name, value in values.items():
            setattr(stage, name, value)


def drafted(client: Visitor, world: World, **values: object) -> int:
    path = f"/campaigns/{world.own['campaign_id']}/stages/new"
    answer = client.send(path, {**FORM, "go": "next", **values})
    assert answer.status_code == 303
    return int(answer.location.split("/")[2])


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
    assert opened.location == f"/runs/{run.id}"
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
