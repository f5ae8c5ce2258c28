"""The page that tells a planner what is weighed: every figure is the planner's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from outreach.people.tables import Role
from outreach.planning.model import Reason, Remedy
from outreach.planning.travel import ASSUMPTIONS
from outreach.web import coordinator_how
from outreach.web.words import word
from tests.web.planned import plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

    Login = Callable[[Role], Visitor]

PATH = "/how-plans-are-made"


def shown(visitor: Visitor) -> str:
    visitor.set_cookie("language", "en")
    answer = visitor.get(PATH)
    assert answer.status_code == 200
    return str(answer.get_data(as_text=True))


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.MANAGER])
def test_every_reason_remedy_and_pace_stands_on_it(role: Role, login_as: Login) -> None:
    html = shown(login_as(role))
    with login_as(role).application.test_request_context(headers={"Cookie": "language=en"}):
        for one in (*Reason, *Remedy):
            assert word(one) in html
        names = coordinator_how.pace_names()
        assert set(names) == {one.key for one in ASSUMPTIONS}
    # Once in the table; all but the flights stand in the chart too.
    for one in ASSUMPTIONS:
        assert html.count(f'<th scope="row">{names[one.key]}</th>') == 2 - (one.key == "air")


def test_its_figures_are_those_of_the_planner(
    login_as: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = login_as(Role.COORDINATOR)
    assert "8 h" in shown(visitor)
    assert "11.30 to 13.30" in shown(visitor)
    monkeypatch.setattr(coordinator_how, "TEAM_DAY_PRICE_S", 7 * 3600)
    monkeypatch.setattr(coordinator_how, "PRAYERS_END_MINUTE", 14 * 60)
    monkeypatch.setattr(coordinator_how, "LONGEST_STAY_WORKDAYS", 23)
    monkeypatch.setattr(coordinator_how, "LONGEST_REST_DAYS", 29)
    html = shown(visitor)
    # A full day, three of them for a village without value, eleven for one of mean value.
    assert all(f"<b>{hours} h</b>" in html for hours in (7, 21, 77))
    assert "11.30 to 14.00" in html
    assert "at most 23 working days" in html
    assert "no more than 29 days in a row" in html


def test_it_is_reached_from_verdict_run_plan_and_menu(
    app: Flask, world: World, login_as: Login
) -> None:
    plan(app, world)
    visitor = login_as(Role.COORDINATOR)
    for path in (
        "/runs/{run_id}",
        "/stages/{stage_id}/verdict",
        "/stages/{stage_id}/plan",
        "/desk",
    ):
        html = visitor.get(path.format(**world.own)).get_data(as_text=True)
        assert f'href="{PATH}"' in html


def test_officials_and_strangers_do_not_read_it(login_as: Login, client: Visitor) -> None:
    assert client.get(PATH).status_code == 303
    assert login_as(Role.OFFICIAL).get(PATH).status_code == 403
