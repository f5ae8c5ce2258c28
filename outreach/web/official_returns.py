"""An official gives a visit back: the village cannot host it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from pydantic import BaseModel, Field

from outreach.errors import Conflict, Invalid
from outreach.people.free_text import Remark
from outreach.people.tables import Role
from outreach.visits.lifecycle import allowed_moves
from outreach.visits.listing import visit_row
from outreach.visits.returns import return_visit
from outreach.visits.tables import Happening
from outreach.web.auth import person
from outreach.web.coordinator_pages import now
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import fill, read, refill_edit
from outreach.web.official import pages
from outreach.web.routing import allow

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from outreach.visits.rows import VisitRow
    from outreach.web.forms import Filled


class ReturnIn(BaseModel):
    """Why the village cannot host."""

    reason: Remark
    version: int = Field(ge=1, le=2**31 - 1)


@pages.get("/visits/<int:visit_id>/return")
@allow(Role.OFFICIAL)
def give_back(visit_id: int) -> ResponseReturnValue:
    """Ask why the village cannot host."""
    visit = _own(visit_id)
    if Happening.RETURNED not in allowed_moves(visit.work, person().role):
        raise Conflict(problem="wrong_status", status=visit.work, wanted=Happening.RETURNED)
    return _page(visit, fill(version=visit.version))


@pages.post("/visits/<int:visit_id>/return")
@allow(Role.OFFICIAL)
def save_return(visit_id: int) -> ResponseReturnValue:
    """Give the visit back."""
    visit = _own(visit_id)
    try:
        given = read(ReturnIn, request.form)
        with writing_db() as db:
            return_visit(
                db,
                visit_id,
                by=person(),
                now=now(),
                reason=given.reason,
                version=given.version,
            )
    except (Invalid, Conflict) as error:
        visit = _own(visit_id)
        return _page(visit, refill_edit(request.form, error, visit)), error.status
    flash(_("Your branch is told. It will find another day with you."))
    return redirect(url_for("official.my_visits"), 303)


def _own(visit_id: int) -> VisitRow:
    with reading_db() as db:
        return visit_row(db, person(), visit_id)


def _page(visit: VisitRow, form: Filled) -> str:
    return render_template("official/return.html", visit=visit, form=form)
