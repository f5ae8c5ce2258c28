"""Officials' phones: codes to connect them, sent by WhatsApp or read out, and taking them back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import segno
from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from pydantic import BaseModel, Field

from outreach.errors import Conflict, Invalid
from outreach.history.tables import Deed
from outreach.messages.text import Addressee, place_words, text_of_enrolment, wa_link
from outreach.people.branches import branch_of_village
from outreach.people.enrolment import (
    MOST_AT_ONCE,
    MOST_SLIPS,
    address_of,
    give_codes,
    in_groups,
    key_of,
    note_passed_on,
    open_codes,
    renew_code,
    withdraw_code,
    write_code,
)
from outreach.people.official_phones import lose_phone, phones_of
from outreach.people.tables import Account, Role
from outreach.villages.tables import Village
from outreach.visits.phones import PhoneStanding, PhonesWanted, list_phones
from outreach.web.addresses import public_url
from outreach.web.auth import own_path, person
from outreach.web.coordinator_pages import is_tap, now, pages, refuse_tap, today
from outreach.web.database import reading_db, running, writing_db
from outreach.web.forms import read
from outreach.web.history import tell, tell_numbers
from outreach.web.i18n import number
from outreach.web.routing import allow
from outreach.web.words import sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response
    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.people.tables import Device, Enrolment, Official
    from outreach.villages.tables import Zone
    from outreach.visits.phones import PhoneRow

PAGE_LENGTH = 50
MOST_WORDS = 100
#: Signs of a region code that name its regency.
REGENCY_LENGTH = 5


@dataclass(frozen=True, slots=True)
class Handed:
    """A code in all the forms in which it reaches its official."""

    enrolment: Enrolment
    code: str
    address: str
    text: str
    whatsapp: str

    @property
    def is_guessed_at(self) -> bool:
        """Whether somebody tries out codes with its number."""
        return self.enrolment.tries > MOST_SLIPS


@dataclass(frozen=True, slots=True)
class PhoneSection:
    """What the page of an official shows of their phones."""

    handed: Handed | None
    qr: str
    phones: list[Device]
    may_be_given: bool


class ListIn(BaseModel):
    """Which officials are looked for, and which page of them is shown."""

    q: str = Field(default="", max_length=MOST_WORDS)
    show: PhoneStanding | None = None
    coming: bool = False
    page: int = Field(default=1, ge=1, le=100_000)

    def wanted(self) -> PhonesWanted:
        """Say it to the room of visits."""
        return PhonesWanted(self.q, self.show, self.coming)

    def asked(self) -> dict[str, Any]:
        """Say it in an address, without the page and what is left open."""
        show = self.show.value if self.show else ""
        told = {"q": self.q, "show": show, "coming": "yes" if self.coming else ""}
        return {name: value for name, value in told.items() if value}


class PassedOnIn(BaseModel):
    """Which code was passed on: another one may have been made since the page was opened."""

    code_id: int = Field(ge=1, le=2**31 - 1)


class GivenIn(BaseModel):
    """Which officials shown on the page get a code."""

    official: list[int] = Field(min_length=1, max_length=MOST_AT_ONCE)


def section_of(db: Session, official: Official) -> PhoneSection:
    """Read what the page of an official shows of their phones."""
    code = open_codes(db, [official.id or 0], now()).get(official.id or 0)
    handed = _handed(db, official, code) if code else None
    return PhoneSection(
        handed,
        qr_of(handed.address) if handed else "",
        phones_of(db, official),
        _fits(db, official),
    )


def unkept(html: str) -> Response:
    """Let no browser keep a page that shows codes: each opens the visits of its official."""
    answer = make_response(html)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def qr_of(address: str) -> str:
    """Draw an address for a phone's camera, as an image that stands in the page itself."""
    return str(segno.make(address, error="m", micro=False).svg_data_uri(scale=5, border=3))


def _fits(db: Session, official: Official) -> bool:
    """Whether a phone may speak for the official at all."""
    if not official.is_active or official.account_id is None:
        return official.is_active
    account = db.get_one(Account, official.account_id)
    return account.is_active and account.role is Role.OFFICIAL


def _handed(db: Session, official: Official, code: Enrolment) -> Handed:
    village = db.get_one(Village, official.village_code)
    branch = branch_of_village(db, official.village_code)
    to = Addressee(official.name, official.position)
    place = place_words(village.kind, village.name)
    return _written(code, to, official.phone, place, village.zone, branch.name if branch else "")


def _written(
    code: Enrolment, to: Addressee, phone: str, place: str, zone: Zone, branch: str
) -> Handed:
    """Write a code as link, as text and for WhatsApp."""
    key = key_of(running().settings.secret)
    address = address_of(code, key, public_url())
    shown = in_groups(write_code(code, key))
    text = text_of_enrolment(
        to,
        place,
        branch,
        link=address,
        code=shown,
        typed_at=public_url() + url_for("enrol.ask"),
        until=zone.clock(code.expires_at),
    )
    return Handed(code, shown, address, text, wa_link(phone, text))


