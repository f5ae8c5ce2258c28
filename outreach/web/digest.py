"""The weekly digest by e-mail: asked for, confirmed, seen before it goes out, ended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from babel.dates import get_day_names
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from outreach.errors import Conflict, Invalid, NotFound
from outreach.papers.digest_letter import digest_letter
from outreach.people.access import covers
from outreach.progress.digest_sending import given_up_for
from outreach.progress.digests import (
    LINK_LIVES,
    READERS,
    DigestIn,
    confirm_address,
    digest_of,
    end_digest,
    keep_digest,
    key_of,
    may_read,
    require_own_code,
    send_link_again,
    send_now,
)
from outreach.progress.scope import scope_for
from outreach.progress.week_figures import week_figures
from outreach.villages.codes import Level
from outreach.villages.reading import names_of
from outreach.web.auth import person
from outreach.web.board_memory import board_memory
from outreach.web.coordinator_pages import now, today
from outreach.web.database import reading_db, running, writing_db
from outreach.web.forms import Filled, fill, read, refill_edit, version_of
from outreach.web.i18n import language
from outreach.web.map_filters import read_filters
from outreach.web.message_words import mail_words
from outreach.web.region_field import Region, with_code
from outreach.web.routing import allow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask
    from flask.typing import ResponseReturnValue
    from flask_limiter import Limiter
    from sqlmodel import Session

    from outreach.progress.tables import Digest
    from outreach.progress.week_figures import WeekFigures
    from outreach.villages.search import Found

pages = Blueprint("digest", __name__)

#: So often a person may have something sent: nobody fills a mailbox with our letters.
SENDINGS = "20 per day"
SENDING = ("digest.keep", "digest.again", "digest.send")


def limit_sendings(app: Flask) -> None:
    """Count what each account has sent; call it once the pages are known."""
    limiter: Limiter = app.extensions["login_limiter"]
    limit = limiter.shared_limit(SENDINGS, "digests", key_func=_account)
    for endpoint in SENDING:
        view: Any = app.view_functions[endpoint]
        app.view_functions[endpoint] = limit(view)


def _account() -> str:
    return f"account:{person().account_id}"


@pages.get("/digest")
@allow(*READERS)
def show() -> ResponseReturnValue:
    """Show the digest as it stands, and how this week's letter reads."""
    with reading_db() as db:
        row = digest_of(db, person())
        asked = row.area if row else _asked_area(db)
    return _page(fill(email=row.email, weekday=row.weekday, area=asked) if row else _new(asked))


def _new(area: str) -> Filled:
    return fill(weekday=1, area=area)


def _asked_area(db: Session) -> str:
    """Read the area that the page was reached from, if all of it is the person's own."""
    area = read_filters(db, person()).area
    return area if area and covers(person().areas, area) else ""


@pages.post("/digest")
@allow(*READERS)
def keep() -> ResponseReturnValue:
    """Ask for the digest, or change it."""
    with reading_db() as db:
        region = with_code(db, request.form, "area", tuple(Level))
        stored = digest_of(db, person())
    try:
        given = read(DigestIn, region.form)
        with writing_db() as db:
            keep_digest(db, given, version_of(region.form), by=person(), now=now())
    except Invalid as error:
        return _page(refill_edit(region.form, error, stored or _Nothing()), region), error.status
    except Conflict as error:
        return _page(_beside(region, error, stored), region), error.status
    flash(_("Saved."))
    return _back()


class _Nothing:
    """The row that is not there yet."""

    version = 0


def _beside(region: Region, error: Conflict, stored: Digest | None) -> Filled:
    """Keep what was typed beside what was stored in another window meanwhile."""
    form = refill_edit(region.form, error, stored or _Nothing())
    names = dict(_weekdays())
    theirs = {n: names.get(v, v) if n == "weekday" else v for n, v in form.theirs.items()}
    return replace(form, theirs=theirs)


@pages.get("/digest/confirm/<digest_code>")
@allow(*READERS)
def ask_to_confirm(digest_code: str) -> ResponseReturnValue:
    """Ask whether the address is right: programs that open links confirm nothing."""
    require_own_code(digest_code, person())
    with reading_db() as db:
        row = digest_of(db, person())
    return render_template("manager/digest_confirm.html", digest=row, code=digest_code)


