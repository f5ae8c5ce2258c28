"""Our national map against a naive Folium map of the same villages: bytes and time to idle.

Both are served by the same server of this machine with local assets and brotli, and opened in turn
in fresh browser profiles. Naive: FastMarkerCluster, the only stock layer that shows all
villages within seconds, with a popup of the same facts as ours.
"""

from __future__ import annotations

import logging
import statistics
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import brotli
import flask
import folium
from folium.plugins import FastMarkerCluster
from playwright.sync_api import Error, sync_playwright
from xstatic.pkg import leaflet, leaflet_markercluster

from outreach.maps import assets, columns, national, page, shapes
from outreach.maps.artefacts import Store
from outreach.maps.words import map_words
from outreach.villages.coast import load_coast
from tests.browser import ARGUMENTS, find_chromium
from tests.maps.map_app import World, make_app, serving
from tests.maps.nation import read_nation, simulate

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROUNDS = 5
QUIET_SECONDS = 1.5
_NAIVE_FILES = {
    "leaflet.js": Path(leaflet.BASE_DIR) / "leaflet.js",
    "leaflet.css": Path(leaflet.BASE_DIR) / "leaflet.css",
    "cluster.js": Path(leaflet_markercluster.BASE_DIR) / "leaflet.markercluster.js",
    "cluster.css": Path(leaflet_markercluster.BASE_DIR) / "MarkerCluster.css",
    "cluster.default.css": Path(leaflet_markercluster.BASE_DIR) / "MarkerCluster.Default.css",
}
_CALLBACK = """function (row) {
  var marker = L.circleMarker([row[0], row[1]], {radius: 5});
  var box = document.createElement("div");
  box.textContent = row.slice(2).join(", ");
  return marker.bindPopup(box);
}"""
#: Watches long tasks in every frame; times are counted from the top page's start.
_WATCH = """
window.watched = {tasks: [], blocked: 0};
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) {
    window.watched.tasks.push(performance.timeOrigin + task.startTime + task.duration);
    window.watched.blocked += Math.max(0, task.duration - 50);
  }
}).observe({type: "longtask", buffered: true});
"""
_BUSY_UNTIL = """() => {
  const loaded = performance.getEntriesByType("resource")
    .filter((entry) => !entry.name.includes("/changes"))
    .map((entry) => performance.timeOrigin + entry.responseEnd);
  const drawn = performance.getEntriesByType("mark")
    .map((entry) => performance.timeOrigin + entry.startTime);
  const page = performance.getEntriesByType("navigation")
    .map((entry) => performance.timeOrigin + entry.responseEnd);
  const last = Math.max(0, ...loaded, ...drawn, ...page, ...window.watched.tasks);
  return [last, window.watched.blocked];
}"""


@dataclass(frozen=True, slots=True)
class Visit:
    """A first visit: seconds until nothing more happened and of blocked main thread, bytes sent.

    `again_bytes` were sent for a second visit from the same profile, nothing having changed.
    """

    idle_seconds: float
    blocked_seconds: float
    sent_bytes: int
    again_bytes: int


def draw_naive(world: World) -> bytes:
    codes = world.places.codes.tolist()
    columns_shown = (
        world.places.latitudes.tolist(),
        world.places.longitudes.tolist(),
        codes,
        world.names,
        [world.region_names[code[:8]] for code in codes],
        [world.region_names[code[:5]] for code in codes],
        world.progress.states.tolist(),
        world.progress.sign_ups.tolist(),
    )
    rows = [list(row) for row in zip(*columns_shown, strict=True)]
    naive = folium.Map([-2.3, 118], zoom_start=5, tiles=None)
    naive.options["maxZoom"] = 16  # without it clusters fail on a map that has no tiles
    naive.default_js = [("leaflet", "/naive/leaflet.js")]
    naive.default_css = [("leaflet_css", "/naive/leaflet.css")]
    cluster = FastMarkerCluster(rows, callback=_CALLBACK)  # type: ignore[no-untyped-call]
    cluster.default_js = [("cluster", "/naive/cluster.js")]
    cluster.default_css = [
        ("cluster_css", "/naive/cluster.css"),
        ("cluster_default_css", "/naive/cluster.default.css"),
    ]
    cluster.add_to(naive)
    return naive.get_root().render().encode()


def serve_naive(app: flask.Flask, html: bytes) -> int:
    packed = brotli.compress(html, quality=5)

    @app.get("/naive")
    def naive() -> flask.Response:
        return flask.Response(packed, headers={"Content-Encoding": "br"}, mimetype="text/html")

    @app.get("/naive/<name>")
    def naive_file(name: str) -> flask.Response:
        file = _NAIVE_FILES[name]
        kind = "text/javascript" if file.suffix == ".js" else "text/css"
        body = brotli.compress(file.read_bytes(), quality=5)
        return flask.Response(body, headers={"Content-Encoding": "br"}, mimetype=kind)

    return len(packed)


