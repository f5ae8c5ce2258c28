"""Who is there: logging in and out, and the person behind a request.

The one place that touches Flask's session.
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, current_app, g, redirect, render_template, request, session
from flask_limiter import Limiter
from flask_login import LoginManager, current_user, login_user, logout_user
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import select

from outreach.errors import LoginRequired
from outreach.people.access import Person, person_of
from outreach.people.accounts import end_logins
from outreach.people.devices import device_of_token, is_due, log_out_device, new_token, touch
from outreach.people.passwords import matches, waste_a_check
from outreach.people.tables import Account, DeviceKind, Role
from outreach.web import phone_cookie
from outreach.web.database import reading_db, writing_db
from outreach.web.guessing import place_asking
from outreach.web.our_page import pin_told
from outreach.web.routing import public
from outreach.web.security_log import Event, note

if TYPE_CHECKING:
    from flask import Request, Response
    from flask.typing import ResponseReturnValue
    from sqlmodel import Session
    from werkzeug.wrappers import Response as AnyResponse

    from outreach.config import Settings
    from outreach.people.tables import Device

log = logging.getLogger(__name__)
pages = Blueprint("auth", __name__)

#: How long a login lasts. An official's phone keeps it for a season in the field; a desk does not.
LOGIN_SECONDS = {
    Role.OFFICIAL: 30 * 24 * 3600,
    Role.COORDINATOR: 12 * 3600,
    Role.MANAGER: 12 * 3600,
    Role.ADMIN: 12 * 3600,
}
WRONG = 422


@dataclass(frozen=True, slots=True)
class Login:
    """What Flask-Login carries: the person, and the password stamp the login was made under.

    `device_id` is the phone that speaks for the person, if no password was given.
    """

    person: Person
    stamp: str
    is_demo: bool
    device_id: int | None = None
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """Name the login; a new password brings a new stamp and so ends every older one."""
        return f"{self.person.account_id}:{self.stamp}"


def install(app: Flask, settings: Settings) -> None:
    """Teach the app to recognise people."""
    manager = LoginManager(app, add_context_processor=False)
    manager.user_loader(_load)
    manager.request_loader(_load_phone)
    app.after_request(_note_phone)
    app.after_request(_note_pin)
    app.after_request(_say_when_again)
    app.extensions["login_limiter"] = Limiter(
        place_asking,
        app=app,
        storage_uri=settings.redis_url or "memory://",
        storage_options=_redis_patience() if settings.redis_url else {},
        in_memory_fallback_enabled=True,
        swallow_errors=True,
        # Its headers cost a look into Redis with each answer and would make of the seconds that
        # a 503 tells the whole window of the limit: see _say_when_again.
        headers_enabled=False,
        key_prefix="outreach",
    )


def _redis_patience() -> dict[str, str | int]:
    # A frozen Redis must not freeze the login page; the limiter then counts in memory.
    return {"socket_connect_timeout": 1, "socket_timeout": 1}


def _say_when_again(response: Response) -> Response:
    """Tell who asked too often when they may ask again: as soon as the limit's window ends."""
    if (
        response.status_code == HTTPStatus.TOO_MANY_REQUESTS
        and "Retry-After" not in response.headers
    ):
        limiter: Limiter = current_app.extensions["login_limiter"]
        reached = limiter.current_limit
        if reached is not None:
            seconds = math.ceil(reached.reset_at - time.time())
            response.headers["Retry-After"] = str(max(1, seconds))
    return response


def tidy(login: str) -> str:
    """Read a login name as people type it."""
    return login.strip().casefold()[:200]


def _load(login_id: str) -> Login | None:
    account_id, _, stamp = login_id.partition(":")
    if not account_id.isdecimal():
        return None
    with reading_db() as db:
        account = db.get(Account, int(account_id))
        someone = person_of(db, int(account_id))
    if account is None or someone is None or account.password_stamp != stamp:
        return None
    if time.time() - session.get("since", 0) > LOGIN_SECONDS[someone.role]:
        return None
    return Login(someone, stamp, account.is_demo)


