"""The addresses behind the further layers of the map and its weeks; asked for when chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from flask import Blueprint, Response, current_app, request
from flask_babel import gettext as _

from outreach.errors import NotFound
from outreach.maps import figures
from outreach.maps.columns import scope_of
from outreach.progress.changes import latest_change
from outreach.progress.layers import SHARES, Layer, first_days, layer_sums, village_sums
from outreach.progress.scope import scope_for
from outreach.progress.totals import estimate_sources, newest_report
from outreach.villages.codes import Level
from outreach.villages.reading import names_of
from outreach.villages.tables import Figure
from outreach.web.auth import person
from outreach.web.coordinator_pages import now, today
from outreach.web.database import reading_db
from outreach.web.i18n import language, moment, number, percent, short_date
from outreach.web.map_data import MapData, map_data
from outreach.web.maps import READERS, asked, packed
from outreach.web.routing import allow
from outreach.web.words import source_words, word

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.progress.layers import LayerSums
    from outreach.progress.scope import Scope
    from outreach.villages.tables import EstimateSource
    from outreach.web.map_filters import Filters
    from outreach.web.maps import Asked

pages = Blueprint("map_layers", __name__, url_prefix="/map")
#: Which estimates a layer's figure is made with.
ESTIMATES = {Layer.SIGNUPS: (Figure.INFORMAL,), Layer.GAP: (Figure.INFORMAL, Figure.COVERED)}
JSON, BINARY = "application/json", "application/octet-stream"


@dataclass(frozen=True, slots=True)
class _Question:
    """What an answer is made from: the map asked about, and how far its history was read."""

    db: Session
    about: Asked
    version: int

    @property
    def scope(self) -> Scope:
        return self.about.ground.scope

    def inside(self, region: str, level: Level) -> LayerSums:
        """Add up by the regions of *level* within one that lies above them."""
        scope = replace(self.about.filters, area=region).scope(person())
        return layer_sums(self.db, scope, level)


@pages.get("/layers")
@allow(*READERS)
def layers() -> ResponseReturnValue:
    """Add up by regency what the layers show."""

    def encode(asks: _Question) -> bytes:
        sums = layer_sums(asks.db, asks.scope, Level.REGENCY)
        return figures.encode_layers(asks.version, sums, today(), layer_notes(asks.db, asks.scope))

    return _kept("layers", JSON, encode, part=language())


@pages.get("/layers/villages/<layer>")
@allow(*READERS)
def layer_villages(layer: str) -> ResponseReturnValue:
    """Send the class of every village in a layer."""
    shown = read_layer(layer)
    if shown is Layer.REACHED:
        raise NotFound(layer=layer)

    def encode(asks: _Question) -> bytes:
        codes = asks.about.ground.places.codes
        sums = village_sums(asks.db, asks.scope, codes, shown)
        return figures.encode_classes(asks.version, sums, shown, today())

    return _kept("classes", BINARY, encode, part=layer)


@pages.get("/layers/districts/<province_code>")
@allow(*READERS)
def layer_districts(province_code: str) -> ResponseReturnValue:
    """Add up by the districts of a province what the layers show."""

    def encode(asks: _Question) -> bytes:
        return figures.encode_district_layers(asks.inside(province_code, Level.DISTRICT))

    _check(province_code, Level.PROVINCE)
    return _kept("layer-districts", JSON, encode, part=province_code)


@pages.get("/layers/details/<regency_code>")
@allow(*READERS)
def layer_details(regency_code: str) -> ResponseReturnValue:
    """Tell what the layers show of every village of a regency."""

    def encode(asks: _Question) -> bytes:
        codes = asks.about.ground.places.codes
        sums = asks.inside(regency_code, Level.VILLAGE)
        return figures.encode_village_layers(sums.of(codes[scope_of(codes, [regency_code]).rows]))

    _check(regency_code, Level.REGENCY)
    return _kept("layer-details", JSON, encode, part=regency_code)


def _check(code: str, level: Level) -> None:
    """Refuse what is no region of the level, or of which the person sees nothing."""
    scope_for(person(), region=code)
    with reading_db() as db:
        if len(code) != level or not names_of(db, [code]):
            raise NotFound(region=code[:20])


@pages.get("/weeks")
@allow(*READERS)
def weeks() -> ResponseReturnValue:
    """Send the week in which people were first met in each village."""

    def encode(asks: _Question) -> bytes:
        days = first_days(asks.db, asks.scope, asks.about.ground.places.codes)
        return figures.encode_weeks(asks.version, days, today())

    return _kept("weeks", BINARY, encode)


def layer_urls(rows: str) -> dict[str, str]:
    """Name the addresses for the host page; *rows* end those that depend on the villages shown."""
    return {
        "layers": f"/map/layers{rows}",
        "layer_villages": f"/map/layers/villages/{{layer}}{rows}",
        "layer_districts": f"/map/layers/districts/{{code}}{rows}",
        "layer_details": f"/map/layers/details/{{code}}{rows}",
        "weeks": f"/map/weeks{rows}",
    }


def layer_column(db: Session, filters: Filters, level: Level) -> dict[str, Any]:
    """Gather the layer's column for the table beside the map; nothing for the first layer."""
    layer, scope = filters.layer, filters.scope(person())
    if layer is Layer.REACHED:
        return {"layer": None}
    sums = layer_sums(db, scope, level)
    told = _by_region(sums, layer) | _by_region(sums.whole(), layer)
    words = {code: figure_words(layer, *figures) for code, figures in told.items()}
    return {
        "layer": layer,
        "layer_values": told,
        "layer_figures": words,
        "layer_whole": words[""],
        "layer_note": layer_notes(db, scope)[layer],
    }


