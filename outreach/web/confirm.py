"""The page of a signed link: a village answers without an account, in two taps.

What the address opens is all that its holder may do, so no login counts here, and none is looked
at. Opening the page answers nothing: messengers fetch every link they show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from outreach.campaigns.tables import Stage
from outreach.errors import Conflict, Invalid
from outreach.messages.facts import told_of
from outreach.papers.letterhead import letterhead_of
from outreach.visits.answers import AnswerIn, answer_by_link
from outreach.visits.links import Found, LinkState, find, key_of, live_links
from outreach.visits.offers import offers, place_key
from outreach.visits.tables import Answer, Visit, Work
from outreach.visits.teamday import clock_time
from outreach.web.coordinator_pages import now
from outreach.web.database import reading_db, running, written
from outreach.web.forms import Filled, read, refill
from outreach.web.routing import public
from outreach.web.secret_addresses import keep_secret

if TYPE_CHECKING:
    from datetime import date, time

    from flask.typing import ResponseReturnValue
    from flask_limiter import Limiter
    from flask_wtf.csrf import CSRFProtect
    from sqlmodel import Session

    from outreach.messages.facts import Told

pages = Blueprint("confirm", __name__)

#: As many wrong addresses one place may try. Whole districts share one place behind their
#: carrier, so an address that is right never waits for them.
WRONG_PER_ADDRESS = "100 per 15 minutes"
#: As often an address that is right may be opened: looking for other days is work.
RIGHT_PER_LINK = "60 per 15 minutes"

#: What the page of an old link answers; a wrong one was never there.
STATUS = {
    LinkState.LIVE: 200,
    LinkState.ANSWERED: 200,
    LinkState.WITHDRAWN: 410,
    LinkState.EXPIRED: 410,
    LinkState.WRONG: 404,
}

#: What an answer runs into when the plan changed while the village was choosing.
PLACE_GONE = (
    "opening_gone",
    "slot_taken",
    "day_full",
    "day_too_long",
    "confirmed_would_move",
    "village_has_visit",
    "village_elsewhere",
)


def protect(app: Flask) -> None:
    """Count addresses, and ask for no token of a form; call it once the pages are known.

    The token that protects forms belongs to a browser that somebody is logged in with. Here
    nothing but the address gives a right, and who could forge a form would have to know it.
    """
    limiter: Limiter = app.extensions["login_limiter"]
    csrf: CSRFProtect = app.extensions["csrf"]
    for endpoint in ("confirm.show", "confirm.answer"):
        view: Any = app.view_functions[endpoint]
        view = limiter.limit(WRONG_PER_ADDRESS, exempt_when=_is_right)(view)
        view = limiter.limit(RIGHT_PER_LINK, key_func=_token, exempt_when=_is_wrong)(view)
        app.view_functions[endpoint] = view
    csrf.exempt(app.view_functions["confirm.answer"])


def _token() -> str:
    return str((request.view_args or {}).get("answer_token", ""))


def _is_right() -> bool:
    """Whether the address is signed by us, whatever became of its link."""
    if "is_right" not in g:
        with reading_db() as db:
            g.is_right = find(db, _token(), _key(), now()).link is not None
    return bool(g.is_right)


def _is_wrong() -> bool:
    return not _is_right()


pages.after_request(keep_secret)


@pages.get("/k/<answer_token>")
@public
def show(answer_token: str) -> ResponseReturnValue:
    """Show what the village is asked, or what became of the link."""
    return _page(answer_token)


@pages.post("/k/<answer_token>")
@public
def answer(answer_token: str) -> ResponseReturnValue:
    """Take the answer; then show what stands."""
    with reading_db() as db:
        found = _found(db, answer_token)
    if found.link is None:
        return _page(answer_token)
    try:
        given = read(AnswerIn, request.form)
        link_id = found.link.id or 0
        written(lambda db: answer_by_link(db, link_id, given, now()))
    except Invalid as error:
        return _page(answer_token, refill(request.form, error), error.status)
    except Conflict as error:
        return _page(answer_token, _told(error), error.status)
    return redirect(url_for("confirm.show", answer_token=answer_token), 303)


def _told(error: Conflict) -> Filled:
    """Say why the answer was not taken, as a village understands it."""
    problem = error.facts.get("problem")
    if problem in PLACE_GONE:
        return Filled(trouble=_("That day has just been given away. Please choose another one."))
    if problem == "link_answered":
        return Filled(trouble=_("An answer had come before, and it stays as it is."))
    return Filled(trouble=_("The plan has just changed. Please look at what stands now."))


def _page(token: str, form: Filled | None = None, status: int | None = None) -> ResponseReturnValue:
    with reading_db() as db:
        found = _found(db, token)
        facts = _facts(db, found)
    if found.state is not LinkState.LIVE and status != 409:
        status = None  # what was wrong with the form does not matter any more
    if form and found.state in (LinkState.WITHDRAWN, LinkState.EXPIRED):
        form = Filled(trouble=_("Your answer was not taken: it came too late."))
    template = {LinkState.LIVE: "ask", LinkState.ANSWERED: "answered"}.get(found.state, "over")
    html = render_template(
        f"confirm/{template}.html", state=found.state, form=form or Filled(), **facts
    )
    return html, status or STATUS[found.state]


def _found(db: Session, token: str) -> Found:
    """Look up what the address leads to, as it stands now; a wrong one has been looked up."""
    return find(db, token, _key(), now()) if _is_right() else Found(LinkState.WRONG)


def _facts(db: Session, found: Found) -> dict[str, Any]:
    """Read what each page shows: of a wrong address nothing, of an ended one whom to call."""
    if found.link is None:
        return {"visit": None}
    visit = told_of(db, (found.link.visit_id,))[found.link.visit_id]
    office = {"visit": visit, "contact": _office_contact(db, visit.visit_id)}
    if found.state is LinkState.LIVE:
        return {**office, "places": _places(db, visit), "reasons": usual_reasons()}
    if found.state is LinkState.ANSWERED:
        return {**office, "said": found.link.answer, "stands": _stands(db, found, visit)}
    return office


def _office_contact(db: Session, visit_id: int) -> str:
    """Read how the branch office is reached, as its letters tell it; empty if they do not."""
    visit = db.get_one(Visit, visit_id)
    return letterhead_of(db, db.get_one(Stage, visit.stage_id).branch_id).contact


def _places(db: Session, visit: Told) -> list[tuple[str, date, time]]:
    """Find the days offered: how each is sent back, and how it is shown."""
    if request.method == "HEAD":  # messengers look whether there is a page
        return []
    today = visit.zone.day(now())
    return [
        (place_key(one), one.day, clock_time(one.starts_minute))
        for one in offers(db, visit.visit_id, today=today)
    ]


def _stands(db: Session, found: Found, visit: Told) -> str:
    """Say how the visit stands since the answer: one word for the template to choose by."""
    match visit.work:
        case Work.CONFIRMED:
            return "confirmed"
        case Work.DONE | Work.APPROVED | Work.SENT_BACK:
            return "held"
        case Work.AWAITING:
            asked_anew = bool(live_links(db, (visit.visit_id,), now()))
            wished = found.link is not None and found.link.answer is Answer.ANOTHER_DAY
            return "wish" if wished and not asked_anew else "asked_anew"
        case _:
            return "no_day"


def usual_reasons() -> tuple[str, ...]:
    """List reasons that villages give, so that a tap is enough."""
    return (
        _("Harvest or planting time"),
        _("Another event in the village on that day"),
        _("The hall is not free"),
        _("The officials are away"),
        _("Flood, bad weather or bad road"),
    )


def _key() -> bytes:
    return key_of(running().settings.secret)
