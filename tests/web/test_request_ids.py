"""Each request has an id: in its answer, in its line of the log, and with the work it asks for."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import col, select

from outreach.db import reading
from outreach.people.tables import Role
from outreach.progress.tables import WhatIf
from outreach.visits.tables import AskedBound, PlanRun
from outreach.watch.logs import JsonLine
from outreach.web.app import create_app
from outreach.web.routing import public
from tests.hearing import heard_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from outreach.config import Settings
    from tests.web.conftest import Visitor
    from tests.web.world import World

MADE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
GIVEN = "9f86d081-884c-4d65-9a2f-eaa0c55ad015"
#: What nobody may ever find in a log: a name, a phone, an identity number.
CANARIES = ("Sri-Wahyuni-Kanari", "081398765432", "3372011504870003")


class Lines(logging.Handler):
    """Keeps what a log for programs would hold."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLine())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    @property
    def answered(self) -> list[dict[str, Any]]:
        told = [json.loads(line) for line in self.lines]
        return [one for one in told if one["message"].endswith(" answered")]


@pytest.fixture
def lines() -> Iterator[Lines]:
    with heard_by(Lines()) as kept:
        yield kept


@pytest.fixture
def proxied(settings: Settings) -> Iterator[Any]:
    app = create_app(settings.model_copy(update={"trusted_proxies": 1}))
    yield app.test_client()
    app.extensions["outreach"].engine.dispose()


def test_each_request_gets_an_id_of_its_own(client: Visitor, lines: Lines) -> None:
    told = [client.get("/login").headers["X-Request-ID"] for _ in range(2)]
    assert told[0] != told[1]
    assert all(MADE.fullmatch(one) for one in told)
    assert [line["request_id"] for line in lines.answered] == told


def test_the_line_tells_rule_status_and_seconds_and_whose_page_it_was(
    login_as: Callable[[Role], Visitor], world: World, lines: Lines
) -> None:
    login_as(Role.ADMIN).get(f"/admin/branches/{world.own['branch_id']}?q=x")
    (line,) = lines.answered
    assert line["route"] == "/admin/branches/<int:branch_id>"
    assert (line["status"], line["account_id"]) == (200, world.accounts[Role.ADMIN][0])
    assert line["seconds"] > 0
    assert line.keys() == {
        "time", "level", "logger", "message", "request_id", "account_id", "route", "status",
        "seconds",
    }  # fmt: skip


def test_nothing_of_a_request_is_left_for_the_next(
    login_as: Callable[[Role], Visitor], client: Visitor, lines: Lines
) -> None:
    login_as(Role.ADMIN).get("/admin/branches")
    client.get("/login")
    assert "account_id" not in lines.answered[1]
    logging.getLogger("outreach.x").warning("between requests")
    assert "request_id" not in json.loads(lines.lines[-1])


@pytest.mark.parametrize("given", [GIVEN, GIVEN.replace("-", "")])
def test_a_trusted_proxy_names_the_request(proxied: Any, given: str) -> None:
    assert proxied.get("/login", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", [*CANARIES, "", "0" * 32, GIVEN + "\t0", f"{GIVEN} {GIVEN}"])
def test_what_does_not_look_like_an_id_is_none(proxied: Any, given: str) -> None:
    told = proxied.get("/login", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert MADE.fullmatch(told)


def test_a_stranger_names_nothing(client: Visitor) -> None:
    told = client.get("/login", headers={"X-Request-ID": GIVEN}).headers["X-Request-ID"]
    assert told != GIVEN


def test_errors_carry_the_id_too(
    app: Flask, client: Visitor, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.testing = False
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def fails() -> str:
        raise RuntimeError(CANARIES[0])

    monkeypatch.setitem(app.view_functions, "auth.show_login", public(fails))
    answer = client.get("/login")
    error, line = (json.loads(one) for one in lines.lines)
    assert error["request_id"] == line["request_id"] == answer.headers["X-Request-ID"]
    assert (error["level"], error["error"], line["status"]) == ("ERROR", "RuntimeError", 500)
    assert error["came_through"][-1].endswith(" fails")


def test_nothing_that_was_sent_stands_in_the_log(
    client: Visitor, login_as: Callable[[Role], Visitor], lines: Lines, app: Flask
) -> None:
    app.testing = False
    for canary in CANARIES:
        headers = {"User-Agent": canary, "Referer": f"/{canary}", "X-Request-ID": canary}
        for asker in (client, login_as(Role.COORDINATOR)):
            asker.get(f"/{canary}?q={canary}", headers=headers)
            asker.get(f"/e/{canary}", headers=headers)
            asker.send("/login", {"login": canary, "password": canary}, headers=headers)
            asker.open("/login", method=canary.upper())
            asker.post("/api/v1/reports", json={"reports": [{"id": canary, "note": canary}]})
            asker.get("/officials", query_string={"q": canary}, headers=headers)
    assert len(lines.answered) >= 36
    assert not [line for line in lines.lines for one in CANARIES if one.upper() in line.upper()]


def test_work_in_the_background_is_kept_under_the_id_that_asked_for_it(
    app: Flask, login_as: Callable[[Role], Visitor], world: World
) -> None:
    stage = world.own["stage_id"]
    coordinator, manager = login_as(Role.COORDINATOR), login_as(Role.MANAGER)
    run = coordinator.send(f"/stages/{stage}/runs")
    what_if = manager.send(f"/outlook/what-if/{stage}", {"saturdays": "1"})
    assert (run.status_code, what_if.status_code) == (303, 303)
    with reading(app.extensions["outreach"].engine) as db:
        runs = {row.request_id for row in db.exec(select(PlanRun))}
        what_ifs = {row.request_id for row in db.exec(select(WhatIf))}
    assert run.headers["X-Request-ID"] in runs
    assert what_if.headers["X-Request-ID"] in what_ifs


def test_a_bound_is_kept_under_the_id_that_asked_for_it(
    app: Flask, login_as: Callable[[Role], Visitor], planned: Any
) -> None:
    with reading(app.extensions["outreach"].engine) as db:
        run = db.exec(select(PlanRun).order_by(col(PlanRun.id).desc())).first()
    assert run is not None
    answer = login_as(Role.COORDINATOR).send(f"/runs/{run.id}/certificate")
    assert answer.status_code == 303
    with reading(app.extensions["outreach"].engine) as db:
        told = {row.request_id for row in db.exec(select(AskedBound))}
    assert told == {answer.headers["X-Request-ID"]}
