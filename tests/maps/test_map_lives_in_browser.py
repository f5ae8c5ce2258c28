"""The map as the day goes on: what changes shows, what is lost is said, what is old loads again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from outreach.maps import columns
from tests.maps.map_app import make_app, serving
from tests.maps.opened_map import Map, village

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.maps.map_app import World

pytestmark = pytest.mark.browser


def test_a_logged_session_shows_within_three_seconds(opened: Map, world: World) -> None:
    opened.open("?area=33.11")
    opened.until("villages")
    reached = opened.locate(".o-summary .o-states td:last-child").first
    expect(reached).to_have_text("0")
    row = world.row_of("33.11.01.2030")
    opened.say(
        f"() => Outreach.map.setView("
        f"[{world.places.latitudes[row]}, {world.places.longitudes[row]}], 14, {{animate: false}})"
    )
    opened.click_at(*village(world, "33.11.01.2030"))
    expect(opened.locate(".o-popup")).to_contain_text("Not planned")
    began = time.monotonic()
    world.report(row, 41)
    expect(reached).to_have_text("1", timeout=3_000)
    assert time.monotonic() - began < 3
    expect(opened.locate(".o-popup")).to_contain_text("41 sign-ups")
    assert opened.faults == []


def test_a_village_that_changes_draws_the_eye_for_a_moment(opened: Map, world: World) -> None:
    at = village(world, "33.11.01.2030")
    opened.open(f"#14/{at[0]}/{at[1]}")
    opened.until("villages")
    world.report(world.row_of("34.71.01.2001"), 3)  # far out of sight
    world.report(world.row_of("33.11.01.2030"), 3)
    rings = opened.locate(".o-pulse")
    expect(rings).to_have_count(1)
    there = opened.say(f"() => Outreach.map.latLngToLayerPoint([{at[0]}, {at[1]}])")
    shown = rings.evaluate("(ring) => ring._leaflet_pos")
    assert abs(shown["x"] - there["x"]) + abs(shown["y"] - there["y"]) < 3
    expect(rings).to_have_count(0)


def test_a_map_too_far_behind_reads_everything_afresh(opened: Map, world: World) -> None:
    opened.open("?area=33.11")
    opened.until("villages")
    world.progress.states[world.row_of("33.11.01.2030")] = columns.REACHED
    world.version += 500  # none of these versions is in the log any more
    reached = opened.locate(".o-summary .o-states td:last-child").first
    expect(reached).to_have_text("1", timeout=4_000)


def test_what_changes_while_the_map_flies_is_drawn_where_it_belongs(opened: Map) -> None:
    opened.open("#8/-7.5/111")
    opened.say(
        """async () => {
          Outreach.map.flyTo([-7.5, 111], 11, {duration: 60});
          while (Outreach.map.getZoom() < 8.3) await new Promise(requestAnimationFrame);
        }"""
    )
    navy, nothing = opened.colour(-7.3, 110.72), opened.colour(-6.9, 110.7)  # draws anew
    opened.say("() => Outreach.map.stop()")
    assert navy[:3] == (18, 63, 109)  # Kota Surakarta
    assert nothing[3] == 0  # the sea beside it
    assert opened.faults == []


def test_a_file_that_failed_at_first_is_asked_for_again(world: World, page: Page) -> None:
    world.refuse = {"texts", "areas"}  # without texts the frame waits to begin
    with serving(make_app(world)) as base:
        opened = Map(page, base)
        page.goto(f"{base}/map?area=33.72", wait_until="commit")
        for _ in range(50):
            if any(path.startswith("/map/areas") for path in world.asked):
                break
            page.wait_for_timeout(100)
        page.wait_for_timeout(300)
        world.refuse = set()
        opened.until("loaded")
        expect(opened.locate(".o-alert")).to_have_text("")


def test_a_lost_connection_is_said_and_mended(opened: Map, world: World) -> None:
    opened.open("?area=33.11")
    opened.until("villages")
    world.refuse.add("changes")
    alert = opened.locate(".o-alert")
    expect(alert).to_contain_text("No connection", timeout=6_000)
    world.refuse.clear()
    expect(alert).to_have_text("", timeout=12_000)


@pytest.mark.parametrize(("refused", "refusal"), [("changes", 409), ("places", 404)])
def test_a_page_of_other_villages_loads_again_once(
    world: World, page: Page, refused: str, refusal: int
) -> None:
    world.refuse, world.refusal = {refused}, refusal

    def asked(what: str) -> int:
        return sum(path.startswith(f"/map{what}") for path in world.asked)

    with serving(make_app(world)) as base:
        Map(page, base).open("?area=33.72")
        for _ in range(75):
            # Loaded again, and refused again after that.
            if asked("?") > 1 and asked(f"/{refused}") > 2 - (refused == "places"):
                break
            page.wait_for_timeout(200)
        page.wait_for_timeout(500)
        assert "area=33.72" in page.url
    assert asked("?") == 2


def test_a_region_larger_than_the_own_area_says_that_it_is_counted_in_part(
    world: World, page: Page
) -> None:
    world.own = ("33.72",)
    with serving(make_app(world)) as base:
        opened = Map(page, base).open("?area=33")
        summary = page.frame_locator("iframe").locator(".o-summary")
        expect(summary).to_contain_text("Only your own area is counted.")
        opened.page.goto(f"{base}/map?area=33.72")
        opened.until("regions")
        expect(summary).not_to_contain_text("Only your own area is counted.")


def test_nothing_is_asked_while_nobody_looks(opened: Map, world: World) -> None:
    opened.open()
    opened.page.wait_for_timeout(500)
    opened.say(
        "() => Object.defineProperty(document, 'hidden', {get: () => true, configurable: true})"
    )
    opened.page.wait_for_timeout(2_200)
    world.asked.clear()
    opened.page.wait_for_timeout(3_000)
    assert [path for path in world.asked if "changes" in path] == []
    opened.say(
        "() => { Object.defineProperty(document, 'hidden', {get: () => false});"
        " document.dispatchEvent(new Event('visibilitychange')); }"
    )
    opened.page.wait_for_timeout(500)
    assert [path for path in world.asked if "changes" in path] != []
