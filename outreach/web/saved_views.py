"""Saved views: a page with its filters under a name of one's own, opened by its address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from outreach.errors import Conflict, Invalid
from outreach.progress.saved_views import (
    MOST_VIEWS,
    RenamedViewIn,
    SavedViewIn,
    own_view,
    remove_view,
    rename_view,
    save_view,
    views_of,
)
from outreach.web.auth import person
from outreach.web.coordinator_pages import READERS, filled_again, now
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, check, fill, read, refill, version_of
from outreach.web.routing import allow
from outreach.web.view_addresses import View, view_at
from outreach.web.view_words import known_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.progress.tables import SavedView

pages = Blueprint("saved_views", __name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """A saved view as lists show it: what it opens, in words; no address if it opens no more."""

    view: SavedView
    address: str
    words: str


@dataclass(frozen=True, slots=True)
class Here:
    """The page that is looked at: its address, empty if it is no view, and the views to go to."""

    address: str
    saved: list[Shown]


@pages.app_context_processor
def _own() -> dict[str, Callable[[], Here]]:
    return {"views_here": _views_here}


def _views_here() -> Here:
    """Gather what a page offers of saved views; only a page that was asked for can be one."""
    asked = request.full_path if request.method == "GET" else ""
    view = view_at(asked, person().role)
    with reading_db() as db:
        saved = _shown(db, views_of(db, person().account_id))
    return Here(view.address if view else "", saved)


def _shown(db: Session, saved: Iterable[SavedView]) -> list[Shown]:
    """Look at saved views as they stand now: what they name may be gone."""
    read_again = [(one, view_at(one.address, person().role)) for one in saved]
    if not read_again:
        return []
    known = known_to(db, person(), [view for _one, view in read_again if view])
    return [
        Shown(
            one,
            view.address if view and known.opens(view) else "",
            " · ".join(known.words(view)) if view else "",
        )
        for one, view in read_again
    ]


@pages.get("/views")
@allow(*READERS)
def views() -> ResponseReturnValue:
    """List the person's views."""
    return _list_page(Filled())


@pages.post("/views")
@allow(*READERS)
def save() -> ResponseReturnValue:
    """Keep the page that the form was sent from, and go back to it."""
    try:
        view = _asked_view()
        given = check(SavedViewIn, {**_filled("name"), "address": view.address})
        with writing_db() as db:
            save_view(db, given, by=person(), now=now(), replaces=_replaced())
    except Invalid as error:
        return _list_page(refill(request.form, error)), error.status
    except Conflict as error:
        return _list_page(_offered(error)), error.status
    flash(_("Saved as “%(name)s”.", name=given.name))
    return redirect(view.address, 303)


def _asked_view() -> View:
    """Read which page is to be kept: one that opens for this person."""
    view = view_at(request.form.get("address", ""), person().role)
    with reading_db() as db:
        if view is None or not known_to(db, person(), [view]).opens(view):
            raise Invalid(problems={"address": ["not_a_view"]})
    return view


def _filled(name: str) -> dict[str, str]:
    value = request.form.get(name, "").strip()
    return {name: value} if value else {}


def _replaced() -> int | None:
    """Read which version of a view of this name is to be replaced, if the person says so."""
    told = request.form.get("replaces", "")
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 10 else None


def _offered(error: Conflict) -> Filled:
    """Keep what was asked for beside what is stored under the name, which may be replaced."""
    stored = _stored(request.form.get("name", ""))
    return refill(request.form, error, replaces=stored.version if stored else "")


def _stored(name: str) -> SavedView | None:
    with reading_db() as db:
        found = views_of(db, person().account_id)
    tidy = " ".join(name.split())
    return next((one for one in found if one.name == tidy), None)


@pages.get("/views/<int:view_id>")
@allow(*READERS)
def show_view(view_id: int) -> ResponseReturnValue:
    """Show one view, to rename or remove it."""
    with reading_db() as db:
        stored = own_view(db, view_id, person())
    return _view_page(stored, fill(name=stored.name, version=stored.version))


@pages.post("/views/<int:view_id>/rename")
@allow(*READERS)
def rename(view_id: int) -> ResponseReturnValue:
    """Give a view another name, unless another tab has changed it since it was shown."""
    with reading_db() as db:
        stored = own_view(db, view_id, person())
    try:
        given = read(RenamedViewIn, request.form)
        with writing_db() as db:
            rename_view(db, view_id, given, version_of(request.form), by=person())
    except (Invalid, Conflict) as error:
        return _view_page(stored, filled_again(error, stored)), error.status
    flash(_("The view is called “%(name)s” now.", name=given.name))
    return redirect(url_for("saved_views.views"), 303)


@pages.post("/views/<int:view_id>/remove")
@allow(*READERS)
def remove(view_id: int) -> ResponseReturnValue:
    """Remove a view, unless another tab has changed it since it was shown."""
    with reading_db() as db:
        stored = own_view(db, view_id, person())
    try:
        with writing_db() as db:
            name = remove_view(db, view_id, version_of(request.form), by=person())
    except Conflict as error:
        form = filled_again(error, stored)
        kept: dict[str, Any] = {"name": stored.name, "version": stored.version}
        return _view_page(stored, Filled(fill(**kept).values, trouble=form.trouble)), error.status
    flash(_("The view “%(name)s” is removed.", name=name))
    return redirect(url_for("saved_views.views"), 303)


def _list_page(form: Filled) -> str:
    """Show all views; above them, if one could not be kept, why, and what can be done."""
    asked = view_at(form.value("address"), person().role)
    with reading_db() as db:
        saved = _shown(db, views_of(db, person().account_id))
        words = known_to(db, person(), [asked]).words(asked) if asked else []
    return render_template(
        "manager/views.html",
        saved=saved,
        form=form,
        asked=asked,
        asked_words=" · ".join(words),
        most=MOST_VIEWS,
    )


def _view_page(stored: SavedView, form: Filled) -> str:
    with reading_db() as db:
        (shown,) = _shown(db, [stored])
    return render_template("manager/view.html", shown=shown, form=form)