def count_bytes(app: flask.Flask) -> list[int]:
    sent: list[int] = []

    def count(response: flask.Response) -> flask.Response:
        if "/changes" not in flask.request.path:
            bare = response.status_code in (204, 304)
            sent.append(0 if bare else response.calculate_content_length() or 0)
        return response

    # First in the list is last to run: after the answers have been compressed.
    app.after_request_funcs.setdefault(None, []).insert(0, count)

    return sent


def open_once(browser: Browser, url: str, sent: list[int], drawn: str) -> Visit:
    sent.clear()
    with closing(browser.new_context(viewport={"width": 1366, "height": 768})) as context:
        context.add_init_script(_WATCH)
        first = open_in(context.new_page(), url, drawn)
        first_bytes = sum(sent)
        sent.clear()
        open_in(context.new_page(), url, drawn)
        return Visit(*first, first_bytes, sum(sent))


def open_in(tab: Page, url: str, drawn: str) -> tuple[float, float]:
    tab.goto(url, wait_until="commit", timeout=120_000)
    start = tab.evaluate("() => performance.timeOrigin")
    last = blocked = 0.0
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        time.sleep(0.25)
        try:
            told = [frame.evaluate(_BUSY_UNTIL) for frame in tab.frames]
        except Error:  # the inner frame was just arriving
            continue
        last, blocked = max(t[0] for t in told), sum(t[1] for t in told)
        if time.time() * 1000 - last > QUIET_SECONDS * 1000:
            break
    if not any(frame.query_selector(drawn) for frame in tab.frames):
        raise AssertionError(f"{url} has drawn nothing: no {drawn}")
    tab.close()
    return (last - start) / 1000, blocked / 1000


def build_world(folder: Path) -> World:
    nation = read_nation()
    print(f"{len(nation.places):,} villages")
    began = time.perf_counter()
    shapes.build_shapes(nation.places, load_coast(), folder)
    print(f"region shapes drawn and compressed in {time.perf_counter() - began:.1f} s")
    assets.build_assets(folder)
    progress = simulate(nation.places)
    return World(folder, nation.places, nation.names, progress, nation.region_names)


def time_pages(world: World) -> tuple[bytes, float, float]:
    began = time.perf_counter()
    html = draw_naive(world)
    naive_seconds = time.perf_counter() - began
    
    words = map_words(str)
    national.national_page(words, page.View())
    began = time.perf_counter()
    ours = national.national_page(words, page.View())
    ours_seconds = time.perf_counter() - began
    print(f"page built: naive {naive_seconds:.2f} s, ours {ours_seconds * 1000:.1f} ms")
    print(f"HTML: naive {len(html):,} bytes, ours {len(ours.html):,} bytes")
    return html, naive_seconds, ours_seconds


def report(name: str, visits: list[Visit]) -> tuple[float, float]:
    idle = statistics.median(visit.idle_seconds for visit in visits)
    spread = f"{min(v.idle_seconds for v in visits):.2f}-{max(v.idle_seconds for v in visits):.2f}"
    blocked = statistics.median(visit.blocked_seconds for visit in visits)
    sent = statistics.median(visit.sent_bytes for visit in visits)
    again = statistics.median(visit.again_bytes for visit in visits)
    print(
        f"{name:6} {sent:>10,.0f} bytes sent, {again:>10,.0f} on a second visit,"
        f" idle after {idle:.2f} s ({spread}), main thread blocked {blocked:.2f} s"
    )
    return sent, idle


def main() -> int:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for every file asked for
    program = find_chromium()
    if program is None:
        print("no Chromium on this machine: nothing measured", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        world = build_world(Path(folder))
        html, naive_seconds, ours_seconds = time_pages(world)
        app = make_app(world)
        serve_naive(app, html)
        sent = count_bytes(app)
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        visits: dict[str, list[Visit]] = {"naive": [], "ours": []}
        with serving(app) as base:
            for _ in range(ROUNDS):  # in turn, so that a busy machine is unfair to neither
                visits["naive"].append(open_once(browser, f"{base}/naive", sent, ".marker-cluster"))
                visits["ours"].append(open_once(browser, f"{base}/map", sent, "html[data-loaded]"))
        browser.close()
    naive_bytes, naive_idle = report("naive", visits["naive"])
    ours_bytes, ours_idle = report("ours", visits["ours"])
    print(
        f"ours against naive: bytes 1/{naive_bytes / ours_bytes:.1f}"
        f" (raw HTML 1/{len(html) / ours_bytes:.0f}), time to idle 1/{naive_idle / ours_idle:.1f},"
        f" server 1/{naive_seconds / ours_seconds:,.0f}"
    )
    assert columns.REACHED in world.progress.states
    return 0


if __name__ == "__main__":
    sys.exit(main())
