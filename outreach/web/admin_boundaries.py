"""The administrator brings in true borders: upload, look at what matched, confirm, go back."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext as _
from pydantic import BaseModel, ConfigDict, Field

from outreach.errors import Conflict, Invalid
from outreach.maps.boundaries import match
from outreach.maps.boundary_job import clear, standing, start
from outreach.maps.boundary_keeping import (
    Borders,
    draft_of,
    drawing,
    drop_draft,
    forget,
    keep_draft,
    kept_borders,
)
from outreach.maps.boundary_reading import MOST_BYTES, read_borders, unusable
from outreach.people.free_text import Note, plain_file_name
from outreach.people.tables import Role
from outreach.villages.reading import names_of
from outreach.web.border_words import ROWS, file_problem, shown_borders
from outreach.web.coordinator_pages import today
from outreach.web.database import reading_db
from outreach.web.forms import Filled, fill, read, refill
from outreach.web.map_data import map_data, read_places
from outreach.web.map_regions import region_codes
from outreach.web.routing import allow, takes
from outreach.web.words import sentence

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from outreach.maps.artefacts import Store
    from outreach.maps.boundaries import Report

pages = Blueprint("admin_boundaries", __name__, url_prefix="/admin/boundaries")

#: More than these of a list the page does not show; it says how many there are.
MOST_SHOWN = 200
_SECONDS = 2


class BordersIn(BaseModel):
    """What is told with a file of borders."""

    model_config = ConfigDict(str_strip_whitespace=True)

    source: Note = Field(min_length=1, max_length=120)
    as_of: date
    level: Literal["", "province", "regency", "district", "village"] = ""
    column: str = Field(default="", max_length=60)
    layer: str = Field(default="", max_length=60)


@pages.get("")
@allow(Role.ADMIN)
def show() -> ResponseReturnValue:
    """Show which borders the map has, what waits for a yes, and the form for a file."""
    return _page(fill())


@pages.post("")
@takes(MOST_BYTES + 100_000)
@allow(Role.ADMIN)
def upload() -> ResponseReturnValue:
    """Read a file of borders and match it; the map stays as it is."""
    try:
        given = _told_borders()
    except Invalid as error:
        return _page(refill(request.form, error)), error.status
    try:
        _take_in(given)
    except Invalid as error:
        form = refill(request.form, error).asking("file", file_problem(error))
        return _page(form), error.status
    except Conflict as error:
        return _page(refill(request.form, error), sentence(error)), error.status
    return redirect("/admin/boundaries", 303)


def _told_borders() -> BordersIn:
    given = read(BordersIn, request.form)
    if given.as_of > today():
        raise Invalid(problems={"as_of": ["in_the_future"]})
    return given


def _take_in(given: BordersIn) -> None:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise unusable("missing")
    with file.stream as sent:
        content = sent.read()
    found = read_borders(content, column=given.column, layer=given.layer)
    with reading_db() as db:
        report, regions = match(found, read_places(db), region_codes(db), given.level)
    borders = Borders(given.source, given.as_of, plain_file_name(file.filename, 80), report)
    with drawing(_store()):  # which ends by dropping its draft: a new one would go with it
        clear(_store())
        keep_draft(_store(), borders, regions)


@pages.post("/apply")
@allow(Role.ADMIN)
def apply() -> ResponseReturnValue:
    """Begin to draw the map with the borders that were looked at."""
    with reading_db() as db:
        places = read_places(db)
    try:
        start(_store(), request.form.get("stamp", ""), places)
    except Conflict as error:
        return _page(fill(), sentence(error)), error.status
    return redirect("/admin/boundaries", 303)


@pages.post("/discard")
@allow(Role.ADMIN)
def discard() -> ResponseReturnValue:
    """Throw away what was read, unless the map is being drawn with it already."""
    try:
        with drawing(_store()):
            drop_draft(_store())
            clear(_store())
    except Conflict as error:
        return _page(fill(), sentence(error)), error.status
    return redirect("/admin/boundaries", 303)


@pages.post("/forget")
@allow(Role.ADMIN)
def go_back() -> ResponseReturnValue:
    """Go back to the approximate borders."""
    try:
        gone = forget(_store())
    except Conflict as error:
        return _page(fill(), sentence(error)), error.status
    if gone:
        flash(_("The map shows the approximate borders again."))
    return redirect("/admin/boundaries", 303)


def _page(form: Filled, trouble: str = "") -> Response:
    store = _store()
    is_built = "areas" in store.manifest()
    progress, draft = standing(store), draft_of(store)
    is_drawing = progress is not None and not progress.failed
    report = draft.borders.report if draft and not is_drawing else None
    answer = make_response(
        render_template(
            "admin/boundaries.html",
            form=form,
            trouble=trouble,
            is_built=is_built,
            shown=shown_borders(store.manifest()),
            kept=kept_borders(store),
            drawing=progress,
            draft=draft,
            report=report,
            **_lists(report),
            reasons={reason: _(words) for reason, words in ROWS.items()},
            most=MOST_SHOWN,
            most_megabytes=MOST_BYTES // 1024 // 1024,
        )
    )
    if is_drawing and request.method == "GET":
        answer.headers["Refresh"] = str(_SECONDS)
    return answer


def _lists(report: Report | None) -> dict[str, list[tuple[str, str]]]:
    """Name the regions of the report's lists: codes and words."""
    if report is None:
        return {}
    missing, elsewhere = report.missing[:MOST_SHOWN], report.elsewhere[:MOST_SHOWN]
    twice = dict(report.twice[:MOST_SHOWN])
    with reading_db() as db:
        names = names_of(db, [*missing, *elsewhere, *twice])

    return {
        "missing": [(code, names.get(code, "")) for code in missing],
        "elsewhere": [(code, names.get(code, "")) for code in elsewhere],
        "twice": [(c, f"{names.get(c, '')} ({n}×)") for c, n in twice.items()],
    }


def _store() -> Store:
    return map_data().store
