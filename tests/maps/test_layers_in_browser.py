"""Layers, weeks and two weeks side by side, in a real browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from outreach.maps import columns
from tests.maps.opened_map import Map, village

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.maps.map_app import World

pytestmark = pytest.mark.browser

NAVY, CREAM = (18, 63, 109), (246, 241, 218)
SURAKARTA, SUKOHARJO = (-7.3, 110.72), (-7.3, 110.2)


def near(colour: tuple[int, ...], wanted: tuple[int, int, int], by: int = 4) -> bool:
    return all(abs(a - b) <= by for a, b in zip(colour, wanted, strict=False))


def choose(opened: Map, words: str) -> None:
    opened.locate(".o-layers summary").click()
    opened.locate(".o-layers label", has_text=words).click()
    opened.locate(".o-layers summary").click()


def test_a_layer_is_loaded_when_chosen_and_told_by_colour_words_legend_and_address(
    opened: Map, world: World
) -> None:
    opened.open("#8/-7.5/111")
    opened.until("villages")
    assert not [path for path in world.asked if "layers" in path or "weeks" in path]
    choose(opened, "Share of sign-ups paid")
    expect(opened.locate("html")).to_have_attribute("data-layer", "paid")
    expect(opened.page).to_have_url(re.compile(r"\?layer=paid#"))
    reached = world.progress.states == columns.REACHED
    told = world.progress.sign_ups[reached & (np.arange(240) % 2 == 0)]
    paid = int((told // 2).sum())
    line = f"paid: {paid:,} of {int(told.sum()):,} sign-ups whose payment was told"
    expect(opened.locate(".o-summary")).to_contain_text(line)
    legend = opened.locate(".o-legend")
    expect(legend).to_contain_text("percent of the sign-ups whose payment was told")
    expect(legend).to_contain_text("No payment told")
    expect(legend).to_contain_text("newest 14/11/2026")
    here, there = opened.colour(*SURAKARTA), opened.colour(*SUKOHARJO)
    assert near(here, (99, 179, 173), 8)  # half paid: the fourth step
    assert min(there[:3]) > 150  # hatched: grey on nearly white, never the colour of a step
    assert max(there[:3]) - min(there[:3]) < 12
    opened.page.reload()
    expect(opened.locate("input[value=paid]")).to_be_checked()
    expect(opened.locate(".o-summary")).to_contain_text(line)
    choose(opened, "Share of villages reached")
    expect(opened.page).not_to_have_url(re.compile("layer="))
    assert opened.faults == []


def test_a_village_tells_its_own_figure_and_a_district_is_coloured_by_its_own(
    opened: Map, world: World
) -> None:
    opened.open("?area=33.72&layer=silence")
    opened.until("villages")
    expect(opened.locate(".o-summary")).to_contain_text("Days since the last session: 6; 55 of 60")
    code = "33.72.01.2010"
    at = village(world, code)
    opened.say(f"() => Outreach.map.setView([{at[0]}, {at[1]}], 14, {{animate: false}})")
    expect(opened.locate("html")).to_have_attribute("data-layer", "silence")
    opened.point_at(*at)
    expect(opened.locate(".o-tip")).to_contain_text("Days since the last session: 6; 1 of 1")
    assert [path for path in world.asked if path.startswith("/map/layers/districts/33?")]
    assert opened.faults == []


def test_nothing_is_asked_of_regions_beside_the_own_area(opened: Map, world: World) -> None:
    world.own = ("33.72",)
    opened.open("?area=33.72&layer=gap#9/-7.5/111")
    expect(opened.locate(".o-summary")).to_contain_text("informal workers")
    opened.page.wait_for_timeout(500)
    asked = [path for path in world.asked if path.startswith("/map/layers/districts/")]
    assert asked == ["/map/layers/districts/33?"]
    assert near(opened.colour(-7.3, 111.2), (242, 244, 242))  # Gunungkidul, not counted
    assert opened.faults == []


def test_the_slider_shows_the_map_as_it_stood_and_says_the_week(opened: Map, world: World) -> None:
    opened.open("#8/-7.5/111")
    opened.until("villages")
    assert near(opened.colour(*SURAKARTA), NAVY)
    opened.locate(".o-layers summary").click()
    opened.locate(".o-layers button", has_text="Week by week").click()
    slider = opened.locate(".o-weeks input").first
    expect(slider).to_be_focused()
    expect(slider).to_have_attribute("aria-valuetext", re.compile("^Today: 55 of 240"))
    slider.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("2026: 0 of 240"))
    slider.press("ArrowRight")
    # The first of 55 days in a row is a Monday: 21 September 2026.
    expect(slider).to_have_attribute("aria-valuetext", re.compile("^Until 27 Sept? 2026: 7 of 240"))
    expect(opened.page).to_have_url(re.compile(r"week=2026-09-21"))
    expect(opened.locate(".o-summary")).to_contain_text("7 of 240 villages reached")
    assert "#8.00/-7.5000/111.0000" in opened.page.url  # the keys moved the slider only
    assert near(opened.colour(*SURAKARTA), (217, 228, 191))  # 7 of 60: the second step
    opened.locate(".o-weeks button[aria-label='Back to today']").click()
    expect(opened.locate(".o-weeks")).to_have_count(0)
    expect(opened.page).not_to_have_url(re.compile("week="))
    assert opened.faults == []


def test_it_plays_until_today_and_for_who_wants_no_motion_step_by_step(
    world: World, browser: Browser, opened: Map
) -> None:
    opened.open("?week=2026-11-02")
    play = opened.locate(".o-play")
    play.click()
    expect(play).to_have_attribute("aria-label", "Pause")
    expect(opened.locate(".o-weeks input").first).to_have_attribute(
        "aria-valuetext", re.compile("^Today"), timeout=10_000
    )
    expect(play).to_have_attribute("aria-label", "Play")
    opened.page.emulate_media(reduced_motion="reduce")
    opened.open("?week=2026-10-05")
    expect(play).to_have_attribute("aria-label", "Next week")
    play.click()
    expect(opened.page).to_have_url(re.compile("week=2026-10-12"))
    opened.page.wait_for_timeout(1_200)
    expect(opened.page).to_have_url(re.compile("week=2026-10-12"))


def test_two_weeks_lie_side_by_side_and_the_line_moves_by_key_and_by_hand(opened: Map) -> None:
    opened.open("?week=2026-09-14&beside=2026-11-16#8/-7.3/110.72")
    opened.until("villages")
    line = opened.locate(".o-split")
    expect(line).to_have_attribute("aria-valuenow", "50")
    expect(line).to_have_attribute("aria-valuetext", re.compile("^Left: Until .* right: Today$"))
    opened.page.wait_for_timeout(300)
    assert near(opened.colour(-7.25, 110.70), CREAM)  # left: nobody was reached
    assert near(opened.colour(-7.25, 110.74), NAVY)
    line.focus()
    for _ in range(10):
        line.press("ArrowLeft")
    expect(line).to_have_attribute("aria-valuenow", "30")
    opened.page.wait_for_timeout(300)
    assert near(opened.colour(-7.25, 110.70), NAVY)
    box = line.bounding_box()
    assert box is not None
    opened.page.mouse.move(box["x"] + 14, box["y"] + 300)
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] + 314, box["y"] + 320, steps=4)
    opened.page.mouse.up()
    expect(line).to_have_attribute("aria-valuenow", re.compile("^5[0-9]$"))
    expect(opened.page).to_have_url(re.compile(r"#8\.00/-7\.3000/110\.72"))  # the map did not move
    assert opened.faults == []
