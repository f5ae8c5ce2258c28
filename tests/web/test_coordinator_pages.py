"""What holds for every page of the coordinator: no script or style in it, everything labelled."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from outreach.people.tables import Role
from tests.web.planned import plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.web.conftest import Visitor
    from tests.web.world import World

#: In Indonesian and English alike: pages that a coordinator opens, by the world's numbers.
PATHS = (
    "/desk",
    "/campaigns",
    "/campaigns/new",
    "/campaigns/{campaign_id}",
    "/campaigns/{campaign_id}/edit",
    "/campaigns/{campaign_id}/stages/new",
    "/stages/{stage_id}",
    "/stages/{stage_id}/edit",
    "/runs/{run_id}",
    "/stages/{stage_id}/plan",
    "/stages/{stage_id}/plan/calendar",
    "/stages/{stage_id}/plan/calendar?month=2026-11-01",
    "/stages/{stage_id}/plan/map",
    "/stages/{stage_id}/plan/unplaced",
    "/visits/{visit_id}",
    "/how-plans-are-made",
)


class Faults(HTMLParser):
    """What a strict content policy would stop and what a keyboard or a reader would miss."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.inputs: list[str] = []
        self.captions = self.tables = self.headings = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.found += [f"{tag} {name}" for name in told if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and not told.get("src")):
            self.found.append(f"inline {tag}")
        if "id" in told:
            self.ids.append(told["id"] or "")
        if tag == "label":
            self.labelled.add(told.get("for") or "")
        if tag in ("input", "select", "textarea") and told.get("type") != "hidden":
            self.inputs.append(told.get("id") or "?")
        self.tables += tag == "table"
        self.captions += tag == "caption"
        self.headings += tag == "h1"
        if tag == "form" and told.get("method") == "post" and not told.get("action"):
            self.found.append("form without an address")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("language", ["id", "en"])
def test_a_page_is_safe_and_labelled(
    path: str, language: str, app: Flask, world: World, login_as: Callable[[Role], Visitor]
) -> None:
    if "plan" in path:
        plan(app, world)
    client = login_as(Role.COORDINATOR)
    client.set_cookie("language", language)
    answer = client.get(path.format(**world.own))
    assert answer.status_code == 200
    html = answer.get_data(as_text=True)
    page = Faults()
    page.feed(html)
    assert page.found == []
    assert set(page.inputs) <= page.labelled
    assert len(set(page.ids)) == len(page.ids)
    assert page.headings == 1
    assert page.captions == page.tables
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"%\(\w+\)s|\{\{|None<", html)


def test_every_form_carries_the_token(
    app: Flask, world: World, login_as: Callable[[Role], Visitor]
) -> None:
    client = login_as(Role.COORDINATOR)
    for path in PATHS:
        html = client.get(path.format(**world.own)).get_data(as_text=True)
        posting = html.count('method="post"')
        assert html.count('name="csrf_token"') == posting


def test_a_form_without_the_token_changes_nothing(
    world: World, login_as: Callable[[Role], Visitor]
) -> None:
    client = login_as(Role.COORDINATOR)
    answer = client.post(f"/stages/{world.own['stage_id']}/runs")
    assert answer.status_code == 400
