"""The manager's pages: the map with its table, the search, and the page of a village for all."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, render_template, request, url_for

from outreach.campaigns.campaigns import list_campaigns
from outreach.errors import Invalid, NotFound
from outreach.logbook.listing import reports_of_village
from outreach.maps.safe import SANDBOX, script_json
from outreach.people.access import NATION, Person, covers
from outreach.people.officials import active_officials
from outreach.people.tables import Role
from outreach.progress.totals import Total, village_states
from outreach.villages.calendar import marks_of
from outreach.villages.codes import Level, level, parents, parse
from outreach.villages.counts import counts_of
from outreach.villages.reading import estimate_sources, name_of, names_of, village_card
from outreach.villages.search import search
from outreach.villages.tables import Figure, VillageKind
from outreach.visits.listing import history, visits_of_village
from outreach.web.auth import person
from outreach.web.closure_words import marks_in_words
from outreach.web.coordinator_pages import now, today
from outreach.web.database import reading_db
from outreach.web.history import tell_numbers
from outreach.web.map_beginning import beginning
from outreach.web.map_data import map_data
from outreach.web.map_filters import Filters, home_of, read_filters
from outreach.web.map_layers import layer_column, layer_urls
from outreach.web.routing import allow
from outreach.web.village_figures import village_figures
from outreach.web.village_way import way_and_score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.people.tables import Official
    from outreach.villages.reading import VillageCard

pages = Blueprint("manager", __name__)
READERS = (Role.COORDINATOR, Role.MANAGER)
#: States of a village in words of `maps.columns`, by number.
STATES = ("not_planned", "planned", "confirmed", "reached")
BELOW = {
    0: Level.PROVINCE,
    Level.PROVINCE: Level.REGENCY,
    Level.REGENCY: Level.DISTRICT,
    Level.DISTRICT: Level.VILLAGE,
}
MOST_FOUND = 40
#: How far ahead a village's special days are told, and how many.
AHEAD = timedelta(days=60)
MOST_DAYS = 12


@pages.get("/map")
@allow(*READERS)
def map_page() -> ResponseReturnValue:
    """Show the map and, below it, the same numbers as a table."""
    with reading_db() as db:
        filters = read_filters(db, person(), home=home_of(person()))
        if len(filters.area) == Level.VILLAGE:
            return redirect(url_for("manager.village", code=filters.area), 303)
        return render_template(
            "manager/map.html",
            **table_of(db, filters),
            **_frame(db, filters),
            campaigns=list_campaigns(db, person()),
            kinds=list(VillageKind),
        )


@pages.get("/map/table")
@allow(*READERS)
def map_table() -> ResponseReturnValue:
    """Show the table alone, for the page that has it already."""
    with reading_db() as db:
        filters = read_filters(db, person(), home=home_of(person()))
        if len(filters.area) == Level.VILLAGE:
            raise NotFound(region=filters.area)
        return render_template("manager/table.html", **table_of(db, filters))


@pages.get("/areas/<code>")
@allow(*READERS)
def area(code: str) -> ResponseReturnValue:
    """Go to the map and the table of a region."""
    with reading_db() as db:
        try:
            dotted = parse(code)
        except Invalid:
            raise NotFound(region=code[:20]) from None
        name_of(db, person(), dotted)
    return redirect(Filters().at(dotted), 303)


def table_of(db: Session, filters: Filters) -> dict[str, Any]:
    """Gather what the table beside the map shows."""
    below = BELOW[len(filters.area)]
    totals = map_data().totals(db, filters.scope(person()), below, now())
    return {
        **layer_column(db, filters, below),
        "filters": filters,
        "level": below.name.lower(),
        "rows": totals.rows,
        "whole": totals.whole,
        "as_of": totals.as_of,
        "sources": totals.sources,
        "state_of": state_of,
        "crumbs": crumbs_to(db, person(), filters.area),
        "is_part": not covers(person().areas, filters.area),
    }


def state_of(row: Total) -> str:
    """Name the state of a row that is one village."""
    return STATES[3 * row.reached or 2 * row.confirmed or row.planned]


def crumbs_to(db: Session, someone: Person, area_code: str) -> list[tuple[str, str]]:
    """List the way from the person's whole area to a region: codes and names."""
    around = [code for code in reversed(parents(area_code)) if code] if area_code else []
    names = names_of(db, [*around, area_code])
    inside = [(code, names.get(code, "")) for code in [*around, area_code] if code]
    home = home_of(someone)
    start = [(NATION, "")] if home == NATION else []
    return start + [(code, name) for code, name in inside if covers((home,), code)]


