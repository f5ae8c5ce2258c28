"""The letterhead of a branch: how its letters begin, who signs, how they are numbered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.papers.letterhead import LetterheadIn, letterhead_of, save_letterhead
from outreach.papers.numbering import in_indonesian
from outreach.people.branches import own_branch
from outreach.people.tables import Role
from outreach.web.auth import person
from outreach.web.coordinator_pages import filled_again, pages, planners_stage
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, fill, read, version_of
from outreach.web.i18n import language
from outreach.web.routing import allow

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.campaigns.tables import Stage


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
    with reading_db() as db:
        stage = _came_from(db, branch_id)
    if stage:
        return redirect(url_for("coordinator.papers", stage_id=stage.id), 303)
    return redirect(url_for("coordinator.letterhead", branch_id=branch_id), 303)


def _came_from(db: Session, branch_id: int) -> Stage | None:
    """Read the stage from whose papers one came; anything else leads nowhere."""
    stage_id = request.args.get("stage", type=int)
    try:
        stage = planners_stage(db, stage_id) if stage_id and stage_id < 2**31 else None
    except (NotFound, NotAllowed):
        return None
    return stage if stage and stage.branch_id == branch_id else None


def _letterhead_form(db: Session, branch_id: int, form: Filled) -> str:
    branch = own_branch(db, branch_id, person())
    stored = letterhead_of(db, branch_id)
    return render_template(
        "coordinator/letterhead.html",
        branch=branch,
        form=_in_words(form),
        stored=stored,
        stage=_came_from(db, branch_id),
        placeholders=_placeholders,
    )


def _placeholders(text: str) -> str:
    """Name the placeholders of the pattern in the reader's language."""
    return in_indonesian(text) if language() == "id" else text


def _in_words(form: Filled) -> Filled:
    name = "number_pattern"
    values = {name: [_placeholders(one) for one in form.values.get(name, ())]}
    problems = {name: [_placeholders(one) for one in form.wrong(name)]}
    theirs = {name: _placeholders(form.theirs[name])} if name in form.theirs else {}
    return replace(
        form,
        values={**form.values, **values},
        problems={**form.problems, **problems},
        theirs={**form.theirs, **theirs},
    )
