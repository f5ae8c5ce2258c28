"""Views that people keep under names of their own: saved, replaced, renamed, removed.

Which addresses are pages, and for whom, only the web knows: what comes here has been looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, StringConstraints
from sqlalchemy import func, select
from sqlmodel import col

from outreach.db import insert_into
from outreach.errors import Conflict, NotFound
from outreach.people.edits import change, locked, unique_name
from outreach.people.free_text import ShortName
from outreach.people.tables import Account
from outreach.progress.tables import SavedView

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlmodel import Session

    from outreach.people.access import Person

#: Of one person: a list that is longer is not looked through any more.
MOST_VIEWS = 50
LONGEST_ADDRESS = 1000

#: A path on this host: a second slash, or the backslash that browsers read as one, names another.
_OWN_PATH = r"^/([!-.0-\[\]-~][!-\[\]-~]*)?$"

type Address = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_ADDRESS, pattern=_OWN_PATH)
]


class SavedViewIn(BaseModel):
    """A view as a person keeps it."""

    name: ShortName
    address: Address


class RenamedViewIn(BaseModel):
    """Another name for a view."""

    name: ShortName


def save_view(
    db: Session, given: SavedViewIn, *, by: Person, now: datetime, replaces: int | None = None
) -> SavedView:
    """Keep a view; the same once more changes nothing.

    One of this name is replaced only by whoever says so: *replaces* is the version they saw.

    Raises
    ------
    Conflict
        If another view has this name and is not to be replaced, or was changed since: `theirs` is
        what it opens. If the person has too many views.
    """
    locked(db, Account, by.account_id)  # so that nobody's two forms go beyond the limit together
    if _is_added(db, given, by, now):
        _refuse_too_many(db, by)
        return _named(db, given.name, by)
    stored = _named(db, given.name, by)
    if stored.address == given.address:
        return stored
    if replaces is None:
        theirs = {"address": stored.address}
        raise Conflict(problem="view_name_taken", theirs=theirs, version=stored.version)
    change(stored, {"address": given.address}, replaces)
    stored.saved_at = now
    db.flush()
    return stored


def _is_added(db: Session, given: SavedViewIn, by: Person, now: datetime) -> bool:
    row = {**given.model_dump(), "account_id": by.account_id, "saved_at": now, "version": 1}
    names = [col(SavedView.account_id), col(SavedView.name)]
    added = insert_into(db, SavedView).values(row).on_conflict_do_nothing(index_elements=names)
    return db.execute(added.returning(col(SavedView.id))).first() is not None


def _refuse_too_many(db: Session, by: Person) -> None:
    query = select(func.count()).where(col(SavedView.account_id) == by.account_id)
    if db.execute(query).scalar_one() > MOST_VIEWS:
        raise Conflict(problem="too_many_views", most=MOST_VIEWS)


def _named(db: Session, name: str, by: Person) -> SavedView:
    query = select(SavedView).where(
        col(SavedView.account_id) == by.account_id, col(SavedView.name) == name
    )
    return db.scalars(query).one()


def views_of(db: Session, account_id: int) -> Sequence[SavedView]:
    """List the views of a person by name, as people look names up."""
    found = db.scalars(select(SavedView).where(col(SavedView.account_id) == account_id))
    return sorted(found, key=lambda view: (view.name.casefold(), view.name))


def own_view(db: Session, view_id: int, person: Person) -> SavedView:
    """Read one view of the person's own.

    Raises
    ------
    NotFound
        If there is none, or it is another person's.
    """
    view = db.get(SavedView, view_id)
    if view is None or view.account_id != person.account_id:
        raise NotFound(kind="SavedView", id=view_id)
    return view


def rename_view(
    db: Session, view_id: int, given: RenamedViewIn, version: int, *, by: Person
) -> SavedView:
    """Give a view another name.

    Raises
    ------
    NotFound
        If it is not the person's own.
    Conflict
        If it was changed since, in another tab: `yours` and `theirs` hold what differs.
    Invalid
        If another view of theirs has the name.
    """
    own_view(db, view_id, by)
    view = locked(db, SavedView, view_id)
    with unique_name(db):
        change(view, given.model_dump(), version)
        db.flush()  # to hear now whether the name is free
    return view


def remove_view(db: Session, view_id: int, version: int, *, by: Person) -> str:
    """Remove a view; return its name.

    Raises
    ------
    NotFound
        If it is not the person's own.
    Conflict
        If it was changed since, in another tab.
    """
    own_view(db, view_id, by)
    view = locked(db, SavedView, view_id)
    if view.version != version:
        theirs = {"name": view.name, "address": view.address}
        raise Conflict(problem="changed_meanwhile", theirs=theirs)
    db.delete(view)
    db.flush()
    return view.name