def _frame(db: Session, filters: Filters) -> dict[str, Any]:
    """Gather what the host page of the map needs; without built shapes there is no map."""
    data = map_data()
    manifest = data.store.map_manifest()
    if not manifest:
        return {"urls": None}
    ground = data.ground(db, filters.scope(person(), whole=True))
    rows = filters.query(rows=ground.file)
    more = "&" if rows else "?"
    urls = {
        **beginning(db),
        "areas": f"/map/{manifest['areas']}",
        "places": f"/map/{ground.file}{filters.query()}",
        "districts": "/map/districts/{code}",
        "stats": f"/map/stats{rows}",
        "state": f"/map/state{rows}",
        "changes": f"/map/changes{rows}{more}since={{since}}",
        "details": f"/map/details/{{code}}{rows}",
        **layer_urls(rows),
        "search": "/map/search?q={q}",
        "village": "/villages/{code}",
        "approximate": "/villages/approximate?area={area}",
    }
    return {
        "urls": script_json(urls),
        "sandbox": SANDBOX,
        "preloads": [urls[name] for name in ("script", "texts", "stats")],
        "frame": f"/map/frame{filters.query(area=filters.area)}",
    }


@pages.get("/villages")
@allow(Role.OFFICIAL, *READERS)
def villages() -> ResponseReturnValue:
    """Search regions by code or name."""
    words = request.args.get("q", "")
    with reading_db() as db:
        found = search(db, person(), words, limit=MOST_FOUND)
    return render_template("manager/search.html", words=words, found=found, most=MOST_FOUND)


@pages.get("/villages/<code>")
@allow(Role.OFFICIAL, *READERS)
def village(code: str) -> ResponseReturnValue:
    """Show what is known of a village, its visits and what they brought."""
    with reading_db() as db:
        card = village_card(db, person(), _dotted(code))
        if card.code != code:
            return redirect(url_for("manager.village", code=card.code), 301)
        visits = visits_of_village(db, person(), code)
        return render_template(
            "manager/village.html",
            card=card,
            state=_village_state(db, code),
            visits=visits,
            history={visit.id: history(db, person(), visit.id) for visit in visits},
            reports=reports_of_village(db, person(), code),
            sources=estimate_sources(db),
            officials=_officials(db, code),
            special_days=_special_days(db, code),
            **way_and_score(db, code, today()),
            counts={figure: one for (_, figure), one in counts_of(db, [code]).items()},
            figures=Figure,
            **_for_readers(db, card),
        )


def _for_readers(db: Session, card: VillageCard) -> dict[str, Any]:
    """Gather what those see who read the board and the map; others have neither."""
    if person().role not in READERS:
        return {"crumbs": []}
    crumbs = crumbs_to(db, person(), card.district_code)
    return {"crumbs": crumbs, **village_figures(db, card.code)}


def _officials(db: Session, code: str) -> Sequence[Official] | None:
    """Officials in office, for those who call them; None for everybody else."""
    if person().role is not Role.COORDINATOR:
        return None
    found = active_officials(db, [code], today()).get(code, ())
    tell_numbers(code for one in found if one.phone)
    return found


def _special_days(db: Session, code: str) -> list[tuple[date, str, bool]]:
    """List the next days on which the village is closed or has its market, and why."""
    marks = marks_of(db, [code], today(), today() + AHEAD).get(code, {})
    return [
        (day, marks_in_words(some), any(one.closes for one in some))
        for day, some in sorted(marks.items())
    ][:MOST_DAYS]


def _dotted(code: str) -> str:
    try:
        dotted = parse(code)
    except Invalid:
        raise NotFound(village=code[:20]) from None
    if level(dotted) is not Level.VILLAGE:
        raise NotFound(village=dotted)
    return dotted


def _village_state(db: Session, code: str) -> str:
    states = village_states(db, Filters(code).scope(person())).states
    return STATES[int(states[0])]
