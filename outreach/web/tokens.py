"""The page on which people let programs read: tokens made, shown once, withdrawn."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from outreach.errors import OutreachError
from outreach.people.api_tokens import (
    MOST_DAYS,
    TokenIn,
    is_live,
    make_token,
    tokens_of,
    withdraw_token,
)
from outreach.people.tables import Role
from outreach.villages.reading import names_of
from outreach.web.addresses import public_url
from outreach.web.auth import person
from outreach.web.coordinator_pages import now
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, check, fill, refill
from outreach.web.next_page import keep_for_next_page, take_kept
from outreach.web.routing import allow
from outreach.web.security_log import Event, note

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

pages = Blueprint("tokens", __name__)
READERS = (Role.COORDINATOR, Role.MANAGER)
_KEPT_AS = "token"
_USUAL_DAYS = 90


@pages.get("/tokens")
@allow(*READERS)
def tokens() -> ResponseReturnValue:
    """List the person's tokens; show a new one, this once."""
    answer = make_response(_page(fill(days=_USUAL_DAYS), take_kept(_KEPT_AS)))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@pages.post("/tokens")
@allow(*READERS)
def add_token() -> ResponseReturnValue:
    """Make a token for the page that follows: loaded anew, that makes no other one."""
    try:
        given = check(TokenIn, _told())
        with writing_db() as db:
            token = make_token(db, given, by=person(), now=now())
    except OutreachError as error:
        return _page(refill(request.form, error)), error.status
    note(Event.TOKEN_MADE, person().account_id)
    keep_for_next_page(_KEPT_AS, token)
    return redirect(url_for("tokens.tokens", made=1), 303)


@pages.post("/tokens/<int:token_id>/withdraw")
@allow(*READERS)
def withdraw(token_id: int) -> ResponseReturnValue:
    """End a token at once."""
    with writing_db() as db:
        name = withdraw_token(db, token_id, by=person(), now=now())
    note(Event.TOKEN_WITHDRAWN, person().account_id, about=token_id)
    flash(_("%(name)s is withdrawn: programs that show it are refused from now on.", name=name))
    return redirect(url_for("tokens.tokens"), 303)


def _told() -> dict[str, object]:
    """Read the form; codes stand in one field, apart by commas or in lines of their own."""
    codes = [code.strip() for code in re.split(r"[,;\n]", request.form.get("areas", ""))]
    given = {"name": request.form.get("name", ""), "days": request.form.get("days", "").strip()}
    filled = {name: value for name, value in given.items() if value.strip()}
    return {**filled, "areas": [code for code in codes if code]}


def _page(form: Filled, token: str = "") -> str:
    someone = person()
    with reading_db() as db:
        found = tokens_of(db, someone.account_id)
        codes = {code for one in found for code in one.token.areas} | set(someone.areas)
        names = names_of(db, codes)
    return render_template(
        "tokens/list.html",
        tokens=[(one, is_live(one.token, now())) for one in found],
        names=names,
        areas=someone.areas,
        form=form,
        token=token,
        was_shown=not token and "made" in request.args,
        most_days=MOST_DAYS,
        example=f"{public_url()}/api/v1/read/progress",
    )