def _load_phone(asked: Request) -> Login | None:
    """Tell whose phone asks; only where nobody has logged in with a password."""
    token = phone_cookie.token_in(asked)
    if token is None:
        return None
    with reading_db() as db:
        known = device_of_token(db, token, datetime.now(UTC))
        if known is None or known.device.kind is not DeviceKind.PAGE:
            return None
        someone = person_of(db, known.device.account_id) if known.speaks else None
    g.phone_is_revoked = known.revoked
    g.phone_is_out_of_office = known.out_of_office and not known.revoked
    if someone is None:
        return None
    g.phone = known.device
    return Login(someone, known.account.password_stamp, known.account.is_demo, known.device.id)


def is_revoked() -> bool:
    """Whether a phone asks that may not speak any more, and nobody is logged in on it."""
    return current_login() is None and bool(g.get("phone_is_revoked"))


def is_out_of_office() -> bool:
    """Whether a phone asks whose official is not in office, and nobody is logged in on it."""
    return current_login() is None and bool(g.get("phone_is_out_of_office"))


def is_behind_pin() -> bool:
    """Whether a PIN was set where an official asks from, by phone or by login with a password."""
    login = current_login()
    if login is None or login.person.role is not Role.OFFICIAL:
        return False
    phone: Device | None = g.get("phone")
    return bool(session.get("behind_pin")) if phone is None else phone.behind_pin


def _note_pin(response: Response) -> Response:
    """Note with the login that a PIN was set or removed; `_note_phone` does it for phones."""
    told = pin_told()
    # Only when it is news: a cookie costs bytes with each answer.
    if told is None or bool(session.get("behind_pin")) is told:
        return response
    login = current_login()
    if login and login.device_id is None and login.person.role is Role.OFFICIAL:
        session["behind_pin"] = told
    return response


def phone_spoke(
    db: Session, now: datetime, *, unsent: int | None = None, skew_seconds: int | None = None
) -> None:
    """Note what the phone that asks tells about itself, in the view's own unit of work."""
    login = current_login()
    if login is not None and login.device_id is not None:
        touch(db, login.device_id, now, unsent=unsent, skew_seconds=skew_seconds)
        g.phone_is_noted = True


def _note_phone(response: Response) -> Response:
    """Note that a phone spoke, and let it keep its token for another year once a day."""
    phone: Device | None = g.get("phone")
    if phone is None:
        return response
    now = datetime.now(UTC)
    told = pin_told()
    news = told if told is not phone.behind_pin else None
    if news is not None or not g.get("phone_is_noted"):
        note_contact(phone.id or 0, phone.last_seen_at, now, behind_pin=news)
    token = phone_cookie.token_in(request)
    is_first_today = phone.last_seen_at is None or phone.last_seen_at.date() != now.date()
    if token and is_first_today and not response.cache_control.public:
        phone_cookie.give(response, token)
    return response


def note_contact(
    device_id: int,
    last_seen_at: datetime | None,
    now: datetime,
    *,
    behind_pin: bool | None = None,
) -> None:
    """Note that a phone spoke, once a minute at most, beside what the request is about.

    That a PIN was set there or removed, `behind_pin`, is noted at once.
    """
    if behind_pin is None and not is_due(last_seen_at, now):
        return
    try:
        with writing_db() as db:
            touch(db, device_id, now, behind_pin=behind_pin)
    except SQLAlchemyError:  # nobody's answer fails because it could not be noted
        log.warning("a phone's last contact could not be noted")


def token_of_next_phone(code: str) -> str:
    """Give the token that this browser will hold once it has used a code.

    It is the same until then, so that a browser that never heard our answer can ask again.
    """
    kept = session.get("next_phone")
    if not isinstance(kept, dict) or kept.get("code") != code:
        kept = session["next_phone"] = {"code": code, "token": new_token()}
    return str(kept["token"])


def start_phone(answer: AnyResponse, token: str) -> None:
    """Let a phone be its official's from now on; nothing from before survives it."""
    session.clear()
    g.pop("csrf_token", None)
    g.phone = None
    phone_cookie.give(answer, token)


def current_login() -> Login | None:
    """Who is logged in, or None; a database that is away is waited for once in a request."""
    if "login_unknown" in g:
        raise g.login_unknown
    try:
        return current_user._get_current_object() if current_user.is_authenticated else None  # noqa: SLF001
    except SQLAlchemyError as error:
        g.login_unknown = error
        raise


