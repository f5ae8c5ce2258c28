"""Ways to villages: what is noted of boats and airstrips, for one village or a whole region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request, url_for
from flask_babel import ngettext

from outreach.errors import Invalid
from outreach.people.calendar_edits import calendar_areas
from outreach.people.tables import Role
from outreach.people.ways import WayIn, note_way, noted_ways
from outreach.planning.model import Access
from outreach.planning.travel import AIR, BOAT
from outreach.web.auth import person
from outreach.web.coordinator_pages import READERS, page_asked, pages
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, fill, read, refill
from outreach.web.i18n import number
from outreach.web.region_field import with_code
from outreach.web.routing import allow
from outreach.web.words import word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue

    from outreach.villages.search import Found


@dataclass(frozen=True, slots=True)
class _Noter:
    """Looks names up where the person may note ways; the administrator does so everywhere."""

    areas: tuple[str, ...]


@pages.get("/ways")
@allow(*READERS, Role.ADMIN)
def ways() -> ResponseReturnValue:
    """List what is noted of the ways to the villages of the person's area."""
    return _page(fill(region_code=request.args.get("region", "")[:13]))


@pages.post("/ways")
@allow(Role.COORDINATOR, Role.ADMIN)
def note_ways() -> ResponseReturnValue:
    """Note how the villages of a region are reached, or take a note back."""
    with reading_db() as db:
        region = with_code(db, request.form, "region_code", viewer=_Noter(calendar_areas(person())))
    try:
        given = read(WayIn, region.form)
        with writing_db() as db:
            villages = note_way(db, given, by=person())
    except Invalid as error:
        return _page(refill(region.form, error), region.meant), error.status
    flash(_done(given.access, villages))
    return redirect(url_for("coordinator.ways"), 303)


def _done(access: Access, villages: int) -> str:
    shown = number(villages)
    if access is Access.ROAD:
        words = ngettext(
            "The note of %(shown)s village is taken back.",
            "The notes of %(shown)s villages are taken back.",
            villages,
            shown=shown,
        )
        return str(words)
    words = ngettext(
        "Noted for %(shown)s village. Plans made from now on count with it.",
        "Noted for %(shown)s villages. Plans made from now on count with it.",
        villages,
        shown=shown,
    )
    return str(words)


def _page(form: Filled, meant: Sequence[Found] = ()) -> str:
    with reading_db() as db:
        noted = noted_ways(db, person(), page=page_asked())
    return render_template(
        "coordinator/ways.html",
        noted=noted,
        form=form,
        meant=meant,
        accesses=[(one.value, word(one)) for one in (Access.BOAT, Access.AIR, Access.ROAD)],
        boat=BOAT,
        air=AIR,
        may_note=person().role in (Role.COORDINATOR, Role.ADMIN),
    )
