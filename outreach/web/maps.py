"""The addresses behind a map, as the contract in `outreach.maps` names them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import brotli
from flask import Blueprint, Response, request
from sqlalchemy import select
from sqlmodel import col

from outreach.errors import Conflict, NotFound
from outreach.maps import columns
from outreach.people.access import NATION, within
from outreach.people.tables import Role
from outreach.progress.changes import changes_since
from outreach.progress.scope import scope_for
from outreach.villages.codes import Level
from outreach.villages.reading import TABLES, names_of
from outreach.villages.search import search as find
from outreach.villages.tables import District, Village
from outreach.web.auth import person
from outreach.web.database import reading_db
from outreach.web.map_data import Ground, MapData, map_data
from outreach.web.map_filters import Filters, home_of, read_filters
from outreach.web.routing import allow, public

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.maps.artefacts import Stored

pages = Blueprint("maps", __name__, url_prefix="/map")
READERS = (Role.COORDINATOR, Role.MANAGER)
FOREVER = "max-age=31536000, immutable"
MOST_FOUND = 8
#: Smaller answers are not worth compressing.
WORTH_BYTES = 500


class Asked(NamedTuple):
    """What a request for data is about."""

    filters: Filters
    ground: Ground


@pages.get("/frame")
@allow(*READERS)
def frame() -> ResponseReturnValue:
    """Draw the Folium page of the sandboxed frame."""
    from outreach.web.map_frame import draw_national  # noqa: PLC0415 - it loads Folium

    with reading_db() as db:
        filters = read_filters(db, person(), home=home_of(person()))
        places = map_data().ground(db, filters.scope(person(), whole=True)).places
    inside = places.only(columns.scope_of(places.codes, [filters.area]))
    return draw_national(filters.area, inside, person().areas)


@pages.get("/<file_name>")
@allow(*READERS)
def artefact(file_name: str) -> ResponseReturnValue:
    """Send shapes, texts or the places of the person's own scope."""
    if file_name.startswith("places-"):
        with reading_db() as db:
            asked(db, file_name)
        return _stored(file_name, "private")
    if not file_name.startswith(("areas-", "texts-")):
        raise NotFound(file=file_name)
    return _stored(file_name, "public")


@pages.get("/districts/<province_code>")
@allow(*READERS)
def districts(province_code: str) -> ResponseReturnValue:
    """Send the shapes of a province's districts."""
    return _stored(
        map_data().store.manifest().get("districts", {}).get(province_code, ""), "public"
    )


@pages.get("/assets/<path:asset_path>")
@public
def assets(asset_path: str) -> ResponseReturnValue:
    """Send a script, a style sheet or a picture to the frame, which has no login."""
    return _stored(f"assets/{asset_path}", "public")


def _stored(name: str, whose: str) -> Response:
    found: Stored | None = map_data().store.open(name, request.headers.get("Accept-Encoding", ""))
    if found is None:
        raise NotFound(file=name)
    answer = Response(found.body, mimetype=found.media_type)
    answer.headers["Cache-Control"] = f"{whose}, {FOREVER if found.immutable else 'max-age=3600'}"
    answer.vary.add("Accept-Encoding")
    if found.encoding:
        answer.headers["Content-Encoding"] = found.encoding
    return answer


@pages.get("/stats")
@allow(*READERS)
def stats() -> ResponseReturnValue:
    """Count the villages of every regency by state."""
    return _versioned("stats", "application/json", columns.encode_stats)


@pages.get("/state")
@allow(*READERS)
def state() -> ResponseReturnValue:
    """Send one byte for every village."""

    def encode(version: int, _places: columns.Places, progress: columns.Progress) -> bytes:
        return columns.encode_state(version, progress)

    return _versioned("state", "application/octet-stream", encode)


def _versioned(
    kind: str,
    media_type: str,
    encode: Callable[[int, columns.Places, columns.Progress], bytes],
    part: str = "",
) -> Response:
    data = map_data()
    with reading_db() as db:
        ground = asked(db).ground
        change, progress = data.progress(db, ground, datetime.now(UTC))
    key = (kind, part, ground.scope, ground.file, change)
    body = data.body(key, lambda: encode(change.settled, ground.places, progress))
    answer = packed(data, key, body, media_type)
    answer.add_etag(weak=True)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.make_conditional(request)
    return answer


