"""Stages by page: their area, what planning would do, who may, two people at once."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from outreach.campaigns.tables import Status
from outreach.db import reading, unit_of_work
from outreach.people.tables import Role
from outreach.visits.preview import preview
from outreach.visits.tables import Batch, PlanRun, Visit, Work
from tests.visits.world import NOW
from tests.web import stages
from tests.web.planned import (
    coordinator,
    engine_of,
    hang_clock,
    plan,
    rows,
    words_of,
    work_off,
)
from tests.web.stages import change, stored

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

FORM = stages.FORM | {"ordering": "nearest", "quota": "20"}


def test_a_stage_is_drafted_over_districts_of_the_own_branch(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    client = english(Role.COORDINATOR)
    path = f"/campaigns/{world.own['campaign_id']}/stages/new"
    form = words_of(client.get(path))
    assert "Kota Surakarta 54 villages" in form
    assert "Serengan" in form
    assert "Sukoharjo" not in form
    answer = client.send(path, FORM)
    assert answer.status_code == 303
    made = stored(app, int(answer.location.rsplit("/", 1)[1]))
    assert made.area_codes == ["33.72.02", "33.72.05"]
    assert (made.branch_id, made.quota, made.kinds) == (world.own["branch_id"], 20, ["kelurahan"])
    assert "Open the stage to plan it." in words_of(client.get(answer.location))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"area_codes": ["33.11"]}, "This lies outside the branch."),
        ({"area_codes": ["abc"]}, "not a region code"),
        ({"ends": "2027-03-01"}, "outside the dates of the campaign"),
        ({"quota": "0"}, "Must be more than 0."),
        ({"name": "Tahap 1"}, "taken already"),
        ({"starts": ""}, "Please fill this in."),
        ({"kinds": ["kota"]}, "choose one of the list"),
        ({"name": "Pak Joko 3372041512800001"}, "identity number"),
    ],
)
def test_what_is_wrong_is_told_and_the_rest_is_kept(
    wrong: dict[str, object],
    told: str,
    world: World,
    english: Callable[[Role], Visitor],
) -> None:
    path = f"/campaigns/{world.own['campaign_id']}/stages/new"
    answer = english(Role.COORDINATOR).send(path, FORM | wrong)
    assert answer.status_code == 422
    assert told in words_of(answer)
    if "area_codes" not in wrong:
        assert 'value="33.72.02" id="area-33.72.02" checked' in answer.get_data(as_text=True)


def test_the_page_tells_what_planning_would_do(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    hang_clock(app)
    stage_id = world.own["stage_id"]
    with reading(engine_of(app)) as db:
        told = preview(db, stage_id, coordinator(app, world), NOW.date())
    assert told.shortfall == 0
    words = words_of(english(Role.COORDINATOR).get(f"/stages/{stage_id}"))
    assert f"Villages to plan {told.villages} of {told.villages_in_area} in the area" in words
    assert (
        f"Free team-days {told.team_days} {told.fridays} of these team-days are on a Friday"
        in words
    )
    assert "All of them fit." in words
    assert "1 village keeps the visit" in words
    assert "6 Sundays" in words
    assert "Selasa, 1 Desember" not in words
    assert "1 December 2026: Tim Satu: Leave" in words


def test_a_shortfall_comes_with_cures_that_can_be_followed(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    hang_clock(app)
    stage_id = world.own["stage_id"]
    change(app, stage_id, ends=date(2026, 11, 13))
    with reading(engine_of(app)) as db:
        told = preview(db, stage_id, coordinator(app, world), NOW.date())
    assert told.shortfall > 0
    client = english(Role.COORDINATOR)
    answer = client.get(f"/stages/{stage_id}")
    words = words_of(answer)
    assert f"{told.shortfall} villages would be left without a visit." in words
    assert "the stage would end on" in words
    html = answer.get_data(as_text=True)
    until = next(cure.until for cure in told.cures if cure.until)
    link = f"/stages/{stage_id}/verdict?ends={until.isoformat()}"
    assert link in html
    tried = client.get(link)
    assert tried.status_code == 200
    assert f'name="ends" value="{until.isoformat()}"' in tried.get_data(as_text=True)


def test_without_a_free_team_the_page_says_so(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    hang_clock(app)
    change(app, world.own["stage_id"], ends=date(2026, 11, 2))
    words = words_of(english(Role.COORDINATOR).get(f"/stages/{world.own['stage_id']}"))
    assert "No team has a free day in this stage" in words


def test_planning_starts_with_a_button_and_a_second_run_names_who_runs_the_first(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    hang_clock(app)
    client = english(Role.COORDINATOR)
    before = len(rows(app, PlanRun))
    answer = client.send(f"/stages/{world.own['stage_id']}/runs")
    assert answer.status_code == 303
    runs = rows(app, PlanRun)
    assert len(runs) == before + 1
    assert answer.location == f"/runs/{runs[-1].id}"
    batches = [one for one in rows(app, Batch) if one.run_id == runs[-1].id]
    assert sum(one.villages for one in batches) == 53
    refused = client.send(f"/stages/{world.own['stage_id']}/runs")
    assert refused.status_code == 409
    assert "Si coordinator has been planning for this branch since 02/11/2026" in words_of(refused)
    assert f'href="/runs/{runs[-1].id}"' in refused.get_data(as_text=True)
    assert len(rows(app, PlanRun)) == before + 1


def test_a_drafted_stage_is_opened_first(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    hang_clock(app)
    stage_id = world.own["stage_id"]
    change(app, stage_id, status=Status.DRAFTED)
    client = english(Role.COORDINATOR)
    refused = client.send(f"/stages/{stage_id}/runs")
    assert refused.status_code == 409
    assert "Only an open stage can be planned." in words_of(refused)
    assert client.send(f"/stages/{stage_id}/open", {"version": "1"}).status_code == 303
    assert stored(app, stage_id).status is Status.OPENED
    assert client.send(f"/stages/{stage_id}/close", {"version": "1"}).status_code == 409
    assert client.send(f"/stages/{stage_id}/close", {"version": "2"}).status_code == 303
    words = words_of(client.get(f"/stages/{stage_id}"))
    assert "If you plan this stage now" not in words


def test_a_manager_reads_a_stage_and_plans_nothing(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    stage_id = world.own["stage_id"]
    client = english(Role.MANAGER)
    answer = client.get(f"/stages/{stage_id}")
    assert answer.status_code == 200
    assert "<form" not in answer.get_data(as_text=True).split("<main")[1]
    assert client.send(f"/stages/{stage_id}/runs").status_code == 403
    assert client.get(f"/stages/{stage_id}/edit").status_code == 403


def test_two_people_see_both_values(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    client = english(Role.COORDINATOR)
    stage_id = world.own["stage_id"]
    old = stored(app, stage_id)
    values = {
        "name": old.name,
        "starts": old.starts.isoformat(),
        "ends": old.ends.isoformat(),
        "ordering": "score",
        "version": str(old.version),
    }
    assert client.send(f"/stages/{stage_id}/edit", values | {"quota": "30"}).status_code == 303
    stale = client.send(f"/stages/{stage_id}/edit", values | {"quota": "40"})
    assert stale.status_code == 409
    assert "Stored meanwhile: 30" in words_of(stale)
    assert 'value="40"' in stale.get_data(as_text=True)
    assert stored(app, stage_id).quota == 30


def test_after_planning_the_page_links_to_the_plan(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    plan(app, world)
    words = words_of(english(Role.COORDINATOR).get(f"/stages/{world.own['stage_id']}"))
    assert "Open the plan" in words
    assert "With a visit 54 of 54" in words
    assert "Plan this stage again" in words


@pytest.mark.parametrize("quota", [None, 20, 2000])
def test_the_quota_advised_is_what_would_be_planned_less_the_shortfall(
    quota: int | None, app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    hang_clock(app)
    stage_id = world.own["stage_id"]
    change(app, stage_id, ends=date(2026, 11, 5), quota=quota)
    with reading(engine_of(app)) as db:
        told = preview(db, stage_id, coordinator(app, world), NOW.date())
    assert told.shortfall > 0
    rest = told.villages + told.villages_kept - told.shortfall
    html = english(Role.COORDINATOR).get(f"/stages/{stage_id}").get_data(as_text=True)
    assert f"verdict?quota={rest}" in html
    assert f'name="quota" value="{rest}"' in html
    assert f"Lower the quota to {rest}<" in html


def test_team_days_that_other_visits_take_are_told(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    hang_clock(app)
    words = words_of(english(Role.COORDINATOR).get(f"/stages/{world.own['stage_id']}"))
    # The confirmed visit on 18 November and the reported one on 4 November.
    assert "2 more team-days are taken by other visits." in words


def test_visits_that_an_edit_leaves_outside_are_told_until_the_stage_is_planned_again(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    planned = plan(app, world)
    stage_id, client = planned.stage_id, english(Role.COORDINATOR)
    old = stored(app, stage_id)
    visits = planned.visits()
    last = date(2026, 11, 13)
    late = [one for one in visits if one.day > last]
    assert 1 < len(late) < len(visits)
    page = f"/stages/{stage_id}"
    assert "outside the dates" not in words_of(client.get(page))
    form = {
        "name": old.name,
        "starts": old.starts.isoformat(),
        "ends": last.isoformat(),
        "ordering": "score",
        "version": str(old.version),
    }
    answer = client.send(f"{page}/edit", form, follow_redirects=True)
    words = words_of(answer)
    assert f"“{old.name}” was saved." in words
    told = f"{len(late)} visits lie outside the dates, the area or the kinds of this stage now."
    assert words.count(told) == 2
    assert f'href="{page}/plan?outside=yes"' in answer.get_data(as_text=True)
    assert [one.id for one in planned.visits()] == [one.id for one in visits]
    listed = words_of(client.get(f"{page}/plan?outside=yes"))
    assert f"{len(late)} visits" in listed
    assert f"{len(visits)} visits" not in listed
    confirmed = [one for one in late if one.work is Work.CONFIRMED]
    client.send(f"{page}/runs")
    work_off(app)
    words = words_of(client.get(page))
    assert len(confirmed) == 1
    assert "1 visit lies outside the dates" in words


def test_kinds_and_areas_left_out_count_as_outside(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    planned = plan(app, world)
    page = f"/stages/{planned.stage_id}"
    change(app, planned.stage_id, area_codes=["33.72.02"])
    away = sum(not one.village_code.startswith("33.72.02.") for one in planned.visits())
    assert f"{away} visits lie outside" in words_of(english(Role.COORDINATOR).get(page))
    change(app, planned.stage_id, area_codes=[], kinds=["desa"])
    assert f"{len(planned.visits())} visits lie" in words_of(english(Role.COORDINATOR).get(page))


def test_replaced_proposals_leave_the_planners_reason_to_be_read(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    planned = plan(app, world)
    change(app, planned.stage_id, ends=date(2026, 11, 5))
    client = english(Role.COORDINATOR)
    client.send(f"/stages/{planned.stage_id}/runs")
    work_off(app)
    words = words_of(client.get(f"/stages/{planned.stage_id}/plan/unplaced"))
    assert "The teams that could reach it are full" in words
    assert "Its visit ended" not in words


def test_a_reason_of_the_time_of_planning_is_not_told_as_one_of_today(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    planned = plan(app, world)
    change(app, planned.stage_id, ends=date(2026, 11, 5))
    client = english(Role.COORDINATOR)
    client.send(f"/stages/{planned.stage_id}/runs")
    work_off(app)
    page = f"/stages/{planned.stage_id}/plan/unplaced"
    before = words_of(client.get(page))
    assert "have room now" not in before
    assert "The reasons are those of" in before
    given_back, for_good = planned.visits()[:2]
    with unit_of_work(engine_of(app)) as db:
        db.get_one(Visit, given_back.id).work = Work.POSTPONED
        db.get_one(Visit, for_good.id).work = Work.CANCELLED
    words, html = words_of(client.get(page)), client.get(page).get_data(as_text=True)
    left = before.count("The teams that could reach it are full") - 1
    assert f"{left + 1} villages have room now, each by itself." in words
    assert "The teams that could reach it are full" not in words
    assert "Its visit ended: Postponed. Has room now" in words
    assert "Its visit ended: Cancelled Put it into the plan again" in words
    assert f"cause=village_added&amp;village_code={for_good.village_code}" in html
    manager = english(Role.MANAGER).get(page)
    assert words_of(manager).count("Has room now") == left + 1
    assert "/replan" not in manager.get_data(as_text=True)


@pytest.mark.parametrize("ends", ["2026-11-08", "2028-01-01"])
def test_a_wrong_end_marks_the_field_of_the_end(
    ends: str, world: World, english: Callable[[Role], Visitor]
) -> None:
    path = f"/campaigns/{world.own['campaign_id']}/stages/new"
    answer = english(Role.COORDINATOR).send(path, FORM | {"ends": ends})
    assert answer.status_code == 422
    html = answer.get_data(as_text=True)
    assert 'id="ends-problem"' in html
    assert 'id="starts-problem"' not in html
