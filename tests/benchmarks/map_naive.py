"""The maps that ours is measured against: what a reader of Folium's manual would write.

Each holds all villages with a popup of the facts that ours shows. Folium's own scripts and styles
are left out but for Leaflet and the clusters, which flatters these maps: they would come from hosts
that a measured machine need not reach.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import brotli
import flask
import folium
from folium.plugins import FastMarkerCluster
from xstatic.pkg import leaflet, leaflet_markercluster

from outreach.maps.columns import DISTRICT, REGENCY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.maps.map_app import World

STATES = ("Not planned", "Planned", "Confirmed", "Reached")
COLOURS = ("#7d848b", "#e39000", "#c2186f", "#0b3f8c")
_FILES = {
    "leaflet.js": Path(leaflet.BASE_DIR) / "leaflet.js",
    "leaflet.css": Path(leaflet.BASE_DIR) / "leaflet.css",
    "cluster.js": Path(leaflet_markercluster.BASE_DIR) / "leaflet.markercluster.js",
    "cluster.css": Path(leaflet_markercluster.BASE_DIR) / "MarkerCluster.css",
    "cluster.default.css": Path(leaflet_markercluster.BASE_DIR) / "MarkerCluster.Default.css",
}
_CALLBACK = """function (row) {
  return L.circleMarker([row[0], row[1]], {radius: 5}).bindPopup(row[2]);
}"""


@dataclass(frozen=True, slots=True)
class Naive:
    """A page, how long the server took to make it, and its size as it is sent."""

    path: str
    html: bytes
    packed: bytes
    seconds: float
    #: What is on the page once all villages are.
    drawn: str


def draw_clusters(world: World) -> Naive:
    """FastMarkerCluster: the only stock layer that shows all villages within seconds."""
    began = time.perf_counter()
    rows = [[latitude, longitude, told] for latitude, longitude, _, told in _villages(world)]
    drawn = _empty()
    cluster = FastMarkerCluster(rows, callback=_CALLBACK)  # type: ignore[no-untyped-call]
    cluster.default_js = [("cluster", "/naive/cluster.js")]
    cluster.default_css = [
        ("cluster_css", "/naive/cluster.css"),
        ("cluster_default_css", "/naive/cluster.default.css"),
    ]
    cluster.add_to(drawn)
    return _finish("/naive/clusters", drawn, began, ".marker-cluster")


def draw_circles(world: World) -> Naive:
    """CircleMarker on canvas: every village a dot; popups would treble the page."""
    began = time.perf_counter()
    drawn = _empty()
    for latitude, longitude, state, _ in _villages(world):
        folium.CircleMarker(
            [latitude, longitude], radius=3, weight=1, color=COLOURS[state], fill=True
        ).add_to(drawn)
    return _finish("/naive/circles", drawn, began, ".leaflet-overlay-pane canvas")


def draw_nothing() -> Naive:
    """Draw a map of Folium without any village, to know what memory a browser needs for that."""
    return _finish("/naive/empty", _empty(), time.perf_counter(), ".leaflet-map-pane")


def serve_naive(app: flask.Flask, *pages: Naive) -> None:
    """Let *app* serve these pages and what they load, compressed."""
    by_path = {naive.path: naive for naive in pages}

    def page() -> flask.Response:
        return _packed(by_path[flask.request.path].packed, "text/html")

    for path in by_path:
        app.add_url_rule(path, path, page)

    @app.get("/naive/<name>")
    def naive_file(name: str) -> flask.Response:
        file = _FILES[name]
        kind = "text/javascript" if file.suffix == ".js" else "text/css"
        return _packed(brotli.compress(file.read_bytes(), quality=5), kind)


def _packed(body: bytes, kind: str) -> flask.Response:
    return flask.Response(body, headers={"Content-Encoding": "br"}, mimetype=kind)


def _empty() -> folium.Map:
    drawn = folium.Map([-2.3, 118], zoom_start=5, tiles=None, prefer_canvas=True)
    drawn._id = "naive"  # so that it can be found in the page
    drawn.options["maxZoom"] = 16  # without it clusters fail on a map that has no tiles
    drawn.default_js = [("leaflet", "/naive/leaflet.js")]
    drawn.default_css = [("leaflet_css", "/naive/leaflet.css")]
    return drawn


def _finish(path: str, drawn: folium.Map, began: float, mark: str) -> Naive:
    html = drawn.get_root().render().encode()
    seconds = time.perf_counter() - began
    return Naive(path, html, brotli.compress(html, quality=5), seconds, mark)


def _villages(world: World) -> Iterator[tuple[float, float, int, str]]:
    for code, name, latitude, longitude, state, sign_ups in zip(
        world.places.codes.tolist(),
        world.names,
        world.places.latitudes.tolist(),
        world.places.longitudes.tolist(),
        world.progress.states.tolist(),
        world.progress.sign_ups.tolist(),
        strict=True,
    ):
        around = ", ".join(escape(world.region_names[code[:n]]) for n in (DISTRICT, REGENCY))
        told = (
            f"<b>{escape(name)}</b><br>{around}<br>{STATES[state]}<br>{sign_ups} sign-ups<br>"
            f'{code}<br><a href="/villages/{code}">Open village</a>'
        )
        yield latitude, longitude, state, told