@pages.post("/officials/<int:official_id>/code")
@allow(Role.COORDINATOR)
def give_code(official_id: int) -> ResponseReturnValue:
    """Give an official a code, another one, or none any more."""
    act = request.form.get("act")
    if act == "passed_on":
        return _passed_on(official_id)
    who: dict[str, Any] = {"by": person(), "now": now()}
    try:
        with writing_db() as db:
            if act == "withdraw":
                withdraw_code(db, official_id, **who)
                words = _("The code has been taken back: nobody can use it any more.")
            elif act == "renew":
                renew_code(db, official_id, **who, today=today())
                words = _("Here is a new code. The old one opens nothing any more.")
            else:
                give_codes(db, [official_id], **who, today=today())
                words = _("Here is the code. Send it, or read it out.")
            tell(db, Deed.CODE_WITHDRAWN if act == "withdraw" else Deed.CODE_GIVEN, official_id)
    except Conflict as error:
        flash(sentence(error), "error")
    else:
        flash(words)
    return _to_section(official_id)


def _passed_on(official_id: int) -> ResponseReturnValue:
    """Note that the code was passed on, by the tap that opens WhatsApp or by the button."""
    try:
        code_id = read(PassedOnIn, request.form).code_id
        with writing_db() as db:
            note_passed_on(db, official_id, code_id, by=person(), now=now())
    except (Invalid, Conflict):
        over = _("This code is not open any more: it was used, taken back, or its time is over.")
        if is_tap():
            return refuse_tap(over)
        flash(over, "error")
    else:
        if is_tap():
            return "", 204
        flash(_("Noted: the code is passed on."))
    back = own_path(request.form.get("back"))
    return redirect(back, 303) if back else _to_section(official_id)


@pages.post("/officials/phones/<int:device_id>/lost")
@allow(Role.COORDINATOR)
def phone_lost(device_id: int) -> ResponseReturnValue:
    """Take a lost phone back at once."""
    with writing_db() as db:
        official = lose_phone(db, device_id, by=person(), now=now())
        tell(db, Deed.PHONE_CUT_OFF, device_id)
        official_id = official.id or 0
    flash(_("The phone is cut off: it can read and send nothing any more."))
    return _to_section(official_id)


def _to_section(official_id: int) -> ResponseReturnValue:
    shown = url_for("coordinator.edit_official", official_id=official_id, _anchor="phone-title")
    return redirect(shown, 303)


@pages.get("/officials/phones")
@allow(Role.COORDINATOR)
def officials_phones() -> ResponseReturnValue:
    """List who can report from a phone and who cannot yet, those with visits coming first."""
    try:
        given = read(ListIn, request.args)
    except Invalid:
        given = ListIn()
    first = (given.page - 1) * PAGE_LENGTH
    with reading_db() as db:
        found = list_phones(
            db, person(), now(), today(), given.wanted(), first=first, most=PAGE_LENGTH
        )
        branches = _branch_names(db, found.rows)
        handed = {
            one.official_id: _handed_row(one, one.code, branches[_regency(one)])
            for one in found.rows
            if one.code
        }
    total = sum(found.counts.values())
    last = max(1, -(-(found.counts[given.show] if given.show else total) // PAGE_LENGTH))
    if given.page > last:  # somebody has moved on since that page was shown
        return redirect(url_for("coordinator.officials_phones", page=last, **given.asked()))
    tell_numbers(one.village_code for one in found.rows if one.code and one.whatsapp)
    html = render_template(
        "coordinator/phones.html",
        given=given,
        list=found,
        handed=handed,
        total=total,
        tabs=list(PhoneStanding),
        without=[one for one in found.rows if one.standing is PhoneStanding.NONE],
        last_page=last,
        asked=given.asked(),
    )
    return unkept(html)


def _regency(row: PhoneRow) -> str:
    return row.village_code[:REGENCY_LENGTH]


def _branch_names(db: Session, rows: Sequence[PhoneRow]) -> dict[str, str]:
    """Name the branch of each regency on the page."""
    villages = {_regency(one): one.village_code for one in rows}
    found = {regency: branch_of_village(db, code) for regency, code in villages.items()}
    return {regency: branch.name if branch else "" for regency, branch in found.items()}


def _handed_row(row: PhoneRow, code: Enrolment, branch: str) -> Handed:
    to = Addressee(row.name, row.position)
    place = place_words(row.kind, row.village)
    return _written(code, to, row.whatsapp, place, row.zone, branch)


@pages.post("/officials/phones/codes")
@allow(Role.COORDINATOR)
def give_all_codes() -> ResponseReturnValue:
    """Give a code to all officials shown who have none."""
    try:
        ids = read(GivenIn, request.form).official
        with writing_db() as db:
            count = give_codes(db, ids, by=person(), now=now(), today=today())
            for one in ids:
                tell(db, Deed.CODE_GIVEN, one)
    except Invalid:
        flash(_("Nobody on this page needs a code."), "error")
    except Conflict as error:
        flash(sentence(error), "error")
    else:
        flash(
            ngettext(
                "%(shown)s code given. One tap each sends it.",
                "%(shown)s codes given. One tap each sends them.",
                count,
                shown=number(count),
            )
        )
    shown = ListIn(show=PhoneStanding.CODE, q=request.form.get("q", "")[:MOST_WORDS])
    return redirect(url_for("coordinator.officials_phones", **shown.asked()), 303)
