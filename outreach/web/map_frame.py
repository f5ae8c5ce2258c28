"""Draws the frames of the maps; apart, because Folium takes two seconds to load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response
from flask_babel import gettext

from outreach.maps.national import national_page
from outreach.maps.page import NATION, View
from outreach.maps.words import map_words
from outreach.web.border_words import shown_borders
from outreach.web.i18n import language
from outreach.web.map_data import map_data

if TYPE_CHECKING:
    from outreach.maps.columns import Places


def draw_national(area: str, inside: Places, own: tuple[str, ...]) -> Response:
    """Draw the map of the *own* regions, looking at *area* with the places *inside* it."""
    view = View(language=language(), area=area, bounds=_bounds(inside), own=own)
    drawn = national_page(
        map_words(gettext), view, borders=shown_borders(map_data().store.manifest())
    )
    return Response(drawn.html, headers=drawn.headers)


def _bounds(places: Places) -> tuple[tuple[float, float], tuple[float, float]]:
    if not len(places):
        return NATION
    latitudes, longitudes = places.latitudes, places.longitudes
    south_west = (float(latitudes.min()), float(longitudes.min()))
    return south_west, (float(latitudes.max()), float(longitudes.max()))
