"""The administrator's pages: branches and accounts; no visit is ever shown here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlmodel import select

from outreach.errors import Conflict, Invalid, NotFound
from outreach.people.accounts import (
    AccountIn,
    account_of,
    areas_of,
    create_account,
    list_accounts,
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
from outreach.people.tables import Branch, Role
from outreach.villages.tables import Province, Regency
from outreach.web.auth import person
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, fill, read, refill, refill_edit, version_of
from outreach.web.routing import allow

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

pages = Blueprint("admin", __name__, url_prefix="/admin")


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
            create_branch(db, given)
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
            update_branch(db, branch_id, given, version=version_of(request.form))
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
    choices = [(p, [r for r in regencies if r.province_code == p.code]) for p in provinces]
    return render_template(
        "admin/branch.html", branch_id=branch_id, form=form, choices=choices, others=others
    )


@pages.get("/accounts")
@allow(Role.ADMIN)
def accounts() -> ResponseReturnValue:
    """List the accounts."""
    with reading_db() as db:
        return render_template("admin/accounts.html", accounts=list_accounts(db))


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
            create_account(db, given, request.form.get("password", ""), now=datetime.now(UTC))
    except Invalid as error:
        return _account_form(None, refill(request.form, error)), error.status
    return _saved("/admin/accounts")


@pages.get("/accounts/<int:account_id>")
@allow(Role.ADMIN)
def show_account(account_id: int) -> ResponseReturnValue:
    """Show an account in its form."""
    with reading_db() as db:
        account = account_of(db, account_id)
        areas = areas_of(db, account_id)
    form = fill(
        **account.model_dump(include={"login", "name", "role", "branch_id", "is_active"}),
        whole_nation=areas == [""],
        area_codes=[code for code in areas if code],
    )
    return _account_form(account_id, form)


@pages.post("/accounts/<int:account_id>")
@allow(Role.ADMIN)
def save_account(account_id: int) -> ResponseReturnValue:
    """Change an account; a password is changed only where one is typed."""
    password = request.form.get("password", "")
    try:
        given = read(AccountIn, request.form)
        with writing_db() as db:
            update_account(db, account_id, given)
            if password:
                set_password(db, account_id, password)
            active = "is_active" in request.form
            set_active(db, account_id, active=active, by_account_id=person().account_id)
    except (Invalid, Conflict) as error:
        with reading_db() as db:
            account_of(db, account_id)
        return _account_form(account_id, refill(request.form, error)), error.status
    return _saved("/admin/accounts")


def _account_form(account_id: int | None, form: Filled) -> str:
    with reading_db() as db:
        named = [(line.id, line.name) for line in list_branches(db)]
    return render_template(
        "admin/account.html", account_id=account_id, form=form, branches=named, roles=list(Role)
    )


def _saved(path: str) -> ResponseReturnValue:
    flash(_("Saved."))
    return redirect(path, 303)