@pages.post("/digest/confirm")
@allow(*READERS)
def confirm() -> ResponseReturnValue:
    """Confirm the address with the code of the letter."""
    code = "".join(request.form.get("code", "").split()).lower()
    try:
        with writing_db() as db:
            confirm_address(db, code, key_of(running().settings.secret), by=person(), now=now())
    except NotFound:
        return _refused(_("This is not the code of the last letter to your address."), 422)
    except Conflict as error:
        return _told(error)
    flash(_("The address is confirmed."))
    return _back()


@pages.post("/digest/again")
@allow(*READERS)
def again() -> ResponseReturnValue:
    """Send the link to the address once more."""
    try:
        with writing_db() as db:
            send_link_again(db, by=person(), now=now())
    except Conflict as error:
        return _told(error)
    flash(_("A new link is on its way; the one before does not hold any more."))
    return _back()


@pages.post("/digest/now")
@allow(*READERS)
def send() -> ResponseReturnValue:
    """Send one digest now."""
    try:
        with writing_db() as db:
            send_now(db, by=person(), now=now())
    except Conflict as error:
        return _told(error)
    flash(_("One is on its way."))
    return _back()


@pages.post("/digest/end")
@allow(*READERS)
def end() -> ResponseReturnValue:
    """End the digest."""
    with writing_db() as db:
        end_digest(db, by=person())
    flash(_("The weekly e-mail is ended and the address is forgotten."))
    return _back()


@pages.get("/digest/letter")
@allow(*READERS)
def letter() -> ResponseReturnValue:
    """Show this week's letter on a page of its own."""
    return _letter_page("manager/digest_alone.html")


@pages.get("/digest/letter/part")
@allow(*READERS)
def letter_part() -> ResponseReturnValue:
    """Send the letter for the digest's page: its figures take longer than that page should wait."""
    return _letter_page("manager/_digest_letter.html")


def _letter_page(template: str) -> str:
    """Show the letter of the person's own digest, or without one of the area in the address."""
    with reading_db() as db:
        row = digest_of(db, person())
        area = row.area if row else _asked_area(db)
        if not may_read(person(), area):
            raise NotFound(region=area)
        figures = _figures(db, area)
    public_url, zone = running().settings.public_url, person().zone
    told = digest_letter(figures, row.weekday if row else 1, zone, public_url)
    return render_template(template, letter=told, as_of=figures.as_of)


def _figures(db: Session, area: str) -> WeekFigures:
    """Reckon the figures as the sender would, or take those that were reckoned lately."""
    someone = person()

    def reckon() -> WeekFigures:
        discounted = running().settings.village_funds_discount
        return week_figures(db, someone, area, now=now(), village_funds_discounted=discounted)

    # Of the whole area and of its only region the scope is one, but not the names and addresses.
    key, scope = ("digest", someone, area, today()), scope_for(someone, region=area)
    figures: WeekFigures = board_memory().other(db, scope, key, reckon, now=now())
    return figures


def _told(error: Conflict) -> ResponseReturnValue:
    return _refused(refill_edit(request.form, error, _Nothing()).trouble, error.status)


def _refused(trouble: str, status: int) -> ResponseReturnValue:
    """Say above the page as it stands why nothing was done."""
    with reading_db() as db:
        row = digest_of(db, person())
    form = fill(email=row.email, weekday=row.weekday, area=row.area) if row else _new("")
    return _page(replace(form, trouble=trouble)), status


def _page(form: Filled, region: Region | None = None) -> str:
    meant: Sequence[Found] = region.meant if region else ()
    with reading_db() as db:
        row = digest_of(db, person())
        codes = {form.value("area"), row.area if row else ""} - {""}
        names = names_of(db, [code for code in codes if covers(person().areas, code)])
    version = form.value("version") or str(row.version if row else 0)
    asked = form.value("area") or None
    return render_template(
        "manager/digest.html",
        digest=row,
        form=replace(form, values={**form.values, "version": [version]}),
        meant=meant,
        names=names,
        weekdays=_weekdays(),
        sends_mail=running().settings.sends_mail,
        link_ends=row.asked_at + LINK_LIVES if row else None,
        is_over=row is not None and now() - row.asked_at > LINK_LIVES,
        given_up_for=given_up_for(row) if row else None,
        error=mail_words(row.error) if row and row.error else "",
        letter=url_for("digest.letter", area=asked),
        letter_part=url_for("digest.letter_part", area=asked),
    )


def _weekdays() -> list[tuple[str, str]]:
    """List the days of the week by their ISO numbers."""
    names = get_day_names("wide", locale=language())
    return [(str(number + 1), names[number]) for number in range(7)]


def _back() -> ResponseReturnValue:
    return redirect(url_for("digest.show"), 303)
