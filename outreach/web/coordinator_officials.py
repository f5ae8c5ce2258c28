"""Village officials of the own area: who they are, how they are reached, how long they serve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from pydantic import BaseModel, Field

from outreach.errors import Conflict, Invalid, NotFound
from outreach.history.tables import Deed
from outreach.people.access import covers
from outreach.people.directory import Shown, list_officials
from outreach.people.officials import (
    OfficialIn,
    add_official,
    own_official,
    set_active,
    update_official,
)
from outreach.people.tables import Role
from outreach.villages.codes import Level
from outreach.villages.reading import names_of
from outreach.web.auth import person
from outreach.web.coordinator_closures import again
from outreach.web.coordinator_pages import now, pages, today
from outreach.web.coordinator_phones import section_of, unkept
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, fill, read, refill, version_of
from outreach.web.history import tell, tell_numbers
from outreach.web.region_field import Region, with_code
from outreach.web.routing import allow
from outreach.web.words import sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response
    from flask.typing import ResponseReturnValue

    from outreach.people.tables import Official
    from outreach.villages.search import Found

PAGE_LENGTH = 50


class DirectoryIn(BaseModel):
    """Which officials are looked for, and which page of them is shown."""

    q: str = Field(default="", max_length=100)
    show: Shown = Shown.SERVING
    page: int = Field(default=1, ge=1, le=100_000)


@pages.get("/officials")
@allow(Role.COORDINATOR)
def officials() -> ResponseReturnValue:
    """List the officials of the person's area."""
    try:
        given = read(DirectoryIn, request.args)
    except Invalid:
        given = DirectoryIn()
    first = (given.page - 1) * PAGE_LENGTH
    with reading_db() as db:
        found = list_officials(
            db,
            person(),
            today(),
            shown=given.show,
            words=given.q,
            first=first,
            most=PAGE_LENGTH,
        )
    last = max(1, -(-found.found // PAGE_LENGTH))
    tell_numbers(one.village_code for one in found.rows if one.phone)
    return render_template(
        "coordinator/officials.html",
        given=given,
        directory=found,
        tabs=list(Shown),
        today=today(),
        last_page=last,
        before=_page_link(given, given.page - 1, last),
        after=_page_link(given, given.page + 1, last),
    )


def _page_link(given: DirectoryIn, page: int, last: int) -> str:
    if not 1 <= page <= last:
        return ""
    return url_for("coordinator.officials", q=given.q, show=given.show.value, page=page)


@pages.get("/officials/new")
@allow(Role.COORDINATOR)
def new_official() -> ResponseReturnValue:
    """Show the form of an official."""
    return _form(None, fill(village_code=request.args.get("village", "")[:13]))


@pages.post("/officials/new")
@allow(Role.COORDINATOR)
def note_official() -> ResponseReturnValue:
    """Note an official of a village."""
    village = _village()
    try:
        given = read(OfficialIn, village.form)
        with writing_db() as db:
            made = add_official(db, given, by=person())
            db.flush()  # the history needs its id
            tell(db, Deed.OFFICIAL_ADDED, made.id)
    except NotFound:
        return _foreign(None, village)
    except (Invalid, Conflict) as error:
        return _form(None, refill(village.form, error), village.meant), error.status
    return _saved()


@pages.get("/officials/<int:official_id>")
@allow(Role.COORDINATOR)
def edit_official(official_id: int) -> ResponseReturnValue:
    """Show an official in their form."""
    with reading_db() as db:
        stored = own_official(db, official_id, person())
    return _form(stored, fill(**stored.model_dump()))


@pages.post("/officials/<int:official_id>")
@allow(Role.COORDINATOR)
def change_official(official_id: int) -> ResponseReturnValue:
    """Change what is told about an official, unless somebody else did so since it was shown."""
    with reading_db() as db:
        stored = own_official(db, official_id, person())
    village = _village()
    try:
        given = read(OfficialIn, village.form)
        with writing_db() as db:
            version = version_of(village.form)
            until_now = own_official(db, official_id, person()).village_code
            update_official(db, official_id, given, version=version, by=person())
            tell(db, Deed.OFFICIAL_CHANGED, official_id, regions=[until_now])
    except NotFound:
        return _foreign(stored, village)
    except (Invalid, Conflict) as error:
        return _form(stored, again(village, error, stored), village.meant), error.status
    return _saved()


@pages.post("/officials/<int:official_id>/serving")
@allow(Role.COORDINATOR)
def change_serving(official_id: int) -> ResponseReturnValue:
    """Note that an official has left office, or serves again."""
    serves = request.form.get("serves") == "yes"
    try:
        with writing_db() as db:
            version = version_of(request.form)
            changed = set_active(db, official_id, serves, version=version, by=person(), now=now())
            tell(db, Deed.OFFICIAL_CHANGED, official_id, regions=[changed.village_code])
    except Conflict as error:
        flash(sentence(error), "error")
        return redirect(url_for("coordinator.edit_official", official_id=official_id), 303)
    if changed.is_active and changed.term_ends is None:
        flash(_("Saved. Until when is not known: enter the last day in office if you know it."))
        return redirect(url_for("coordinator.edit_official", official_id=official_id), 303)
    return _saved()


def _village() -> Region:
    with reading_db() as db:
        return with_code(db, request.form, "village_code", (Level.VILLAGE,))


def _foreign(stored: Official | None, village: Region) -> ResponseReturnValue:
    """Answer a village outside the area as one that does not exist, with all that was typed."""
    error = Invalid(problems={"village_code": ["unknown_village"]})
    form = again(village, error, stored) if stored else refill(village.form, error)
    return _form(stored, form), error.status


def _form(stored: Official | None, form: Filled, meant: Sequence[Found] = ()) -> Response:
    with reading_db() as db:
        code = form.value("village_code")
        name = names_of(db, [code]).get(code, "") if covers(person().areas, code) else ""
        phones = section_of(db, stored) if stored else None
    if stored and stored.phone:
        tell_numbers([stored.village_code])
    html = render_template(
        "coordinator/official.html",
        official=stored,
        form=form,
        meant=meant,
        village_name=name,
        section=phones,
    )
    return unkept(html)


def _saved() -> ResponseReturnValue:
    flash(_("Saved."))
    return redirect(url_for("coordinator.officials"), 303)