def _by_region(sums: LayerSums, layer: Layer) -> dict[str, tuple[float, int | None]]:
    """Give the figure of each region by its code, and of a share what it is a share of."""
    codes, figures = sums.codes.tolist(), sums.figures(layer, today()).tolist()
    whole = sums.column(SHARES[layer][1]).tolist() if layer in SHARES else [None] * len(codes)
    return dict(zip(codes, zip(figures, whole, strict=True), strict=True))


def figure_words(layer: Layer, value: float, of: int | None) -> str:
    """Write the figure of a layer for a table; why there is none, if there is none."""
    if np.isnan(value):
        return _("Never visited") if layer is Layer.SILENCE else "–"
    if of is not None:
        return str(_("%(share)s of %(all)s", share=percent(value), all=number(of)))
    return number(value, 1 if layer is Layer.SIGNUPS else 0)


def read_layer(given: str) -> Layer:
    """Read the name of a layer as it stands in an address.

    Raises
    ------
    NotFound
        If there is no such layer.
    """
    try:
        return Layer(given)
    except ValueError:
        raise NotFound(layer=given[:20]) from None


def layer_notes(db: Session, scope: Scope) -> dict[Layer, str]:
    """Say for each layer where its figures come from and of when they are."""
    known = estimate_sources(db)
    newest = newest_report(db, scope)
    told = _("Session reports, newest %(moment)s.", moment=moment(newest)) if newest else ""
    reports = told or _("No report yet")
    plan = _("Plan of visits, %(day)s.", day=short_date(today()))
    notes = {layer: plan if layer is Layer.CONFIRMED else reports for layer in Layer}
    for layer, estimates in ESTIMATES.items():
        sources = [known[figure] for figure in estimates if figure in known]
        notes[layer] = " ".join([notes[layer], *(_source_line(source) for source in sources)])
    return notes


def _source_line(source: EstimateSource) -> str:
    return f"{word(source.figure)}: {source_words(source.source)}, {short_date(source.as_of)}."


def _answers() -> MapData:
    """Remember apart from the live map: what takes long here must not keep that one waiting."""
    kept: MapData = current_app.extensions.setdefault("layer_answers", MapData(map_data().store))
    return kept


def _kept(
    kind: str, media_type: str, encode: Callable[[_Question], bytes], part: str = ""
) -> Response:
    """Answer from memory until the history, the villages or the day change."""
    data = _answers()
    with reading_db() as db:
        about = asked(db)
        change = latest_change(db, now())
        key: Any = (kind, part, about.ground.scope, about.ground.file, change, today())
        body = data.body(key, lambda: encode(_Question(db, about, change.settled)))
    answer = packed(data, key, body, media_type)
    answer.add_etag(weak=True)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.make_conditional(request)
    return answer
