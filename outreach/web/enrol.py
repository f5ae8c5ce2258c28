"""The page on which a phone becomes an official's own: by a link, or by a code that is typed.

Opening the link uses nothing up, for messengers fetch every link they show: the button does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from limits import parse

from outreach.errors import Conflict
from outreach.papers.letterhead import letterhead_of
from outreach.people.branches import branch_of_village
from outreach.people.devices import device_of_token, revoke
from outreach.people.enrolment import (
    CodeState,
    enrol,
    find,
    find_or_count,
    in_groups,
    key_of,
    tidy,
)
from outreach.people.identity import without_identity
from outreach.villages.tables import District, Village
from outreach.web import auth, phone_cookie
from outreach.web.coordinator_pages import now
from outreach.web.database import reading_db, running, writing_db
from outreach.web.forms import Filled
from outreach.web.guessing import is_reached
from outreach.web.routing import public
from outreach.web.secret_addresses import keep_secret
from outreach.web.security_log import Event, note

if TYPE_CHECKING:
    from flask import Response
    from flask.typing import ResponseReturnValue
    from flask_limiter import Limiter
    from sqlmodel import Session

    from outreach.people.devices import Known
    from outreach.people.enrolment import Found
    from outreach.people.tables import Official

pages = Blueprint("enrol", __name__)

#: As many wrong codes one address may try, shown and used together. Whole districts share one
#: address behind their carrier, so a code that is right never waits for them …
WRONG_PER_ADDRESS = "60 per 15 minutes"
#: … unless more wrong codes come in from everywhere than a whole country mistypes. Then somebody
#: guesses, and an address that has used up its own tries waits even with a right code. So a code is
#: guessed at one and a half million times at most while it holds, by one address, and one guess in
#: a million million hits. No number is blocked by guesses at it: the numbers follow one another,
#: and a stranger could end everybody's codes.
WRONG_FROM_EVERYWHERE = parse("20000 per hour")
_EVERYWHERE = "wrong codes from everywhere"
WRONG = 404
#: What the page of a code answers; a wrong one was never there.
STATUS = {
    CodeState.LIVE: 200,
    CodeState.USED: 410,
    CodeState.WITHDRAWN: 410,
    CodeState.EXPIRED: 410,
    CodeState.NOT_IN_OFFICE: 403,
    CodeState.WRONG: WRONG,
}
PHONE = "/phone/"
#: What browsers tell of a phone: its system, and on older ones its model.
_ANDROID = re.compile(r"Android (\d+)(?:\.[\d.]+)?(?:; ([\w +.-]{2,40}))?")
_OTHERS = ("iPhone", "iPad", "Windows", "Macintosh", "Linux")


def limit_guesses(app: Flask) -> None:
    """Count wrong codes per address; call it once the pages are known."""
    limiter: Limiter = app.extensions["login_limiter"]
    limit = limiter.shared_limit(WRONG_PER_ADDRESS, "wrong codes", exempt_when=_need_not_wait)
    for endpoint in ("enrol.show", "enrol.take"):
        view: Any = app.view_functions[endpoint]
        app.view_functions[endpoint] = limit(view)


def _need_not_wait() -> bool:
    """Whether the code is right and nobody guesses at large; asked once for each request."""
    if "code_need_not_wait" not in g:
        code = str((request.view_args or {}).get("enrol_code", ""))
        with reading_db() as db:
            state = find(db, tidy(code), key_of(running().settings.secret), now()).state
        is_wrong = state is CodeState.WRONG
        # A wrong one counts for all places together, also where it is refused.
        at_large = is_reached(WRONG_FROM_EVERYWHERE, _EVERYWHERE, one_more=is_wrong)
        g.code_need_not_wait = not is_wrong and not at_large
    return bool(g.code_need_not_wait)


@pages.after_request
def _keep_secret(response: Response) -> Response:
    """Keep the address, which is the key, out of other sites' hands, caches and search engines."""
    keep_secret(response)
    # Our own server may know where the form was: the check of its token asks for that.
    response.headers["Referrer-Policy"] = "same-origin"
    return response


@pages.get("/e")
@public
def ask() -> ResponseReturnValue:
    """Ask for the code that the branch has told."""
    return render_template("enrol/type.html", form=Filled())


@pages.post("/e")
@public
def typed() -> ResponseReturnValue:
    """Go on with the code that was typed."""
    code = tidy(request.form.get("code", ""))
    if not code:
        form = Filled(trouble=_("Please type the code that your branch has told you."))
        return render_template("enrol/type.html", form=form), 422
    return redirect(url_for("enrol.show", enrol_code=code), 303)


