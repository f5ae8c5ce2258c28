"""The weekly digest as a letter: Indonesian, as all papers, in words and as a page of e-mail.

Counts only: it names no participant, no official and no telephone number. It stands in one order
of sections from which the text, the page of the e-mail and the preview are all made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from outreach.config import ROOT
from outreach.messages.mail import Letter
from outreach.papers.digest_sections import sections
from outreach.papers.digest_words import moment, month_span, place
from outreach.progress.digests import LINK_LIVES

if TYPE_CHECKING:
    from datetime import datetime

    from outreach.papers.digest_words import Section
    from outreach.progress.digest_sending import TakenDigest
    from outreach.progress.week_figures import WeekFigures
    from outreach.villages.tables import Zone

_TEMPLATES = ROOT / "templates" / "digest"
PAGE = "/digest"
_WEEKDAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")


@dataclass(frozen=True, slots=True)
class DigestLetter:
    """A digest in words; `public_url` is empty where nobody outside could open a link.

    `ending` is the address at which whoever gets it ends it; none while it is only shown.
    """

    subject: str
    opening: tuple[str, ...]
    sections: tuple[Section, ...]
    closing: str
    public_url: str
    ending: str = ""

    @property
    def text(self) -> str:
        """The letter as plain text."""
        return _render("letter.txt", letter=self, page=PAGE)

    @property
    def html(self) -> str:
        """The letter as a page: nothing in it is fetched from anywhere."""
        return _render("letter.html", letter=self, page=PAGE)


def digest_letter(figures: WeekFigures, weekday: int, zone: Zone, public_url: str) -> DigestLetter:
    """Put the figures of a week into words; `weekday` is the day that it comes on."""
    where = place(figures)
    return DigestLetter(
        subject=f"Ringkasan mingguan {where}: {month_span(figures.monday, figures.sunday)}",
        opening=_opening(figures, where),
        sections=sections(figures, zone),
        closing=f"Surel ini dikirim setiap {_WEEKDAYS[weekday - 1]} karena Anda memintanya.",
        public_url=public_url,
    )


def _opening(figures: WeekFigures, where: str) -> tuple[str, ...]:
    told = (
        f"Sosialisasi BPJS Ketenagakerjaan di desa: {where},"
        f" pekan {month_span(figures.monday, figures.sunday)}. Keadaan per"
        f" {format_date(figures.today, 'EEEE, d MMMM y', locale='id')}."
    )
    demo = (
        ("Data contoh: semua angka di surel ini hanya contoh, bukan data nyata.",)
        if figures.is_demo
        else ()
    )
    return (*demo, told)


def as_mail(letter: DigestLetter, taken: TakenDigest, code: str, now: datetime) -> Letter:
    """Address the letter to whoever asked for it; with the code they end it."""
    ending = f"{letter.public_url}{PAGE}/end/{code}" if letter.public_url else ""
    told = replace(letter, ending=ending)
    return Letter(
        to=taken.email,
        subject=told.subject,
        text=told.text,
        key=taken.key,
        written_at=now,
        html=told.html,
        unsubscribe=ending,
    )


def address_mail(taken: TakenDigest, code: str, public_url: str, now: datetime) -> Letter:
    """Write the letter that asks whether an address is right; it tells no figure."""
    text = _render(
        "address.txt",
        to=taken.person.name,
        code=code,
        link=f"{public_url}{PAGE}/confirm/{code}" if public_url else "",
        until=moment(taken.asked_at + LINK_LIVES, taken.person.zone),
    )
    subject = "Konfirmasi alamat surel untuk ringkasan mingguan"
    return Letter(taken.email, subject, text, taken.key, now)


def _render(template: str, **facts: object) -> str:
    return _environment().get_template(template).render(facts).strip() + "\n"


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
