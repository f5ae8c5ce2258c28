"""One page about an area for the head of its government, as PDF and as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlmodel import col, select

from outreach.campaigns.campaigns import campaign_of
from outreach.errors import NotFound
from outreach.maps.exporting import shapes_of
from outreach.maps.sketch import sign, sketch
from outreach.papers.letterhead import printed_head
from outreach.papers.one_page import LEVELS, MOST_NAMED, STATES, Area, next_visits, one_page
from outreach.papers.typesetting import picture_told, qr, typeset_told
from outreach.people.access import covers
from outreach.people.tables import Role
from outreach.progress.denominators import denominators
from outreach.progress.offices import served_regencies
from outreach.villages.codes import Level, cut, parents
from outreach.villages.reading import names_of
from outreach.villages.tables import Regency
from outreach.web.auth import person
from outreach.web.border_words import shown_borders
from outreach.web.coordinator_pages import now, today
from outreach.web.database import reading_db, running
from outreach.web.i18n import moment, short_date
from outreach.web.manager import BELOW
from outreach.web.map_data import map_data
from outreach.web.map_filters import Filters, home_of, read_filters
from outreach.web.paper_files import pdf_answer, plain_name
from outreach.web.routing import allow
from outreach.web.words import source_words, word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue
    from shapely import Geometry
    from sqlmodel import Session

    from outreach.progress.denominators import Denominator
    from outreach.progress.totals import Total

pages = Blueprint("map_onepage", __name__, url_prefix="/map")
READERS = (Role.COORDINATOR, Role.MANAGER)


@pages.get("/onepage.pdf")
@allow(*READERS)
def pdf() -> ResponseReturnValue:
    """Show the page as PDF."""
    told = _told()
    return pdf_answer(typeset_told([told]), f"{_name(told)}.pdf")


@pages.get("/onepage.png")
@allow(*READERS)
def picture() -> ResponseReturnValue:
    """Send the page as a picture, for a chat."""
    told = _told()
    answer = Response(picture_told(told), mimetype="image/png")
    answer.headers["Content-Disposition"] = f'attachment; filename="{_name(told)}.png"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _name(told: dict[str, Any]) -> str:
    return plain_name(f"ringkasan {told['area']} {told['dated_iso']}")


def _told() -> dict[str, Any]:
    with reading_db() as db, force_locale("id"):
        filters = read_filters(db, person(), home=home_of(person()))
        if len(filters.area) not in LEVELS:
            raise NotFound(region=filters.area)
        scope = filters.scope(person())
        below = BELOW[len(filters.area)]
        totals = map_data().totals(db, scope, below, now())
        ground = map_data().ground(db, scope)
        _change, progress = map_data().progress(db, ground, now())
        told = one_page(
            _area(db, filters),
            totals.whole,
            _sourced(denominators(totals.whole, totals.sources)),
            next_visits(db, scope, now()),
            _named(db, filters.area, ground.places.codes[progress.states == 0].tolist()),
            sketch(_shapes(filters.area, totals.rows), ground.places, progress.states),
            [sign(state) for state in range(len(STATES))],
            as_of=moment(totals.as_of) if totals.as_of else "",
            borders=_borders(),
            today=today(),
        )
    if told["address"]:
        told["qr"] = qr(told["address"])
    return told


def _sourced(three: Sequence[Denominator]) -> list[tuple[Denominator, str]]:
    return [
        (of, f"{source_words(of.source)}, {short_date(of.as_of)}" if of.as_of else "–")
        for of in three
    ]


def _named(db: Session, area: str, villages: Sequence[str]) -> list[str]:
    """Name villages, beyond a single district with theirs; none where they are too many."""
    if len(villages) > MOST_NAMED:
        return []
    names = names_of(db, [*villages, *(cut(code, Level.DISTRICT) for code in villages)])
    if len(area) == Level.DISTRICT:
        return [names[code] for code in villages]
    return [f"{names[code]}, {names[cut(code, Level.DISTRICT)]}" for code in villages]


def _shapes(area: str, below: Sequence[Total]) -> list[Geometry | None]:
    """Read the borders one level down, of a district its own."""
    codes = [area] if len(area) == Level.DISTRICT else [row.code for row in below]
    drawn = Level.REGENCY if len(area) == Level.PROVINCE else Level.DISTRICT
    return shapes_of(map_data().store, codes, drawn)


def _borders() -> str:
    shown = shown_borders(map_data().store.manifest())
    if shown is None:
        return str(_("Approximate borders, drawn from the places of the villages."))
    return str(_("Borders: {source}.")).format(source=shown)


def _area(db: Session, filters: Filters) -> Area:
    around = [code for code in parents(filters.area) if code]
    names = names_of(db, [filters.area, *around])
    public = running().settings.public_url
    is_whole = covers(person().areas, filters.area)
    return Area(
        code=filters.area,
        name=names[filters.area],
        above=[names[code] for code in around],
        part="" if is_whole else "Hanya bagian wilayah ini yang dihitung.",
        filters=_filter_words(db, filters),
        head=_head(db, filters.area),
        address=public + filters.at(filters.area) if public else "",
    )


def _filter_words(db: Session, filters: Filters) -> list[str]:
    campaign = filters.campaign_id and campaign_of(db, person(), filters.campaign_id).name
    return [
        f"kampanye: {campaign or 'semua'}",
        f"jenis desa: {word(filters.kind) if filters.kind else 'semua'}",
    ]


def _head(db: Session, area: str) -> dict[str, Any]:
    """Name the branch that serves the whole area, else the regional office that does, else none."""
    inside = set(
        db.scalars(select(col(Regency.code)).where(col(Regency.code).startswith(area[:5])))
    )
    behind = [one for one in served_regencies(db, person()) if one.regency_code in inside]
    heads = {one.branch_id: printed_head(db, one.branch_id) for one in behind}
    is_demo = any(head["is_demo"] for head in heads.values())
    is_whole = {one.regency_code for one in behind} == inside
    if is_whole and len(heads) == 1:
        return heads[behind[0].branch_id]
    offices = {one.office for one in behind}
    return {"office": offices.pop() if is_whole and len(offices) == 1 else "", "is_demo": is_demo}
