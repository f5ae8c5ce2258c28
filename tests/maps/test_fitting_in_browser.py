"""Where an area stands on a laptop: beside the cards, of which none covers another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.maps.map_app import make_app, serving
from tests.maps.opened_map import Map

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.maps.map_app import World

pytestmark = pytest.mark.browser
#: Of the corners of the area and of the cards: which cards lie over the area, or over another.
_COVERED = """(names) => {
  const map = Outreach.map, box = Outreach.bounds(Outreach.data.box(Outreach.data.area));
  const nw = map.latLngToContainerPoint(box.getNorthWest());
  const se = map.latLngToContainerPoint(box.getSouthEast());
  const all = [["area", {left: nw.x, top: nw.y, right: se.x, bottom: se.y}]];
  names.forEach((one) => all.push([one, document.querySelector(one).getBoundingClientRect()]));
  const meet = (a, b) =>
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const found = [];
  all.forEach(([name, a], i) => all.slice(i + 1).forEach(([other, b]) => {
    if (meet(a, b)) found.push(name + other);
  }));
  return found;
}"""
CARDS = [".o-summary", ".o-legend", ".o-layers", ".o-search"]


@pytest.fixture
def laptop(world: World, browser: Browser) -> Iterator[Map]:
    context = browser.new_context(viewport={"width": 1334, "height": 574})
    with serving(make_app(world)) as base:
        yield Map(context.new_page(), base)
    context.close()


@pytest.mark.parametrize("query", ["?area=33", "?area=33&layer=gap", "?area=33.72"])
def test_no_card_covers_the_area(laptop: Map, query: str) -> None:
    laptop.open(query)
    expect(laptop.locate(".o-legend .o-ramp")).to_be_visible()
    assert laptop.frame.evaluate(_COVERED, CARDS) == []


@pytest.mark.parametrize("query", ["?area=33&layer=gap", ""])
def test_the_open_menu_covers_no_legend(laptop: Map, query: str) -> None:
    laptop.open(query)
    expect(laptop.locate(".o-legend .o-ramp")).to_be_visible()
    laptop.locate(".o-layers > summary").click()
    expect(laptop.locate(".o-layers input").first).to_be_visible()
    assert ".o-legend.o-layers" not in laptop.frame.evaluate(_COVERED, CARDS)
    assert ".o-summary.o-legend" not in laptop.frame.evaluate(_COVERED, CARDS)