def packed(data: MapData, key: object, body: bytes, media_type: str) -> Response:
    """Answer with a body, compressed once where that is worth it and the caller reads it."""
    answer = Response(body, mimetype=media_type)
    answer.vary.add("Accept-Encoding")
    if len(body) > WORTH_BYTES and request.accept_encodings["br"] > 0:
        packed = data.body(("br", key), lambda: brotli.compress(body, quality=5))
        answer = Response(packed, mimetype=media_type, headers={"Content-Encoding": "br"})
        answer.vary.add("Accept-Encoding")
    return answer


@pages.get("/changes")
@allow(*READERS)
def changes() -> ResponseReturnValue:
    """Tell what has changed since the number the map knows; nothing is the empty answer 204."""
    now = datetime.now(UTC)
    with reading_db() as db:
        ground = asked(db).ground
        latest, codes = changes_since(db, ground.scope, _since(), now)
        change, progress = map_data().progress(db, ground, now)
    if codes is None or _since() > change.newest:
        return _json(columns.encode_reload(change.settled))
    rows = ground.rows_of(codes)
    if not rows and latest == _since():
        return Response(status=204, headers={"Cache-Control": "no-store"})
    return _json(columns.encode_changes(latest, rows, ground.places, progress))


def _since() -> int:
    given = request.args.get("since", "0")
    if not (given.isascii() and given.isdecimal() and len(given) < 16):
        raise NotFound(since=given[:20])
    return int(given)


@pages.get("/details/<regency_code>")
@allow(*READERS)
def details(regency_code: str) -> ResponseReturnValue:
    """Name the villages of a regency."""
    if len(regency_code) != Level.REGENCY:
        raise NotFound(region=regency_code)
    with reading_db() as db:
        # Whose area is a district of the regency sees that district in it.
        own = scope_for(person(), region=regency_code).prefixes
        name = names_of(db, [regency_code]).get(regency_code)
        if name is None:
            raise NotFound(region=regency_code)
        around = _names_in(db, District, own)
        names = _names_in(db, Village, own)
    regency = columns.Regency(regency_code, name, around)

    def encode(_version: int, places: columns.Places, progress: columns.Progress) -> bytes:
        inside = columns.scope_of(places.codes, [regency_code])
        told = [names[village] for village in places.codes[inside.rows].tolist()]
        return columns.encode_details(regency, places.only(inside), told, progress.only(inside))

    return _versioned("details", "application/json", encode, part=regency_code)


def _names_in(
    db: Session, table: type[District | Village], regions: Iterable[str]
) -> dict[str, str]:
    query = select(col(table.code), col(table.name)).where(within(table.code, regions))
    return {row.code: row.name for row in db.execute(query)}


@pages.get("/search")
@allow(*READERS)
def search() -> ResponseReturnValue:
    """Find regions by code or name."""
    with reading_db() as db:
        found = find(db, person(), request.args.get("q", ""), limit=MOST_FOUND)
        where = _positions(db, [region.code for region in found])
    results = [
        columns.Found(
            region.code,
            region.name,
            ", ".join(filter(None, (region.district, region.regency, region.province))),
            *where[region.code],
        )
        for region in found
        if region.code in where
    ]
    return _json(columns.encode_results(results))


def _positions(db: Session, codes: Iterable[str]) -> dict[str, tuple[float, float]]:
    wanted = list(codes)
    found: dict[str, tuple[float, float]] = {}
    for table in TABLES.values():
        query = select(col(table.code), col(table.latitude), col(table.longitude))
        rows = db.execute(query.where(col(table.code).in_(wanted)))
        found |= {code: (latitude, longitude) for code, latitude, longitude in rows}
    return found


def _json(body: bytes) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(body, mimetype="application/json", headers=headers)


def asked(db: Session, file: str | None = None) -> Asked:
    """Read what a request is about; its rows must be those the map was given.

    Raises
    ------
    NotFound
        If *file* is not the file of places of the scope asked for.
    Conflict
        If the villages in scope are no longer those the page was made from.
    """
    filters = read_filters(db, person(), home=NATION)
    ground = map_data().ground(db, filters.scope(person(), whole=True))
    if file is not None and file != ground.file:
        raise NotFound(file=file)
    made_from = request.args.get("rows")
    if made_from and made_from != ground.file:
        raise Conflict(problem="map_is_old")
    return Asked(filters, ground)
