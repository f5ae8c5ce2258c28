"""A map opened in a real browser: what tests look at, click and listen to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Page

    from tests.maps.map_app import World


#: The layers share a canvas: the others go for as long as one is looked at.
_PIXELS = """async ({layer, at, side}) => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const drawn = () => frame().then(frame);
  const others = [];
  Outreach.map.eachLayer((one) => {
    if (one instanceof Outreach.Canvas && !(one instanceof Outreach[layer])) others.push(one);
  });
  others.forEach((one) => Outreach.map.removeLayer(one));
  await drawn();
  const canvas = document.querySelector(".outreach-canvas");
  const box = canvas.getBoundingClientRect();
  const ratio = canvas.width / box.width;
  const point = Outreach.map.latLngToContainerPoint(at);
  const size = Math.max(1, side * ratio);
  const left = (point.x - box.left) * ratio - (size - 1) / 2;
  const top = (point.y - box.top) * ratio - (size - 1) / 2;
  const {data} = canvas.getContext("2d").getImageData(left, top, size, size);
  others.forEach((one) => Outreach.map.addLayer(one));
  await drawn();
  return Array.from(data);
}"""


class Map:
    """A map opened in a browser, with all that went wrong on its page."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base = page, base
        self.faults: list[str] = []
        self.asked: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._on_console)
        page.on("request", lambda request: self.asked.append(request.url))

    def _on_console(self, message: Any) -> None:
        if message.type in ("error", "warning") and "getImageData" not in message.text:
            self.faults.append(message.text)

    def open(self, query: str = "") -> Map:
        self.page.goto(f"{self.base}/map{query}")
        self.until("regions")
        return self

    @property
    def frame(self) -> Frame:
        return self.page.frames[1]

    def until(self, mark: str) -> None:
        expect(self.page.frame_locator("iframe").locator("html")).to_have_attribute(
            f"data-{mark}", "drawn", timeout=15_000
        )

    def say(self, script: str) -> Any:
        return self.frame.evaluate(script)

    def colour(self, latitude: float, longitude: float) -> tuple[int, ...]:
        """The pixel that the regions alone have over a place; alpha last."""
        ((*pixel,),) = self.pixels("Choropleth", latitude, longitude, 1)
        return tuple(pixel)

    def pixels(
        self, layer: str, latitude: float, longitude: float, side: int
    ) -> list[tuple[int, ...]]:
        """The pixels that a layer alone has in a square about a place; `side` in screen pixels."""
        data: list[int] = self.frame.evaluate(
            _PIXELS, {"layer": layer, "at": [latitude, longitude], "side": side}
        )
        return list(zip(*[iter(data)] * 4, strict=True))

    def locate(self, selector: str, **more: Any) -> Any:
        return self.page.frame_locator("iframe").locator(selector, **more)

    def point_at(self, latitude: float, longitude: float) -> None:
        self.page.mouse.move(*self._pixel(latitude, longitude))

    def click_at(self, latitude: float, longitude: float) -> None:
        self.page.mouse.click(*self._pixel(latitude, longitude))

    def _pixel(self, latitude: float, longitude: float) -> tuple[float, float]:
        x, y = self.say(
            f"""() => {{
              const map = Outreach.map;
              const at = map.latLngToContainerPoint([{latitude}, {longitude}]);
              return [at.x, at.y];
            }}"""
        )
        return x, y


def village(world: World, code: str) -> tuple[float, float]:
    row = world.row_of(code)
    return float(world.places.latitudes[row]), float(world.places.longitudes[row])
