"""In how many frames the map is drawn: on a phone never all of it in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.maps.map_app import make_app, serving
from tests.maps.opened_map import Map

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.maps.map_app import World

pytestmark = pytest.mark.browser
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 780},
    "is_mobile": True,
    "has_touch": True,
    "device_scale_factor": 3,
    # The map's frame has a process of its own here, which knows the device by its name alone.
    "user_agent": "Mozilla/5.0 (Linux; Android 10; K) Chrome/131.0.0.0 Mobile Safari/537.36",
}
LAPTOP: dict[str, Any] = {"viewport": {"width": 1334, "height": 574}}
#: Draws all anew; answers the layers drawn in each frame, until all were drawn once in a row.
_FRAMES = """async (hurried) => {
  const map = Outreach.map, layers = map._sheet._drawn;
  const rest = () => new Promise((done) => setTimeout(done, 400));
  await rest();
  const frames = new Map();
  const draws = layers.map((layer) => layer.draw);
  layers.forEach((layer, at) => {
    layer.draw = (...all) => {
      const frame = document.timeline.currentTime;
      frames.set(frame, [...(frames.get(frame) || []), at]);
      draws[at].apply(layer, all);
    };
  });
  map._sheet.redraw();
  if (hurried) {
    for (let step = 0; step < 12; step++) {
      await new Promise((done) => requestAnimationFrame(done));
      map._sheet.redraw();
    }
  }
  await rest();
  layers.forEach((layer) => delete layer.draw);
  return [...frames.values()];
}"""


def frames(world: World, browser: Browser, device: dict[str, Any], *, hurried: bool) -> Any:
    context = browser.new_context(**device)
    with serving(make_app(world)) as base:
        opened = Map(context.new_page(), base).open("?area=33.72")
        opened.until("villages")
        drawn = opened.frame.evaluate(_FRAMES, hurried)
        assert opened.faults == []
    context.close()
    return drawn


def test_on_a_phone_each_layer_has_a_frame_of_its_own(world: World, browser: Browser) -> None:
    drawn = frames(world, browser, PHONE, hurried=False)
    assert [len(frame) for frame in drawn] == [1] * len(drawn)
    order = [layer for (layer,) in drawn]
    assert len(order) > 2
    assert order == sorted(set(order))


def test_what_is_drawn_again_and_again_is_drawn_whole(world: World, browser: Browser) -> None:
    drawn = frames(world, browser, PHONE, hurried=True)
    every = {layer for frame in drawn for layer in frame}
    assert sum(set(frame) == every for frame in drawn) > 3


def test_a_laptop_draws_all_at_once(world: World, browser: Browser) -> None:
    (drawn,) = frames(world, browser, LAPTOP, hurried=False)
    assert len(drawn) > 2
