"""The desk: what is on today and this week, what needs somebody; nothing of other branches."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from itertools import cycle
from typing import TYPE_CHECKING

import pytest
from sqlmodel import SQLModel

from outreach.db import reading, unit_of_work
from outreach.logbook.tables import SessionReport
from outreach.people.tables import Role, TeamLeave
from outreach.progress.stages import StageProgress, stage_progress
from outreach.visits.lifecycle import Author, settle
from outreach.visits.listing import visits_between
from outreach.visits.tables import Happening, Visit, Work
from outreach.web.desk_lists import Which
from tests.rewriting import unlock_history
from tests.web.planned import (
    ask_for_plan,
    coordinator,
    engine_of,
    hang_clock,
    plan,
    words_of,
)
from tests.web.world import World, keep_for_one_stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlalchemy import Table

    from tests.web.conftest import Visitor


FRIDAY = 4


def on(app: Flask, day: date) -> None:
    hang_clock(app, datetime.combine(day, time(2), tzinfo=UTC))


#: Counts that lead to a page of their own.
_ELSEWHERE = {"messages": "/messages", "review": "/reviews", "disputes": "/disputes"}


def count_of(answer: object, which: str) -> int:
    """The number beside the way to a list; nothing waits where there is no way."""
    html: str = answer.get_data(as_text=True)  # type: ignore[attr-defined]
    main = html[html.index("<main") :]
    way = _ELSEWHERE.get(which, f"/desk/{which}")
    found = re.search(rf'href="{way}"[^>]*>(.*?)</a>', main, re.DOTALL)
    return int(re.sub(r"<[^>]+>|\D", "", found[1])) if found else 0


def lines_on(client: Visitor, which: str, query: str = "") -> list[str]:
    """Where the lines of a list lead, page by page."""
    links: list[str] = []
    path: str | None = f"/desk/{which}?{query}"
    while path:
        answer = client.get(path)
        assert answer.status_code == 200
        html = answer.get_data(as_text=True)
        part = html[html.find('<ul class="visits desk-list">') :]
        links += re.findall(r'<li><a href="([^"]+)"', part[: part.find("</ul>")])
        after = re.search(r'rel="next" href="([^"]+)"', html)
        path = unescape(after[1]) if after else None
    return links


def test_today_and_this_week_are_counted_and_listed(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    plan(app, world)
    with reading(engine_of(app)) as db:
        visits = visits_between(db, coordinator(app, world), date(2026, 11, 1), date(2027, 1, 1))
    day = next(one.day for one in visits if one.day.weekday() < FRIDAY)
    monday = day - timedelta(days=day.weekday())
    week = [one for one in visits if monday <= one.day <= monday + timedelta(days=6)]
    on(app, day)
    now = [one for one in visits if one.day == day]
    assert 0 < len(now) < len(week)
    client = english(Role.COORDINATOR)
    desk = client.get("/desk")
    assert count_of(desk, "today") == len(now)
    assert count_of(desk, "week") == len(week)
    coming = [one for one in week if one.day >= day and one.work is Work.PROPOSED]
    assert count_of(desk, "unconfirmed") == len(coming) > 0
    assert lines_on(client, "today") == [f"/visits/{one.id}" for one in now]
    assert set(lines_on(client, "week")) == {f"/visits/{one.id}" for one in week}
    other = lines_on(client, "week", f"day={now[0].day.isoformat()}")
    assert other == [f"/visits/{one.id}" for one in now]
    told = words_of(client.get(f"/desk/week?day={now[0].day.isoformat()}"))
    assert f"({len(now)} of {len(week)})" in told
    assert "Visits this week" not in told


def test_every_count_is_the_length_of_its_list(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    visits = plan(app, world).visits()
    days = sorted({one.day for one in visits})
    with unit_of_work(engine_of(app)) as db:
        for one, work in zip(visits, cycle(Work), strict=False):
            db.get_one(Visit, one.id).work = work
        db.add(TeamLeave(team_id=world.own["team_id"], starts=days[0], ends=days[-1]))
    on(app, days[1])
    client = english(Role.COORDINATOR)
    desk = client.get("/desk")
    counted = {which: count_of(desk, which) for which in Which}
    assert counted == {which: len(lines_on(client, which)) for which in Which}
    for which in (Which.TODAY, Which.REPORTS, Which.REVIEW, Which.AWAY, Which.CALLS, Which.PLANS):
        assert counted[which], which


def test_a_list_keeps_its_filters_in_the_address_and_through_its_pages(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    visits = plan(app, world).visits()
    on(app, min(one.day for one in visits))
    client = english(Role.COORDINATOR)
    whole = lines_on(client, "week")
    visit = next(one for one in visits if f"/visits/{one.id}" in whole)
    assert lines_on(client, "week", f"text={visit.village_code}") == [f"/visits/{visit.id}"]
    assert lines_on(client, "week", "text=nowhere") == []
    assert "Nothing fits these filters." in words_of(client.get("/desk/week?text=nowhere"))
    assert lines_on(client, "week", "team=Nobody") == []
    assert lines_on(client, "week", "day=never&page=x") == whole
    assert client.get("/desk/nothing").status_code == 404


def test_a_plan_sent_back_is_the_first_thing_on_the_desk(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    plan(app, world)
    coordinator_page, manager = english(Role.COORDINATOR), english(Role.MANAGER)
    stage = world.own["stage_id"]
    assert lines_on(coordinator_page, "plans") == [f"/stages/{stage}/hand-in"]
    coordinator_page.send(f"/stages/{stage}/hand-in")
    assert count_of(coordinator_page.get("/desk"), "plans") == 0
    submission = re.search(r'/approvals/(\d+)"', manager.get("/approvals").get_data(as_text=True))
    assert submission is not None
    manager.send(f"/approvals/{submission[1]}/send-back", {"reason": "Serengan dulu"})
    desk = coordinator_page.get("/desk")
    assert count_of(desk, "plans") == 1
    told = words_of(coordinator_page.get("/desk/plans"))
    assert "Sent back by Si manager: “Serengan dulu”" in told


def _from_campaigns_on() -> list[Table]:
    """Every table that hangs on campaigns, those that nothing hangs on first."""
    hanging = {"campaign"}
    tables = []
    for table in SQLModel.metadata.sorted_tables:
        above = {key.column.table.name for key in table.foreign_keys}
        if table.name in hanging or above & hanging:
            hanging.add(table.name)
            tables.append(table)
    return tables[::-1]


def test_an_empty_desk_tells_the_next_step(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    on(app, date(2026, 11, 2))
    engine = engine_of(app)
    with unit_of_work(engine) as db:
        unlock_history(db)
        for table in _from_campaigns_on():
            db.execute(table.delete())
    client = english(Role.COORDINATOR)
    desk = client.get("/desk")
    assert "Nothing waits for you." in words_of(desk)
    assert 'href="/campaigns/new">Draft the first campaign' in desk.get_data(as_text=True)


def test_a_visit_whose_day_has_passed_unreported_is_missing_its_report(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    on(app, date(2026, 11, 19))
    client = english(Role.COORDINATOR)
    assert lines_on(client, "reports-missing") == [f"/visits/{world.own['visit_id']}"]
    assert count_of(client.get("/desk"), "review") == 1
    on(app, date(2026, 11, 18))
    assert lines_on(client, "reports-missing") == []


def test_what_is_stuck_is_on_the_desk(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    on(app, date(2026, 11, 6))
    client = english(Role.COORDINATOR)
    assert lines_on(client, "failed-parts") == [f"/runs/{world.own['run_id']}"]
    assert "1 part of the plan of Tahap 1 failed." in words_of(client.get("/desk/failed-parts"))
    assert lines_on(client, "without-visit") == []
    with unit_of_work(engine_of(app)) as db:
        keep_for_one_stage(db, world.own["visit_id"]).work = Work.CANCELLED
    assert lines_on(client, "without-visit") == [f"/stages/{world.own['stage_id']}/plan/unplaced"]
    assert lines_on(client, "returned") == []


@pytest.mark.parametrize("work", [Work.POSTPONED, Work.RETURNED])
def test_work_that_was_given_back_is_listed_once(
    app: Flask, world: World, english: Callable[[Role], Visitor], work: Work
) -> None:
    on(app, date(2026, 11, 6))
    then, by = datetime(2026, 11, 6, 1, tzinfo=UTC), coordinator(app, world)
    with unit_of_work(engine_of(app)) as db:
        keep_for_one_stage(db, world.own["visit_id"])
        settle(db, world.own["visit_id"], Happening(work.value), Author(by, then, "panen"))
    client = english(Role.COORDINATOR)
    assert lines_on(client, "returned") == [f"/visits/{world.own['visit_id']}"]
    assert lines_on(client, "without-visit") == []
    assert count_of(client.get("/desk"), "returned") == 1
    way = f"/stages/{world.own['stage_id']}/replan?cause=gaps"
    assert f'href="{way}"' in client.get("/desk/returned").get_data(as_text=True)
    assert client.get(way).status_code == 200


def test_a_teams_days_on_leave_are_planned_anew_from_their_list(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    on(app, date(2026, 11, 6))
    day = date(2026, 11, 18)
    with unit_of_work(engine_of(app)) as db:
        db.add(TeamLeave(team_id=world.own["team_id"], starts=day, ends=day))
    client = english(Role.COORDINATOR)
    assert lines_on(client, "team-away") == [f"/visits/{world.own['visit_id']}"]
    html = client.get("/desk/team-away").get_data(as_text=True)
    found = re.search(r'class="btn btn-primary" href="([^"]+/replan[^"]+)"', html)
    assert found is not None
    way = unescape(found[1])
    assert f"team_id={world.own['team_id']}&first={day}&last={day}" in way
    assert client.get(way).status_code == 200


def test_a_run_that_is_on_names_who_started_it(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    hang_clock(app)
    run_id = ask_for_plan(app, world)
    answer = english(Role.COORDINATOR).get("/desk")
    assert "Si coordinator is planning Tahap 1: 0 of 1 parts are done." in words_of(answer)
    assert f'href="/runs/{run_id}"' in answer.get_data(as_text=True)


def test_nothing_of_another_branch_is_on_the_desk(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    on(app, date(2026, 11, 18))
    client = english(Role.COORDINATOR)
    html = client.get("/desk").get_data(as_text=True)
    html += "".join(client.get(f"/desk/{which}").get_data(as_text=True) for which in Which)
    assert f'href="/visits/{world.own["visit_id"]}"' in html
    assert f'href="/visits/{world.foreign["visit_id"]}"' not in html
    assert f'href="/stages/{world.foreign["stage_id"]}"' not in html
    assert f'href="/runs/{world.foreign["run_id"]}"' not in html


def test_progress_counts_what_current_reports_say_within_the_area(app: Flask, world: World) -> None:
    own, foreign = world.own, world.foreign
    with unit_of_work(engine_of(app)) as db:
        reported = db.get_one(SessionReport, own["report_id"])
        earlier = db.get_one(Visit, reported.visit_id).stage_id
    with reading(engine_of(app)) as db:
        asked = [own["stage_id"], foreign["stage_id"], earlier]
        told = stage_progress(db, coordinator(app, world), asked)
    assert told[own["stage_id"]] == StageProgress(villages=1, placed=1, confirmed=1)
    assert told[foreign["stage_id"]] == StageProgress()
    assert told[earlier] == StageProgress(villages=1, placed=1, reached=1, signups=9)


def test_a_corrected_report_and_one_without_people_do_not_count(app: Flask, world: World) -> None:
    with unit_of_work(engine_of(app)) as db:
        reported = db.get_one(SessionReport, world.own["report_id"])
        earlier = db.get_one(Visit, reported.visit_id).stage_id
        reported.men = reported.women = 0
    with reading(engine_of(app)) as db:
        told = stage_progress(db, coordinator(app, world), [earlier])
        assert (told[earlier].reached, told[earlier].signups) == (0, 9)
    with unit_of_work(engine_of(app)) as db:
        db.get_one(SessionReport, world.own["report_id"]).corrected_by = "another"
    with reading(engine_of(app)) as db:
        told = stage_progress(db, coordinator(app, world), [earlier])
        assert (told[earlier].reached, told[earlier].signups) == (0, 0)
