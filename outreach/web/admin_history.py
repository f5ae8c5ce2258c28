"""The administrator reads the history: who did what, and who got whose telephone numbers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from pydantic import BaseModel, Field

from outreach.errors import Invalid, NotFound
from outreach.history.looking import Wanted, find_lines
from outreach.history.tables import OF_NUMBERS, OF_TEAM_NUMBERS, Deed
from outreach.people.accounts import account_by_login
from outreach.people.branches import list_branches
from outreach.people.tables import Official, Role
from outreach.safekeeping.chain import in_fours, newest_seal
from outreach.villages.codes import parse
from outreach.villages.reading import names_of
from outreach.web.coordinator_pages import today
from outreach.web.database import reading_db
from outreach.web.forms import Filled, fill, read, refill
from outreach.web.history_pages import page_words
from outreach.web.routing import allow
from outreach.web.words import word

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.errors import OutreachError

pages = Blueprint("admin_history", __name__, url_prefix="/admin/history")

PAGE_LENGTH = 50
#: Days that are looked through where none are named.
DAYS_SHOWN = timedelta(days=30)
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)


class HistoryIn(BaseModel):
    """Which lines are looked for; `where` is a region code, `official` the number of one."""

    deed: Deed | Literal["", "numbers"] = ""
    login: str = Field(default="", max_length=200)
    where: str = Field(default="", max_length=40)
    branch: int | None = Field(default=None, ge=1, lt=2**31)
    official: int | None = Field(default=None, ge=1, lt=2**31)
    starts: date | None = None
    ends: date | None = None
    before: int | None = Field(default=None, ge=1, lt=2**31)


@pages.get("")
@allow(Role.ADMIN)
def history() -> ResponseReturnValue:
    """List the lines of the history that were looked for, newest first."""
    try:
        given = read(HistoryIn, request.args)
        with reading_db() as db:
            return _page(db, given, fill(**request.args.to_dict()))
    except Invalid as error:
        with reading_db() as db:
            return _page(db, HistoryIn(), refill(request.args, error), error), error.status


def _page(db: Session, given: HistoryIn, form: Filled, error: OutreachError | None = None) -> str:
    wanted, sealed = _wanted(db, given), newest_seal(db)
    lines, has_older = find_lines(db, wanted, PAGE_LENGTH) if not error else ([], False)
    return render_template(
        "admin/history.html",
        form=form,
        lines=lines,
        page_words=page_words,
        names=names_of(db, {code for line in lines for code in line.regions}),
        deeds=_deeds(),
        branches=[("", _("All branches")), *((one.id, one.name) for one in list_branches(db))],
        first=wanted.first,
        last=wanted.last,
        older=_older(lines[-1].event.id) if has_older else "",
        sealed=sealed,
        digest=in_fours(sealed.digest) if sealed else "",
        error=error,
    )


def _deeds() -> list[tuple[str, str]]:
    numbers = _("Telephone numbers seen or taken along")
    each = ((one.value, word(one)) for one in Deed)
    return [("", _("Everything")), ("numbers", numbers), *each]


def _wanted(db: Session, given: HistoryIn) -> Wanted:
    last = _reckoned(given.ends or today())
    numbers = (*OF_NUMBERS, *OF_TEAM_NUMBERS)
    deeds = numbers if given.deed == "numbers" else (given.deed,) if given.deed else ()
    return Wanted(
        deeds=deeds,
        account_id=_account(db, given.login),
        branch_id=given.branch,
        region=_region(db, given),
        first=_reckoned(given.starts) if given.starts else last - DAYS_SHOWN,
        last=last,
        before=given.before,
    )


def _reckoned(day: date) -> date:
    """Keep to days that others can be reckoned from."""
    return min(max(day, FIRST_DAY), LAST_DAY)


def _account(db: Session, login: str) -> int | None:
    try:
        return account_by_login(db, login.strip().casefold()).id if login.strip() else None
    except NotFound:
        raise Invalid(problems={"login": ["unknown_login"]}) from None


def _region(db: Session, given: HistoryIn) -> str:
    """Give the code asked for, or that of the official's village: numbers are told by village."""
    if given.official:
        found = db.get(Official, given.official)
        if found is None:
            raise Invalid(problems={"official": ["unknown_official"]})
        return found.village_code
    try:
        return parse(given.where) if given.where.strip() else ""
    except Invalid as error:
        raise Invalid(problems={"where": ["not_a_region_code"]}) from error


def _older(before: int | None) -> str:
    told: dict[str, Any] = {**request.args.to_dict(), "before": before}
    return url_for("admin_history.history", **told)
