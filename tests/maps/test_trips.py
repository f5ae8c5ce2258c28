"""The map of day-trips: lines by team, numbers by order, filters that agree with the sum."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from typing import TYPE_CHECKING

import flask
import pytest
from playwright.sync_api import expect

from outreach.maps import page, safe
from outreach.maps.artefacts import Store
from outreach.maps.branch_trips import Base, Stop, Trip, trip_columns, trips_page
from outreach.maps.words import map_words
from tests.maps.conftest import HOSTILE
from tests.maps.map_app import HOST_PAGE, make_app, map_urls, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.maps.map_app import World

BASES = [Base("Tim 1", -7.55, 110.75), Base(HOSTILE[3], -7.45, 110.85)]


def stop(number: int, *, name: str = "Desa") -> Stop:
    code = f"33.72.01.{2000 + number}"
    return Stop(code, f"{name} {number}", -7.5 + number / 50, 110.7 + number / 40, time(9, 30))


TRIPS = [
    Trip(0, date(2026, 11, 23), 96, [stop(1), stop(2), stop(3)]),
    Trip(1, date(2026, 11, 23), 30, [stop(4, name=HOSTILE[0]), stop(5, name=HOSTILE[1])]),
    Trip(0, date(2026, 11, 24), 45, [stop(6)]),
]

TODAY = date(2026, 11, 26)


def test_trips_become_columns_of_equal_length() -> None:
    plan = trip_columns(BASES, TRIPS)
    assert plan["trips"]["day"] == ["2026-11-23", "2026-11-23", "2026-11-24"]
    assert plan["stops"]["trip"] == [0, 0, 0, 1, 1, 2]
    assert {len(column) for column in plan["stops"].values()} == {6}
    assert plan["stops"]["time"][0] == "09.30"


def test_a_trip_needs_a_base() -> None:
    with pytest.raises(ValueError, match="base"):
        trip_columns(BASES[:1], TRIPS)


def trips_app(world: World, trips: list[Trip] = TRIPS) -> flask.Flask:
    app = make_app(world)
    store = Store(world.folder)

    @app.get("/plan")
    def plan() -> str:
        urls = map_urls(world, store)
        return flask.render_template_string(
            HOST_PAGE, urls=safe.script_json(urls), frame="/plan/frame", sandbox=safe.SANDBOX
        )

    @app.get("/plan/frame")
    def plan_frame() -> flask.Response:
        view = page.View(language="id", bounds=((-7.6, 110.6), (-7.3, 111.0)))
        drawn = trips_page(map_words(str), view, BASES, trips, TODAY)
        return flask.Response(drawn.html, headers=drawn.headers)

    return app


@pytest.mark.browser
def test_trips_are_drawn_filtered_and_harmless(world: World, browser: Browser) -> None:
    context = browser.new_context(locale="id-ID")
    tab = context.new_page()
    faults: list[str] = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    with serving(trips_app(world)) as base:
        tab.goto(f"{base}/plan")
        frame = tab.frame_locator("iframe")
        sum_line = frame.locator(".o-trips [role=status]")
        expect(sum_line).to_have_text("3 day-trips, 6 villages")
        expect(frame.locator(".o-stop")).to_have_count(6)
        expect(frame.locator(".o-base")).to_have_count(2)
        expect(frame.locator("html")).to_have_attribute("data-regions", "drawn")
        frame.locator("select").nth(0).select_option(label="Tim 1")
        expect(sum_line).to_have_text("2 day-trips, 4 villages")
        frame.locator("select").nth(1).select_option("2026-11-23")
        expect(sum_line).to_have_text("1 day-trips, 3 villages")
        assert frame.locator(".o-stop").all_text_contents() == ["1", "2", "3"]
        expect(frame.locator(".o-trip")).to_contain_text("Tim 1: 3 villages, 1,6 h")
        for inner in tab.frames:
            assert inner.evaluate("() => window.harmed") is None
        frame.locator(".o-stop").nth(1).press("Enter")
        tab.wait_for_url("**/villages/33.72.01.2002")
    assert faults == []
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize("viewport", [(1366, 768), (1024, 700), (390, 780)], ids=str)
def test_the_box_of_trips_covers_no_village(
    world: World, browser: Browser, viewport: tuple[int, int]
) -> None:
    context = browser.new_context(viewport={"width": viewport[0], "height": viewport[1]})
    tab = context.new_page()
    with serving(trips_app(world)) as base:
        tab.goto(f"{base}/plan")
        frame = tab.frame_locator("iframe")
        expect(frame.locator("html")).to_have_attribute("data-trips", "drawn")
        box = frame.locator(".o-trips").bounding_box()
        assert box is not None
        for mark in frame.locator(".o-stop, .o-base").all():
            at = mark.bounding_box()
            assert at is not None
            apart = (
                at["x"] + at["width"] <= box["x"]
                or at["x"] >= box["x"] + box["width"]
                or at["y"] >= box["y"] + box["height"]
            )
            assert apart, (at, box)
    context.close()


@pytest.mark.browser
def test_on_a_phone_the_box_of_trips_waits_folded(world: World, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 780})
    tab = context.new_page()
    with serving(trips_app(world)) as base:
        tab.goto(f"{base}/plan")
        frame = tab.frame_locator("iframe")
        expect(frame.locator(".o-trips [role=status]")).to_be_visible()
        expect(frame.locator("select").first).to_be_hidden()
        frame.locator(".o-trips summary").click()
        expect(frame.locator("select").first).to_be_visible()
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("first_day", "shown"),
    [
        (date(2026, 11, 20), "2026-11-26"),
        (date(2026, 11, 30), "2026-11-30"),
        (date(2026, 11, 2), "2026-11-08"),
    ],
)
def test_a_large_plan_begins_with_its_next_day(
    world: World, browser: Browser, first_day: date, shown: str
) -> None:
    trips = [
        Trip(0, first_day + timedelta(number % 7), 30, [stop(number), stop(number + 1)])
        for number in range(25)
    ]
    tab = browser.new_page()
    with serving(trips_app(world, trips)) as base:
        tab.goto(f"{base}/plan")
        frame = tab.frame_locator("iframe")
        expect(frame.locator("select").nth(1)).to_have_value(shown)
        expect(frame.locator(".o-stop").first).to_have_attribute(
            "aria-label", re.compile(r"^1\. Desa \d+, 09\.30$")
        )
        frame.locator("select").nth(1).select_option("")
        expect(frame.locator(".o-stop")).to_have_count(2 * len(trips))
        expect(frame.locator(".o-stop[role=button]")).to_have_count(0)
    tab.close()
