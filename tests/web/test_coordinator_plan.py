"""The plan of a stage by page: table, calendar, map, villages without a visit."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from outreach.campaigns.tables import Stage, StageVillage
from outreach.db import reading, unit_of_work
from outreach.people.tables import Role, Team
from outreach.planning.model import Reason, Remedy
from outreach.visits.releasing import release_proposals
from outreach.visits.tables import Batch, Visit, Work
from outreach.web.coordinator_calendar import lay_out_month, monday_of
from tests.visits.world import NOW
from tests.web.planned import (
    Planned,
    ask_for_plan,
    coordinator,
    engine_of,
    hang_clock,
    plan,
    words_of,
    work_off,
)
from tests.web.world import World, keep_for_one_stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor


@pytest.fixture
def path(world: World) -> str:
    return f"/stages/{world.own['stage_id']}/plan"


def shown(answer: object) -> int:
    html: str = answer.get_data(as_text=True)  # type: ignore[attr-defined]
    return html.count('<th scope="row"><a href="/visits/')


def test_the_table_comes_in_pages_that_hold_every_visit(
    planned: Planned, path: str, english: Callable[[Role], Visitor]
) -> None:
    client = english(Role.MANAGER)
    first = client.get(path)
    assert shown(first) == 50
    words = words_of(first)
    assert "54 visits 1 to 50" in words
    assert "Page 1 of 2" in words
    assert f"{path}?page=2" in first.get_data(as_text=True)
    assert shown(client.get(f"{path}?page=2")) == 4
    assert shown(client.get(f"{path}?page=99")) == 4


def test_filters_narrow_the_table(
    planned: Planned, path: str, english: Callable[[Role], Visitor]
) -> None:
    client = english(Role.COORDINATOR)
    visits = planned.visits()
    serengan = [one for one in visits if one.village_code.startswith("33.72.02")]
    assert shown(client.get(f"{path}?district=33.72.02")) == len(serengan) == 7
    monday = monday_of(visits[20].day)
    in_week = [one for one in visits if monday_of(one.day) == monday]
    assert shown(client.get(f"{path}?week={monday}")) == len(in_week) > 0
    assert shown(client.get(f"{path}?text={visits[3].village_code}")) == 1
    assert shown(client.get(f"{path}?text=SERENGAN")) == 7
    assert shown(client.get(f"{path}?status=confirmed")) == 1
    assert shown(client.get(f"{path}?team={visits[0].team_id}&page=2")) == 4
    assert "No visit fits these filters." in words_of(client.get(f"{path}?team=999999"))


def test_pages_keep_the_filters(
    planned: Planned, path: str, english: Callable[[Role], Visitor]
) -> None:
    html = english(Role.COORDINATOR).get(f"{path}?text=surakarta").get_data(as_text=True)
    assert f"{path}?text=surakarta&amp;page=2" in html


@pytest.mark.parametrize(
    "wrong", ["team=x", "week=soon", "week=9999-12-31", "district=%27--", "status=lost", "page=0"]
)
def test_a_filter_that_cannot_be_read_is_told_and_shows_everything(
    wrong: str, planned: Planned, path: str, english: Callable[[Role], Visitor]
) -> None:
    answer = english(Role.COORDINATOR).get(f"{path}?{wrong}")
    assert answer.status_code == 422
    assert "This filter cannot be used" in words_of(answer)
    assert shown(answer) == 50


def test_the_summary_adds_up(
    planned: Planned, path: str, english: Callable[[Role], Visitor]
) -> None:
    visits = planned.visits()
    hours = sum(one.travel_minutes + one.return_minutes for one in visits) / 60
    team_days = len({(one.team_id, one.day) for one in visits})
    words = words_of(english(Role.COORDINATOR).get(path))
    assert "Villages 54 54 with a visit" in words
    assert f"Team-days {team_days} " in words
    assert f"Travel {hours:.1f} h" in words


def test_a_week_shows_each_visit_of_it_under_its_team(
    planned: Planned, path: str, english: Callable[[Role], Visitor]
) -> None:
    visits = planned.visits()
    monday = monday_of(visits[5].day)
    html = english(Role.COORDINATOR).get(f"{path}/calendar?week={monday}").get_data(as_text=True)
    for one in visits:
        chip = f'<a class="chip {one.work.value}" href="/visits/{one.id}"'
        assert (chip in html) == (monday_of(one.day) == monday)


def test_the_calendar_opens_on_the_week_that_is_on(
    app: Flask, planned: Planned, path: str, english: Callable[[Role], Visitor]
) -> None:
    client = english(Role.COORDINATOR)
    last = planned.visits()[-1].day
    assert "Week from Monday, 2 November 2026" in words_of(client.get(f"{path}/calendar"))
    hang_clock(app, datetime.combine(last, time(3), tzinfo=UTC))
    assert monday_of(last) > date(2026, 11, 2)
    words = words_of(client.get(f"{path}/calendar"))
    assert f"{monday_of(last).day} November 2026" in words


def test_a_month_counts_by_day_and_team(
    planned: Planned, path: str, english: Callable[[Role], Visitor]
) -> None:
    words = words_of(english(Role.COORDINATOR).get(f"{path}/calendar?month=2026-11-01"))
    assert "November 2026" in words
    busiest = max((one.day for one in planned.visits()), key=lambda day: _on(planned, day))
    assert _on(planned, busiest) == 3
    assert "Tim Satu 3" in words


@pytest.mark.parametrize("asked", ["month=never", "month=0001-01-01", "week=9999-12-31", "week="])
def test_a_time_that_is_none_shows_the_week_that_is_on(
    asked: str, planned: Planned, path: str, english: Callable[[Role], Visitor]
) -> None:
    answer = english(Role.COORDINATOR).get(f"{path}/calendar?{asked}")
    assert answer.status_code == 200
    assert "Week from Monday, 2 November 2026" in words_of(answer)
    is_told = "This calendar has no such day, month or year" in words_of(answer)
    assert is_told is (asked != "week=")


def _on(planned: Planned, day: date) -> int:
    return sum(one.day == day for one in planned.visits())


def test_a_month_is_whole_weeks_around_it(app: Flask) -> None:
    with app.app_context():
        weeks = lay_out_month([], date(2027, 2, 1), date(2027, 2, 1), date(2027, 2, 10))
        august = lay_out_month([], date(2026, 8, 1), date(2026, 8, 1), date(2026, 8, 9))
    days = [day.day for week in weeks for day in week]
    assert days == [date(2027, 2, 1) + timedelta(days=n) for n in range(28)]
    assert [day.in_stage for week in weeks for day in week].count(True) == 10
    assert weeks[0][5].holiday  # Imlek, 6 February 2027
    assert len(august) == 6


def test_the_map_stands_in_a_sandboxed_frame(
    planned: Planned, path: str, english: Callable[[Role], Visitor]
) -> None:
    client = english(Role.COORDINATOR)
    html = client.get(f"{path}/map").get_data(as_text=True)
    assert f'src="{path}/map/frame"' in html
    assert 'sandbox="allow-scripts' in html
    assert "allow-same-origin" not in html
    frame = client.get(f"{path}/map/frame")
    assert "connect-src 'none'" in frame.headers["Content-Security-Policy"]
    drawn = frame.get_data(as_text=True)
    assert all(one.village_code in drawn for one in planned.visits())
    assert "Tim Satu" in drawn


def test_an_empty_plan_says_where_to_go(
    app: Flask, world: World, path: str, english: Callable[[Role], Visitor]
) -> None:
    by = coordinator(app, world)
    with unit_of_work(engine_of(app)) as db:
        keep_for_one_stage(db, world.own["visit_id"]).work = Work.PROPOSED
        db.flush()
        release_proposals(db, world.own["stage_id"], by, NOW)
    client = english(Role.COORDINATOR)
    for view in ("", "/calendar", "/map", "/unplaced"):
        answer = client.get(path + view)
        assert answer.status_code == 200
        if view != "/map":
            assert "Villages 1 0 with a visit" in words_of(answer)
    for view in ("", "/map"):
        assert "There is no visit in this stage yet." in words_of(client.get(path + view))
    assert "Not planned yet" in words_of(client.get(f"{path}/unplaced"))


def test_while_a_run_works_its_villages_are_being_planned_and_need_only_time(
    app: Flask, world: World, path: str, english: Callable[[Role], Visitor]
) -> None:
    hang_clock(app)
    run_id = ask_for_plan(app, world)
    for role in (Role.COORDINATOR, Role.MANAGER):
        answer = english(role).get(f"{path}/unplaced")
        words, html = words_of(answer), answer.get_data(as_text=True)
        rows = html.split("<tbody>")[1].split("</tbody>")[0]
        assert rows.count("Being planned") == rows.count(f'href="/runs/{run_id}"') > 20
        for refused in ("Not planned yet", "Plan the stage again", "Fill the gaps"):
            assert refused not in words
    work_off(app)
    words = words_of(english(Role.COORDINATOR).get(f"{path}/unplaced"))
    assert "Wait until the run is over" not in words


def test_every_village_without_a_visit_has_its_reason_and_remedy(
    app: Flask, world: World, path: str, english: Callable[[Role], Visitor]
) -> None:
    with unit_of_work(engine_of(app)) as db:
        db.get_one(Stage, world.own["stage_id"]).ends = date(2026, 11, 6)
    plan(app, world)
    work_off(app)
    words = words_of(english(Role.COORDINATOR).get(f"{path}/unplaced"))
    assert "The teams that could reach it are full" in words
    assert words.count("The teams that could reach it are full") >= 20
    assert "Make one, then fill the gaps" in words
    most = re.search(r"Made alone, these changes bring most: (.*?) Each change was tried", words)
    assert most is not None
    told = re.findall(r"brings (\d+) of (\d+) villages without room a visit", most[1])
    assert len(told) == 2
    assert int(told[0][0]) >= int(told[1][0]) > 0
    assert {int(of) for _, of in told} == {
        words.count("The teams that could reach it are full") - 1
    }
    assert "to 9 Nov 2026" in words, "the first working day behind the stage"
    html = english(Role.COORDINATOR).get(f"{path}/unplaced").get_data(as_text=True)
    assert f'href="/stages/{world.own["stage_id"]}/edit"' in html


def test_a_change_is_told_with_its_team_and_leads_to_its_page(
    app: Flask, planned: Planned, world: World, path: str, english: Callable[[Role], Visitor]
) -> None:
    """One village may come if the team comes back later, one on a Saturday, one is offered anew."""
    team_id, (late, weekend, changed) = (
        world.own["team_id"],
        [one.id for one in planned.visits()[:3]],
    )
    with unit_of_work(engine_of(app)) as db:
        asked = [
            (late, "longer_day", 45),
            (weekend, "another_weekday", 6),
            (changed, "add_team", 1),
        ]
        for visit_id, remedy, amount in asked:
            visit = db.get_one(Visit, visit_id)
            visit.work = Work.CANCELLED
            waiting = db.get_one(StageVillage, (visit.stage_id, visit.village_code))
            waiting.reason, waiting.remedy = Reason.NO_CAPACITY, Remedy(remedy)
            waiting.remedy_amount = amount
        codes = [db.get_one(Visit, one).village_code for one in (late, weekend, changed)]
        batch = db.exec(select(Batch).where(Batch.run_id == planned.run_id)).one()
        batch.figures = {
            **batch.figures,
            "changes": [
                ["another_weekday", 6, None, None, 2],
                ["longer_day", 45, team_id, None, 1],
            ],
            "helped": {codes[0]: 1, codes[1]: 0, codes[2]: 0},
            "short": 3,
        }
    answer = english(Role.COORDINATOR).get(f"{path}/unplaced")
    words, html = words_of(answer), answer.get_data(as_text=True)
    with reading(engine_of(app)) as db:
        team = db.get_one(Team, team_id).name
    later = f"Let {team} come back 45 minutes later on all its days"
    assert "Let all teams work on Saturday too : brings 2 of 3 villages without room" in words
    assert f"{later} : brings 1 of 3 villages without room" in words
    assert html.count(f'<a href="/teams/{team_id}">{later}</a>') == 2
    assert "Add 1 team" in words, "what has been offered since is told instead"
    assert f'<a href="/teams/{team_id}">' not in english(Role.MANAGER).get(f"{path}/unplaced").text
