"""Targets set by hand: their list, their form, taking one back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlmodel import col, select

from outreach.campaigns.access import visible_branches
from outreach.errors import Conflict, Invalid
from outreach.people.tables import Branch, Role
from outreach.progress.set_targets import (
    TargetIn,
    change_target,
    list_targets,
    may_set,
    set_target,
    take_target_back,
    target_of,
)
from outreach.progress.targets import branch_targets, national_target
from outreach.web.auth import person
from outreach.web.coordinator_pages import filled_again, now, today
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, fill, read, refill, version_of
from outreach.web.routing import allow

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.progress.tables import Target

pages = Blueprint("outlook_targets", __name__)


@pages.get("/outlook/targets")
@allow(Role.MANAGER)
def targets() -> ResponseReturnValue:
    """List the targets set by hand, beside what holds today, and offer to set one."""
    return _list_page(Filled())


@pages.post("/outlook/targets")
@allow(Role.MANAGER)
def set_one() -> ResponseReturnValue:
    """Set a target."""
    try:
        given = read(TargetIn, request.form)
        with writing_db() as db:
            set_target(db, given, by=person(), now=now())
    except Invalid as error:
        return _list_page(refill(request.form, error)), error.status
    flash(_("The target is set."))
    return redirect(url_for("outlook_targets.targets"), 303)


@pages.get("/outlook/targets/<int:target_id>")
@allow(Role.MANAGER)
def target(target_id: int) -> ResponseReturnValue:
    """Show a target to change it."""
    with reading_db() as db:
        row = target_of(db, target_id, person())
        return _edit_page(db, row, fill(**row.model_dump()))


@pages.post("/outlook/targets/<int:target_id>")
@allow(Role.MANAGER)
def change_one(target_id: int) -> ResponseReturnValue:
    """Change a target; whose it is stays."""
    try:
        with reading_db() as db:
            target_of(db, target_id, person())
        given = read(TargetIn, request.form)
        with writing_db() as db:
            change_target(db, target_id, given, version_of(request.form), by=person(), now=now())
    except (Invalid, Conflict) as error:
        with reading_db() as db:
            row = target_of(db, target_id, person())
            return _edit_page(db, row, filled_again(error, row)), error.status
    flash(_("The target is changed."))
    return redirect(url_for("outlook_targets.targets"), 303)


@pages.post("/outlook/targets/<int:target_id>/remove")
@allow(Role.MANAGER)
def take_back(target_id: int) -> ResponseReturnValue:
    """Take a target back."""
    try:
        with writing_db() as db:
            take_target_back(db, target_id, version_of(request.form), by=person())
    except Conflict as error:
        with reading_db() as db:
            row = target_of(db, target_id, person())
            return _edit_page(db, row, filled_again(error, row)), error.status
    flash(_("The target is taken back: what follows from the published path holds again."))
    return redirect(url_for("outlook_targets.targets"), 303)


def _list_page(form: Filled) -> str:
    with reading_db() as db:
        return render_template(
            "manager/outlook_targets.html",
            rows=list_targets(db, person()),
            national=national_target(db, today()),
            holding=_holding(db),
            choices=_choices(db),
            form=form,
        )


def _holding(db: Session) -> list[tuple[str, Any]]:
    """Tell what holds today for the branches the person may set, if anything does."""
    told = branch_targets(db, today())
    return [(branch.name, told.get(branch.id or 0)) for branch in _settable(db)]


def _choices(db: Session) -> list[tuple[str, str]]:
    nation = [("", _("The whole nation"))] if may_set(db, None, person()) else []
    return nation + [(str(branch.id), branch.name) for branch in _settable(db)]


def _settable(db: Session) -> list[Branch]:
    seen = visible_branches(db, person())
    query = select(Branch).where(col(Branch.id).in_(seen)).order_by(col(Branch.name))
    return [branch for branch in db.exec(query) if may_set(db, branch.id, person())]


def _edit_page(db: Session, row: Target, form: Filled) -> str:
    branch = None if row.branch_id is None else db.get_one(Branch, row.branch_id)
    return render_template(
        "manager/outlook_target.html",
        row=row,
        branch=branch,
        form=form,
        may_change=may_set(db, row.branch_id, person()),
    )
