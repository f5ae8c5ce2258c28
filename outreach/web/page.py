"""What every page shows around its content: ways to go, language, the mark of a demonstration."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import current_app, g, request
from flask_babel import lazy_gettext as _
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import select

from outreach.campaigns.tables import Campaign
from outreach.people.tables import Role
from outreach.visits.leased_rows import failure_of
from outreach.visits.standing import count_waiting
from outreach.web import charts
from outreach.web.addresses import is_for_ourselves, keeps_pages, public_url
from outreach.web.auth import Login, current_login
from outreach.web.database import reading_db
from outreach.web.i18n import LANGUAGES, language
from outreach.web.words import reason_words, source_words, word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Flask
    from flask_babel import LazyString

    from outreach.people.access import Person

HOME = {
    Role.OFFICIAL: "/phone/",
    Role.COORDINATOR: "/desk",
    Role.MANAGER: "/board",
    Role.ADMIN: "/admin/branches",
}

#: Ways to go from every page: path, words, and whose they are. By path, not by view, so that one
#: reader's pages do not need another's.
WAYS = (
    ("/phone/", _("On this phone"), {Role.OFFICIAL}),
    ("/my", _("My visits"), {Role.OFFICIAL}),
    ("/desk", _("Today"), {Role.COORDINATOR}),
    ("/campaigns", _("Campaigns"), {Role.COORDINATOR, Role.MANAGER}),
    ("/approvals", _("Approvals"), {Role.MANAGER}),
    ("/board", _("Board"), {Role.COORDINATOR, Role.MANAGER}),
    ("/map", _("Map"), {Role.COORDINATOR, Role.MANAGER}),
    ("/teams", _("Teams"), {Role.COORDINATOR}),
    ("/officials", _("Officials"), {Role.COORDINATOR}),
    ("/messages", _("Messages"), {Role.COORDINATOR}),
    ("/closures", _("Days closed"), {Role.COORDINATOR}),
    ("/data", _("Data"), {Role.COORDINATOR}),
    ("/calendar", _("Calendar"), {Role.MANAGER}),
    ("/admin/branches", _("Branches"), {Role.ADMIN}),
    ("/teams", _("Teams"), {Role.ADMIN}),
    ("/admin/accounts", _("Accounts"), {Role.ADMIN}),
    ("/admin/boundaries", _("Borders"), {Role.ADMIN}),
    ("/calendar", _("Calendar"), {Role.ADMIN}),
    ("/ways", _("Ways to villages"), {Role.ADMIN}),
    ("/admin/tokens", _("For programs"), {Role.ADMIN}),
    ("/admin/history", _("History"), {Role.ADMIN}),
    ("/system", _("System"), {Role.ADMIN}),
)
#: Ways to what is a person's own: in the menu under their name.
OWN_WAYS = (
    ("/views", _("Saved views"), {Role.COORDINATOR, Role.MANAGER}),
    ("/digest", _("Weekly e-mail"), {Role.COORDINATOR, Role.MANAGER}),
    ("/tokens", _("For programs"), {Role.MANAGER}),
    ("/how-plans-are-made", _("How plans are made"), {Role.COORDINATOR, Role.MANAGER}),
)
#: First parts of paths that stand below a way, where a person has no way of their own to them.
BELOW = {
    "/campaigns": {"stages", "runs"},
    "/board": {"ledger", "sponsorships", "outlook", "follow-ups"},
    "/closures": {"calendar", "ways"},
    "/calendar": {"ways"},
}
DEMO_SECONDS = 30


def install(app: Flask) -> None:
    """Give every template what the frame around a page needs."""
    app.context_processor(_frame)
    app.jinja_env.globals.update(word=word, reason_words=reason_words, source_words=source_words)
    app.jinja_env.globals.update(is_for_ourselves=is_for_ourselves, public_url=public_url)
    app.jinja_env.globals.update(keeps_pages=keeps_pages, failure_of=failure_of)
    charts.install(app)
    app.extensions["demo_seen"] = DemoSeen()


def _frame() -> dict[str, Any]:
    login = _login()
    someone = login.person if login else None
    return {
        "me": someone,
        "on_own_phone": bool(login and login.device_id),
        "ways": _open_to(someone, WAYS),
        "own_ways": _open_to(someone, OWN_WAYS),
        "way_here": partial(_way_here, request.path),
        "to_decide": _plans_to_decide(someone),
        "language": language(),
        "languages": LANGUAGES,
        "here": request.full_path.rstrip("?") if request.method == "GET" else "/",
        "is_demo": bool(login and login.is_demo) or _demo_seen().now(),
    }


def _open_to(
    someone: Person | None, ways: Iterable[tuple[str, LazyString, set[Role]]]
) -> list[tuple[str, LazyString]]:
    return [(path, words) for path, words, roles in ways if someone and someone.role in roles]


def _way_here(path: str, ways: Iterable[tuple[str, LazyString]]) -> tuple[str, str]:
    """Say which of the ways a page stands on, or below, and how `aria-current` tells it."""
    paths = [way for way, _ in ways]
    for way in paths:
        if path == way or path.startswith(f"{way.rstrip('/')}/"):
            return way, "page"
    first = path.split("/")[1]
    above = (way for way in paths if first in BELOW.get(way, ()))
    return next(above, ""), "true"


def _login() -> Login | None:
    try:
        return current_login()
    except SQLAlchemyError:  # the page that says the database is away must not need it
        return None


def _plans_to_decide(someone: Person | None) -> int:
    """Count the plans that wait for a manager: it stands beside the way to them."""
    if someone is None or someone.role is not Role.MANAGER or "is_refused" in g:
        return 0
    try:
        with reading_db() as db:
            return count_waiting(db, someone)
    except SQLAlchemyError:  # as above
        return 0


def _demo_seen() -> DemoSeen:
    seen: DemoSeen = current_app.extensions["demo_seen"]
    return seen


class DemoSeen:
    """Whether there is a demonstration campaign, asked of the database twice a minute at most."""

    def __init__(self) -> None:
        self._seen = False
        self._asked_at = float("-inf")

    def now(self) -> bool:
        """Answer; where the database does not, the last answer holds: an error page needs one."""
        if time.monotonic() - self._asked_at > DEMO_SECONDS:
            # Also if that fails: nobody who reads that the database is away waits for it once more.
            self._asked_at = time.monotonic()
            with suppress(SQLAlchemyError), reading_db() as db:
                query = select(Campaign.id).where(Campaign.is_demo).limit(1)
                self._seen = db.exec(query).first() is not None
        return self._seen
