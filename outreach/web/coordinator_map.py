"""The map of a stage's day-trips: our page, and Folium's in the sandboxed frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, render_template, url_for
from flask_babel import gettext as _

from outreach.campaigns.stages import stage_of
from outreach.maps.safe import SANDBOX, script_json
from outreach.visits.listing import day_trips
from outreach.web.auth import person
from outreach.web.coordinator_pages import READERS, pages, today
from outreach.web.coordinator_plan import around
from outreach.web.database import reading_db
from outreach.web.i18n import language
from outreach.web.map_beginning import beginning
from outreach.web.map_data import map_data
from outreach.web.routing import allow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.maps.branch_trips import Base, Trip
    from outreach.maps.page import Bounds
    from outreach.visits.rows import DayTrip


@pages.get("/stages/<int:stage_id>/plan/map")
@allow(*READERS)
def trips_map(stage_id: int) -> ResponseReturnValue:
    """Show the page that holds the map."""
    with reading_db() as db:
        shown = around(db, stage_of(db, person(), stage_id), "map")
        urls = _urls(db)
    return render_template(
        "coordinator/plan_map.html",
        frame=url_for("coordinator.trips_frame", stage_id=stage_id),
        host_urls=script_json(urls),
        sandbox=SANDBOX,
        **shown,
    )


def _urls(db: Session) -> dict[str, str]:
    """Gather what the host page of the map needs; nothing before the maps were built."""
    manifest = map_data().store.map_manifest()
    if not manifest:
        return {}
    areas = f"/map/{manifest['areas']}"
    return {**beginning(db), "areas": areas, "village": "/villages/{code}"}


@pages.get("/stages/<int:stage_id>/plan/map/frame")
@allow(*READERS)
def trips_frame(stage_id: int) -> ResponseReturnValue:
    """Draw the Folium page of the sandboxed frame."""
    # Folium takes two seconds to load: only the process that draws a map pays for it.
    from outreach.maps.branch_trips import trips_page  # noqa: PLC0415
    from outreach.maps.page import View  # noqa: PLC0415
    from outreach.maps.words import map_words  # noqa: PLC0415

    with reading_db() as db:
        trips = day_trips(db, person(), stage_id)
    bases, drawn = _columns(trips)
    view = View(language=language(), bounds=_bounds(trips))
    made = trips_page(map_words(_), view, bases, drawn, today())
    return Response(made.html, headers=made.headers)


def _columns(trips: Sequence[DayTrip]) -> tuple[list[Base], list[Trip]]:
    """Put day-trips the way the map asks for them: teams by number, stops by place.

    A team that stays overnight starts from there: on the map it stands as one of its own.
    """
    from outreach.maps.branch_trips import Base, Stop, Trip  # noqa: PLC0415

    ordered = sorted(trips, key=lambda trip: (trip.team, trip.is_stay, trip.base_name))
    bases = {(trip.team_id, trip.base): trip for trip in ordered}
    numbers = {key: number for number, key in enumerate(bases)}
    drawn = [
        Trip(
            numbers[trip.team_id, trip.base],
            trip.day,
            trip.travel_minutes,
            [
                Stop(one.village_code, one.village, one.latitude, one.longitude, one.starts_at)
                for one in trip.stops
            ],
        )
        for trip in trips
    ]
    return [Base(_named(t), t.base.latitude, t.base.longitude) for t in bases.values()], drawn


def _named(trip: DayTrip) -> str:
    """Name a team, and where it stays overnight on these trips."""
    if not trip.is_stay:
        return trip.team
    named: str = _("%(team)s, staying at %(hub)s", team=trip.team, hub=trip.base_name)
    return named


def _bounds(trips: Sequence[DayTrip]) -> Bounds:
    from outreach.maps.page import NATION  # noqa: PLC0415

    stops = [(stop.latitude, stop.longitude) for trip in trips for stop in trip.stops]
    places = stops + [(trip.base.latitude, trip.base.longitude) for trip in trips]
    if not places:
        return NATION
    latitudes, longitudes = zip(*places, strict=True)
    return (min(latitudes), min(longitudes)), (max(latitudes), max(longitudes))