def current_person() -> Person | None:
    """Return the person behind the request, or None for a stranger."""
    login = current_login()
    return login.person if login else None


def person() -> Person:
    """Return the person behind the request.

    Raises
    ------
    LoginRequired
        If nobody is logged in.
    """
    someone = current_person()
    if someone is None:
        raise LoginRequired
    return someone


def own_path(target: str | None) -> str | None:
    """Return *target* if it is a path of ours, else None: nobody is sent elsewhere after login."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    # Browsers read a backslash as a slash and drop tabs and line ends before they look.
    return target if target.isprintable() and "\\" not in target else None


@pages.route("/login", methods=["GET"])
@public
def show_login() -> ResponseReturnValue:
    """Show the login form, or go on if somebody is logged in."""
    after = own_path(request.args.get("next"))
    if current_person() is not None:
        return redirect(after or "/", 303)
    return render_template("login.html", login="", next=after, wrong=False)


@pages.route("/login", methods=["POST"])
@public
def log_in() -> ResponseReturnValue:
    """Let a person in; what was wrong is never said, only that something was."""
    after = own_path(request.form.get("next"))
    name = tidy(request.form.get("login", ""))
    login = _check(name, request.form.get("password", ""))
    if login is None:
        note(Event.LOGIN_FAILED, g.account_tried)
        return render_template("login.html", login=name, next=after, wrong=True), WRONG
    start(login)
    return redirect(after or "/", 303)


def _check(name: str, password: str) -> Login | None:
    """Tell who comes in; until the password is found right, known and unknown cost the same."""
    with reading_db() as db:
        account = db.exec(select(Account).where(Account.login == name)).one_or_none()
    g.account_tried = account.id if account else None
    if account is None:
        waste_a_check(password)
        return None
    if not matches(account.password_hash, password):
        return None
    with reading_db() as db:
        someone = person_of(db, account.id or 0)
    return Login(someone, account.password_stamp, account.is_demo) if someone else None


def start(login: Login) -> None:
    """Log somebody in on this browser, who has just given the password."""
    # Nothing from before the login survives it: neither a planted session nor its token.
    session.clear()
    g.pop("csrf_token", None)
    session["since"] = int(time.time())
    session.permanent = login.person.role == Role.OFFICIAL
    login_user(login)
    note(Event.LOGIN, login.person.account_id)


@pages.get("/logout")
@public
def ask_to_log_out() -> ResponseReturnValue:
    """Say what logging out of a phone ends; its own page knows what it has not sent yet."""
    login = current_login()
    if login is None:
        return redirect("/login", 303)
    return render_template("log_out.html", is_phone=login.device_id is not None)


@pages.post("/logout")
@public
def log_out() -> ResponseReturnValue:
    """End the login and make the browser forget the pages it kept; a phone's only when sure."""
    login = current_login()
    if login is not None and login.device_id is not None and request.form.get("sure") != "yes":
        return redirect("/logout", 303)
    return end_login(redirect("/login", 303))


def end_login(answer: AnyResponse) -> AnyResponse:
    """Let *answer* end the login and the phone's right to speak for its official.

    A login is a signed cookie that we keep no list of: so that no copy of it opens anything from
    then on, every login that was made with the account's password ends with it.
    """
    login = current_login()
    is_own_phone = _take_phone_back(login)
    if login is not None and login.device_id is None:
        with writing_db() as db:
            end_logins(db, login.person.account_id)
    note(Event.LOGOUT, login.person.account_id if login else None)
    logout_user()
    session.clear()
    answer.headers["Clear-Site-Data"] = '"cache"'
    if is_own_phone:
        phone_cookie.clear(answer)
    return answer


def _take_phone_back(login: Login | None) -> bool:
    """Withdraw the phone in hand if it is the person's own, however they had logged in.

    Somebody else who had logged in on it with a password leaves it to its owner. Where nobody is
    logged in, it may be one that cannot speak at present: leaving, it gives up to speak again.
    """
    token = phone_cookie.token_in(request)
    if token is None:
        return False
    with writing_db() as db:
        known = device_of_token(db, token, datetime.now(UTC))
        if known is None or (login and known.account.id != login.person.account_id):
            return False
        log_out_device(db, known.device.id or 0, known.device.account_id, datetime.now(UTC))
    g.phone = None
    return True
