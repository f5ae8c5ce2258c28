"""The page around the map: its table and its files follow what the map shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from outreach.people.tables import Role
from tests.maps.map_app import serving
from tests.web.world import OWN_REGENCY

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from playwright.sync_api import Browser

    from tests.web.conftest import Visitor

pytestmark = pytest.mark.browser


def test_table_and_files_follow_the_weeks_and_the_layer(
    app: Flask, browser: Browser, english: Callable[[Role], Visitor]
) -> None:
    visitor = english(Role.MANAGER)
    visitor.get("/")
    cookies = [visitor.get_cookie(name) for name in ("outreach", "language")]
    with serving(app) as address:
        context = browser.new_context(base_url=address, viewport={"width": 1366, "height": 768})
        context.add_cookies(
            [{"name": c.key, "value": c.value, "url": address} for c in cookies if c]
        )
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"/map?area={OWN_REGENCY}&week=2026-09-07")
        map_ = page.frame_locator("iframe[data-outreach-map]")
        expect(map_.locator(".o-weeks")).to_be_visible()
        package = page.locator("a[data-weeks]").first
        expect(package).to_have_attribute("href", re.compile(r"/map/export\.gpkg\?.*week=2026-"))
        before = len([one for one in asked if "/map/table" in one])
        map_.locator(".o-weeks input").first.press("End")
        expect(page).not_to_have_url(re.compile("week=2026-09-07"))
        assert len([one for one in asked if "/map/table" in one]) == before  # it is of today
        map_.locator(".o-layers summary").click()
        map_.locator(".o-layers label", has_text="Days since the last session").click()
        expect(page.locator("[data-table] td.layer").first).to_be_visible()
        expect(package).to_have_attribute("href", re.compile(r"layer=silence$"))
        context.close()
