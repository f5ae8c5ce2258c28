"""The page of a run tells in words how far its plan is at most from the best possible."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update
from sqlmodel import select

from outreach.db import unit_of_work
from outreach.people.tables import Role
from outreach.visits.tables import AskedBound, BatchState
from outreach.web.coordinator_certificate import _share_above
from tasks.certificate import certify_one
from tests.web.planned import engine_of, hang_clock, plan, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

QUESTION = "How far from the best possible?"


def _work_off(app: Flask) -> None:
    with unit_of_work(engine_of(app)) as db:
        numbers = [row.id or 0 for row in db.exec(select(AskedBound)).all()]
    for number in numbers:
        assert certify_one(engine_of(app), number, timedelta(seconds=30))


def test_a_coordinator_asks_watches_and_is_told(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    planned = plan(app, world)
    client = english(Role.COORDINATOR)
    page = f"/runs/{planned.run_id}"
    assert QUESTION in words_of(client.get(page))
    answer = client.send(f"{page}/certificate")
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith(f"{page}#certificate")
    watched = client.get(page)
    assert "The proof is being worked out." in words_of(watched)
    assert "coordinator/run.js" in watched.get_data(as_text=True)
    assert client.get(f"{page}/progress").headers["Run-State"] == "running"
    _work_off(app)
    fragment = client.get(f"{page}/progress")
    assert fragment.headers["Run-State"] == "done"
    words = words_of(fragment)
    assert "% more than the best possible one." in words
    assert "Proved for the plan of 53 villages" in words
    assert "nan" not in words
    manager = english(Role.MANAGER).get(page)
    assert "% more than the best possible one." in words_of(manager)
    assert "/certificate" not in manager.get_data(as_text=True)


def test_a_manager_does_not_ask(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    planned = plan(app, world)
    client = english(Role.MANAGER)
    assert QUESTION not in words_of(client.get(f"/runs/{planned.run_id}"))
    assert client.send(f"/runs/{planned.run_id}/certificate").status_code == 403


def test_an_older_run_and_one_with_nothing_planned_are_not_asked(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    client = english(Role.COORDINATOR)
    failed = world.own["run_id"]
    assert QUESTION not in words_of(client.get(f"/runs/{failed}"))
    plan(app, world)
    refused = client.send(f"/runs/{failed}/certificate")
    assert refused.status_code == 409
    assert "The stage has been planned anew since." in words_of(refused)


def test_what_could_not_be_proved_is_said_and_asked_again(
    app: Flask, world: World, english: Callable[[Role], Visitor]
) -> None:
    planned = plan(app, world)
    hang_clock(app)
    client = english(Role.COORDINATOR)
    client.send(f"/runs/{planned.run_id}/certificate")
    with unit_of_work(engine_of(app)) as db:
        dead = {"state": BatchState.DEAD, "attempts": 5, "error": "ValueError: no proof"}
        db.execute(update(AskedBound).values(**dead))
    words = words_of(client.get(f"/runs/{planned.run_id}"))
    assert "No proof was found for 1 part: ValueError: no proof" in words
    assert "Ask again" in words
    client.send(f"/runs/{planned.run_id}/certificate")
    _work_off(app)
    assert "% more than the best possible one." in words_of(client.get(f"/runs/{planned.run_id}"))


@pytest.mark.parametrize(
    ("gap", "said"), [(0.0, "0,1%"), (0.00391, "0,4%"), (0.004, "0,4%"), (0.0041, "0,5%")]
)
def test_the_share_is_rounded_up(app: Flask, gap: float, said: str) -> None:
    class Told:
        def __init__(self) -> None:
            self.gap = gap

    with app.test_request_context():
        assert _share_above(Told()) == said  # type: ignore[arg-type]


def test_nothing_told_is_no_share() -> None:
    assert _share_above(None) == ""
