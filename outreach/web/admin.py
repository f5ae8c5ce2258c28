"""The administrator's pages: branches and accounts; no visit is ever shown here."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from pydantic import BaseModel, Field
from sqlmodel import select

from outreach.errors import Conflict, Invalid, NotFound
from outreach.history.recording import record_rights
from outreach.history.tables import Deed
from outreach.people.access import NATION
from outreach.people.account_directory import find_accounts
from outreach.people.accounts import (
    AccountIn,
    account_of,
    areas_of,
    create_account,
    end_logins,
    set_active,
    set_password,
    update_account,
)
from outreach.people.branches import (
    BranchIn,
    create_branch,
    list_branches,
    regencies_of,
    update_branch,
)
from outreach.people.tables import Account, Branch, Role
from outreach.villages.search import search
from outreach.villages.tables import Province, Regency
from outreach.web.auth import person
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, fill, read, refill, refill_edit, version_of
from outreach.web.history import tell
from outreach.web.request_ids import route
from outreach.web.routing import allow
from outreach.web.security_log import Event, note
from outreach.web.words import word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.errors import OutreachError

pages = Blueprint("admin", __name__, url_prefix="/admin")

MOST_FOUND = 40
PAGE_LENGTH = 50


class AccountsIn(BaseModel):
    """Which accounts are looked for, and which page of them is shown."""

    q: str = Field(default="", max_length=100)
    role: Role | Literal[""] = ""
    phones: bool = False
    page: int = Field(default=1, ge=1, le=100_000)


@pages.get("/branches")
@allow(Role.ADMIN)
def branches() -> ResponseReturnValue:
    """List the branches."""
    with reading_db() as db:
        return render_template("admin/branches.html", branches=list_branches(db))


@pages.get("/branches/new")
@allow(Role.ADMIN)
def new_branch() -> ResponseReturnValue:
    """Show an empty form for a branch."""
    return _branch_form(None, Filled())


@pages.post("/branches/new")
@allow(Role.ADMIN)
def add_branch() -> ResponseReturnValue:
    """Add a branch."""
    try:
        given = read(BranchIn, request.form)
        with writing_db() as db:
            tell(db, Deed.BRANCH_ADDED, create_branch(db, given).id)
    except (Invalid, Conflict) as error:
        return _branch_form(None, refill(request.form, error)), error.status
    return _saved("/admin/branches")


@pages.get("/branches/<int:branch_id>")
@allow(Role.ADMIN)
def show_branch(branch_id: int) -> ResponseReturnValue:
    """Show a branch in its form."""
    with reading_db() as db:
        branch = _branch(db, branch_id)
        form = fill(**branch.model_dump(), regency_codes=regencies_of(db, branch_id))
    return _branch_form(branch_id, form)


@pages.post("/branches/<int:branch_id>")
@allow(Role.ADMIN)
def save_branch(branch_id: int) -> ResponseReturnValue:
    """Change a branch, unless somebody else did so since it was shown."""
    try:
        given = read(BranchIn, request.form)
        with writing_db() as db:
            served = regencies_of(db, branch_id)
            update_branch(db, branch_id, given, version=version_of(request.form))
            tell(db, Deed.BRANCH_CHANGED, branch_id, regions=served)
    except (Invalid, Conflict) as error:
        with reading_db() as db:
            stored = _branch(db, branch_id)
        return _branch_form(branch_id, refill_edit(request.form, error, stored)), error.status
    return _saved("/admin/branches")


def _branch(db: Session, branch_id: int) -> Branch:
    branch = db.get(Branch, branch_id)
    if branch is None:
        raise NotFound(kind="Branch", id=branch_id)
    return branch


def _branch_form(branch_id: int | None, form: Filled) -> str:
    with reading_db() as db:
        others = {
            code: line.name
            for line in list_branches(db)
            if line.id != branch_id
            for code, _name in line.regencies
        }
        regencies = db.exec(select(Regency).order_by(Regency.code)).all()
        provinces = db.exec(select(Province).order_by(Province.code)).all()
        name = _branch(db, branch_id).name if branch_id else ""
    choices = [(p, [r for r in regencies if r.province_code == p.code]) for p in provinces]
    return render_template(
        "admin/branch.html",
        branch_id=branch_id,
        name=name,
        form=form,
        choices=choices,
        others=others,
    )


@pages.get("/villages")
@allow(Role.ADMIN)
def find_code() -> ResponseReturnValue:
    """Search the registry for the code of a village; no visit is shown with it."""
    words = request.args.get("q", "")
    everywhere = dataclasses.replace(person(), areas=(NATION,))
    with reading_db() as db:
        found = search(db, everywhere, words, limit=MOST_FOUND)
    return render_template("admin/villages.html", words=words, found=found, most=MOST_FOUND)


@pages.get("/accounts")
@allow(Role.ADMIN)
def accounts() -> ResponseReturnValue:
    """List the accounts that were looked for, by page."""
    try:
        given = read(AccountsIn, request.args)
    except Invalid:
        given = AccountsIn()
    with reading_db() as db:
        found = find_accounts(
            db,
            words=given.q,
            role=given.role or None,
            with_phones=given.phones,
            first=(given.page - 1) * PAGE_LENGTH,
            most=PAGE_LENGTH,
        )
    last = max(1, -(-found.found // PAGE_LENGTH))
    return render_template(
        "admin/accounts.html",
        given=given,
        accounts=found,
        roles=list(Role),
        last_page=last,
        before=_accounts_link(given, given.page - 1),
        after=_accounts_link(given, given.page + 1),
        with_phones=_accounts_link(given.model_copy(update={"phones": True}), 1),
    )


def _accounts_link(given: AccountsIn, page: int) -> str:
    told: dict[str, Any] = {
        "q": given.q,
        "role": given.role,
        "phones": int(given.phones),
        "page": page,
    }
    return url_for("admin.accounts", **told)


@pages.get("/accounts/new")
@allow(Role.ADMIN)
def new_account() -> ResponseReturnValue:
    """Show an empty form for an account."""
    return _account_form(None, Filled())


@pages.post("/accounts/new")
@allow(Role.ADMIN)
def add_account() -> ResponseReturnValue:
    """Add an account."""
    try:
        given = read(AccountIn, request.form)
        with writing_db() as db:
            password = request.form.get("password", "")
            made = create_account(db, given, password, now=datetime.now(UTC))
    except Invalid as error:
        return _account_form(None, refill(request.form, error)), error.status
    note(Event.ACCOUNT_ADDED, person().account_id, about=made.id)
    return _saved("/admin/accounts")


@pages.get("/accounts/<int:account_id>")
@allow(Role.ADMIN)
def show_account(account_id: int) -> ResponseReturnValue:
    """Show an account in its form."""
    with reading_db() as db:
        form = _stored_account(db, account_of(db, account_id))
    return _account_form(account_id, form)


@pages.post("/accounts/<int:account_id>")
@allow(Role.ADMIN)
def save_account(account_id: int) -> ResponseReturnValue:
    """Change an account, unless somebody else did so since; a password only where one is typed."""
    password = request.form.get("password", "")
    try:
        given = read(AccountIn, request.form)
        with writing_db() as db:
            record_rights(db, account_id, at=datetime.now(UTC), page=route())
            update_account(
                db,
                account_id,
                given,
                version=version_of(request.form),
                by_account_id=person().account_id,
                now=datetime.now(UTC),
            )
            if password:
                set_password(db, account_id, password)
            active = "is_active" in request.form
            set_active(
                db,
                account_id,
                active=active,
                by_account_id=person().account_id,
                now=datetime.now(UTC),
            )
    except (Invalid, Conflict) as error:
        return _account_form(account_id, _account_again(account_id, error)), error.status
    note(Event.ACCOUNT_CHANGED, person().account_id, about=account_id)
    return _saved("/admin/accounts")


@pages.post("/accounts/<int:account_id>/end-logins")
@allow(Role.ADMIN)
def end_all_logins(account_id: int) -> ResponseReturnValue:
    """End whatever logins an account has, as when a computer was stolen."""
    with writing_db() as db:
        end_logins(db, account_id)
    note(Event.LOGINS_ENDED, person().account_id, about=account_id)
    flash(_("Every login of this account has ended. To come back the person needs the password."))
    return redirect(url_for("admin.show_account", account_id=account_id), 303)


def _stored_account(db: Session, account: Account) -> Filled:
    areas = areas_of(db, account.id or 0)
    shown = {"login", "name", "role", "branch_id", "is_active", "version"}
    return fill(
        **account.model_dump(include=shown),
        whole_nation=areas == [NATION],
        area_codes=[code for code in areas if code],
    )


def _account_again(account_id: int, error: OutreachError) -> Filled:
    """Keep what was typed; beside it stands what others stored meanwhile, area and lock too."""
    with reading_db() as db:
        account = account_of(db, account_id)
        stored = _stored_account(db, account)
        branches = {str(line.id): line.name for line in list_branches(db)}
    form = refill_edit(request.form, error, account)
    if error.facts.get("problem") != "changed_meanwhile":
        return form
    differing = {
        name: values for name, values in stored.values.items() if _words(form, name) != set(values)
    }
    theirs = {name: _told(name, values, branches) for name, values in differing.items()}
    return dataclasses.replace(form, theirs=theirs)


def _words(form: Filled, name: str) -> set[str]:
    """Tell what stands in a field; several codes may be typed into one."""
    values = form.values.get(name, ())
    if name == "area_codes":
        return {code for value in values for code in value.replace(",", " ").split()}
    return {value for value in values if value}


def _told(name: str, values: Sequence[str], branches: Mapping[str, str]) -> str:
    if name in ("is_active", "whole_nation"):
        return str(_("yes") if values else _("no"))
    if name == "role":
        return word(Role(values[0]))
    shown = (branches.get(value, value) if name == "branch_id" else value for value in values)
    return ", ".join(shown) or "–"


def _account_form(account_id: int | None, form: Filled) -> str:
    with reading_db() as db:
        named = [(line.id, line.name) for line in list_branches(db)]
        login = account_of(db, account_id).login if account_id else ""
    return render_template(
        "admin/account.html",
        account_id=account_id,
        login=login,
        form=form,
        branches=named,
        roles=list(Role),
    )


def _saved(path: str) -> ResponseReturnValue:
    flash(_("Saved."))
    return redirect(path, 303)
