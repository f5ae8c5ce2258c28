"""The coordinator's map: the day-trips of a branch's plan, by team and by day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from outreach.maps.layers import CanvasLayer, Knowledge, Part, Start
from outreach.maps.page import FramePage, LeanMap, View, compose, facts_of, put

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, time


@dataclass(frozen=True, slots=True)
class Base:
    """A team and the place its days begin and end at."""

    team: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Stop:
    """One visit of a day-trip; `starts` is the local time."""

    code: str
    name: str
    latitude: float
    longitude: float
    starts: time


@dataclass(frozen=True, slots=True)
class Trip:
    """One team's day: `team` is its place in the list of bases, stops in their order."""

    team: int
    day: date
    travel_minutes: int
    stops: Sequence[Stop]


def trips_page(
    words: Mapping[str, str],
    view: View,
    bases: Sequence[Base],
    trips: Sequence[Trip],
    today: date,
) -> FramePage:
    """Draw the page of the frame; of the host it asks areas.

    A large plan is first shown by the next day that has a trip, counted from *today*.

    Raises ValueError for a trip of a team that has no base.
    """
    plan = trip_columns(bases, trips)
    page = LeanMap(view)
    data = put(Knowledge(**facts_of(view, plain=True)), page)
    known = {"data": data}
    CanvasLayer("Choropleth", links=known, plain=True).add_to(page)
    CanvasLayer("Labels", links=known).add_to(page)
    Part("Zoom", zoomInTitle=words["zoom_in"], zoomOutTitle=words["zoom_out"]).add_to(page)
    Part("TripFilter", known, plan=plan, language=view.language, today=today.isoformat()).add_to(
        page
    )
    Start(data).add_to(page)
    return compose(page, language=view.language, title=words["trips_map"])


def trip_columns(bases: Sequence[Base], trips: Sequence[Trip]) -> dict[str, Any]:
    """Lay out bases, trips and stops as columns; `stops.trip` numbers the trip of each stop."""
    strays = [trip.team for trip in trips if not 0 <= trip.team < len(bases)]
    if strays:
        raise ValueError(f"trips of teams without a base: {strays}")
    stops = [(number, stop) for number, trip in enumerate(trips) for stop in trip.stops]
    return {
        "teams": [base.team for base in bases],
        "bases": {
            "lat": [round(base.latitude, 5) for base in bases],
            "lon": [round(base.longitude, 5) for base in bases],
        },
        "trips": {
            "team": [trip.team for trip in trips],
            "day": [trip.day.isoformat() for trip in trips],
            "travel_minutes": [trip.travel_minutes for trip in trips],
        },
        "stops": {
            "trip": [number for number, _ in stops],
            "code": [stop.code for _, stop in stops],
            "name": [stop.name for _, stop in stops],
            "lat": [round(stop.latitude, 5) for _, stop in stops],
            "lon": [round(stop.longitude, 5) for _, stop in stops],
            "time": [stop.starts.strftime("%H.%M") for _, stop in stops],
        },
    }
