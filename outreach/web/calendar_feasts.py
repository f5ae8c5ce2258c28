"""When the feasts are: as computed, and as whoever keeps the whole country announces them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from pydantic import BaseModel, Field

from outreach.errors import Conflict, Invalid, NotFound
from outreach.people.calendar_edits import (
    AnnouncedIn,
    announce,
    feast_known,
    may_announce,
    withdraw,
)
from outreach.people.tables import Role
from outreach.planning.feasts import FIRST_YEAR, LAST_YEAR, Feast
from outreach.villages.feasts import feasts_of_year
from outreach.visits.closures import count_on_closed_days
from outreach.web.auth import person
from outreach.web.calendar_rules import KEEPERS
from outreach.web.coordinator_closures import again
from outreach.web.coordinator_pages import days_asked, today
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, fill, read, refill, version_of
from outreach.web.i18n import number
from outreach.web.region_field import Region
from outreach.web.routing import allow

if TYPE_CHECKING:
    from datetime import date

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.villages.feasts import KnownFeast

pages = Blueprint("calendar_feasts", __name__, url_prefix="/calendar")


class YearIn(BaseModel):
    """Which year's feasts are shown."""

    year: Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)] | None = None


@pages.get("/feasts")
@allow(*KEEPERS)
def feasts() -> ResponseReturnValue:
    """List the feasts of a year, as computed and as announced."""
    year = days_asked(YearIn).year or today().year
    with reading_db() as db:
        known = feasts_of_year(db, year)
    lines = [(_key(one), one) for one in known]
    return render_template(
        "calendar/feasts.html",
        year=year,
        first_year=FIRST_YEAR,
        last_year=LAST_YEAR,
        lines=lines,
        may_announce=may_announce(person()),
    )


@pages.get("/feasts/<feast_key>")
@allow(Role.MANAGER, Role.ADMIN)
def edit_feast(feast_key: str) -> ResponseReturnValue:
    """Show the days of a feast in their form."""
    with reading_db() as db:
        known = feast_known(db, *_feast(feast_key))
    said = known.announced
    form = fill(starts=known.starts, ends=known.ends, source=known.source)
    return _feast_form(known, fill(**said.model_dump()) if said else form)


@pages.post("/feasts/<feast_key>")
@allow(Role.MANAGER, Role.ADMIN)
def announce_feast(feast_key: str) -> ResponseReturnValue:
    """Note the announced days of a feast, and tell how many visits they close out."""
    key = _feast(feast_key)
    with reading_db() as db:
        known = feast_known(db, *key)
    try:
        given = read(AnnouncedIn, request.form)
        with writing_db() as db:
            version = version_of(request.form)
            announce(db, *key, given, version=version, by=person())
            hit = _closed_out(db, given.starts, given.ends)
    except (Invalid, Conflict) as error:
        said = known.announced
        form = again(Region(request.form), error, said) if said else refill(request.form, error)
        return _feast_form(known, form), error.status
    return _feast_saved(known.computed.year, hit)


@pages.post("/feasts/<feast_key>/withdraw")
@allow(Role.MANAGER, Role.ADMIN)
def withdraw_feast(feast_key: str) -> ResponseReturnValue:
    """Take an announcement back, and tell how many visits the computed days close out."""
    key = _feast(feast_key)
    with writing_db() as db:
        known = feast_known(db, *key)
        if known.announced is not None:
            withdraw(db, *key, by=person())
        hit = _closed_out(db, known.computed.starts, known.computed.ends)
    return _feast_saved(key[1], hit)


def _feast(key: str) -> tuple[Feast, int, int]:
    """Read `idul_fitri-2027-1`."""
    name, year, nth = [*key.split("-"), "", ""][:3]
    is_known = name in set(Feast) and year.isdecimal() and nth.isdecimal() and len(key) < 40
    if not is_known or not FIRST_YEAR <= int(year) <= LAST_YEAR:
        raise NotFound(feast=key[:40])
    return Feast(name), int(year), int(nth)


def _key(known: KnownFeast) -> str:
    computed = known.computed
    return f"{computed.feast.value}-{computed.year}-{computed.nth}"


def _feast_form(known: KnownFeast, form: Filled) -> str:
    return render_template(
        "calendar/feast.html",
        feast_key=_key(known),
        known=known,
        form=form,
        may_announce=may_announce(person()),
    )


def _closed_out(db: Session, starts: date, ends: date) -> int:
    """Count the visits that now stand on closed days among these; an administrator sees none."""
    if person().role is Role.ADMIN:
        return 0
    db.flush()  # what was noted, before it is reckoned with
    return count_on_closed_days(db, person(), starts, ends)


def _feast_saved(year: int, hit: int) -> ResponseReturnValue:
    flash(_("Saved."))
    if hit:
        flash(_closed_out_words(hit), "error")
    return redirect(url_for("calendar_feasts.feasts", year=year), 303)


def _closed_out_words(hit: int) -> str:
    words = ngettext(
        "%(shown)s visit stands on these days. Its branch finds it under Days closed and moves it.",
        "%(shown)s visits stand on these days. Their branches find them under Days closed and move"
        " them.",
        hit,
        shown=number(hit),
    )
    return str(words)
