"""The desk: what is on today and this week, what needs somebody; nothing of other branches."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from outreach.db import reading, unit_of_work
from outreach.logbook.tables import SessionReport
from outreach.people.tables import Role
from outreach.progress.stages import StageProgress, stage_progress
from outreach.visits.tables import Visit, Work
from tests.web.planned import (
    ask_for_plan,
    coordinator,
    engine_of,
    hang_clock,
    plan,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

FRIDAY = 4


def on(app: Flask, day: date) -> None:
    hang_clock(app, datetime.combine(day, time(2), tzinfo=UTC))


def test_today_and_the_rest_of_the_week_are_listed(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    visits = plan(app, world).visits()
    day = next(one.day for one in visits if one.day.weekday() < FRIDAY)
    sunday = day + timedelta(days=6 - day.weekday())
    on(app, day)
    now = [one for one in visits if one.day == day]
    rest = [one for one in visits if day < one.day <= sunday]
    assert now
    assert rest
    answer = english(Role.COORDINATOR).get("/desk")
    words = words_of(answer)
    assert f"Visits today {len(now)} " in words
    assert f"Not confirmed this week {len(now) + len(rest)} " in words
    html = answer.get_data(as_text=True)
    assert all(f'href="/visits/{one.id}"' in html for one in now + rest)
    later = [one for one in visits if one.day > sunday]
    assert not any(f'href="/visits/{one.id}"' in html for one in later)


def test_a_visit_whose_day_has_passed_unreported_is_missing_its_report(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    on(app, date(2026, 11, 19))
    words = words_of(english(Role.COORDINATOR).get("/desk"))
    assert "Reports missing 1 " in words
    assert "Reports to review 1 " in words
    on(app, date(2026, 11, 18))
    assert "Reports missing 0 " in words_of(english(Role.COORDINATOR).get("/desk"))


def test_what_is_stuck_is_on_the_desk(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    on(app, date(2026, 11, 6))
    client = english(Role.COORDINATOR)
    words = words_of(client.get("/desk"))
    assert "1 part of the plan of Tahap 1 failed." in words
    assert "has no visit" not in words
    with unit_of_work(engine_of(app)) as db:
        db.get_one(Visit, world.own["visit_id"]).work = Work.CANCELLED
    assert "1 village of Tahap 1 has no visit." in words_of(client.get("/desk"))


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
    answer = english(Role.COORDINATOR).get("/desk")
    html = answer.get_data(as_text=True)
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
