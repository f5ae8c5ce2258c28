"""Plan runs by page: watched, called off, failed parts taken up again."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from flask_babel import force_locale
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from outreach.db import unit_of_work
from outreach.people.tables import Role
from outreach.planning.check import Rule, Violation
from outreach.visits.batches import UnsoundPlan
from outreach.visits.leased_rows import WORKER_LOST, Failure, error_text, failure_of
from outreach.visits.tables import Batch, BatchState, PlanRun, RunState
from outreach.watch.beating import beat, this_process
from outreach.watch.tables import ProcessKind
from outreach.web.words import word
from tests.web.planned import ask_for_plan, engine_of, hang_clock, rows, words_of, work_off

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World


def test_a_run_is_watched_until_its_plan_is_ready(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    hang_clock(app)
    run_id = ask_for_plan(app, world)
    client = english(Role.COORDINATOR)
    page = client.get(f"/runs/{run_id}")
    assert "The plan is being made." in words_of(page)
    assert "coordinator/run.js" in page.get_data(as_text=True)
    fragment = client.get(f"/runs/{run_id}/progress")
    assert fragment.headers["Run-State"] == "running"
    assert fragment.headers["Cache-Control"] == "no-store"
    assert "<html" not in fragment.get_data(as_text=True)
    assert "Villages placed 0 of 53" in words_of(fragment)
    work_off(app)
    fragment = client.get(f"/runs/{run_id}/progress")
    assert fragment.headers["Run-State"] == "done"
    words = words_of(fragment)
    assert "The plan is ready." in words
    assert "Villages placed 53 of 53" in words
    assert "work package 3 " in words, "the number that `outreach plan export` asks for"
    assert f'href="/stages/{world.own["stage_id"]}/plan"' in fragment.get_data(as_text=True)
    assert "coordinator/run.js" not in client.get(f"/runs/{run_id}").get_data(as_text=True)


@pytest.mark.parametrize(
    ("alive", "stands_still"),
    [
        ({ProcessKind.SWEEPER: (), ProcessKind.WORKER: ("planning",)}, False),
        ({ProcessKind.SWEEPER: (), ProcessKind.WORKER: ("questions", "post")}, True),
        ({ProcessKind.SWEEPER: ()}, True),
        ({ProcessKind.WORKER: ("planning",)}, True),
    ],
)
def test_a_run_says_that_nobody_plans(
    alive: dict[ProcessKind, tuple[str, ...]],
    stands_still: bool,
    app: Flask,
    world: World,
    english: Callable[[Role], Visitor],
) -> None:
    run_id = ask_for_plan(app, world)
    with unit_of_work(engine_of(app)) as db:
        for kind, queues in alive.items():
            beat(db, this_process(kind, "k" * 40, queues), datetime.now(UTC))
    client = english(Role.COORDINATOR)
    told = "No machine is planning at the moment."
    assert (told in words_of(client.get(f"/runs/{run_id}/progress"))) is stands_still
    work_off(app)
    assert told not in words_of(client.get(f"/runs/{run_id}/progress"))


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, "Travel times are estimates by distance."),
        (
            {"source": "jalan.example", "trouble": None, "at": "2026-11-02T02:00:00+00:00"},
            "Travel times by road: measured by jalan.example, 02/11/2026 09:00 WIB.",
        ),
        (
            {"source": "", "trouble": "too_slow", "at": "2026-11-02T02:00:00+00:00"},
            "The road service answered too slowly (02/11/2026 09:00 WIB): travel times are est",
        ),
    ],
)
def test_a_run_says_what_its_travel_times_stand_on(
    told: dict[str, str | None],
    words: str,
    app: Flask,
    world: World,
    english: Callable[[Role], Visitor],
) -> None:
    hang_clock(app)
    run_id = ask_for_plan(app, world)
    work_off(app)
    with unit_of_work(engine_of(app)) as db:
        for batch in db.scalars(select(Batch).where(Batch.run_id == run_id)) if told else ():
            batch.figures = {**batch.figures, "travel": told}
    page = english(Role.COORDINATOR).get(f"/runs/{run_id}")
    assert words in words_of(page)
    assert words_of(page).count("estimates by distance") == int("measured" not in words)


def test_a_run_is_called_off_once(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    hang_clock(app)
    run_id = ask_for_plan(app, world)
    client = english(Role.COORDINATOR)
    assert client.send(f"/runs/{run_id}/cancel").status_code == 303
    assert rows(app, PlanRun)[-1].state is RunState.CANCELLED
    assert "The run was called off." in words_of(client.get(f"/runs/{run_id}"))
    again = client.send(f"/runs/{run_id}/cancel")
    assert again.status_code == 409
    assert "This run has ended already." in words_of(again)


def test_a_failed_part_shows_its_error_and_is_tried_again(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    client = english(Role.COORDINATOR)
    run_id, batch_id = world.own["run_id"], world.own["batch_id"]
    words = words_of(client.get(f"/runs/{run_id}"))
    assert "1 part failed" in words
    assert "Failed after 5 attempts: ValueError: the planner found no way" in words
    answer = client.send(f"/runs/{run_id}/batches/{batch_id}/retry")
    assert answer.status_code == 303
    batch = next(one for one in rows(app, Batch) if one.id == batch_id)
    assert (batch.state, batch.attempts) == (BatchState.READY, 0)
    assert client.send(f"/runs/{run_id}/batches/{batch_id}/retry").status_code == 409


def test_a_part_whose_plan_broke_a_rule_says_so(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    with unit_of_work(engine_of(app)) as db:
        db.get_one(Batch, world.own["batch_id"]).error = error_text(
            UnsoundPlan([Violation(Rule.CLOSED_DAY, "", 3, date(2027, 1, 3))] * 2)
        )
    words = words_of(english(Role.COORDINATOR).get(f"/runs/{world.own['run_id']}"))
    assert "UnsoundPlan: closed_day, team 3, 2027-01-03, 2 in all" in words
    assert "The plan breaks a rule and was not saved" in words


def test_a_run_whose_every_part_failed_does_not_claim_to_have_planned(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    client = english(Role.COORDINATOR)
    run_id, dead = world.own["run_id"], world.own["batch_id"]
    with unit_of_work(engine_of(app)) as db:
        others = db.scalars(select(Batch).where(Batch.run_id == run_id, Batch.id != dead)).all()
        for batch in others:
            batch.state, batch.error = BatchState.DEAD, WORKER_LOST
    words = words_of(client.get(f"/runs/{run_id}"))
    count = 1 + len(others)
    assert "failed; this run planned no village." in words
    assert f"Parts done 0 of {count}" in words
    assert "others are planned" not in words


#: What is kept of the errors.
KEPT = {
    Failure.WORKER_LOST: WORKER_LOST,
    Failure.TOO_LONG: error_text(SoftTimeLimitExceeded(3600)),
    Failure.NO_MEMORY: error_text(MemoryError()),
    Failure.DATABASE: error_text(OperationalError("", None, Exception("the server went away"))),
    Failure.BREAKS_A_RULE: error_text(UnsoundPlan([Violation(Rule.CLOSED_DAY, "", 3, None)])),
    Failure.FAULT: error_text(KeyError("33.11.01.9999")),
}


@pytest.mark.parametrize("failure", Failure)
def test_every_error_that_can_be_kept_is_told_in_words(
    failure: Failure, app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    assert failure_of(KEPT[failure]) is failure
    with unit_of_work(engine_of(app)) as db:
        db.get_one(Batch, world.own["batch_id"]).error = KEPT[failure]
    words = words_of(english(Role.COORDINATOR).get(f"/runs/{world.own['run_id']}"))
    with app.test_request_context(), force_locale("en"):
        assert word(failure) in words
    helps = failure in {Failure.DATABASE, Failure.BREAKS_A_RULE, Failure.FAULT}
    assert (KEPT[failure] in words) is helps


def test_a_part_is_tried_again_only_under_its_own_run(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    path = f"/runs/{world.own['run_id'] + 1}/batches/{world.own['batch_id']}/retry"
    assert english(Role.COORDINATOR).send(path).status_code == 404
    batch = next(one for one in rows(app, Batch) if one.id == world.own["batch_id"])
    assert batch.state is BatchState.DEAD


def test_a_manager_watches_and_touches_nothing(
    world: World, english: Callable[[Role], Visitor]
) -> None:
    client = english(Role.MANAGER)
    run_id, batch_id = world.own["run_id"], world.own["batch_id"]
    page = client.get(f"/runs/{run_id}").get_data(as_text=True)
    assert "<form" not in page.split("<main")[1]
    assert client.send(f"/runs/{run_id}/cancel").status_code == 403
    assert client.send(f"/runs/{run_id}/batches/{batch_id}/retry").status_code == 403
