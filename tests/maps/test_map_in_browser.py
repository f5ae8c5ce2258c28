"""The national map in a real browser: draws, answers, lives, and harms nobody."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from outreach.maps import columns
from tests.maps.map_app import make_app, serving
from tests.maps.opened_map import Map, village

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.maps.map_app import World

pytestmark = pytest.mark.browser

NAVY, CREAM = (18, 63, 109), (246, 241, 218)


def near(colour: tuple[int, ...], wanted: tuple[int, int, int], by: int = 4) -> bool:
    return all(abs(a - b) <= by for a, b in zip(colour, wanted, strict=False))


def test_regencies_are_coloured_by_their_share_and_the_sea_is_empty(opened: Map) -> None:
    opened.open("#8/-7.5/111")  # nearer, the colours grow faint under the villages
    assert near(opened.colour(-7.3, 110.72), NAVY)  # Kota Surakarta, 55 of 60
    assert near(opened.colour(-7.3, 110.2), CREAM)  # Sukoharjo, none
    assert opened.colour(-6.9, 110.7)[3] == 0
    assert opened.faults == []


def test_the_zoom_ends_where_there_is_nothing_more_to_see(opened: Map) -> None:
    opened.open("#99/-7.5/110.75")
    assert opened.say("() => [Outreach.map.getZoom(), Outreach.map.getMinZoom()]") == [16, 3]


def test_nothing_leaves_the_host_and_the_frame_asks_only_for_its_own_files(opened: Map) -> None:
    opened.open("#11/-7.5/110.75")
    opened.until("villages")
    assert {re.match(r"https?://[^/]+", url)[0] for url in opened.asked if "data:" not in url} == {  # type: ignore[index]
        opened.base
    }
    refused = opened.say(
        """async () => {
          const tries = [() => fetch("/map/stats"), () => document.cookie,
            () => parent.document.title, () => localStorage.length];
          const seen = [];
          for (const attempt of tries) {
            try { await attempt(); seen.push("allowed"); } catch (e) { seen.push("refused"); }
          }
          return seen;
        }"""
    )
    assert refused == ["refused"] * 4


def test_a_second_visit_fetches_only_what_may_have_changed(opened: Map, world: World) -> None:
    opened.open()
    opened.until("loaded")
    first = {path.split("?")[0].rsplit("-", 1)[0] for path in world.asked}
    kept = {"/map/assets/map", "/map/texts", "/map/areas", "/map/places"}
    assert kept < first
    world.asked.clear()
    again = Map(opened.page.context.new_page(), opened.base).open()
    again.until("loaded")
    assert kept.isdisjoint(path.split("?")[0].rsplit("-", 1)[0] for path in world.asked)
    assert any(path.startswith("/map/state") for path in world.asked)
    assert again.faults == []


def test_the_frame_runs_nothing_that_its_own_page_has_not_given(opened: Map) -> None:
    opened.page.goto(f"{opened.base}/map")
    opened.until("regions")
    harm = "window.harmed = 1"
    given = (
        f"{{script: new TextEncoder().encode('{harm}'), texts: new TextEncoder().encode('{{}}')}}"
    )
    opened.say(f"() => window.postMessage({{begin: {given}}}, '*')")
    opened.say(
        f"""() => {{
          const script = document.createElement("script");
          script.textContent = "{harm}";
          document.head.append(script);
        }}"""
    )
    assert opened.say("() => window.harmed") is None


def test_every_state_has_its_own_shape_and_colour(opened: Map, world: World) -> None:
    opened.open("#13/-7.5/110.25")
    opened.until("villages")
    states = {0: "33.11.01.2030", 1: "33.11.01.2001", 2: "33.11.01.2011", 3: "33.72.01.2010"}
    seen = {}
    for state, code in states.items():
        at = village(world, code)
        assert world.progress.states[world.row_of(code)] == state
        opened.say(f"() => Outreach.map.setView([{at[0]}, {at[1]}], 14, {{animate: false}})")
        inked = [p[:3] for p in opened.pixels("Villages", at[0], at[1], 24) if p[3] > 250]
        seen[state] = (Counter(inked).most_common(1)[0][0], len(inked))
    assert seen[0][0] == (125, 132, 139)
    assert seen[1][0] == (227, 144, 0)
    assert seen[2][0] == (194, 24, 111)
    assert seen[3][0] == (11, 63, 140)
    assert seen[0][1] < seen[1][1] < seen[3][1]


def test_the_table_of_states_adds_up_at_every_level(opened: Map) -> None:
    opened.open()
    for query, villages in (
        ("", 240),
        ("?area=33", 120),
        ("?area=33.72", 60),
        ("?area=33.72.01", 30),
    ):
        opened.open(query)
        cells = opened.locate(".o-summary .o-states td:last-child")
        expect(cells.nth(4)).to_have_text(str(villages))
        texts = cells.all_text_contents()
        assert sum(map(int, texts[:4])) == int(texts[4])
    assert opened.faults == []


def test_a_click_drills_from_nation_to_village(opened: Map, world: World) -> None:
    opened.open()
    heading = opened.locate(".o-path strong")
    expect(heading).to_have_text("Indonesia")
    for expected in ("Jawa Tengah", "Kota Surakarta", "Kecamatan 01 Surakarta"):
        opened.page.wait_for_timeout(700)  # the flight to the area before
        opened.click_at(-7.93, 110.60)
        expect(heading).to_have_text(expected)
    opened.until("villages")
    opened.page.wait_for_timeout(900)
    assert "area=33.72.01" in opened.page.url
    opened.click_at(*village(world, "33.72.01.2010"))
    popup = opened.locate(".o-popup")
    expect(popup).to_contain_text("Desa 2010")
    expect(popup).to_contain_text("Kecamatan 01 Surakarta, Kota Surakarta")
    expect(popup).to_contain_text("69 sign-ups")
    popup.locator(".o-link").click()
    opened.page.wait_for_url("**/villages/33.72.01.2010")
    assert opened.faults == []


def test_a_village_that_was_searched_for_brings_its_district_along(opened: Map) -> None:
    opened.open()
    opened.until("villages")
    box = opened.locate("input[type=search]")
    box.fill("desa 2007")
    opened.locate(".o-result", has_text="33.72.02.2007").click()
    expect(opened.locate(".o-popup")).to_contain_text("33.72.02.2007")
    expect(opened.locate(".o-path strong")).to_have_text("Kecamatan 02 Surakarta")
    expect(opened.locate(".o-summary .o-sum td").last).to_have_text("30")
    expect(opened.page).to_have_url(re.compile(r"/map\?area=33\.72\.02#13"))


def test_what_was_found_lies_above_the_cards_and_can_all_be_reached(
    world: World, browser: Browser
) -> None:
    context = browser.new_context(viewport={"width": 1366, "height": 460})
    with serving(make_app(world)) as base:
        opened = Map(context.new_page(), base).open()
        opened.locate("input[type=search]").fill("desa 2007")
        last = opened.locate(".o-result").nth(7)
        last.scroll_into_view_if_needed()
        assert opened.say(
            """() => {
              const box = document.querySelectorAll(".o-result")[7].getBoundingClientRect();
              const top = document.elementFromPoint(box.x + 20, box.y + box.height / 2);
              return Boolean(top.closest(".o-result"));
            }"""
        )
        last.click(timeout=2_000)
        opened.locate("input[type=search]").fill("desa 2008")
        expect(opened.locate(".o-result")).to_have_count(8)
        opened.page.mouse.click(700, 60)  # beside the list, on the map
        expect(opened.locate(".o-result")).to_have_count(0)
    context.close()


def test_back_goes_up_one_area_and_forward_down_again(opened: Map) -> None:
    opened.page.goto("about:blank")
    opened.open()
    opened.until("villages")
    heading = opened.locate(".o-path strong")
    for name in ("Jawa Tengah", "Kota Surakarta"):
        opened.locate(".o-below summary").evaluate("(e) => { e.parentElement.open = true; }")
        opened.locate(".o-row", has_text=name).press("Enter")
        expect(heading).to_have_text(name)
        opened.page.wait_for_timeout(800)  # the flight there is a move, and no step of its own
    close = opened.say("() => Outreach.map.getZoom()")
    for name in ("Jawa Tengah", "Indonesia"):
        opened.page.evaluate("history.back()")
        expect(heading).to_have_text(name)
    assert "area=" not in opened.page.url
    assert opened.say("() => Outreach.map.getZoom()") < close
    opened.page.evaluate("history.forward()")
    expect(heading).to_have_text("Jawa Tengah")
    expect(opened.page).to_have_url(re.compile(r"/map\?area=33#"))
    opened.page.evaluate("() => { setTimeout(() => history.go(-2)); }")
    opened.page.wait_for_url("about:blank")
    assert opened.faults == []


def test_the_tip_names_what_a_click_will_choose(opened: Map) -> None:
    opened.open()
    opened.until("villages")
    for expected in ("Jawa Tengah", "Kota Surakarta", "Kecamatan 01 Surakarta"):
        opened.page.wait_for_timeout(900)
        opened.page.mouse.move(5, 300)
        opened.point_at(-7.93, 110.60)
        expect(opened.locate(".o-tip b")).to_have_text(expected)
        opened.click_at(-7.93, 110.60)
        expect(opened.locate(".o-path strong")).to_have_text(expected)


def test_an_approximate_place_is_said(opened: Map, world: World) -> None:
    row = int(np.flatnonzero(world.places.approximate)[0])
    at = float(world.places.latitudes[row]), float(world.places.longitudes[row])
    opened.open(f"#14/{at[0]}/{at[1]}")
    opened.until("villages")
    opened.click_at(*at)
    expect(opened.locate(".o-popup")).to_contain_text("approximate")


def test_search_by_keyboard_leads_to_the_popup(opened: Map) -> None:
    opened.open()
    opened.until("regions")
    box = opened.locate("input[type=search]")
    box.fill("desa 2007")
    expect(opened.locate(".o-result")).to_have_count(8)
    box.press("ArrowDown")
    opened.page.keyboard.press("ArrowDown")
    expect(opened.locate(".o-result").nth(1)).to_be_focused()
    opened.page.keyboard.press("ArrowUp")
    opened.page.keyboard.press("Enter")
    expect(opened.locate(".o-popup")).to_contain_text("Desa 2007")
    box.fill("nowhere at all")
    expect(opened.locate(".o-results")).to_contain_text("Nothing found")
    box.press("Escape")
    expect(opened.locate(".o-results li")).to_have_count(0)


def test_the_drill_needs_no_mouse(opened: Map) -> None:
    opened.open()
    opened.locate(".o-below summary").press("Enter")
    rows = opened.locate(".o-row")
    # Furthest behind first: Yogyakarta has reached nobody.
    expect(rows.nth(0)).to_contain_text("Daerah Istimewa Yogyakarta")
    rows.nth(1).press("Enter")
    expect(opened.locate(".o-path strong")).to_have_text("Jawa Tengah")
    opened.locate(".o-row", has_text="Kota Surakarta").press("Enter")
    opened.locate(".o-row", has_text="Kecamatan 02").press("Enter")
    opened.locate(".o-row", has_text="Desa 2003").press("Enter")
    expect(opened.locate(".o-popup")).to_contain_text("Desa 2003")
    opened.locate(".o-step", has_text="Indonesia").press("Enter")
    expect(opened.locate(".o-path strong")).to_have_text("Indonesia")


def test_the_address_keeps_the_view_and_gives_it_back(opened: Map) -> None:
    opened.open("?area=34#10.5/-7.7000/111.2000")
    opened.page.wait_for_timeout(400)
    assert opened.page.url.endswith("/map?area=34#10.50/-7.7000/111.2000")
    opened.page.evaluate("location.hash = '#9/-7.4/110.4'")
    opened.page.wait_for_timeout(500)
    zoom = opened.say("() => Outreach.map.getZoom()")
    assert zoom == 9


def test_a_branch_sees_its_own_villages_only(world: World, page: Page) -> None:
    scope = columns.scope_of(world.places.codes, ["33.72"])
    world.names = [world.names[row] for row in scope.rows.tolist()]
    world.places, world.progress = world.places.only(scope), world.progress.only(scope)
    with serving(make_app(world)) as base:
        opened = Map(page, base).open()
        opened.until("villages")
        expect(opened.locate(".o-summary .o-sum td").last).to_have_text("60")
        outside = opened.colour(-7.3, 110.2)
        assert outside[3] == 0 or near(outside, (221, 228, 232), by=30)
        looks = []
        for area in ("33", "33.72"):  # of its province it sees no more than its own part
            opened.open(f"?area={area}")
            opened.until("villages")
            looks.append(opened.say("() => Outreach.map.getBounds().toBBoxString()"))
        assert looks[0] == looks[1]
        assert opened.faults == []


def test_the_host_fetches_nothing_but_its_table(opened: Map, world: World) -> None:
    opened.open()
    opened.page.wait_for_timeout(600)
    world.asked.clear()
    answers = opened.say(
        """async () => {
          const tries = [["secrets", {}], ["__proto__", {}], ["village", {code: "33"}],
            ["details", {code: 7}], ["details", {}], ["details", {code: "x".repeat(999)}],
            ["details", {code: "../../admin?x=1#"}]];
          const out = [];
          for (const [name, args] of tries) {
            out.push(await Outreach.ask(name, args).then(() => "given", (e) => e.message));
          }
          return out;
        }"""
    )
    assert answers[:6] == ["asked and refused: unknown"] * 6
    asked = [path for path in world.asked if "changes" not in path]
    assert all(path.startswith("/map/details/..%2F..%2Fadmin") or "/map/" in path for path in asked)
    assert not any(
        "admin" in path and "%2F" not in path and "details" not in path for path in asked
    )
    opened.say("() => Outreach.tell({open: 'javascript:alert(1)'})")
    opened.page.wait_for_timeout(200)
    assert "/map" in opened.page.url


@pytest.mark.parametrize("bypass", [False, True], ids=["policy", "policy switched off"])
def test_hostile_names_are_only_names(hostile_world: World, browser: Browser, bypass: bool) -> None:
    context = browser.new_context(bypass_csp=bypass)
    with serving(make_app(hostile_world)) as base:
        opened = Map(context.new_page(), base).open("?area=33.72.01#14/-7.75/110.75")
        opened.until("villages")
        opened.locate(".o-below summary").click()
        opened.locate("input[type=search]").fill("harmed")
        expect(opened.locate(".o-result").first).to_be_visible()
        for row in range(60, 65):
            opened.say(f"() => Outreach.openVillage({row})")
            expect(opened.locate(".o-popup .o-code").last).to_have_text(
                str(hostile_world.places.codes[row])
            )
        opened.locate("input[type=search]").press("Escape")
        opened.locate(".o-step").first.click()
        opened.page.mouse.move(640, 360)
        opened.page.wait_for_timeout(800)
        for frame in opened.page.frames:
            assert frame.evaluate("() => window.harmed") is None
        injected = (
            "() => document.querySelectorAll('img[onerror], body script:not([nonce])').length"
        )
        assert opened.say(injected) == 0
        assert opened.faults == []
    context.close()


def test_a_phone_gets_a_folded_legend_and_no_sideways_scroll(
    world: World, browser: Browser
) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 780},
        is_mobile=True,
        has_touch=True,
        device_scale_factor=3,
    )
    with serving(make_app(world)) as base:
        opened = Map(context.new_page(), base).open("?area=33.72")
        expect(opened.locate(".o-legend")).not_to_have_attribute("open", "")
        assert opened.say("() => document.documentElement.scrollWidth") <= 390
        opened.locate(".o-legend summary").tap()
        expect(opened.locate(".o-legend")).to_contain_text("approximate")
        expect(opened.locate(".o-legend .o-states")).to_contain_text("60")
    context.close()
