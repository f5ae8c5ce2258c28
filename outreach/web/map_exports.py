"""The map as files of other map programs: exactly the villages and regions that are seen.

What goes out is Indonesian, whatever language the screens are in.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.campaigns import campaign_of
from outreach.db import be_patient
from outreach.errors import Conflict, NotFound
from outreach.maps.exporting import Exported, geojson_parts, package, shapes_of
from outreach.people.access import covers
from outreach.people.tables import Role
from outreach.progress.layers import Layer
from outreach.progress.scope import villages_in
from outreach.progress.totals import totals_by, village_codes
from outreach.villages.codes import Level
from outreach.villages.reading import names_of
from outreach.villages.tables import Village
from outreach.web.addresses import public_url
from outreach.web.auth import person
from outreach.web.border_words import shown_borders
from outreach.web.coordinator_pages import now, today
from outreach.web.database import reading_db
from outreach.web.i18n import moment, number, short_date
from outreach.web.map_data import map_data
from outreach.web.map_filters import home_of, read_filters
from outreach.web.map_seen import ESTIMATES, asked_weeks, seen_in_layer, seen_in_weeks, seen_now
from outreach.web.paper_files import plain_name
from outreach.web.routing import allow
from outreach.web.words import source_words, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.progress.scope import Scope
    from outreach.progress.totals import Total, Totals
    from outreach.villages.tables import EstimateSource
    from outreach.web.map_filters import Filters
    from outreach.web.map_seen import Seen

pages = Blueprint("map_exports", __name__, url_prefix="/map")
READERS = (Role.COORDINATOR, Role.MANAGER)
#: A text of more points than these no map program opens with pleasure; a GeoPackage has no limit.
MOST_POINTS = 20_000
#: One at a time in a process: the others go on answering pages.
_one = threading.Lock()


@pages.get("/export.geojson")
@allow(*READERS)
def geojson() -> ResponseReturnValue:
    """Send the regions below the area and its villages as GeoJSON."""
    with _alone():
        area, exported = _asked(most=MOST_POINTS)
    return _file(geojson_parts(exported), area, "application/geo+json", "geojson")


@pages.get("/export.gpkg")
@allow(*READERS)
def geopackage() -> ResponseReturnValue:
    """Send the same as a GeoPackage with styles for QGIS."""
    with _alone():
        area, exported = _asked(most=None)
        content = package(exported)
    return _file([content], area, "application/geopackage+sqlite3", "gpkg")


@contextmanager
def _alone() -> Iterator[None]:
    if not _one.acquire(blocking=False):
        raise Conflict(problem="export_busy")
    try:
        yield
    finally:
        _one.release()


def _asked(*, most: int | None) -> tuple[str, Exported]:
    """Gather what the address asks for, and the name of its area."""
    with reading_db() as db, force_locale("id"):
        be_patient(db)
        filters = read_filters(db, person(), home=home_of(person()))
        if len(filters.area) == Level.VILLAGE:
            raise NotFound(region=filters.area)
        area = names_of(db, [filters.area])[filters.area] if filters.area else _("Indonesia")
        return area, _exported(db, filters, area, most=most)


def _exported(db: Session, filters: Filters, area: str, *, most: int | None) -> Exported:
    scope, weeks = filters.scope(person()), asked_weeks()
    level = _level(filters)
    regions = totals_by(db, scope, level)
    is_too_much = most is not None and regions.whole.villages > most
    villages = [] if is_too_much else totals_by(db, scope, Level.VILLAGE).rows
    codes = [row.code for row in villages]
    if weeks is not None:
        every = village_codes(db, scope).tolist()
        seen = seen_in_weeks(db, scope, weeks, regions.rows, every)
    else:
        seen = seen_now(regions.rows, villages)
        if filters.layer is not Layer.REACHED:
            seen = seen_in_layer(db, scope, filters.layer, level, seen, codes)
    about = _about(db, filters, area, regions, seen) | seen.about
    if is_too_much:
        about["desa"] = _(
            "Villages left out: more than %(most)s. Choose a smaller area or take the GeoPackage.",
            most=number(MOST_POINTS),
        )
    shown = [row.code for row in regions.rows]
    return Exported(
        about=about,
        looks=seen.looks,
        villages={} if is_too_much else _villages(db, scope, villages) | seen.villages,
        regions=_regions(regions.rows) | seen.regions,
        shapes=shapes_of(map_data().store, shown, level),
    )


def _level(filters: Filters) -> Level:
    """Tell what regions the map draws of an area: regencies, and districts from a regency on."""
    is_far = len(filters.area) < Level.REGENCY
    return Level.REGENCY if is_far else Level.DISTRICT


def _about(db: Session, filters: Filters, area: str, totals: Totals, seen: Seen) -> dict[str, str]:
    """Tell what was asked for, of when it is and where the figures come from."""
    where = f"{area} ({filters.area})" if filters.area else area
    campaign = filters.campaign_id and campaign_of(db, person(), filters.campaign_id).name
    whole = covers(person().areas, filters.area)
    told_of = [one for one in totals.sources if ESTIMATES.get(one) in seen.regions]
    newest = moment(totals.as_of, person().zone) if totals.as_of else "–"
    return {
        "wilayah": where if whole else _("%(area)s, only your own part of it", area=where),
        "kampanye": campaign or _("All campaigns"),
        "jenis": word(filters.kind) if filters.kind else _("All kinds"),
        "alamat": f"{public_url()}{_address(filters)}",
        "dibuat": now().isoformat(timespec="seconds"),
        "sumber": _("Session reports; the newest of %(when)s", when=newest),
        "batas": shown_borders(map_data().store.manifest())
        or _("Approximate borders, drawn from the places of the villages."),
        **{f"sumber_{ESTIMATES[one]}": _source(totals.sources[one]) for one in told_of},
    }


def _address(filters: Filters) -> str:
    """Write the address of the map as it is seen: with its layer, or its weeks."""
    weeks = {name: request.args[name] for name in ("week", "beside") if request.args.get(name)}
    seen = filters.at(filters.area)
    return f"{seen}{'&' if '?' in seen else '?'}{urlencode(weeks)}" if weeks else seen


def _source(source: EstimateSource) -> str:
    return f"{source_words(source.source)}; {short_date(source.as_of)}"


def _regions(rows: Sequence[Total]) -> dict[str, list[Any]]:
    return {
        "kode": [row.code for row in rows],
        "nama": [row.name for row in rows],
        "desa": [row.villages for row in rows],
    }


def _villages(db: Session, scope: Scope, rows: Sequence[Total]) -> dict[str, list[Any]]:
    query = select(
        col(Village.code),
        col(Village.kind),
        col(Village.latitude),
        col(Village.longitude),
        col(Village.place_is_approximate),
    ).where(villages_in(scope, Village.code))
    told = {code: facts for code, *facts in db.execute(query)}
    places = [told[row.code] for row in rows]
    kinds = {kind: word(kind) for kind in {place[0] for place in places}}
    return {
        "kode": [row.code for row in rows],
        "nama": [row.name for row in rows],
        "jenis": [kinds[place[0]] for place in places],
        **_around(db, [row.code for row in rows]),
        "tempat_perkiraan": [bool(place[3]) for place in places],
        "lintang": [round(place[1], 5) for place in places],
        "bujur": [round(place[2], 5) for place in places],
    }


def _around(db: Session, codes: Sequence[str]) -> dict[str, list[str]]:
    levels = {
        "provinsi": Level.PROVINCE,
        "kabupaten_kota": Level.REGENCY,
        "kecamatan": Level.DISTRICT,
    }
    names = names_of(db, {code[:level] for code in codes for level in levels.values()})
    return {title: [names[code[:level]] for code in codes] for title, level in levels.items()}


def _file(parts: Iterable[bytes], area: str, media_type: str, ending: str) -> Response:
    """Send a file by the name that the table of the same map has."""
    day = today().isoformat()
    name = f"peta-{plain_name(area)}-{day}.{ending}"
    answer = Response(parts, mimetype=media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
