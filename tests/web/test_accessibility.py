"""Axe looks over the main pages, on a laptop and on a phone: no serious fault in any of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import axe_playwright_python
import pytest

from outreach.people.tables import Role
from tests.maps.map_app import serving
from tests.web.world import OWN_VILLAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from playwright.sync_api import Browser

    from tests.web.conftest import Visitor
    from tests.web.world import World

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
SEEN = """async () => (await axe.run(document, {iframes: false})).violations
  .map((fault) => [fault.impact, fault.id, fault.nodes[0].html])"""
#: Ways to go that stand where nobody sees them.
HIDDEN_WAYS = """() => [...document.querySelectorAll(".ways a")]
  .filter((way) => way.getBoundingClientRect().right > innerWidth).map((way) => way.textContent)"""
PAGES = {
    Role.OFFICIAL: (
        "/my",
        "/my/visits/{visit_id}/report",
        "/my/visits/{visit_id}/return",
        "/my/visits/{visit_id}/paper",
        "/f",
        "/f?code=nothing",
        "/villages?q=laweyan",
        "/e",
        "/e/{enrol_code}",
        "/e/nothing",
    ),
    Role.MANAGER: (
        "/board",
        "/board?branch={branch_id}&by=team",
        "/board?team={team_id}",
        "/board?area=33.72.01",
        "/ledger",
        "/map",
        f"/villages/{OWN_VILLAGE}",
        "/campaigns",
        "/nothing",
        "/approvals",
        "/approvals/{submission_id}",
        "/sponsorships",
        "/follow-ups",
        "/outlook",
        "/outlook/targets",
        "/outlook/what-if/{stage_id}",
        "/outlook/what-if/{stage_id}/{what_if_id}",
        "/views",
        "/views/{view_id}",
        "/villages/approximate",
        "/calendar?q=laweyan",
        f"/calendar/villages/{OWN_VILLAGE}?month=2027-03-01&day=2027-03-10",
        "/calendar/rules",
        "/calendar/rules/ramadan",
        "/calendar/feasts?year=2027",
        "/tokens",
        "/digest",
        "/digest/letter",
        "/digest/end/{digest_code}",
        "/digest/confirm/{digest_code}",
        "/api",
        "/map?layer=silence&area=33.72",
    ),
    Role.ADMIN: (
        "/admin/branches",
        "/admin/branches/{branch_id}",
        "/admin/villages",
        "/admin/accounts",
        "/admin/accounts?phones=1",
        "/admin/accounts/new",
        "/admin/accounts/{account_id}",
        "/admin/boundaries",
        "/admin/tokens",
        "/system",
        "/password",
    ),
    Role.COORDINATOR: (
        "/desk",
        "/desk/week",
        "/desk/calls",
        "/stages/{stage_id}/unreached",
        "/stages/{stage_id}/hand-in",
        "/campaigns/new",
        "/stages/{stage_id}",
        "/stages/{stage_id}/edit",
        "/stages/{stage_id}/shortlist",
        "/stages/{stage_id}/ask",
        "/stages/{stage_id}/fairness",
        "/stages/{stage_id}/plan",
        "/stages/{stage_id}/plan/calendar",
        "/stages/{stage_id}/plan/map",
        "/stages/{stage_id}/plan/unplaced",
        "/stages/{stage_id}/replan",
        "/stages/{stage_id}/replan?cause=area_closed",
        "/replans/{replan_id}",
        "/stages/{stage_id}/sheet",
        "/uploads/{upload_id}",
        "/data",
        "/visits/{visit_id}",
        "/runs/{run_id}",
        "/teams/{team_id}",
        "/messages",
        "/officials",
        "/officials/{official_id}",
        "/officials/{official_id}/odk",
        "/officials/new",
        "/officials/phones",
        "/officials/phones?q=sri&show=silent",
        "/closures",
        "/ways",
        "/closures/periods/{period_id}",
        "/closures/markets/new",
        "/stages/{stage_id}/papers",
        "/branches/{branch_id}/letterhead",
        "/teams/{team_id}/calendar",
        "/reviews",
        "/disputes",
        "/disputes/{dispute_id}",
        "/sponsorships/{sponsorship_id}",
        "/follow-ups?list=sponsor_ending",
        "/stages/{stage_id}/omissions",
    ),
}


@pytest.mark.parametrize("width", [360, 1366])
@pytest.mark.parametrize("role", PAGES)
def test_no_page_has_a_serious_fault(
    app: Flask,
    world: World,
    browser: Browser,
    login_as: Callable[[Role], Visitor],
    role: Role,
    width: int,
) -> None:
    visitor = login_as(role)
    visitor.get("/")
    cookie = visitor.get_cookie("outreach")
    assert cookie is not None
    found: list[object] = []
    with serving(app) as address:
        # Axe is put into the page from outside, which its own policy would refuse.
        context = browser.new_context(
            base_url=address, viewport={"width": width, "height": 740}, bypass_csp=True
        )
        context.add_cookies([{"name": "outreach", "value": cookie.value, "url": address}])
        page = context.new_page()
        for path in (path.format(**world.own) for path in PAGES[role]):
            page.goto(path)
            page.evaluate(AXE)
            faults = page.evaluate(SEEN)
            found += [(path, *f) for f in faults if f[0] in ("serious", "critical")]
            found += [(path, "hidden", way) for way in page.evaluate(HIDDEN_WAYS)]
        context.close()
    assert found == []