@pages.get("/e/<enrol_code>")
@public
def show(enrol_code: str) -> ResponseReturnValue:
    """Show whose phone this would be, or why the code opens nothing."""
    with writing_db() as db:
        found = _found(db, enrol_code)
        if _needs_no_code(db, found):
            return redirect(PHONE, 303)
        return _page(db, enrol_code, found)


@pages.post("/e/<enrol_code>")
@public
def take(enrol_code: str) -> ResponseReturnValue:
    """Make the phone the official's own and go to its page."""
    token = auth.token_of_next_phone(tidy(enrol_code))
    try:
        with writing_db() as db:
            found = _found(db, enrol_code)
            if found.official is None or found.enrolment is None or _needs_asking():
                return _page(db, enrol_code, found)
            if _needs_no_code(db, found):
                return redirect(PHONE, 303)
            label = label_of(request.user_agent.string)
            enrol(db, found.enrolment.id or 0, token, now(), label=label)
            _take_back_what_it_was(db)
    except Conflict:  # what the unit of work had begun is undone
        with writing_db() as db:
            return _page(db, enrol_code, _found(db, enrol_code))
    answer = redirect(PHONE, 303)
    auth.start_phone(answer, token)
    note(Event.PHONE_CONNECTED, found.official.account_id)
    return answer


def label_of(user_agent: str) -> str:
    """Name a phone by what its browser tells, so that its owner knows it in a list."""
    android = _ANDROID.search(user_agent)
    if android:
        model = (android[2] or "").removesuffix(" Build").strip()
        # A browser may say what it likes of itself.
        return without_identity(f"Android {android[1]}" + (f", {model}" if len(model) > 1 else ""))
    return next((name for name in _OTHERS if name in user_agent), "")


def _found(db: Session, enrol_code: str) -> Found:
    return find_or_count(db, tidy(enrol_code), key_of(running().settings.secret), now())


def _needs_asking() -> bool:
    """Whether somebody is logged in here who has not said that the phone shall be another's."""
    return auth.current_login() is not None and request.form.get("sure") != "yes"


def _needs_no_code(db: Session, found: Found) -> bool:
    """Whether this phone is the official's already, so that the code is left for another one.

    Behind a PIN it may be one whose PIN was forgotten: connected anew it asks for none.
    """
    phone = _phone_in_hand(db)
    if found.official is None or phone is None or not _is_of(phone, found.official):
        return False
    return found.state is not CodeState.LIVE or not phone.device.behind_pin


def _phone_in_hand(db: Session) -> Known | None:
    token = phone_cookie.token_in(request)
    return device_of_token(db, token, now()) if token else None


def _is_of(phone: Known, official: Official) -> bool:
    """Whether a phone speaks for the official."""
    return phone.speaks and phone.device.account_id == official.account_id


def _take_back_what_it_was(db: Session) -> None:
    """Withdraw the token that the phone held until now: it is about to forget it."""
    known = _phone_in_hand(db)
    if known is not None:
        revoke(db, known.device.id or 0, now(), by=known.device.account_id)


def _page(db: Session, enrol_code: str, found: Found) -> ResponseReturnValue:
    code = tidy(enrol_code)
    if found.official is None:
        trouble = _("We do not know this code. Please compare it sign by sign.")
        form = Filled(values={"code": (in_groups(code),)}, trouble=trouble)
        return render_template("enrol/type.html", form=form), STATUS[found.state]
    facts = _facts(db, found.official)
    if found.state is CodeState.LIVE or _was_lost_on_the_way(db, code, found):
        login = auth.current_login()
        auth.token_of_next_phone(code)
        is_own = login is not None and login.person.account_id == found.official.account_id
        return render_template("enrol/ask.html", code=code, login=login, is_own=is_own, **facts)
    html = render_template("enrol/over.html", state=found.state, told=found.enrolment, **facts)
    return html, STATUS[found.state]


def _was_lost_on_the_way(db: Session, code: str, found: Found) -> bool:
    """Whether this browser used the code and never heard our answer: its button works again."""
    if found.state is not CodeState.USED or found.official is None:
        return False
    phone = device_of_token(db, auth.token_of_next_phone(code), now())
    return phone is not None and _is_of(phone, found.official)


def _facts(db: Session, official: Official) -> dict[str, Any]:
    """Read whose phone it is and which branch can help."""
    village = db.get_one(Village, official.village_code)
    branch = branch_of_village(db, official.village_code)
    return {
        "form": Filled(),
        "official": official,
        "village": village,
        "district": db.get_one(District, village.district_code).name,
        "branch": branch.name if branch else "",
        "contact": letterhead_of(db, branch.id).contact if branch and branch.id else "",
    }
