"""The administrator lists everybody's tokens for programs and withdraws them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from pydantic import BaseModel, Field

from outreach.errors import Invalid
from outreach.people.api_tokens import all_tokens, is_live, withdraw_token
from outreach.people.tables import Role
from outreach.villages.reading import names_of
from outreach.web.auth import person
from outreach.web.coordinator_pages import now
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import read
from outreach.web.routing import allow
from outreach.web.security_log import Event, note

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

pages = Blueprint("admin_tokens", __name__, url_prefix="/admin/tokens")

PAGE_LENGTH = 50


class TokensIn(BaseModel):
    """Which page of the tokens is shown."""

    page: int = Field(default=1, ge=1, le=100_000)


@pages.get("")
@allow(Role.ADMIN)
def tokens() -> ResponseReturnValue:
    """List the tokens of all accounts, by page."""
    try:
        page = read(TokensIn, request.args).page
    except Invalid:
        page = 1
    with reading_db() as db:
        found = all_tokens(db, now(), first=(page - 1) * PAGE_LENGTH, most=PAGE_LENGTH)
        names = names_of(db, {code for one in found.rows for code in one.token.areas})
    return render_template(
        "admin/tokens.html",
        tokens=[(one, is_live(one.token, now())) for one in found.rows],
        found=found.found,
        names=names,
        page=page,
        last_page=max(1, -(-found.found // PAGE_LENGTH)),
    )


@pages.post("/<int:token_id>/withdraw")
@allow(Role.ADMIN)
def withdraw(token_id: int) -> ResponseReturnValue:
    """End anybody's token at once; who did so stays with it."""
    with writing_db() as db:
        name = withdraw_token(db, token_id, by=person(), now=now())
    note(Event.TOKEN_WITHDRAWN, person().account_id, about=token_id)
    flash(_("%(name)s is withdrawn: programs that show it are refused from now on.", name=name))
    return redirect(url_for("admin_tokens.tokens"), 303)
