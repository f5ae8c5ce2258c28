"""The layers and weeks of the test server of maps, made from its world as the product does."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import flask
import numpy as np

from outreach.maps import columns, figures
from outreach.maps.assets import _OURS
from outreach.progress.layers import COLUMNS, EPOCH, Layer, LayerSums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.maps.map_app import World

TODAY = date(2026, 11, 20)
LAST_DAY = (date(2026, 11, 14) - EPOCH).days
LAYER_URLS = {
    "layers": "/map/layers",
    "layer_villages": "/map/layers/villages/{layer}",
    "layer_districts": "/map/layers/districts/{code}",
    "layer_details": "/map/layers/details/{code}",
    "weeks": "/map/weeks",
}
NOTES = dict.fromkeys(Layer, "Session reports, newest 14/11/2026.")


def village_sums(world: World) -> LayerSums:
    """A hundred informal workers everywhere, ten covered; half of the sign-ups paid where told."""
    reached = world.progress.states == columns.REACHED
    sign_ups = world.progress.sign_ups
    told = np.where(np.arange(len(reached)) % 2 == 0, sign_ups, 0)
    values = {
        "villages": np.ones(len(reached)),
        "informal": np.full(len(reached), 100),
        "covered": np.full(len(reached), 10),
        "signups": sign_ups,
        "told": told,
        "paid": told // 2,
        "confirmed": world.progress.states == columns.CONFIRMED,
        "coming": np.isin(world.progress.states, [columns.PLANNED, columns.CONFIRMED]),
        "visited": reached,
        "last_day": np.where(reached, LAST_DAY, 0),
    }
    table = np.column_stack([values[name] for name in COLUMNS]).astype(np.int64)
    return LayerSums(world.places.codes, table)


def added_up(sums: LayerSums, length: int) -> LayerSums:
    codes = columns.parents(sums.codes, length)
    regions = np.unique(codes)
    rows = [LayerSums(codes, sums.table[codes == region]).whole().table[0] for region in regions]
    return LayerSums(regions, np.array(rows))


def first_days(world: World) -> NDArray[np.int64]:
    """A village reached a day, back from the last."""
    reached = world.progress.states == columns.REACHED
    order = np.cumsum(reached)
    return np.where(reached, LAST_DAY - (order.max() - order), 0)


def add_layers(app: flask.Flask, world: World) -> None:
    def reply(body: bytes, mimetype: str = "application/json") -> flask.Response:
        return flask.Response(body, mimetype=mimetype, headers={"Cache-Control": "no-cache"})

    def within(*codes: str) -> LayerSums:
        sums = village_sums(world)
        return sums.of(sums.codes[columns.scope_of(sums.codes, codes).rows])

    @app.get("/map/layers")
    def layers() -> flask.Response:
        sums = added_up(within(*world.own), columns.REGENCY)
        return reply(figures.encode_layers(world.version, sums, TODAY, NOTES))

    @app.get("/map/layers/villages/<layer>")
    def layer_villages(layer: str) -> flask.Response:
        sums = village_sums(world)
        body = figures.encode_classes(world.version, sums, Layer(layer), TODAY)
        return reply(body, "application/octet-stream")

    @app.get("/map/layers/districts/<code>")
    def layer_districts(code: str) -> flask.Response:
        return reply(figures.encode_district_layers(added_up(within(code), columns.DISTRICT)))

    @app.get("/map/layers/details/<code>")
    def layer_details(code: str) -> flask.Response:
        return reply(figures.encode_village_layers(within(code)))

    @app.get("/map/weeks")
    def weeks() -> flask.Response:
        body = figures.encode_weeks(world.version, first_days(world), TODAY)
        return reply(body, "application/octet-stream")

    @app.get("/static/look.js")
    def look_script() -> flask.Response:
        source = (_OURS.parent / "manager" / "look.js").read_bytes()
        return flask.Response(source, mimetype="text/javascript")
