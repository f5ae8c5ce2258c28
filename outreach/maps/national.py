"""The manager's map: reached share by region, every village by its state, live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.maps.layers import CanvasLayer, Knowledge, Part, Start
from outreach.maps.page import FramePage, LeanMap, View, compose, facts_of, put

if TYPE_CHECKING:
    from collections.abc import Mapping

POLL_MILLISECONDS = 2_000
VILLAGES_FROM_ZOOM = 8


def national_page(
    words: Mapping[str, str],
    view: View,
    *,
    village_url: str = "/villages/{code}",
    borders: str | None = None,
) -> FramePage:
    """Draw the page of the frame; it holds no village, all else comes from the host by message.

    `words` are all of `outreach.maps.words.map_words`; `{code}` in *village_url* is filled in.
    `borders` names where true borders come from; without it they are drawn from the villages.
    """
    page = LeanMap(view)
    facts = facts_of(view, village=village_url, borders={"source": borders})
    data = put(Knowledge(**facts), page)
    layers = _add_layers(page, data, words)
    _add_controls(page, data, layers, words)
    Start(data).add_to(page)
    return compose(page, language=view.language, title=words["map"])


def _add_layers(page: LeanMap, data: Knowledge, words: Mapping[str, str]) -> dict[str, CanvasLayer]:
    known = {"data": data}
    areas = put(CanvasLayer("Choropleth", title=words["share_reached"], links=known), page)
    bubbles = put(CanvasLayer("Bubbles", title=words["sign_ups"], links=known), page)
    villages = put(
        CanvasLayer("Villages", title=words["villages"], links=known, minZoom=VILLAGES_FROM_ZOOM),
        page,
    )
    CanvasLayer("Labels", links={**known, "bubbles": bubbles, "villages": villages}).add_to(page)
    return {"areas": areas, "bubbles": bubbles, "villages": villages}


def _add_controls(
    page: LeanMap, data: Knowledge, layers: Mapping[str, CanvasLayer], words: Mapping[str, str]
) -> None:
    known = {"data": data}
    Part("Lens", known).add_to(page)
    view = put(Part("View", known), page)
    Part("Search", {**known, "view": view}).add_to(page)
    Part("Zoom", zoomInTitle=words["zoom_in"], zoomOutTitle=words["zoom_out"]).add_to(page)
    Part("Summary", {**known, "view": view}).add_to(page)
    Part("Legend", {**known, "bubbles": layers["bubbles"]}).add_to(page)
    Part("Pointer", {**known, **layers}).add_to(page)
    Part("Live", known, interval=POLL_MILLISECONDS).add_to(page)
    shown = {"bubbles": layers["bubbles"], "villages": layers["villages"]}
    Part("Layers", {**known, **shown}).add_to(page)
    Part("Weeks", known).add_to(page)
    Part("Split", known).add_to(page)
