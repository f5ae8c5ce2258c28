"""The letterhead of a branch: how its letters begin, who signs, how they are numbered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from outreach.errors import Conflict, Invalid
from outreach.papers.letterhead import LetterheadIn, letterhead_of, save_letterhead
from outreach.people.branches import own_branch
from outreach.people.tables import Role
from outreach.web.auth import person
from outreach.web.coordinator_pages import filled_again, pages
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, fill, read, version_of
from outreach.web.routing import allow

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlmodel import Session


@pages.get("/branches/<int:branch_id>/letterhead")
@allow(Role.COORDINATOR, Role.ADMIN)
def letterhead(branch_id: int) -> ResponseReturnValue:
    """Show the letterhead of a branch in its form."""
    with reading_db() as db:
        own_branch(db, branch_id, person())
        stored = letterhead_of(db, branch_id)
        return _letterhead_form(db, branch_id, fill(**stored.model_dump()))


@pages.post("/branches/<int:branch_id>/letterhead")
@allow(Role.COORDINATOR, Role.ADMIN)
def change_letterhead(branch_id: int) -> ResponseReturnValue:
    """Keep the letterhead; a stale form comes back with both values."""
    with reading_db() as db:
        own_branch(db, branch_id, person())
    try:
        given = read(LetterheadIn, request.form)
        with writing_db() as db:
            version = version_of(request.form)
            save_letterhead(db, branch_id, given, version=version, by=person())
    except (Invalid, Conflict) as error:
        with reading_db() as db:
            form = filled_again(error, letterhead_of(db, branch_id))
            return _letterhead_form(db, branch_id, form), error.status
    flash(_("Saved."))
    return redirect(url_for("coordinator.letterhead", branch_id=branch_id), 303)


def _letterhead_form(db: Session, branch_id: int, form: Filled) -> str:
    branch = own_branch(db, branch_id, person())
    stored = letterhead_of(db, branch_id)
    return render_template("coordinator/letterhead.html", branch=branch, form=form, stored=stored)
