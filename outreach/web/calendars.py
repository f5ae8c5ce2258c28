"""Calendars for people's phones: their addresses for who sends them on, and what they open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from outreach.errors import NotFound
from outreach.papers.addresses import find, host_of, key_of, renew, require_owner, token_of
from outreach.papers.calendars import calendar_of_team, calendar_of_village
from outreach.papers.tables import CalendarOwner
from outreach.people.tables import Role
from outreach.people.teams import own_team
from outreach.villages.reading import names_of
from outreach.villages.tables import Zone
from outreach.web.addresses import public_url
from outreach.web.auth import person
from outreach.web.coordinator_pages import now
from outreach.web.database import reading_db, running, writing_db
from outreach.web.routing import allow, public

if TYPE_CHECKING:
    from flask import Flask, Response
    from flask.typing import ResponseReturnValue
    from flask_limiter import Limiter
    from sqlmodel import Session

pages = Blueprint("calendars", __name__)

WRONG_PER_ADDRESS = "60 per 15 minutes"
WRONG = 404


def limit_guesses(app: Flask) -> None:
    """Count wrong addresses per caller; call it once the pages are known."""
    limiter: Limiter = app.extensions["login_limiter"]
    view: Any = app.view_functions["calendars.feed"]
    limited = limiter.limit(WRONG_PER_ADDRESS, deduct_when=_was_wrong)(view)
    app.view_functions["calendars.feed"] = limited


def _was_wrong(response: Response) -> bool:
    return response.status_code == WRONG


@pages.get("/cal/<feed_token>.ics")
@public
def feed(feed_token: str) -> ResponseReturnValue:
    """Give a calendar to whoever holds its address: calendars on phones cannot log in."""
    key = _key()
    try:
        with reading_db() as db:
            written = _calendar(db, *find(db, feed_token, key), host_of(key))
    except NotFound:
        words = _("This calendar's address does not hold any more. Ask the branch for the new one.")
        return render_template("error.html", status=WRONG, words=words), WRONG
    answer = make_response(written)
    answer.headers["Content-Type"] = "text/calendar; charset=utf-8"
    answer.headers["Content-Disposition"] = 'inline; filename="kunjungan.ics"'
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "private, no-cache"  # a calendar asks whether it changed
    answer.add_etag()
    return answer.make_conditional(request)


def _calendar(db: Session, owner: CalendarOwner, of: str, host: str) -> bytes:
    # Only how long the past is kept hangs on it, so that one zone does for all.
    today = Zone.WIB.day(now())
    if owner is CalendarOwner.TEAM:
        return calendar_of_team(db, int(of), today=today, host=host)
    return calendar_of_village(db, of, today=today, host=host)


@pages.get("/teams/<int:team_id>/calendar")
@allow(Role.COORDINATOR)
def team_address(team_id: int) -> ResponseReturnValue:
    """Show the address of a team's calendar."""
    with reading_db() as db:
        name = own_team(db, team_id, person()).name
        return _page(db, CalendarOwner.TEAM, str(team_id), name)


@pages.post("/teams/<int:team_id>/calendar")
@allow(Role.COORDINATOR)
def renew_team_address(team_id: int) -> ResponseReturnValue:
    """End the address of a team's calendar and make another."""
    _renew(CalendarOwner.TEAM, str(team_id))
    return redirect(url_for("calendars.team_address", team_id=team_id), 303)


@pages.get("/villages/<code>/calendar")
@allow(Role.COORDINATOR)
def village_address(code: str) -> ResponseReturnValue:
    """Show the address of a village's calendar, to be sent to its officials."""
    with reading_db() as db:
        require_owner(db, CalendarOwner.VILLAGE, code, person())
        name = names_of(db, [code])[code]
        return _page(db, CalendarOwner.VILLAGE, code, name)


@pages.post("/villages/<code>/calendar")
@allow(Role.COORDINATOR)
def renew_village_address(code: str) -> ResponseReturnValue:
    """End the address of a village's calendar and make another."""
    _renew(CalendarOwner.VILLAGE, code)
    return redirect(url_for("calendars.village_address", code=code), 303)


def _renew(owner: CalendarOwner, of: str) -> None:
    with writing_db() as db:
        renew(db, owner, of, by=person(), now=now())
    flash(_("There is a new address. Who holds the old one sees nothing any more."))


def _page(db: Session, owner: CalendarOwner, of: str, name: str) -> str:
    token = token_of(db, owner, of, _key())
    address = public_url() + url_for("calendars.feed", feed_token=token)
    return render_template(
        "coordinator/calendar_address.html",
        name=name,
        of=of,
        is_team=owner is CalendarOwner.TEAM,
        address=address,
        subscribe="webcal://" + address.partition("://")[2],
    )


def _key() -> bytes:
    return key_of(running().settings.secret)
